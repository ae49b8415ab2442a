//! RFC 9429 sections 5.8.1 and 5.8.2: lines become a description.

use super::attribute::{Level, attribute, fingerprint};
use super::description::{
    Attribute, Description, Direction, Group, Lined, MediaKind, MediaSection, Origin, SdpFingerprint, Setup,
};
use super::error::SdpError;
use super::line::{Line, is_digits, is_token, lines};

impl Description {
    /// RFC 9429 section 5.8: reads the text line by line. Section 5.8.3, what the lines mean together, is for
    /// [`Description::verify`].
    ///
    /// # Errors
    ///
    /// The first line that is not well formed, or stands where it must not.
    pub(crate) fn parse(text: &str) -> Result<Description, SdpError> {
        if text.is_empty() {
            return Err(SdpError::new(1, "expected v=0, found nothing"));
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
        for section in media.chunk_by(|_, next| next.letter != 'm') {
            let section = parse_media(section, &description)?;
            description.media.push(section);
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
    let groups = attributes
        .iter()
        .filter(|attribute| attribute.name == "group")
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
        attributes,
        media: Vec::new(),
    })
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

fn parse_media(lines: &[Line<'_>], session: &Description) -> Result<MediaSection, SdpError> {
    check_order(lines, MEDIA_ORDER, end_of(lines))?;
    let attributes = attributes(&lines[1..], Level::Media)?;
    let MediaLine {
        kind,
        port,
        protocol,
        formats,
    } = parse_media_line(&lines[0])?;
    let own = |name: &str| find(&attributes, name);
    let inherited = |name: &str| own(name).or_else(|| find(&session.attributes, name));
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
            .or_else(|| direction(&session.attributes))
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
            fingerprints(&session.attributes)
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
        attributes: Vec::new(),
    };
    section.ice_options.extend(own_options);
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

/// Attributes of which RFC 9429 section 5.8 expects "a single" line.
const SINGLE: &[&str] = &[
    "bundle-only",
    "end-of-candidates",
    "ice-lite",
    "ice-options",
    "ice-pwd",
    "ice-ufrag",
    "max-message-size",
    "maxptime",
    "mid",
    "ptime",
    "rtcp",
    "rtcp-mux",
    "rtcp-mux-only",
    "rtcp-rsize",
    "sctp-port",
    "setup",
    "simulcast",
    "tls-id",
];

fn attributes(lines: &[Line<'_>], level: Level) -> Result<Vec<Attribute>, SdpError> {
    let mut attributes: Vec<Attribute> = Vec::new();
    for line in lines.iter().filter(|line| line.letter == 'a') {
        let attribute = attribute(line, level)?;
        let again = if to_direction(&attribute.name).is_some() {
            direction(&attributes).is_some()
        } else {
            SINGLE.contains(&attribute.name.as_str()) && find(&attributes, &attribute.name).is_some()
        };
        if again {
            return Err(SdpError::new(
                line.number,
                format!("a={} is there a second time", attribute.name),
            ));
        }
        attributes.push(attribute);
    }
    Ok(attributes)
}

fn find<'a>(attributes: &'a [Attribute], name: &str) -> Option<&'a Attribute> {
    attributes.iter().find(|attribute| attribute.name == name)
}

fn value(attribute: &Attribute) -> &str {
    attribute.value.as_deref().unwrap_or_default()
}

fn to_direction(name: &str) -> Option<Direction> {
    match name {
        "sendrecv" => Some(Direction::SendRecv),
        "sendonly" => Some(Direction::SendOnly),
        "recvonly" => Some(Direction::RecvOnly),
        "inactive" => Some(Direction::Inactive),
        _ => None,
    }
}

fn direction(attributes: &[Attribute]) -> Option<Direction> {
    attributes
        .iter()
        .find_map(|attribute| to_direction(&attribute.name))
}

fn options(attributes: &[Attribute]) -> Vec<String> {
    find(attributes, "ice-options").map_or_else(Vec::new, |attribute| {
        value(attribute).split_whitespace().map(str::to_owned).collect()
    })
}

fn fingerprints(attributes: &[Attribute]) -> Vec<SdpFingerprint> {
    attributes
        .iter()
        .filter(|attribute| attribute.name == "fingerprint")
        .filter_map(|attribute| fingerprint(value(attribute)))
        .collect()
}

fn setup(attribute: &Attribute) -> Result<Lined<Setup>, SdpError> {
    let value = match value(attribute).trim_end().to_ascii_lowercase().as_str() {
        "active" => Setup::Active,
        "passive" => Setup::Passive,
        "actpass" => Setup::Actpass,
        "holdconn" => Setup::Holdconn,
        other => {
            return Err(SdpError::new(
                attribute.line,
                format!("{other:?} is not a value of a=setup"),
            ));
        }
    };
    Ok(Lined {
        line: attribute.line,
        value,
    })
}
