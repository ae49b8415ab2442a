//! What two agents do together over virtual time.

mod by_hand;
mod connecting;
mod consent;
mod internet;
mod messages;
mod names_and_lite;
mod network;
mod restart;
mod servers;
mod streams;
mod tls;
mod turn;
mod turn_server;

use std::time::Duration;

use glare_peer::IceTransportState as State;
use stun_types::attribute::ErrorCode;
use stun_types::message::Message;

use network::Network;

const SECOND: Duration = Duration::from_secs(1);

fn names(network: &Network, side: usize) -> Vec<State> {
    network.ends[side]
        .states
        .iter()
        .map(|(_, state)| *state)
        .collect()
}

/// All that was sent as parsed messages.
fn error_codes(network: &Network) -> Vec<(usize, u16)> {
    network
        .seen
        .iter()
        .filter_map(|seen| {
            let message = Message::from_bytes(&seen.data).unwrap();
            let error = message.attribute::<ErrorCode>().ok()?;
            Some((seen.from, error.code()))
        })
        .collect()
}
