//! RFC 9429 section 5.8.2: the attributes of a media section that uses RTP become types.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::codec::Codec;
use super::description::{Attribute, MediaKind, MediaSection};
use super::error::SdpError;
use super::extension::HeaderExtension;
use super::limits::{MAX_MSIDS, MAX_WILDCARD_FEEDBACK};
use super::line::is_digits;
use super::media::{Msid, Ssrc, SsrcGroup};
use super::simulcast::{RidDescription, Simulcast};

/// Fills the typed fields of a section out of its attributes.
///
/// # Errors
///
/// The first attribute that is not well formed.
pub(super) fn read_media_attributes(
    section: &mut MediaSection,
    attributes: &[Attribute],
) -> Result<(), SdpError> {
    let mut sources: BTreeMap<u32, usize> = BTreeMap::new();
    for attribute in attributes {
        let value = attribute.value.as_deref().unwrap_or_default();
        let read = |read: bool, expected: &str| {
            if read {
                return Ok(());
            }
            Err(SdpError::new(
                attribute.line,
                format!("a={}: expected {expected}, found {value:?}", attribute.name),
            ))
        };
        match attribute.name.as_str() {
            "extmap" => {
                let extension = HeaderExtension::read(value);
                read(
                    extension.is_some(),
                    "an identifier and a URI (RFC 8285 section 5)",
                )?;
                section.header_extensions.extend(extension);
            }
            "msid" => {
                let msid = Msid::read(value);
                if section.msids.len() < MAX_MSIDS && !section.msids.contains(&msid) {
                    section.msids.push(msid);
                }
            }
            "rid" => {
                let rid = RidDescription::read(value);
                read(rid.is_some(), "an encoding (RFC 8851 section 10)")?;
                section.rids.extend(rid);
            }
            "simulcast" => {
                section.simulcast = Simulcast::read(value);
                read(
                    section.simulcast.is_some(),
                    "lists of encodings (RFC 8853 section 5.1)",
                )?;
            }
            "ssrc" => {
                let (ssrc, source) = value.split_once(' ').unwrap_or((value, ""));
                let ssrc = ssrc.parse().ok();
                read(ssrc.is_some(), "a source (RFC 5576 section 4.1)")?;
                let ssrc: u32 = ssrc.unwrap_or_default();
                let known = *sources.entry(ssrc).or_insert_with(|| {
                    section.ssrcs.push(Ssrc { ssrc, cname: None });
                    section.ssrcs.len() - 1
                });
                if let Some(cname) = source.strip_prefix("cname:") {
                    section.ssrcs[known].cname.get_or_insert_with(|| cname.to_owned());
                }
            }
            "ssrc-group" => {
                let group = SsrcGroup::read(value);
                read(group.is_some(), "sources (RFC 5576 section 4.2)")?;
                section.ssrc_groups.extend(group);
            }
            "ptime" => section.ptime = milliseconds(value),
            "maxptime" => section.maxptime = milliseconds(value),
            "rtcp-mux-only" => section.rtcp_mux_only = true,
            "rtcp-rsize" => section.rtcp_rsize = true,
            "extmap-allow-mixed" => section.extmap_allow_mixed = true,
            _ => {}
        }
    }
    if section.uses_rtp() {
        section.codecs = codecs(section, attributes)?;
    }
    Ok(())
}

/// A number of milliseconds, perhaps with a fraction, of which microseconds count. Well formed text only; what does not
/// fit is as long as can be.
fn milliseconds(value: &str) -> Option<Duration> {
    let (whole, fraction) = value.split_once('.').unwrap_or((value, ""));
    let whole: u64 = whole.parse().unwrap_or(u64::MAX / 1000 - 1);
    let fraction: u64 = format!("{fraction:0<3.3}").parse().ok()?;
    Some(Duration::from_micros(
        whole.min(u64::MAX / 1000 - 1) * 1000 + fraction,
    ))
}

/// RFC 3551 section 6: the formats whose payload types need no `a=rtpmap`, as far as WebRTC knows them.
const STATIC: &[(u8, &str, u32)] = &[
    (0, "PCMU", 8000),
    (3, "GSM", 8000),
    (8, "PCMA", 8000),
    (9, "G722", 8000),
    (13, "CN", 8000),
    (15, "G728", 8000),
    (18, "G729", 8000),
    (26, "JPEG", 90_000),
    (31, "H261", 90_000),
    (34, "H263", 90_000),
];

