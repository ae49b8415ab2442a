//! RTP header extensions (RFC 8285).

use super::description::Direction;

/// An `a=extmap` line (RFC 8285 section 5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HeaderExtension {
    /// The identifier: 1 to 14 in one-byte headers, 1 to 255 in two-byte headers; 4096 to 4351 stand in an offer for
    /// one that the answerer is to choose.
    pub id: u16,
    /// What the extension is.
    pub uri: String,
    /// Which way the sender of the description uses it; `sendrecv` if nothing is said.
    pub direction: Direction,
}

impl HeaderExtension {
    /// Reads the value of `a=extmap`, which is well formed. What follows the URI is left aside.
    pub(super) fn read(value: &str) -> Option<HeaderExtension> {
        let mut fields = value.split(' ');
        let entry = fields.next()?;
        let (id, direction) = match entry.split_once('/') {
            Some((id, direction)) => (id, Direction::from_name(direction)?),
            None => (entry, Direction::SendRecv),
        };
        Some(HeaderExtension {
            id: id.parse().ok()?,
            uri: fields.next()?.to_owned(),
            direction,
        })
    }

    /// The value of `a=extmap`.
    pub(super) fn value(&self) -> String {
        match self.direction {
            Direction::SendRecv => format!("{} {}", self.id, self.uri),
            direction => format!("{}/{direction} {}", self.id, self.uri),
        }
    }
}

/// RFC 9429 section 5.3.1: the header extensions of an answer, in the order and under the identifiers of the offer.
/// Those that we do not have, or that neither side would send to the other, are left out. An identifier from 4096 on
/// is replaced by a free one (RFC 8285 section 6).
pub(crate) fn answer_header_extensions(
    offered: &[HeaderExtension],
    ours: &[HeaderExtension],
) -> Vec<HeaderExtension> {
    let mut answered: Vec<HeaderExtension> = Vec::new();
    for extension in offered {
        let Some(own) = ours.iter().find(|own| own.uri == extension.uri) else {
            continue;
        };
        let direction = extension.direction.reversed().intersection(own.direction);
        if direction == Direction::Inactive || answered.iter().any(|it| it.uri == extension.uri) {
            continue;
        }
        let is_free = |id: &u16| {
            answered
                .iter()
                .chain(offered)
                .all(|it| it.id != *id || it.uri == extension.uri)
        };
        let id = match extension.id {
            1..=255 => extension.id,
            _ => match (1..=14).find(is_free) {
                Some(id) => id,
                None => continue,
            },
        };
        answered.push(HeaderExtension {
            id,
            uri: extension.uri.clone(),
            direction,
        });
    }
    answered
}

#[cfg(test)]
mod tests {
    use super::*;

    fn extension(value: &str) -> HeaderExtension {
        HeaderExtension::read(value).unwrap()
    }

    #[test]
    fn a_line_is_read_and_written_alike() {
        for value in ["1 urn:a", "14/sendonly urn:b", "255/inactive urn:c"] {
            assert_eq!(extension(value).value(), value);
        }
        assert_eq!(extension("3 urn:a some attributes").uri, "urn:a");
    }

    #[test]
    fn an_answer_has_what_both_sides_have_under_the_offered_identifiers() {
        let offered = [
            "3 urn:a",
            "1/recvonly urn:b",
            "2/sendonly urn:c",
            "4 urn:d",
            "5/sendonly urn:e",
            "4096 urn:f",
        ]
        .map(extension);
        let ours = [
            "1 urn:a",
            "2 urn:b",
            "3/sendonly urn:c",
            "5/recvonly urn:e",
            "6 urn:f",
        ]
        .map(extension);
        let answered = answer_header_extensions(&offered, &ours);
        let values: Vec<_> = answered.iter().map(HeaderExtension::value).collect();
        assert_eq!(
            values,
            ["3 urn:a", "1/sendonly urn:b", "5/recvonly urn:e", "6 urn:f"]
        );
    }
}
