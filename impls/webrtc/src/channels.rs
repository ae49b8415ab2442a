//! The data channels of a connection. rtc names each from the moment it is made; what a channel is read for is kept here,
//! because rtc drops a channel that has closed and its attributes go on.

use bytes::BytesMut;
use glare_peer::{
    Attribute, Called, DataChannelInit, DataChannelState, Handle, MessageData, Unsupported, Value,
};
use rtc::data_channel::{RTCDataChannel, RTCDataChannelInit};
use rtc::peer_connection::RTCPeerConnection;

use crate::clock;
use crate::connection::{Connection, threw};

/// The handle of the first channel: the connection and its transports come before.
const FIRST: u32 = 4;

/// One data channel.
#[derive(Debug)]
pub(crate) struct Channel {
    /// rtc's name for it.
    id: usize,
    label: String,
    protocol: String,
    ordered: bool,
    negotiated: bool,
    max_packet_life_time: Option<u16>,
    max_retransmits: Option<u16>,
    pub(crate) state: DataChannelState,
    /// The stream identifier, once rtc has given it one.
    stream: Option<u16>,
    /// What rtc held for sending after the last call into it, bytes.
    buffered: usize,
    low_threshold: u32,
}

/// All channels of a connection, in the order they were made.
#[derive(Debug, Default)]
pub(crate) struct Channels {
    list: Vec<Channel>,
}

impl Channels {
    /// Adds a channel of rtc's, which has its handle from now on.
    pub(crate) fn add(&mut self, channel: &RTCDataChannel<'_>) -> Handle {
        let handle = u32::try_from(self.list.len())
            .ok()
            .and_then(|count| count.checked_add(FIRST))
            .map(Handle)
            .expect("fewer channels than a u32 counts fit in memory");
        self.list.push(Channel {
            id: channel.id(),
            label: channel.label().to_owned(),
            protocol: channel.protocol().to_owned(),
            ordered: channel.ordered(),
            negotiated: channel.negotiated(),
            max_packet_life_time: channel.max_packet_life_time(),
            max_retransmits: channel.max_retransmits(),
            state: DataChannelState::Connecting,
            stream: channel.stream_id(),
            buffered: 0,
            low_threshold: channel.buffered_amount_low_threshold(),
        });
        handle
    }

    fn get(&self, handle: Handle) -> Option<&Channel> {
        self.list.get(index(handle)?)
    }

    pub(crate) fn get_mut(&mut self, handle: Handle) -> Option<&mut Channel> {
        self.list.get_mut(index(handle)?)
    }

    /// The channel that rtc names so.
    pub(crate) fn by_id(&self, id: usize) -> Option<Handle> {
        let index = self.list.iter().position(|channel| channel.id == id)?;
        Some(Handle(u32::try_from(index).ok()?.checked_add(FIRST)?))
    }

    /// Takes down what may have changed with a call into rtc.
    pub(crate) fn look(&mut self, rtc: &mut RTCPeerConnection) {
        let moving = self
            .list
            .iter_mut()
            .filter(|channel| channel.state != DataChannelState::Closed);
        for channel in moving {
            // A channel that rtc has dropped keeps what it had last (webrtc-pc#dom-datachannel-bufferedamount).
            if let Some(known) = rtc.data_channel(channel.id) {
                channel.stream = known.stream_id();
                channel.buffered = known.outstanding_bytes();
            }
        }
    }

    pub(crate) fn read(&self, handle: Handle, attribute: Attribute) -> Result<Value, Unsupported> {
        let channel = self
            .get(handle)
            .ok_or_else(|| Unsupported::new(format!("{handle} is no object of this connection")))?;
        let number_or_null =
            |number: Option<u16>| number.map_or(Value::Null, |number| Value::Number(number.into()));
        Ok(match attribute {
            Attribute::Label => Value::String(channel.label.clone()),
            Attribute::Protocol => Value::String(channel.protocol.clone()),
            Attribute::Ordered => Value::Boolean(channel.ordered),
            Attribute::Negotiated => Value::Boolean(channel.negotiated),
            Attribute::MaxPacketLifeTime => number_or_null(channel.max_packet_life_time),
            Attribute::MaxRetransmits => number_or_null(channel.max_retransmits),
            Attribute::Id => number_or_null(channel.stream),
            Attribute::ReadyState => Value::String(channel.state.to_string()),
            Attribute::BufferedAmount => Value::Number(channel.buffered as f64),
            Attribute::BufferedAmountLowThreshold => Value::Number(channel.low_threshold.into()),
            _ => return Err(Unsupported::new(format!("a data channel has no {attribute}"))),
        })
    }
}

