//! One allocation on a TURN server (RFC 8656), sans-IO: allocating, permissions, channels, refreshing.
//!
//! The formats are those of `turn-types`. Its companion `turn-client-proto` draws transaction ids from a generator of the
//! thread, so the protocol is here, where chance is an argument.

use std::collections::{BTreeMap, VecDeque};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use glare_peer::SimTime;
use stun_types::attribute::{
    AlternateServer, AttributeStaticType as _, AttributeWrite, ErrorCode, MessageIntegrity, Nonce, Realm,
    Username, XorMappedAddress,
};
use stun_types::message::{
    IntegrityAlgorithm, IntegrityKey, LongTermCredentials, Message, MessageClass, MessageType,
    MessageWrite as _, MessageWriteExt as _, MessageWriteVec, Method, TransactionId,
};
use turn_types::AddressFamily;
use turn_types::attribute::{
    ChannelNumber, Data, Lifetime, RequestedAddressFamily, RequestedTransport, XorPeerAddress,
    XorRelayedAddress,
};
use turn_types::channel::ChannelData;
use turn_types::message::{ALLOCATE, CHANNEL_BIND, CREATE_PERMISSION, DATA, REFRESH, SEND};

use super::transaction::{Due, MINIMUM_TIMEOUT, Schedule};

/// The greatest number of peers of one allocation; each belongs to a pair.
const MAXIMUM_PEERS: usize = super::checklist::MAXIMUM_PAIRS;
/// Packets that wait for the permission to be installed, for each peer.
const MAXIMUM_WAITING: usize = 8;
/// How often one request is made anew because its nonce was stale or its credentials were missing.
const MAXIMUM_RETRIES: u8 = 3;
/// RFC 8656 section 9: a permission lasts 300 seconds. It is refreshed a minute before.
const PERMISSION_REFRESH: Duration = Duration::from_secs(240);
/// RFC 8656 section 12: a channel lasts 600 seconds. It is refreshed a minute before.
const CHANNEL_REFRESH: Duration = Duration::from_secs(540);
/// RFC 8656 section 8: an allocation is refreshed about a minute before it expires.
const REFRESH_MARGIN: Duration = Duration::from_secs(60);
/// The numbers of channels (RFC 8656 section 12).
const FIRST_CHANNEL: u16 = 0x4000;
const LAST_CHANNEL: u16 = 0x4FFF;
/// The longest packet that fits in a `DATA` attribute beside what goes with it.
const LONGEST_PACKET: usize = 65_000;

/// What happened to an allocation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum TurnEvent {
    /// The server relays to and from an address.
    Allocated,
    /// There is no allocation.
    Failed {
        /// From 300 to 699, or 701 where no answer came.
        code: u16,
        reason: String,
    },
    /// RFC 8489 section 10: another server is to be asked.
    Redirected(SocketAddr),
    /// The allocation is no more.
    Lost,
    /// The server relays nothing to or from this address.
    Refused(IpAddr),
    /// A packet of a peer.
    Data { peer: SocketAddr, data: Vec<u8> },
}

/// A request to the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Request {
    Allocate,
    Refresh,
    /// RFC 8656 section 8: a lifetime of zero gives the allocation back.
    Release,
    Permission(IpAddr),
    Bind(u16, SocketAddr),
}

#[derive(Debug)]
struct Pending {
    id: TransactionId,
    request: Request,
    packet: Vec<u8>,
    schedule: Schedule,
    is_authenticated: bool,
    retries: u8,
}

