//! TLS to a TURN server (`turns:`, RFC 7065 and RFC 8656 section 3.1): TLS 1.3 as a function of its bytes, a generator and
//! the time.
//!
//! The library asks for chance through hooks that live as long as the process and know of no connection. So the connection
//! that is being driven lends its generator to the thread for the time of each call.

use std::cell::RefCell;
use std::io::{ErrorKind, Read as _, Write as _};
use std::sync::Arc;
use std::time::Duration;

use rustls::client::Resumption;
use rustls::crypto::{
    ActiveKeyExchange, CryptoProvider, GetRandomFailed, SecureRandom, SharedSecret, SupportedKxGroup, ring,
};
use rustls::pki_types::{CertificateDer, IpAddr, ServerName, UnixTime};
use rustls::time_provider::TimeProvider;
use rustls::{ClientConfig, ClientConnection, Error, NamedGroup, PeerMisbehaved, RootCertStore};

use super::server::ServerHost;

thread_local! {
    /// The generator of the connection that is being driven on this thread.
    static CHANCE: RefCell<Option<fastrand::Rng>> = const { RefCell::new(None) };
}

/// The client's side of a TLS connection.
#[derive(Debug)]
pub(super) struct TlsClient {
    connection: ClientConnection,
    rng: fastrand::Rng,
}

impl TlsClient {
    /// A connection to a server by the name or address of its URL, whose certificate a trust anchor has to vouch for.
    ///
    /// # Errors
    ///
    /// Why there can be none.
    pub(super) fn new(
        host: &ServerHost,
        trust_anchors: &[Vec<u8>],
        unix_time: Duration,
        mut rng: fastrand::Rng,
    ) -> Result<TlsClient, String> {
        let mut roots = RootCertStore::empty();
        for anchor in trust_anchors {
            roots
                .add(CertificateDer::from_slice(anchor).into_owned())
                .map_err(|error| format!("a trust anchor cannot be used: {error}"))?;
        }
        let name = match host {
            ServerHost::Ip(address) => ServerName::IpAddress(IpAddr::from(*address)),
            ServerHost::Name(name) => ServerName::try_from(name.clone())
                .map_err(|_| format!("{name:?} is no name that a certificate can have"))?,
        };
        let provider = CryptoProvider {
            kx_groups: vec![&SeededX25519],
            secure_random: &SeededRandom,
            ..ring::default_provider()
        };
        let time = Arc::new(FixedTime(UnixTime::since_unix_epoch(unix_time)));
        let mut config = ClientConfig::builder_with_details(Arc::new(provider), time)
            .with_protocol_versions(&[&rustls::version::TLS13])
            .map_err(|error| error.to_string())?
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.resumption = Resumption::disabled();
        let connection = lend(&mut rng, || ClientConnection::new(Arc::new(config), name));
        Ok(TlsClient {
            connection: connection.map_err(|error| error.to_string())?,
            rng,
        })
    }

    /// Takes bytes of the connection, and gives what they say.
    ///
    /// # Errors
    ///
    /// Why the connection is to be given up.
    pub(super) fn input(&mut self, mut bytes: &[u8]) -> Result<Vec<u8>, String> {
        let connection = &mut self.connection;
        lend(&mut self.rng, || {
            let mut plain = Vec::new();
            while !bytes.is_empty() {
                let before = bytes.len();
                connection
                    .read_tls(&mut bytes)
                    .map_err(|error| format!("TLS: {error}"))?;
                connection
                    .process_new_packets()
                    .map_err(|error| format!("TLS: {error}"))?;
                match connection.reader().read_to_end(&mut plain) {
                    Ok(_) => {}
                    Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                    Err(error) => return Err(format!("TLS: {error}")),
                }
                if bytes.len() == before {
                    return Err("TLS: the server goes on after it has ended the connection".to_owned());
                }
            }
            Ok(plain)
        })
    }

    /// Takes what is to be said, once the handshake is over.
    ///
    /// # Errors
    ///
    /// Why it cannot be said.
    pub(super) fn send(&mut self, plain: &[u8]) -> Result<(), String> {
        let connection = &mut self.connection;
        lend(&mut self.rng, || connection.writer().write_all(plain)).map_err(|error| format!("TLS: {error}"))
    }

