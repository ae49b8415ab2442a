//! What a session has to tell.

use std::time::Duration;

use glare_peer::SimTime;

use super::configuration::Codec;

/// Something that happened on a session. Each belongs to a section, named by its `mid`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum MediaEvent {
    /// The first packet of an RTP stream came, which unmutes the track of the section
    /// (webrtc-pc#dom-mediastreamtrack-muted).
    FirstPacket {
        /// The section.
        mid: String,
        /// The stream.
        ssrc: u32,
        /// Which of a simulcast's it is.
        rid: Option<String>,
    },
    /// A whole frame came, in its turn.
    Frame {
        /// The section.
        mid: String,
        /// The stream.
        ssrc: u32,
        /// The frame.
        frame: ReceivedFrame,
    },
    /// The remote said `BYE` for a stream (RFC 3550 section 6.6), which mutes the track of the section.
    Bye {
        /// The section.
        mid: String,
        /// The stream.
        ssrc: u32,
    },
    /// The remote asked for a key frame of a stream that is sent. It is sent in any case.
    KeyFrameRequested {
        /// The section.
        mid: String,
        /// The stream.
        ssrc: u32,
    },
    /// The last packet of a tone has gone.
    ToneSent {
        /// The section.
        mid: String,
        /// As in `insertDTMF`.
        tone: char,
    },
    /// A tone came to its end.
    ToneReceived {
        /// The section.
        mid: String,
        /// As in `insertDTMF`.
        tone: char,
        /// How long it was.
        duration: Duration,
    },
}

/// A frame that was put together.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ReceivedFrame {
    /// What it is encoded with.
    pub codec: Codec,
    /// Its RTP timestamp.
    pub rtp_timestamp: u32,
    /// When its first packet came.
    pub received: SimTime,
    /// The bytes of the bitstream.
    pub size: usize,
    /// Whether it can be decoded without another. Each frame of audio can.
    pub key: bool,
    /// Pixels, where the frame says so: key frames do. Of the last key frame otherwise; 0 for audio.
    pub width: u16,
    /// See `width`.
    pub height: u16,
    /// What the frame's maker wrote into it, if it was this engine.
    pub stamp: Option<FrameStamp>,
    /// RFC 6464: the level in −dBov, if the packet said so.
    pub audio_level: Option<u8>,
}

/// What a frame of this engine says of itself. Only frames whose checksum is right have one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FrameStamp {
    /// Counts from 0 in each encoding.
    pub number: u32,
    /// Whether it was made as a key frame.
    pub key: bool,
    /// The `rid` of the encoding, empty where it has none.
    pub rid: String,
    /// Pixels; 0 for audio.
    pub width: u16,
    /// See `width`.
    pub height: u16,
}

/// A tone that cannot be played.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ToneError {
    /// No such section sends telephone events, or it does not send at the moment.
    #[error("section {0:?} cannot send telephone events")]
    NoTelephoneEvents(String),
    /// Not one of `0`–`9`, `A`–`D`, `#` and `*`.
    #[error("{0:?} is not a tone")]
    Unrecognized(char),
    /// More tones wait than anybody could mean to play.
    #[error("{0} tones wait already")]
    TooMany(usize),
}
