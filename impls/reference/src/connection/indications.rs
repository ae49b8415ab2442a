//! What the layers below report, turned into the tasks that the specification asks for.

use glare_peer::{Datagram, DtlsTransportState, Exception, IceTransportState, RtcErrorDetail};

use super::Connection;
use super::data_channel::rtc_error;
use super::tasks::{SelectedPair, Task};
use super::transport::{SctpId, TransportEvent, TransportId};
use crate::dtls::{DtlsEvent, DtlsFailure};
use crate::ice::IceEvent;
use crate::sctp::SctpEvent;

/// A change of an ICE transport's pair, state or both that is still being collected: "the selected pair and state are
/// related and are handled in the same task".
#[derive(Default)]
struct IceChange {
    selected: Option<SelectedPair>,
    state: Option<IceTransportState>,
}

impl Connection {
    /// A datagram arrived.
    pub(super) fn receive(&mut self, datagram: &Datagram) {
        let now = self.now;
        let bound = self
            .transports
            .iter_mut()
            .find(|transport| transport.addresses.contains(&datagram.local));
        let taken = match bound {
            Some(transport) => transport.input(now, datagram),
            // A packet for a transport that has been discarded, or for a port that nothing has bound yet.
            None => return,
        };
        if let Err(why) = taken {
            self.notes
                .push(format!("a datagram from {} was dropped: {why}", datagram.remote));
        }
    }

    /// Takes what the transports report and have to send.
    pub(super) fn take_indications(&mut self) {
        let now = self.now;
        for index in 0..self.transports.len() {
            let mut events = self.transports[index].advance(now);
            self.take_output(TransportId(index));
            // What the host answers at once, such as where it listens.
            events.append(&mut self.transports[index].advance(now));
            self.take_output(TransportId(index));
            let id = TransportId(index);
            let mut change = IceChange::default();
            for event in events {
                match event {
                    TransportEvent::Ice(IceEvent::SelectedPair(pair)) => {
                        if change.selected.is_some() {
                            self.flush(id, &mut change);
                        }
                        change.selected = Some(Some(pair));
                    }
                    TransportEvent::Ice(IceEvent::StateChange(state)) => {
                        if change.state.is_some() {
                            self.flush(id, &mut change);
                        }
                        change.state = Some(state);
                    }
                    other => {
                        self.flush(id, &mut change);
                        self.indicate(id, other);
                    }
                }
            }
            self.flush(id, &mut change);
        }
    }

    /// Takes what a transport gives out beside its events.
    pub(super) fn take_output(&mut self, id: TransportId) {
        let transport = &mut self.transports[id.0];
        self.datagrams.append(&mut transport.datagrams);
        self.secrets.append(&mut transport.secrets);
        self.notes.append(&mut transport.notes);
        self.take_ice_requests(id);
    }

    /// Queues the task for a change of an ICE transport.
    fn flush(&mut self, transport: TransportId, change: &mut IceChange) {
        let IceChange { selected, state } = std::mem::take(change);
        if selected.is_some() || state.is_some() {
            self.queue(Task::IceChanged {
                transport,
                selected,
                state,
            });
        }
    }

    fn indicate(&mut self, transport: TransportId, event: TransportEvent) {
        match event {
            TransportEvent::Ice(event) => self.ice_indication(transport, event),
            TransportEvent::DtlsConnecting => {
                self.queue(Task::DtlsChanged {
                    transport,
                    state: DtlsTransportState::Connecting,
                });
            }
            TransportEvent::Dtls(event) => self.dtls_indication(transport, event),
            TransportEvent::Sctp(event) => {
                if let Some(sctp) = self.sctp_over(transport) {
                    self.sctp_indication(sctp, event);
                }
            }
            TransportEvent::Media(event) => self.media_indication(transport, event),
        }
    }