/// What is said of one payload type.
#[derive(Debug, Default)]
struct Said<'a> {
    rtpmap: Option<&'a str>,
    fmtp: Option<&'a str>,
    rtcp_fb: Vec<&'a str>,
}

/// The formats of the `m=` line, in its order, each once. A payload type of which nothing tells the encoding is left
/// out.
fn codecs(section: &MediaSection, attributes: &[Attribute]) -> Result<Vec<Codec>, SdpError> {
    let mut said: BTreeMap<u8, Said<'_>> = BTreeMap::new();
    let mut wildcard: Vec<&str> = Vec::new();
    for attribute in attributes {
        let name = attribute.name.as_str();
        if !matches!(name, "rtpmap" | "fmtp" | "rtcp-fb") {
            continue;
        }
        let value = attribute.value.as_deref().unwrap_or_default().trim_end();
        let fail = |message: String| Err(SdpError::new(attribute.line, message));
        let Some((format, rest)) = value.split_once(' ') else {
            return fail(format!(
                "a={name}: expected a payload type and more, found {value:?}"
            ));
        };
        if name == "rtcp-fb" && format == "*" {
            if wildcard.len() == MAX_WILDCARD_FEEDBACK {
                return fail(format!(
                    "there are more than {MAX_WILDCARD_FEEDBACK} lines a=rtcp-fb:*"
                ));
            }
            wildcard.push(rest);
            continue;
        }
        let payload_type = Some(format)
            .filter(|it| is_digits(it))
            .and_then(|it| it.parse::<u8>().ok());
        let Some(payload_type) = payload_type.filter(|it| *it < 128) else {
            return fail(format!("a={name}: {format:?} is not a payload type"));
        };
        let said = said.entry(payload_type).or_default();
        match name {
            "rtpmap" => said.rtpmap = said.rtpmap.or(Some(rest)),
            "fmtp" => said.fmtp = said.fmtp.or(Some(rest)),
            _ => said.rtcp_fb.push(rest),
        }
    }
    let mut seen = BTreeSet::new();
    let mut codecs = Vec::new();
    for format in &section.formats {
        let Some(payload_type) = format.parse::<u8>().ok().filter(|it| seen.insert(*it)) else {
            continue;
        };
        let said = said.remove(&payload_type).unwrap_or_default();
        let Some((name, clock_rate, channels)) = encoding(payload_type, said.rtpmap) else {
            continue;
        };
        let mut rtcp_fb: Vec<String> = Vec::new();
        let mut known = BTreeSet::new();
        for feedback in wildcard.iter().chain(&said.rtcp_fb) {
            if known.insert(*feedback) {
                rtcp_fb.push((*feedback).to_owned());
            }
        }
        codecs.push(Codec {
            payload_type,
            mime_type: format!("{}/{name}", section.kind),
            clock_rate,
            channels: (section.kind == MediaKind::Audio).then_some(channels.unwrap_or(1)),
            sdp_fmtp_line: said.fmtp.map(str::to_owned),
            rtcp_fb,
        });
    }
    Ok(codecs)
}

