//! The attributes of one level, read line by line.

use std::collections::BTreeSet;

use super::attribute::{Level, attribute, fingerprint};
use super::description::{Attribute, Direction, Lined, SdpFingerprint, Setup};
use super::error::SdpError;
use super::limits::{MAX_FINGERPRINTS, MAX_GROUPS, MAX_ICE_OPTIONS};
use super::line::Line;

/// Attributes of which RFC 9429 section 5.8 expects "a single" line.
const SINGLE: &[&str] = &[
    "bundle-only",
    "end-of-candidates",
    "ice-lite",
    "ice-options",
    "ice-pwd",
    "ice-ufrag",
    "max-message-size",
    "maxptime",
    "mid",
    "ptime",
    "rtcp",
    "rtcp-mux",
    "rtcp-mux-only",
    "rtcp-rsize",
    "sctp-port",
    "setup",
    "simulcast",
    "tls-id",
];

/// All attributes among the lines, in order.
///
/// # Errors
///
/// The first that is not well formed, that is there a second time and must not be, or that is one too many.
pub(super) fn attributes(lines: &[Line<'_>], level: Level) -> Result<Vec<Attribute>, SdpError> {
    let mut attributes: Vec<Attribute> = Vec::new();
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    let (mut fingerprints, mut groups) = (0, 0);
    for line in lines.iter().filter(|line| line.letter == 'a') {
        let attribute = attribute(line, level)?;
        let too_much = match attribute.name.as_str() {
            "fingerprint" => {
                fingerprints += 1;
                (fingerprints > MAX_FINGERPRINTS).then(|| format!("more than {MAX_FINGERPRINTS} lines"))
            }
            "group" => {
                groups += 1;
                (groups > MAX_GROUPS).then(|| format!("more than {MAX_GROUPS} lines"))
            }
            "ice-options" => {
                (line.value.len() > MAX_ICE_OPTIONS).then(|| format!("more than {MAX_ICE_OPTIONS} bytes"))
            }
            _ => None,
        };
        if let Some(too_much) = too_much {
            let message = format!("a={}: {too_much}", attribute.name);
            return Err(SdpError::new(line.number, message));
        }
        let single = match Direction::from_name(&attribute.name) {
            Some(_) => Some("direction"),
            None => SINGLE.iter().find(|name| **name == attribute.name).copied(),
        };
        let again = single.is_some_and(|single| !seen.insert(single));
        if again {
            return Err(SdpError::new(
                line.number,
                format!("a={} is there a second time", attribute.name),
            ));
        }
        attributes.push(attribute);
    }
    Ok(attributes)
}

/// The first attribute of this name.
pub(super) fn find<'a>(attributes: &'a [Attribute], name: &str) -> Option<&'a Attribute> {
    attributes.iter().find(|attribute| attribute.name == name)
}

/// What follows the colon, or nothing.
pub(super) fn value(attribute: &Attribute) -> &str {
    attribute.value.as_deref().unwrap_or_default()
}

/// The direction that the attributes say.
pub(super) fn direction(attributes: &[Attribute]) -> Option<Direction> {
    attributes
        .iter()
        .find_map(|attribute| Direction::from_name(&attribute.name))
}

/// The ICE options that the attributes list.
pub(super) fn options(attributes: &[Attribute]) -> Vec<String> {
    find(attributes, "ice-options").map_or_else(Vec::new, |attribute| {
        value(attribute).split_whitespace().map(str::to_owned).collect()
    })
}

/// The fingerprints among the attributes.
pub(super) fn fingerprints(attributes: &[Attribute]) -> Vec<SdpFingerprint> {
    attributes
        .iter()
        .filter(|attribute| attribute.name == "fingerprint")
        .filter_map(|attribute| fingerprint(value(attribute)))
        .collect()
}

/// Reads `a=setup`.
pub(super) fn setup(attribute: &Attribute) -> Result<Lined<Setup>, SdpError> {
    let value = match value(attribute).trim_end().to_ascii_lowercase().as_str() {
        "active" => Setup::Active,
        "passive" => Setup::Passive,
        "actpass" => Setup::Actpass,
        "holdconn" => Setup::Holdconn,
        other => {
            return Err(SdpError::new(
                attribute.line,
                format!("{other:?} is not a value of a=setup"),
            ));
        }
    };
    Ok(Lined {
        line: attribute.line,
        value,
    })
}