impl Connection {
    /// webrtc-pc#dom-rtcpeerconnection-createdatachannel, as far as rtc goes.
    pub(crate) fn create_data_channel(&mut self, label: &str, init: DataChannelInit) -> Called {
        let init = match rtc_init(init) {
            Ok(init) => init,
            Err(unsupported) => return Called::Unsupported(unsupported),
        };
        match self.call(|rtc| Ok(rtc.create_data_channel(label, Some(init))?.id())) {
            Ok(id) => match self.register(id) {
                Some(handle) => Called::Returned(Value::Object(handle)),
                None => Called::Unsupported(Unsupported::new(format!(
                    "rtc made channel {id} and has no such channel"
                ))),
            },
            Err(error) => threw(&error),
        }
    }

    /// webrtc-pc#dom-datachannel-send, as far as rtc goes.
    pub(crate) fn send(&mut self, handle: Handle, data: &MessageData) -> Called {
        let Some(id) = self.channels.get(handle).map(|channel| channel.id) else {
            return no_such_channel(handle);
        };
        let now = clock::instant(self.told);
        let sent = self.call(|rtc| {
            rtc.data_channel(id).map(|mut channel| match data {
                MessageData::Text(text) => channel.send_text(now, &**text),
                MessageData::Binary(bytes) => channel.send(now, BytesMut::from(&**bytes)),
            })
        });
        match sent {
            Some(Ok(())) => Called::Returned(Value::Undefined),
            Some(Err(error)) => threw(&error),
            None => threw(&rtc::shared::error::Error::ErrDataChannelClosed),
        }
    }

    /// webrtc-pc#dom-rtcdatachannel-close, as far as rtc goes.
    pub(crate) fn close_data_channel(&mut self, handle: Handle) -> Called {
        let Some(id) = self.channels.get(handle).map(|channel| channel.id) else {
            return no_such_channel(handle);
        };
        let closed = self.call(|rtc| {
            let mut channel = rtc.data_channel(id)?;
            let result = channel.close();
            Some((result, channel.ready_state().to_string()))
        });
        let Some((result, state)) = closed else {
            // It closed before; closing it again has no effect.
            return Called::Returned(Value::Undefined);
        };
        if let (Ok(state), Some(channel)) = (state.parse(), self.channels.get_mut(handle)) {
            channel.state = state;
        }
        match result {
            Ok(()) => Called::Returned(Value::Undefined),
            Err(error) => threw(&error),
        }
    }

    pub(crate) fn set_buffered_amount_low_threshold(&mut self, handle: Handle, threshold: u32) -> Called {
        let Some(channel) = self.channels.get_mut(handle) else {
            return no_such_channel(handle);
        };
        channel.low_threshold = threshold;
        let id = channel.id;
        self.call(|rtc| {
            if let Some(mut channel) = rtc.data_channel(id) {
                channel.set_buffered_amount_low_threshold(threshold);
            }
        });
        Called::Returned(Value::Undefined)
    }
}

/// Where a channel stands in the list.
fn index(handle: Handle) -> Option<usize> {
    usize::try_from(handle.0.checked_sub(FIRST)?).ok()
}

/// What `createDataChannel()` was called with, as rtc takes it.
///
/// # Errors
///
/// What rtc's dictionary cannot express.
fn rtc_init(init: DataChannelInit) -> Result<RTCDataChannelInit, Unsupported> {
    let negotiated = match (init.negotiated, init.id) {
        (false, _) => None,
        (true, Some(id)) => Some(id),
        (true, None) => {
            return Err(Unsupported::new(
                "rtc's RTCDataChannelInit cannot express a negotiated channel without an id",
            ));
        }
    };
    Ok(RTCDataChannelInit {
        ordered: init.ordered,
        max_packet_life_time: init.max_packet_life_time,
        max_retransmits: init.max_retransmits,
        protocol: init.protocol,
        negotiated,
    })
}

fn no_such_channel(handle: Handle) -> Called {
    Called::Unsupported(Unsupported::new(format!(
        "{handle} is no data channel of this connection"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_counts_only_for_a_negotiated_channel() {
        let init = DataChannelInit {
            id: Some(4),
            ..DataChannelInit::default()
        };
        assert_eq!(rtc_init(init.clone()).unwrap().negotiated, None);
        let negotiated = DataChannelInit {
            negotiated: true,
            ..init
        };
        assert_eq!(rtc_init(negotiated.clone()).unwrap().negotiated, Some(4));
        let nameless = DataChannelInit {
            id: None,
            ..negotiated
        };
        assert!(rtc_init(nameless).is_err());
    }
}
