//! What requests do: Binding (RFC 8489) and TURN (RFC 8656).
//!
//! Users authenticate with long-term credentials and MESSAGE-INTEGRITY; the extensions of RFC 8489 for it (password algorithms, user
//! hashes) are not offered. Fragmentation, reservations and TCP to peers (RFC 6062) are not either, and are refused as the
//! RFC has servers refuse what they lack.

use std::collections::{BTreeMap, VecDeque};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use fastrand::Rng;
use glare_peer::SimTime;
use stun_types::attribute::{
    AttributeStaticType as _, AttributeType, MessageIntegrity, Nonce, RawAttribute, Realm, Username,
};
use stun_types::message::{IntegrityAlgorithm, IntegrityKey, LongTermKeyCredentials, Message, MessageClass};

use super::ServerOutput;
use super::allocation::{Allocation, CHANNELS, Channel, channel_data, write_channel_data};
use super::message::{self, Family, Refusal};
use super::plan::{DEFAULT_LIFETIME, RequestKind, ServerFaultAction, ServerPlan, Transport, TurnPlan};
use crate::fate::mix;
use crate::tcp::TcpId;

/// A client: RFC 8656 section 3.2 tells allocations apart by the five-tuple.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Client {
    pub(super) transport: Transport,
    pub(super) local: SocketAddr,
    pub(super) remote: SocketAddr,
    /// The connection, over TCP.
    pub(super) connection: Option<TcpId>,
}

/// What a server keeps.
#[derive(Debug)]
pub(super) struct Turn {
    plan: ServerPlan,
    addresses: Vec<IpAddr>,
    rng: Rng,
    /// What makes nonces ours.
    secret: u64,
    allocations: BTreeMap<Client, Allocation>,
    /// Whose each relayed address is.
    relayed: BTreeMap<SocketAddr, Client>,
    /// How many requests each fault has matched.
    matched: Vec<u32>,
}

/// RFC 8656 section 9.
const PERMISSION_LIFETIME: Duration = Duration::from_secs(300);
/// RFC 8656 section 12.
const CHANNEL_LIFETIME: Duration = Duration::from_secs(600);
/// The ports of relayed addresses (RFC 8656 section 7.2).
const RELAY_PORTS: std::ops::RangeInclusive<u16> = 49_152..=65_535;
/// The most allocations at a time; more are refused with 508.
const MAX_ALLOCATIONS: usize = 1_000;
/// The most permissions, and the most channels, of an allocation; more are refused with 508.
const MAX_PEERS: usize = 256;
/// UDP in REQUESTED-TRANSPORT (RFC 8656 section 18.7).
const UDP: u8 = 17;

/// A request that is authentic.
struct Authentic {
    username: String,
    key: IntegrityKey,
}

impl Turn {
    pub(super) fn new(plan: ServerPlan, addresses: &[IpAddr], mut rng: Rng) -> Turn {
        Turn {
            matched: vec![0; plan.faults.len()],
            plan,
            addresses: addresses.to_vec(),
            secret: rng.u64(..),
            rng,
            allocations: BTreeMap::new(),
            relayed: BTreeMap::new(),
        }
    }

    /// Whether an address is a relayed one.
    pub(super) fn is_relayed(&self, address: SocketAddr) -> bool {
        self.relayed.contains_key(&address)
    }

    /// Ends the allocation of a connection that is closed.
    pub(super) fn forget(&mut self, connection: TcpId) {
        let gone: Vec<Client> = self
            .allocations
            .keys()
            .copied()
            .filter(|client| client.connection == Some(connection))
            .collect();
        for client in gone {
            self.delete(client);
        }
    }

    /// Takes a message of a client.
    pub(super) fn client_message(
        &mut self,
        now: SimTime,
        client: Client,
        data: &[u8],
        out: &mut VecDeque<ServerOutput>,
    ) {
        self.expire(now);
        if let Some((number, data)) = channel_data(data) {
            self.channel_message(now, client, number, data, out);
            return;
        }
        let Some(message) = message::parse(data) else {
            return;
        };
        match message.class() {
            MessageClass::Request => {
                if let Some(answer) = self.request(now, client, &message) {
                    out.push_back(to_client(client, answer));
                }
            }
            MessageClass::Indication if message.method() == message::SEND => {
                self.send_indication(now, client, &message, out);
            }
            _ => {}
        }
    }

