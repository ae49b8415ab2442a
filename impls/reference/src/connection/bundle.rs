//! Which media description uses which transport (RFC 9143, RFC 9429 sections 5.9 to 5.11).
//!
//! `current_section_transports` and `pending_section_transports` hold, for each media description by its index, the transport
//! that it uses: as the last completed negotiation left it, and as the pending offer has it. An answer decides.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};

use glare_peer::{DtlsTransportState, IceTransportState, SctpTransportState};

use super::Connection;
use super::session::{Carries, Session};
use super::slots::MadeOf;
use super::tasks::Task;
use super::transport::{Sctp, SctpId, Transport, TransportId};
use crate::ice::{IceAgent, IceCredentials, Role};

/// The transport of each media description.
pub(super) type SectionTransports = Vec<Option<TransportId>>;

impl Connection {
    /// The transport of each media description, as the descriptions have it that were set last.
    pub(super) fn section_transports(&self) -> &[Option<TransportId>] {
        self.pending_section_transports
            .as_ref()
            .unwrap_or(&self.current_section_transports)
    }

    /// The transport of the media description at an index.
    pub(super) fn transport_of_section(&self, index: usize) -> Option<TransportId> {
        self.section_transports().get(index).copied().flatten()
    }

    /// The transport of an id.
    pub(super) fn transport(&self, id: TransportId) -> &Transport {
        // Ids are made by create_an_rtc_dtls_transport() alone, and no transport ever leaves the list.
        &self.transports[id.0]
    }

    /// The transport of an id.
    pub(super) fn transport_mut(&mut self, id: TransportId) -> &mut Transport {
        &mut self.transports[id.0]
    }

    /// What is in the `[[SctpTransport]]` slot.
    pub(super) fn sctp(&self) -> Option<&Sctp> {
        self.sctp_transport.map(|id| &self.sctp_transports[id.0])
    }

    /// What is in the `[[SctpTransport]]` slot.
    pub(super) fn sctp_mut(&mut self) -> Option<&mut Sctp> {
        self.sctp_transport.map(|id| &mut self.sctp_transports[id.0])
    }

    /// The SCTP transport that goes over a transport.
    pub(super) fn sctp_over(&self, transport: TransportId) -> Option<SctpId> {
        let current = self
            .sctp_transport
            .filter(|id| self.sctp_transports[id.0].transport == transport);
        current.or_else(|| {
            self.sctp_transports
                .iter()
                .rposition(|sctp| sctp.transport == transport && sctp.state != SctpTransportState::Closed)
                .map(SctpId)
        })
    }

    /// The transports of a local offer: those that go on, and new ones for what is new (RFC 9429 section 5.9). Media
    /// descriptions that are bundle-only, or bundled already, use that of their group.
    pub(super) fn transports_of_local_offer(
        &mut self,
        session: &Session,
        made_of: &MadeOf,
    ) -> SectionTransports {
        let before = self.section_transports().to_vec();
        let mut after = vec![None; session.sections.len()];
        for request in &made_of.transports {
            let continued = request.continues.and_then(|at| before.get(at).copied().flatten());
            let id = match continued.filter(|id| !self.transport(*id).is_discarded()) {
                Some(id) => id,
                None => {
                    let credentials = session
                        .own_transport(request.index)
                        .map(|it| it.credentials.clone());
                    self.create_an_rtc_dtls_transport(credentials, Role::Controlling)
                }
            };
            self.transport_mut(id).section = Some((request.index, request.mid.clone()));
            for member in &request.members {
                if let Some(slot) = after.get_mut(*member) {
                    *slot = Some(id);
                }
            }
        }
        after
    }

