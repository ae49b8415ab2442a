//! The data channels of a connection, as a user of str0m must keep them.
//!
//! str0m names a channel only once it has been handed over, and one of them has to be handed over with an offer when there
//! is no application section yet. Until then a channel waits here.

use glare_peer::{DataChannelInit, DataChannelState, Handle, Unsupported};
use str0m::channel::{ChannelConfig, ChannelId, Reliability};

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

    /// Whether a channel that is not closed has this stream identifier by agreement.
    pub(crate) fn has_negotiated(&self, stream: u16) -> bool {
        self.list.iter().any(|channel| {
            channel.config.negotiated == Some(stream) && channel.state != DataChannelState::Closed
        })
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
