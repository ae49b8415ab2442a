//! The constructor, its configuration, and certificates.

use glare_peer::{Attribute, BundlePolicy, ExceptionName, IceTransportPolicy, Interface, Operation, Value};

use super::{another_name, call, read, sabotage};
use crate::Sabotage;
use crate::fault::{CallFault, Construction, Fault, ReadFault};

const CONSTRUCTOR: (Interface, &str) = (Interface::PeerConnection, "constructor");

fn construct(name: &'static str, clause: &'static str, what: &'static str, how: Construction) -> Sabotage {
    sabotage(name, CONSTRUCTOR, clause, what, Fault::Construct(how))
}

pub(super) fn sabotages() -> Vec<Sabotage> {
    let connection = Interface::PeerConnection;
    vec![
        construct(
            "constructor-error-has-another-name",
            "webrtc-pc#set-the-configuration",
            "What the constructor throws is a NotReadableError.",
            Construction::Error(ExceptionName::NotReadableError),
        ),
        construct(
            "constructor-accepts-everything",
            "webrtc-pc#set-the-configuration",
            "Where the constructor should throw, it constructs a connection with the default configuration.",
            Construction::Accept,
        ),
        construct(
            "ice-servers-are-ignored",
            "webrtc-pc#dom-rtcconfiguration-iceservers",
            "No server of the configuration is used.",
            Construction::Configuration(|configuration| configuration.ice_servers.clear()),
        ),
        construct(
            "ice-transport-policy-is-ignored",
            "webrtc-pc#dom-rtcconfiguration-icetransportpolicy",
            "Candidates of all types are used, whatever the policy.",
            Construction::Configuration(|configuration| {
                configuration.ice_transport_policy = IceTransportPolicy::All;
            }),
        ),
        construct(
            "bundle-policy-is-ignored",
            "webrtc-pc#dom-rtcconfiguration-bundlepolicy",
            "The policy for bundling is the default one.",
            Construction::Configuration(|configuration| configuration.bundle_policy = BundlePolicy::Balanced),
        ),
        construct(
            "certificates-are-ignored",
            "webrtc-pc#dom-rtcconfiguration-certificates",
            "The connection generates a certificate though it was given one.",
            Construction::Configuration(|configuration| configuration.certificates.clear()),
        ),
        construct(
            "candidate-pool-is-ignored",
            "webrtc-pc#dom-rtcconfiguration-icecandidatepoolsize",
            "The size of the candidate pool is 0.",
            Construction::Configuration(|configuration| configuration.ice_candidate_pool_size = 0),
        ),
        construct(
            "peer-identity-is-ignored",
            "webrtc-identity#dom-rtcconfiguration-peeridentity",
            "Whoever the other side is, it is accepted.",
            Construction::Configuration(|configuration| configuration.peer_identity = None),
        ),
        call(
            "set-configuration-does-nothing",
            (connection, "setConfiguration"),
            "webrtc-pc#dom-rtcpeerconnection-setconfiguration",
            "setConfiguration() changes nothing.",
            CallFault::Ignore,
        ),
        call(
            "set-configuration-never-throws",
            (connection, "setConfiguration"),
            "webrtc-pc#set-the-configuration",
            "setConfiguration() returns where it should throw.",
            CallFault::Swallow,
        ),
        call(
            "set-configuration-error-has-another-name",
            (connection, "setConfiguration"),
            "webrtc-pc#set-the-configuration",
            "What setConfiguration() throws is a NotReadableError.",
            another_name(),
        ),
        call(
            "get-configuration-stays",
            (connection, "getConfiguration"),
            "webrtc-pc#dom-rtcpeerconnection-getconfiguration",
            "getConfiguration() returns for ever what it did the first time.",
            CallFault::FirstResult,
        ),
        call(
            "get-configuration-lacks-ice-servers",
            (connection, "getConfiguration"),
            "webrtc-pc#dom-rtcpeerconnection-getconfiguration",
            "The dictionary of getConfiguration() has no iceServers.",
            CallFault::Result(|value| match value {
                Value::Dictionary(members) => members.remove("iceServers").is_some(),
                _ => false,
            }),
        ),
        call(
            "generate-certificate-never-rejects",
            (connection, "generateCertificate"),
            "webrtc-pc#dom-rtcpeerconnection-generatecertificate",
            "generateCertificate() fulfils where it should reject.",
            CallFault::Swallow,
        ),
        call(
            "generate-certificate-error-has-another-name",
            (connection, "generateCertificate"),
            "webrtc-pc#dom-rtcpeerconnection-generatecertificate",
            "What generateCertificate() rejects with is a NotReadableError.",
            another_name(),
        ),
        call(
            "generate-certificate-ignores-expires",
            (connection, "generateCertificate"),
            "webrtc-pc#dom-rtccertificateexpiration-expires",
            "The certificate is valid as long as by default.",
            CallFault::Arguments(|operation| match operation {
                Operation::GenerateCertificate(algorithm) => algorithm.expires.take().is_some(),
                _ => false,
            }),
        ),
        read(
            "certificate-never-expires",
            Interface::Certificate,
            Attribute::Expires,
            "webrtc-pc#dom-rtccertificate-expires",
            "expires is a hundred years later.",
            ReadFault::Alter(|value| match value {
                Value::Number(number) => Some(Value::Number(number + 3.2e12)),
                _ => None,
            }),
        ),
        call(
            "certificate-has-no-fingerprints",
            (Interface::Certificate, "getFingerprints"),
            "webrtc-pc#dom-rtccertificate-getfingerprints",
            "getFingerprints() returns an empty list.",
            CallFault::Result(|value| std::mem::replace(value, Value::List(Vec::new())) != *value),
        ),
    ]
}
