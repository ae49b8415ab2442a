//! A capture of a run as a pcapng file.
//!
//! The file has one interface for each host, named as the host; its packets are bare IP packets with times in nanoseconds.
//! A packet is at the sender's interface when it is sent and at the receiver's when it arrives; one that does not get so far
//! has a comment that says why.
//!
//! Packets are kept in memory and written at the end, because the secrets that decrypt them have to come first in the file
//! to be of use to a reader that goes through it once, and a run knows them only once its handshakes are done.

use std::borrow::Cow;
use std::io::Write;
use std::ops::Range;
use std::time::Duration;

use glare_peer::SimTime;
use pcap_file::pcapng::PcapNgWriter;
use pcap_file::pcapng::blocks::enhanced_packet::{EnhancedPacketBlock, EnhancedPacketOption};
use pcap_file::pcapng::blocks::interface_description::{
    InterfaceDescriptionBlock, InterfaceDescriptionOption,
};
use pcap_file::pcapng::blocks::unknown::UnknownBlock;
use pcap_file::{DataLink, Endianness, PcapError};
use thiserror::Error;

use crate::fate::DropReason;
use crate::topology::HostId;

/// The packets of a run, as they passed the hosts' interfaces.
#[derive(Debug)]
pub struct Capture {
    interfaces: Vec<String>,
    unix_time: Duration,
    secrets: String,
    records: Vec<Record>,
    bytes: Vec<u8>,
}

/// Why a capture was not written.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CaptureError {
    /// What it was written to failed.
    #[error("the capture could not be written: {0}")]
    Write(#[source] std::io::Error),
    /// The format cannot hold what was captured.
    #[error("the capture does not fit in a pcapng file: {0}")]
    Format(String),
}

impl Capture {
    /// An empty capture. The n-th interface is that of the n-th host; `unix_time` is the wall clock at [`SimTime::ZERO`],
    /// since the Unix epoch.
    pub fn new(interfaces: Vec<String>, unix_time: Duration) -> Capture {
        Capture {
            interfaces,
            unix_time,
            secrets: String::new(),
            records: Vec::new(),
            bytes: Vec::new(),
        }
    }

    /// Adds a line in the NSS key log format, with or without its line break.
    pub fn secret(&mut self, line: &str) {
        self.secrets.push_str(line.trim_end());
        self.secrets.push('\n');
    }

    /// Adds a packet as it passed the interface of `host`, with why it got no further, if it did not. Gives back its place,
    /// for [`Capture::dropped`].
    pub fn packet(&mut self, at: SimTime, host: HostId, packet: &[u8], dropped: Option<DropReason>) -> usize {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(packet);
        self.records.push(Record {
            at,
            host,
            bytes: start..self.bytes.len(),
            dropped,
        });
        self.records.len() - 1
    }

    /// Says of a packet why it got no further, once that is known. A place that is not in this capture is passed over: the
    /// packet belongs to a capture that was ended before.
    pub fn dropped(&mut self, place: usize, reason: DropReason) {
        if let Some(record) = self.records.get_mut(place) {
            record.dropped = Some(reason);
        }
    }

