//! The text of descriptions: what `createOffer()` and `createAnswer()` make of what came before.

use std::collections::BTreeSet;

use glare_peer::{Granularity, Handle, SdpType};

use super::{Departure, Level, Rule};
use crate::sdp::{Description, Section};
use crate::trace::Completion;
use crate::view::{Call, View};

/// A description that a connection made or was given.
pub(super) struct Said<'a> {
    /// The call that made or set it, with the arguments.
    pub call: Call<'a>,
    /// Where in [`View::entries`] the promise fulfilled.
    pub fulfilled: usize,
    /// Whether it was made here, and not yet set.
    pub created: bool,
    /// Whether it is a local one.
    pub local: bool,
    /// Its type.
    pub sdp_type: SdpType,
    /// Its text.
    pub text: &'a str,
}

impl<'a> Said<'a> {
    fn read(&self) -> Description<'a> {
        Description::read(self.text)
    }
}

/// The descriptions of a connection whose text the trace has, in the order their promises fulfilled: what was made, and what was
/// set with its text. What `setLocalDescription()` makes by itself has none.
pub(super) fn said<'a>(view: &View<'a>) -> Vec<Said<'a>> {
    let mut said: Vec<Said<'a>> = view
        .calls()
        .into_iter()
        .filter(|call| call.object == Handle::CONNECTION)
        .filter_map(|call| {
            let (fulfilled, Completion::Value(value)) = call.settled? else {
                return None;
            };
            let (created, local) = match call.method {
                "createOffer" | "createAnswer" => (true, true),
                "setLocalDescription" => (false, true),
                "setRemoteDescription" => (false, false),
                _ => return None,
            };
            let description = if created {
                value
            } else {
                call.arguments.get("description").unwrap_or(call.arguments)
            };
            let sdp_type = description.get("type")?.as_str()?.parse().ok()?;
            let text = description.get("sdp")?.as_str().filter(|text| !text.is_empty())?;
            Some(Said {
                call,
                fulfilled,
                created,
                local,
                sdp_type,
                text,
            })
        })
        .collect();
    said.sort_by_key(|said| said.fulfilled);
    said
}

/// Whether some local description was made by `setLocalDescription()` itself, so that its text is not known.
pub(super) fn has_unknown_local(view: &View<'_>) -> bool {
    view.calls().iter().any(|call| {
        let description = call.arguments.get("description").unwrap_or(call.arguments);
        let text = description.get("sdp").and_then(serde_json::Value::as_str);
        let rollback = description.get("type").and_then(serde_json::Value::as_str) == Some("rollback");
        call.method == "setLocalDescription" && !rollback && text.is_none_or(str::is_empty)
    })
}

const INITIAL_OFFERS: &str = "RFC9429#section-5.2.1";
const SUBSEQUENT_OFFERS: &str = "RFC9429#section-5.2.2";
const INITIAL_ANSWERS: &str = "RFC9429#section-5.3.1";

