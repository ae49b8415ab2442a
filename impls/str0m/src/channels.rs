//! The data channels of a connection, as a user of str0m must keep them.
//!
//! str0m names a channel only once it has been handed over, and one of them has to be handed over with an offer when there
//! is no application section yet. Until then a channel waits here.

use glare_peer::{
    Attribute, Called, DataChannelInit, DataChannelState, ExceptionName, Handle, MessageData, Unsupported,
    Value,
};
use str0m::channel::{ChannelConfig, ChannelId, Reliability};
use str0m::error::{ProtoError, RtcError, SctpError};

use crate::connection::{Connection, Happening, threw};

/// One data channel.
#[derive(Debug)]
pub(crate) struct Channel {
    pub(crate) handle: Handle,
    /// str0m's name for it; none while it waits to be handed over.
    pub(crate) id: Option<ChannelId>,
    pub(crate) config: ChannelConfig,
    pub(crate) state: DataChannelState,
    /// The stream identifier, once str0m has given it one.
    pub(crate) stream: Option<u16>,
    /// What str0m held for sending after the last call into it, in bytes.
    pub(crate) buffered: usize,
    pub(crate) low_threshold: u32,
}

/// All channels of a connection, in the order they were made.
#[derive(Debug, Default)]
pub(crate) struct Channels {
    list: Vec<Channel>,
}

impl Channels {
    /// Adds a channel, which has its handle from now on.
    pub(crate) fn add(&mut self, id: Option<ChannelId>, config: ChannelConfig) -> Handle {
        let handle = u32::try_from(self.list.len() + 1)
            .map(Handle)
            .expect("fewer channels than a u32 counts fit in memory");
        self.list.push(Channel {
            handle,
            id,
            stream: config.negotiated,
            config,
            state: DataChannelState::Connecting,
            buffered: 0,
            low_threshold: 0,
        });
        handle
    }

    pub(crate) fn get(&self, handle: Handle) -> Option<&Channel> {
        self.list.get(index(handle)?)
    }

    pub(crate) fn get_mut(&mut self, handle: Handle) -> Option<&mut Channel> {
        self.list.get_mut(index(handle)?)
    }

    pub(crate) fn by_id(&mut self, id: ChannelId) -> Option<&mut Channel> {
        self.list.iter_mut().find(|channel| channel.id == Some(id))
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Channel> {
        self.list.iter_mut()
    }

    /// The channels that have not been handed to str0m.
    pub(crate) fn waiting(&self) -> Vec<Handle> {
        self.list
            .iter()
            .filter(|channel| channel.id.is_none() && channel.state == DataChannelState::Connecting)
            .map(|channel| channel.handle)
            .collect()
    }

    /// The channels that are not closed.
    pub(crate) fn living(&self) -> Vec<Handle> {
        self.list
            .iter()
            .filter(|channel| channel.state != DataChannelState::Closed)
            .map(|channel| channel.handle)
            .collect()
    }

    /// The channels of which a call into str0m may have changed something: those without a stream, those on their way to
    /// open, because str0m counts its announcement as buffered, and those with something to send.
    fn in_motion(&self) -> Vec<(Handle, ChannelId)> {
        self.list
            .iter()
            .filter(|channel| channel.state != DataChannelState::Closed)
            .filter(|channel| {
                channel.stream.is_none()
                    || channel.state == DataChannelState::Connecting
                    || channel.buffered > 0
            })
            .filter_map(|channel| Some((channel.handle, channel.id?)))
            .collect()
    }
}

impl Connection {
    /// webrtc-pc#dom-peerconnection-createdatachannel, as far as str0m goes. An id that is in use is str0m's to refuse:
    /// it panics.
    pub(crate) fn create_data_channel(&mut self, label: String, init: DataChannelInit) -> Called {
        let config = match config(label, init) {
            Ok(config) => config,
            Err(unsupported) => return Called::Unsupported(unsupported),
        };
        let handle = self.channels.add(None, config);
        if self.negotiation.application || self.negotiation.carries_channel() {
            self.hand_over_channels();
        }
        Called::Returned(Value::Object(handle))
    }

