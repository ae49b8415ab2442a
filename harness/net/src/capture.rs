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
