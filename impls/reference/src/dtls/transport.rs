//! The DTLS transport: a handshake, a verified other side, and then data both ways.

use std::collections::VecDeque;
use std::time::Duration;

use glare_peer::{DtlsVersion, SimTime};

use super::certificate::Certificate;
use super::clock::Clock;
use super::dimpl_session::DimplSession;
use super::fingerprint::{Fingerprint, vouched_for};
use super::key_log::{self, Secret};
use super::record;
use super::session::{Output, Role, Session, SessionError};
use super::srtp::SrtpKeys;

/// The longest payload of a record, bytes (RFC 6347 section 4.1).
const LONGEST_RECORD: usize = 1 << 14;

/// How many datagrams are kept that arrive before [`DtlsTransport::start`]; older ones go first, as on a full
/// queue.
const EARLY_DATAGRAMS: usize = 16;

/// A DTLS association as `RTCDtlsTransport` sees it (RFC 8827 section 6.5). It begins when it is started, and
/// is connected only once the remote certificate is found to match one of the fingerprints given.
pub(crate) struct DtlsTransport {
    session: Box<dyn Session>,
    role: Role,
    state: State,
    remote_fingerprints: Vec<Fingerprint>,
    /// Whether the remote certificate has been seen and matched.
    verified: bool,
    /// The certificate that the other side presented, DER.
    remote_certificate: Option<Vec<u8>>,
    srtp_keys: Option<SrtpKeys>,
    /// The last fatal alert that was sent.
    sent_alert: Option<u8>,
    early: VecDeque<Vec<u8>>,
    transmit: VecDeque<Vec<u8>>,
    events: VecDeque<DtlsEvent>,
    deadline: Option<SimTime>,
    client_random: Option<[u8; 32]>,
    /// Secrets whose client random has not been seen yet.
    secrets: Vec<Secret>,
    /// The number of the next record that is sent in the clear.
    next_clear_record: u64,
    /// What tells the other side that it was refused, once that has been protected.
    farewell: Vec<Vec<u8>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    New,
    Connecting,
    Connected,
    Closed,
    /// Failed, and goes on only until the other side can be told.
    Condemned,
    /// Failed, and says so again whenever the other side goes on as if it had not heard.
    Refused,
    Failed,
}

impl State {
    /// Whether the session behind is still driven.
    fn is_live(self) -> bool {
        matches!(self, State::Connecting | State::Connected | State::Condemned)
    }
}

/// What a [`DtlsTransport`] reports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum DtlsEvent {
    /// The handshake is complete and the remote fingerprint verified.
    Connected,
    /// The payload of a record.
    Data(Vec<u8>),
    /// The other side closed with `close_notify`. Nothing follows.
    Closed,
    /// The association failed. Nothing follows.
    Failed(DtlsFailure),
}

/// Why an association failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum DtlsFailure {
    /// The handshake, or later a record, broke a rule, or time ran out.
    #[error("{reason}")]
    Handshake {
        /// What.
        reason: String,
        /// The fatal alert that the other side sent, if that is the reason (`receivedAlert` of `RTCError`).
        received_alert: Option<u8>,
        /// The fatal alert that was sent on account of it, if one was (`sentAlert` of `RTCError`).
        sent_alert: Option<u8>,
    },
    /// The remote certificate matches none of the fingerprints that count (RFC 8122 section 5).
    #[error(
        "the remote certificate has fingerprint {presented}, but the description gave {}",
        if expected.is_empty() { "none".to_owned() } else {
            expected.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
        }
    )]
    Fingerprint {
        /// What the description gave.
        expected: Vec<Fingerprint>,
        /// The SHA-256 fingerprint of the certificate that came.
        presented: Fingerprint,
        /// The fatal alert that was sent on account of it, if one was (`sentAlert` of `RTCError`).
        sent_alert: Option<u8>,
    },
}

impl DtlsFailure {
    /// The fatal alert that the other side sent, if that is the reason.
    pub fn received_alert(&self) -> Option<u8> {
        match self {
            DtlsFailure::Handshake { received_alert, .. } => *received_alert,
            DtlsFailure::Fingerprint { .. } => None,
        }
    }

