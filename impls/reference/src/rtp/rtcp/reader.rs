//! What an RTCP packet says.

use rtcp_types::{
    Bye, Fir, Nack, Packet, Pli, ReceiverReport, RtcpPacketParser as _, RtcpParseError, SenderReport, Twcc,
    TwccPacketStatus,
};

/// RFC 3550 section 6.5.
const SDES: u8 = 202;

/// RFC 3550 section 6.5.1.
const CNAME: u8 = 1;

/// One statement of an RTCP packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::rtp) enum RtcpMessage<'a> {
    /// The sender's part of a sender report (RFC 3550 section 6.4.1).
    SenderReport {
        /// Who reports.
        ssrc: u32,
        /// Seconds since 1900 in 32.32 fixed point.
        ntp_timestamp: u64,
        /// The packets it has sent.
        packet_count: u32,
        /// The bytes of payload in them.
        octet_count: u32,
    },
    /// A block of a sender's or receiver's report.
    ReportBlock(ReportBlock),
    /// A canonical name.
    Cname {
        /// Whose.
        ssrc: u32,
        /// UTF-8, if the sender keeps to RFC 3550.
        name: &'a [u8],
    },
    /// A stream ends (RFC 3550 section 6.6).
    Bye {
        /// Which.
        ssrc: u32,
    },
    /// A packet of generic negative acknowledgements (RFC 4585 section 6.2.1) begins: the [`RtcpMessage::Missing`] follow.
    Nack {
        /// The stream.
        ssrc: u32,
    },
    /// A packet is missing.
    Missing {
        /// The stream.
        ssrc: u32,
        /// The packet.
        sequence_number: u16,
    },
    /// RFC 4585 section 6.3.1.
    PictureLossIndication {
        /// The stream.
        ssrc: u32,
    },
    /// RFC 5104 section 4.3.1.
    FullIntraRequest {
        /// Who asks.
        from: u32,
        /// The stream.
        ssrc: u32,
        /// Another number is another request.
        sequence_number: u8,
    },
    /// What a transport-wide feedback says of one packet.
    TransportFeedback {
        /// The transport-wide sequence number.
        sequence_number: u16,
        /// Whether it arrived.
        received: bool,
    },
}

/// A report block (RFC 3550 section 6.4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::rtp) struct ReportBlock {
    /// The stream it is about.
    pub ssrc: u32,
    /// Since the last report, of 256.
    pub fraction_lost: u8,
    /// From −2^23 to 2^23 − 1.
    pub cumulative_lost: i32,
    /// The rollover count in the upper half.
    pub extended_highest_sequence_number: u32,
    /// In units of the RTP clock.
    pub jitter: u32,
    /// The middle half of the last sender report's NTP timestamp; 0 for none.
    pub last_sender_report: u32,
    /// Since then, in 1/65536 of a second.
    pub delay_since_last_sender_report: u32,
}

/// Tells all that an RTCP packet says, in order.
///
/// # Errors
///
/// Where a packet of it is malformed. What it said before that one has been told.
pub(in crate::rtp) fn read(
    mut data: &[u8],
    tell: &mut dyn FnMut(RtcpMessage<'_>),
) -> Result<(), RtcpParseError> {
    let truncated = |expected, actual| RtcpParseError::Truncated { expected, actual };
    while !data.is_empty() {
        let header = data.first_chunk::<4>().ok_or(truncated(4, data.len()))?;
        let length = 4 * (usize::from(u16::from_be_bytes([header[2], header[3]])) + 1);
        let (packet, rest) = data
            .split_at_checked(length)
            .ok_or(truncated(length, data.len()))?;
        if header[1] == SDES {
            read_source_description(packet, tell)?;
        } else {
            tell_packet(&Packet::parse(packet)?, tell)?;
        }
        data = rest;
    }
    Ok(())
}

fn tell_packet(packet: &Packet<'_>, tell: &mut dyn FnMut(RtcpMessage<'_>)) -> Result<(), RtcpParseError> {
    match packet {
        Packet::Sr(report) => tell_sender_report(report, tell),
        Packet::Rr(report) => tell_receiver_report(report, tell),
        Packet::Bye(bye) => tell_bye(bye, tell),
        Packet::TransportFeedback(feedback) => {
            let ssrc = feedback.media_ssrc();
            if let Ok(nack) = feedback.parse_fci::<Nack<'_>>() {
                tell(RtcpMessage::Nack { ssrc });
                for sequence_number in nack.entries() {
                    tell(RtcpMessage::Missing {
                        ssrc,
                        sequence_number,
                    });
                }
            } else if let Ok(statuses) = feedback.parse_fci::<Twcc<'_>>() {
                for status in statuses.packets() {
                    let (sequence_number, status) = status?;
                    tell(RtcpMessage::TransportFeedback {
                        sequence_number,
                        received: status != TwccPacketStatus::NotReceived,
                    });
                }
            }
        }
        Packet::PayloadFeedback(feedback) => {
            if feedback.parse_fci::<Pli<'_>>().is_ok() {
                let ssrc = feedback.media_ssrc();
                tell(RtcpMessage::PictureLossIndication { ssrc });
            } else if let Ok(request) = feedback.parse_fci::<Fir<'_>>() {
                for entry in request.entries() {
                    tell(RtcpMessage::FullIntraRequest {
                        from: feedback.sender_ssrc(),
                        ssrc: entry.ssrc(),
                        sequence_number: entry.sequence(),
                    });
                }
            }
        }
        // Read before; or nothing that was negotiated.
        Packet::Sdes(_) | Packet::App(_) | Packet::Xr(_) | Packet::Unknown(_) => {}
    }
    Ok(())
}

