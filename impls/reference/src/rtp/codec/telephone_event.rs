//! Telephone events (RFC 4733): tones of DTMF.

/// The tones, each at the place of its event code (RFC 4733 section 3.2).
const TONES: [char; 16] = [
    '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '*', '#', 'A', 'B', 'C', 'D',
];

/// The power level that is sent, in −dBm0.
const VOLUME: u8 = 10;

/// A payload (RFC 4733 section 2.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::rtp) struct TelephoneEvent {
    /// The event code.
    pub event: u8,
    /// Whether the event has ended.
    pub end: bool,
    /// Since its timestamp, in units of the clock.
    pub duration: u16,
}

impl TelephoneEvent {
    pub fn encode(self) -> [u8; 4] {
        let [high, low] = self.duration.to_be_bytes();
        [self.event, u8::from(self.end) << 7 | VOLUME, high, low]
    }

    /// The first event of a payload; it has more only in modes that nobody negotiates.
    pub fn decode(payload: &[u8]) -> Option<TelephoneEvent> {
        let [event, flags, high, low] = *payload.first_chunk()?;
        Some(TelephoneEvent {
            event,
            end: flags & 0x80 != 0,
            duration: u16::from_be_bytes([high, low]),
        })
    }
}

/// The event code of a tone.
pub(in crate::rtp) fn event_of(tone: char) -> Option<u8> {
    let code = TONES
        .iter()
        .position(|known| *known == tone.to_ascii_uppercase())?;
    u8::try_from(code).ok()
}

/// The tone of an event code, if it is one of DTMF.
pub(in crate::rtp) fn tone_of(event: u8) -> Option<char> {
    TONES.get(usize::from(event)).copied()
}