    /// Takes a datagram of a peer to a relayed address (RFC 8656 section 11.3 and 12.7).
    pub(super) fn peer_datagram(
        &mut self,
        now: SimTime,
        relayed: SocketAddr,
        peer: SocketAddr,
        data: &[u8],
        out: &mut VecDeque<ServerOutput>,
    ) {
        self.expire(now);
        let Some(&client) = self.relayed.get(&relayed) else {
            return;
        };
        let Some(allocation) = self.allocations.get(&client) else {
            return;
        };
        if !allocation.permits(now, peer) {
            return;
        }
        let channel = allocation
            .channels
            .iter()
            .find(|(_, channel)| channel.peer == peer && channel.expires > now);
        let message = match channel {
            Some((number, _)) => write_channel_data(client.transport, *number, data),
            None => message::data_indication(self.rng.u128(..).into(), peer, data),
        };
        out.push_back(to_client(client, message));
    }

    /// RFC 8656 section 11.2.
    fn send_indication(
        &mut self,
        now: SimTime,
        client: Client,
        message: &Message<'_>,
        out: &mut VecDeque<ServerOutput>,
    ) {
        let known = [message::XOR_PEER_ADDRESS, message::DATA];
        let peers = message::addresses(message, message::XOR_PEER_ADDRESS);
        if let (Some(&[peer]), Some(data)) = (peers.as_deref(), message.raw_attribute(message::DATA))
            && message::unknown_attributes(message, &known).is_empty()
            && let Some(allocation) = self.allocations.get(&client)
        {
            allocation.relay(now, peer, &data.value, out);
        }
    }

    /// RFC 8656 section 12.6.
    fn channel_message(
        &mut self,
        now: SimTime,
        client: Client,
        number: u16,
        data: &[u8],
        out: &mut VecDeque<ServerOutput>,
    ) {
        if let Some(allocation) = self.allocations.get(&client)
            && let Some(channel) = allocation.channels.get(&number)
            && channel.expires > now
        {
            allocation.relay(now, channel.peer, data, out);
        }
    }

    /// The answer to a request, if there is to be one.
    fn request(&mut self, now: SimTime, client: Client, request: &Message<'_>) -> Option<Vec<u8>> {
        let kind = message::kind(request)?;
        let fault = self.fault(kind, request);
        if fault == Some(ServerFaultAction::Silent) {
            return None;
        }
        if kind == RequestKind::Binding {
            return self.plan.stun.then(|| match fault {
                Some(ServerFaultAction::Reject { code, alternate }) => {
                    message::refuse(request, &self.refusal(now, code, alternate), None)
                }
                _ => binding(client, request),
            });
        }
        let Some(turn) = self.plan.turn.clone() else {
            return Some(message::refuse(request, &Refusal::new(400), None));
        };
        let authentic = match self.authenticate(now, &turn, request) {
            Ok(authentic) => authentic,
            Err(refusal) => return Some(message::refuse(request, &refusal, None)),
        };
        let answered = match fault {
            Some(ServerFaultAction::Reject { code, alternate }) => Err(self.refusal(now, code, alternate)),
            _ => match kind {
                RequestKind::Allocate => self.allocate(now, &turn, client, request, &authentic),
                RequestKind::Refresh => self.refresh(now, &turn, client, request, &authentic),
                RequestKind::CreatePermission => self.create_permission(now, client, request, &authentic),
                _ => self.channel_bind(now, client, request, &authentic),
            },
        };
        Some(answered.unwrap_or_else(|refusal| message::refuse(request, &refusal, Some(&authentic.key))))
    }

    /// The fault that befalls a request. A request without credentials of a method that needs them is only a question for the
    /// realm: it meets silence alone, and does not count.
    fn fault(&mut self, kind: RequestKind, request: &Message<'_>) -> Option<ServerFaultAction> {
        let asks_for_realm = kind != RequestKind::Binding && !request.has_attribute(MessageIntegrity::TYPE);
        for (fault, matched) in self.plan.faults.iter().zip(&mut self.matched) {
            let silent = fault.action == ServerFaultAction::Silent;
            if (fault.on != RequestKind::Any && fault.on != kind) || (asks_for_realm && !silent) {
                continue;
            }
            *matched = matched.saturating_add(1);
            if fault.nth.is_none_or(|nth| nth == *matched) {
                return Some(fault.action);
            }
        }
        None
    }

    /// A refusal that the plan asks for, with what its code comes with.
    fn refusal(&mut self, now: SimTime, code: u16, alternate: Option<SocketAddr>) -> Refusal {
        let challenge = match (&self.plan.turn, code) {
            (Some(turn), 401 | 438) => Some((turn.realm.clone(), self.nonce(now))),
            _ => None,
        };
        Refusal {
            challenge,
            alternate,
            ..Refusal::new(code)
        }
    }

