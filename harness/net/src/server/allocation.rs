//! An allocation, and the ChannelData messages that go through it.

use std::collections::{BTreeMap, VecDeque};
use std::net::{IpAddr, SocketAddr};

use glare_peer::SimTime;

use super::ServerOutput;
use super::message::{Family, Refusal};
use super::plan::Transport;

/// The channel numbers of RFC 8656 section 12.
pub(super) const CHANNELS: std::ops::RangeInclusive<u16> = 0x4000..=0x4fff;
#[derive(Debug)]
pub(super) struct Allocation {
    pub(super) username: String,
    /// One of each family at most; at least one.
    pub(super) relayed: Vec<SocketAddr>,
    pub(super) expires: SimTime,
    pub(super) permissions: BTreeMap<IpAddr, SimTime>,
    pub(super) channels: BTreeMap<u16, Channel>,
    /// The request that made it and the answer to it, for when that request comes again (RFC 8656 section 7.2).
    pub(super) made_by: (u128, Vec<u8>),
}

#[derive(Debug)]
pub(super) struct Channel {
    pub(super) peer: SocketAddr,
    pub(super) expires: SimTime,
}

impl Allocation {
    pub(super) fn has(&self, family: Family) -> bool {
        self.relayed
            .iter()
            .any(|address| Family::of(address.ip()) == family)
    }

    /// RFC 8656 sections 10.2 and 12.2: a peer must be of a family that is relayed.
    pub(super) fn check_peer(&self, peer: IpAddr) -> Result<(), Refusal> {
        match self.has(Family::of(peer)) {
            true => Ok(()),
            false => Err(Refusal::new(443)),
        }
    }

    pub(super) fn permits(&self, now: SimTime, peer: SocketAddr) -> bool {
        self.permissions
            .get(&peer.ip())
            .is_some_and(|&expires| expires > now)
    }

    /// Sends to a peer that is permitted, from the relayed address of its family.
    pub(super) fn relay(
        &self,
        now: SimTime,
        peer: SocketAddr,
        data: &[u8],
        out: &mut VecDeque<ServerOutput>,
    ) {
        let source = self
            .relayed
            .iter()
            .find(|address| address.is_ipv4() == peer.is_ipv4());
        if let Some(&source) = source
            && self.permits(now, peer)
        {
            out.push_back(ServerOutput::Datagram {
                source,
                destination: peer,
                data: data.to_vec(),
            });
        }
    }
}

/// Channel number and data of a ChannelData message (RFC 8656 section 12.4).
pub(super) fn channel_data(message: &[u8]) -> Option<(u16, &[u8])> {
    let (&[n0, n1, l0, l1], data) = message.split_first_chunk::<4>()?;
    let number = u16::from_be_bytes([n0, n1]);
    let length = usize::from(u16::from_be_bytes([l0, l1]));
    CHANNELS
        .contains(&number)
        .then(|| Some((number, data.get(..length)?)))
        .flatten()
}

pub(super) fn write_channel_data(transport: Transport, number: u16, data: &[u8]) -> Vec<u8> {
    // A datagram is no longer than the length can say.
    let length = u16::try_from(data.len()).unwrap_or(u16::MAX);
    let data = &data[..usize::from(length)];
    let mut message = Vec::with_capacity(data.len() + 7);
    message.extend(number.to_be_bytes());
    message.extend(length.to_be_bytes());
    message.extend_from_slice(data);
    if transport == Transport::Tcp {
        message.resize(message.len().next_multiple_of(4), 0);
    }
    message
}