    /// webrtc-pc#datachannel-send, as far as str0m goes.
    pub(crate) fn send(&mut self, handle: Handle, data: &MessageData) -> Called {
        let id = match self.channels.get(handle) {
            Some(channel) if channel.state == DataChannelState::Open => channel.id,
            Some(channel) => {
                return threw(
                    ExceptionName::InvalidStateError,
                    format!("the channel is {}", channel.state),
                );
            }
            None => return no_such_channel(handle),
        };
        let binary = matches!(data, MessageData::Binary(_));
        let written = self.enter(|rtc| {
            let mut channel = id.and_then(|id| rtc.channel(id))?;
            Some(channel.write(binary, data.as_bytes()))
        });
        if let (Some(Ok(true)), Some(channel)) = (&written, self.channels.get_mut(handle)) {
            channel.buffered += data.len();
        }
        self.poll();
        match written {
            Some(Ok(true)) => Called::Returned(Value::Undefined),
            Some(Ok(false)) => threw(
                ExceptionName::OperationError,
                "str0m's send buffer is full".to_owned(),
            ),
            Some(Err(RtcError::Sctp(SctpError::Proto(ProtoError::ErrOutboundPacketTooLarge)))) => threw(
                ExceptionName::TypeError,
                "larger than the other side's max-message-size".to_owned(),
            ),
            Some(Err(error)) => threw(ExceptionName::OperationError, format!("str0m: {error}")),
            None => threw(
                ExceptionName::InvalidStateError,
                "str0m has no such open channel".to_owned(),
            ),
        }
    }

    /// webrtc-pc#dom-rtcdatachannel-close, as far as str0m goes.
    pub(crate) fn close_data_channel(&mut self, handle: Handle) -> Called {
        let Some(channel) = self.channels.get_mut(handle) else {
            return no_such_channel(handle);
        };
        match (channel.state, channel.id, channel.stream) {
            (DataChannelState::Closing | DataChannelState::Closed, _, _) => {}
            (DataChannelState::Open, Some(id), _) => {
                channel.state = DataChannelState::Closing;
                self.call(|rtc| rtc.direct_api().close_data_channel(id));
            }
            _ => {
                return Called::Unsupported(Unsupported::new(
                    "str0m cannot close a channel that has not opened yet",
                ));
            }
        }
        Called::Returned(Value::Undefined)
    }

    pub(crate) fn set_buffered_amount_low_threshold(&mut self, handle: Handle, threshold: u32) -> Called {
        let Some(channel) = self.channels.get_mut(handle) else {
            return no_such_channel(handle);
        };
        channel.low_threshold = threshold;
        if let (Some(id), DataChannelState::Open) = (channel.id, channel.state) {
            self.set_low_threshold(id, threshold);
            self.poll();
        }
        Called::Returned(Value::Undefined)
    }

    pub(crate) fn read_channel(&self, handle: Handle, attribute: Attribute) -> Result<Value, Unsupported> {
        let channel = self
            .channels
            .get(handle)
            .ok_or_else(|| Unsupported::new(format!("{handle} is no object of this connection")))?;
        let config = &channel.config;
        let number_or_null =
            |number: Option<u16>| number.map_or(Value::Null, |number| Value::Number(number.into()));
        Ok(match attribute {
            Attribute::Label => Value::String(config.label.clone()),
            Attribute::Protocol => Value::String(config.protocol.clone()),
            Attribute::Ordered => Value::Boolean(config.ordered),
            Attribute::Negotiated => Value::Boolean(config.negotiated.is_some()),
            Attribute::MaxPacketLifeTime => number_or_null(match config.reliability {
                Reliability::MaxPacketLifetime { lifetime } => Some(lifetime),
                _ => None,
            }),
            Attribute::MaxRetransmits => number_or_null(match config.reliability {
                Reliability::MaxRetransmits { retransmits } => Some(retransmits),
                _ => None,
            }),
            Attribute::Id => number_or_null(channel.stream),
            Attribute::ReadyState => Value::String(channel.state.to_string()),
            Attribute::BufferedAmount => Value::Number(channel.buffered as f64),
            Attribute::BufferedAmountLowThreshold => Value::Number(channel.low_threshold.into()),
            _ => return Err(Unsupported::new(format!("a data channel has no {attribute}"))),
        })
    }

