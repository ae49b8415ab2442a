//! The library `dimpl` behind the trait [`Session`].

use std::sync::Arc;
use std::time::Duration;

use glare_peer::{DtlsVersion, SimTime};

use super::certificate::Certificate;
use super::clock::Clock;
use super::hooks::{self, Context};
use super::key_log::Secret;
use super::negotiated::Negotiated;
use super::session::{Output, Role, Session, SessionError};
use super::srtp::{SrtpKeys, SrtpProfile};

/// The largest datagram: what every path carries, with room for IPv6, UDP and TURN (1280 bytes, RFC 8200
/// section 5).
const MTU: usize = 1200;

/// The first retransmission comes after this (RFC 6347 section 4.2.4.1, RFC 9147 section 5.8.2), then each
/// after twice the time.
const FIRST_RETRANSMISSION: Duration = Duration::from_secs(1);

/// Retransmissions go on until [`HANDSHAKE_TIMEOUT`]; duplicates count too, so this is more than its
/// doublings.
const RETRANSMISSIONS: usize = 64;

/// The handshake is given up after this. Browsers try for as long as ICE is connected; two minutes outlast
/// every outage that ICE consent (30 seconds, RFC 7675 section 5.1) survives, several times.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(120);

/// Datagrams that wait for one that is missing. More than the library's own limit, past which it gives up.
const RECEIVE_QUEUE: usize = 256;

/// A deadline further off than this is the library's way to say that it has none.
const NEVER: Duration = Duration::from_secs(24 * 60 * 60);

/// One association of `dimpl`.
pub(super) struct DimplSession {
    dtls: dimpl::Dtls,
    role: Role,
    context: Context,
    clock: Clock,
    now: SimTime,
    buffer: Vec<u8>,
}

impl DimplSession {
    /// An association with a chance of its own. `version` holds it to one version; without, a client offers
    /// both and a server takes the better of what it is offered.
    pub fn new(
        certificate: &Certificate,
        role: Role,
        version: Option<DtlsVersion>,
        seed: u64,
        clock: Clock,
        now: SimTime,
    ) -> Result<DimplSession, SessionError> {
        let mut rng = fastrand::Rng::with_seed(seed);
        let library_seed = rng.u64(..);
        let mut context = Context::new(rng);
        let config = context.lend(|| {
            dimpl::Config::builder()
                .with_crypto_provider(hooks::provider())
                .dangerously_set_rng_seed(library_seed)
                // ICE has shown that the other side is where it says (RFC 8842 section 5.1), so no cookie is
                // needed.
                .use_server_cookie(false)
                .require_client_certificate(true)
                .mtu(MTU)
                .flight_start_rto(FIRST_RETRANSMISSION)
                .flight_retries(RETRANSMISSIONS)
                .handshake_timeout(HANDSHAKE_TIMEOUT)
                .max_queue_rx(RECEIVE_QUEUE)
                .build()
        });
        let config = Arc::new(config.map_err(fatal)?);
        // The library checks its cryptography when it is configured; what that brings up is nobody's.
        context.forget();
        let certificate = dimpl::DtlsCertificate {
            certificate: certificate.der().to_vec(),
            private_key: certificate.private_key().to_vec(),
        };
        let instant = clock.instant(now);
        let dtls = context.lend(|| match version {
            None => dimpl::Dtls::new_auto(config, certificate, instant),
            Some(DtlsVersion::V1_2) => dimpl::Dtls::new_12(config, certificate, instant),
            Some(DtlsVersion::V1_3) => dimpl::Dtls::new_13(config, certificate, instant),
        });
        Ok(DimplSession {
            dtls,
            role,
            context,
            clock,
            now,
            buffer: vec![0; 2048],
        })
    }
}

impl Session for DimplSession {
    fn start(&mut self, now: SimTime) -> Result<(), SessionError> {
        let active = self.role == Role::Client;
        // The role comes after the time: a client of either version is made with the time that was last told.
        if active {
            self.now = now;
            let instant = self.clock.instant(now);
            self.context
                .lend(|| self.dtls.handle_timeout(instant))
                .map_err(fatal)?;
            self.context.lend(|| self.dtls.set_active(true));
        }
        self.advance(now)
    }

