//! Which clauses there are: the anchors of the specifications, from `docs/anchors/`.

use std::collections::BTreeMap;
use std::sync::LazyLock;

/// A place in a specification that can be cited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Anchor {
    /// The clause that cites it, such as `webrtc-pc#set-description`.
    pub(crate) clause: String,
    /// The clause of the section that it is in; none for a section of the first order.
    pub(crate) section: Option<String>,
    /// How many requirements (RFC 2119) it holds by itself.
    pub(crate) requirements: u32,
    /// How many lists of steps it holds by itself.
    pub(crate) algorithms: u32,
}

/// The lists of specifications whose anchors `ci/anchors` counts requirements for.
const COUNTED: [(&str, &str); 6] = [
    ("webrtc-pc", include_str!("../../../docs/anchors/webrtc-pc.tsv")),
    ("RFC9429", include_str!("../../../docs/anchors/RFC9429.tsv")),
    (
        "webrtc-stats",
        include_str!("../../../docs/anchors/webrtc-stats.tsv"),
    ),
    (
        "webrtc-identity",
        include_str!("../../../docs/anchors/webrtc-identity.tsv"),
    ),
    (
        "webrtc-extensions",
        include_str!("../../../docs/anchors/webrtc-extensions.tsv"),
    ),
    (
        "mediacapture-streams",
        include_str!("../../../docs/anchors/mediacapture-streams.tsv"),
    ),
];

/// The sections of the other RFCs, and the little that is cited of other standards.
const SECTIONS: &str = include_str!("../../../docs/anchors/others.tsv");

/// All anchors in the order of the specifications.
pub(crate) fn all() -> &'static [Anchor] {
    static ALL: LazyLock<Vec<Anchor>> = LazyLock::new(|| {
        let counted = COUNTED
            .iter()
            .flat_map(|(specification, list)| lines(list).filter_map(|line| counted(specification, line)));
        let sections = lines(SECTIONS).map(|clause| Anchor {
            clause: clause.to_owned(),
            section: None,
            requirements: 0,
            algorithms: 0,
        });
        counted.chain(sections).collect()
    });
    &ALL
}

fn lines(list: &str) -> impl Iterator<Item = &str> {
    list.lines().filter(|line| !line.starts_with('#'))
}

fn counted(specification: &str, line: &str) -> Option<Anchor> {
    let mut fields = line.split('\t');
    let clause = format!("{specification}#{}", fields.next()?);
    let section = fields.next().filter(|section| !section.is_empty());
    Some(Anchor {
        clause,
        section: section.map(|section| format!("{specification}#{section}")),
        requirements: fields.next()?.parse().ok()?,
        algorithms: fields.next()?.parse().ok()?,
    })
}

/// Whether the lists have the specification that a clause is of.
pub(crate) fn knows_specification(clause: &str) -> bool {
    let prefix = clause.split_once('#').map(|(document, _)| format!("{document}#"));
    prefix.is_some_and(|prefix| all().iter().any(|anchor| anchor.clause.starts_with(&prefix)))
}

/// The anchor of a clause, if there is one.
pub(crate) fn find(clause: &str) -> Option<&'static Anchor> {
    static BY_CLAUSE: LazyLock<BTreeMap<&str, &Anchor>> = LazyLock::new(|| {
        all()
            .iter()
            .map(|anchor| (anchor.clause.as_str(), anchor))
            .collect()
    });
    BY_CLAUSE.get(clause).copied()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use glare_reports::Ledger;
    use glare_scenario::script::Action;

    use super::*;

    fn root() -> &'static Path {
        Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
    }

    fn unknown<'a>(cited: impl Iterator<Item = (String, &'a str)>) -> Vec<String> {
        cited
            .filter(|(_, clause)| find(clause).is_none())
            .map(|(place, clause)| format!("{place} cites {clause}, which docs/anchors does not have"))
            .collect()
    }

    #[test]
    fn every_line_of_the_lists_is_an_anchor() {
        let written: usize = COUNTED.iter().map(|(_, list)| lines(list).count()).sum();
        assert_eq!(all().len(), written + lines(SECTIONS).count());
        for anchor in all() {
            let section = anchor.section.as_deref();
            assert!(
                section.is_none_or(|section| find(section).is_some()),
                "{anchor:?}"
            );
        }
        assert!(find("webrtc-pc#set-description").is_some_and(|anchor| anchor.algorithms == 1));
        assert!(find("RFC9429#section-5.3.1").is_some_and(|anchor| anchor.requirements > 10));
        assert_eq!(find("webrtc-pc#no-such-anchor"), None);
    }

    #[test]
    fn every_clause_that_a_scenario_cites_exists() {
        let scenarios = crate::cells::load(&[root().join("scenarios")])
            .map_err(|problem| problem.message)
            .unwrap();
        let cited = scenarios.iter().flat_map(|sourced| {
            let scenario = &sourced.scenario;
            let of_steps = scenario.script.iter().flat_map(|step| {
                let inner = match &step.action {
                    Action::Listen { steps, .. } => steps.as_slice(),
                    _ => &[],
                };
                std::iter::once(step)
                    .chain(inner)
                    .filter_map(|step| step.clause.as_ref())
            });
            let clauses = scenario.spec.iter().chain(of_steps);
            clauses.map(|clause| (scenario.id.clone(), clause.as_str()))
        });
        assert_eq!(unknown(cited), Vec::<String>::new());
    }

    #[test]
    fn every_clause_that_a_rule_cites_exists() {
        let cited = glare_oracle::rules()
            .iter()
            .map(|rule| (rule.id.to_owned(), rule.clause));
        assert_eq!(unknown(cited), Vec::<String>::new());
    }

    #[test]
    fn every_clause_that_the_ledger_cites_exists() {
        let ledger = Ledger::load(&root().join("ci/expected.toml")).unwrap();
        // A crash breaks no clause.
        let cited = ledger.entries().iter().filter(|entry| !entry.clause.is_empty());
        let cited = cited.map(|entry| (entry.place.clone(), entry.clause.as_str()));
        assert_eq!(unknown(cited), Vec::<String>::new());
    }
}
