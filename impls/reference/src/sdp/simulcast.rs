//! Encodings of one source in one section: restriction identifiers (RFC 8851) and simulcast (RFC 8853).

use std::collections::BTreeSet;

use super::description::MediaSection;

/// Which way the encoding of an `a=rid` line, or a list of `a=simulcast`, goes, seen from the sender of the description.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RidDirection {
    /// `send`
    Send,
    /// `recv`
    Recv,
}

impl RidDirection {
    /// As the attributes spell it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            RidDirection::Send => "send",
            RidDirection::Recv => "recv",
        }
    }
}

/// An `a=rid` line (RFC 8851 section 4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RidDescription {
    /// The identifier of the encoding.
    pub id: String,
    /// Which way it goes.
    pub direction: RidDirection,
    /// The payload types it may have (`pt=`); empty for any.
    pub payload_types: Vec<u8>,
    /// The other restrictions, name and value, such as `max-width` and `1280`; an empty value where there is none.
    pub restrictions: Vec<(String, String)>,
}

/// The value of `a=simulcast` (RFC 8853 section 5.1).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Simulcast {
    /// The streams that the sender of the description wants to send, most important first.
    pub send: Vec<SimulcastStream>,
    /// The streams that it is ready to receive.
    pub recv: Vec<SimulcastStream>,
}

/// One stream of a simulcast: an encoding, or one of several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SimulcastStream {
    /// The encodings among which the other side may choose, best first; never empty.
    pub alternatives: Vec<SimulcastEncoding>,
}

/// One encoding of a simulcast stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SimulcastEncoding {
    /// The identifier of its `a=rid` line.
    pub rid: String,
    /// Whether it begins paused (`~`).
    pub paused: bool,
}

/// What is to be said of an encoding of a sender (webrtc-pc#dom-rtcrtpsender-sendencodings).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SendEncoding {
    /// Its identifier, 1 to 255 letters and digits.
    pub rid: Option<String>,
    /// Whether it is sent; one that is not is described as paused.
    pub active: bool,
}

impl RidDescription {
    /// Reads the value of `a=rid`, which is well formed.
    pub(super) fn read(value: &str) -> Option<RidDescription> {
        let mut fields = value.splitn(3, ' ');
        let id = fields.next()?.to_owned();
        let direction = match fields.next()? {
            "send" => RidDirection::Send,
            "recv" => RidDirection::Recv,
            _ => return None,
        };
        let mut rid = RidDescription {
            id,
            direction,
            payload_types: Vec::new(),
            restrictions: Vec::new(),
        };
        for part in fields.next().into_iter().flat_map(|rest| rest.split(';')) {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            if name == "pt" {
                let types: Option<Vec<u8>> = value.split(',').map(|it| it.parse().ok()).collect();
                rid.payload_types = types?;
            } else {
                rid.restrictions.push((name.to_owned(), value.to_owned()));
            }
        }
        Some(rid)
    }
}

impl Simulcast {
    /// Reads the value of `a=simulcast`. The syntax of early drafts, in which a list begins with `rid=`, is taken too.
    /// None if it is not well formed.
    pub(super) fn read(value: &str) -> Option<Simulcast> {
        let mut simulcast = Simulcast::default();
        let mut seen: Vec<&str> = Vec::new();
        let mut words = value.trim().split(' ').filter(|word| !word.is_empty());
        while let Some(direction) = words.next() {
            let list = words.next()?;
            let streams = streams(list.strip_prefix("rid=").unwrap_or(list))?;
            if seen.contains(&direction) {
                return None;
            }
            seen.push(direction);
            match direction {
                "send" => simulcast.send = streams,
                "recv" => simulcast.recv = streams,
                _ => return None,
            }
        }
        (!seen.is_empty()).then_some(simulcast)
    }

    /// The value of `a=simulcast`.
    pub(super) fn value(&self) -> String {
        [("send", &self.send), ("recv", &self.recv)]
            .into_iter()
            .filter(|(_, streams)| !streams.is_empty())
            .map(|(direction, streams)| {
                let streams: Vec<_> = streams.iter().map(SimulcastStream::value).collect();
                format!("{direction} {}", streams.join(";"))
            })
            .collect::<Vec<_>>()
            .join(" ")
    }

    /// All identifiers, in order.
    pub(super) fn rids(&self) -> impl Iterator<Item = &str> {
        self.send
            .iter()
            .chain(&self.recv)
            .flat_map(|stream| &stream.alternatives)
            .map(|encoding| encoding.rid.as_str())
    }
}

impl SimulcastStream {
    /// A stream that can only be this encoding.
    pub(crate) fn of(rid: &str, paused: bool) -> SimulcastStream {
        SimulcastStream {
            alternatives: vec![SimulcastEncoding {
                rid: rid.to_owned(),
                paused,
            }],
        }
    }

