//! What a DTLS library must be able to do, so that another can take its place.

use glare_peer::{DtlsVersion, SimTime};

use super::key_log::Secret;
use super::negotiated::Negotiated;
use super::srtp::SrtpKeys;

/// Which side of the handshake an endpoint is on, by the `setup` attribute (RFC 8842 section 5.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// `active`: sends the first message.
    Client,
    /// `passive`: waits for it.
    Server,
}

/// One DTLS association, driven from outside. It owns no clock and no socket.
///
/// After every call that may make it act, [`Session::poll`] is to be asked until it says [`Output::Wait`].
pub(super) trait Session {
    /// Begins the handshake; a server begins to wait for it.
    fn start(&mut self, now: SimTime) -> Result<(), SessionError>;

    /// Takes a datagram. What does not belong to the association is dropped without an error (RFC 9147
    /// section 4.5.2).
    fn input(&mut self, now: SimTime, packet: &[u8]) -> Result<(), SessionError>;

    /// Lets timers that are due at `now` run.
    fn advance(&mut self, now: SimTime) -> Result<(), SessionError>;

    /// Protects `data` in one record of its own.
    fn send(&mut self, data: &[u8]) -> Result<(), SessionError>;

    /// Ends the association with `close_notify`.
    fn close(&mut self) -> Result<(), SessionError>;

    /// What comes next.
    fn poll(&mut self) -> Output;

    /// The version agreed on, once it is.
    fn version(&self) -> Option<DtlsVersion>;

    /// The cipher suite and the group agreed on, as far as they are.
    fn negotiated(&self) -> Negotiated;

    /// The secrets that came up since last asked, in order.
    fn secrets(&mut self) -> Vec<Secret>;
}

/// What a [`Session`] gives out.
#[derive(Debug)]
pub(super) enum Output {
    /// A datagram to send.
    Packet(Vec<u8>),
    /// The remote certificate, DER. Comes before [`Output::Connected`].
    PeerCertificate(Vec<u8>),
    /// The handshake is complete.
    Connected,
    /// The profile and the keys for SRTP. Comes in the same polls as [`Output::Connected`].
    SrtpKeys(SrtpKeys),
    /// The payload of a record.
    Data(Vec<u8>),
    /// The remote side sent `close_notify`.
    CloseNotify,
    /// Nothing until the deadline, if there is one.
    Wait(Option<SimTime>),
}

/// The association cannot go on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub(super) struct SessionError {
    /// Why.
    pub reason: String,
    /// The fatal alert that the other side sent, where one is the reason (RFC 5246 section 7.2, RFC 8446 section 6).
    pub received_alert: Option<u8>,
}