/// The name, clock rate and channels of a payload type.
fn encoding(payload_type: u8, rtpmap: Option<&str>) -> Option<(String, u32, Option<u16>)> {
    match rtpmap {
        Some(rtpmap) => {
            let mut parts = rtpmap.split('/');
            let name = parts.next()?.to_owned();
            let clock_rate = parts.next()?.parse().ok()?;
            let channels = parts.next().and_then(|channels| channels.parse().ok());
            Some((name, clock_rate, channels.filter(|channels| *channels > 0)))
        }
        None => STATIC
            .iter()
            .find(|(number, ..)| *number == payload_type)
            .map(|(_, name, clock_rate)| ((*name).to_owned(), *clock_rate, None)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Description;
    use super::super::fixtures::{BROWSER_OFFER, FIREFOX_VIDEO_OFFER, parsed, replace_line};
    use super::*;

    #[test]
    fn the_formats_of_a_section_are_read_with_parameters_and_feedback() {
        let description = parsed(BROWSER_OFFER);
        let audio = &description.media[0];
        let summary: Vec<_> = audio
            .codecs
            .iter()
            .map(|codec| {
                (
                    codec.payload_type,
                    codec.mime_type.as_str(),
                    codec.clock_rate,
                    codec.channels,
                )
            })
            .collect();
        assert_eq!(
            summary,
            [
                (111, "audio/opus", 48_000, Some(2)),
                (9, "audio/G722", 8000, Some(1)),
                (110, "audio/telephone-event", 48_000, Some(1))
            ]
        );
        assert_eq!(
            audio.codecs[0].sdp_fmtp_line.as_deref(),
            Some("minptime=10;useinbandfec=1")
        );
        assert_eq!(audio.codecs[0].rtcp_fb, ["transport-cc"]);
        assert_eq!(
            audio.ssrcs,
            [Ssrc {
                ssrc: 1,
                cname: Some("c".to_owned())
            }]
        );
        assert!(audio.rtcp_rsize && audio.extmap_allow_mixed && !audio.rtcp_mux_only);
        let video = &description.media[1];
        assert_eq!(
            (video.codecs[1].apt(), video.codecs[1].channels),
            (Some(96), None)
        );
        assert_eq!(video.rids.len(), 2);
        assert_eq!(video.simulcast.as_ref().unwrap().value(), "send hi;~lo");
    }

    #[test]
    fn what_firefox_writes_in_another_order_is_read_alike() {
        let video = &parsed(FIREFOX_VIDEO_OFFER).media[0];
        let payload_types: Vec<_> = video.codecs.iter().map(|codec| codec.payload_type).collect();
        assert_eq!(payload_types, [120, 124, 123, 122]);
        assert_eq!(video.codecs[0].rtcp_fb, ["nack", "nack pli", "ccm fir"]);
        assert_eq!(
            video.header_extensions[1].value(),
            "8/sendonly urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id"
        );
        assert_eq!(video.ssrc_groups[0].ssrcs, [2_141_789_249, 3_472_633_302]);
        let stream = video.msids[0].stream_id.as_deref();
        assert_eq!(stream, Some("{7be3eefe-88b6-4449-af72-0cbfccfe915a}"));
    }

    #[test]
    fn static_payload_types_need_no_rtpmap_and_unknown_ones_are_passed_over() {
        let text = replace_line(
            BROWSER_OFFER,
            "m=audio",
            "m=audio 9 UDP/TLS/RTP/SAVPF 0 8 50 0 111",
        );
        let text = replace_line(&text, "a=rtpmap:110", "a=rtcp-fb:* nack");
        let audio = &parsed(&text).media[0];
        let names: Vec<_> = audio.codecs.iter().map(Codec::name).collect();
        assert_eq!(names, ["PCMU", "PCMA", "opus"]);
        assert_eq!(audio.codecs[2].rtcp_fb, ["nack", "transport-cc"]);
    }

    #[test]
    fn packet_durations_may_have_a_fraction() {
        let audio = |lines: &str| {
            let text = replace_line(BROWSER_OFFER, "a=rtcp-xr", lines);
            parsed(&text).media.remove(0)
        };
        let section = audio("a=ptime:2.5\r\na=maxptime:120");
        assert_eq!(section.ptime, Some(Duration::from_micros(2500)));
        assert_eq!(section.maxptime, Some(Duration::from_millis(120)));
        let long = audio("a=maxptime:99999999999999999999999.99999").maxptime;
        assert!(long > Some(Duration::from_secs(1)));
    }

    #[test]
    fn lines_that_are_not_well_formed_are_named() {
        for (start, line) in [
            ("a=fmtp:111", "a=fmtp:opus x"),
            ("a=fmtp:111", "a=fmtp:128 x"),
            ("a=rtcp-fb:111", "a=rtcp-fb:111"),
            ("a=rtpmap:9", "a=rtpmap:128 G722/8000"),
            ("a=ssrc:1", "a=ssrc:4294967296 cname:c"),
            ("a=ssrc:1", "a=ssrc-group:FID 1 x"),
            ("a=rid:hi", "a=rid:hi send pt=300"),
            ("a=simulcast", "a=simulcast:send hi;;lo"),
        ] {
            let at = BROWSER_OFFER
                .lines()
                .position(|it| it.starts_with(start))
                .unwrap()
                + 1;
            let error = Description::parse(&replace_line(BROWSER_OFFER, start, line)).unwrap_err();
            assert_eq!(error.line as usize, at, "{line}: {error}");
        }
    }
}
