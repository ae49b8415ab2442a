//! What an agent is configured with, and the addresses it gathers from.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use glare_peer::IceTransportPolicy;

use super::server::IceServer;

/// What the agent is to do. It takes effect at the next [`gather`](super::IceAgent::gather)
/// (webrtc-pc#set-a-configuration).
#[derive(Debug, Clone)]
pub(crate) struct IceConfiguration {
    /// The servers to gather from, in order of preference.
    pub servers: Vec<IceServer>,
    /// Which candidates are surfaced and used (webrtc-pc#rtcicetransportpolicy-enum).
    pub transport_policy: IceTransportPolicy,
    /// Whether host candidates are signalled under names in `.local` (draft-ietf-mmusic-mdns-ice-candidates).
    pub hide_addresses: bool,
    /// Whether the agent is a lite one (RFC 8445 section 2.5): it answers checks and sends none, is always controlled,
    /// and has host candidates only.
    pub lite: bool,
    /// Who vouches for the certificates of `turns:` servers: trust anchors, each a DER certificate.
    pub trust_anchors: Arc<[Vec<u8>]>,
    /// The wall clock at [`SimTime::ZERO`](glare_peer::SimTime::ZERO), since the Unix epoch, for the validity of
    /// certificates.
    pub unix_time: Duration,
}

impl Default for IceConfiguration {
    fn default() -> IceConfiguration {
        IceConfiguration {
            servers: Vec::new(),
            transport_policy: IceTransportPolicy::All,
            hide_addresses: false,
            lite: false,
            trust_anchors: Arc::new([]),
            unix_time: Duration::ZERO,
        }
    }
}

/// Where the agent may send from and listen at. Of the host's addresses, those are left out that RFC 8445 section 5.1.1.1
/// leaves out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct LocalAddresses {
    /// Bound UDP addresses.
    pub udp: Vec<SocketAddr>,
    /// Addresses that active TCP connections may leave from (RFC 6544 section 5.1).
    pub tcp_active: Vec<IpAddr>,
    /// TCP addresses to listen at; port 0 leaves the port to the host.
    pub tcp_passive: Vec<SocketAddr>,
    /// TCP addresses, with a port, that simultaneous-open connections leave from.
    pub tcp_simultaneous_open: Vec<SocketAddr>,
}

impl LocalAddresses {
    /// UDP addresses only.
    pub(crate) fn udp(addresses: &[SocketAddr]) -> LocalAddresses {
        LocalAddresses {
            udp: addresses.to_vec(),
            ..LocalAddresses::default()
        }
    }
}

/// RFC 8445 section 5.1.1.1: whether an address becomes a host candidate. Loopback, IPv4-mapped and site-local addresses
/// do not, and link-local ones do not beside others of IPv6.
pub(super) fn may_be_gathered(address: IpAddr, all: &[IpAddr]) -> bool {
    match address {
        IpAddr::V4(address) => {
            !address.is_loopback() && !address.is_unspecified() && address != Ipv4Addr::BROADCAST
        }
        IpAddr::V6(address) => {
            let is_site_local = address.segments()[0] & 0xffc0 == 0xfec0;
            let is_never = address.is_loopback()
                || address.is_unspecified()
                || address.to_ipv4_mapped().is_some()
                || is_site_local;
            let has_wider = all.iter().any(|other| match other {
                IpAddr::V6(other) => !other.is_unicast_link_local() && !other.is_loopback(),
                IpAddr::V4(_) => false,
            });
            !is_never && (!address.is_unicast_link_local() || !has_wider)
        }
    }
}

/// RFC 8421 section 4: addresses in order of preference, the families taking turns, so that a family that does not work
/// holds up the other for one check only. Within a family, and for which goes first, the policy table of RFC 6724
/// section 2.1 decides.
pub(super) fn interleave(addresses: &[IpAddr]) -> Vec<IpAddr> {
    let family = |is_ipv6: bool| {
        let mut addresses: Vec<IpAddr> = addresses
            .iter()
            .copied()
            .filter(|address| address.is_ipv6() == is_ipv6)
            .collect();
        addresses.sort_by_key(|address| std::cmp::Reverse(precedence(*address)));
        addresses.dedup();
        addresses.into_iter().peekable()
    };
    let (mut one, mut other) = (family(true), family(false));
    let best = |address: Option<&IpAddr>| address.map(|address| precedence(*address));
    if best(one.peek()) < best(other.peek()) {
        std::mem::swap(&mut one, &mut other);
    }
    let mut ordered = Vec::new();
    while one.peek().is_some() || other.peek().is_some() {
        ordered.extend(one.next());
        ordered.extend(other.next());
    }
    ordered
}

/// The precedence of the default policy table of RFC 6724 section 2.1, by which RFC 8445 section 5.1.2.1 orders the
/// addresses of a host with several. Link-local addresses come after all others (RFC 8421 section 3).
fn precedence(address: IpAddr) -> u8 {
    match address {
        IpAddr::V4(address) if address.is_link_local() => 1,
        IpAddr::V4(_) => 35,
        IpAddr::V6(address) if address.is_unicast_link_local() => 1,
        IpAddr::V6(address) if address.is_unique_local() => 3,
        IpAddr::V6(_) => 40,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(texts: &[&str]) -> Vec<IpAddr> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    #[test]
    fn the_families_take_turns_and_ipv6_goes_first() {
        let all = addresses(&["10.0.0.1", "10.0.0.2", "fd00::1", "2001:db8::1", "2001:db8::2"]);
        assert_eq!(
            interleave(&all),
            addresses(&["2001:db8::1", "10.0.0.1", "2001:db8::2", "10.0.0.2", "fd00::1"])
        );
        let local_only = addresses(&["fd00::1", "10.0.0.1"]);
        assert_eq!(interleave(&local_only), addresses(&["10.0.0.1", "fd00::1"]));
    }

    #[test]
    fn some_addresses_are_never_gathered_and_link_local_ones_only_alone() {
        let gathered = |texts: &[&str]| {
            let all = addresses(texts);
            all.iter()
                .filter(|address| may_be_gathered(**address, &all))
                .map(IpAddr::to_string)
                .collect::<Vec<_>>()
        };
        assert_eq!(gathered(&["127.0.0.1", "::1", "10.0.0.1"]), ["10.0.0.1"]);
        assert_eq!(gathered(&["::ffff:10.0.0.1", "fec0::1", "fd00::1"]), ["fd00::1"]);
        assert_eq!(gathered(&["fe80::1", "2001:db8::1"]), ["2001:db8::1"]);
        assert_eq!(gathered(&["fe80::1", "10.0.0.1"]), ["fe80::1", "10.0.0.1"]);
    }
}
