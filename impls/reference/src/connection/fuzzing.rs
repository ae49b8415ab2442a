//! A way into a connection past the keys of DTLS.

use glare_peer::SimTime;

use super::Connection;
use super::transport::Transport;

/// SCTP's common header (RFC 9260 section 3.1): ports, verification tag, checksum.
const HEADER: usize = 12;

impl Connection {
    /// Takes chunks of SCTP as if a packet with them had just been decrypted: its header is that of the last packet that
    /// was, its checksum right. Says whether there was such a packet.
    pub(crate) fn input_decrypted(&mut self, now: SimTime, chunks: &[u8]) -> bool {
        self.now = now;
        let taken = self
            .transports
            .iter_mut()
            .map(|transport| transport.input_chunks(now, chunks))
            .fold(false, |one, other| one | other);
        // What comes of it is taken with the next step.
        taken
    }
}

impl Connection {
    /// The chunks of the last SCTP packet that was decrypted, if there was one.
    pub(crate) fn last_decrypted_chunks(&self) -> Option<Vec<u8>> {
        let packets = self.transports.iter().map(|transport| &transport.last_decrypted);
        packets
            .filter_map(|packet| packet.get(HEADER..))
            .next_back()
            .map(<[u8]>::to_vec)
    }
}

impl Transport {
    fn input_chunks(&mut self, now: SimTime, chunks: &[u8]) -> bool {
        let Some(header) = self.last_decrypted.get(..HEADER) else {
            return false;
        };
        let mut packet = header.to_vec();
        packet[8..].fill(0);
        packet.extend(chunks);
        let checksum = crc::Crc::<u32>::new(&crc::CRC_32_ISCSI).checksum(&packet);
        packet[8..HEADER].copy_from_slice(&checksum.to_le_bytes());
        match &mut self.association {
            Some(association) => {
                association.input(now, &packet);
                true
            }
            None => false,
        }
    }
}
