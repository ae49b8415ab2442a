//! What the adapter reads of a description: the media sections, for `track` events and directions.

use glare_peer::{MediaKind, RtpTransceiverDirection};

/// A media section of audio or video.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Section {
    pub(crate) kind: MediaKind,
    pub(crate) mid: String,
    pub(crate) rejected: bool,
    /// As the sender of the description sees it.
    pub(crate) direction: RtpTransceiverDirection,
    /// The streams of `a=msid` (RFC 8830 section 2).
    pub(crate) streams: Vec<String>,
}

/// The sections of audio and video of a description, in order; those without a mid are left out.
pub(crate) fn sections(sdp: &str) -> Vec<Section> {
    let mut sections = Vec::new();
    for text in sdp.split("\nm=").skip(1) {
        let mut lines = text.lines().map(str::trim_end);
        let mut line = lines.next().unwrap_or_default().split(' ');
        let kind = match line.next() {
            Some("audio") => MediaKind::Audio,
            Some("video") => MediaKind::Video,
            _ => continue,
        };
        let port = line.next();
        let mut section = Section {
            kind,
            mid: String::new(),
            rejected: false,
            direction: RtpTransceiverDirection::SendRecv,
            streams: Vec::new(),
        };
        let mut bundle_only = false;
        for line in lines {
            match line.strip_prefix("a=") {
                Some("bundle-only") => bundle_only = true,
                Some(attribute) => section.read(attribute),
                None => {}
            }
        }
        section.rejected = port == Some("0") && !bundle_only;
        if !section.mid.is_empty() {
            sections.push(section);
        }
    }
    sections
}

impl Section {
    fn read(&mut self, attribute: &str) {
        if let Some(mid) = attribute.strip_prefix("mid:") {
            self.mid = mid.to_owned();
        } else if let Some(msid) = attribute.strip_prefix("msid:") {
            let stream = msid.split(' ').next().unwrap_or_default();
            if stream != "-" && !self.streams.iter().any(|known| known == stream) {
                self.streams.push(stream.to_owned());
            }
        } else if let Ok(direction) = attribute.parse() {
            self.direction = direction;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_is_read_with_its_direction_and_streams() {
        let sdp = "v=0\r\nm=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\n\
                   a=mid:1\r\na=sendonly\r\na=msid:one track\r\na=msid:two track\r\na=msid:- track\r\nm=audio 0 UDP/TLS/RTP/SAVPF 111\r\na=mid:2\r\n";
        let sections = sections(sdp);
        assert_eq!(sections.len(), 2);
        assert_eq!(sections[0].mid, "1");
        assert_eq!(sections[0].direction, RtpTransceiverDirection::SendOnly);
        assert_eq!(sections[0].streams, ["one", "two"]);
        assert!(!sections[0].rejected);
        assert!(sections[1].rejected);
    }
}