    fn value(&self) -> String {
        let alternatives: Vec<_> = self
            .alternatives
            .iter()
            .map(|encoding| format!("{}{}", if encoding.paused { "~" } else { "" }, encoding.rid))
            .collect();
        alternatives.join(",")
    }
}

fn streams(list: &str) -> Option<Vec<SimulcastStream>> {
    list.split(';')
        .map(|stream| {
            let alternatives: Option<Vec<_>> = stream
                .split(',')
                .map(|encoding| {
                    let (rid, paused) = match encoding.strip_prefix('~') {
                        Some(rid) => (rid, true),
                        None => (encoding, false),
                    };
                    is_rid(rid).then(|| SimulcastEncoding {
                        rid: rid.to_owned(),
                        paused,
                    })
                })
                .collect();
            Some(SimulcastStream {
                alternatives: alternatives?,
            })
        })
        .collect()
}

/// `rid-id` of RFC 8851 section 10.
pub(super) fn is_rid(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}

impl MediaSection {
    /// webrtc-pc#set-description: the encodings that the sender of this description asks the other side to send, in its
    /// order: of each `recv` stream the first alternative, of equal identifiers the first, and only such as have an
    /// `a=rid` line. Empty if it does not ask for simulcast.
    pub(crate) fn simulcast_to_receive(&self) -> Vec<SimulcastEncoding> {
        let streams = self.simulcast.iter().flat_map(|simulcast| &simulcast.recv);
        self.first_alternatives(streams, RidDirection::Recv)
    }

    /// The encodings that the sender of this description wants to send, as in [`MediaSection::simulcast_to_receive`].
    pub(crate) fn simulcast_to_send(&self) -> Vec<SimulcastEncoding> {
        let streams = self.simulcast.iter().flat_map(|simulcast| &simulcast.send);
        self.first_alternatives(streams, RidDirection::Send)
    }

    fn first_alternatives<'a>(
        &self,
        streams: impl Iterator<Item = &'a SimulcastStream>,
        direction: RidDirection,
    ) -> Vec<SimulcastEncoding> {
        let formats: BTreeSet<u8> = self.formats.iter().filter_map(|it| it.parse().ok()).collect();
        let defined: BTreeSet<&str> = self
            .rids
            .iter()
            .filter(|rid| rid.direction == direction)
            // An encoding of a format that the section does not have cannot be.
            .filter(|rid| rid.payload_types.iter().all(|it| formats.contains(it)))
            .map(|rid| rid.id.as_str())
            .collect();
        let mut seen = BTreeSet::new();
        streams
            .filter_map(|stream| stream.alternatives.first())
            .filter(|encoding| defined.contains(encoding.rid.as_str()) && seen.insert(encoding.rid.clone()))
            .cloned()
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::{BROWSER_OFFER, parsed};
    use super::*;

    #[test]
    fn simulcast_is_read_and_written_alike() {
        for value in ["send q;h;f", "recv a,~b;c", "send 1 recv 2,3;~4"] {
            assert_eq!(Simulcast::read(value).unwrap().value(), value);
        }
        assert_eq!(Simulcast::read(" recv rid=a;b").unwrap().value(), "recv a;b");
        for bad in [
            "",
            "send",
            "send a;;b",
            "send a send b",
            "both a",
            "send a recv",
            "send a,",
            "send ~",
        ] {
            assert_eq!(Simulcast::read(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn restrictions_of_an_encoding_are_told_apart_from_its_payload_types() {
        let rid = RidDescription::read("hi send pt=96,97;max-width=1280;depend").unwrap();
        assert_eq!((rid.id.as_str(), rid.direction), ("hi", RidDirection::Send));
        assert_eq!(rid.payload_types, [96, 97]);
        let restrictions = [("max-width", "1280"), ("depend", "")].map(|(a, b)| (a.to_owned(), b.to_owned()));
        assert_eq!(rid.restrictions, restrictions);
        assert_eq!(RidDescription::read("hi send pt=x"), None);
    }

    #[test]
    fn of_what_is_asked_for_first_alternatives_count_once() {
        let offer = BROWSER_OFFER
            .replace(
                "a=rid:hi send\r\na=rid:lo send",
                "a=rid:1 recv\r\na=rid:2 recv\r\na=rid:3 send",
            )
            .replace("send hi;~lo", "recv ~1,2;1;2;3");
        let section = &parsed(&offer).media[1];
        let found: Vec<_> = section
            .simulcast_to_receive()
            .into_iter()
            .map(|encoding| (encoding.rid, encoding.paused))
            .collect();
        assert_eq!(found, [("1".to_owned(), true), ("2".to_owned(), false)]);
        assert!(section.simulcast_to_send().is_empty());
        let other = parsed(&offer.replace("a=rid:1 recv", "a=rid:1 recv pt=96,111"));
        assert_eq!(other.media[1].simulcast_to_receive().len(), 1);
    }
}
