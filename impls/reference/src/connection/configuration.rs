//! `getConfiguration()` and `setConfiguration()` (webrtc-pc#set-the-configuration).

use std::sync::Arc;

use glare_peer::{CertificateSource, Configuration, Exception, ExceptionName, Handle, Value};

use super::Connection;
use super::parameters::dictionary;
use super::transceiver::closed;
use crate::ice::{IceConfiguration, IceServer, IceServerError};

/// `webrtc-pc#set-the-configuration`, steps 5 and 6. There is no maximum number of servers to truncate to.
pub(super) fn validated_ice_servers(configuration: &Configuration) -> Result<Vec<IceServer>, Exception> {
    let mut servers = Vec::new();
    for server in &configuration.ice_servers {
        let validated = IceServer::validate(
            &server.urls,
            server.username.as_deref(),
            server.credential.as_deref(),
        )
        .map_err(|error| {
            let name = match error {
                IceServerError::Syntax(_) => ExceptionName::SyntaxError,
                IceServerError::InvalidAccess(_) => ExceptionName::InvalidAccessError,
            };
            Exception::new(name, error.to_string())
        })?;
        servers.extend(validated);
    }
    Ok(servers)
}

impl Connection {
    /// `webrtc-pc#dom-rtcpeerconnection-getconfiguration`, with the members that the specification has.
    pub(super) fn get_configuration(&self) -> Value {
        let configuration = Configuration {
            certificates: Vec::new(),
            ..self.configuration.clone()
        };
        let mut value = dictionary(&configuration);
        if let Value::Dictionary(members) = &mut value {
            let of_scenarios_only = ["iceLite", "mdnsHostCandidates", "iceTcp", "dtlsVersion"];
            members.retain(|name, _| !of_scenarios_only.contains(&name.as_str()));
            let certificates = self.configured_certificates.iter().copied();
            members.insert(
                "certificates".to_owned(),
                Value::List(certificates.map(Value::Object).collect()),
            );
        }
        value
    }

    /// `webrtc-pc#dom-rtcpeerconnection-setconfiguration`.
    pub(super) fn set_configuration(&mut self, configuration: Configuration) -> Result<(), Exception> {
        if self.is_closed {
            return Err(closed());
        }
        self.check_modification(&configuration)?;
        let ice_servers = validated_ice_servers(&configuration)?;
        // Steps 7 to 9: policy and servers count from the next gathering phase on.
        self.configuration = Configuration {
            certificates: self.configuration.certificates.clone(),
            // What a scenario holds the peer to is no member of the dictionary, and stays.
            ice_lite: self.configuration.ice_lite,
            mdns_host_candidates: self.configuration.mdns_host_candidates,
            ice_tcp: self.configuration.ice_tcp,
            dtls_version: self.configuration.dtls_version,
            peer_identity: self.configuration.peer_identity.clone(),
            ..configuration
        };
        self.ice_servers = ice_servers;
        Ok(())
    }

    /// What the ICE agents gather with.
    pub(super) fn ice_configuration(&self) -> IceConfiguration {
        IceConfiguration {
            servers: self.ice_servers.clone(),
            transport_policy: self.configuration.ice_transport_policy,
            hide_addresses: self.configuration.mdns_host_candidates,
            lite: self.configuration.ice_lite,
            trust_anchors: Arc::new([]),
            unix_time: self.host.unix_time,
        }
    }

    /// `webrtc-pc#set-the-configuration`, step 3, and what webrtc-identity adds to it.
    fn check_modification(&self, configuration: &Configuration) -> Result<(), Exception> {
        let old = &self.configuration;
        let certificates: Vec<Option<Handle>> = configuration
            .certificates
            .iter()
            .map(|source| match source {
                CertificateSource::Object(handle) => Some(*handle),
                // A new object, which is none of those before.
                CertificateSource::Generate(_) => None,
            })
            .collect();
        let same_certificates = certificates.iter().copied().eq(self
            .configured_certificates
            .iter()
            .copied()
            .map(Some));
        let changes = [
            ("certificates", !same_certificates),
            ("bundlePolicy", configuration.bundle_policy != old.bundle_policy),
            (
                "rtcpMuxPolicy",
                configuration.rtcp_mux_policy != old.rtcp_mux_policy,
            ),
            (
                "iceCandidatePoolSize",
                configuration.ice_candidate_pool_size != old.ice_candidate_pool_size
                    && self.set_local_description_was_called,
            ),
            (
                "peerIdentity",
                configuration.peer_identity.is_some() && configuration.peer_identity != old.peer_identity,
            ),
        ];
        match changes.iter().find(|(_, changed)| *changed) {
            Some((member, _)) => Err(Exception::new(
                ExceptionName::InvalidModificationError,
                format!("{member} cannot be changed any more"),
            )),
            None => Ok(()),
        }
    }
}
