//! A transport: ICE, DTLS over it, and SCTP and SRTP beside one another over that, each with the object that script sees.

mod layers;

use std::collections::VecDeque;
use std::net::SocketAddr;

use glare_peer::{
    Datagram, DtlsTransportState, Handle, IceGatheringState, IceRole, IceTransportState, MessageData,
    SctpTransportState, SimTime,
};

use super::data_channel::ChannelParameters;
use super::session::TransportSection;
use super::tasks::SelectedPair;
use crate::dtls::{DtlsEvent, DtlsRole, DtlsTransport, Fingerprint};
use crate::ice::{Candidate, CandidateUse, IceAgent, IceCredentials, IceEvent};
use crate::rtp::{MediaEvent, MediaSession};
use crate::sctp::{SctpEvent, SctpTransport};

/// Names a transport of the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct TransportId(pub(super) usize);

/// How many DTLS datagrams are kept that come before a description says whom to expect.
const EARLY_DATAGRAMS: usize = 16;

/// Names an `RTCSctpTransport` of the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct SctpId(pub(super) usize);

/// The slots of an `RTCSctpTransport`.
#[derive(Debug)]
pub(super) struct Sctp {
    pub(super) handle: Handle,
    pub(super) state: SctpTransportState,
    /// `[[MaxMessageSize]]`, bytes; infinite for no limit.
    pub(super) max_message_size: Option<f64>,
    /// `[[MaxBufferSize]]`, bytes; infinite for no limit.
    pub(super) max_buffer_size: Option<f64>,
    pub(super) max_channels: Option<u16>,
    /// The transport that it goes over.
    pub(super) transport: TransportId,
}

/// An `RTCDtlsTransport` with its `RTCIceTransport`, and the protocols behind them.
pub(super) struct Transport {
    // The slots of the two objects.
    pub(super) dtls_handle: Handle,
    pub(super) dtls_state: DtlsTransportState,
    /// `[[RemoteCertificates]]`, DER.
    pub(super) remote_certificates: Vec<Vec<u8>>,
    pub(super) ice_handle: Handle,
    pub(super) ice_state: IceTransportState,
    pub(super) gathering_state: IceGatheringState,
    pub(super) ice_role: IceRole,
    pub(super) selected_candidate_pair: SelectedPair,

    // What descriptions say of it.
    /// The media description that has its attributes in the local description: its index and identification tag.
    pub(super) section: Option<(usize, Option<String>)>,
    /// What the last local description calls the DTLS association; none where no description has spoken of it.
    pub(super) described_tls_id: Option<Option<String>>,
    /// What the last negotiation that was completed settled on.
    pub(super) settled: Option<Settled>,

    // What is behind them.
    pub(super) agent: IceAgent,
    /// The addresses that are bound for it, one per address of the host that may be used.
    pub(super) addresses: Vec<SocketAddr>,
    /// The addresses that it listens at for TCP.
    pub(super) listening: Vec<SocketAddr>,
    /// The username fragment of the generation that was gathered last.
    pub(super) gathered: Option<String>,
    /// How many generations are being gathered.
    pub(super) generations_gathering: usize,
    /// The credentials that the ICE agent holds of the remote side.
    pub(super) remote_credentials: Option<IceCredentials>,
    /// What a remote offer says, until the answer to it is set.
    held: Option<HeldRemote>,
    session: Option<DtlsTransport>,
    dtls_started: bool,
    /// What `session` was made for.
    pub(super) dtls: Option<DtlsParameters>,
    early: VecDeque<Vec<u8>>,
    association: Option<SctpTransport>,
    /// What the association reported before that it is established; none once it has.
    before_connected: Option<Vec<SctpEvent>>,
    /// The seed and the ports of the association; none where data is negotiated for another transport, or for none.
    sctp: Option<SctpParameters>,
    /// RTP and RTCP, once media is negotiated for this transport.
    pub(super) media: Option<MediaSession>,
    torn_down: bool,
    /// Datagrams that are ready to go out.
    pub(super) datagrams: Vec<Datagram>,
    /// Lines of the NSS key log.
    pub(super) secrets: Vec<String>,
    /// What a person who studies the run should know.
    pub(super) notes: Vec<String>,
}