    /// The bytes to be sent on the connection.
    pub(super) fn transmit(&mut self) -> Vec<u8> {
        let connection = &mut self.connection;
        lend(&mut self.rng, || {
            let mut bytes = Vec::new();
            while connection.wants_write() {
                // A vector takes everything.
                if connection.write_tls(&mut bytes).is_err() {
                    break;
                }
            }
            bytes
        })
    }
}

/// Runs a call into the library with this generator lent to its hooks.
fn lend<R>(rng: &mut fastrand::Rng, call: impl FnOnce() -> R) -> R {
    let outer = CHANCE.replace(Some(rng.clone()));
    let result = call();
    if let Some(used) = CHANCE.replace(outer) {
        *rng = used;
    }
    result
}

/// Chance from the connection that is being driven; none where the library was called past [`lend`].
fn fill(bytes: &mut [u8]) -> Result<(), GetRandomFailed> {
    CHANCE.with_borrow_mut(|chance| {
        let rng = chance.as_mut().ok_or(GetRandomFailed)?;
        rng.fill(bytes);
        Ok(())
    })
}

/// The time at which the connection began, by which certificates are judged.
#[derive(Debug)]
struct FixedTime(UnixTime);

impl TimeProvider for FixedTime {
    fn current_time(&self) -> Option<UnixTime> {
        Some(self.0)
    }
}

#[derive(Debug)]
struct SeededRandom;

impl SecureRandom for SeededRandom {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), GetRandomFailed> {
        fill(bytes)
    }
}

#[derive(Debug)]
struct SeededX25519;

impl SupportedKxGroup for SeededX25519 {
    fn start(&self) -> Result<Box<dyn ActiveKeyExchange>, Error> {
        let mut bytes = [0; 32];
        fill(&mut bytes)?;
        let secret = x25519_dalek::StaticSecret::from(bytes);
        let public = x25519_dalek::PublicKey::from(&secret);
        Ok(Box::new(X25519Exchange { secret, public }))
    }

    fn name(&self) -> NamedGroup {
        NamedGroup::X25519
    }
}

struct X25519Exchange {
    secret: x25519_dalek::StaticSecret,
    public: x25519_dalek::PublicKey,
}

impl ActiveKeyExchange for X25519Exchange {
    fn complete(self: Box<Self>, peer: &[u8]) -> Result<SharedSecret, Error> {
        let peer: [u8; 32] = peer.try_into().map_err(|_| PeerMisbehaved::InvalidKeyShare)?;
        let shared = self.secret.diffie_hellman(&x25519_dalek::PublicKey::from(peer));
        // RFC 8446 section 7.4.2: a result of zeros is an attack.
        if !shared.was_contributory() {
            return Err(PeerMisbehaved::InvalidKeyShare.into());
        }
        Ok(SharedSecret::from(&shared.as_bytes()[..]))
    }

    fn pub_key(&self) -> &[u8] {
        self.public.as_bytes()
    }

    fn group(&self) -> NamedGroup {
        NamedGroup::X25519
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_flight_depends_on_the_seed_alone() {
        let flight = |seed| {
            let rng = fastrand::Rng::with_seed(seed);
            let host = ServerHost::Name("turn.example.org".to_owned());
            TlsClient::new(&host, &[], Duration::ZERO, rng)
                .unwrap()
                .transmit()
        };
        assert!(flight(1).len() > 100);
        assert_eq!(flight(1), flight(1));
        assert_ne!(flight(1), flight(2));
    }

    #[test]
    fn nonsense_ends_the_connection_with_a_reason() {
        let rng = fastrand::Rng::with_seed(1);
        let host = ServerHost::Ip("192.0.2.1".parse().unwrap());
        let mut client = TlsClient::new(&host, &[], Duration::ZERO, rng).unwrap();
        let error = client.input(b"HTTP/1.1 400 Bad Request\r\n\r\n").unwrap_err();
        assert!(error.starts_with("TLS: "), "{error}");
    }

    #[test]
    fn what_is_no_certificate_is_no_trust_anchor() {
        let rng = fastrand::Rng::with_seed(1);
        let host = ServerHost::Name("turn.example.org".to_owned());
        let error = TlsClient::new(&host, &[vec![1, 2, 3]], Duration::ZERO, rng).unwrap_err();
        assert!(error.contains("trust anchor"), "{error}");
    }
}
