//! What servers answer, and what follows.

use std::net::{IpAddr, SocketAddr};

use glare_peer::SimTime;
use stun_types::attribute::{AlternateServer, ErrorCode, XorMappedAddress};
use stun_types::message::{BINDING, Message, MessageClass};

use super::{KEEPALIVE_INTERVAL, MAXIMUM_REDIRECTIONS, Probe, Session, Stage, UNREACHABLE};
use crate::ice::agent::IceAgent;
use crate::ice::endpoint::Base;
use crate::ice::server::{ServerScheme, ServerTransport};
use crate::ice::tls::TlsClient;
use crate::ice::transaction::{MINIMUM_TIMEOUT, Schedule};
use crate::ice::turn::{TurnClient, TurnEvent};
use crate::ice::{ResolveId, stun};

impl IceAgent {
    /// The name of a server was resolved, or not.
    pub(in crate::ice) fn server_resolved(&mut self, id: ResolveId, answer: Result<&[IpAddr], &str>) {
        let mut failed = Vec::new();
        for session in &mut self.gathering.sessions {
            if !matches!(session.stage, Stage::Resolving(waiting) if waiting == id) {
                continue;
            }
            let addresses = answer.unwrap_or_default();
            let mut usable = addresses
                .iter()
                .filter(|it| it.is_ipv4() == session.local.is_ipv4());
            match usable.next() {
                Some(address) => {
                    session.remote = Some(SocketAddr::new(*address, session.server.url.port));
                    session.stage = Stage::Ready;
                }
                None => failed.push(session.id),
            }
        }
        let why = match answer {
            Ok(_) => "its name has no address of a family that this host has",
            Err(why) => why,
        };
        for session in failed {
            self.session_failed(session, UNREACHABLE, why);
        }
        self.conclude_gathering();
    }

    /// RFC 8445 section 14.2: begins the transaction with the next server.
    pub(in crate::ice) fn start_next_server(&mut self, now: SimTime) {
        self.last_check = Some(now);
        let transaction = self.new_transaction_id();
        let rng = self.rng.fork();
        let mut sessions = self.gathering.sessions.iter_mut();
        let Some(session) = sessions.find(|session| matches!(session.stage, Stage::Ready)) else {
            return;
        };
        let (id, local) = (session.id, session.local);
        let Some(remote) = session.remote else {
            return;
        };
        match (session.server.url.scheme, session.server.url.transport) {
            (ServerScheme::Stun | ServerScheme::Stuns, _) => {
                let packet = stun::write_probe(transaction);
                session.stage = Stage::Probing(Probe {
                    id: transaction,
                    packet: packet.clone(),
                    schedule: Schedule::unreliable(now, MINIMUM_TIMEOUT),
                });
                self.send_to(local, remote, packet);
            }
            (_, ServerTransport::Udp | ServerTransport::Dtls) => {
                session.stage = Stage::Turn(new_client(session, rng));
                self.allocate(now, id);
            }
            (_, ServerTransport::Tcp | ServerTransport::Tls) => {
                session.stage = Stage::Connecting;
                self.connect_to_server(id, local, remote);
            }
        }
    }

    pub(super) fn send_to(&mut self, local: SocketAddr, remote: SocketAddr, data: Vec<u8>) {
        // A UDP base takes everything.
        let _ = self.emit(Base::Udp(local), remote, data);
    }

    pub(super) fn allocate(&mut self, now: SimTime, id: u32) {
        if let Some(Stage::Turn(client)) = self.gathering.find(id).map(|session| &mut session.stage) {
            client.allocate(now);
        }
        self.drain_session(now, id);
    }

    /// The connection to a server is open.
    pub(in crate::ice) fn server_connected(&mut self, now: SimTime, id: u32, local: SocketAddr) {
        let (rng, tls_rng) = (self.rng.fork(), self.rng.fork());
        let Some(session) = self.gathering.find(id) else {
            return;
        };
        session.local = local;
        if session.server.url.transport == ServerTransport::Tls {
            let configuration = &self.configuration;
            let unix_time = configuration.unix_time + now.saturating_since(SimTime::ZERO);
            let host = &session.server.url.host;
            match TlsClient::new(host, &configuration.trust_anchors, unix_time, tls_rng) {
                Ok(client) => session.tls = Some(Box::new(client)),
                Err(why) => return self.session_failed(id, UNREACHABLE, &why),
            }
        }
        session.stage = Stage::Turn(new_client(session, rng));
        self.allocate(now, id);
        self.flush_tls(id);
    }

    /// Sends what TLS has to send.
    fn flush_tls(&mut self, id: u32) {
        let session = self.gathering.find(id);
        if let Some(tls) = session.and_then(|session| session.tls.as_mut()) {
            let bytes = tls.transmit();
            if !bytes.is_empty() {
                self.send_to_server(id, bytes);
            }
        }
    }