fn rule(
    id: &'static str,
    clause: &'static str,
    statement: &'static str,
    check: fn(&View<'_>) -> Option<Departure>,
) -> Rule {
    Rule {
        id,
        clause,
        level: Level::Must,
        statement,
        granularity: Granularity::Event,
        check,
    }
}

pub(super) fn rules() -> Vec<Rule> {
    vec![
        rule(
            "created-description-is-of-its-type",
            "RFC9429#section-4.1.8",
            "createOffer() fulfils with an offer and createAnswer() with an answer.",
            created_type,
        ),
        rule(
            "mids-are-distinct",
            INITIAL_OFFERS,
            "Every section of a description that is made has a mid, and no two have the same.",
            mids_are_distinct,
        ),
        rule(
            "bundle-group-names-sections",
            INITIAL_OFFERS,
            "Each tag of a BUNDLE group is the mid of a section, and stands in one group only.",
            bundle_names_sections,
        ),
        rule(
            "description-proves-its-certificate",
            INITIAL_OFFERS,
            "A description with a section that is not rejected has a fingerprint for it.",
            has_fingerprint,
        ),
        rule(
            "ice-credentials-are-long-enough",
            "RFC8839#section-5.4",
            "A username fragment has 4 to 256 characters and a password 22 to 256.",
            credentials_are_long_enough,
        ),
        rule(
            "offer-can-trickle",
            INITIAL_OFFERS,
            "An offer has the ICE option trickle, for the session or in each section that is not rejected.",
            offer_can_trickle,
        ),
        rule(
            "offer-leaves-the-dtls-role-open",
            INITIAL_OFFERS,
            "Each a=setup of an offer is actpass.",
            offer_is_actpass,
        ),
        rule(
            "answer-takes-a-dtls-role",
            INITIAL_ANSWERS,
            "Each a=setup of an answer is active or passive, and not what the offer took.",
            answer_takes_a_role,
        ),
        rule(
            "offered-channels-say-where",
            INITIAL_OFFERS,
            "An application section that is offered is of UDP/DTLS/SCTP and has an a=sctp-port.",
            application_section,
        ),
        rule(
            "answer-has-the-sections-of-the-offer",
            INITIAL_ANSWERS,
            "An answer has as many sections as the offer, of the same media in the same order.",
            answer_has_the_sections,
        ),
        rule(
            "answer-has-the-mids-of-the-offer",
            INITIAL_ANSWERS,
            "Each section of an answer has the mid of the section that it answers.",
            answer_has_the_mids,
        ),
        rule(
            "answer-bundles-what-was-offered",
            INITIAL_ANSWERS,
            "Each tag of a BUNDLE group of an answer is in such a group of the offer.",
            answer_bundles_what_was_offered,
        ),
        rule(
            "sections-never-disappear",
            SUBSEQUENT_OFFERS,
            "An offer has at least as many sections as what was negotiated before.",
            sections_stay,
        ),
        rule(
            "negotiated-mids-stay",
            SUBSEQUENT_OFFERS,
            "A section that was negotiated and not rejected keeps its mid in later offers.",
            mids_stay,
        ),
        rule(
            "session-id-stays",
            SUBSEQUENT_OFFERS,
            "The session id is the same in all descriptions that a connection makes.",
            session_id_stays,
        ),
        rule(
            "session-version-grows",
            SUBSEQUENT_OFFERS,
            "The session version never goes back, and is greater where the description differs from the one before.",
            session_version_grows,
        ),
        rule(
            "ice-restart-option-changes-credentials",
            "webrtc-pc#dom-rtcofferoptions-icerestart",
            "An offer that was asked to restart ICE has credentials that no description had before.",
            restart_changes_credentials,
        ),
    ]
}

/// Looks at every description that was made.
fn of_created<'a>(
    view: &View<'a>,
    mut look: impl FnMut(&Said<'a>, &Description<'a>) -> Option<(String, String)>,
) -> Option<Departure> {
    said(view).iter().filter(|said| said.created).find_map(|said| {
        let (expected, actual) = look(said, &said.read())?;
        Some(Departure::new(
            view.entries.get(said.fulfilled)?.record,
            expected,
            actual,
        ))
    })
}

/// Looks at every answer that was made, beside the offer that it answers.
fn of_answers<'a>(
    view: &View<'a>,
    look: impl Fn(&Description<'a>, &Description<'a>) -> Option<(String, String)>,
) -> Option<Departure> {
    let all = said(view);
    of_created(view, |answer, description| {
        if answer.call.method != "createAnswer" {
            return None;
        }
        let offer = all
            .iter()
            .rfind(|said| !said.local && said.fulfilled < answer.fulfilled)
            .filter(|said| said.sdp_type == SdpType::Offer)?;
        look(&offer.read(), description)
    })
}

fn created_type(view: &View<'_>) -> Option<Departure> {
    of_created(view, |said, _| {
        let wanted = match said.call.method {
            "createOffer" => SdpType::Offer,
            _ => SdpType::Answer,
        };
        (said.sdp_type != wanted).then(|| {
            (
                format!("{} fulfils with a description of type {wanted}", said.call.method),
                format!("one of type {}", said.sdp_type),
            )
        })
    })
}

/// An answer has no mid where the offer has none.
fn mids_are_distinct(view: &View<'_>) -> Option<Departure> {
    of_created(view, |said, description| {
        let mut seen = BTreeSet::new();
        let wrong = description.mids().into_iter().position(|mid| match mid {
            Some(mid) => !seen.insert(mid),
            None => said.call.method == "createOffer",
        })?;
        Some((
            "a mid of its own for every section".to_owned(),
            format!("section {} has none, or that of another", wrong + 1),
        ))
    })
}

fn bundle_names_sections(view: &View<'_>) -> Option<Departure> {
    of_created(view, |_, description| {
        let mids: BTreeSet<&str> = description.mids().into_iter().flatten().collect();
        let mut seen = BTreeSet::new();
        let wrong = description
            .bundles()
            .into_iter()
            .flatten()
            .any(|tag| !mids.contains(tag) || !seen.insert(tag));
        wrong.then(|| {
            (
                "BUNDLE groups of mids, each in one".to_owned(),
                "a tag that is no mid, or in two groups".to_owned(),
            )
        })
    })
}