    /// RFC 8489 section 9.2.4: receiving a request.
    fn authenticate(
        &mut self,
        now: SimTime,
        turn: &TurnPlan,
        request: &Message<'_>,
    ) -> Result<Authentic, Refusal> {
        let challenge = |code: u16, nonce: String| Refusal {
            challenge: Some((turn.realm.clone(), nonce)),
            ..Refusal::new(code)
        };
        if !request.has_attribute(MessageIntegrity::TYPE) {
            return Err(challenge(401, self.nonce(now)));
        }
        let text = |kind: AttributeType| message::text(request, kind).ok_or_else(|| Refusal::new(400));
        let (username, _, nonce) = (text(Username::TYPE)?, text(Realm::TYPE)?, text(Nonce::TYPE)?);
        if !self.is_fresh(now, turn, &nonce) {
            return Err(challenge(438, self.nonce(now)));
        }
        let Some(password) = turn.users.get(&username) else {
            return Err(challenge(401, self.nonce(now)));
        };
        let credentials = LongTermKeyCredentials::new(username.clone(), password.clone(), turn.realm.clone());
        let key = credentials.make_key(IntegrityAlgorithm::Sha1);
        if request.validate_integrity_with_key(&key).is_err() {
            return Err(challenge(401, self.nonce(now)));
        }
        Ok(Authentic { username, key })
    }

    /// A nonce that says when it was made, so that none has to be kept, and that only this server makes.
    fn nonce(&self, now: SimTime) -> String {
        let made = now.as_nanos();
        format!("{made:016x}{:016x}", mix(self.secret, made))
    }

    fn is_fresh(&self, now: SimTime, turn: &TurnPlan, nonce: &str) -> bool {
        let made = nonce
            .get(..16)
            .and_then(|digits| u64::from_str_radix(digits, 16).ok())
            .map(SimTime::from_nanos);
        made.is_some_and(|made| self.nonce(made) == nonce && made <= now && now - made <= turn.nonce_lifetime)
    }

    /// RFC 8656 section 7.2: receiving an Allocate request.
    fn allocate(
        &mut self,
        now: SimTime,
        turn: &TurnPlan,
        client: Client,
        request: &Message<'_>,
        authentic: &Authentic,
    ) -> Result<Vec<u8>, Refusal> {
        // 1. was authentication. 2. The 5-tuple must not be in use, except that a request may come again.
        let transaction = u128::from(request.transaction_id());
        if let Some(allocation) = self.allocations.get(&client) {
            return match allocation.made_by.0 == transaction {
                true => Ok(allocation.made_by.1.clone()),
                false => Err(Refusal::new(437)),
            };
        }
        refuse_unknown(
            request,
            &[
                message::REQUESTED_TRANSPORT,
                message::LIFETIME,
                message::REQUESTED_ADDRESS_FAMILY,
                message::EVEN_PORT,
                message::RESERVATION_TOKEN,
            ],
        )?;
        // 3. REQUESTED-TRANSPORT.
        let [protocol, ..] =
            message::value::<4>(request, message::REQUESTED_TRANSPORT).ok_or_else(|| Refusal::new(400))?;
        if protocol != UDP {
            return Err(Refusal::new(442));
        }
        // 4. was DONT-FRAGMENT, which is not understood. 5. and 6. Reservations, of which there are none.
        let even_port = message::value::<1>(request, message::EVEN_PORT);
        let reservation = request.has_attribute(message::RESERVATION_TOKEN);
        let requested = request.has_attribute(message::REQUESTED_ADDRESS_FAMILY);
        let additional = request.has_attribute(message::ADDITIONAL_ADDRESS_FAMILY);
        if reservation && (even_port.is_some() || requested || additional) {
            return Err(Refusal::new(400));
        }
        if reservation || even_port.is_some_and(|[bits]| bits & 0x80 != 0) {
            return Err(Refusal::new(508));
        }
        // 7. to 10. Families.
        if additional
            && (requested
                || even_port.is_some()
                || family(request, message::ADDITIONAL_ADDRESS_FAMILY)? != Family::V6)
        {
            return Err(Refusal::new(400));
        }
        let first = match requested {
            true => family(request, message::REQUESTED_ADDRESS_FAMILY)?,
            false => Family::V4,
        };
        // 11. and 12. Quota and capacity.
        let of_user = self
            .allocations
            .values()
            .filter(|allocation| allocation.username == authentic.username)
            .count();
        if turn.quota.is_some_and(|quota| of_user >= quota as usize) {
            return Err(Refusal::new(486));
        }
        if self.allocations.len() >= MAX_ALLOCATIONS {
            return Err(Refusal::new(508));
        }
        let mut relayed = vec![self.relayed_address(first, even_port.is_some())?];
        let mut attributes = Vec::new();
        if additional {
            match self.relayed_address(Family::V6, false) {
                Ok(address) => relayed.push(address),
                Err(refusal) => attributes.push(message::address_error(Family::V6, refusal.code)),
            }
        }
        let lifetime = lifetime(turn, request);
        let id = request.transaction_id();
        attributes.extend(
            relayed
                .iter()
                .map(|&address| message::address(message::XOR_RELAYED_ADDRESS, address, id)),
        );
        attributes.push(seconds(lifetime));
        attributes.push(message::address(message::XOR_MAPPED_ADDRESS, client.remote, id));
        let answer = message::success(request, &attributes, Some(&authentic.key));
        for &address in &relayed {
            self.relayed.insert(address, client);
        }
        self.allocations.insert(
            client,
            Allocation {
                username: authentic.username.clone(),
                relayed,
                expires: now + lifetime,
                permissions: BTreeMap::new(),
                channels: BTreeMap::new(),
                made_by: (transaction, answer.clone()),
            },
        );
        Ok(answer)
    }

