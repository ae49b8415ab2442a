//! Writes RTCP packets one after the other into a datagram.

use rtcp_types::{
    Bye, Fir, Nack, PayloadFeedback, Pli, ReceiverReport, RtcpPacketWriter, Sdes, SdesChunk, SdesItem,
    SenderReport, TransportFeedback, TwccBuilder,
};

use super::ReportBlock;

/// RFC 3550 sections 6.4 to 6.6: a count has five bits.
pub(super) const MOST_IN_A_PACKET: usize = 31;

/// The sender's part of a sender report.
#[derive(Debug, Clone, Copy)]
pub(in crate::rtp) struct SenderInfo {
    pub ssrc: u32,
    /// Seconds since 1900 in 32.32 fixed point.
    pub ntp_timestamp: u64,
    /// The same moment in the RTP clock of the stream.
    pub rtp_timestamp: u32,
    pub packet_count: u32,
    pub octet_count: u32,
}

/// A datagram of RTCP that is being written.
#[derive(Debug, Default)]
pub(in crate::rtp) struct RtcpWriter {
    datagram: Vec<u8>,
}

impl RtcpWriter {
    /// The datagram.
    pub fn finish(self) -> Vec<u8> {
        self.datagram
    }

    /// The bytes that were written.
    pub fn len(&self) -> usize {
        self.datagram.len()
    }

    /// RFC 3550 section 6.4.1. Blocks beyond 31 are left out.
    pub fn sender_report(&mut self, info: &SenderInfo, blocks: &[ReportBlock]) {
        let mut report = SenderReport::builder(info.ssrc)
            .ntp_timestamp(info.ntp_timestamp)
            .rtp_timestamp(info.rtp_timestamp)
            .packet_count(info.packet_count)
            .octet_count(info.octet_count);
        for block in blocks.iter().take(MOST_IN_A_PACKET) {
            report = report.add_report_block(block.builder());
        }
        self.append(&report);
    }

    /// RFC 3550 section 6.4.2. Blocks beyond 31 go into further reports.
    pub fn receiver_reports(&mut self, ssrc: u32, blocks: &[ReportBlock]) {
        let (first, others) = blocks.split_at(blocks.len().min(MOST_IN_A_PACKET));
        for blocks in std::iter::once(first).chain(others.chunks(MOST_IN_A_PACKET)) {
            let mut report = ReceiverReport::builder(ssrc);
            for block in blocks {
                report = report.add_report_block(block.builder());
            }
            self.append(&report);
        }
    }

    /// RFC 3550 section 6.5.1: the canonical name, of at most 255 bytes, for each stream.
    pub fn canonical_names(&mut self, ssrcs: &[u32], name: &str) {
        for ssrcs in ssrcs.chunks(MOST_IN_A_PACKET) {
            let mut description = Sdes::builder();
            for ssrc in ssrcs {
                let item = SdesItem::builder(SdesItem::CNAME, name);
                description = description.add_chunk(SdesChunk::builder(*ssrc).add_item(item));
            }
            self.append(&description);
        }
    }

    /// RFC 3550 section 6.6.
    pub fn bye(&mut self, ssrcs: &[u32]) {
        for ssrcs in ssrcs.chunks(MOST_IN_A_PACKET) {
            let bye = ssrcs
                .iter()
                .fold(Bye::builder(), |bye, ssrc| bye.add_source(*ssrc));
            self.append(&bye);
        }
    }

    /// RFC 4585 section 6.2.1. The numbers ascend.
    pub fn nack(&mut self, sender: u32, media: u32, missing: &[u16]) {
        let nack = missing
            .iter()
            .fold(Nack::builder(), |nack, number| nack.add_rtp_sequence(*number));
        self.append(
            &TransportFeedback::builder(&nack)
                .sender_ssrc(sender)
                .media_ssrc(media),
        );
    }

    /// RFC 4585 section 6.3.1.
    pub fn picture_loss_indication(&mut self, sender: u32, media: u32) {
        let indication = Pli::builder();
        self.append(
            &PayloadFeedback::builder(&indication)
                .sender_ssrc(sender)
                .media_ssrc(media),
        );
    }

    /// RFC 5104 section 4.3.1: the media source of the packet is 0, that of the entry is the stream.
    pub fn full_intra_request(&mut self, sender: u32, media: u32, sequence_number: u8) {
        let request = Fir::builder().add_ssrc(media, sequence_number);
        self.append(&PayloadFeedback::builder(&request).sender_ssrc(sender));
    }

    /// draft-holmer-rmcat-transport-wide-cc-extensions-01 section 3.1.
    pub fn transport_feedback(&mut self, sender: u32, media: u32, feedback: &TwccBuilder) {
        self.append(
            &TransportFeedback::builder(feedback)
                .sender_ssrc(sender)
                .media_ssrc(media),
        );
    }

    /// Appends a packet. Those above are of few enough parts, and of parts short enough, to have a size.
    fn append(&mut self, packet: &impl RtcpPacketWriter) {
        let start = self.datagram.len();
        let Ok(size) = packet.calculate_size() else {
            debug_assert!(false, "{packet:?} has no size");
            return;
        };
        self.datagram.resize(start + size, 0);
        packet.write_into_unchecked(&mut self.datagram[start..]);
    }
}

impl ReportBlock {
    fn builder(&self) -> rtcp_types::ReportBlockBuilder {
        rtcp_types::ReportBlock::builder(self.ssrc)
            .fraction_lost(self.fraction_lost)
            .cumulative_lost(self.cumulative_lost.clamp(-0x80_0000, 0x7F_FFFF) as u32 & 0xFF_FFFF)
            .extended_sequence_number(self.extended_highest_sequence_number)
            .interarrival_jitter(self.jitter)
            .last_sender_report_timestamp(self.last_sender_report)
            .delay_since_last_sender_report_timestamp(self.delay_since_last_sender_report)
    }
}