#[derive(Debug)]
struct Permission {
    is_installed: bool,
    /// Whether something was sent to the peer since it was refreshed.
    is_used: bool,
    refresh: SimTime,
    waiting: VecDeque<(SocketAddr, Vec<u8>)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ChannelState {
    Binding,
    Bound,
    /// The server does not bind it; `Send` indications do.
    Refused,
}

#[derive(Debug)]
struct Channel {
    number: u16,
    peer: SocketAddr,
    state: ChannelState,
    refresh: SimTime,
}

/// The client's side of an allocation.
#[derive(Debug)]
pub(super) struct TurnClient {
    username: String,
    credentials: LongTermCredentials,
    family: AddressFamily,
    is_reliable: bool,
    realm: Option<String>,
    nonce: Option<String>,
    key: Option<IntegrityKey>,
    relayed: Option<SocketAddr>,
    mapped: Option<SocketAddr>,
    refresh: Option<SimTime>,
    pending: Vec<Pending>,
    permissions: BTreeMap<IpAddr, Permission>,
    channels: Vec<Channel>,
    next_channel: u16,
    rng: fastrand::Rng,
    output: VecDeque<Vec<u8>>,
    events: VecDeque<TurnEvent>,
}

impl TurnClient {
    /// A client that asks for an address of the family of `local`. It speaks over a stream where `is_reliable`.
    pub(super) fn new(
        username: &str,
        credential: &str,
        local: IpAddr,
        is_reliable: bool,
        rng: fastrand::Rng,
    ) -> TurnClient {
        TurnClient {
            username: username.to_owned(),
            credentials: LongTermCredentials::new(username.to_owned(), credential.to_owned()),
            family: match local {
                IpAddr::V4(_) => AddressFamily::IPV4,
                IpAddr::V6(_) => AddressFamily::IPV6,
            },
            is_reliable,
            realm: None,
            nonce: None,
            key: None,
            relayed: None,
            mapped: None,
            refresh: None,
            pending: Vec::new(),
            permissions: BTreeMap::new(),
            channels: Vec::new(),
            next_channel: FIRST_CHANNEL,
            rng,
            output: VecDeque::new(),
            events: VecDeque::new(),
        }
    }

    /// RFC 8656 section 7.1: asks for an allocation.
    pub(super) fn allocate(&mut self, now: SimTime) {
        self.request(now, Request::Allocate, 0);
    }

    /// The relayed transport address.
    pub(super) fn relayed(&self) -> Option<SocketAddr> {
        self.relayed
    }

    /// Where the server sees us.
    pub(super) fn mapped(&self) -> Option<SocketAddr> {
        self.mapped
    }

    /// The next packet to the server.
    pub(super) fn transmit(&mut self) -> Option<Vec<u8>> {
        self.output.pop_front()
    }

    /// What happened next.
    pub(super) fn event(&mut self) -> Option<TurnEvent> {
        self.events.pop_front()
    }

    /// When [`advance`](TurnClient::advance) is due.
    pub(super) fn deadline(&self) -> Option<SimTime> {
        let pending = self.pending.iter().map(|pending| pending.schedule.deadline());
        let permissions = self.permissions.values();
        let permissions = permissions.filter(|it| it.is_installed).map(|it| it.refresh);
        let channels = self.channels.iter();
        let channels = channels
            .filter(|it| it.state == ChannelState::Bound)
            .map(|it| it.refresh);
        pending
            .chain(permissions)
            .chain(channels)
            .chain(self.refresh)
            .min()
    }

    /// Sends a packet to a peer, once the server lets it through (RFC 8656 sections 9 to 12).
    pub(super) fn send(&mut self, now: SimTime, peer: SocketAddr, data: &[u8]) {
        // What no datagram takes is lost.
        if data.len() > LONGEST_PACKET {
            return;
        }
        if !self.permissions.contains_key(&peer.ip()) {
            if self.permissions.len() == MAXIMUM_PEERS {
                return;
            }
            let permission = Permission {
                is_installed: false,
                is_used: true,
                refresh: now,
                waiting: VecDeque::new(),
            };
            self.permissions.insert(peer.ip(), permission);
            self.request(now, Request::Permission(peer.ip()), 0);
        }
        let Some(permission) = self.permissions.get_mut(&peer.ip()) else {
            return;
        };
        permission.is_used = true;
        if !permission.is_installed {
            if permission.waiting.len() == MAXIMUM_WAITING {
                permission.waiting.pop_front();
            }
            permission.waiting.push_back((peer, data.to_vec()));
            return;
        }
        self.send_now(peer, data);
    }

    fn send_now(&mut self, peer: SocketAddr, data: &[u8]) {
        let mut channels = self.channels.iter();
        let bound = channels.find(|channel| channel.peer == peer && channel.state == ChannelState::Bound);
        if let Some(channel) = bound {
            let mut packet = vec![0; 4 + data.len()];
            ChannelData::new(channel.number, data).write_into_unchecked(&mut packet);
            if self.is_reliable {
                packet.resize(packet.len().next_multiple_of(4), 0);
            }
            self.output.push_back(packet);
            return;
        }
        let id = TransactionId::from(self.rng.u128(..));
        let message_type = MessageType::from_class_method(MessageClass::Indication, SEND);
        let mut message = Message::builder(message_type, id, MessageWriteVec::new());
        message.push_attribute_unchecked(&XorPeerAddress::new(peer, id));
        message.push_attribute_unchecked(&Data::new(data));
        self.output.push_back(message.finish());
    }

