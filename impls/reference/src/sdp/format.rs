//! Which parameters make two formats of one encoding different formats.

use super::codec::{Codec, CodecRole};

/// Whether the parameters on which both sides must agree are the same. Encoding, clock rate and channels are compared
/// elsewhere.
pub(super) fn same_format(one: &Codec, other: &Codec) -> bool {
    // RFC 7798, RFC 9628 and the AV1 payload specification: what is assumed of a parameter that is not given.
    let same = |name: &str, default: &str| {
        one.parameter(name)
            .unwrap_or(default)
            .eq_ignore_ascii_case(other.parameter(name).unwrap_or(default))
    };
    match one.role() {
        CodecRole::Retransmission => return one.apt() == other.apt(),
        CodecRole::Redundancy => return one.redundant_payload_types() == other.redundant_payload_types(),
        _ => {}
    }
    match one.name().to_ascii_uppercase().as_str() {
        "H264" => {
            let profile = |codec: &Codec| ProfileLevelId::of(codec).map(|it| it.profile());
            same("packetization-mode", "0") && profile(one).is_some() && profile(one) == profile(other)
        }
        "H265" => {
            same("profile-space", "0")
                && same("profile-id", "1")
                && same("tier-flag", "0")
                && same("tx-mode", "SRST")
        }
        "VP9" => same("profile-id", "0"),
        "AV1" => same("profile", "0"),
        _ => true,
    }
}

/// The parameters of a format in an answer: ours, which say what we receive. For H.264 without
/// `level-asymmetry-allowed` on both sides the lower of the two levels (RFC 6184 section 8.2.2).
pub(super) fn answered_parameters(offered: &Codec, ours: &Codec) -> Option<String> {
    let line = ours.sdp_fmtp_line.as_deref()?;
    let asymmetric = |codec: &Codec| codec.parameter("level-asymmetry-allowed") == Some("1");
    if !ours.name().eq_ignore_ascii_case("H264") || (asymmetric(offered) && asymmetric(ours)) {
        return Some(line.to_owned());
    }
    let (Some(theirs), Some(own)) = (ProfileLevelId::of(offered), ProfileLevelId::of(ours)) else {
        return Some(line.to_owned());
    };
    let lower = if theirs.level_order() < own.level_order() {
        theirs
    } else {
        own
    };
    let parts: Vec<String> = line
        .split(';')
        .map(|part| match part.split_once('=') {
            Some((name, _)) if name.trim().eq_ignore_ascii_case("profile-level-id") => {
                format!("profile-level-id={:06x}", lower.0)
            }
            _ => part.trim().to_owned(),
        })
        .collect();
    Some(parts.join(";"))
}

/// The value of `profile-level-id` (RFC 6184 section 8.1): `profile_idc`, `profile-iop` and `level_idc`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct ProfileLevelId(u32);

/// A profile of H.264 (RFC 6184 table 5); any other by its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Profile {
    ConstrainedBaseline,
    Baseline,
    Main,
    Extended,
    High,
    ConstrainedHigh,
    Other(u8, u8),
}

impl ProfileLevelId {
    /// The value of a format; without one, Baseline at level 1 (RFC 6184 section 8.1). None if it is not well formed.
    fn of(codec: &Codec) -> Option<ProfileLevelId> {
        let Some(text) = codec.parameter("profile-level-id") else {
            return Some(ProfileLevelId(0x42_00_0a));
        };
        let digits = text.len() == 6 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        digits.then(|| u32::from_str_radix(text, 16).ok().map(ProfileLevelId))?
    }

    fn bytes(self) -> [u8; 3] {
        let [_, profile, constraints, level] = self.0.to_be_bytes();
        [profile, constraints, level]
    }

    fn profile(self) -> Profile {
        let [profile, constraints, _] = self.bytes();
        let set = |bit: u8| constraints & (0x80 >> bit) != 0;
        match profile {
            0x42 if set(1) => Profile::ConstrainedBaseline,
            0x42 => Profile::Baseline,
            0x4d if set(0) => Profile::ConstrainedBaseline,
            0x4d => Profile::Main,
            0x58 if set(0) && set(1) => Profile::ConstrainedBaseline,
            0x58 if set(0) => Profile::Baseline,
            0x58 => Profile::Extended,
            0x64 if constraints == 0 => Profile::High,
            0x64 if constraints == 0x0c => Profile::ConstrainedHigh,
            _ => Profile::Other(profile, constraints),
        }
    }