    /// An address of a family with a port that is free.
    fn relayed_address(&mut self, family: Family, even: bool) -> Result<SocketAddr, Refusal> {
        let address = self
            .addresses
            .iter()
            .copied()
            .find(|&address| Family::of(address) == family)
            .ok_or_else(|| Refusal::new(440))?;
        let (first, last) = (*RELAY_PORTS.start(), *RELAY_PORTS.end());
        let drawn = self.rng.u16(RELAY_PORTS);
        (drawn..=last)
            .chain(first..drawn)
            .filter(|port| !even || port % 2 == 0)
            .map(|port| SocketAddr::new(address, port))
            .find(|address| !self.relayed.contains_key(address))
            .ok_or_else(|| Refusal::new(508))
    }

    /// RFC 8656 section 8.2: receiving a Refresh request.
    fn refresh(
        &mut self,
        now: SimTime,
        turn: &TurnPlan,
        client: Client,
        request: &Message<'_>,
        authentic: &Authentic,
    ) -> Result<Vec<u8>, Refusal> {
        let allocation = self.allocation(client, authentic)?;
        refuse_unknown(request, &[message::LIFETIME, message::REQUESTED_ADDRESS_FAMILY])?;
        if request.has_attribute(message::REQUESTED_ADDRESS_FAMILY) {
            let family = family(request, message::REQUESTED_ADDRESS_FAMILY)?;
            if !allocation.has(family) {
                return Err(Refusal::new(443));
            }
        }
        let ends = message::value::<4>(request, message::LIFETIME) == Some([0; 4]);
        let lifetime = match ends {
            true => Duration::ZERO,
            false => lifetime(turn, request),
        };
        allocation.expires = now + lifetime;
        if ends {
            self.delete(client);
        }
        Ok(message::success(
            request,
            &[seconds(lifetime)],
            Some(&authentic.key),
        ))
    }

    /// RFC 8656 section 10.2: receiving a CreatePermission request.
    fn create_permission(
        &mut self,
        now: SimTime,
        client: Client,
        request: &Message<'_>,
        authentic: &Authentic,
    ) -> Result<Vec<u8>, Refusal> {
        let allocation = self.allocation(client, authentic)?;
        refuse_unknown(request, &[message::XOR_PEER_ADDRESS])?;
        let peers = message::addresses(request, message::XOR_PEER_ADDRESS)
            .filter(|peers| !peers.is_empty())
            .ok_or_else(|| Refusal::new(400))?;
        for peer in &peers {
            allocation.check_peer(peer.ip())?;
        }
        let mut wanted = allocation.permissions.clone();
        wanted.extend(peers.iter().map(|peer| (peer.ip(), now + PERMISSION_LIFETIME)));
        if wanted.len() > MAX_PEERS {
            return Err(Refusal::new(508));
        }
        allocation.permissions = wanted;
        Ok(message::success(request, &[], Some(&authentic.key)))
    }

