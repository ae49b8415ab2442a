//! Values that a script gives, each held against the type that the interface has there.

use glare_peer::interface::{Argument, Dictionary, Type};

use super::steps::text;
use crate::report::{Checked, Report};
use crate::resolve::{fits, member, members};
use crate::scope::Scope;
use crate::script::{Given, Template};
use crate::tree::{Key, Kind, Node};

/// The keys of a dictionary that is another with something changed.
pub(crate) const CHANGED_KEYS: &[&str] = &["from", "set"];

/// The arguments of a call: by their names in the IDL, with the members of a dictionary that is the last argument beside
/// them. `what` is the member for messages, `place` where it stands.
pub(super) fn arguments(
    report: &Report,
    scope: &Scope,
    what: &'static str,
    place: crate::script::Position,
    arguments: &'static [Argument],
    with: Option<&Node>,
) -> Checked<Vec<Given>> {
    let (plain, trailing) = match arguments.split_last() {
        Some((last, rest)) if matches!(last.holds, Type::Dictionary(_)) => (rest, Some(last)),
        _ => (arguments, None),
    };
    let Some(node) = with else {
        return match arguments.iter().find(|argument| !argument.optional) {
            Some(missing) if plain.is_empty() => Err(report.error(
                place,
                format!("`{what}` needs `with`: {}", missing.holds.describe()),
            )),
            Some(missing) => {
                Err(report.error(place, format!("`{what}` needs `with: {{ {}: … }}`", missing.name)))
            }
            None => Ok(Vec::new()),
        };
    };
    if arguments.is_empty() {
        return Err(report.error(node.position, format!("`{what}` has no arguments")));
    }
    let argument = |argument: &Argument, value| Given {
        name: argument.name,
        holds: argument.holds,
        value,
    };
    if let (Some(only), true) = (trailing, plain.is_empty()) {
        return Ok(vec![argument(only, value(report, scope, node, only.holds)?)]);
    }
    let dictionary = trailing.and_then(|last| match last.holds {
        Type::Dictionary(dictionary) => Some((last, dictionary)),
        _ => None,
    });
    let inner = dictionary.map_or(&[][..], |(_, dictionary)| dictionary.members);
    let known: Vec<&str> = (plain.iter().map(|argument| argument.name))
        .chain(inner.iter().map(|member| member.name))
        .collect();
    let entries = report.entries(node, "the arguments")?;
    let mut given = Vec::new();
    let mut members = Vec::new();
    for (key, node) in entries {
        if let Some(one) = plain.iter().find(|argument| argument.name == key.text) {
            given.push(argument(one, value(report, scope, node, one.holds)?));
        } else if let Some(member) = inner.iter().find(|member| member.name == key.text) {
            members.push((key.text.clone(), value(report, scope, node, member.holds)?));
        } else {
            let what = format!("argument of `{what}`");
            return Err(report.unknown(key.position, &what, &key.text, known));
        }
    }
    for missing in plain.iter().filter(|argument| !argument.optional) {
        if !given.iter().any(|there| there.name == missing.name) {
            return Err(report.error(node.position, format!("`{what}` needs `{}`", missing.name)));
        }
    }
    if let Some((last, dictionary)) = dictionary {
        let has = |name: &str| members.iter().any(|(there, _)| there == name);
        if let Some(missing) = dictionary
            .members
            .iter()
            .find(|member| member.required && !has(member.name))
        {
            return Err(report.error(node.position, format!("`{what}` needs `{}`", missing.name)));
        }
        if !members.is_empty() {
            given.push(argument(last, Template::Dictionary(members)));
        }
    }
    Ok(given)
}

/// A value of a type.
pub(super) fn value(report: &Report, scope: &Scope, node: &Node, holds: Type) -> Checked<Template> {
    if let Some(name) = Scope::reference(node) {
        return reference(report, scope, node, name, holds);
    }
    match (&node.kind, holds.not_null()) {
        (Kind::Scalar(scalar), _) if scalar.is_null() && holds.has_null() => Ok(Template::Null),
        (Kind::List(items), Type::List(item)) => items
            .iter()
            .map(|node| value(report, scope, node, *item))
            .collect::<Checked<_>>()
            .map(Template::List),
        (Kind::Map(entries), Type::Dictionary(dictionary)) => {
            dictionary_value(report, scope, node, entries, dictionary)
        }
        (_, Type::Dictionary(_)) => {
            let what = holds.describe();
            Err(report.expected(
                node,
                &format!("{what} in a variable, `${{name}}`, or as a mapping"),
            ))
        }
        (_, Type::List(_)) => Err(report.expected(node, "a list")),
        (_, Type::Boolean) => report.boolean(node).map(Template::Boolean),
        (_, Type::String) => text(report, node).map(Template::Text),
        (_, Type::Enumeration { name, values }) => {
            let text = report.text(node, &holds.describe())?;
            match values.contains(&text) {
                true => Ok(Template::Text(text.to_owned())),
                false => Err(report.unknown(node.position, name, text, values.iter().copied())),
            }
        }
        (_, Type::Integer { least, most }) => {
            let number = number(node)
                .filter(|number| number.fract() == 0.0 && *number >= least as f64 && *number <= most as f64);
            number
                .map(Template::Number)
                .ok_or_else(|| report.expected(node, &holds.describe()))
        }
        (_, Type::Number) => number(node)
            .map(Template::Number)
            .ok_or_else(|| report.expected(node, "a number")),
        (Kind::Scalar(_), Type::Either(types)) if types.contains(&Type::String) => {
            text(report, node).map(Template::Text)
        }
        (_, Type::Any) => any(report, scope, node),
        (_, other) => Err(report.expected(node, &format!("{} in a variable, `${{name}}`", other.describe()))),
    }
}

