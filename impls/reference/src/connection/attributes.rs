//! Reading attributes.

use glare_peer::{Attribute, Handle, IceComponent, Unsupported, Value};

use super::Connection;
use super::data_channel::Channel;
use super::slots::AppliedDescription;
use super::stream::Stream;
use super::track::Track;
use super::transceiver::{Transceiver, TransceiverId};
use super::transport::{Sctp, Transport, TransportId};

impl Connection {
    /// The value of an attribute of the connection, or of an object that hangs off it.
    pub(super) fn read_attribute(&self, object: Handle, attribute: Attribute) -> Result<Value, Unsupported> {
        let value = if object == Handle::CONNECTION {
            self.connection_attribute(attribute)
        } else if let Some(channel) = self.channels.get(&object) {
            channel_attribute(channel, attribute)
        } else if let Some(track) = self.tracks.get(&object) {
            track_attribute(track, attribute)
        } else if let Some(stream) = self.streams.get(&object) {
            self.stream_attribute(stream, attribute)
        } else if let Some(certificate) = self.certificate_objects.get(&object) {
            (attribute == Attribute::Expires).then(|| Value::Number(certificate.expires().as_millis() as f64))
        } else if let Some(sctp) = self.sctp_transports.iter().find(|sctp| sctp.handle == object) {
            self.sctp_attribute(sctp, attribute)
        } else {
            let of_transports = self
                .transports
                .iter()
                .find_map(|transport| transport_attribute(transport, object, attribute));
            of_transports.or_else(|| {
                self.transceivers
                    .iter()
                    .enumerate()
                    .find_map(|(index, transceiver)| {
                        self.media_attribute(TransceiverId(index), transceiver, object, attribute)
                    })
            })
        };
        value.ok_or_else(|| Unsupported::new(format!("{object} has no attribute {attribute}")))
    }

    fn connection_attribute(&self, attribute: Attribute) -> Option<Value> {
        Some(match attribute {
            Attribute::SignalingState => string(self.signaling_state),
            Attribute::IceGatheringState => string(self.ice_gathering_state),
            Attribute::IceConnectionState => string(self.ice_connection_state),
            Attribute::ConnectionState => string(self.connection_state),
            Attribute::CanTrickleIceCandidates => self
                .can_trickle_ice_candidates
                .map_or(Value::Null, Value::Boolean),
            Attribute::LocalDescription => description(self.local_description()),
            Attribute::CurrentLocalDescription => description(self.current_local_description.as_ref()),
            Attribute::PendingLocalDescription => description(self.pending_local_description.as_ref()),
            Attribute::RemoteDescription => description(self.remote_description()),
            Attribute::CurrentRemoteDescription => description(self.current_remote_description.as_ref()),
            Attribute::PendingRemoteDescription => description(self.pending_remote_description.as_ref()),
            Attribute::Sctp => self.sctp().map_or(Value::Null, |sctp| Value::Object(sctp.handle)),
            Attribute::Transceivers => objects(&self.collect_transceivers()),
            _ => return None,
        })
    }

    fn sctp_attribute(&self, sctp: &Sctp, attribute: Attribute) -> Option<Value> {
        Some(match attribute {
            Attribute::State => string(sctp.state),
            Attribute::Transport => Value::Object(self.transport(sctp.transport).dtls_handle),
            Attribute::MaxMessageSize => sctp.max_message_size.map_or(Value::Null, Value::Number),
            Attribute::MaxChannels => number_or_null(sctp.max_channels),
            _ => return None,
        })
    }