/// What a completed negotiation settled on for a transport.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Settled {
    pub(super) local_credentials: IceCredentials,
    pub(super) remote_credentials: Option<IceCredentials>,
    /// What the remote side calls the DTLS association.
    pub(super) remote_tls_id: Option<String>,
}

/// What was negotiated for DTLS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct DtlsParameters {
    pub(super) role: DtlsRole,
    pub(super) remote_fingerprints: Vec<Fingerprint>,
    /// The remote side's `a=tls-id`, if it sends one.
    pub(super) remote_tls_id: Option<String>,
}

impl DtlsParameters {
    /// RFC 9429 section 5.11: whether a description of the remote side asks for another DTLS association than this. One
    /// that leaves `a=tls-id` out says nothing about it.
    pub(super) fn is_another_association(&self, remote: &TransportSection) -> bool {
        let tls_ids = self.remote_tls_id.as_ref().zip(remote.tls_id.as_ref());
        self.remote_fingerprints != remote.fingerprints || tls_ids.is_some_and(|(before, now)| before != now)
    }
}

/// What was negotiated for SCTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SctpParameters {
    pub(super) seed: u64,
    pub(super) local_port: u16,
    pub(super) remote_port: u16,
}

/// An SCTP association on its way from one transport to another.
pub(super) struct MovedSctp {
    parameters: SctpParameters,
    association: Option<SctpTransport>,
    before_connected: Option<Vec<SctpEvent>>,
}

/// What is known of the remote side's new generation before ours is in place.
#[derive(Debug, Clone)]
struct HeldRemote {
    credentials: IceCredentials,
    candidates: Vec<Candidate>,
    end_of_candidates: bool,
}

/// Something that happened in a transport, in order.
#[derive(Debug)]
pub(super) enum TransportEvent {
    Ice(IceEvent),
    /// The DTLS handshake began.
    DtlsConnecting,
    Dtls(DtlsEvent),
    Sctp(SctpEvent),
    Media(MediaEvent),
}