    /// The fatal alert that was sent on account of the failure, if one was.
    pub fn sent_alert(&self) -> Option<u8> {
        match self {
            DtlsFailure::Handshake { sent_alert, .. } | DtlsFailure::Fingerprint { sent_alert, .. } => {
                *sent_alert
            }
        }
    }
}

/// Why the transport cannot do what it was asked to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum DtlsError {
    /// No association could be made.
    #[error("cannot set up DTLS: {0}")]
    Setup(String),
    /// Data can be sent only while connected.
    #[error("the DTLS transport is not connected")]
    NotConnected,
    /// The data does not fit a record.
    #[error("{0} bytes do not fit a DTLS record, which holds {LONGEST_RECORD}")]
    TooLong(usize),
    /// The association could not send.
    #[error("DTLS cannot send: {0}")]
    Send(String),
}

impl DtlsTransport {
    /// A transport that has not begun. All its chance comes from `seed`; `unix_time` is the wall clock at
    /// [`SimTime::ZERO`] since the Unix epoch. Without `version` it offers and takes DTLS 1.3 and 1.2.
    ///
    /// # Errors
    ///
    /// [`DtlsError::Setup`] when the library refuses.
    pub fn new(
        certificate: &Certificate,
        role: Role,
        remote_fingerprints: Vec<Fingerprint>,
        version: Option<DtlsVersion>,
        seed: u64,
        unix_time: Duration,
        now: SimTime,
    ) -> Result<DtlsTransport, DtlsError> {
        let clock = Clock::new(unix_time).map_err(|error| DtlsError::Setup(error.to_string()))?;
        let session = DimplSession::new(certificate, role, version, seed, clock, now)
            .map_err(|error| DtlsError::Setup(error.to_string()))?;
        Ok(DtlsTransport {
            session: Box::new(session),
            role,
            state: State::New,
            remote_fingerprints,
            verified: false,
            remote_certificate: None,
            srtp_keys: None,
            sent_alert: None,
            early: VecDeque::new(),
            transmit: VecDeque::new(),
            events: VecDeque::new(),
            deadline: None,
            client_random: None,
            secrets: Vec::new(),
            next_clear_record: 0,
            farewell: Vec::new(),
        })
    }

    /// Begins the handshake, and takes what has arrived before. Without effect when it has begun.
    pub fn start(&mut self, now: SimTime) {
        if self.state != State::New {
            return;
        }
        self.state = State::Connecting;
        let started = self.session.start(now);
        self.drain(started);
        while let Some(packet) = self.early.pop_front() {
            self.input(now, &packet);
        }
    }

    /// Takes a datagram that RFC 7983 section 7 gives to DTLS. What is not part of the association is
    /// dropped.
    pub fn input(&mut self, now: SimTime, packet: &[u8]) {
        match self.state {
            State::New => {
                if self.early.len() == EARLY_DATAGRAMS {
                    self.early.pop_front();
                }
                self.early.push_back(packet.to_vec());
            }
            State::Connecting | State::Connected | State::Condemned => {
                self.client_random = self.client_random.or_else(|| key_log::client_random(packet));
                let taken = self.session.input(now, packet);
                self.drain(taken);
            }
            State::Refused => self.refuse_again(packet),
            State::Closed | State::Failed => {}
        }
    }

    /// Lets what is due at `now` happen.
    pub fn advance(&mut self, now: SimTime) {
        if self.state.is_live() {
            let advanced = self.session.advance(now);
            self.drain(advanced);
        }
    }

    /// When [`DtlsTransport::advance`] is to be called, if nothing comes before.
    pub fn deadline(&self) -> Option<SimTime> {
        self.deadline
    }

    /// Sends data in a record of its own.
    ///
    /// # Errors
    ///
    /// When not connected, when `data` is longer than a record (16384 bytes), or when the association cannot
    /// send.
    pub fn send(&mut self, now: SimTime, data: &[u8]) -> Result<(), DtlsError> {
        if self.state != State::Connected {
            return Err(DtlsError::NotConnected);
        }
        if data.len() > LONGEST_RECORD {
            return Err(DtlsError::TooLong(data.len()));
        }
        let sent = self.session.advance(now).and_then(|()| self.session.send(data));
        self.drain(sent.clone());
        sent.map_err(|error| DtlsError::Send(error.reason))
    }