fn number(node: &Node) -> Option<f64> {
    match &node.kind {
        Kind::Scalar(scalar) => scalar.as_number(),
        _ => None,
    }
}

fn reference(report: &Report, scope: &Scope, node: &Node, name: &str, holds: Type) -> Checked<Template> {
    let root = name.split('.').next().unwrap_or_default();
    if scope.has(root)
        && let kind @ (crate::scope::Kind::Mark | crate::scope::Kind::Promise { .. }) =
            scope.find(report, node.position, root)?
    {
        return Err(scope.wrong_kind(report, node.position, root, kind, &wanted(holds)));
    }
    let (path, found) = scope.path(report, node.position, name)?;
    match fits(found, holds) {
        true => Ok(Template::Path(path)),
        false => Err(report.error(
            node.position,
            format!("{name:?} is {}; expected {}", found.describe(), wanted(holds)),
        )),
    }
}

/// A type for messages: a description is called so whichever dictionary stands for it.
fn wanted(holds: Type) -> String {
    match holds.not_null() {
        Type::Dictionary(dictionary) if dictionary.name.ends_with("SessionDescriptionInit") => {
            "a description".to_owned()
        }
        Type::Dictionary(dictionary) if dictionary.name.ends_with("IceCandidateInit") => {
            "a candidate".to_owned()
        }
        _ => holds.describe(),
    }
}

fn dictionary_value(
    report: &Report,
    scope: &Scope,
    node: &Node,
    entries: &[(Key, Node)],
    dictionary: &'static Dictionary,
) -> Checked<Template> {
    if entries.iter().any(|(key, _)| key.text == "from") && dictionary.member("from").is_none() {
        return changed(report, scope, node, dictionary);
    }
    let mut given = Vec::new();
    for (key, node) in entries {
        let Some(member) = dictionary.member(&key.text) else {
            let known = dictionary.members.iter().map(|member| member.name);
            let what = format!("member of {}", dictionary.name);
            return Err(report.unknown(key.position, &what, &key.text, known));
        };
        given.push((key.text.clone(), value(report, scope, node, member.holds)?));
    }
    for member in dictionary.members.iter().filter(|member| member.required) {
        if !entries.iter().any(|(key, _)| key.text == member.name) {
            let message = format!("{} needs `{}`", dictionary.name, member.name);
            return Err(report.error(node.position, message));
        }
    }
    Ok(Template::Dictionary(given))
}

/// `{ from: "${parameters}", set: { encodings.0.active: false } }`
fn changed(
    report: &Report,
    scope: &Scope,
    node: &Node,
    dictionary: &'static Dictionary,
) -> Checked<Template> {
    let fields = report.fields(node, "a changed dictionary", CHANGED_KEYS)?;
    let from = fields.require(report, "from")?;
    let name = super::calls::reference(report, from, "a dictionary")?;
    let Template::Path(from) = reference(report, scope, from, name, Type::Dictionary(dictionary))? else {
        return Err(report.expected(from, "a dictionary in a variable"));
    };
    let mut set = Vec::new();
    for (key, node) in report.entries(fields.require(report, "set")?, "what changes")? {
        let mut holds = Type::Dictionary(dictionary);
        for part in key.text.split('.') {
            let known = members(holds).unwrap_or_default();
            holds = member(holds, part).filter(|_| part != "length").ok_or_else(|| {
                report.unknown(
                    key.position,
                    &format!("member of {}", holds.describe()),
                    part,
                    known,
                )
            })?;
        }
        let way = key.text.split('.').map(str::to_owned).collect();
        set.push((way, value(report, scope, node, holds)?));
    }
    if set.is_empty() {
        return Err(report.error(node.position, "nothing changes; give the variable itself"));
    }
    Ok(Template::Changed { from, set })
}

/// A value where anything may stand.
fn any(report: &Report, scope: &Scope, node: &Node) -> Checked<Template> {
    Ok(match &node.kind {
        Kind::Scalar(scalar) => match (scalar.is_null(), scalar.as_bool(), scalar.as_number()) {
            (true, ..) => Template::Null,
            (_, Some(value), _) => Template::Boolean(value),
            (_, _, Some(value)) => Template::Number(value),
            _ => Template::Text(scalar.text.clone()),
        },
        Kind::List(items) => Template::List(
            items
                .iter()
                .map(|node| value(report, scope, node, Type::Any))
                .collect::<Checked<_>>()?,
        ),
        Kind::Map(entries) => Template::Dictionary(
            entries
                .iter()
                .map(|(key, node)| Ok((key.text.clone(), value(report, scope, node, Type::Any)?)))
                .collect::<Checked<_>>()?,
        ),
    })
}