    /// RFC 8656 section 12.2: receiving a ChannelBind request.
    fn channel_bind(
        &mut self,
        now: SimTime,
        client: Client,
        request: &Message<'_>,
        authentic: &Authentic,
    ) -> Result<Vec<u8>, Refusal> {
        let allocation = self.allocation(client, authentic)?;
        refuse_unknown(request, &[message::XOR_PEER_ADDRESS, message::CHANNEL_NUMBER])?;
        let number = message::value::<4>(request, message::CHANNEL_NUMBER)
            .map(|[high, low, _, _]| u16::from_be_bytes([high, low]))
            .filter(|number| CHANNELS.contains(number))
            .ok_or_else(|| Refusal::new(400))?;
        let peers = message::addresses(request, message::XOR_PEER_ADDRESS);
        let Some(&[peer]) = peers.as_deref() else {
            return Err(Refusal::new(400));
        };
        let elsewhere = allocation
            .channels
            .iter()
            .any(|(&other, channel)| (other == number) != (channel.peer == peer));
        if elsewhere {
            return Err(Refusal::new(400));
        }
        allocation.check_peer(peer.ip())?;
        let is_new =
            !allocation.channels.contains_key(&number) || !allocation.permissions.contains_key(&peer.ip());
        if is_new && allocation.channels.len().max(allocation.permissions.len()) >= MAX_PEERS {
            return Err(Refusal::new(508));
        }
        allocation
            .permissions
            .insert(peer.ip(), now + PERMISSION_LIFETIME);
        allocation.channels.insert(
            number,
            Channel {
                peer,
                expires: now + CHANNEL_LIFETIME,
            },
        );
        Ok(message::success(request, &[], Some(&authentic.key)))
    }

    /// The allocation of a client, if it is this user's.
    fn allocation(&mut self, client: Client, authentic: &Authentic) -> Result<&mut Allocation, Refusal> {
        let allocation = self
            .allocations
            .get_mut(&client)
            .ok_or_else(|| Refusal::new(437))?;
        match allocation.username == authentic.username {
            true => Ok(allocation),
            false => Err(Refusal::new(441)),
        }
    }

    fn expire(&mut self, now: SimTime) {
        let over: Vec<Client> = self
            .allocations
            .iter()
            .filter(|(_, allocation)| allocation.expires <= now)
            .map(|(&client, _)| client)
            .collect();
        for client in over {
            self.delete(client);
        }
        for allocation in self.allocations.values_mut() {
            allocation.permissions.retain(|_, expires| *expires > now);
            allocation.channels.retain(|_, channel| channel.expires > now);
        }
    }

    fn delete(&mut self, client: Client) {
        if let Some(allocation) = self.allocations.remove(&client) {
            for address in allocation.relayed {
                self.relayed.remove(&address);
            }
        }
    }
}

/// RFC 8489 section 6.3.1: the answer to a Binding request.
fn binding(client: Client, request: &Message<'_>) -> Vec<u8> {
    if let Err(refusal) = refuse_unknown(request, &[]) {
        return message::refuse(request, &refusal, None);
    }
    let mapped = message::address(
        message::XOR_MAPPED_ADDRESS,
        client.remote,
        request.transaction_id(),
    );
    message::success(request, &[mapped], None)
}

fn refuse_unknown(request: &Message<'_>, known: &[AttributeType]) -> Result<(), Refusal> {
    let unknown = message::unknown_attributes(request, known);
    match unknown.is_empty() {
        true => Ok(()),
        false => Err(Refusal {
            unknown,
            ..Refusal::new(420)
        }),
    }
}

/// The family that an attribute asks for: 400 where it says none, 440 where it says one that there is not.
fn family(request: &Message<'_>, kind: AttributeType) -> Result<Family, Refusal> {
    match message::value::<4>(request, kind) {
        Some([1, ..]) => Ok(Family::V4),
        Some([2, ..]) => Ok(Family::V6),
        Some(_) => Err(Refusal::new(440)),
        None => Err(Refusal::new(400)),
    }
}

/// RFC 8656 section 7.2: what is asked for up to the longest lifetime, but no less than the default.
fn lifetime(turn: &TurnPlan, request: &Message<'_>) -> Duration {
    let asked = message::value::<4>(request, message::LIFETIME).map_or(DEFAULT_LIFETIME, |value| {
        Duration::from_secs(u64::from(u32::from_be_bytes(value)))
    });
    asked.max(DEFAULT_LIFETIME).min(turn.lifetime)
}

fn seconds(lifetime: Duration) -> RawAttribute<'static> {
    let seconds = u32::try_from(lifetime.as_secs()).unwrap_or(u32::MAX);
    message::number(message::LIFETIME, seconds)
}

fn to_client(client: Client, data: Vec<u8>) -> ServerOutput {
    match client.connection {
        Some(connection) => ServerOutput::Stream { connection, data },
        None => ServerOutput::Datagram {
            source: client.local,
            destination: client.remote,
            data,
        },
    }
}
