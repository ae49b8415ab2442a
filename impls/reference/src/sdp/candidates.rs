//! What candidates do to a description: the default candidate of a media section, and candidates that are added after
//! the description was made.

use std::cmp::Reverse;
use std::net::IpAddr;

use super::description::Description;
use super::error::ContentError;

/// The port and address of the `m=` and `c=` lines (RFC 8839 section 4.2.1.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct DefaultDestination {
    /// The port; 9 (discard) while there is none.
    pub port: u16,
    /// The address; 0.0.0.0 while there is none.
    pub address: IpAddr,
}

impl DefaultDestination {
    /// What stands there before there are candidates (RFC 8840 section 4.1.1).
    pub const NONE: DefaultDestination = DefaultDestination {
        port: 9,
        address: IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED),
    };

    /// RFC 8839 section 4.2.1.2: the candidate most likely to work with any peer, relayed before server reflexive
    /// before host. Of one type, IPv4 comes before IPv6, then the greater priority. Candidates of other protocols
    /// than UDP do not fit the protocol of the `m=` line, and a host name would be looked up by nobody.
    pub(super) fn of(candidates: &[String]) -> DefaultDestination {
        candidates
            .iter()
            .filter_map(|candidate| {
                let fields: Vec<&str> = candidate.split(' ').collect();
                let [_, "1", transport, priority, address, port, _, kind, ..] = fields.as_slice() else {
                    return None;
                };
                let destination = DefaultDestination {
                    port: port.parse().ok()?,
                    address: address.parse().ok()?,
                };
                let likelihood = match *kind {
                    "relay" => 2,
                    "srflx" => 1,
                    _ => 0,
                };
                let order = (
                    likelihood,
                    destination.address.is_ipv4(),
                    priority.parse::<u32>().ok()?,
                );
                transport
                    .eq_ignore_ascii_case("udp")
                    .then_some((order, destination))
            })
            // The first of equals, while max_by_key would take the last.
            .min_by_key(|(order, _)| Reverse(*order))
            .map_or(DefaultDestination::NONE, |(_, destination)| destination)
    }

    /// The value of a `c=` line.
    pub(super) fn connection(&self) -> String {
        let version = if self.address.is_ipv4() { 4 } else { 6 };
        format!("IN IP{version} {}", self.address)
    }
}

/// The local description once more, with these candidates in the media section `mid` and no others: what
/// RFC 9429 section 4.1.20 asks for when a candidate is found. `m=` and `c=` get the default candidate.
///
/// # Errors
///
/// There is no such media section, or the text is no description.
pub(crate) fn with_candidates(
    text: &str,
    mid: &str,
    candidates: &[String],
    end_of_candidates: bool,
) -> Result<String, ContentError> {
    with_candidates_at(text, find(text, mid)?, candidates, end_of_candidates)
}

/// As [`with_candidates`], for the media section at an index: answers to a peer without `a=mid` have none either.
///
/// # Errors
///
/// There is no such media section.
pub(crate) fn with_candidates_at(
    text: &str,
    index: usize,
    candidates: &[String],
    end_of_candidates: bool,
) -> Result<String, ContentError> {
    let (before, section, after) = cut(text, index)?;
    let destination = DefaultDestination::of(candidates);
    let mut lines: Vec<String> = section
        .into_iter()
        .filter(|line| !line.starts_with("a=candidate:") && *line != "a=end-of-candidates")
        .map(|line| match line.strip_prefix("m=") {
            Some(media) => media_line(media, destination.port),
            None if line.starts_with("c=") => format!("c={}", destination.connection()),
            None => line.to_owned(),
        })
        .collect();
    let first_attribute = lines
        .iter()
        .position(|line| line.starts_with("a="))
        .unwrap_or(lines.len());
    lines.splice(
        first_attribute..first_attribute,
        candidates
            .iter()
            .map(|candidate| format!("a={candidate}"))
            .chain(end_of_candidates.then(|| "a=end-of-candidates".to_owned())),
    );
    Ok(joined(
        before
            .into_iter()
            .map(str::to_owned)
            .chain(lines)
            .chain(after.into_iter().map(str::to_owned)),
    ))
}

/// The remote description with one more candidate, `candidate:…`, in the media section at `index`, or with the end of
/// candidates if none is given (RFC 9429 section 4.1.19). Nothing that the remote side said is changed.
///
/// # Errors
///
/// There is no such media section.
pub(crate) fn add_remote_candidate(
    text: &str,
    index: usize,
    candidate: Option<&str>,
) -> Result<String, ContentError> {
    let (before, section, after) = cut(text, index)?;
    let line = candidate.map_or("a=end-of-candidates".to_owned(), |candidate| {
        format!("a={candidate}")
    });
    let known = section.contains(&line.as_str());
    Ok(joined(
        before
            .into_iter()
            .chain(section)
            .map(str::to_owned)
            .chain((!known).then_some(line))
            .chain(after.into_iter().map(str::to_owned)),
    ))
}

/// The `m=` line with another port. A rejected section keeps its 0: it has no candidates.
fn media_line(media: &str, port: u16) -> String {
    let fields: Vec<&str> = media.splitn(3, ' ').collect();
    match fields.as_slice() {
        [_, "0", _] => format!("m={media}"),
        [kind, _, rest] => format!("m={kind} {port} {rest}"),
        _ => format!("m={media}"),
    }
}