    /// RFC 8656 section 12: binds a channel to a peer that much is sent to.
    pub(super) fn bind(&mut self, now: SimTime, peer: SocketAddr) {
        let is_known = self.channels.iter().any(|channel| channel.peer == peer);
        if is_known || self.channels.len() == MAXIMUM_PEERS || self.next_channel > LAST_CHANNEL {
            return;
        }
        let number = self.next_channel;
        self.next_channel += 1;
        self.channels.push(Channel {
            number,
            peer,
            state: ChannelState::Binding,
            refresh: now,
        });
        self.request(now, Request::Bind(number, peer), 0);
    }

    /// RFC 8656 section 8: gives the allocation back, without waiting for the answer.
    pub(super) fn release(&mut self, now: SimTime) {
        self.pending.clear();
        if self.relayed.take().is_some() {
            self.request(now, Request::Release, 0);
        }
        self.pending.clear();
        self.permissions.clear();
        self.channels.clear();
        self.refresh = None;
    }

    /// A packet of the server, one message. Returns whether it was for this allocation.
    pub(super) fn input(&mut self, now: SimTime, packet: &[u8]) -> bool {
        if let Ok(channel_data) = ChannelData::parse(packet) {
            let mut channels = self.channels.iter();
            let channel = channels.find(|channel| channel.number == channel_data.id());
            let Some(channel) = channel.filter(|channel| channel.state != ChannelState::Refused) else {
                return false;
            };
            self.events.push_back(TurnEvent::Data {
                peer: channel.peer,
                data: channel_data.data().to_vec(),
            });
            return true;
        }
        let Ok(message) = Message::from_bytes(packet) else {
            return false;
        };
        match message.class() {
            MessageClass::Indication if message.has_method(DATA) => self.indication(&message),
            MessageClass::Success | MessageClass::Error => self.response(now, &message),
            MessageClass::Indication | MessageClass::Request => false,
        }
    }

    /// RFC 8656 section 11.4: a packet of a peer.
    fn indication(&mut self, message: &Message<'_>) -> bool {
        let peer = message.attribute::<XorPeerAddress>();
        let data = message.attribute::<Data>();
        let (Ok(peer), Ok(data)) = (peer, data) else {
            return false;
        };
        let peer = peer.addr(message.transaction_id());
        if !self.permissions.contains_key(&peer.ip()) {
            return false;
        }
        self.events.push_back(TurnEvent::Data {
            peer,
            data: data.data().to_vec(),
        });
        true
    }

    fn response(&mut self, now: SimTime, message: &Message<'_>) -> bool {
        let id = message.transaction_id();
        let Some(index) = self.pending.iter().position(|pending| pending.id == id) else {
            return false;
        };
        // RFC 8489 section 9.2.5: an answer with a wrong integrity counts as never received, and so does a success
        // without one, once a realm is known.
        let is_signed = message.has_attribute(MessageIntegrity::TYPE);
        let is_success = message.has_class(MessageClass::Success);
        if let Some(key) = &self.key
            && self.pending[index].is_authenticated
            && (is_signed || is_success)
            && message.validate_integrity_with_key(key).is_err()
        {
            return true;
        }
        let pending = self.pending.swap_remove(index);
        if is_success {
            self.succeeded(now, pending.request, message);
        } else {
            self.refused(now, &pending, message);
        }
        true
    }

    fn succeeded(&mut self, now: SimTime, request: Request, message: &Message<'_>) {
        match request {
            Request::Allocate => {
                let id = message.transaction_id();
                let Ok(relayed) = message.attribute::<XorRelayedAddress>() else {
                    return self.fail(400, "the answer has no XOR-RELAYED-ADDRESS");
                };
                let relayed = relayed.addr(id);
                self.relayed = Some(relayed);
                self.schedule_refresh(now, message);
                let mapped = message.attribute::<XorMappedAddress>();
                self.mapped = mapped.ok().map(|mapped| mapped.addr(id));
                self.events.push_back(TurnEvent::Allocated);
            }
            Request::Refresh => self.schedule_refresh(now, message),
            Request::Release => {}
            Request::Permission(peer) => {
                let Some(permission) = self.permissions.get_mut(&peer) else {
                    return;
                };
                permission.is_installed = true;
                permission.refresh = now + PERMISSION_REFRESH;
                for (peer, data) in std::mem::take(&mut permission.waiting) {
                    self.send_now(peer, &data);
                }
            }
            Request::Bind(number, _) => {
                let mut channels = self.channels.iter_mut();
                if let Some(channel) = channels.find(|channel| channel.number == number) {
                    channel.state = ChannelState::Bound;
                    channel.refresh = now + CHANNEL_REFRESH;
                }
            }
        }
    }

