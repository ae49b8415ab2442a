//! Reading attributes.

use glare_peer::{Attribute, Handle, Unsupported, Value};

use super::Connection;
use super::data_channel::Channel;
use super::slots::AppliedDescription;
use super::transport::Transport;

impl Connection {
    /// The value of an attribute of the connection, a transport or a channel.
    pub(super) fn read_attribute(&self, object: Handle, attribute: Attribute) -> Result<Value, Unsupported> {
        let value = if object == Handle::CONNECTION {
            self.connection_attribute(attribute)
        } else if let Some(channel) = self.channels.get(&object) {
            channel_attribute(channel, attribute)
        } else {
            self.transports
                .iter()
                .find_map(|transport| transport_attribute(transport, object, attribute))
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
            Attribute::Sctp => self
                .transport()
                .map_or(Value::Null, |transport| Value::Object(transport.sctp_handle)),
            _ => return None,
        })
    }
}

fn transport_attribute(transport: &Transport, object: Handle, attribute: Attribute) -> Option<Value> {
    Some(match attribute {
        Attribute::State if object == transport.sctp_handle => string(transport.sctp_state),
        Attribute::State if object == transport.dtls_handle => string(transport.dtls_state),
        Attribute::State if object == transport.ice_handle => string(transport.ice_state),
        Attribute::Transport if object == transport.sctp_handle => Value::Object(transport.dtls_handle),
        Attribute::MaxMessageSize if object == transport.sctp_handle => {
            transport.max_message_size.map_or(Value::Null, Value::Number)
        }
        Attribute::MaxChannels if object == transport.sctp_handle => number_or_null(transport.max_channels),
        Attribute::IceTransport if object == transport.dtls_handle => Value::Object(transport.ice_handle),
        Attribute::GatheringState if object == transport.ice_handle => string(transport.gathering_state),
        Attribute::Role if object == transport.ice_handle => string(transport.ice_role),
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
        Attribute::BufferedAmountLowThreshold => Value::Number(channel.buffered_amount_low_threshold.into()),
        _ => return None,
    })
}

fn string(value: impl ToString) -> Value {
    Value::String(value.to_string())
}

fn number_or_null(value: Option<u16>) -> Value {
    value.map_or(Value::Null, |value| Value::Number(value.into()))
}

fn description(description: Option<&AppliedDescription>) -> Value {
    description.map_or(Value::Null, |description| {
        Value::Description(description.description())
    })
}
