//! What gathering has found: candidates of servers, the relays behind them, and when it is complete.

use std::net::SocketAddr;

use glare_peer::SimTime;

use super::{KEEPALIVE_INTERVAL, Probe, Session, Stage, UNREACHABLE};
use crate::ice::agent::IceAgent;
use crate::ice::candidate::CandidateType;
use crate::ice::endpoint::Base;
use crate::ice::generation::{Found, hidden};
use crate::ice::server::ServerTransport;
use crate::ice::transaction::{Due, MINIMUM_TIMEOUT, Schedule};
use crate::ice::{IceEvent, SendError, stun};

/// How much the way to the server takes from the local preference of a relayed candidate: fewer layers are better.
const LOCAL_PREFERENCE_STEP: u16 = 1 << 13;

impl IceAgent {
    /// A local candidate was found; it is told unless it is redundant.
    pub(in crate::ice) fn found(&mut self, found: Found<'_>) {
        if let Some(local) = self.current.add_local(found, self.role) {
            let candidate = local.candidate.clone();
            self.events.push_back(IceEvent::LocalCandidate(candidate));
        }
    }

    /// RFC 8445 section 5.1.1.2: a server-reflexive candidate.
    pub(super) fn add_reflexive(&mut self, id: u32, local: SocketAddr, mapped: SocketAddr) {
        let Some(session) = self.awaited(id) else {
            return;
        };
        let (server, rank) = (session.server.clone(), session.rank);
        // draft-ietf-mmusic-mdns-ice-candidates section 3.1: what is hidden is hidden here too.
        let related = if self.configuration.hide_addresses {
            hidden(local)
        } else {
            local
        };
        self.found(Found {
            candidate_type: CandidateType::ServerReflexive,
            address: mapped,
            base: Base::Udp(local),
            local_preference: u16::MAX - rank,
            related: Some(related),
            name: None,
            server: Some(&server),
        });
    }

    /// RFC 8445 section 5.1.1.2: what an allocation gives: a relayed candidate, and over UDP a server-reflexive one.
    pub(super) fn add_allocated(&mut self, id: u32) {
        let Some(session) = self.awaited(id) else {
            return;
        };
        let Stage::Turn(client) = &session.stage else {
            return;
        };
        let (local, mapped) = (session.local, client.mapped());
        let is_datagram = session.server.url.transport == ServerTransport::Udp;
        let Some(relayed) = client.relayed() else {
            return;
        };
        self.add_relayed(id, local, relayed, mapped);
        if let Some(mapped) = mapped.filter(|_| is_datagram) {
            self.add_reflexive(id, local, mapped);
        }
    }

    /// RFC 8445 section 5.1.1.2: a relayed candidate. Its related address is what the server sees of us, which is not
    /// shown where only relays are (webrtc-pc#dom-rtcicetransportpolicy-relay) or local addresses are hidden.
    fn add_relayed(&mut self, id: u32, local: SocketAddr, relayed: SocketAddr, mapped: Option<SocketAddr>) {
        let Some(session) = self.awaited(id) else {
            return;
        };
        let (server, rank) = (session.server.clone(), session.rank);
        let is_hidden =
            self.configuration.hide_addresses || self.current.policy == glare_peer::IceTransportPolicy::Relay;
        let related = match mapped {
            Some(mapped) if !is_hidden => mapped,
            _ => hidden(local),
        };
        let steps = match server.url.transport {
            ServerTransport::Udp => 0,
            ServerTransport::Tcp => 1,
            ServerTransport::Dtls => 2,
            ServerTransport::Tls => 3,
        };
        self.found(Found {
            candidate_type: CandidateType::Relayed,
            address: relayed,
            base: Base::Relay(relayed),
            local_preference: (u16::MAX - rank).saturating_sub(steps * LOCAL_PREFERENCE_STEP),
            related: Some(related),
            name: None,
            server: Some(&server),
        });
    }

    fn awaited(&self, id: u32) -> Option<&Session> {
        let mut sessions = self.gathering.sessions.iter();
        sessions.find(|session| session.id == id && session.is_awaited)
    }

    /// Sends a packet to a peer through a relay.
    pub(in crate::ice) fn relay(
        &mut self,
        relayed: SocketAddr,
        peer: SocketAddr,
        data: &[u8],
    ) -> Result<(), SendError> {
        let now = self.clock;
        let id = self.with_relay(relayed, |client| client.send(now, peer, data));
        let id = id.ok_or(SendError::Gone)?;
        self.drain_session(now, id);
        Ok(())
    }

