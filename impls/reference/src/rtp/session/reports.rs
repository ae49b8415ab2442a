//! Reports and feedback: when RTCP is sent, and what is in it (RFC 3550 section 6, RFC 4585).

use std::time::Duration;

use glare_peer::SimTime;

use super::MediaSession;
use crate::rtp::rtcp::{ReportBlock, RtcpWriter};
use crate::rtp::sender::RtpSendStream;

/// RFC 3550 section 6.2: the least time between two reports, at rest.
const LEAST: Duration = Duration::from_secs(5);

/// The least time between two reports however high the bit rate: once a second is enough for a round trip time.
const LEAST_REDUCED: Duration = Duration::from_secs(1);

/// RFC 3550 section 6.2: the reduced minimum is 360 seconds for each kilobit a second.
const REDUCED_MINIMUM: f64 = 360.0;

/// RFC 3550 section 6.3.1: e − 3/2, by which the reconsideration of timers makes intervals longer.
const COMPENSATION: f64 = 1.218_28;

/// Seconds from 1900 to 1970.
const NTP_EPOCH: u64 = 2_208_988_800;

/// When reports are sent.
#[derive(Debug, Default)]
pub(super) struct ReportTimer {
    due: Option<SimTime>,
    /// Whether one was sent.
    reported: bool,
    /// Whether anything was sent or received since the last report.
    active: bool,
}

impl ReportTimer {
    pub fn deadline(&self) -> Option<SimTime> {
        self.due
    }

    pub fn stop(&mut self) {
        self.due = None;
    }
}

impl MediaSession {
    /// The wall clock in 32.32 fixed point since 1900 (RFC 3550 section 4).
    pub(super) fn ntp_timestamp(&self, now: SimTime) -> u64 {
        let time = self.unix_time + now.since_start();
        let fraction = (u64::from(time.subsec_nanos()) << 32) / 1_000_000_000;
        (time.as_secs().wrapping_add(NTP_EPOCH)) << 32 | fraction
    }

    /// Something was sent or received: reports are due, if they were not yet.
    pub(super) fn note_activity(&mut self, now: SimTime) {
        self.reports.active = true;
        if self.reports.due.is_none() && self.outlet.is_open() {
            self.reports.due = Some(now + self.report_interval());
        }
    }

    /// RFC 3550 section 6.3.1, for the two members that a session has.
    fn report_interval(&mut self) -> Duration {
        let bitrate: f64 = self.senders().map(RtpSendStream::bitrate).sum();
        let reduced = Duration::try_from_secs_f64(REDUCED_MINIMUM * 1000.0 / bitrate).unwrap_or(LEAST);
        let mut least = reduced.clamp(LEAST_REDUCED, LEAST);
        if !self.reports.reported {
            least /= 2;
        }
        least.mul_f64((0.5 + self.rng.f64()) / COMPENSATION)
    }

    /// Sends the report that is due.
    pub(super) fn send_report(&mut self, now: SimTime) {
        if self.reports.due.is_none_or(|due| due > now) {
            return;
        }
        self.reports.due = None;
        if !std::mem::take(&mut self.reports.active) {
            // Nothing has changed since the last one, and nothing will before `note_activity` is called.
            return;
        }
        let mut writer = RtcpWriter::default();
        self.write_report(now, &mut writer);
        self.outlet.send_rtcp(writer.finish());
        self.reports.reported = true;
        self.reports.due = Some(now + self.report_interval());
    }

    /// RFC 3550 section 6.1: a report of each sender, or of a receiver, with blocks about all that is received, and the canonical
    /// name.
    fn write_report(&mut self, now: SimTime, writer: &mut RtcpWriter) {
        let blocks: Vec<ReportBlock> = self
            .receivers
            .values_mut()
            .filter_map(|receiver| receiver.report_block(now))
            .collect();
        let ntp_timestamp = self.ntp_timestamp(now);
        let mut rest = &blocks[..];
        let mut ssrcs = Vec::new();
        for sender in self.senders().filter(|sender| sender.has_sent()) {
            let (with_it, after) = rest.split_at(rest.len().min(31));
            writer.sender_report(&sender.sender_info(now, ntp_timestamp), with_it);
            rest = after;
            ssrcs.push(sender.ssrc);
            ssrcs.extend(sender.rtx_ssrc());
        }
        let reporter = self.reporter();
        if ssrcs.is_empty() {
            ssrcs.push(reporter);
            writer.receiver_reports(reporter, rest);
        } else if !rest.is_empty() {
            writer.receiver_reports(reporter, rest);
        }
        writer.canonical_names(&ssrcs, &self.cname);
    }

    /// Who reports: a stream that is sent, or else a number of this session's own.
    fn reporter(&self) -> u32 {
        self.senders()
            .find(|sender| sender.has_sent())
            .map_or(self.receiver_ssrc, |sender| sender.ssrc)
    }

    /// The shortest beginning of a compound (RFC 3550 section 6.1), where RTCP of reduced size was not agreed on.
    fn begin_compound(&self, writer: &mut RtcpWriter) {
        if !self.sections.iter().all(|section| section.section.reduced_size) {
            let reporter = self.reporter();
            writer.receiver_reports(reporter, &[]);
            writer.canonical_names(&[reporter], &self.cname);
        }
    }

    /// Sends the feedback that is due: early feedback, which RFC 4585 section 3.5.1 allows where two take part.
    pub(super) fn send_feedback(&mut self, now: SimTime) {
        let has_transport_feedback = self.transport_feedback.deadline().is_some_and(|due| due <= now);
        let has_feedback = self.receivers.values().any(|receiver| receiver.has_feedback(now));
        if !self.outlet.is_open() || !(has_transport_feedback || has_feedback) {
            return;
        }
        let reporter = self.reporter();
        let round_trip_time = self.senders().filter_map(RtpSendStream::round_trip_time).max();
        let mut writer = RtcpWriter::default();
        self.begin_compound(&mut writer);
        let beginning = writer.len();
        for receiver in self.receivers.values_mut() {
            if receiver.has_feedback(now) {
                receiver.write_feedback(now, reporter, round_trip_time, &mut writer);
            }
        }
        self.transport_feedback.write(now, reporter, &mut writer);
        // What was missing may have come in the meantime.
        if writer.len() > beginning {
            self.outlet.send_rtcp(writer.finish());
        }
    }

    /// Says that streams have ended (RFC 3550 section 6.3.7), if anything of them was sent.
    pub(super) fn send_bye(&mut self, now: SimTime, ended: &[&RtpSendStream]) {
        let ssrcs: Vec<u32> = ended
            .iter()
            .filter(|sender| sender.has_sent())
            .flat_map(|sender| [Some(sender.ssrc), sender.rtx_ssrc()])
            .flatten()
            .collect();
        let Some(first) = ssrcs.first().copied().filter(|_| self.outlet.is_open()) else {
            return;
        };
        let mut writer = RtcpWriter::default();
        writer.receiver_reports(first, &[]);
        writer.canonical_names(&[first], &self.cname);
        writer.bye(&ssrcs);
        self.outlet.send_rtcp(writer.finish());
        self.note_activity(now);
    }
}
