//! RTP header extensions (RFC 8285), one- and two-byte.

use std::time::Duration;

use glare_peer::SimTime;

use super::configuration::{HeaderExtension, HeaderExtensionKind};

/// The profile of the one-byte form (RFC 8285 section 4.2).
const ONE_BYTE: u16 = 0xBEDE;

/// The profile of the two-byte form without its application bits (RFC 8285 section 4.3).
const TWO_BYTE: u16 = 0x1000;

/// What the extensions of a packet say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Extensions<'a> {
    /// RFC 9143 section 15.
    pub mid: Option<&'a str>,
    /// RFC 8852 section 3.1.
    pub rid: Option<&'a str>,
    /// RFC 8852 section 3.2.
    pub repaired_rid: Option<&'a str>,
    /// RFC 6464: in −dBov.
    pub audio_level: Option<u8>,
    /// RFC 6465: a level for each contributing source.
    pub contributing_audio_levels: &'a [u8],
    /// Seconds in 6.18 fixed point.
    pub absolute_send_time: Option<u32>,
    /// The transport-wide sequence number.
    pub transport_sequence_number: Option<u16>,
}

impl<'a> Extensions<'a> {
    /// Reads the elements whose identifiers `map` knows. What is malformed ends the reading, and what was read before is kept, as
    /// a receiver that ignores extensions would keep the packet (RFC 8285 section 4.1.1).
    pub fn read(profile: u16, data: &'a [u8], map: &[HeaderExtension]) -> Extensions<'a> {
        let mut extensions = Extensions::default();
        for (id, value) in elements(profile, data) {
            if let Some(extension) = map.iter().find(|extension| extension.id == id) {
                extensions.note(extension.kind, value);
            }
        }
        extensions
    }

    fn note(&mut self, kind: HeaderExtensionKind, value: &'a [u8]) {
        let text = || str::from_utf8(value).ok().filter(|text| !text.is_empty());
        match kind {
            HeaderExtensionKind::Mid => self.mid = text(),
            HeaderExtensionKind::RtpStreamId => self.rid = text(),
            HeaderExtensionKind::RepairedRtpStreamId => self.repaired_rid = text(),
            HeaderExtensionKind::AudioLevel => {
                self.audio_level = value.first().map(|byte| byte & 0x7F);
            }
            HeaderExtensionKind::ContributingAudioLevels => self.contributing_audio_levels = value,
            HeaderExtensionKind::AbsoluteSendTime => {
                self.absolute_send_time = value
                    .first_chunk()
                    .map(|&[high, middle, low]| u32::from_be_bytes([0, high, middle, low]));
            }
            HeaderExtensionKind::TransportSequenceNumber => {
                self.transport_sequence_number = value.first_chunk().map(|bytes| u16::from_be_bytes(*bytes));
            }
        }
    }
}

/// The identifiers and values of an extension; none where the profile is not one of RFC 8285.
fn elements(profile: u16, mut data: &[u8]) -> impl Iterator<Item = (u8, &[u8])> {
    let one_byte = profile == ONE_BYTE;
    if !one_byte && profile & 0xFFF0 != TWO_BYTE {
        data = &[];
    }
    std::iter::from_fn(move || {
        loop {
            let (&first, rest) = data.split_first()?;
            if first == 0 {
                data = rest;
                continue;
            }
            let (id, length, rest) = if one_byte {
                (first >> 4, usize::from(first & 0x0F) + 1, rest)
            } else {
                let (&length, rest) = rest.split_first()?;
                (first, usize::from(length), rest)
            };
            // RFC 8285 section 4.2: 15 is reserved in the one-byte form, and whatever follows is not read.
            let (value, rest) = rest
                .split_at_checked(length)
                .filter(|_| !(one_byte && id == 15))?;
            data = rest;
            return Some((id, value));
        }
    })
}

/// Gathers the extensions of a packet that is to be sent.
#[derive(Debug, Default)]
pub(super) struct ExtensionWriter {
    /// Identifiers, lengths and values, one after the other.
    elements: Vec<(u8, u8)>,
    values: Vec<u8>,
    /// The data as it is in the packet.
    data: Vec<u8>,
}

impl ExtensionWriter {
    /// Begins anew.
    pub fn clear(&mut self) {
        self.elements.clear();
        self.values.clear();
        self.data.clear();
    }

    /// Adds an extension, if it has an identifier. A value has at most 255 bytes; what is longer is left out.
    pub fn push(&mut self, id: Option<u8>, value: &[u8]) {
        if let Some(id) = id
            && let Ok(length) = u8::try_from(value.len())
        {
            self.elements.push((id, length));
            self.values.extend_from_slice(value);
        }
    }