    /// RFC 8656 section 12: much will be sent to this peer, so it gets a channel.
    pub(in crate::ice) fn bind_channel(&mut self, base: Base, peer: SocketAddr) {
        let now = self.clock;
        if let Base::Relay(relayed) = base
            && let Some(id) = self.with_relay(relayed, |client| client.bind(now, peer))
        {
            self.drain_session(now, id);
        }
    }

    fn with_relay(
        &mut self,
        relayed: SocketAddr,
        act: impl FnOnce(&mut crate::ice::turn::TurnClient),
    ) -> Option<u32> {
        let sessions = self.gathering.sessions.iter_mut();
        let mut clients = sessions.filter_map(|session| match &mut session.stage {
            Stage::Turn(client) if client.relayed() == Some(relayed) => Some((session.id, client)),
            _ => None,
        });
        let (id, client) = clients.next()?;
        act(client);
        Some(id)
    }

    /// Gives the relays back that only an earlier generation used.
    pub(in crate::ice) fn release_unused(&mut self) {
        let now = self.clock;
        let locals = &self.current.local_candidates;
        let is_used = |session: &Session| {
            let relayed = match &session.stage {
                Stage::Turn(client) => client.relayed(),
                _ => None,
            };
            session.is_awaited
                || relayed.is_none_or(|relayed| locals.iter().any(|it| it.base == Base::Relay(relayed)))
        };
        let sessions = self.gathering.sessions.iter();
        let unused: Vec<u32> = sessions.filter(|it| !is_used(it)).map(|it| it.id).collect();
        for id in unused {
            self.release_session(now, id);
        }
    }

    fn release_session(&mut self, now: SimTime, id: u32) {
        if let Some(Stage::Turn(client)) = self.gathering.find(id).map(|session| &mut session.stage) {
            client.release(now);
        }
        self.drain_session(now, id);
        self.gathering.sessions.retain(|session| session.id != id);
        self.close_server_stream(id);
    }

    /// Gives all relays back.
    pub(in crate::ice) fn release_servers(&mut self) {
        let now = self.clock;
        let ids: Vec<u32> = self.gathering.sessions.iter().map(|session| session.id).collect();
        for id in ids {
            self.release_session(now, id);
        }
    }

    /// Ends the gathering of the current generation once every server has answered or failed, and every listener listens.
    pub(in crate::ice) fn conclude_gathering(&mut self) {
        let mut sessions = self.gathering.sessions.iter();
        let is_waiting = sessions.any(|session| {
            session.is_awaited
                && match &session.stage {
                    Stage::Resolving(_) | Stage::Ready | Stage::Probing(_) | Stage::Connecting => true,
                    Stage::Turn(client) => client.relayed().is_none(),
                    Stage::Mapped(_) | Stage::Failed(_) => false,
                }
        });
        if self.current.gathering && !self.current.gathered && !is_waiting && !self.streams.is_waiting() {
            self.finish_gathering();
        }
    }

    /// There are no more local candidates in the current generation.
    pub(in crate::ice) fn finish_gathering(&mut self) {
        self.current.gathered = true;
        self.events.push_back(IceEvent::GatheringComplete);
    }

    /// Does what is due with servers.
    pub(in crate::ice) fn advance_gathering(&mut self, now: SimTime) {
        // RFC 8445 section 5.1.1.4: bindings are kept alive until it is settled which is used.
        self.gathering.keeps_alive = !self.current.is_concluded() && !self.current.failed;
        let keeps_alive = self.gathering.keeps_alive;
        let ids: Vec<u32> = self.gathering.sessions.iter().map(|session| session.id).collect();
        for id in ids {
            let transaction = self.new_transaction_id();
            let Some(session) = self.gathering.find(id) else {
                continue;
            };
            let (local, remote) = (session.local, session.remote);
            let mut due = Due::Nothing;
            let mut packet = None;
            match &mut session.stage {
                Stage::Turn(client) => client.advance(now),
                Stage::Probing(probe) => {
                    due = probe.schedule.advance(now);
                    if due == Due::Retransmit {
                        packet = Some(probe.packet.clone());
                    }
                }
                Stage::Mapped(keepalive) if keeps_alive && now >= *keepalive => {
                    *keepalive = now + KEEPALIVE_INTERVAL;
                    packet = Some(stun::write_probe(transaction));
                }
                _ => {}
            }
            if let (Some(packet), Some(remote)) = (packet, remote) {
                self.send_to(local, remote, packet);
            }
            if due == Due::TimedOut {
                self.session_failed(id, UNREACHABLE, "no answer came");
            }
            self.drain_session(now, id);
        }
        self.conclude_gathering();
    }
}