    /// A number that grows with the level. Level 1b, which `constraint_set3_flag` says of level 1.1, comes before it.
    fn level_order(self) -> u16 {
        let [profile, constraints, level] = self.bytes();
        let is_1b =
            (level == 11 && constraints & 0x10 != 0 && matches!(profile, 0x42 | 0x4d | 0x58)) || level == 9;
        if is_1b { 21 } else { u16::from(level) * 2 }
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::codec;
    use super::*;

    fn h264(line: &str) -> Codec {
        codec(102, "video/H264", 90_000, Some(line))
    }

    #[test]
    fn formats_of_h264_differ_by_profile_and_packetization_mode_alone() {
        let one = h264("packetization-mode=1;profile-level-id=42e01f");
        for (same, line) in [
            (
                true,
                "profile-level-id=42E034;packetization-mode=1;level-asymmetry-allowed=1",
            ),
            (true, "profile-level-id=4d801f;packetization-mode=1"),
            (true, "profile-level-id=58c00a;packetization-mode=1"),
            (false, "profile-level-id=42001f;packetization-mode=1"),
            (false, "profile-level-id=42e01f;packetization-mode=0"),
            (false, "profile-level-id=42e01f"),
            (false, "profile-level-id=64001f;packetization-mode=1"),
            (false, "profile-level-id=640c1f;packetization-mode=1"),
            (false, "profile-level-id=nonsense;packetization-mode=1"),
        ] {
            assert_eq!(one.is_same_format(&h264(line)), same, "{line}");
        }
        let silent = codec(102, "video/H264", 90_000, None);
        assert!(silent.is_same_format(&h264("profile-level-id=42001f")));
    }

    #[test]
    fn formats_of_other_codecs_differ_by_their_profile() {
        let video = |name: &str, line| codec(98, &format!("video/{name}"), 90_000, Some(line));
        assert!(video("VP9", "profile-id=0").is_same_format(&codec(1, "video/vp9", 90_000, None)));
        assert!(!video("VP9", "profile-id=0").is_same_format(&video("VP9", "profile-id=2")));
        assert!(video("AV1", "profile=0;level-idx=5").is_same_format(&video("AV1", "level-idx=13;tier=1")));
        assert!(!video("AV1", "profile=0").is_same_format(&video("AV1", "profile=1")));
        assert!(video("H265", "level-id=93").is_same_format(&video("H265", "level-id=150;profile-id=1")));
        assert!(!video("H265", "tx-mode=SRST").is_same_format(&video("H265", "tx-mode=MRST")));
        let opus = codec(111, "audio/opus", 48_000, Some("stereo=1"));
        assert!(opus.is_same_format(&codec(96, "audio/OPUS", 48_000, None)));
        assert!(!opus.is_same_format(&codec(96, "audio/opus", 16_000, None)));
    }

    #[test]
    fn the_level_of_an_answer_is_the_lower_one_unless_both_sides_allow_two() {
        let answered = |offered, ours| answered_parameters(&h264(offered), &h264(ours)).unwrap();
        assert_eq!(
            answered("profile-level-id=42e00a", "profile-level-id=42e01f"),
            "profile-level-id=42e00a"
        );
        assert_eq!(
            answered("profile-level-id=42e034", "profile-level-id=42e01f"),
            "profile-level-id=42e01f"
        );
        assert_eq!(
            answered(
                "profile-level-id=42e00a;level-asymmetry-allowed=1",
                "profile-level-id=42e01f;level-asymmetry-allowed=1"
            ),
            "profile-level-id=42e01f;level-asymmetry-allowed=1"
        );
        assert_eq!(
            answered(
                "profile-level-id=42f00b",
                "profile-level-id=42e00b;packetization-mode=1"
            ),
            "profile-level-id=42f00b;packetization-mode=1",
            "level 1b is below 1.1"
        );
    }
}
