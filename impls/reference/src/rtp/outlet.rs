//! The way out: protects packets and keeps them until they are fetched.

use std::collections::VecDeque;

use super::srtp::{SrtpError, SrtpSession};

/// The largest datagram, bytes: what every path is taken to carry (RFC 8831 section 5 reckons with it, too).
pub(super) const LARGEST_DATAGRAM: usize = 1200;

/// The most bytes that protection adds.
pub(super) const PROTECTION: usize = 16;

/// What leaves a session.
#[derive(Debug, Default)]
pub(super) struct Outlet {
    srtp: Option<SrtpSession>,
    datagrams: VecDeque<Vec<u8>>,
    transport_sequence_number: u16,
    unprotected: u64,
}

impl Outlet {
    /// Whether there are keys.
    pub fn is_open(&self) -> bool {
        self.srtp.is_some()
    }

    /// Takes keys, or none any more.
    pub fn set_keys(&mut self, srtp: Option<SrtpSession>) {
        self.srtp = srtp;
    }

    /// The protection, for what comes in.
    pub fn srtp(&mut self) -> Option<&mut SrtpSession> {
        self.srtp.as_mut()
    }

    /// The next transport-wide sequence number.
    pub fn next_transport_sequence_number(&mut self) -> u16 {
        let number = self.transport_sequence_number;
        self.transport_sequence_number = number.wrapping_add(1);
        number
    }

    /// Sends an RTP packet.
    pub fn send_rtp(&mut self, packet: Vec<u8>) {
        self.send(packet, SrtpSession::protect_rtp);
    }

    /// Sends an RTCP packet.
    pub fn send_rtcp(&mut self, packet: Vec<u8>) {
        self.send(packet, SrtpSession::protect_rtcp);
    }

    fn send(
        &mut self,
        mut packet: Vec<u8>,
        protect: impl FnOnce(&mut SrtpSession, &mut Vec<u8>) -> Result<(), SrtpError>,
    ) {
        match self.srtp.as_mut().map(|srtp| protect(srtp, &mut packet)) {
            Some(Ok(())) => self.datagrams.push_back(packet),
            // Keys that are used up do not come back: nothing more is sent, which the count shows.
            None | Some(Err(_)) => self.unprotected += 1,
        }
    }

    /// The next datagram.
    pub fn next(&mut self) -> Option<Vec<u8>> {
        self.datagrams.pop_front()
    }

    /// How many packets were not sent, because there were no keys for them.
    pub fn unprotected(&self) -> u64 {
        self.unprotected
    }
}