fn find(text: &str, mid: &str) -> Result<usize, ContentError> {
    Description::parse(text)
        .map_err(|error| ContentError::new(error.line, error.message))?
        .index_of(mid)
        .ok_or_else(|| ContentError::new(1, format!("no media section has a=mid:{mid}")))
}

type Cut<'a> = (Vec<&'a str>, Vec<&'a str>, Vec<&'a str>);

/// The lines before, in and after the media section at `index`.
fn cut(text: &str, index: usize) -> Result<Cut<'_>, ContentError> {
    let lines: Vec<&str> = text.lines().collect();
    let starts: Vec<usize> = (0..lines.len())
        .filter(|&line| lines[line].starts_with("m="))
        .collect();
    let Some(&start) = starts.get(index) else {
        return Err(ContentError::new(
            1,
            format!("there is no media section {index}, only {}", starts.len()),
        ));
    };
    let end = starts.get(index + 1).copied().unwrap_or(lines.len());
    Ok((
        lines[..start].to_vec(),
        lines[start..end].to_vec(),
        lines[end..].to_vec(),
    ))
}

fn joined(lines: impl Iterator<Item = String>) -> String {
    let mut text = String::new();
    for line in lines {
        text.push_str(&line);
        text.push_str("\r\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::{DATA_OFFER, parsed, replace_line};
    use super::*;

    const HOST: &str = "candidate:1 1 udp 2130706431 10.0.0.1 5000 typ host";
    const HOST_6: &str = "candidate:2 1 udp 2130706175 2001:db8::1 5001 typ host";
    const REFLEXIVE: &str = "candidate:3 1 UDP 1694498815 192.0.2.1 6000 typ srflx raddr 10.0.0.1 rport 5000";

    fn owned(candidates: &[&str]) -> Vec<String> {
        candidates.iter().map(|&candidate| candidate.to_owned()).collect()
    }

    #[test]
    fn the_default_candidate_is_the_one_that_reaches_farthest() {
        let port = |candidates: &[&str]| DefaultDestination::of(&owned(candidates)).port;
        assert_eq!(port(&[HOST, REFLEXIVE, HOST_6]), 6000);
        assert_eq!(port(&[HOST_6, HOST]), 5000);
        assert_eq!(port(&[HOST_6]), 5001);
        assert_eq!(
            DefaultDestination::of(&owned(&[HOST_6])).connection(),
            "IN IP6 2001:db8::1"
        );
    }

    #[test]
    fn without_a_candidate_of_udp_with_an_address_the_default_is_port_9() {
        for none in [
            "candidate:1 1 tcp 1 10.0.0.1 9 typ host tcptype active",
            "candidate:1 1 udp 1 1c2d.local 5000 typ host",
            "candidate:1 2 udp 1 10.0.0.1 5000 typ host",
        ] {
            assert_eq!(DefaultDestination::of(&owned(&[none])), DefaultDestination::NONE);
        }
    }

    #[test]
    fn a_local_description_grows_as_candidates_are_found() {
        let first = with_candidates(DATA_OFFER, "0", &owned(&[HOST]), false).unwrap();
        let text = with_candidates(&first, "0", &owned(&[HOST, REFLEXIVE]), true).unwrap();
        let section = &parsed(&text).media[0];
        let found: Vec<_> = section
            .candidates
            .iter()
            .map(|candidate| candidate.value.as_str())
            .collect();
        assert_eq!(found, [HOST, REFLEXIVE]);
        assert!(section.end_of_candidates && !parsed(&first).media[0].end_of_candidates);
        assert!(
            text.contains("m=application 6000 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 192.0.2.1\r\n")
        );
        assert_eq!(with_candidates(&text, "0", &[], false).unwrap(), DATA_OFFER);
    }

    #[test]
    fn a_section_that_is_not_there_gets_no_candidates() {
        assert!(with_candidates(DATA_OFFER, "1", &[], false).is_err());
        assert!(with_candidates_at(DATA_OFFER, 1, &[], false).is_err());
        assert!(add_remote_candidate(DATA_OFFER, 1, None).is_err());
    }

    #[test]
    fn a_remote_description_keeps_what_the_remote_side_said() {
        let text = add_remote_candidate(DATA_OFFER, 0, Some(HOST)).unwrap();
        assert_eq!(text, format!("{DATA_OFFER}a={HOST}\r\n"));
        assert_eq!(
            add_remote_candidate(&text, 0, Some(HOST)).unwrap(),
            text,
            "known already"
        );
        let done = add_remote_candidate(&text, 0, None).unwrap();
        assert!(parsed(&done).media[0].end_of_candidates);
    }

    #[test]
    fn a_rejected_section_keeps_its_port() {
        let rejected = replace_line(
            DATA_OFFER,
            "m=",
            "m=application 0 UDP/DTLS/SCTP webrtc-datachannel",
        );
        let text = with_candidates_at(&rejected, 0, &[], true).unwrap();
        assert!(parsed(&text).media[0].is_rejected());
    }
}