fn tell_sender_report(report: &SenderReport<'_>, tell: &mut dyn FnMut(RtcpMessage<'_>)) {
    tell(RtcpMessage::SenderReport {
        ssrc: report.ssrc(),
        ntp_timestamp: report.ntp_timestamp(),
        packet_count: report.packet_count(),
        octet_count: report.octet_count(),
    });
    report
        .report_blocks()
        .for_each(|block| tell(RtcpMessage::ReportBlock(report_block(&block))));
}

fn tell_receiver_report(report: &ReceiverReport<'_>, tell: &mut dyn FnMut(RtcpMessage<'_>)) {
    report
        .report_blocks()
        .for_each(|block| tell(RtcpMessage::ReportBlock(report_block(&block))));
}

fn tell_bye(bye: &Bye<'_>, tell: &mut dyn FnMut(RtcpMessage<'_>)) {
    bye.ssrcs().for_each(|ssrc| tell(RtcpMessage::Bye { ssrc }));
}

fn report_block(block: &rtcp_types::ReportBlock<'_>) -> ReportBlock {
    ReportBlock {
        ssrc: block.ssrc(),
        fraction_lost: block.fraction_lost(),
        // Of 24 bits with a sign.
        cumulative_lost: ((block.cumulative_lost() << 8) as i32) >> 8,
        extended_highest_sequence_number: block.extended_sequence_number(),
        jitter: block.interarrival_jitter(),
        last_sender_report: block.last_sender_report_timestamp(),
        delay_since_last_sender_report: block.delay_since_last_sender_report_timestamp(),
    }
}

/// RFC 3550 section 6.5. Read here, because the library takes the first zeros of the next chunk's SSRC for padding of the chunk
/// before, and refuses the packet then.
fn read_source_description(
    packet: &[u8],
    tell: &mut dyn FnMut(RtcpMessage<'_>),
) -> Result<(), RtcpParseError> {
    let truncated = RtcpParseError::Truncated {
        expected: packet.len() + 1,
        actual: packet.len(),
    };
    if packet.first().is_none_or(|first| first >> 6 != 2) {
        return Err(RtcpParseError::UnsupportedVersion(
            packet.first().map_or(0, |first| first >> 6),
        ));
    }
    let chunks = packet.first().map_or(0, |first| first & 0x1F);
    let mut at = 4;
    for _ in 0..chunks {
        let ssrc = packet.get(at..).and_then(<[u8]>::first_chunk);
        let Some(ssrc) = ssrc.map(|bytes| u32::from_be_bytes(*bytes)) else {
            return Err(truncated);
        };
        at += 4;
        loop {
            match packet.get(at..) {
                None | Some([]) => return Err(truncated),
                // The chunk ends at the next word.
                Some([0, ..]) => {
                    at = (at + 1).next_multiple_of(4);
                    break;
                }
                Some([kind, length, value @ ..]) => {
                    let Some(value) = value.get(..usize::from(*length)) else {
                        return Err(truncated);
                    };
                    if *kind == CNAME {
                        tell(RtcpMessage::Cname { ssrc, name: value });
                    }
                    at += 2 + usize::from(*length);
                }
                Some([_]) => return Err(truncated),
            }
        }
    }
    Ok(())
}