    fn input(&mut self, now: SimTime, packet: &[u8]) -> Result<(), SessionError> {
        self.advance(now)?;
        match self.context.lend(|| self.dtls.handle_packet(packet)) {
            // What comes before the ServerHello, because it overtook it or is no DTLS, comes again or never
            // mattered.
            Err(dimpl::Error::UnexpectedMessage(
                dimpl::UnexpectedMessageError::UnrecognizedAutoServerResponse,
            )) => Ok(()),
            result => result.map_err(fatal),
        }
    }

    fn advance(&mut self, now: SimTime) -> Result<(), SessionError> {
        self.now = self.now.max(now);
        let instant = self.clock.instant(self.now);
        self.context
            .lend(|| self.dtls.handle_timeout(instant))
            .map_err(fatal)
    }

    fn send(&mut self, data: &[u8]) -> Result<(), SessionError> {
        match self
            .context
            .lend(|| self.dtls.send_application_data(data))
            .map_err(fatal)?
        {
            taken if taken == data.len() => Ok(()),
            taken => Err(SessionError {
                reason: format!("the DTLS library took {taken} of {} bytes", data.len()),
                received_alert: None,
            }),
        }
    }

    fn close(&mut self) -> Result<(), SessionError> {
        self.context.lend(|| self.dtls.close()).map_err(fatal)
    }

    fn poll(&mut self) -> Output {
        loop {
            match self.context.lend(|| self.dtls.poll_output(&mut self.buffer)) {
                dimpl::Output::Packet(packet) => return Output::Packet(packet.to_vec()),
                dimpl::Output::PeerCert(certificate) => return Output::PeerCertificate(certificate.to_vec()),
                dimpl::Output::Connected => return Output::Connected,
                dimpl::Output::ApplicationData(data) => return Output::Data(data.to_vec()),
                dimpl::Output::KeyingMaterial(material, profile) => {
                    // A profile that the library may learn later is none that anything here protects with.
                    if let Some(keys) = srtp_profile(profile).and_then(|it| SrtpKeys::new(it, &material)) {
                        return Output::SrtpKeys(keys);
                    }
                }
                dimpl::Output::CloseNotify => return Output::CloseNotify,
                dimpl::Output::Timeout(instant) => {
                    let deadline = self.clock.moment(instant);
                    return Output::Wait((deadline - self.now < NEVER).then_some(deadline));
                }
                dimpl::Output::BufferTooSmall { needed } => {
                    let room = needed.max(self.buffer.len() + 1);
                    self.buffer.resize(room, 0);
                }
                // The library may add outputs; none of them ends a poll.
                _ => {}
            }
        }
    }

    fn version(&self) -> Option<DtlsVersion> {
        match self.dtls.protocol_version()? {
            dimpl::ProtocolVersion::DTLS1_2 => Some(DtlsVersion::V1_2),
            dimpl::ProtocolVersion::DTLS1_3 => Some(DtlsVersion::V1_3),
            _ => None,
        }
    }

    fn negotiated(&self) -> Negotiated {
        self.context.negotiated()
    }

    fn secrets(&mut self) -> Vec<Secret> {
        self.context.take_secrets()
    }
}

fn fatal(error: dimpl::Error) -> SessionError {
    let received_alert = match &error {
        dimpl::Error::SecurityError(dimpl::SecurityError::FatalAlert { description }) => Some(*description),
        _ => None,
    };
    SessionError {
        reason: error.to_string(),
        received_alert,
    }
}

fn srtp_profile(profile: dimpl::SrtpProfile) -> Option<SrtpProfile> {
    match profile {
        dimpl::SrtpProfile::AES128_CM_SHA1_80 => Some(SrtpProfile::Aes128CmHmacSha1_80),
        dimpl::SrtpProfile::AEAD_AES_128_GCM => Some(SrtpProfile::AeadAes128Gcm),
        dimpl::SrtpProfile::AEAD_AES_256_GCM => Some(SrtpProfile::AeadAes256Gcm),
        _ => None,
    }
}
