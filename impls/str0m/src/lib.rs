//! str0m behind the peer contract.
//!
//! What str0m does is str0m's own; the adapter adds only the bookkeeping that every user of str0m must do, and
//! [`Str0m::about`](glare_peer::Implementation::about) lists it. Read [`connection`] first, then [`negotiation`].
//!
//! # What comes from the operating system all the same
//!
//! A peer gives the same packets for the same seed only where these are pinned from below:
//!
//! - `getrandom`, by sctp-proto through `rand`: verification tags, initial TSNs and state cookies of SCTP. They travel
//!   encrypted, so without the pin only the bodies of DTLS application data records differ.
//! - `getrandom`, by `RandomState`: the order in which str0m takes up several candidates of one description.
//! - `SystemTime::now` and `Instant::now`, once in a process each by str0m and dimpl: the `gmt_unix_time` in the randoms
//!   of DTLS 1.2 differs between processes.

mod ambient;
mod channels;
mod clock;
mod connection;
mod crypto;
mod gathering;
mod negotiation;

use std::sync::LazyLock;
use std::time::Duration;

use glare_peer::{About, Configuration, CreateError, Granularity, HostView, Implementation, Peer, SimTime};
use str0m::Rtc;

use crate::connection::Connection;

/// str0m, to be cast in a role.
#[derive(Debug, Clone, Copy, Default)]
pub struct Str0m;

impl Implementation for Str0m {
    fn about(&self) -> About {
        let list = |items: &[&str]| items.iter().map(|item| (*item).to_owned()).collect();
        About {
            name: "str0m".to_owned(),
            version: VERSION.clone(),
            granularity: Granularity::Event,
            deterministic: true,
            derived: list(DERIVED),
            capabilities: list(CAPABILITIES),
        }
    }

    fn create(&self, host: HostView, configuration: Configuration) -> Result<Box<dyn Peer>, CreateError> {
        Ok(Box::new(Connection::new(&host, &configuration)?))
    }
}

const DERIVED: &[&str] = &[];

const CAPABILITIES: &[&str] = &[];

/// The version that str0m writes into the `o=` line of its descriptions: it says it nowhere else.
static VERSION: LazyLock<String> = LazyLock::new(|| {
    let certificate = crypto::certificate(0, Duration::ZERO);
    let (sdp, _) = ambient::enter(0, || {
        let mut rtc = Rtc::builder()
            .set_crypto_provider(crypto::provider())
            .set_dtls_cert(certificate)
            .build(clock::instant(SimTime::ZERO));
        let mut changes = rtc.sdp_api();
        changes.add_channel(String::new());
        changes.apply().map(|(offer, _)| offer.to_sdp_string())
    });
    let version = sdp.as_deref().and_then(|sdp| {
        let origin = sdp.lines().find_map(|line| line.strip_prefix("o=str0m-"))?;
        origin.split(' ').next()
    });
    version.unwrap_or("unknown").to_owned()
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_that_of_the_dependency() {
        assert!(
            Str0m.about().version.starts_with("0.25."),
            "{}",
            Str0m.about().version
        );
    }
}
