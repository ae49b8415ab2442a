//! The connection: slots, operations chain, tasks and algorithms of webrtc-pc.
//!
//! This file holds the slots and the contract with the harness; [`calls`] says which algorithm each call runs. [`tasks`] is
//! the event loop, [`promises`] and [`operations_chain`] what is asynchronous about a call. Then one file for each part of
//! the specification:
//!
//! - configuration: [`configuration`], [`certificates`], [`constructors`];
//! - negotiation: [`create_description`] with [`generate`], [`negotiation_needed`], and [`set_description`] with
//!   [`apply`] (what JSEP checks), [`apply_local`], [`apply_remote`] and [`roll_back`];
//! - media: [`transceiver`] with [`add_track`], [`encodings`], [`parameters`], [`codecs`], [`dtmf`] and [`remote_tracks`];
//!   [`track`] and [`stream`] are the objects of Media Capture and Streams;
//! - transports: [`transport`] is ICE, DTLS and what they carry joined, [`bundle`] says which media description uses
//!   which, [`negotiate_transport`] starts them, [`candidates`] and [`states`] are what script hears of them,
//!   [`transport_objects`] what it can ask; [`ice_network`] passes on what ICE asks of the host; [`indications`] turns what they report into tasks, [`media`] tells them what to
//!   send and receive;
//! - data: [`data_channel`] and [`data_channel_close`];
//! - [`close`], [`attributes`].
//!
//! [`session`] is what the connection reads out of a description, [`slots`] what some of its slots hold.

mod add_track;
mod apply;
mod apply_local;
mod apply_remote;
mod attributes;
mod bundle;
mod calls;
mod candidates;
mod certificates;
mod close;
mod codecs;
mod configuration;
mod constructors;
mod create_description;
mod data_channel;
mod data_channel_close;
mod dtmf;
mod encodings;
mod generate;
mod ice_network;
mod indications;
mod media;
mod negotiate_transport;
mod negotiation_needed;
mod operations_chain;
mod parameters;
mod promises;
mod remote_tracks;
mod roll_back;
mod session;
mod set_description;
mod slots;
mod states;
mod stream;
mod tasks;
mod track;
mod transceiver;
mod transport;
mod transport_objects;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::SocketAddr;

use glare_peer::{
    Attribute, Called, Configuration, CreateError, Datagram, Handle, HostView, IceConnectionState,
    IceGatheringState, Input, Operation, OperationId, Outbox, Peer, PeerConnectionState, SignalingState,
    SimTime, Step, Unsupported, Value,
};

use self::data_channel::Channel;
use self::ice_network::IceNetwork;
use self::operations_chain::ChainedOperation;
use self::promises::{PromiseId, Promises};
use self::slots::{AppliedDescription, CreatedDescription, SystemState};
use self::stream::Stream;
use self::tasks::{Piece, Task};
use self::track::Track;
use self::transceiver::{Transceiver, TransceiverId};
use self::transport::{Sctp, SctpId, Transport, TransportId};
use crate::dtls::Certificate;
use crate::ice::{Candidate, IceCredentials, IceServer};

/// An `RTCPeerConnection`.
pub(crate) struct Connection {
    host: HostView,
    configuration: Configuration,
    /// Where all chance of this connection comes from; each use takes a generator of its own.
    rng: fastrand::Rng,
    /// Where the names of tracks, streams and the like come from, so that media changes nothing for the rest.
    names: fastrand::Rng,
    /// What the connection authenticates with.
    certificates: Vec<Certificate>,
    /// The servers of the configuration.
    ice_servers: Vec<IceServer>,
    /// What the ICE agents have asked of the host's network.
    ice_network: IceNetwork,
    /// Those of the certificates that script gave, in order.
    configured_certificates: Vec<Handle>,
    /// The canonical name of this endpoint (RFC 7022).
    cname: String,
    now: SimTime,

    // The slots of the constructor, in its order.
    is_closed: bool,
    negotiation_needed: bool,
    sctp_transport: Option<SctpId>,
    last_stable_state_sctp_transport: Option<SctpId>,
    data_channels: Vec<Handle>,
    operations: VecDeque<(ChainedOperation, PromiseId)>,
    update_negotiation_needed_flag_on_empty_chain: bool,
    last_created_offer: Option<CreatedDescription>,
    last_created_answer: Option<CreatedDescription>,
    early_candidates: Vec<(TransportId, Candidate, String)>,
    signaling_state: SignalingState,
    ice_connection_state: IceConnectionState,
    ice_gathering_state: IceGatheringState,
    connection_state: PeerConnectionState,
    pending_local_description: Option<AppliedDescription>,
    current_local_description: Option<AppliedDescription>,
    pending_remote_description: Option<AppliedDescription>,
    current_remote_description: Option<AppliedDescription>,
    local_ice_credentials_to_replace: Vec<IceCredentials>,
    can_trickle_ice_candidates: Option<bool>,
    set_of_transceivers: Vec<TransceiverId>,

