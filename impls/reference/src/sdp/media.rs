//! What a media section says of streams and sources.

/// An `a=msid` line (RFC 8830 section 2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Msid {
    /// The `MediaStream` that the track is in; none (`-`) if it is in no stream.
    pub stream_id: Option<String>,
    /// What follows, which used to be the track's identifier. RFC 9429 neither writes nor heeds it.
    pub app_data: Option<String>,
}

/// A source that `a=ssrc` lines describe (RFC 5576 section 4.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ssrc {
    /// The synchronization source.
    pub ssrc: u32,
    /// Its canonical name, if there is one.
    pub cname: Option<String>,
}

/// An `a=ssrc-group` line (RFC 5576 section 4.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SsrcGroup {
    /// What the group means, such as `FID` (a source and its retransmissions, RFC 5888) or `SIM`.
    pub semantics: String,
    /// Its sources, in order.
    pub ssrcs: Vec<u32>,
}

/// A `b=` line (RFC 4566 section 5.8).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Bandwidth {
    /// What is limited: `AS` and `CT` in kilobits per second, `TIAS`, `RR` and `RS` in bits per second.
    pub modifier: String,
    /// The limit.
    pub value: u64,
}

impl Msid {
    /// Reads the value of `a=msid`.
    pub(super) fn read(value: &str) -> Msid {
        let (stream_id, app_data) = match value.trim_end().split_once(' ') {
            Some((stream_id, app_data)) => (stream_id, Some(app_data.to_owned())),
            None => (value.trim_end(), None),
        };
        Msid {
            stream_id: (stream_id != "-").then(|| stream_id.to_owned()),
            app_data,
        }
    }

    /// The value of `a=msid`.
    pub(super) fn value(&self) -> String {
        let stream_id = self.stream_id.as_deref().unwrap_or("-");
        match &self.app_data {
            Some(app_data) => format!("{stream_id} {app_data}"),
            None => stream_id.to_owned(),
        }
    }
}

impl SsrcGroup {
    /// Reads the value of `a=ssrc-group`. None if it is not well formed.
    pub(super) fn read(value: &str) -> Option<SsrcGroup> {
        let mut words = value.split_whitespace();
        let semantics = words.next()?.to_owned();
        let ssrcs: Option<Vec<u32>> = words.map(|word| word.parse().ok()).collect();
        Some(SsrcGroup {
            semantics,
            ssrcs: ssrcs?,
        })
    }
}

impl Bandwidth {
    /// Reads the value of `b=`. None if it is not well formed.
    pub(super) fn read(value: &str) -> Option<Bandwidth> {
        let (modifier, value) = value.split_once(':')?;
        Some(Bandwidth {
            modifier: modifier.to_owned(),
            value: value.parse().ok()?,
        })
    }
}

/// RFC 9429 section 5.10: the greatest bitrate of RTP that the lines of a media section allow, in bits per second. `TIAS`
/// says it; where there is only `AS`, it is what that leaves for media of 50 packets a second.
pub(crate) fn max_bitrate(bandwidth: &[Bandwidth]) -> Option<u64> {
    let of = |modifier: &str| {
        bandwidth
            .iter()
            .find(|line| line.modifier.eq_ignore_ascii_case(modifier))
            .map(|line| line.value)
    };
    of("TIAS").or_else(|| {
        // AS * 1000 * 0.95 - (50 * 40 * 8)
        of("AS").map(|kilobits| kilobits.saturating_mul(950).saturating_sub(16_000))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_track_in_no_stream_is_written_with_a_minus() {
        for value in ["-", "- track", "stream", "stream track"] {
            assert_eq!(Msid::read(value).value(), value);
        }
        assert_eq!(Msid::read("- track").stream_id, None);
        assert_eq!(Msid::read("stream track").app_data.as_deref(), Some("track"));
    }

    #[test]
    fn the_bitrate_is_what_tias_says_or_what_as_leaves() {
        let lines = |lines: &[&str]| {
            let lines: Vec<_> = lines.iter().map(|line| Bandwidth::read(line).unwrap()).collect();
            max_bitrate(&lines)
        };
        assert_eq!(lines(&["AS:100"]), Some(79_000));
        assert_eq!(lines(&["AS:100", "TIAS:64000"]), Some(64_000));
        assert_eq!(lines(&["AS:1"]), Some(0));
        assert_eq!(lines(&["CT:1"]), None);
        assert_eq!(Bandwidth::read("AS:x"), None);
    }
}