    /// The profile and data of what was gathered; none where it is nothing. The one-byte form is used where it can be, which every
    /// receiver understands.
    pub fn finish(&mut self) -> Option<(u16, &[u8])> {
        if self.elements.is_empty() {
            return None;
        }
        let one_byte = self
            .elements
            .iter()
            .all(|(id, length)| *id <= 14 && (1..=16).contains(length));
        let mut values = &self.values[..];
        for &(id, length) in &self.elements {
            if one_byte {
                self.data.push(id << 4 | (length - 1));
            } else {
                self.data.extend([id, length]);
            }
            let (value, rest) = values.split_at(length.into());
            self.data.extend_from_slice(value);
            values = rest;
        }
        self.data.resize(self.data.len().next_multiple_of(4), 0);
        Some((if one_byte { ONE_BYTE } else { TWO_BYTE }, &self.data))
    }
}

/// The time of sending as the extension has it: the lowest 24 bits of seconds in 18 bits of fraction.
pub(super) fn absolute_send_time(now: SimTime) -> [u8; 3] {
    let since = now.saturating_since(SimTime::ZERO);
    let fraction = (u64::from(since.subsec_nanos()) << 18) / Duration::from_secs(1).as_nanos() as u64;
    let [.., high, middle, low] = (since.as_secs() << 18 | fraction).to_be_bytes();
    [high, middle, low]
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAP: [HeaderExtension; 5] = [
        HeaderExtension {
            id: 1,
            kind: HeaderExtensionKind::Mid,
        },
        HeaderExtension {
            id: 2,
            kind: HeaderExtensionKind::RtpStreamId,
        },
        HeaderExtension {
            id: 3,
            kind: HeaderExtensionKind::AudioLevel,
        },
        HeaderExtension {
            id: 4,
            kind: HeaderExtensionKind::AbsoluteSendTime,
        },
        HeaderExtension {
            id: 200,
            kind: HeaderExtensionKind::TransportSequenceNumber,
        },
    ];

    #[test]
    fn what_is_written_is_read_in_both_forms() {
        for two_byte in [false, true] {
            let mut writer = ExtensionWriter::default();
            writer.push(Some(1), b"video-0");
            writer.push(None, b"nobody");
            writer.push(Some(3), &[0x80 | 42]);
            writer.push(Some(4), &[1, 2, 3]);
            if two_byte {
                writer.push(Some(200), &[1, 0]);
            }
            let (profile, data) = writer.finish().unwrap();
            assert_eq!(profile, if two_byte { 0x1000 } else { 0xBEDE });
            assert_eq!(data.len() % 4, 0);
            let expected = Extensions {
                mid: Some("video-0"),
                audio_level: Some(42),
                absolute_send_time: Some(0x01_0203),
                transport_sequence_number: two_byte.then_some(256),
                ..Extensions::default()
            };
            assert_eq!(Extensions::read(profile, data, &MAP), expected);
        }
    }

    #[test]
    fn a_value_longer_than_16_bytes_takes_the_two_byte_form() {
        let mut writer = ExtensionWriter::default();
        writer.push(Some(1), b"a-mid-of-more-than-sixteen");
        let (profile, data) = writer.finish().unwrap();
        assert_eq!(profile, 0x1000);
        let read = Extensions::read(profile, data, &MAP);
        assert_eq!(read.mid, Some("a-mid-of-more-than-sixteen"));
    }

    #[test]
    fn what_is_malformed_ends_the_reading_only() {
        let data = [0x10, b'a', 0x2F, b'b'];
        let read = Extensions::read(0xBEDE, &data, &MAP);
        assert_eq!((read.mid, read.rid), (Some("a"), None));
        assert_eq!(Extensions::read(0x1234, &data, &MAP), Extensions::default());
        let reserved = [0xF0, 0x00, 0x10, b'a'];
        assert_eq!(Extensions::read(0xBEDE, &reserved, &MAP), Extensions::default());
        assert_eq!(Extensions::read(0x1005, &[1, 0, 1], &MAP), Extensions::default());
        assert_eq!(Extensions::read(0xBEDE, &[0x10, 0xFF], &MAP).mid, None);
    }

    #[test]
    fn the_time_of_sending_wraps_after_64_seconds() {
        assert_eq!(absolute_send_time(SimTime::from_millis(1500)), [0x06, 0x00, 0x00]);
        assert_eq!(
            absolute_send_time(SimTime::from_millis(65_000)),
            absolute_send_time(SimTime::from_millis(1000))
        );
    }
}