    /// Whether `createDataChannel()` has made a channel.
    has_created_data_channel: bool,
    /// How many descriptions have been set or rolled back.
    descriptions_set: u64,
    /// Whether it was we who gave the answer that the current descriptions stem from.
    answered_locally: bool,
    /// How often `addTrack()` has succeeded.
    tracks_added: u64,
    set_local_description_was_called: bool,
    session_id: u64,
    session_version: u64,
    /// New media descriptions get identification tags from here on.
    lowest_mid: u64,
    /// The transport of each media description, as negotiated last and as the pending descriptions have it.
    current_section_transports: Vec<Option<TransportId>>,
    pending_section_transports: Option<Vec<Option<TransportId>>>,

    // Objects that script may hold, also after the connection has let go of them.
    transports: Vec<Transport>,
    sctp_transports: Vec<Sctp>,
    channels: BTreeMap<Handle, Channel>,
    transceivers: Vec<Transceiver>,
    tracks: BTreeMap<Handle, Track>,
    streams: BTreeMap<Handle, Stream>,
    certificate_objects: BTreeMap<Handle, Certificate>,
    /// The streams that were created for what the remote side sends, by their ids.
    remote_streams: BTreeMap<String, Handle>,
    /// The streams that `addstream` has been fired for, and no `removestream` since.
    announced_streams: Vec<Handle>,
    next_handle: u32,
    /// Ports in use.
    bound: BTreeSet<SocketAddr>,
    next_port: u16,

    // The event loop.
    tasks: VecDeque<Task>,
    pieces: VecDeque<Piece>,
    in_task: bool,
    promises: Promises,

    // What goes out with the next step.
    datagrams: Vec<Datagram>,
    secrets: Vec<String>,
    notes: Vec<String>,
}

impl Connection {
    /// `webrtc-pc#dom-peerconnection`, the constructor.
    pub(crate) fn new(host: HostView, configuration: Configuration) -> Result<Connection, CreateError> {
        if configuration.peer_identity.is_some() {
            let what = "the reference engine does not hold the other side to an identity";
            return Err(CreateError::Unsupported(Unsupported::new(what)));
        }
        let mut rng = fastrand::Rng::with_seed(host.seed);
        // Another seed that follows from the same one.
        let mut names = fastrand::Rng::with_seed(host.seed.wrapping_add(0x9E37_79B9_7F4A_7C15));
        let cname: String = (0..16).map(|_| names.alphanumeric()).collect();
        let mut next_handle = Handle::CONNECTION.0 + 1;
        let stored = certificates::store(
            &configuration.certificates,
            &mut rng.fork(),
            host.unix_time,
            &mut next_handle,
        )?;
        let ice_servers = configuration::validated_ice_servers(&configuration).map_err(CreateError::Threw)?;
        // RFC 9429 section 5.2.1: the session id is a number below 2^63, so that it fits a signed integer.
        let session_id = rng.u64(..1 << 63);
        let next_port = *host.ports.start();
        Ok(Connection {
            host,
            configuration,
            rng,
            names,
            certificates: stored.certificates,
            ice_servers,
            ice_network: IceNetwork::default(),
            configured_certificates: stored.objects.keys().copied().collect(),
            cname,
            now: SimTime::ZERO,
            is_closed: false,
            negotiation_needed: false,
            sctp_transport: None,
            last_stable_state_sctp_transport: None,
            data_channels: Vec::new(),
            operations: VecDeque::new(),
            update_negotiation_needed_flag_on_empty_chain: false,
            last_created_offer: None,
            last_created_answer: None,
            early_candidates: Vec::new(),
            signaling_state: SignalingState::Stable,
            ice_connection_state: IceConnectionState::New,
            ice_gathering_state: IceGatheringState::New,
            connection_state: PeerConnectionState::New,
            pending_local_description: None,
            current_local_description: None,
            pending_remote_description: None,
            current_remote_description: None,
            local_ice_credentials_to_replace: Vec::new(),
            can_trickle_ice_candidates: None,
            set_of_transceivers: Vec::new(),
            has_created_data_channel: false,
            descriptions_set: 0,
            answered_locally: false,
            tracks_added: 0,
            set_local_description_was_called: false,
            session_id,
            session_version: 0,
            lowest_mid: 0,
            current_section_transports: Vec::new(),
            pending_section_transports: None,
            transports: Vec::new(),
            sctp_transports: Vec::new(),
            channels: BTreeMap::new(),
            transceivers: Vec::new(),
            tracks: BTreeMap::new(),
            streams: BTreeMap::new(),
            certificate_objects: stored.objects,
            remote_streams: BTreeMap::new(),
            announced_streams: Vec::new(),
            next_handle,
            bound: BTreeSet::new(),
            next_port,
            tasks: VecDeque::new(),
            pieces: VecDeque::new(),
            in_task: false,
            promises: Promises::default(),
            datagrams: Vec::new(),
            secrets: Vec::new(),
            notes: Vec::new(),
        })
    }