    /// How many packets were captured; one that was sent and arrived counts twice.
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Whether no packet was captured.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// Writes the file: the interfaces, the secrets, the packets. The writer is flushed and given back.
    ///
    /// # Errors
    ///
    /// The writer failed, or a time is beyond what the format counts (the year 2554).
    pub fn write<W: Write>(&self, to: W) -> Result<W, CaptureError> {
        // The same bytes on every machine.
        let mut file = PcapNgWriter::with_endianness(to, Endianness::Little)?;
        for name in &self.interfaces {
            file.write_pcapng_block(InterfaceDescriptionBlock {
                linktype: DataLink::RAW,
                snaplen: 0,
                options: vec![
                    InterfaceDescriptionOption::IfName(Cow::Borrowed(name)),
                    InterfaceDescriptionOption::IfTsResol(NANOSECONDS),
                ],
            })?;
        }
        if !self.secrets.is_empty() {
            let body = secrets_body(&self.secrets)?;
            let length = u32::try_from(body.len() + BLOCK_OVERHEAD).map_err(|_| too_many_secrets())?;
            file.write_pcapng_block(UnknownBlock::new(DECRYPTION_SECRETS_BLOCK, length, &body))?;
        }
        for record in &self.records {
            let timestamp = self.timestamp(record.at)?;
            let data = &self.bytes[record.bytes.clone()];
            let original_len = u32::try_from(data.len())
                .map_err(|_| CaptureError::Format(format!("a packet of {} bytes", data.len())))?;
            let options = record
                .dropped
                .map(|reason| EnhancedPacketOption::Comment(Cow::Owned(format!("dropped: {reason}"))))
                .into_iter()
                .collect();
            file.write_pcapng_block(EnhancedPacketBlock {
                interface_id: record.host.0,
                timestamp,
                original_len,
                data: Cow::Borrowed(data),
                options,
            })?;
        }
        let mut to = file.into_inner();
        to.flush().map_err(CaptureError::Write)?;
        Ok(to)
    }

    fn timestamp(&self, at: SimTime) -> Result<Duration, CaptureError> {
        // pcap-file would cut off what does not fit in 64 bits.
        self.unix_time
            .checked_add(at.since_start())
            .filter(|time| u64::try_from(time.as_nanos()).is_ok())
            .ok_or_else(|| CaptureError::Format(format!("{at} after {:?} is beyond 64 bits", self.unix_time)))
    }
}

impl From<PcapError> for CaptureError {
    fn from(error: PcapError) -> CaptureError {
        match error {
            PcapError::IoError(error) => CaptureError::Write(error),
            error => CaptureError::Format(error.to_string()),
        }
    }
}

/// `if_tsresol`: units of 10^-9 seconds.
const NANOSECONDS: u8 = 9;
/// The type of a Decryption Secrets Block, which pcap-file has no name for.
const DECRYPTION_SECRETS_BLOCK: u32 = 0x0a;
/// The secrets are TLS key log lines: `TLSK`.
const TLS_KEY_LOG: u32 = 0x544c_534b;
/// Type and length of a block before its body, and the length once more after it.
const BLOCK_OVERHEAD: usize = 12;

#[derive(Debug)]
struct Record {
    at: SimTime,
    host: HostId,
    bytes: Range<usize>,
    dropped: Option<DropReason>,
}

fn secrets_body(secrets: &str) -> Result<Vec<u8>, CaptureError> {
    let length = u32::try_from(secrets.len()).map_err(|_| too_many_secrets())?;
    let mut body = Vec::with_capacity(8 + secrets.len().next_multiple_of(4));
    body.extend_from_slice(&TLS_KEY_LOG.to_le_bytes());
    body.extend_from_slice(&length.to_le_bytes());
    body.extend_from_slice(secrets.as_bytes());
    body.resize(body.len().next_multiple_of(4), 0);
    Ok(body)
}

fn too_many_secrets() -> CaptureError {
    CaptureError::Format("the secrets are longer than 4 GiB".to_owned())
}

#[cfg(test)]
mod tests {
    use pcap_file::pcapng::{Block, PcapNgReader};

    use super::*;
    use crate::packet::build_udp;

    const UNIX_TIME: Duration = Duration::new(1_700_000_000, 5);

    fn two_hosts() -> Capture {
        Capture::new(vec!["here".to_owned(), "there".to_owned()], UNIX_TIME)
    }