    /// RFC 8656 section 8: half of a short life, or a minute before the end of a long one.
    fn schedule_refresh(&mut self, now: SimTime, message: &Message<'_>) {
        const DEFAULT: u32 = 600;
        let lifetime = message.attribute::<Lifetime>().map_or(DEFAULT, |it| it.seconds());
        let lifetime = Duration::from_secs(u64::from(lifetime.max(1)));
        self.refresh = Some(now + lifetime.saturating_sub(REFRESH_MARGIN).max(lifetime / 2));
    }

    fn refused(&mut self, now: SimTime, pending: &Pending, message: &Message<'_>) {
        let error = message.attribute::<ErrorCode>();
        let (code, reason) = match &error {
            Ok(error) => (error.code(), error.reason().to_owned()),
            Err(_) => (500, "the answer has no ERROR-CODE".to_owned()),
        };
        let may_retry = match code {
            // RFC 8489 section 9.2.5: credentials were missing, or are wrong.
            ErrorCode::UNAUTHORIZED => !pending.is_authenticated,
            ErrorCode::STALE_NONCE => true,
            _ => false,
        };
        if may_retry && pending.retries < MAXIMUM_RETRIES && self.take_challenge(message) {
            return self.request(now, pending.request, pending.retries + 1);
        }
        match pending.request {
            Request::Allocate => match message.attribute::<AlternateServer>() {
                Ok(alternate) if code == ErrorCode::TRY_ALTERNATE => {
                    self.events.push_back(TurnEvent::Redirected(alternate.server()));
                }
                _ => self.fail(code, &reason),
            },
            _ if code == ErrorCode::ALLOCATION_MISMATCH => self.lose(),
            Request::Refresh => self.lose(),
            Request::Release => {}
            Request::Permission(peer) => self.refuse_peer(peer),
            Request::Bind(number, _) => self.refuse_channel(number),
        }
    }

    /// RFC 8489 section 9.2.5: takes realm and nonce of a 401 or 438. Returns whether they are there.
    fn take_challenge(&mut self, message: &Message<'_>) -> bool {
        let Ok(nonce) = message.attribute::<Nonce>() else {
            return false;
        };
        let realm = message.attribute::<Realm>().ok();
        let Some(realm) = realm.map(|realm| realm.realm().to_owned()).or(self.realm.take()) else {
            return false;
        };
        self.nonce = Some(nonce.nonce().to_owned());
        let key = self.credentials.to_key(realm.clone());
        self.key = Some(key.make_key(IntegrityAlgorithm::Sha1));
        self.realm = Some(realm);
        true
    }

    fn fail(&mut self, code: u16, reason: &str) {
        self.pending.clear();
        self.events.push_back(TurnEvent::Failed {
            code,
            reason: reason.to_owned(),
        });
    }

    /// The connection to the server has ended, or the server knows the allocation no more.
    pub(super) fn lose(&mut self) {
        self.pending.clear();
        self.permissions.clear();
        self.channels.clear();
        self.refresh = None;
        if self.relayed.take().is_some() {
            self.events.push_back(TurnEvent::Lost);
        }
    }

    fn refuse_peer(&mut self, peer: IpAddr) {
        self.permissions.remove(&peer);
        self.events.push_back(TurnEvent::Refused(peer));
    }

    fn refuse_channel(&mut self, number: u16) {
        let mut channels = self.channels.iter_mut();
        if let Some(channel) = channels.find(|channel| channel.number == number) {
            channel.state = ChannelState::Refused;
        }
    }

