//! The connection: slots, operations chain, tasks and algorithms of webrtc-pc.
//!
//! This file holds the slots and the contract with the harness. [`tasks`] is the event loop, [`promises`] and
//! [`operations_chain`] what is asynchronous about a call. Then one file for each part of the specification:
//! [`create_description`] with [`generate`], [`set_description`] (with [`apply`] for what JSEP does inside it), [`negotiation_needed`],
//! [`candidates`], [`states`], [`data_channel`] and [`data_channel_close`], [`close`], [`attributes`]. [`transport`] is
//! what lies below: ICE, DTLS and SCTP joined; [`indications`] turns what they report into tasks. [`session`] is what the
//! connection reads out of a description, [`slots`] what some of its slots hold.

mod apply;
mod attributes;
mod candidates;
mod close;
mod create_description;
mod data_channel;
mod data_channel_close;
#[cfg(feature = "fuzzing")]
mod fuzzing;
mod generate;
mod indications;
mod negotiation_needed;
mod operations_chain;
mod promises;
mod session;
mod set_description;
mod slots;
mod states;
mod tasks;
mod transport;

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
use self::operations_chain::ChainedOperation;
use self::promises::{PromiseId, Promises};
use self::slots::{AppliedDescription, SystemState};
use self::tasks::{Piece, Task};
use self::transport::{Transport, TransportId};
use crate::dtls::Certificate;
use crate::ice::IceCredentials;

/// An `RTCPeerConnection`.
pub(crate) struct Connection {
    host: HostView,
    configuration: Configuration,
    /// Where all chance of this connection comes from; each use takes a generator of its own.
    rng: fastrand::Rng,
    certificate: Certificate,
    now: SimTime,

    // The slots of the constructor, in its order.
    is_closed: bool,
    negotiation_needed: bool,
    sctp_transport: Option<TransportId>,
    last_stable_state_sctp_transport: Option<TransportId>,
    data_channels: Vec<Handle>,
    operations: VecDeque<(ChainedOperation, PromiseId)>,
    update_negotiation_needed_flag_on_empty_chain: bool,
    last_created_offer: Option<(String, SystemState)>,
    last_created_answer: Option<(String, SystemState)>,
    early_candidates: Vec<(TransportId, String, String)>,
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

    /// Whether `createDataChannel()` has made a channel.
    has_created_data_channel: bool,
    /// How many descriptions have been set or rolled back.
    descriptions_set: u64,
    session_id: u64,
    session_version: u64,

    // Objects that script may hold, also after the connection has let go of them.
    transports: Vec<Transport>,
    channels: BTreeMap<Handle, Channel>,
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
        if !configuration.ice_servers.is_empty() {
            let what = "the reference engine does not gather from STUN or TURN servers";
            return Err(CreateError::Unsupported(Unsupported::new(what)));
        }
        let mut rng = fastrand::Rng::with_seed(host.seed);
        let certificate = Certificate::generate(&mut rng.fork(), host.unix_time).map_err(|error| {
            CreateError::Unsupported(Unsupported::new(format!("no certificate could be made: {error}")))
        })?;
        // RFC 9429 section 5.2.1: the session id is a number below 2^63, so that it fits a signed integer.
        let session_id = rng.u64(..1 << 63);
        let next_port = *host.ports.start();
        Ok(Connection {
            host,
            configuration,
            rng,
            certificate,
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
            has_created_data_channel: false,
            descriptions_set: 0,
            session_id,
            session_version: 0,
            transports: Vec::new(),
            channels: BTreeMap::new(),
            next_handle: Handle::CONNECTION.0 + 1,
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

    /// The transport in the `[[SctpTransport]]` slot.
    fn transport(&self) -> Option<&Transport> {
        self.sctp_transport.map(|id| &self.transports[id.0])
    }

    /// The transport in the `[[SctpTransport]]` slot.
    fn transport_mut(&mut self) -> Option<&mut Transport> {
        self.sctp_transport.map(|id| &mut self.transports[id.0])
    }

    /// Whether a transport is the one in the `[[SctpTransport]]` slot.
    fn is_current(&self, id: TransportId) -> bool {
        self.sctp_transport == Some(id)
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
                return Step::Idle(self.transports.iter().filter_map(Transport::deadline).min());
            }
        }
    }
}

impl Peer for Connection {
    fn call(&mut self, now: SimTime, id: OperationId, operation: Operation) -> Called {
        self.now = self.now.max(now);
        let returned = |result: Result<(), glare_peer::Exception>| match result {
            Ok(()) => Called::Returned(Value::Undefined),
            Err(exception) => Called::Threw(exception),
        };
        match operation {
            Operation::CreateOffer(options) => {
                self.chain_an_operation(id, ChainedOperation::CreateOffer(options));
            }
            Operation::CreateAnswer => self.chain_an_operation(id, ChainedOperation::CreateAnswer),
            Operation::SetLocalDescription(description) => {
                self.chain_an_operation(id, ChainedOperation::SetLocalDescription(description));
            }
            Operation::SetRemoteDescription(description) => {
                self.chain_an_operation(id, ChainedOperation::SetRemoteDescription(description));
            }
            Operation::AddIceCandidate(candidate) => self.call_add_ice_candidate(id, candidate),
            Operation::CreateDataChannel { label, init } => {
                return match self.create_data_channel(label, init) {
                    Ok(channel) => Called::Returned(Value::Object(channel)),
                    Err(exception) => Called::Threw(exception),
                };
            }
            Operation::RestartIce => {
                self.restart_ice();
                return Called::Returned(Value::Undefined);
            }
            Operation::Close => {
                self.close();
                return Called::Returned(Value::Undefined);
            }
            Operation::Send { channel, data } => return returned(self.send(channel, &data)),
            Operation::CloseDataChannel { channel } => return returned(self.close_data_channel(channel)),
            Operation::SetBufferedAmountLowThreshold { channel, threshold } => {
                return returned(self.set_buffered_amount_low_threshold(channel, threshold));
            }
            other => {
                let what = format!("the reference engine has no {}()", other.name());
                return Called::Unsupported(Unsupported::new(what));
            }
        }
        Called::Promise
    }

    fn input(&mut self, now: SimTime, input: Input) {
        self.now = self.now.max(now);
        match input {
            Input::Datagram(datagram) => self.receive(&datagram),
            other => self.notes.push(format!(
                "{other:?} means nothing to the reference engine; ignored"
            )),
        }
    }

    fn step(&mut self, now: SimTime, out: &mut Outbox) -> Step {
        self.now = self.now.max(now);
        let step = self.proceed();
        out.datagrams.append(&mut self.datagrams);
        out.secrets.append(&mut self.secrets);
        out.notes.append(&mut self.notes);
        step
    }

    fn read(&self, object: Handle, attribute: Attribute) -> Result<Value, Unsupported> {
        self.read_attribute(object, attribute)
    }
}