    /// The value of an attribute of a transceiver, its sender, its receiver or its DTMF sender.
    fn media_attribute(
        &self,
        id: TransceiverId,
        transceiver: &Transceiver,
        object: Handle,
        attribute: Attribute,
    ) -> Option<Value> {
        let Transceiver { sender, receiver, .. } = transceiver;
        let transport = |id: Option<TransportId>| {
            id.map_or(Value::Null, |id| Value::Object(self.transport(id).dtls_handle))
        };
        let dtmf = sender.dtmf.as_ref();
        Some(match attribute {
            Attribute::Mid if object == transceiver.handle => nullable(transceiver.mid.as_ref()),
            Attribute::Sender if object == transceiver.handle => Value::Object(sender.handle),
            Attribute::Receiver if object == transceiver.handle => Value::Object(receiver.handle),
            Attribute::Direction if object == transceiver.handle => string(transceiver.shown_direction()),
            Attribute::CurrentDirection if object == transceiver.handle => {
                nullable(transceiver.shown_current_direction())
            }
            Attribute::Track if object == sender.handle => {
                sender.sender_track.map_or(Value::Null, Value::Object)
            }
            Attribute::Transport if object == sender.handle => transport(sender.sender_transport),
            Attribute::Dtmf if object == sender.handle => {
                dtmf.map_or(Value::Null, |dtmf| Value::Object(dtmf.handle))
            }
            Attribute::Track if object == receiver.handle => Value::Object(receiver.receiver_track),
            Attribute::Transport if object == receiver.handle => transport(receiver.receiver_transport),
            Attribute::JitterBufferTarget if object == receiver.handle => {
                receiver.jitter_buffer_target.map_or(Value::Null, Value::Number)
            }
            Attribute::CanInsertDtmf if dtmf.is_some_and(|dtmf| object == dtmf.handle) => {
                Value::Boolean(self.can_insert_dtmf(id))
            }
            Attribute::ToneBuffer => string(&dtmf.filter(|dtmf| object == dtmf.handle)?.tone_buffer),
            _ => return None,
        })
    }

    fn stream_attribute(&self, stream: &Stream, attribute: Attribute) -> Option<Value> {
        Some(match attribute {
            Attribute::Id => string(&stream.id),
            Attribute::Active => Value::Boolean(self.is_active(stream)),
            Attribute::Tracks => objects(&stream.tracks),
            _ => return None,
        })
    }
}

fn track_attribute(track: &Track, attribute: Attribute) -> Option<Value> {
    Some(match attribute {
        Attribute::Kind => string(track.kind),
        Attribute::Id => string(&track.id),
        Attribute::Label => string(&track.label),
        Attribute::Enabled => Value::Boolean(track.enabled),
        Attribute::Muted => Value::Boolean(track.muted),
        Attribute::ReadyState => string(track.ready_state),
        _ => return None,
    })
}

fn transport_attribute(transport: &Transport, object: Handle, attribute: Attribute) -> Option<Value> {
    Some(match attribute {
        Attribute::State if object == transport.dtls_handle => string(transport.dtls_state),
        Attribute::State if object == transport.ice_handle => string(transport.ice_state),
        Attribute::IceTransport if object == transport.dtls_handle => Value::Object(transport.ice_handle),
        Attribute::GatheringState if object == transport.ice_handle => string(transport.gathering_state),
        Attribute::Role if object == transport.ice_handle => string(transport.ice_role),
        // RTCP has no transport of its own.
        Attribute::Component if object == transport.ice_handle => string(IceComponent::Rtp),
        _ => return None,
    })
}

fn channel_attribute(channel: &Channel, attribute: Attribute) -> Option<Value> {
    Some(match attribute {
        Attribute::Label => string(&channel.label),
        Attribute::Ordered => Value::Boolean(channel.ordered),
        Attribute::MaxPacketLifeTime => number_or_null(channel.max_packet_life_time),
        Attribute::MaxRetransmits => number_or_null(channel.max_retransmits),
        Attribute::Protocol => string(&channel.protocol),
        Attribute::Negotiated => Value::Boolean(channel.negotiated),
        Attribute::Id => number_or_null(channel.id),
        Attribute::ReadyState => string(channel.ready_state),
        Attribute::BufferedAmount => Value::Number(channel.buffered_amount as f64),
        Attribute::BinaryType => string(channel.binary_type),
        Attribute::BufferedAmountLowThreshold => Value::Number(channel.buffered_amount_low_threshold.into()),
        _ => return None,
    })
}

fn string(value: impl ToString) -> Value {
    Value::String(value.to_string())
}

fn nullable(value: Option<impl ToString>) -> Value {
    value.map_or(Value::Null, string)
}

fn objects(handles: &[Handle]) -> Value {
    Value::List(handles.iter().copied().map(Value::Object).collect())
}

fn number_or_null(value: Option<u16>) -> Value {
    value.map_or(Value::Null, |value| Value::Number(value.into()))
}

fn description(description: Option<&AppliedDescription>) -> Value {
    description.map_or(Value::Null, |description| {
        Value::Description(description.description())
    })
}