    fn ice_indication(&mut self, id: TransportId, event: IceEvent) {
        match event {
            IceEvent::LocalCandidate(candidate) => {
                let username_fragment = self.gathering_generation(id);
                let candidate = Box::new(candidate);
                self.queue(Task::CandidateAvailable {
                    transport: id,
                    candidate,
                    username_fragment,
                });
            }
            IceEvent::GatheringComplete => {
                let username_fragment = self.gathering_generation(id);
                self.queue(Task::GatheringFinished {
                    transport: id,
                    username_fragment,
                });
                let transport = &mut self.transports[id.0];
                transport.generations_gathering = transport.generations_gathering.saturating_sub(1);
                if transport.generations_gathering == 0 {
                    self.queue(Task::GatheringComplete { transport: id });
                }
            }
            IceEvent::RoleChange(role) => {
                let role = Connection::ice_role(role);
                self.queue(Task::IceRoleChanged { transport: id, role });
            }
            IceEvent::CandidateError(error) => {
                self.queue(Task::CandidateFailedToGather { transport: id, error });
            }
            IceEvent::StateChange(_) | IceEvent::SelectedPair(_) => {}
        }
    }

    /// The username fragment of the generation that a transport gathers.
    fn gathering_generation(&self, id: TransportId) -> String {
        self.transports[id.0].gathered.clone().unwrap_or_default()
    }

    fn dtls_indication(&mut self, transport: TransportId, event: DtlsEvent) {
        match event {
            DtlsEvent::Connected => {
                self.queue(Task::DtlsChanged {
                    transport,
                    state: DtlsTransportState::Connected,
                });
            }
            DtlsEvent::Closed => {
                self.queue(Task::DtlsChanged {
                    transport,
                    state: DtlsTransportState::Closed,
                });
                if let Some(sctp) = self.sctp_over(transport) {
                    self.queue(Task::SctpClosed { sctp, error: None });
                }
            }
            DtlsEvent::Failed(failure) => {
                let detail = match failure {
                    DtlsFailure::Handshake { .. } => RtcErrorDetail::DtlsFailure,
                    DtlsFailure::Fingerprint { .. } => RtcErrorDetail::FingerprintFailure,
                };
                let message = failure.to_string();
                self.notes.push(format!("DTLS failed: {message}"));
                self.queue(Task::DtlsFailed {
                    transport,
                    error: Exception {
                        received_alert: failure.received_alert(),
                        sent_alert: failure.sent_alert(),
                        ..rtc_error(detail, message)
                    },
                });
            }
            DtlsEvent::Data(_) => {}
        }
    }

    fn sctp_indication(&mut self, sctp: SctpId, event: SctpEvent) {
        match event {
            SctpEvent::Connected => self.queue(Task::SctpConnected { sctp }),
            SctpEvent::Opened { stream, parameters } => {
                self.queue(Task::AnnounceInstance {
                    sctp,
                    stream,
                    parameters,
                });
            }
            SctpEvent::Acknowledged { .. } => {}
            SctpEvent::Message { stream, data } => self.queue(Task::Message { sctp, stream, data }),
            SctpEvent::BufferedAmountDecreased { stream, amount } => {
                if let Some(handle) = self.channel_of_stream(sctp, stream)
                    && let Some(channel) = self.channels.get_mut(&handle)
                {
                    let bytes = channel.queued.saturating_sub(amount);
                    channel.queued = channel.queued.min(amount);
                    self.queue(Task::BytesSent {
                        channel: handle,
                        bytes,
                    });
                }
            }
            SctpEvent::StreamClosedByRemote { stream } => {
                self.queue(Task::ClosedByRemote { sctp, stream });
            }
            SctpEvent::StreamReset { stream } => self.queue(Task::StreamReset { sctp, stream }),
            SctpEvent::Closed => self.queue(Task::SctpClosed { sctp, error: None }),
            SctpEvent::Failed(message) => {
                self.notes.push(format!("SCTP failed: {message}"));
                self.queue(Task::SctpClosed {
                    sctp,
                    error: Some(message),
                });
            }
        }
    }
}
