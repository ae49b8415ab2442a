//! The bitstreams of the codecs and their RTP payloads.
//!
//! Each codec has a file with four functions: `build` makes the bitstream of a frame around its content, `packetise` divides
//! it into payloads, `inspect` tells of a payload what an assembler has to know, and `reassemble` makes the frame from its payloads
//! again. [`telephone_event`] stands apart: tones are no frames.

mod av1;
mod bits;
mod g711;
mod h264;
mod opus;
pub(super) mod telephone_event;
mod vp8;
mod vp9;

#[cfg(test)]
mod tests;

use super::configuration::Codec;
use super::event::FrameStamp;
use super::stamp::{self, Content};

/// The bitstream of a frame, in the units that the payload format knows: NAL units, OBUs, or all of it as one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Bitstream {
    data: Vec<u8>,
    /// Where each unit ends.
    ends: Vec<usize>,
}

impl Bitstream {
    fn clear(&mut self) {
        self.data.clear();
        self.ends.clear();
    }

    /// Ends a unit at the end of what is there.
    fn end_unit(&mut self) {
        if self.ends.last().copied().unwrap_or(0) < self.data.len() {
            self.ends.push(self.data.len());
        }
    }

    fn units(&self) -> impl Iterator<Item = &[u8]> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts
            .zip(&self.ends)
            .filter_map(|(start, end)| self.data.get(start..*end))
    }

    /// All of it, unit after unit.
    pub fn bytes(&self) -> &[u8] {
        &self.data
    }
}

/// What the assembler has to know of a payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct PayloadInspection {
    /// Whether a frame begins with it.
    pub begins: Begins,
    /// Whether it is part of a key frame, as far as this payload tells.
    pub key: bool,
}

/// Whether a frame begins with a payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Begins {
    Yes,
    No,
    /// The payload does not say: it does if the packet before ended a frame.
    IfPreviousEnded,
}

/// A frame that was put together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Reassembled {
    pub bitstream: Bitstream,
    pub key: bool,
    /// Pixels, where the bitstream says.
    pub size: Option<(u16, u16)>,
    pub content: Content,
}

impl Reassembled {
    fn bytes(&self) -> &[u8] {
        self.bitstream.bytes()
    }
}

/// Payloads of which no frame can be made; what is wrong with them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(super) struct PayloadError(&'static str);

impl Codec {
    /// Makes the bitstream of a frame that says of itself what `stamp` does, of about `size` bytes: of more where the stamp
    /// needs more, and of as many as the codec has in 20 ms where they do not depend on a bit rate.
    pub(super) fn build(self, stamp: &FrameStamp, size: usize, into: &mut Bitstream) {
        into.clear();
        match self {
            Codec::Opus => opus::build(stamp, size, into),
            Codec::Pcmu | Codec::Pcma => g711::build(stamp, into),
            Codec::Vp8 => vp8::build(stamp, size, into),
            Codec::Vp9 => vp9::build(stamp, size, into),
            Codec::H264 => h264::build(stamp, size, into),
            Codec::Av1 => av1::build(stamp, size, into),
        }
    }

    /// Divides a frame into payloads of at most `limit` bytes, which is 100 or more, and gives them to `emit` in order, with
    /// whether it is the last one.
    pub(super) fn packetise(
        self,
        frame: &Bitstream,
        key: bool,
        picture_id: u16,
        limit: usize,
        emit: &mut dyn FnMut(&[u8], bool),
    ) {
        match self {
            Codec::Opus | Codec::Pcmu | Codec::Pcma => emit(frame.bytes(), true),
            Codec::Vp8 => vp8::packetise(frame, picture_id, limit, emit),
            Codec::Vp9 => vp9::packetise(frame, key, picture_id, limit, emit),
            Codec::H264 => h264::packetise(frame, limit, emit),
            Codec::Av1 => av1::packetise(frame, key, limit, emit),
        }
    }

    /// What the assembler has to know of a payload.
    pub(super) fn inspect(self, payload: &[u8]) -> Result<PayloadInspection, PayloadError> {
        match self {
            Codec::Opus => opus::inspect(payload),
            Codec::Pcmu | Codec::Pcma => Ok(PayloadInspection {
                begins: Begins::Yes,
                key: true,
            }),
            Codec::Vp8 => vp8::inspect(payload),
            Codec::Vp9 => vp9::inspect(payload),
            Codec::H264 => h264::inspect(payload),
            Codec::Av1 => av1::inspect(payload),
        }
    }

    /// How many samples of its RTP clock a frame of audio lasts.
    pub(super) fn audio_samples(self, frame: &[u8]) -> u64 {
        match self {
            Codec::Opus => opus::samples(frame),
            Codec::Pcmu | Codec::Pcma => frame.len() as u64,
            Codec::Vp8 | Codec::Vp9 | Codec::H264 | Codec::Av1 => 0,
        }
    }

    /// Makes a frame of all its payloads, in order.
    pub(super) fn reassemble<'a>(
        self,
        payloads: impl Iterator<Item = &'a [u8]>,
    ) -> Result<Reassembled, PayloadError> {
        let payloads = &mut payloads.into_iter();
        match self {
            Codec::Opus => opus::reassemble(payloads),
            Codec::Pcmu | Codec::Pcma => g711::reassemble(payloads),
            Codec::Vp8 => vp8::reassemble(payloads),
            Codec::Vp9 => vp9::reassemble(payloads),
            Codec::H264 => h264::reassemble(payloads),
            Codec::Av1 => av1::reassemble(payloads),
        }
    }
}

/// Divides `data` into pieces of at most `limit` bytes and of about the same length, as RFC 7741 section 4.4 recommends.
fn pieces(data: &[u8], limit: usize) -> std::slice::Chunks<'_, u8> {
    let limit = limit.max(1);
    let count = data.len().div_ceil(limit).max(1);
    data.chunks(data.len().div_ceil(count).max(1))
}