fn has_fingerprint(view: &View<'_>) -> Option<Departure> {
    of_created(view, |_, description| {
        let bundled: Vec<Vec<&str>> = description.bundles();
        // In a group the section of the first tag stands for all (RFC 9143 section 7.1.3).
        let stands_for_itself = |section: &&Section<'_>| {
            let mid = section.attribute("mid");
            !section.is_rejected()
                && bundled
                    .iter()
                    .all(|group| group.first().copied() == mid || !group.iter().any(|tag| Some(*tag) == mid))
        };
        description
            .sections
            .iter()
            .filter(stands_for_itself)
            .find(|section| {
                section.attribute("bundle-only").is_none()
                    && description.attribute_of(section, "fingerprint").is_none()
            })
            .map(|section| {
                (
                    format!("a=fingerprint for the section of {}", section.kind),
                    "none".to_owned(),
                )
            })
    })
}

fn credentials_are_long_enough(view: &View<'_>) -> Option<Departure> {
    of_created(view, |_, description| {
        let wrong = |name: &str, least: usize| {
            description.sections.iter().any(|section| {
                let value = description.attribute_of(section, name);
                value.is_some_and(|value| !(least..=256).contains(&value.chars().count()))
            })
        };
        let name = if wrong("ice-ufrag", 4) {
            "ice-ufrag"
        } else if wrong("ice-pwd", 22) {
            "ice-pwd"
        } else {
            return None;
        };
        Some((
            format!("an {name} of the length that its grammar allows"),
            "one of another length".to_owned(),
        ))
    })
}

fn offer_can_trickle(view: &View<'_>) -> Option<Departure> {
    of_created(view, |said, description| {
        let in_lines = |lines: &[&str]| {
            let options = lines
                .iter()
                .filter_map(|line| line.strip_prefix("a=ice-options:"));
            options
                .flat_map(|options| options.split(' '))
                .any(|option| option == "trickle")
        };
        // RFC 8840 section 4.1.1 lets each section say it where the session does not.
        let mut live = description
            .sections
            .iter()
            .filter(|section| section.port != "0")
            .peekable();
        let trickles = in_lines(&description.session)
            || (live.peek().is_some() && live.all(|section| in_lines(&section.lines)));
        (said.call.method == "createOffer" && !trickles)
            .then(|| ("a=ice-options with trickle".to_owned(), "none".to_owned()))
    })
}

fn offer_is_actpass(view: &View<'_>) -> Option<Departure> {
    of_created(view, |said, description| {
        if said.call.method != "createOffer" {
            return None;
        }
        let setups = description
            .sections
            .iter()
            .filter(|section| !section.is_rejected())
            .filter_map(|section| description.attribute_of(section, "setup"));
        let wrong = setups.into_iter().find(|setup| *setup != "actpass")?;
        Some(("a=setup:actpass".to_owned(), format!("a=setup:{wrong}")))
    })
}

fn answer_takes_a_role(view: &View<'_>) -> Option<Departure> {
    of_answers(view, |offer, answer| {
        offer
            .sections
            .iter()
            .zip(&answer.sections)
            .filter(|(_, answered)| !answered.is_rejected())
            .find_map(|(offered, answered)| {
                let took = offer.attribute_of(offered, "setup");
                let takes = answer.attribute_of(answered, "setup")?;
                let allowed: &[&str] = match took {
                    Some("active") => &["passive"],
                    Some("passive") => &["active"],
                    _ => &["active", "passive"],
                };
                (!allowed.contains(&takes)).then(|| {
                    (
                        format!("a=setup:{}", allowed.join(" or a=setup:")),
                        format!("a=setup:{takes}"),
                    )
                })
            })
    })
}

fn application_section(view: &View<'_>) -> Option<Departure> {
    of_created(view, |said, description| {
        if said.call.method != "createOffer" {
            return None;
        }
        let mut sections = description.sections.iter();
        let section = sections.find(|section| section.kind == "application" && !section.is_rejected())?;
        if section.protocol != "UDP/DTLS/SCTP" {
            return Some((
                "an application section of UDP/DTLS/SCTP".to_owned(),
                format!("one of {}", section.protocol),
            ));
        }
        section.attribute("sctp-port").is_none().then(|| {
            (
                "an application section with a=sctp-port".to_owned(),
                "none".to_owned(),
            )
        })
    })
}

fn answer_has_the_sections(view: &View<'_>) -> Option<Departure> {
    let kinds = |description: &Description<'_>| {
        let kinds: Vec<&str> = description.sections.iter().map(|section| section.kind).collect();
        kinds.join(", ")
    };
    of_answers(view, |offer, answer| {
        let (wanted, found) = (kinds(offer), kinds(answer));
        (wanted != found).then(|| (format!("sections of {wanted}"), format!("sections of {found}")))
    })
}