    /// `webrtc-pc#dom-peerconnection-localdescription`.
    fn local_description(&self) -> Option<&AppliedDescription> {
        self.pending_local_description
            .as_ref()
            .or(self.current_local_description.as_ref())
    }

    /// `webrtc-pc#dom-peerconnection-remotedescription`.
    fn remote_description(&self) -> Option<&AppliedDescription> {
        self.pending_remote_description
            .as_ref()
            .or(self.current_remote_description.as_ref())
    }

    /// The state of the system that offers and answers depend on.
    fn system_state(&self) -> SystemState {
        SystemState {
            descriptions: self.descriptions_set,
            wants_application: self.has_created_data_channel,
            restarts_ice: !self.local_ice_credentials_to_replace.is_empty(),
            transceivers: self.transceiver_inputs(),
        }
    }

    /// A handle for a new object.
    fn new_handle(&mut self) -> Handle {
        let handle = Handle(self.next_handle);
        self.next_handle += 1;
        handle
    }

    /// Goes on with microtasks, the running task and the next, up to a point where script may run.
    fn proceed(&mut self) -> Step {
        loop {
            self.take_indications();
            self.queue_due_tones();
            if let Some((reaction, settlement)) = self.promises.next_microtask() {
                if let Some(step) = self.run_microtask(reaction, settlement) {
                    return step;
                }
            } else if let Some(piece) = self.pieces.pop_front() {
                if let Some(step) = self.run_piece(piece) {
                    return step;
                }
            } else if std::mem::take(&mut self.in_task) {
                return Step::TaskEnd;
            } else if let Some(task) = self.tasks.pop_front() {
                self.in_task = true;
                self.run_task(task);
            } else {
                let transports = self.transports.iter().filter_map(Transport::deadline);
                return Step::Idle(transports.chain(self.next_tone()).min());
            }
        }
    }
}

impl Peer for Connection {
    fn call(&mut self, now: SimTime, id: OperationId, operation: Operation) -> Called {
        self.now = self.now.max(now);
        self.dispatch(id, operation)
    }

    fn input(&mut self, now: SimTime, input: Input) {
        self.now = self.now.max(now);
        match input {
            Input::Datagram(datagram) => self.receive(&datagram),
            Input::Resolved { query, addresses } => self.name_resolved(query, &addresses),
            Input::TcpConnected { socket, local } => self.tcp_connected(socket, local),
            Input::TcpAccepted {
                listener,
                socket,
                remote,
                ..
            } => self.tcp_accepted(listener, socket, remote),
            Input::TcpReceived { socket, data } => self.tcp_received(socket, &data),
            Input::TcpClosed { socket } => self.tcp_closed(socket),
            other => self.notes.push(format!(
                "{other:?} means nothing to the reference engine; ignored"
            )),
        }
    }

    fn step(&mut self, now: SimTime, out: &mut Outbox) -> Step {
        self.now = self.now.max(now);
        let step = self.proceed();
        out.datagrams.append(&mut self.datagrams);
        out.network.append(&mut self.ice_network.requests);
        out.secrets.append(&mut self.secrets);
        out.notes.append(&mut self.notes);
        step
    }

    fn read(&self, object: Handle, attribute: Attribute) -> Result<Value, Unsupported> {
        self.read_attribute(object, attribute)
    }
}
