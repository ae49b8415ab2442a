//! dimpl behind str0m's DTLS traits.

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use dimpl::crypto::SecureRandom;
use dimpl::crypto::rust_crypto;
use str0m::config::{DtlsCert, DtlsVersion};
use str0m::crypto::CryptoError;
use str0m::crypto::dtls::{DtlsImplError, DtlsInstance, DtlsOutput, DtlsProvider, ProtocolVersion};

use super::key_exchange;
use super::key_log::{ClientRandom, KeyLog};
use crate::ambient;

/// Makes the handshakes.
#[derive(Debug)]
pub(super) struct Dtls;

impl DtlsProvider for Dtls {
    fn generate_certificate(&self) -> Option<DtlsCert> {
        // Only the peer knows its seed; it brings the certificate along.
        None
    }

    fn new_dtls(
        &self,
        certificate: &DtlsCert,
        now: Instant,
        version: DtlsVersion,
        mtu: Option<usize>,
    ) -> Result<Box<dyn DtlsInstance>, CryptoError> {
        let mut provider = rust_crypto::default_provider();
        provider.kx_groups = key_exchange::GROUPS;
        provider.secure_random = &AmbientRandom;
        provider.hmac_provider = &KeyLog;
        let mut seed = [0; 8];
        ambient::fill(&mut seed);
        let mut config = dimpl::Config::builder()
            .with_crypto_provider(provider)
            .dangerously_set_rng_seed(u64::from_le_bytes(seed))
            // As str0m's own back ends have it: ICE has already shown that the other side receives.
            .use_server_cookie(false);
        if let Some(mtu) = mtu {
            config = config.mtu(mtu);
        }
        let config = Arc::new(config.build().map_err(CryptoError::DtlsImpl)?);
        let certificate = certificate.clone();
        let dtls = match version {
            DtlsVersion::Dtls13 => dimpl::Dtls::new_13(config, certificate, now),
            DtlsVersion::Auto => dimpl::Dtls::new_auto(config, certificate, now),
            _ => dimpl::Dtls::new_12(config, certificate, now),
        };
        Ok(Box::new(Handshake {
            dtls,
            client_random: ClientRandom::default(),
        }))
    }
}

/// One handshake and the association that follows.
struct Handshake {
    dtls: dimpl::Dtls,
    client_random: ClientRandom,
}

impl DtlsInstance for Handshake {
    fn set_active(&mut self, active: bool) {
        self.dtls.set_active(active);
    }

    fn handle_packet(&mut self, packet: &[u8]) -> Result<(), DtlsImplError> {
        self.client_random.look_at(packet);
        self.client_random.during(|| self.dtls.handle_packet(packet))
    }

    fn poll_output<'a>(&mut self, buffer: &'a mut [u8]) -> DtlsOutput<'a> {
        let output = self.client_random.during(|| self.dtls.poll_output(buffer));
        if let DtlsOutput::Packet(packet) = &output {
            self.client_random.look_at(packet);
        }
        output
    }

    fn handle_timeout(&mut self, now: Instant) -> Result<(), DtlsImplError> {
        self.client_random.during(|| self.dtls.handle_timeout(now))
    }

    fn send_application_data(&mut self, data: &[u8]) -> Result<usize, DtlsImplError> {
        self.dtls.send_application_data(data)
    }

    fn is_active(&self) -> bool {
        self.dtls.is_active()
    }

    fn protocol_version(&self) -> Option<ProtocolVersion> {
        self.dtls.protocol_version()
    }

    fn is_closing(&self) -> bool {
        self.dtls.is_closing()
    }

    fn is_closed(&self) -> bool {
        self.dtls.is_closed()
    }

    fn close(&mut self) -> Result<(), DtlsImplError> {
        self.dtls.close()
    }
}

impl fmt::Debug for Handshake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handshake")
            .field("active", &self.dtls.is_active())
            .finish_non_exhaustive()
    }
}

/// Randomness out of the running call's generator.
#[derive(Debug)]
struct AmbientRandom;

impl SecureRandom for AmbientRandom {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), dimpl::CryptoError> {
        ambient::fill(bytes);
        Ok(())
    }
}