fn answer_has_the_mids(view: &View<'_>) -> Option<Departure> {
    of_answers(view, |offer, answer| {
        let wrong = offer
            .mids()
            .into_iter()
            .zip(answer.mids())
            .position(|(offered, answered)| offered.is_some() && offered != answered)?;
        Some((
            "the mids of the offer".to_owned(),
            format!("another mid in section {}", wrong + 1),
        ))
    })
}

fn answer_bundles_what_was_offered(view: &View<'_>) -> Option<Departure> {
    of_answers(view, |offer, answer| {
        let offered: BTreeSet<&str> = offer.bundles().into_iter().flatten().collect();
        let answered = answer.bundles().into_iter().flatten();
        answered.into_iter().any(|tag| !offered.contains(tag)).then(|| {
            (
                "BUNDLE groups of tags that were offered in one".to_owned(),
                "a tag that was not".to_owned(),
            )
        })
    })
}

/// The answer that was set last before a description was made: what is negotiated then. None after a rollback, or where a
/// description without a known text was set since.
fn negotiated<'v, 'a>(all: &'v [Said<'a>], before: usize) -> Option<&'v Said<'a>> {
    all.iter()
        .rfind(|said| !said.created && said.fulfilled < before && said.sdp_type == SdpType::Answer)
}

fn sections_stay(view: &View<'_>) -> Option<Departure> {
    let all = said(view);
    of_created(view, |said, description| {
        let before = negotiated(&all, said.fulfilled)?.read().sections.len();
        let now = description.sections.len();
        (said.call.method == "createOffer" && now < before).then(|| {
            (
                "at least as many sections as were negotiated".to_owned(),
                "fewer".to_owned(),
            )
        })
    })
}

fn mids_stay(view: &View<'_>) -> Option<Departure> {
    let all = said(view);
    of_created(view, |said, description| {
        if said.call.method != "createOffer" {
            return None;
        }
        let before = negotiated(&all, said.fulfilled)?.read();
        let wrong = before
            .sections
            .iter()
            .zip(&description.sections)
            .position(|(old, new)| {
                // A section that was rejected may be taken for another transceiver.
                let mid = old.attribute("mid");
                !old.is_rejected() && mid.is_some() && new.attribute("mid") != mid
            })?;
        Some((
            "the mids that were negotiated".to_owned(),
            format!("another mid in section {}", wrong + 1),
        ))
    })
}

fn session_id_stays(view: &View<'_>) -> Option<Departure> {
    let mut first: Option<String> = None;
    of_created(view, |_, description| {
        let (id, _) = description.origin()?;
        let first = first.get_or_insert_with(|| id.to_owned());
        (first != id).then(|| {
            (
                "the session id of the first description".to_owned(),
                "another".to_owned(),
            )
        })
    })
}

/// What the text is beside its `o=` line.
fn body(text: &str) -> String {
    text.lines().filter(|line| !line.starts_with("o=")).collect()
}

fn session_version_grows(view: &View<'_>) -> Option<Departure> {
    let mut last: Option<(u64, String)> = None;
    of_created(view, |said, description| {
        let (_, version) = description.origin()?;
        let body = body(said.text);
        let (before, old) = last.replace((version, body.clone()))?;
        let grows = version > before || (version == before && body == old);
        (!grows).then(|| {
            (
                "a session version that grows with every change".to_owned(),
                if version < before {
                    "one that goes back"
                } else {
                    "one that stays"
                }
                .to_owned(),
            )
        })
    })
}

fn restart_changes_credentials(view: &View<'_>) -> Option<Departure> {
    let all = said(view);
    of_created(view, |said, description| {
        let options = said.call.arguments.get("options").unwrap_or(said.call.arguments);
        let restarts = options.get("iceRestart").and_then(serde_json::Value::as_bool) == Some(true);
        if !restarts {
            return None;
        }
        let of = |description: &Description<'_>| -> BTreeSet<String> {
            let sections = description.sections.iter();
            sections
                .filter_map(|section| description.attribute_of(section, "ice-ufrag"))
                .map(str::to_owned)
                .collect()
        };
        // Only what was set has credentials to replace.
        let before: BTreeSet<String> = all
            .iter()
            .filter(|other| other.local && !other.created && other.fulfilled < said.fulfilled)
            .flat_map(|other| of(&other.read()))
            .collect();
        (!before.is_disjoint(&of(description))).then(|| {
            (
                "username fragments that no description had before".to_owned(),
                "one that a description had".to_owned(),
            )
        })
    })
}
