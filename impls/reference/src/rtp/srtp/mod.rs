//! SRTP and SRTCP: protection of RTP and RTCP (RFC 3711, RFC 7714) with keys of DTLS (RFC 5764).
//!
//! [`SrtpSession`] has the two directions of a transport. `cipher` transforms one packet whose index is known; `index` knows
//! the indices of a stream, and which were seen.

mod cipher;
mod index;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use self::cipher::Keys;
use self::index::{RtpIndex, SeenIndices};

/// How many streams one direction keeps the state of. A remote that authenticates so many is not sending media.
const STREAMS: usize = 4096;

/// A protection profile of DTLS-SRTP (RFC 5764 section 4.1.2, RFC 7714 section 14.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum SrtpProfile {
    /// `SRTP_AES128_CM_HMAC_SHA1_80`.
    Aes128CmHmacSha1_80,
    /// `SRTP_AEAD_AES_128_GCM`.
    AeadAes128Gcm,
    /// `SRTP_AEAD_AES_256_GCM`.
    AeadAes256Gcm,
}

impl SrtpProfile {
    /// The bytes of a master key.
    pub fn key_length(self) -> usize {
        match self {
            SrtpProfile::Aes128CmHmacSha1_80 | SrtpProfile::AeadAes128Gcm => 16,
            SrtpProfile::AeadAes256Gcm => 32,
        }
    }

    /// The bytes of a master salt.
    pub fn salt_length(self) -> usize {
        match self {
            SrtpProfile::Aes128CmHmacSha1_80 => 14,
            SrtpProfile::AeadAes128Gcm | SrtpProfile::AeadAes256Gcm => 12,
        }
    }

    /// How many bytes DTLS is to export with the label `EXTRACTOR-dtls_srtp` (RFC 5764 section 4.2).
    pub fn keying_material_length(self) -> usize {
        2 * (self.key_length() + self.salt_length())
    }
}

/// Why a packet cannot be protected, or is dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SrtpError {
    /// The exporter gave another number of bytes than [`SrtpProfile::keying_material_length`].
    #[error("the profile needs {expected} bytes of keying material, and there are {got}")]
    KeyingMaterial {
        /// What the profile needs.
        expected: usize,
        /// What there is.
        got: usize,
    },
    /// Too short, or its header is longer than itself.
    #[error("the packet is not one of RTP or RTCP")]
    Malformed,
    /// The authentication tag is not right for it.
    #[error("the packet is not authentic")]
    NotAuthentic,
    /// It was seen, or is too old to know (RFC 3711 section 3.3.2).
    #[error("the packet is a repetition, or too old to know")]
    Replayed,
    /// 2^48 packets of a stream, or 2^31 of RTCP, have been protected under these keys (RFC 3711 section 9.2).
    #[error("the keys are used up")]
    KeysUsedUp,
    /// More streams than the state of which is kept.
    #[error("there are more than {STREAMS} streams")]
    TooManyStreams,
}

/// The protection of what a transport sends and receives.
pub(crate) struct SrtpSession {
    sending: Keys,
    receiving: Keys,
    sent: BTreeMap<u32, RtpIndex>,
    received: BTreeMap<u32, RtpIndex>,
    sent_rtcp: BTreeMap<u32, u32>,
    received_rtcp: BTreeMap<u32, SeenIndices>,
}

impl std::fmt::Debug for SrtpSession {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SrtpSession").finish_non_exhaustive()
    }
}

impl SrtpSession {
    /// A session from what DTLS exported: the client's key, the server's, the client's salt, the server's (RFC 5764 section
    /// 4.2). `is_client` says whether this side was the DTLS client.
    pub fn new(
        profile: SrtpProfile,
        keying_material: &[u8],
        is_client: bool,
    ) -> Result<SrtpSession, SrtpError> {
        let expected = profile.keying_material_length();
        if keying_material.len() != expected {
            return Err(SrtpError::KeyingMaterial {
                expected,
                got: keying_material.len(),
            });
        }
        let (keys, salts) = keying_material.split_at(2 * profile.key_length());
        let (client_key, server_key) = keys.split_at(profile.key_length());
        let (client_salt, server_salt) = salts.split_at(profile.salt_length());
        let client = Keys::derive(profile, client_key, client_salt)?;
        let server = Keys::derive(profile, server_key, server_salt)?;
        let (sending, receiving) = if is_client {
            (client, server)
        } else {
            (server, client)
        };
        Ok(SrtpSession {
            sending,
            receiving,
            sent: BTreeMap::new(),
            received: BTreeMap::new(),
            sent_rtcp: BTreeMap::new(),
            received_rtcp: BTreeMap::new(),
        })
    }