    /// The transports of a remote offer: those that go on, and one for each BUNDLE group or media description that is new
    /// (RFC 9429 section 5.10).
    pub(super) fn transports_of_remote_offer(&mut self, session: &Session) -> SectionTransports {
        let before = self.section_transports().to_vec();
        // webrtc-pc#set-description, step 4.7.11.2.14.6: the role by the first offer.
        let role = if session.ice_lite {
            Role::Controlling
        } else {
            Role::Controlled
        };
        let mut after: SectionTransports = vec![None; session.sections.len()];
        let mut of_tags: Vec<(usize, TransportId)> = Vec::new();
        for (index, section) in session.sections.iter().enumerate() {
            if section.is_rejected || section.carries == Carries::Nothing {
                continue;
            }
            let at = |index: usize| before.get(index).copied().flatten();
            let known = of_tags
                .iter()
                .find(|(tag, _)| *tag == section.transport_index)
                .map(|(_, id)| *id);
            let own = at(index).filter(|id| !self.transport(*id).is_discarded());
            let of_tag = at(section.transport_index).filter(|id| !self.transport(*id).is_discarded());
            let id = match own.or(known).or(of_tag) {
                Some(id) => id,
                None => self.create_an_rtc_dtls_transport(None, role),
            };
            if known.is_none() {
                of_tags.push((section.transport_index, id));
            }
            if let Some(slot) = after.get_mut(index) {
                *slot = Some(id);
            }
        }
        after
    }

    /// The transports of a local answer: each BUNDLE group uses that of its tagged media description.
    pub(super) fn transports_of_local_answer(
        &mut self,
        session: &Session,
        made_of: &MadeOf,
    ) -> SectionTransports {
        let offered = self.section_transports().to_vec();
        let mut after = vec![None; session.sections.len()];
        for request in &made_of.transports {
            let Some(id) = offered.get(request.index).copied().flatten() else {
                continue;
            };
            self.transport_mut(id).section = Some((request.index, request.mid.clone()));
            for member in &request.members {
                if let Some(slot) = after.get_mut(*member) {
                    *slot = Some(id);
                }
            }
        }
        after
    }

    /// The transports of a remote answer: what is bundled moves to the transport of the tagged media description (RFC 9429
    /// section 5.11).
    pub(super) fn transports_of_remote_answer(&mut self, session: &Session) -> SectionTransports {
        let offered = self.section_transports().to_vec();
        session
            .sections
            .iter()
            .map(|section| {
                let offered = offered.get(section.transport_index).copied().flatten();
                offered.filter(|_| !section.is_rejected)
            })
            .collect()
    }

    /// Moves SCTP to the transport that its media description uses now.
    pub(super) fn move_sctp(&mut self, session: &Session, transports: &[Option<TransportId>]) {
        let now = self.now;
        let data = session.data.as_ref().map(|data| data.index);
        let Some(to) = data.and_then(|index| transports.get(index).copied().flatten()) else {
            return;
        };
        let Some(sctp) = self.sctp_mut() else { return };
        let from = std::mem::replace(&mut sctp.transport, to);
        if from != to
            && let Some(moved) = self.transport_mut(from).take_sctp()
        {
            self.transport_mut(to).adopt_sctp(now, moved);
        }
    }

    /// Ends the transports that no media description uses any more, once a negotiation is complete.
    pub(super) fn discard_unused_transports(&mut self) {
        let used: BTreeSet<TransportId> = self
            .current_section_transports
            .iter()
            .flatten()
            .copied()
            .collect();
        for index in 0..self.transports.len() {
            let id = TransportId(index);
            if !used.contains(&id) && !self.transport(id).is_discarded() {
                self.discard_transport(id);
            }
        }
    }

    /// Ends the transports that only an offer used that another has taken the place of.
    pub(super) fn discard_what_nobody_offers(&mut self) {
        let pending = self.pending_section_transports.iter().flatten();
        let used: BTreeSet<TransportId> = pending
            .chain(&self.current_section_transports)
            .flatten()
            .copied()
            .collect();
        for index in 0..self.transports.len() {
            let id = TransportId(index);
            if !used.contains(&id) && !self.transport(id).is_discarded() {
                self.discard_transport(id);
            }
        }
    }