    /// The next datagram to send.
    pub fn transmit(&mut self) -> Option<Vec<u8>> {
        self.transmit.pop_front()
    }

    /// The next event.
    pub fn event(&mut self) -> Option<DtlsEvent> {
        self.events.pop_front()
    }

    /// The lines of the NSS key log that came up since last asked.
    pub fn secrets(&mut self) -> Vec<String> {
        let Some(client_random) = self.client_random else {
            return Vec::new();
        };
        let secrets = std::mem::take(&mut self.secrets);
        secrets
            .iter()
            .map(|secret| secret.line(&secret.client_random.unwrap_or(client_random)))
            .collect()
    }

    /// The version agreed on, once it is.
    pub fn version(&self) -> Option<DtlsVersion> {
        self.session.version()
    }

    /// Which side of the handshake this is.
    pub fn role(&self) -> Role {
        self.role
    }

    /// The cipher suite agreed on, once it is, by its name in the registry of TLS (`dtlsCipher` of
    /// `RTCTransportStats`).
    pub fn cipher_suite(&self) -> Option<&'static str> {
        self.session.negotiated().cipher_suite
    }

    /// The group of the key exchange, once it is agreed on, by its name in the registry of TLS.
    pub fn group(&self) -> Option<&'static str> {
        self.session.negotiated().group
    }

    /// Whether the handshake is complete, the remote fingerprint verified, and nothing has ended the association since.
    pub fn is_connected(&self) -> bool {
        self.state == State::Connected
    }

    /// The profile and the keys for SRTP, while connected, if the other side takes SRTP (RFC 5764).
    ///
    /// Every association offers all of [`SrtpProfile`](super::SrtpProfile), whether or not there is media yet, because
    /// media may be added to a running one: AES-256-GCM first, then AES-128-GCM, then AES-CM. As a server of DTLS 1.2
    /// it takes the first of these that it is offered, in DTLS 1.3 the client's first. The DTLS library has no setting
    /// for either.
    pub fn srtp_keys(&self) -> Option<&SrtpKeys> {
        self.srtp_keys.as_ref().filter(|_| self.state == State::Connected)
    }

    /// The certificate with which the other side authenticated, DER, once it is verified. The DTLS library gives out
    /// the first of a chain; the certificates of WebRTC are self-signed and have no other (RFC 8827 section 6.5).
    pub fn remote_certificate(&self) -> Option<&[u8]> {
        self.remote_certificate.as_deref().filter(|_| self.verified)
    }

    /// Ends the association on purpose: `close_notify` when it is connected, silence when it is not. No event
    /// follows.
    pub fn close(&mut self) {
        if self.state.is_live() {
            let farewell = self.farewell();
            self.transmit.extend(farewell);
        }
        self.state = State::Closed;
        self.early.clear();
        self.deadline = None;
    }

    /// Takes everything the session has to say, and after it the error, should it have come to one.
    fn drain(&mut self, result: Result<(), SessionError>) {
        while self.state.is_live() {
            match self.session.poll() {
                Output::Packet(packet) => self.sent(packet),
                Output::PeerCertificate(certificate) => self.verify(certificate),
                Output::SrtpKeys(keys) => self.srtp_keys = Some(keys),
                Output::Connected => self.connected(),
                Output::Data(data) => {
                    if self.state == State::Connected {
                        self.events.push_back(DtlsEvent::Data(data));
                    }
                }
                Output::CloseNotify => {
                    // RFC 5246 section 7.2.1: answered with a close_notify of our own.
                    let condemned = self.state == State::Condemned;
                    self.close();
                    if !condemned {
                        self.events.push_back(DtlsEvent::Closed);
                    }
                }
                Output::Wait(deadline) => {
                    self.deadline = deadline;
                    break;
                }
            }
        }
        self.secrets.extend(self.session.secrets());
        match (result, self.state) {
            (
                Err(SessionError {
                    reason,
                    received_alert,
                }),
                State::Connecting | State::Connected,
            ) => {
                let failure = DtlsFailure::Handshake {
                    reason,
                    received_alert,
                    sent_alert: self.sent_alert,
                };
                self.fail(State::Failed, failure);
            }
            (Err(_), State::Condemned) => self.rest(State::Failed),
            _ => {}
        }
    }

    /// The datagrams with `close_notify`, if the session can send it.
    fn farewell(&mut self) -> Vec<Vec<u8>> {
        let mut packets = Vec::new();
        // The library refuses only when it has nothing to close any more, and then there is nothing to send.
        if self.session.close().is_ok() {
            loop {
                match self.session.poll() {
                    Output::Packet(packet) => packets.push(packet),
                    Output::Wait(_) => break,
                    // What else there is to tell interests nobody any more.
                    _ => {}
                }
            }
        }
        packets
    }

    fn sent(&mut self, packet: Vec<u8>) {
        self.client_random = self.client_random.or_else(|| key_log::client_random(&packet));
        for record in record::in_the_clear(&packet) {
            self.next_clear_record = self.next_clear_record.max(record.number + 1);
            self.sent_alert = record.fatal_alert().or(self.sent_alert);
        }
        self.transmit.push_back(packet);
    }

    /// RFC 8827 section 6.5: the certificate must match before anything is taken from the other side.
    fn verify(&mut self, certificate: Vec<u8>) {
        if vouched_for(&certificate, &self.remote_fingerprints) {
            self.verified = true;
            self.remote_certificate = Some(certificate);
            return;
        }
        let told = self.session.version() == Some(DtlsVersion::V1_2);
        let failure = DtlsFailure::Fingerprint {
            expected: self.remote_fingerprints.clone(),
            presented: Fingerprint::sha256_of(&certificate),
            sent_alert: told.then_some(BAD_CERTIFICATE),
        };
        match (self.session.version(), self.role) {
            (Some(DtlsVersion::V1_2), _) => {
                self.fail(State::Refused, failure);
                self.refuse();
            }
            // In DTLS 1.3 the client is connected by now, and would stay so if it were not told.
            (_, Role::Server) => self.fail(State::Condemned, failure),
            // The server is not, and will not be.
            (_, Role::Client) => self.fail(State::Failed, failure),
        }
    }

    fn connected(&mut self) {
        if self.state == State::Condemned {
            self.farewell = self.farewell();
            self.transmit.extend(self.farewell.iter().cloned());
            self.rest(State::Refused);
        } else if self.verified {
            self.state = State::Connected;
            self.events.push_back(DtlsEvent::Connected);
        } else {
            self.fail(
                State::Failed,
                DtlsFailure::Handshake {
                    reason: "the other side presented no certificate".to_owned(),
                    received_alert: None,
                    sent_alert: self.sent_alert,
                },
            );
        }
    }

    fn rest(&mut self, state: State) {
        self.state = state;
        self.deadline = None;
    }

    fn fail(&mut self, state: State, failure: DtlsFailure) {
        self.rest(state);
        self.events.push_back(DtlsEvent::Failed(failure));
    }

    /// Sends the fatal alert `bad_certificate` (RFC 5246 section 7.2.2). The library has no way to send one,
    /// so it is written here, which can be done as long as records go in the clear: in DTLS 1.2 the
    /// certificates are exchanged before the keys are in use. In DTLS 1.3 the alert would have to be
    /// encrypted. There a server ends the association with `close_notify` as soon as the library can send it,
    /// and a client falls silent.
    fn refuse(&mut self) {
        self.transmit
            .push_back(record::clear_fatal_alert(self.next_clear_record, BAD_CERTIFICATE));
        self.next_clear_record += 1;
    }

    /// An alert is not retransmitted, but sent again when what it answers comes again (RFC 6347 section
    /// 4.2.7, RFC 9147 section 5.10). Should the first `close_notify` have arrived, the other side drops the
    /// second as a replay.
    fn refuse_again(&mut self, packet: &[u8]) {
        if !self.farewell.is_empty() {
            self.transmit.extend(self.farewell.iter().cloned());
        } else if packet.first() == Some(&record::HANDSHAKE) {
            self.refuse();
        }
    }
}

/// RFC 5246 section 7.2.
const BAD_CERTIFICATE: u8 = 42;