    /// Does what is due at `now`.
    pub(super) fn advance(&mut self, now: SimTime) {
        let mut timed_out = Vec::new();
        let output = &mut self.output;
        self.pending
            .retain_mut(|pending| match pending.schedule.advance(now) {
                Due::Nothing => true,
                Due::Retransmit => {
                    output.push_back(pending.packet.clone());
                    true
                }
                Due::TimedOut => {
                    timed_out.push(pending.request);
                    false
                }
            });
        for request in timed_out {
            match request {
                Request::Allocate => self.fail(super::gathering::UNREACHABLE, "no answer came"),
                Request::Refresh => self.lose(),
                Request::Release => {}
                Request::Permission(peer) => self.refuse_peer(peer),
                Request::Bind(number, _) => self.refuse_channel(number),
            }
        }
        if self.refresh.is_some_and(|refresh| now >= refresh) {
            self.refresh = None;
            self.request(now, Request::Refresh, 0);
        }
        self.refresh_permissions(now);
        let mut due = Vec::new();
        for channel in &mut self.channels {
            if channel.state == ChannelState::Bound && now >= channel.refresh {
                channel.refresh = now + CHANNEL_REFRESH;
                due.push(Request::Bind(channel.number, channel.peer));
            }
        }
        for request in due {
            self.request(now, request, 0);
        }
    }

    /// Refreshes the permissions that were used, and lets the others expire. One that is used again is asked for anew.
    fn refresh_permissions(&mut self, now: SimTime) {
        let mut due = Vec::new();
        self.permissions.retain(|peer, permission| {
            if !permission.is_installed || now < permission.refresh {
                return true;
            }
            permission.refresh = now + PERMISSION_REFRESH;
            if std::mem::take(&mut permission.is_used) {
                due.push(Request::Permission(*peer));
                return true;
            }
            false
        });
        for request in due {
            self.request(now, request, 0);
        }
    }

    fn request(&mut self, now: SimTime, request: Request, retries: u8) {
        let id = TransactionId::from(self.rng.u128(..));
        let packet = match request {
            Request::Allocate => {
                let transport = RequestedTransport::new(RequestedTransport::UDP);
                match self.family {
                    // RFC 8656 section 18.6: without the attribute the address is of IPv4, and old servers know no other.
                    AddressFamily::IPV4 => self.write(ALLOCATE, id, &[&transport]),
                    AddressFamily::IPV6 => {
                        let family = RequestedAddressFamily::new(self.family);
                        self.write(ALLOCATE, id, &[&transport, &family])
                    }
                }
            }
            Request::Refresh => self.write(REFRESH, id, &[]),
            Request::Release => self.write(REFRESH, id, &[&Lifetime::new(0)]),
            Request::Permission(peer) => {
                let peer = XorPeerAddress::new(SocketAddr::new(peer, 0), id);
                self.write(CREATE_PERMISSION, id, &[&peer])
            }
            Request::Bind(number, peer) => {
                let number = ChannelNumber::new(number);
                self.write(CHANNEL_BIND, id, &[&number, &XorPeerAddress::new(peer, id)])
            }
        };
        let Some(packet) = packet else {
            return self.fail(400, "the credentials do not fit in a message");
        };
        self.output.push_back(packet.clone());
        self.pending.push(Pending {
            id,
            request,
            packet,
            schedule: if self.is_reliable {
                Schedule::reliable(now)
            } else {
                Schedule::unreliable(now, MINIMUM_TIMEOUT)
            },
            is_authenticated: self.key.is_some(),
            retries,
        });
    }

    /// RFC 8489 section 9.2.3: a request, with what authenticates it once realm and nonce are known. None where they, or
    /// the username, fit in no attribute.
    fn write(
        &self,
        method: Method,
        id: TransactionId,
        attributes: &[&dyn AttributeWrite],
    ) -> Option<Vec<u8>> {
        let message_type = MessageType::from_class_method(MessageClass::Request, method);
        let mut message = Message::builder(message_type, id, MessageWriteVec::new());
        for attribute in attributes {
            message.push_attribute_unchecked(*attribute);
        }
        if let (Some(realm), Some(nonce), Some(key)) = (&self.realm, &self.nonce, &self.key) {
            message.add_attribute(&Username::new(&self.username).ok()?).ok()?;
            message.add_attribute(&Realm::new(realm).ok()?).ok()?;
            message.add_attribute(&Nonce::new(nonce).ok()?).ok()?;
            message
                .add_message_integrity_with_key(key, IntegrityAlgorithm::Sha1)
                .ok()?;
        }
        message.add_fingerprint().ok()?;
        Some(message.finish())
    }
}