    /// Turns an RTP packet into one of SRTP.
    pub fn protect_rtp(&mut self, packet: &mut Vec<u8>) -> Result<(), SrtpError> {
        let header = RtpHeader::parse(packet).ok_or(SrtpError::Malformed)?;
        let is_full = self.sent.len() >= STREAMS;
        if is_full && !self.sent.contains_key(&header.ssrc) {
            return Err(SrtpError::TooManyStreams);
        }
        let stream = self.sent.entry(header.ssrc).or_default();
        let index = stream
            .estimate(header.sequence_number)
            .filter(|index| *index < 1 << 48)
            .ok_or(SrtpError::KeysUsedUp)?;
        stream.sent(index);
        self.sending
            .protect_rtp(packet, header.length, header.ssrc, index)
    }

    /// Turns an SRTP packet into one of RTP. State changes only where the packet is authentic.
    pub fn unprotect_rtp(&mut self, packet: &mut Vec<u8>) -> Result<(), SrtpError> {
        let header = RtpHeader::parse(packet).ok_or(SrtpError::Malformed)?;
        let is_full = self.received.len() >= STREAMS;
        let known = self.received.get_mut(&header.ssrc);
        let index = match &known {
            Some(stream) => stream
                .estimate(header.sequence_number)
                .filter(|index| !stream.has_seen(*index))
                .ok_or(SrtpError::Replayed)?,
            None => header.sequence_number.into(),
        };
        self.receiving
            .unprotect_rtp(packet, header.length, header.ssrc, index)?;
        match known {
            Some(stream) => stream.received(index),
            None if is_full => return Err(SrtpError::TooManyStreams),
            None => self.received.entry(header.ssrc).or_default().received(index),
        }
        Ok(())
    }

    /// Turns an RTCP packet, compound or of reduced size, into one of SRTCP.
    pub fn protect_rtcp(&mut self, packet: &mut Vec<u8>) -> Result<(), SrtpError> {
        let ssrc = rtcp_ssrc(packet).ok_or(SrtpError::Malformed)?;
        let is_full = self.sent_rtcp.len() >= STREAMS;
        if is_full && !self.sent_rtcp.contains_key(&ssrc) {
            return Err(SrtpError::TooManyStreams);
        }
        let next = self.sent_rtcp.entry(ssrc).or_default();
        let index = *next;
        if index >= 1 << 31 {
            return Err(SrtpError::KeysUsedUp);
        }
        *next += 1;
        self.sending.protect_rtcp(packet, ssrc, index)
    }

    /// Turns an SRTCP packet into one of RTCP. State changes only where the packet is authentic.
    pub fn unprotect_rtcp(&mut self, packet: &mut Vec<u8>) -> Result<(), SrtpError> {
        let ssrc = rtcp_ssrc(packet).ok_or(SrtpError::Malformed)?;
        let is_full = self.received_rtcp.len() >= STREAMS;
        let known = self.received_rtcp.get_mut(&ssrc);
        let seen = |index: u32| known.as_ref().is_some_and(|seen| seen.has_seen(u64::from(index)));
        let index = self.receiving.unprotect_rtcp(packet, ssrc, seen)?;
        match known {
            Some(seen) => seen.see(index.into()),
            None if is_full => return Err(SrtpError::TooManyStreams),
            None => self.received_rtcp.entry(ssrc).or_default().see(index.into()),
        }
        Ok(())
    }
}

/// What of an RTP header SRTP needs to know.
struct RtpHeader {
    /// The bytes before the payload, which are not encrypted.
    length: usize,
    sequence_number: u16,
    ssrc: u32,
}

impl RtpHeader {
    /// RFC 3550 section 5.1. The payload is not looked at: its padding may be encrypted.
    fn parse(packet: &[u8]) -> Option<RtpHeader> {
        let [first, _, sequence @ ..] = packet.first_chunk::<4>()?;
        if first >> 6 != 2 {
            return None;
        }
        let mut length = 12 + 4 * usize::from(first & 0x0F);
        if first & 0x10 != 0 {
            let extension = packet.get(length..)?.first_chunk::<4>()?;
            length += 4 + 4 * usize::from(u16::from_be_bytes([extension[2], extension[3]]));
        }
        (packet.len() >= length).then_some(RtpHeader {
            length,
            sequence_number: u16::from_be_bytes(*sequence),
            ssrc: u32::from_be_bytes(*packet.get(8..)?.first_chunk()?),
        })
    }
}

/// The SSRC of the first RTCP packet, which stands for the sender (RFC 3711 section 3.4).
fn rtcp_ssrc(packet: &[u8]) -> Option<u32> {
    let ssrc = packet.get(4..)?.first_chunk()?;
    (packet.first()? >> 6 == 2).then_some(u32::from_be_bytes(*ssrc))
}
