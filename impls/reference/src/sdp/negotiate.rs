//! What two sides have in common: the media formats of a section.

use super::codec::{Codec, CodecRole};
use super::format::answered_parameters;

/// RFC 9429 section 5.3.1: the formats of an answer, under the payload types of the offer. A format is in it if we
/// have it; retransmission and redundancy if what they are for is in it too. Parameters are ours, since they say what
/// we receive; feedback is what both sides have. Empty if the two have no format for media itself in common.
///
/// The order is that of the offer, or ours if `has_codec_preferences` says that ours was chosen by the application
/// (webrtc-pc#dom-rtcrtptransceiver-setcodecpreferences).
///
/// RFC 9429 lets an answer also list what the offer has not; it does not, because webrtc-pc#dom-rtcpeerconnection-createanswer
/// says that an answer is a negotiated subset.
pub(crate) fn answer_codecs(offered: &[Codec], ours: &[Codec], has_codec_preferences: bool) -> Vec<Codec> {
    // The place in the offer of what is accepted, and the place in ours of what it was matched with.
    let mut accepted: Vec<(usize, usize)> = Vec::new();
    for (place, codec) in offered.iter().enumerate() {
        if refers(codec) {
            continue;
        }
        if let Some(own) = ours
            .iter()
            .position(|own| !refers(own) && own.is_same_format(codec))
        {
            accepted.push((place, own));
        }
    }
    if !accepted
        .iter()
        .any(|(place, _)| offered[*place].role() == CodecRole::Media)
    {
        return Vec::new();
    }
    // Redundancy before retransmission, of which it may be the object.
    for role in [CodecRole::Redundancy, CodecRole::Retransmission] {
        for (place, codec) in offered.iter().enumerate() {
            if !refers(codec) || codec.role() != role {
                continue;
            }
            let matching = |payload_type: u8| {
                accepted
                    .iter()
                    .find(|(place, _)| offered[*place].payload_type == payload_type)
                    .map(|(_, own)| ours[*own].payload_type)
            };
            let own = ours.iter().position(|own| {
                own.role() == role
                    && own.is_same_encoding(codec)
                    && codec
                        .renamed(own.payload_type, matching)
                        .is_some_and(|renamed| renamed.is_same_format(own))
            });
            if let Some(own) = own {
                accepted.push((place, own));
            }
        }
    }
    if has_codec_preferences {
        accepted.sort_by_key(|(place, own)| (*own, *place));
    } else {
        accepted.sort_unstable();
    }
    accepted
        .into_iter()
        .map(|(place, own)| answered(&offered[place], &ours[own]))
        .collect()
}

/// Whether the parameters of a format refer to other payload types.
fn refers(codec: &Codec) -> bool {
    codec.role() == CodecRole::Retransmission || !codec.redundant_payload_types().is_empty()
}

fn answered(offered: &Codec, ours: &Codec) -> Codec {
    Codec {
        payload_type: offered.payload_type,
        sdp_fmtp_line: if refers(offered) {
            offered.sdp_fmtp_line.clone()
        } else {
            answered_parameters(offered, ours)
        },
        rtcp_fb: common_feedback(offered, ours),
        ..ours.clone()
    }
}

fn common_feedback(codec: &Codec, other: &Codec) -> Vec<String> {
    codec
        .rtcp_fb
        .iter()
        .filter(|feedback| other.rtcp_fb.contains(feedback))
        .cloned()
        .collect()
}

/// RFC 9429 section 5.11: what this side may send once a section is negotiated: the formats of the remote description
/// that the local one has too, under the payload types, with the parameters and in the order of the remote side, and
/// the feedback that both have. The first for media is the one to send by default.
pub(crate) fn codecs_to_send(local: &[Codec], remote: &[Codec]) -> Vec<Codec> {
    common(remote, local)
}

/// What this side must be ready to receive once a section is negotiated: the formats of the local description that the
/// remote one has too, under the payload types and in the order of the local side.
pub(crate) fn codecs_to_receive(local: &[Codec], remote: &[Codec]) -> Vec<Codec> {
    common(local, remote)
}

/// The formats of the first list that are in the second.
fn common(codecs: &[Codec], others: &[Codec]) -> Vec<Codec> {
    let same = |payload_type: u8| {
        let codec = codecs.iter().find(|codec| codec.payload_type == payload_type)?;
        let other = others
            .iter()
            .find(|other| !refers(other) && other.is_same_format(codec))?;
        Some(other.payload_type)
    };
    codecs
        .iter()
        .filter_map(|codec| {
            let renamed = if refers(codec) {
                codec.renamed(codec.payload_type, same)?
            } else {
                codec.clone()
            };
            let other = others.iter().find(|other| {
                // Two names for one thing, where red is made of rtx, occur nowhere.
                refers(other) == refers(codec) && other.is_same_format(&renamed)
            })?;
            Some(Codec {
                rtcp_fb: common_feedback(codec, other),
                ..codec.clone()
            })
        })
        .collect()
}