    /// Ends a transport that no description refers to any more. What is derived from the transports changes in a task of
    /// its own, after the signaling state has been reported.
    fn discard_transport(&mut self, id: TransportId) {
        let now = self.now;
        let sctp = self.sctp_over(id);
        let transport = self.transport_mut(id);
        transport.tear_down(now);
        let mut addresses = std::mem::take(&mut transport.addresses);
        addresses.append(&mut transport.listening);
        for address in addresses {
            self.bound.remove(&address);
        }
        self.take_output(id);
        self.queue(Task::TransportsChanged);
        if let Some(sctp) = sctp {
            self.queue(Task::SctpClosed { sctp, error: None });
        }
        self.queue(Task::DtlsChanged {
            transport: id,
            state: DtlsTransportState::Closed,
        });
        self.queue(Task::IceChanged {
            transport: id,
            selected: None,
            state: Some(IceTransportState::Closed),
        });
    }

    /// A new `RTCDtlsTransport` with its `RTCIceTransport`. Without credentials it gets some of its own.
    fn create_an_rtc_dtls_transport(
        &mut self,
        credentials: Option<IceCredentials>,
        role: Role,
    ) -> TransportId {
        let mut rng = self.rng.fork();
        let credentials = credentials.unwrap_or_else(|| IceCredentials::generate(&mut rng));
        let handles = [self.new_handle(), self.new_handle()];
        let addresses = self.bind();
        let agent = IceAgent::with_configuration(credentials, role, rng, self.ice_configuration());
        let role = Connection::ice_role(agent.role());
        self.transports
            .push(Transport::new(handles, agent, addresses, role));
        TransportId(self.transports.len() - 1)
    }

    /// `webrtc-pc#dfn-create-an-rtcsctptransport`.
    pub(super) fn create_an_rtc_sctp_transport(&mut self, transport: TransportId) -> SctpId {
        let handle = self.new_handle();
        self.sctp_transports.push(Sctp {
            handle,
            state: SctpTransportState::Connecting,
            max_message_size: None,
            max_buffer_size: None,
            max_channels: None,
            transport,
        });
        SctpId(self.sctp_transports.len() - 1)
    }

    /// Binds a UDP port on each address of the host that may be used.
    fn bind(&mut self) -> Vec<SocketAddr> {
        let mut bound = Vec::new();
        for address in self.host.addresses.clone() {
            match self.free_port(address) {
                Some(port) => bound.push(SocketAddr::new(address, port)),
                None => self.notes.push(format!(
                    "all ports from {} to {} of {address} are in use; no candidate for it",
                    self.host.ports.start(),
                    self.host.ports.end()
                )),
            }
        }
        self.bound.extend(&bound);
        bound
    }

    /// The next port of the host's range that is free on an address. Ports go round, so that a late packet for a transport
    /// that was discarded does not reach the one after it.
    pub(super) fn free_port(&mut self, address: IpAddr) -> Option<u16> {
        let ports = self.host.ports.clone();
        for _ in ports.clone() {
            let port = self.next_port;
            self.next_port = if port == *ports.end() {
                *ports.start()
            } else {
                port + 1
            };
            if !self.bound.contains(&SocketAddr::new(address, port)) {
                return Some(port);
            }
        }
        None
    }

    /// The transports that the states of the connection are derived from: those that its transceivers and its SCTP
    /// transport refer to.
    pub(super) fn referenced_transports(&self) -> impl Iterator<Item = &Transport> {
        let mut ids: BTreeSet<TransportId> = self
            .collected()
            .flat_map(|(_, transceiver)| {
                [
                    transceiver.sender.sender_transport,
                    transceiver.receiver.receiver_transport,
                ]
            })
            .flatten()
            .collect();
        ids.extend(self.sctp().map(|sctp| sctp.transport));
        ids.into_iter().map(|id| self.transport(id))
    }
}
