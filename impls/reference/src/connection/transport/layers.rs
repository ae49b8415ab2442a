//! The layers of a transport at work: what is due, what moves between them, and what they report.

use glare_peer::{Datagram, IceTransportState, SimTime};

use super::{Transport, TransportEvent};
use crate::dtls::{self, DtlsEvent, DtlsRole, DtlsTransport};
use crate::rtp::{MediaSession, SrtpProfile};
use crate::sctp::{SctpEvent, SctpTransport};

impl Transport {
    /// When [`Transport::advance`] is due, if nothing comes before.
    pub(in crate::connection) fn deadline(&self) -> Option<SimTime> {
        if self.torn_down {
            return None;
        }
        let session = self.session.as_ref().and_then(DtlsTransport::deadline);
        let association = self.association.as_ref().and_then(SctpTransport::deadline);
        let media = self.media.as_ref().and_then(MediaSession::deadline);
        [self.agent.deadline(), session, association, media]
            .into_iter()
            .flatten()
            .min()
    }

    /// Lets what is due happen, moves packets between the layers, and reports what happened, in order.
    pub(in crate::connection) fn advance(&mut self, now: SimTime) -> Vec<TransportEvent> {
        let mut events = Vec::new();
        if self.torn_down {
            return events;
        }
        if self.agent.deadline().is_some_and(|deadline| deadline <= now) {
            self.agent.advance(now);
        }
        if let Some(session) = self
            .session
            .as_mut()
            .filter(|it| it.deadline().is_some_and(|at| at <= now))
        {
            session.advance(now);
        }
        if let Some(association) = self
            .association
            .as_mut()
            .filter(|it| it.deadline().is_some_and(|at| at <= now))
        {
            association.advance(now);
        }
        if let Some(media) = self
            .media
            .as_mut()
            .filter(|it| it.deadline().is_some_and(|at| at <= now))
        {
            media.advance(now);
        }
        loop {
            let before = events.len();
            while let Some(event) = self.agent.event() {
                events.push(TransportEvent::Ice(event));
            }
            self.start_dtls(now, &mut events);
            while let Some(event) = self.session.as_mut().and_then(DtlsTransport::event) {
                self.dtls_event(now, event, &mut events);
            }
            self.take_sctp_events(&mut events);
            while let Some(event) = self.media.as_mut().and_then(MediaSession::event) {
                events.push(TransportEvent::Media(event));
            }
            let moved = self.move_packets(now);
            if !moved && events.len() == before {
                return events;
            }
        }
    }

    /// Starts DTLS once ICE has a pair to send on.
    fn start_dtls(&mut self, now: SimTime, events: &mut Vec<TransportEvent>) {
        let connected = matches!(
            self.agent.state(),
            IceTransportState::Connected | IceTransportState::Completed
        );
        if !connected || self.dtls_started || self.agent.selected().is_none() {
            return;
        }
        if let Some(session) = &mut self.session {
            self.dtls_started = true;
            session.start(now);
            events.push(TransportEvent::DtlsConnecting);
        }
    }

    fn dtls_event(&mut self, now: SimTime, event: DtlsEvent, events: &mut Vec<TransportEvent>) {
        match event {
            DtlsEvent::Data(packet) => {
                if let Some(association) = &mut self.association {
                    association.input(now, &packet);
                }
                // At once, because the association goes with DTLS, should that be closed next.
                self.take_sctp_events(events);
                return;
            }
            DtlsEvent::Connected => {
                self.remote_certificates = self
                    .session
                    .as_ref()
                    .and_then(DtlsTransport::remote_certificate)
                    .map(<[u8]>::to_vec)
                    .into_iter()
                    .collect();
                self.start_sctp(now);
                self.key_media(now);
            }
            DtlsEvent::Closed | DtlsEvent::Failed(_) => self.association = None,
        }
        events.push(TransportEvent::Dtls(event));
    }

    /// Reports what the association has to report.
    fn take_sctp_events(&mut self, events: &mut Vec<TransportEvent>) {
        while let Some(event) = self.association.as_mut().and_then(SctpTransport::event) {
            self.sctp_event(event, events);
        }
    }

    /// Reports an event of the association. Data may come in the packet that completes the handshake (RFC 9260 section
    /// 5.1), and is then known before the association is; what is connected comes first.
    fn sctp_event(&mut self, event: SctpEvent, events: &mut Vec<TransportEvent>) {
        match (&event, &mut self.before_connected) {
            (SctpEvent::Connected | SctpEvent::Closed | SctpEvent::Failed(_), held) => {
                let held = held.take().unwrap_or_default();
                events.push(TransportEvent::Sctp(event));
                events.extend(held.into_iter().map(TransportEvent::Sctp));
            }
            (_, Some(held)) => held.push(event),
            (_, None) => events.push(TransportEvent::Sctp(event)),
        }
    }

    /// Gives SRTP the keys of the DTLS association, if both are there (RFC 5764 section 4.2).
    pub(in crate::connection) fn key_media(&mut self, now: SimTime) {
        let (Some(session), Some(media)) = (&self.session, &mut self.media) else {
            return;
        };
        let Some(keys) = session.srtp_keys() else {
            if session.is_connected() {
                self.notes
                    .push("the other side takes no SRTP (RFC 5764); no media is sent or received".to_owned());
            }
            return;
        };
        let profile = match keys.profile {
            dtls::SrtpProfile::Aes128CmHmacSha1_80 => SrtpProfile::Aes128CmHmacSha1_80,
            dtls::SrtpProfile::AeadAes128Gcm => SrtpProfile::AeadAes128Gcm,
            dtls::SrtpProfile::AeadAes256Gcm => SrtpProfile::AeadAes256Gcm,
        };
        let material = [
            &keys.client.key,
            &keys.server.key,
            &keys.client.salt,
            &keys.server.salt,
        ];
        let material: Vec<u8> = material.into_iter().flatten().copied().collect();
        let is_client = session.role() == DtlsRole::Client;
        if let Err(error) = media.set_keys(now, profile, &material, is_client) {
            self.notes.push(format!("SRTP has no keys: {error}"));
        }
    }

    /// Moves what each layer has to send to the layer below. Says whether there was anything.
    pub(super) fn move_packets(&mut self, now: SimTime) -> bool {
        let mut moved = false;
        while let Some(packet) = self.association.as_mut().and_then(SctpTransport::transmit) {
            moved = true;
            // SCTP sends again what DTLS could not take.
            if let Some(Err(error)) = self.session.as_mut().map(|session| session.send(now, &packet)) {
                self.notes.push(format!(
                    "an SCTP packet of {} bytes was dropped: {error}",
                    packet.len()
                ));
            }
        }
        while let Some(packet) = self.media.as_mut().and_then(MediaSession::transmit) {
            moved = true;
            // Media does not wait for a pair, and RTP makes up for what is lost.
            self.agent.send(now, &packet).ok();
        }
        while let Some(packet) = self.session.as_mut().and_then(DtlsTransport::transmit) {
            moved = true;
            // DTLS sends again what was lost because there is no pair.
            if let Err(error) = self.agent.send(now, &packet) {
                self.notes.push(format!(
                    "a DTLS packet of {} bytes was dropped: {error}",
                    packet.len()
                ));
            }
        }
        if let Some(session) = &mut self.session {
            self.secrets.append(&mut session.secrets());
        }
        while let Some(transmit) = self.agent.transmit() {
            moved = true;
            self.datagrams.push(Datagram {
                local: transmit.local,
                remote: transmit.remote,
                data: transmit.data,
            });
        }
        moved
    }
}