/// webrtc-pc#dom-rtcrtptransceiver-setcodecpreferences: the formats that we have, in the order that the application
/// prefers and without those that it does not name; as they are if it prefers nothing, or nothing that we have. An
/// entry for `rtx` stands for the retransmission of every format, which follows the format it is for. Payload types of
/// `preferred` mean nothing.
pub(crate) fn in_preferred_order(available: &[Codec], preferred: &[Codec]) -> Vec<Codec> {
    let retransmits = preferred
        .iter()
        .any(|codec| codec.role() == CodecRole::Retransmission);
    let mut chosen: Vec<Codec> = Vec::new();
    for wanted in preferred {
        let found = available.iter().find(|codec| {
            let fits = if wanted.role() == CodecRole::Redundancy && wanted.sdp_fmtp_line.is_none() {
                codec.is_same_encoding(wanted)
            } else {
                codec.matches(wanted, true)
            };
            fits && codec.role() != CodecRole::Retransmission && !chosen.contains(codec)
        });
        let Some(codec) = found else {
            continue;
        };
        chosen.push(codec.clone());
        let repairs = |it: &&Codec| it.apt() == Some(codec.payload_type);
        chosen.extend(available.iter().find(repairs).filter(|_| retransmits).cloned());
    }
    if chosen.iter().any(|codec| codec.role() == CodecRole::Media) {
        chosen
    } else {
        available.to_vec()
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::{audio_codecs, codec, video_codecs};
    use super::*;

    fn summary(codecs: &[Codec]) -> Vec<(u8, &str)> {
        codecs
            .iter()
            .map(|codec| (codec.payload_type, codec.name()))
            .collect()
    }

    /// What another implementation offers: other payload types, another order, formats we do not have.
    fn offered() -> Vec<Codec> {
        let mut codecs = vec![
            codec(120, "video/VP9", 90_000, Some("profile-id=2")),
            codec(
                121,
                "video/H264",
                90_000,
                Some("profile-level-id=42e01f;packetization-mode=1"),
            ),
            codec(122, "video/rtx", 90_000, Some("apt=121")),
            codec(123, "video/VP8", 90_000, Some("max-fs=12288")),
            codec(124, "video/rtx", 90_000, Some("apt=123")),
            codec(125, "video/rtx", 90_000, Some("apt=120")),
            codec(126, "video/red", 90_000, None),
            codec(127, "video/rtx", 90_000, Some("apt=126")),
        ];
        for codec in &mut codecs {
            codec.rtcp_fb = vec!["nack pli".to_owned(), "x".to_owned()];
        }
        codecs
    }

    #[test]
    fn an_answer_has_the_common_formats_in_the_order_and_names_of_the_offer() {
        let answer = answer_codecs(&offered(), &video_codecs(), false);
        assert_eq!(
            summary(&answer),
            [
                (121, "H264"),
                (122, "rtx"),
                (123, "VP8"),
                (124, "rtx"),
                (126, "red"),
                (127, "rtx")
            ]
        );
        assert_eq!(answer[1].apt(), Some(121));
        assert_eq!(answer[2].sdp_fmtp_line, None, "parameters are our own");
        assert_eq!(answer[2].rtcp_fb, ["nack pli"]);
    }

    #[test]
    fn preferences_decide_the_order_of_an_answer_and_not_its_payload_types() {
        let preferred = video_codecs()
            .into_iter()
            .filter(|codec| matches!(codec.name(), "VP8" | "H264"))
            .collect::<Vec<_>>();
        let answer = answer_codecs(&offered(), &preferred, true);
        assert_eq!(summary(&answer), [(123, "VP8"), (121, "H264")]);
    }

    #[test]
    fn repair_without_media_is_no_common_format() {
        let offered = vec![
            codec(126, "video/red", 90_000, None),
            codec(0, "video/ulpfec", 90_000, None),
        ];
        assert!(answer_codecs(&offered, &video_codecs(), false).is_empty());
    }

    #[test]
    fn redundancy_of_audio_is_accepted_with_what_it_is_made_of() {
        let offered = vec![
            codec(63, "audio/red", 48_000, Some("96/96")),
            audio(96, "opus", 48_000, 2),
            codec(64, "audio/red", 48_000, Some("97/97")),
        ];
        let offered: Vec<_> = offered
            .into_iter()
            .map(|it| Codec {
                channels: Some(2),
                ..it
            })
            .collect();
        let answer = answer_codecs(&offered, &audio_codecs(), false);
        assert_eq!(summary(&answer), [(63, "red"), (96, "opus")]);
        assert_eq!(answer[0].sdp_fmtp_line.as_deref(), Some("96/96"));
    }

    fn audio(payload_type: u8, name: &str, clock_rate: u32, channels: u16) -> Codec {
        Codec {
            channels: Some(channels),
            ..codec(payload_type, &format!("audio/{name}"), clock_rate, None)
        }
    }

    #[test]
    fn each_side_sends_what_the_other_prefers_under_its_payload_types() {
        let local = video_codecs();
        let remote = answer_codecs(&local, &offered(), true);
        let remote: Vec<_> = remote
            .iter()
            .map(|codec| {
                codec
                    .renamed(codec.payload_type - 60, |old| Some(old - 60))
                    .unwrap()
            })
            .collect();
        let send = codecs_to_send(&local, &remote);
        assert_eq!(summary(&send), summary(&remote));
        let receive = codecs_to_receive(&local, &remote);
        assert_eq!(
            summary(&receive),
            [
                (96, "VP8"),
                (97, "rtx"),
                (102, "H264"),
                (103, "rtx"),
                (118, "red"),
                (119, "rtx")
            ]
        );
    }

    #[test]
    fn the_application_orders_and_leaves_out() {
        let available = video_codecs();
        let h264 = available
            .iter()
            .find(|codec| codec.name() == "H264")
            .unwrap()
            .clone();
        let (vp8, rtx) = (available[0].clone(), codec(0, "video/rtx", 90_000, None));
        let order = |preferred: &[Codec]| {
            let chosen = in_preferred_order(&available, preferred);
            chosen.iter().map(|codec| codec.payload_type).collect::<Vec<_>>()
        };
        assert_eq!(
            order(&[h264.clone(), rtx.clone(), vp8.clone()]),
            [102, 103, 96, 97]
        );
        assert_eq!(order(&[h264.clone(), vp8, h264]), [102, 96]);
        assert_eq!(order(&[]).len(), available.len());
        assert_eq!(order(&[rtx]).len(), available.len());
    }
}