    pub(crate) fn notice_open(&mut self, id: ChannelId, label: String) {
        let known = self.channels.by_id(id).map(|channel| channel.handle);
        let handle = match known {
            Some(handle) => handle,
            None => {
                let config = self.enter(|rtc| rtc.channel(id)?.config().cloned());
                let config = config.unwrap_or_else(|| ChannelConfig {
                    label,
                    ..ChannelConfig::default()
                });
                let handle = self.channels.add(Some(id), config);
                self.tasks.push(Happening::DataChannel(handle));
                handle
            }
        };
        let threshold = self
            .channels
            .get(handle)
            .map_or(0, |channel| channel.low_threshold);
        if threshold > 0 {
            self.set_low_threshold(id, threshold);
        }
        self.tasks.push(Happening::Open(handle));
    }

    /// Takes down what only a call into str0m can tell.
    pub(crate) fn look_at_channels(&mut self) {
        for (handle, id) in self.channels.in_motion() {
            let (stream, buffered) = self.enter(|rtc| {
                let stream = rtc.direct_api().sctp_stream_id_by_channel_id(id);
                (
                    stream,
                    rtc.channel(id).map(|mut channel| channel.buffered_amount()),
                )
            });
            if let Some(channel) = self.channels.get_mut(handle) {
                channel.stream = channel.stream.or(stream);
                // What was never sent stays buffered when a channel closes (webrtc-pc#dom-datachannel-bufferedamount).
                channel.buffered = buffered.unwrap_or(channel.buffered);
            }
        }
    }

    fn set_low_threshold(&mut self, id: ChannelId, threshold: u32) {
        let threshold = usize::try_from(threshold).unwrap_or(usize::MAX);
        self.enter(|rtc| {
            if let Some(mut channel) = rtc.channel(id) {
                channel.set_buffered_amount_low_threshold(threshold);
            }
        });
    }
}

/// Where a channel stands in the list: handles are given out from 1, in order.
fn index(handle: Handle) -> Option<usize> {
    usize::try_from(handle.0).ok()?.checked_sub(1)
}

/// What `createDataChannel()` was called with, as str0m takes it.
///
/// # Errors
///
/// What str0m's configuration of a channel cannot express.
pub(crate) fn config(label: String, init: DataChannelInit) -> Result<ChannelConfig, Unsupported> {
    let reliability = match (init.max_packet_life_time, init.max_retransmits) {
        (None, None) => Reliability::Reliable,
        (Some(lifetime), None) => Reliability::MaxPacketLifetime { lifetime },
        (None, Some(retransmits)) => Reliability::MaxRetransmits { retransmits },
        (Some(_), Some(_)) => {
            return Err(Unsupported::new(
                "str0m's ChannelConfig cannot express maxPacketLifeTime together with maxRetransmits",
            ));
        }
    };
    let negotiated = match (init.negotiated, init.id) {
        (false, _) => None,
        (true, Some(id)) => Some(id),
        (true, None) => {
            return Err(Unsupported::new(
                "str0m's ChannelConfig cannot express a negotiated channel without an id",
            ));
        }
    };
    Ok(ChannelConfig {
        label,
        ordered: init.ordered,
        reliability,
        negotiated,
        protocol: init.protocol,
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
        assert_eq!(config(String::new(), init.clone()).unwrap().negotiated, None);
        let negotiated = DataChannelInit {
            negotiated: true,
            ..init
        };
        assert_eq!(config(String::new(), negotiated).unwrap().negotiated, Some(4));
    }

    #[test]
    fn what_the_configuration_cannot_express_is_unsupported() {
        let both = DataChannelInit {
            max_packet_life_time: Some(1),
            max_retransmits: Some(1),
            ..DataChannelInit::default()
        };
        assert!(config(String::new(), both).is_err());
        let nameless = DataChannelInit {
            negotiated: true,
            ..DataChannelInit::default()
        };
        assert!(config(String::new(), nameless).is_err());
    }

    #[test]
    fn handles_lead_back_to_their_channels() {
        let mut channels = Channels::default();
        let first = channels.add(None, ChannelConfig::default());
        let second = channels.add(None, ChannelConfig::default());
        assert_eq!(channels.get(second).map(|channel| channel.handle), Some(second));
        assert_eq!(channels.waiting(), [first, second]);
        assert!(channels.get(Handle::CONNECTION).is_none());
        assert!(channels.get(Handle(3)).is_none());
    }
}
