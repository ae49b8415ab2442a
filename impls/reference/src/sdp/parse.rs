//! RFC 9429 sections 5.8.1 and 5.8.2: lines become a description.

use std::collections::BTreeSet;

use super::attribute::Level;
use super::attribute_list::{attributes, direction, find, fingerprints, options, setup, value};
use super::description::{Attribute, Description, Direction, Group, Lined, MediaKind, MediaSection, Origin};
use super::error::SdpError;
use super::extension::HeaderExtension;
use super::limits::{MAX_MEDIA_SECTIONS, MAX_TEXT};
use super::line::{Line, is_digits, is_token, lines};
use super::media::Bandwidth;
use super::media_attributes::read_media_attributes;

impl Description {
    /// RFC 9429 section 5.8: reads the text line by line. Section 5.8.3, what the lines mean together, is for
    /// [`Description::verify`].
    ///
    /// # Errors
    ///
    /// The first line that is not well formed, or stands where it must not; or the line at which the description goes
    /// beyond what is allowed: 2 MiB of text, 64 KiB in a line, 1024 media sections, 1024 groups, 32 fingerprints in a
    /// level.
    pub(crate) fn parse(text: &str) -> Result<Description, SdpError> {
        if text.is_empty() {
            return Err(SdpError::new(1, "expected v=0, found nothing"));
        }
        if text.len() > MAX_TEXT {
            let message = format!("the description has {} bytes; {MAX_TEXT} are allowed", text.len());
            return Err(SdpError::new(1, message));
        }
        let lines = lines(text)?;
        let first_media = lines
            .iter()
            .position(|line| line.letter == 'm')
            .unwrap_or(lines.len());
        let (session, media) = lines.split_at(first_media);
        check_order(
            session,
            SESSION_ORDER,
            media.first().map_or(end_of(&lines), |line| line.number),
        )?;
        let mut description = parse_session(session)?;
        let inheritable = inheritable(&description.attributes);
        let connected = session.iter().any(|line| line.letter == 'c');
        for section in media.chunk_by(|_, next| next.letter != 'm') {
            if description.media.len() == MAX_MEDIA_SECTIONS {
                return Err(SdpError::new(
                    section[0].number,
                    format!("there are more than {MAX_MEDIA_SECTIONS} media sections"),
                ));
            }
            // RFC 4566 section 5.7: c= stands at the session level or in every media section.
            if !connected && !section.iter().any(|line| line.letter == 'c') {
                return Err(SdpError::new(
                    section[0].number,
                    "neither the media section nor the session level has a line c=",
                ));
            }
            let section = parse_media(section, &description, &inheritable)?;
            description.media.push(section);
        }
        // RFC 9143 section 6: outside of a BUNDLE group a=bundle-only means nothing.
        let bundled: BTreeSet<&str> = description
            .groups
            .iter()
            .filter(|group| group.is_bundle())
            .flat_map(|group| group.mids.iter().map(String::as_str))
            .collect();
        for section in &mut description.media {
            section.bundle_only &= section
                .mid
                .as_ref()
                .is_some_and(|mid| bundled.contains(mid.value.as_str()));
        }
        Ok(description)
    }
}

/// How often a line may come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Often {
    Once,
    AtMostOnce,
    Any,
    AtLeastOnce,
}

/// The order of session-level lines (RFC 4566 section 9). Each time description is a `t=` with its `r=` lines, so
/// that the two share a place.
const SESSION_ORDER: &[(&str, Often)] = &[
    ("v", Often::Once),
    ("o", Often::Once),
    ("s", Often::Once),
    ("i", Often::AtMostOnce),
    ("u", Often::AtMostOnce),
    ("e", Often::Any),
    ("p", Often::Any),
    ("c", Often::AtMostOnce),
    ("b", Often::Any),
    ("tr", Often::AtLeastOnce),
    ("z", Often::AtMostOnce),
    ("k", Often::AtMostOnce),
    ("a", Often::Any),
];

/// The order of the lines of a media section (RFC 4566 section 9).
const MEDIA_ORDER: &[(&str, Often)] = &[
    ("m", Often::Once),
    ("i", Often::AtMostOnce),
    ("c", Often::Any),
    ("b", Often::Any),
    ("k", Often::AtMostOnce),
    ("a", Often::Any),
];