    /// Sends a message over the connection to a server, through TLS where that lies over it.
    fn send_message(&mut self, id: u32, packet: Vec<u8>) {
        let Some(session) = self.gathering.find(id) else {
            return;
        };
        match &mut session.tls {
            Some(tls) => match tls.send(&packet) {
                Ok(()) => self.flush_tls(id),
                Err(why) => self.server_disconnected(id, &why),
            },
            None => self.send_to_server(id, packet),
        }
    }

    /// The connection to a server did not open, or was closed.
    pub(in crate::ice) fn server_disconnected(&mut self, id: u32, why: &str) {
        let Some(session) = self.gathering.find(id) else {
            return;
        };
        match &mut session.stage {
            Stage::Turn(client) if client.relayed().is_some() => {
                client.lose();
                self.drain_session(self.clock, id);
            }
            _ => self.session_failed(id, UNREACHABLE, why),
        }
        self.conclude_gathering();
    }

    /// A message of a server that is reached by a connection.
    pub(in crate::ice) fn server_packet(&mut self, now: SimTime, id: u32, packet: &[u8]) {
        if let Some(Stage::Turn(client)) = self.gathering.find(id).map(|session| &mut session.stage) {
            client.input(now, packet);
        }
        self.drain_session(now, id);
        self.conclude_gathering();
    }

    /// What came over a connection to a server, out of TLS where that lies over it.
    ///
    /// # Errors
    ///
    /// Why the connection is to be given up.
    pub(in crate::ice) fn decrypt(&mut self, id: u32, data: &[u8]) -> Result<Vec<u8>, String> {
        let session = self.gathering.find(id);
        let Some(tls) = session.and_then(|session| session.tls.as_mut()) else {
            return Ok(data.to_vec());
        };
        let plain = tls.input(data);
        // An alert goes out also where the input was wrong.
        self.flush_tls(id);
        plain
    }

    /// A datagram that may be of a server. Returns whether it was.
    pub(in crate::ice) fn server_datagram(
        &mut self,
        now: SimTime,
        local: SocketAddr,
        remote: SocketAddr,
        packet: &[u8],
    ) -> bool {
        let is_asked = |session: &Session| session.local == local && session.remote == Some(remote);
        let ids: Vec<u32> = self
            .gathering
            .sessions
            .iter()
            .filter(|session| is_asked(session))
            .map(|session| session.id)
            .collect();
        for id in ids {
            let Some(session) = self.gathering.find(id) else {
                continue;
            };
            let is_its_own = match &mut session.stage {
                Stage::Turn(client) => client.input(now, packet),
                Stage::Probing(probe) => {
                    let answer = Message::from_bytes(packet).ok();
                    let answer = answer.filter(|answer| answer.transaction_id() == probe.id);
                    match answer {
                        Some(answer) => {
                            self.probe_answered(now, id, &answer);
                            true
                        }
                        None => false,
                    }
                }
                _ => false,
            };
            if is_its_own {
                self.drain_session(now, id);
                self.conclude_gathering();
                return true;
            }
        }
        false
    }

    /// RFC 8445 section 5.1.1.2: the server told the address that it sees.
    pub(super) fn probe_answered(&mut self, now: SimTime, id: u32, answer: &Message<'_>) {
        let Some(session) = self.gathering.find(id) else {
            return;
        };
        if !answer.has_method(BINDING) {
            return;
        }
        match answer.class() {
            MessageClass::Success => {
                let Ok(mapped) = answer.attribute::<XorMappedAddress>() else {
                    return self.session_failed(id, 400, "the answer has no XOR-MAPPED-ADDRESS");
                };
                session.stage = Stage::Mapped(now + KEEPALIVE_INTERVAL);
                let local = session.local;
                self.add_reflexive(id, local, mapped.addr(answer.transaction_id()));
            }
            MessageClass::Error => {
                let error = answer.attribute::<ErrorCode>();
                let (code, reason) = match &error {
                    Ok(error) => (error.code(), error.reason()),
                    Err(_) => (500, "the answer has no ERROR-CODE"),
                };
                match answer.attribute::<AlternateServer>() {
                    Ok(alternate) if code == ErrorCode::TRY_ALTERNATE => {
                        self.redirect(id, alternate.server(), reason);
                    }
                    _ => self.session_failed(id, code, reason),
                }
            }
            MessageClass::Request | MessageClass::Indication => {}
        }
    }