impl Transport {
    /// A transport in its initial state.
    pub(super) fn new(
        [dtls_handle, ice_handle]: [Handle; 2],
        agent: IceAgent,
        addresses: Vec<SocketAddr>,
        role: IceRole,
    ) -> Transport {
        Transport {
            dtls_handle,
            dtls_state: DtlsTransportState::New,
            remote_certificates: Vec::new(),
            ice_handle,
            ice_state: IceTransportState::New,
            gathering_state: IceGatheringState::New,
            ice_role: role,
            selected_candidate_pair: None,
            section: None,
            described_tls_id: None,
            settled: None,
            agent,
            addresses,
            listening: Vec::new(),
            gathered: None,
            generations_gathering: 0,
            remote_credentials: None,
            held: None,
            session: None,
            dtls_started: false,
            dtls: None,
            early: VecDeque::new(),
            association: None,
            before_connected: None,
            sctp: None,
            media: None,
            torn_down: false,
            datagrams: Vec::new(),
            secrets: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// Whether no description refers to it any more.
    pub(super) fn is_discarded(&self) -> bool {
        self.torn_down
    }

    /// The credentials of the last remote description that was set, whether or not it has been answered.
    pub(super) fn described_remote_credentials(&self) -> Option<&IceCredentials> {
        let held = self.held.as_ref().map(|held| &held.credentials);
        held.or(self.remote_credentials.as_ref())
    }

    /// The DTLS role, once it is negotiated.
    pub(super) fn dtls_role(&self) -> Option<DtlsRole> {
        self.dtls.as_ref().map(|dtls| dtls.role)
    }

    /// The number of streams that can be used in both directions.
    pub(super) fn negotiated_channels(&self) -> Option<u16> {
        self.association.as_ref().and_then(SctpTransport::max_channels)
    }

    /// Keeps what a remote offer says from here on until its answer is set, unless it is of the generation in use.
    pub(super) fn hold_remote(&mut self, credentials: &IceCredentials) {
        if self.remote_credentials.as_ref() == Some(credentials) {
            self.held = None;
        } else if self
            .held
            .as_ref()
            .is_none_or(|held| held.credentials != *credentials)
        {
            self.held = Some(HeldRemote {
                credentials: credentials.clone(),
                candidates: Vec::new(),
                end_of_candidates: false,
            });
        }
    }

    /// Forgets what an offer changed that has been rolled back: theirs, or ours that restarted ICE.
    pub(super) fn roll_back(&mut self, now: SimTime) {
        self.held = None;
        let settled = self.settled.as_ref().map(|settled| &settled.local_credentials);
        if settled.is_some_and(|it| it != self.agent.local_credentials()) && self.agent.abandon_restart(now) {
            self.gathered = Some(self.agent.local_credentials().username_fragment.clone());
        }
    }

    /// Gives the ICE agent what a remote offer said, now that the answer to it is set.
    pub(super) fn release_held(&mut self, now: SimTime) {
        let Some(held) = self.held.take() else { return };
        self.set_remote_credentials(now, held.credentials);
        for candidate in held.candidates {
            self.agent.add_remote_candidate(now, candidate);
        }
        if held.end_of_candidates {
            self.agent.remote_end_of_candidates(now);
        }
    }

    /// Gives the ICE agent the remote side's credentials, if they are new.
    pub(super) fn set_remote_credentials(&mut self, now: SimTime, credentials: IceCredentials) {
        if self.remote_credentials.as_ref() != Some(&credentials) {
            self.remote_credentials = Some(credentials.clone());
            self.agent.set_remote_credentials(now, credentials);
        }
    }

    /// Takes a remote candidate of a generation. Says why, where the ICE agent has no use for it.
    pub(super) fn add_remote_candidate(
        &mut self,
        now: SimTime,
        candidate: Candidate,
        username_fragment: Option<&str>,
    ) -> Option<&'static str> {
        match &mut self.held {
            Some(held) if username_fragment.is_none_or(|it| it == held.credentials.username_fragment) => {
                held.candidates.push(candidate);
                None
            }
            _ => match self.agent.add_remote_candidate(now, candidate) {
                CandidateUse::Ignored(why) | CandidateUse::Unpaired(why) => Some(why),
                CandidateUse::Used | CandidateUse::Resolving | CandidateUse::Known | CandidateUse::Held => {
                    None
                }
            },
        }
    }

    /// Takes the end of the candidates of a generation.
    pub(super) fn remote_end_of_candidates(&mut self, now: SimTime, username_fragment: Option<&str>) {
        match &mut self.held {
            Some(held) if username_fragment.is_none_or(|it| it == held.credentials.username_fragment) => {
                held.end_of_candidates = true;
            }
            _ => {
                let current = self
                    .remote_credentials
                    .as_ref()
                    .map(|it| it.username_fragment.as_str());
                if username_fragment.is_none() || username_fragment == current {
                    self.agent.remote_end_of_candidates(now);
                }
            }
        }
    }

    /// Prepares DTLS, which starts once ICE has a pair (RFC 9429 section 5.11). Says whether that ends an SCTP association.
    pub(super) fn prepare(&mut self, now: SimTime, session: DtlsTransport, dtls: DtlsParameters) -> bool {
        let ended = self.association.take().is_some();
        self.dtls_started = false;
        let session = self.session.insert(session);
        for packet in self.early.drain(..) {
            session.input(now, &packet);
        }
        self.dtls = Some(dtls);
        ended
    }

    /// The SCTP association that goes over it, as far as it is negotiated.
    pub(super) fn sctp_parameters(&self) -> Option<SctpParameters> {
        self.sctp
    }

    /// Has SCTP go over this transport from here on: at once if DTLS is connected, otherwise when it is. Says whether that
    /// ends another association.
    pub(super) fn prepare_sctp(&mut self, now: SimTime, sctp: SctpParameters) -> bool {
        let ended = self.association.take().is_some();
        self.sctp = Some(sctp);
        if self.session.as_ref().is_some_and(DtlsTransport::is_connected) {
            self.start_sctp(now);
        }
        ended
    }

    /// Gives up the SCTP association, to be ended, or to go on over another transport.
    pub(super) fn take_sctp(&mut self) -> Option<MovedSctp> {
        Some(MovedSctp {
            parameters: self.sctp.take()?,
            association: self.association.take(),
            before_connected: self.before_connected.take(),
        })
    }

    /// Has the SCTP association of another transport go on over this one.
    pub(super) fn adopt_sctp(&mut self, now: SimTime, moved: MovedSctp) {
        self.sctp = Some(moved.parameters);
        self.association = moved.association;
        self.before_connected = moved.before_connected;
        if self.association.is_none() && self.session.as_ref().is_some_and(DtlsTransport::is_connected) {
            self.start_sctp(now);
        }
    }

    /// Ends the SCTP association with an ABORT and keeps the rest. Says whether there was one.
    pub(super) fn abort_sctp(&mut self, now: SimTime) -> bool {
        if let Some(association) = &mut self.association {
            association.abort(now);
        }
        self.move_packets(now);
        self.take_sctp().is_some()
    }

    fn start_sctp(&mut self, now: SimTime) {
        let (Some(dtls), Some(sctp)) = (&self.dtls, self.sctp) else {
            return;
        };
        let mut association = SctpTransport::new(
            sctp.seed,
            // webrtc-pc#datachannel-send has measured the message before it comes here.
            usize::MAX,
            sctp.local_port,
            sctp.remote_port,
            dtls.role,
            now,
        );
        association.connect(now);
        self.association = Some(association);
        self.before_connected = Some(Vec::new());
    }

    /// Takes a datagram, by its first byte (RFC 7983 section 7).
    ///
    /// # Errors
    ///
    /// What it is, when it is nothing that the transport carries.
    pub(super) fn input(&mut self, now: SimTime, datagram: &Datagram) -> Result<(), String> {
        if self.torn_down {
            return Ok(());
        }
        self.agent
            .input(now, datagram.local, datagram.remote, &datagram.data);
        self.take_packets(now)
    }

    /// Takes what the ICE agent has received for others.
    ///
    /// # Errors
    ///
    /// What the first is that the transport does not carry.
    pub(super) fn take_packets(&mut self, now: SimTime) -> Result<(), String> {
        let mut result = Ok(());
        while let Some(packet) = self.agent.receive() {
            result = result.and(self.input_packet(now, packet));
        }
        result
    }

    /// Takes a packet that came over a candidate pair, by its first byte (RFC 7983 section 7).
    fn input_packet(&mut self, now: SimTime, packet: Vec<u8>) -> Result<(), String> {
        match packet.first() {
            Some(20..=63) => match &mut self.session {
                Some(session) => session.input(now, &packet),
                None => {
                    if self.early.len() == EARLY_DATAGRAMS {
                        self.early.pop_front();
                    }
                    self.early.push_back(packet);
                }
            },
            Some(_) if MediaSession::is_media(&packet) => match &mut self.media {
                Some(media) => media.input(now, &packet),
                None => return Err("no media is negotiated for its transport".to_owned()),
            },
            Some(first) => {
                return Err(format!(
                    "its first byte is {first}, which is neither STUN, DTLS nor SRTP"
                ));
            }
            None => return Err("it is empty".to_owned()),
        }
        Ok(())
    }

    /// Opens a stream as a data channel.
    pub(super) fn open_stream(
        &mut self,
        now: SimTime,
        stream: u16,
        parameters: ChannelParameters,
        negotiated: bool,
    ) -> Result<(), String> {
        let association = self.association.as_mut().ok_or("there is no SCTP association")?;
        association
            .open(now, stream, parameters, negotiated)
            .map_err(|error| error.to_string())
    }

    /// Sends a message on the stream of a data channel.
    pub(super) fn send_message(
        &mut self,
        now: SimTime,
        stream: u16,
        data: &MessageData,
    ) -> Result<(), String> {
        let association = self.association.as_mut().ok_or("there is no SCTP association")?;
        association
            .send(now, stream, data)
            .map_err(|error| error.to_string())
    }

    /// Resets the outgoing stream once what is queued has been sent. False if there is no association any more.
    pub(super) fn close_stream(&mut self, now: SimTime, stream: u16) -> bool {
        match &mut self.association {
            Some(association) => {
                association.close_stream(now, stream);
                true
            }
            None => false,
        }
    }

    /// Ends everything: an ABORT, a `close_notify`, and then the ICE agent.
    pub(super) fn tear_down(&mut self, now: SimTime) {
        if std::mem::replace(&mut self.torn_down, true) {
            return;
        }
        if let Some(association) = &mut self.association {
            association.abort(now);
        }
        self.move_packets(now);
        if let Some(media) = &mut self.media {
            media.close(now);
        }
        self.move_packets(now);
        if let Some(session) = &mut self.session {
            session.close();
        }
        self.move_packets(now);
        self.agent.close();
        self.association = None;
        self.media = None;
        self.session = None;
    }
}