/// The number of the line after the last.
fn end_of(lines: &[Line<'_>]) -> u32 {
    lines.last().map_or(1, |line| line.number + 1)
}

/// Checks that lines come in the order of the grammar. `end` is the number of the line that follows them.
fn check_order(lines: &[Line<'_>], order: &[(&str, Often)], end: u32) -> Result<(), SdpError> {
    let mut rest = lines;
    for (letters, often) in order {
        let count = rest
            .iter()
            .take_while(|line| letters.contains(line.letter))
            .count();
        // An `r=` belongs to the `t=` before it.
        let starts_well = rest
            .first()
            .is_none_or(|line| count == 0 || letters.starts_with(line.letter));
        let needed = matches!(often, Often::Once | Often::AtLeastOnce);
        if (count == 0 && needed) || !starts_well {
            let letter = &letters[..1];
            return Err(match rest.first() {
                Some(line) => SdpError::new(
                    line.number,
                    format!("expected a line {letter}=, found {:?}", line.text),
                ),
                None => SdpError::new(end, format!("a line {letter}= is missing")),
            });
        }
        if count > 1 && matches!(often, Often::Once | Often::AtMostOnce) {
            return Err(SdpError::new(
                rest[1].number,
                format!("only one line {}= may stand here", &letters[..1]),
            ));
        }
        rest = &rest[count..];
    }
    match rest.first() {
        None => Ok(()),
        Some(line) => Err(SdpError::new(
            line.number,
            format!("a line {}= must not stand here", line.letter),
        )),
    }
}

fn parse_session(lines: &[Line<'_>]) -> Result<Description, SdpError> {
    let attributes = attributes(lines, Level::Session)?;
    let named = |name: &'static str| attributes.iter().filter(move |attribute| attribute.name == name);
    let groups = named("group")
        .map(|attribute| {
            let mut words = value(attribute).split_whitespace().map(str::to_owned);
            Group {
                line: attribute.line,
                semantics: words.next().unwrap_or_default(),
                mids: words.collect(),
            }
        })
        .collect();
    Ok(Description {
        // check_order has made sure that the second line is the origin.
        origin: parse_origin(&lines[1])?,
        groups,
        ice_lite: attributes.iter().any(|attribute| attribute.name == "ice-lite"),
        ice_options: options(&attributes),
        identities: named("identity").map(|it| value(it).to_owned()).collect(),
        header_extensions: named("extmap")
            .filter_map(|attribute| HeaderExtension::read(value(attribute)))
            .collect(),
        bandwidth: bandwidth(lines),
        attributes,
        media: Vec::new(),
    })
}

fn bandwidth(lines: &[Line<'_>]) -> Vec<Bandwidth> {
    let lines = lines.iter().filter(|line| line.letter == 'b');
    lines.filter_map(|line| Bandwidth::read(line.value)).collect()
}

fn parse_origin(line: &Line<'_>) -> Result<Origin, SdpError> {
    let mut fields = line.value.split(' ');
    let username = fields.next().unwrap_or_default().to_owned();
    let mut number = || {
        fields
            .next()
            .and_then(|field| field.parse().ok())
            .ok_or_else(|| SdpError::new(line.number, "a session identifier or version is not a number"))
    };
    Ok(Origin {
        username,
        session_id: number()?,
        session_version: number()?,
    })
}

/// The session-level attributes that sections inherit, few even where there are many lines.
fn inheritable(attributes: &[Attribute]) -> Vec<Attribute> {
    let inherited = |attribute: &&Attribute| {
        matches!(
            attribute.name.as_str(),
            "ice-ufrag" | "ice-pwd" | "setup" | "tls-id" | "end-of-candidates" | "fingerprint"
        ) || Direction::from_name(&attribute.name).is_some()
    };
    let mixed = find(attributes, "extmap-allow-mixed");
    attributes
        .iter()
        .filter(inherited)
        .chain(mixed)
        .cloned()
        .collect()
}

fn parse_media(
    lines: &[Line<'_>],
    session: &Description,
    inheritable: &[Attribute],
) -> Result<MediaSection, SdpError> {
    check_order(lines, MEDIA_ORDER, end_of(lines))?;
    let attributes = attributes(&lines[1..], Level::Media)?;
    let MediaLine {
        kind,
        port,
        protocol,
        formats,
    } = parse_media_line(&lines[0])?;
    let own = |name: &str| find(&attributes, name);
    let inherited = |name: &str| own(name).or_else(|| find(inheritable, name));
    let lined = |attribute: &Attribute| Lined {
        line: attribute.line,
        value: value(attribute).to_owned(),
    };
    let own_fingerprints = fingerprints(&attributes);
    let own_options = options(&attributes);
    let mut section = MediaSection {
        line: lines[0].number,
        kind,
        port,
        protocol,
        formats,
        mid: own("mid").map(lined),
        direction: direction(&attributes)
            .or_else(|| direction(inheritable))
            .unwrap_or(Direction::SendRecv),
        bundle_only: port == 0 && own("bundle-only").is_some(),
        ice_ufrag: inherited("ice-ufrag").map(lined),
        ice_pwd: inherited("ice-pwd").map(lined),
        ice_options: session
            .ice_options
            .iter()
            .filter(|option| !own_options.contains(option))
            .cloned()
            .collect(),
        fingerprints: if own_fingerprints.is_empty() {
            fingerprints(inheritable)
        } else {
            own_fingerprints
        },
        setup: inherited("setup").map(setup).transpose()?,
        tls_id: inherited("tls-id").map(lined),
        sctp_port: own("sctp-port").and_then(|attribute| value(attribute).parse().ok()),
        max_message_size: own("max-message-size").and_then(|attribute| value(attribute).parse().ok()),
        candidates: attributes
            .iter()
            .filter(|attribute| attribute.name == "candidate")
            .map(|attribute| Lined {
                line: attribute.line,
                value: format!("candidate:{}", value(attribute).trim_end()),
            })
            .collect(),
        end_of_candidates: inherited("end-of-candidates").is_some(),
        rtcp_mux: own("rtcp-mux").is_some(),
        rtcp_mux_only: false,
        rtcp_rsize: false,
        codecs: Vec::new(),
        header_extensions: Vec::new(),
        extmap_allow_mixed: find(inheritable, "extmap-allow-mixed").is_some(),
        msids: Vec::new(),
        rids: Vec::new(),
        simulcast: None,
        ssrcs: Vec::new(),
        ssrc_groups: Vec::new(),
        ptime: None,
        maxptime: None,
        bandwidth: bandwidth(lines),
        attributes: Vec::new(),
    };
    section.ice_options.extend(own_options);
    let is_payload_type =
        |format: &String| is_digits(format) && format.parse::<u8>().is_ok_and(|number| number < 128);
    if section.uses_rtp() && !section.formats.iter().all(is_payload_type) {
        return Err(SdpError::new(
            section.line,
            "the formats of RTP are payload types from 0 to 127",
        ));
    }
    // RFC 9429 section 5.8.2: a=sctp-port must be there. A rejected section keeps nothing but its formats (RFC 3264
    // section 6), and before RFC 8841 the port stood in a=sctpmap.
    if section.uses_sctp() && section.sctp_port.is_none() {
        section.sctp_port = own("sctpmap")
            .and_then(|attribute| value(attribute).split(' ').next())
            .and_then(|port| port.parse().ok());
        if section.sctp_port.is_none() && !section.is_rejected() {
            return Err(SdpError::new(
                section.line,
                "the media section has no a=sctp-port",
            ));
        }
    }
    read_media_attributes(&mut section, &attributes)?;
    section.attributes = attributes;
    Ok(section)
}

struct MediaLine {
    kind: MediaKind,
    port: u16,
    protocol: String,
    formats: Vec<String>,
}

/// RFC 4566 section 5.14.
fn parse_media_line(line: &Line<'_>) -> Result<MediaLine, SdpError> {
    let fail = |message: String| SdpError::new(line.number, message);
    let fields: Vec<&str> = line.value.trim_end().split(' ').collect();
    let [kind, port, protocol, formats @ ..] = fields.as_slice() else {
        return Err(fail("expected media, port, protocol and formats".to_owned()));
    };
    if !is_token(kind) {
        return Err(fail(format!("{kind:?} is not a media type")));
    }
    let (port, count) = port.split_once('/').unwrap_or((port, "1"));
    let number = Some(port)
        .filter(|port| is_digits(port))
        .and_then(|port| port.parse().ok())
        .ok_or_else(|| fail(format!("{port:?} is not a port number")))?;
    if !is_digits(count) {
        return Err(fail(format!("{count:?} is not a number of ports")));
    }
    if !protocol.split('/').all(is_token) {
        return Err(fail(format!("{protocol:?} is not a protocol")));
    }
    if formats.is_empty() || !formats.iter().all(|format| is_token(format)) {
        return Err(fail("expected at least one format".to_owned()));
    }
    Ok(MediaLine {
        kind: match *kind {
            "audio" => MediaKind::Audio,
            "video" => MediaKind::Video,
            "application" => MediaKind::Application,
            other => MediaKind::Other(other.to_owned()),
        },
        port: number,
        protocol: (*protocol).to_owned(),
        formats: formats.iter().map(|format| (*format).to_owned()).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::{BROWSER_OFFER, DATA_OFFER, replace_line};
    use super::*;

    #[test]
    fn a_browser_offer_is_read_section_by_section() {
        let description = Description::parse(BROWSER_OFFER).unwrap();
        assert_eq!(description.origin.session_version, 2);
        assert_eq!(description.groups[0].mids, ["0", "1", "2"]);
        let kinds: Vec<_> = description
            .media
            .iter()
            .map(|section| section.kind.to_string())
            .collect();
        assert_eq!(kinds, ["audio", "video", "application"]);
        let audio = &description.media[0];
        assert_eq!(
            (audio.mid(), audio.direction, audio.rtcp_mux),
            (Some("0"), Direction::SendRecv, true)
        );
        assert_eq!(audio.candidates.len(), 2);
        assert_eq!(
            audio.candidates[1].value,
            "candidate:2 1 tcp 1518214911 8b2d3c1e-0f7a-4a7e-9d27-5d7f5a0c1b2e.local 9 typ host tcptype active \
             generation 0 network-id 3"
        );
        let data = &description.media[2];
        assert!(data.is_data_channel() && data.bundle_only && !data.is_rejected());
        assert_eq!(
            (data.sctp_port, data.max_message_size),
            (Some(5000), Some(262144))
        );
        assert_eq!(description.data_channel_section(), Some(2));
        assert_eq!(
            description.ice_credentials(2),
            Some(("lfFY", "Zj95ME1FXqmIN92P12wMtYOV"))
        );
    }

    #[test]
    fn session_level_attributes_are_inherited() {
        let text = DATA_OFFER.replace(
            "t=0 0\r\n",
            "t=0 0\r\na=ice-ufrag:sess\r\na=setup:passive\r\na=tls-id:01234567890123456789\r\na=end-of-candidates\r\n",
        );
        let section = Description::parse(&text).unwrap().media.remove(0);
        assert_eq!(
            section.ice_ufrag.unwrap().value,
            "tTn1",
            "the own value comes before the inherited one"
        );
        assert_eq!(section.tls_id.unwrap().line, 7);
        assert!(section.end_of_candidates);
        assert_eq!(section.ice_options, ["trickle"]);
        assert_eq!(section.fingerprints.len(), 1);
    }

    #[test]
    fn max_message_size_is_65536_by_default_and_zero_is_no_limit() {
        let limit = |line: &str| {
            Description::parse(&replace_line(DATA_OFFER, "a=max-message-size", line))
                .unwrap()
                .media[0]
                .effective_max_message_size()
        };
        assert_eq!(limit(""), Some(65536));
        assert_eq!(limit("a=max-message-size:0"), None);
        assert_eq!(limit("a=max-message-size:1073741823"), Some(1_073_741_823));
    }

    #[test]
    fn a_section_of_an_unknown_protocol_keeps_its_own_lines() {
        let text = format!("{DATA_OFFER}m=message 9 TCP/MSRP *\r\na=path:msrp://x\r\na=mid:chat\r\n");
        let text = text.replace("t=0 0\r\n", "c=IN IP4 0.0.0.0\r\nt=0 0\r\n");
        let description = Description::parse(&text).unwrap();
        assert_eq!(description.media[0].mid(), Some("0"));
        assert_eq!(description.media[1].mid(), Some("chat"));
        assert_eq!(description.media[1].formats, ["*"]);
    }

    #[test]
    fn the_syntax_before_rfc_8841_says_its_port_in_sctpmap() {
        let text = replace_line(DATA_OFFER, "m=application", "m=application 9 DTLS/SCTP 5000");
        let text = replace_line(&text, "a=sctp-port", "a=sctpmap:5000 webrtc-datachannel 1024");
        let description = Description::parse(&text).unwrap();
        assert!(description.media[0].is_data_channel());
        assert_eq!(description.media[0].sctp_port, Some(5000));
    }

    #[test]
    fn the_first_line_at_fault_is_named() {
        let swap = |start: &str, line: &str| replace_line(DATA_OFFER, start, line);
        let cases = [
            ("nothing", String::new(), 1),
            ("no description", "garbage".to_owned(), 1),
            ("version missing", swap("v=", ""), 1),
            ("version 1", swap("v=", "v=1"), 1),
            ("origin missing", swap("o=", ""), 2),
            (
                "origin before version",
                swap("v=", "o=- 1 1 IN IP4 0.0.0.0\r\nv=0"),
                1,
            ),
            ("origin without address", swap("o=", "o=- 1 1 IN IP4"), 2),
            ("name missing", swap("s=", ""), 3),
            ("name empty", swap("s=", "s="), 3),
            ("time missing", swap("t=", ""), 4),
            ("time twice bad", swap("t=", "t=0 0\r\nt=0"), 5),
            ("repeat before time", swap("t=", "r=1 1 0\r\nt=0 0"), 4),
            (
                "connection after attributes",
                swap("a=group", "a=group:BUNDLE 0\r\nc=IN IP4 0.0.0.0"),
                6,
            ),
            ("connection of a bad address", swap("c=", "c=IN IP4 0.0.0.0.0"), 9),
            ("connection missing", swap("c=", ""), 8),
            (
                "port too big",
                swap("m=", "m=application 65536 UDP/DTLS/SCTP webrtc-datachannel"),
                8,
            ),
            (
                "port signed",
                swap("m=", "m=application +9 UDP/DTLS/SCTP webrtc-datachannel"),
                8,
            ),
            ("format missing", swap("m=", "m=application 9 UDP/DTLS/SCTP"), 8),
            (
                "payload type of a name",
                swap("m=", "m=audio 9 UDP/TLS/RTP/SAVPF opus"),
                8,
            ),
            ("name where data is", swap("a=mid", "s=-"), 14),
            ("ufrag too short", swap("a=ice-ufrag", "a=ice-ufrag:abc"), 10),
            ("password too short", swap("a=ice-pwd", "a=ice-pwd:short"), 11),
            ("ufrag twice", swap("a=ice-pwd", "a=ice-ufrag:tTn2"), 11),
            (
                "fingerprint cut",
                swap("a=fingerprint", "a=fingerprint:sha-256 AA:BB"),
                12,
            ),
            ("setup unknown", swap("a=setup", "a=setup:both"), 13),
            ("mid at the session level", swap("a=group", "a=mid:0"), 5),
            ("mid twice", swap("a=sctp-port", "a=mid:0"), 15),
            (
                "directions twice",
                swap("a=sctp-port", "a=sendrecv\r\na=inactive"),
                16,
            ),
            ("SCTP port missing", swap("a=sctp-port", ""), 8),
            ("SCTP port too big", swap("a=sctp-port", "a=sctp-port:70000"), 15),
            (
                "message size not a number",
                swap("a=max-message-size", "a=max-message-size:big"),
                16,
            ),
            ("blank line", swap("a=setup", " "), 13),
            ("two faults", swap("a=setup", "a=setup:both\r\na=sctp-port:x"), 13),
        ];
        for (name, text, line) in cases {
            match Description::parse(&text) {
                Ok(_) => panic!("{name}: taken"),
                Err(error) => assert_eq!(error.line, line, "{name}: {error}"),
            }
        }
    }
}