    fn blocks(file: &[u8]) -> Vec<Block<'static>> {
        let mut reader = PcapNgReader::new(file).unwrap();
        let mut blocks = Vec::new();
        while let Some(block) = reader.next_block() {
            blocks.push(block.unwrap().into_owned());
        }
        blocks
    }

    fn comments(block: &EnhancedPacketBlock<'_>) -> Vec<String> {
        block
            .options
            .iter()
            .map(|option| match option {
                EnhancedPacketOption::Comment(text) => text.clone().into_owned(),
                other => panic!("{other:?}"),
            })
            .collect()
    }

    #[test]
    fn a_file_reads_back_with_names_nanoseconds_comments_and_secrets_before_packets() {
        let packet = build_udp(
            "10.0.1.1:1".parse().unwrap(),
            "10.0.2.1:2".parse().unwrap(),
            b"odd",
        )
        .unwrap();
        let mut capture = two_hosts();
        capture.packet(SimTime::from_nanos(1), HostId(0), &packet, None);
        let arrived = capture.packet(SimTime::from_nanos(10_000_001), HostId(1), &packet, None);
        capture.packet(
            SimTime::from_nanos(11_000_000),
            HostId(1),
            &packet,
            Some(DropReason::Queue),
        );
        capture.dropped(arrived, DropReason::NoListener);
        capture.secret("CLIENT_RANDOM 00 11\n");
        capture.secret("CLIENT_RANDOM 22 33");
        let blocks = blocks(&capture.write(Vec::new()).unwrap());
        assert_eq!(blocks.len(), 6, "{blocks:?}");
        for (block, name) in blocks[..2].iter().zip(["here", "there"]) {
            let Block::InterfaceDescription(interface) = block else {
                panic!("{block:?}")
            };
            assert_eq!(interface.linktype, DataLink::RAW);
            assert_eq!(
                interface.options,
                [
                    InterfaceDescriptionOption::IfName(name.into()),
                    InterfaceDescriptionOption::IfTsResol(9)
                ]
            );
        }
        let Block::Unknown(secrets) = &blocks[2] else {
            panic!("{:?}", blocks[2])
        };
        assert_eq!(secrets.type_, 10);
        let text = b"CLIENT_RANDOM 00 11\nCLIENT_RANDOM 22 33\n";
        assert_eq!(
            secrets.value[..8],
            [b'K', b'S', b'L', b'T', text.len() as u8, 0, 0, 0]
        );
        assert_eq!(secrets.value[8..8 + text.len()], *text);
        let expected = [
            (0, 1, vec![]),
            (1, 10_000_001, vec!["dropped: no listener"]),
            (1, 11_000_000, vec!["dropped: queue full"]),
        ];
        for (block, (interface, nanoseconds, comment)) in blocks[3..].iter().zip(expected) {
            let Block::EnhancedPacket(block) = block else {
                panic!("{block:?}")
            };
            assert_eq!(block.interface_id, interface);
            assert_eq!(block.timestamp, UNIX_TIME + Duration::from_nanos(nanoseconds));
            assert_eq!(block.data, packet);
            assert_eq!(block.original_len as usize, packet.len());
            assert_eq!(comments(block), comment);
        }
    }

    #[test]
    fn a_capture_without_secrets_has_no_block_for_them() {
        let blocks = blocks(&two_hosts().write(Vec::new()).unwrap());
        assert!(
            blocks
                .iter()
                .all(|block| matches!(block, Block::InterfaceDescription(_)))
        );
    }

    #[test]
    fn a_writer_that_fails_is_an_error() {
        struct Full;
        impl Write for Full {
            fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
                Err(std::io::ErrorKind::StorageFull.into())
            }
            fn flush(&mut self) -> std::io::Result<()> {
                Ok(())
            }
        }
        let error = two_hosts().write(Full).err().unwrap();
        assert_eq!(
            error.to_string(),
            "the capture could not be written: no storage space"
        );
    }

    #[test]
    fn a_time_or_an_interface_that_the_format_cannot_hold_is_an_error() {
        let mut capture = Capture::new(vec!["here".to_owned()], Duration::from_secs(18_446_744_073));
        capture.packet(SimTime::from_millis(709), HostId(0), b"", None);
        assert!(capture.write(Vec::new()).is_ok());
        capture.packet(SimTime::from_millis(710), HostId(0), b"", None);
        let error = capture.write(Vec::new()).unwrap_err();
        assert!(error.to_string().ends_with("is beyond 64 bits"), "{error}");
        let mut capture = two_hosts();
        capture.packet(SimTime::ZERO, HostId(2), b"", None);
        assert!(matches!(capture.write(Vec::new()), Err(CaptureError::Format(_))));
    }
}
