//! TURN over TLS: a server whose certificate is checked.

use std::io::{Read as _, Write as _};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection};

use super::SECOND;
use super::internet::Internet;
use super::network::{A, B, address};
use super::turn_server::server;
use crate::ice::framing::{Deframer, Framing};
use crate::ice::{CandidateType, IceConfiguration, ServerTransport};

/// Where the server speaks TLS.
pub(super) const TLS_SERVER: &str = "198.51.100.1:5349";

/// The TLS in front of the test's TURN server.
pub(super) struct TlsServer {
    config: Arc<ServerConfig>,
    /// The certificate of the server, which vouches for itself.
    certificate: Vec<u8>,
    connections: Vec<(SocketAddr, ServerConnection, Deframer)>,
}

impl TlsServer {
    pub(super) fn new() -> TlsServer {
        let names = ["turn.example.org".to_owned(), "198.51.100.1".to_owned()];
        let certified = rcgen::generate_simple_self_signed(names).unwrap();
        let key = PrivatePkcs8KeyDer::from(certified.signing_key.serialize_der());
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13])
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certified.cert.der().clone()], PrivateKeyDer::from(key))
            .unwrap();
        TlsServer {
            config: Arc::new(config),
            certificate: certified.cert.der().to_vec(),
            connections: Vec::new(),
        }
    }

    pub(super) fn accept(&mut self, client: SocketAddr) {
        let connection = ServerConnection::new(Arc::clone(&self.config)).unwrap();
        let deframer = Deframer::new(Framing::Turn);
        self.connections.push((client, connection, deframer));
    }

    fn find(&mut self, client: SocketAddr) -> Option<&mut (SocketAddr, ServerConnection, Deframer)> {
        self.connections.iter_mut().find(|(known, ..)| *known == client)
    }

    /// The messages in what a client sent, and the bytes to send back. None where it does not speak TLS.
    pub(super) fn decrypt(
        &mut self,
        client: SocketAddr,
        mut bytes: &[u8],
    ) -> Option<(Vec<Vec<u8>>, Vec<u8>)> {
        let (_, connection, deframer) = self.find(client)?;
        let mut plain = Vec::new();
        while !bytes.is_empty() {
            connection.read_tls(&mut bytes).unwrap();
            // What is wrong goes back as an alert.
            let _ = connection.process_new_packets();
            let _ = connection.reader().read_to_end(&mut plain);
        }
        let mut back = Vec::new();
        while connection.wants_write() {
            connection.write_tls(&mut back).unwrap();
        }
        Some((deframer.take(&plain).unwrap(), back))
    }

    /// What a client is to be sent, encrypted where it speaks TLS.
    pub(super) fn encrypt(&mut self, client: SocketAddr, plain: Vec<u8>) -> Vec<u8> {
        let Some((_, connection, _)) = self.find(client) else {
            return plain;
        };
        connection.writer().write_all(&plain).unwrap();
        let mut bytes = Vec::new();
        while connection.wants_write() {
            connection.write_tls(&mut bytes).unwrap();
        }
        bytes
    }
}

/// A asks the TLS server under this URL, with the trust and the wall clock given; B has no server.
fn asking(seed: u64, url: &str, is_trusted: bool, unix_time: Duration) -> Internet {
    let configuration = IceConfiguration {
        servers: vec![server(url)],
        unix_time,
        ..IceConfiguration::default()
    };
    let mut net = Internet::new(seed, [configuration.clone(), IceConfiguration::default()]);
    net.names
        .insert("turn.example.org".to_owned(), vec![address(TLS_SERVER).ip()]);
    net.names
        .insert("other.example.org".to_owned(), vec![address(TLS_SERVER).ip()]);
    if is_trusted {
        net.hosts[A].agent.set_configuration(IceConfiguration {
            trust_anchors: Arc::new([net.tls_server.certificate.clone()]),
            ..configuration
        });
    }
    net
}

/// A day on which the certificate is valid.
const TODAY: Duration = Duration::from_secs(1_800_000_000);

#[test]
fn data_goes_through_a_relay_that_is_reached_over_tls() {
    for (seed, url) in [
        (1, "turns:turn.example.org"),
        (2, "turns:198.51.100.1?transport=tcp"),
    ] {
        let mut net = asking(seed, url, true, TODAY);
        net.only_relays = true;
        net.gather_and_signal();
        assert!(net.hosts[A].errors.is_empty(), "{:?}", net.hosts[A].errors);
        assert!(net.run_until(5 * SECOND, Internet::both_completed), "{url}");
        let local = net.pair(A).local;
        assert_eq!(local.candidate_type, CandidateType::Relayed);
        assert_eq!(local.relay_protocol, Some(ServerTransport::Tls));
        net.run_for(SECOND);
        net.send(A, &[70; 33]);
        net.send(B, &[71; 1200]);
        net.run_for(SECOND);
        assert_eq!(net.hosts[B].received, [vec![70; 33]]);
        assert_eq!(net.hosts[A].received, [vec![71; 1200]]);
    }
}

#[test]
fn a_certificate_is_refused_that_is_unknown_of_another_name_or_not_yet_valid() {
    for (url, is_trusted, unix_time, why) in [
        ("turns:turn.example.org", false, TODAY, "UnknownIssuer"),
        ("turns:other.example.org", true, TODAY, "not valid for name"),
        ("turns:turn.example.org", true, Duration::ZERO, "not valid yet"),
    ] {
        let mut net = asking(3, url, is_trusted, unix_time);
        net.gather(A);
        assert!(
            net.run_until(SECOND, |net| net.hosts[A].complete.is_some()),
            "{url}"
        );
        let errors = &net.hosts[A].errors;
        assert_eq!(errors.len(), 1);
        assert_eq!(errors[0].1.error_code, 701);
        assert!(errors[0].1.error_text.contains(why), "{}", errors[0].1.error_text);
        assert_eq!(net.hosts[A].all_candidates.len(), 1);
    }
}