    /// RFC 8489 section 10: the server names another one.
    pub(super) fn redirect(&mut self, id: u32, alternate: SocketAddr, reason: &str) {
        let Some(session) = self.gathering.find(id) else {
            return;
        };
        let is_usable = alternate.is_ipv4() == session.local.is_ipv4()
            && session.remote != Some(alternate)
            && session.redirections < MAXIMUM_REDIRECTIONS;
        if !is_usable {
            return self.session_failed(id, ErrorCode::TRY_ALTERNATE, reason);
        }
        session.redirections += 1;
        session.remote = Some(alternate);
        session.stage = Stage::Ready;
        if !is_datagram(session) {
            session.local.set_port(0);
        }
        session.tls = None;
        self.close_server_stream(id);
    }

    /// Takes packets and events of a session.
    pub(super) fn drain_session(&mut self, now: SimTime, id: u32) {
        loop {
            let Some(session) = self.gathering.find(id) else {
                return;
            };
            let (local, remote) = (session.local, session.remote);
            let is_datagram = session.server.url.transport == ServerTransport::Udp;
            let Stage::Turn(client) = &mut session.stage else {
                return;
            };
            if let Some(packet) = client.transmit() {
                match remote {
                    Some(remote) if is_datagram => self.send_to(local, remote, packet),
                    _ => self.send_message(id, packet),
                }
                continue;
            }
            let relayed = client.relayed();
            match client.event() {
                None => return,
                Some(TurnEvent::Allocated) => self.add_allocated(id),
                Some(TurnEvent::Failed { code, reason }) => self.session_failed(id, code, &reason),
                Some(TurnEvent::Redirected(alternate)) => self.redirect(id, alternate, "Try Alternate"),
                Some(TurnEvent::Lost) => self.allocation_lost(id),
                Some(TurnEvent::Refused(peer)) => {
                    if let Some(relayed) = relayed {
                        self.peer_refused(relayed, peer);
                    }
                }
                Some(TurnEvent::Data { peer, data }) => {
                    if let Some(relayed) = relayed {
                        self.take_packet(now, Base::Relay(relayed), peer, &data);
                    }
                }
            }
        }
    }

    /// The server relays nothing to a peer: the pairs with it fail.
    pub(super) fn peer_refused(&mut self, relayed: SocketAddr, peer: IpAddr) {
        let base = Base::Relay(relayed);
        let pairs = self.current.checklist.pairs().iter();
        let remotes: Vec<SocketAddr> = pairs
            .filter(|pair| pair.base == base && pair.remote.ip() == peer)
            .map(|pair| pair.remote)
            .collect();
        for remote in remotes {
            self.flow_ended(base, remote);
        }
    }

    /// The allocation is no more, and neither are the pairs from there.
    pub(super) fn allocation_lost(&mut self, id: u32) {
        self.gathering.sessions.retain(|session| session.id != id);
        self.close_server_stream(id);
        let bases: Vec<Base> = {
            let sessions = &self.gathering.sessions;
            let is_alive = |relayed: SocketAddr| {
                sessions.iter().any(|session| match &session.stage {
                    Stage::Turn(client) => client.relayed() == Some(relayed),
                    _ => false,
                })
            };
            let locals = self.current.local_candidates.iter();
            locals
                .map(|local| local.base)
                .filter(|base| matches!(base, Base::Relay(relayed) if !is_alive(*relayed)))
                .collect()
        };
        for base in bases {
            let pairs = self.current.checklist.pairs_from(base);
            let remotes: Vec<SocketAddr> = pairs
                .iter()
                .filter_map(|pair| self.current.checklist.pair(*pair))
                .map(|pair| pair.remote)
                .collect();
            for remote in remotes {
                self.flow_ended(base, remote);
            }
        }
    }

    /// A session gave nothing: told at once where the server says why, and once for each URL where nobody can reach it.
    pub(super) fn session_failed(&mut self, id: u32, code: u16, reason: &str) {
        let Some(session) = self.gathering.find(id) else {
            return;
        };
        session.stage = Stage::Failed(code);
        let (local, url) = (session.local, session.server.url.to_string());
        let is_awaited = session.is_awaited;
        self.close_server_stream(id);
        if !is_awaited {
            return;
        }
        let mut others = self
            .gathering
            .sessions
            .iter()
            .filter(|other| other.is_awaited && other.id != id && other.server.url.to_string() == url);
        let is_last = others.all(|other| matches!(other.stage, Stage::Failed(UNREACHABLE)));
        if code != UNREACHABLE || is_last {
            self.report(Some(local), &url, code, reason);
        }
    }
}

fn is_datagram(session: &Session) -> bool {
    matches!(
        session.server.url.transport,
        ServerTransport::Udp | ServerTransport::Dtls
    )
}

fn new_client(session: &Session, rng: fastrand::Rng) -> Box<TurnClient> {
    let is_reliable = matches!(
        session.server.url.transport,
        ServerTransport::Tcp | ServerTransport::Tls
    );
    Box::new(TurnClient::new(
        &session.server.username,
        &session.server.credential,
        session.local.ip(),
        is_reliable,
        rng,
    ))
}
