//! Session descriptions as text: edits, and what a scenario expects of them.
//!
//! Works on lines alone and knows no more of SDP than a scenario says, so that it stays apart from every parser under test.

use std::ops::Range;

use glare_scenario::script::{
    EditKind, FingerprintEdit, MediaDirection, MediaExpectation, MediaPort, PasswordEdit, SdpField,
};

/// An edit found nothing to edit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the description has no line that starts with {0:?}")]
pub(crate) struct NothingToEdit(pub(crate) String);

/// The lines of a description without their ends.
pub(crate) fn lines(sdp: &str) -> impl Iterator<Item = &str> {
    sdp.lines()
        .map(|line| line.trim_end_matches('\r'))
        .filter(|line| !line.is_empty())
}

/// The description after an edit.
pub(crate) fn edit(sdp: &str, edit: &EditKind) -> Result<String, NothingToEdit> {
    let mut out: Vec<String> = lines(sdp).map(str::to_owned).collect();
    match edit {
        EditKind::Fingerprint(FingerprintEdit::Wrong) => {
            replace(&mut out, "a=fingerprint:", |line| match line.rsplit_once(' ') {
                Some((head, value)) => format!("{head} {}", other_first(value, ['0', '1'])),
                None => line.to_owned(),
            })?;
        }
        EditKind::Fingerprint(FingerprintEdit::Value(value)) => {
            replace(&mut out, "a=fingerprint:", |_| format!("a=fingerprint:{value}"))?;
        }
        EditKind::IcePwd(PasswordEdit::Wrong) => {
            replace(&mut out, "a=ice-pwd:", |line| {
                let password = line.trim_start_matches("a=ice-pwd:");
                format!("a=ice-pwd:{}", other_first(password, ['x', 'y']))
            })?;
        }
        EditKind::IcePwd(PasswordEdit::Value(value)) => {
            replace(&mut out, "a=ice-pwd:", |_| format!("a=ice-pwd:{value}"))?;
        }
        EditKind::IceUfrag(value) => {
            replace(&mut out, "a=ice-ufrag:", |_| format!("a=ice-ufrag:{value}"))?;
        }
        EditKind::Setup(setup) => {
            replace(&mut out, "a=setup:", |_| format!("a=setup:{}", setup.as_str()))?;
        }
        EditKind::MaxMessageSize(size) => {
            replace(&mut out, "a=max-message-size:", |_| {
                format!("a=max-message-size:{size}")
            })?;
        }
        EditKind::RemoveLine(prefix) => remove(&mut out, &[prefix])?,
        EditKind::RemoveCandidates => remove(&mut out, &["a=candidate:", "a=end-of-candidates"])?,
        EditKind::ReplaceLine { starts, with } => replace(&mut out, starts, |_| with.clone())?,
        EditKind::InsertLine { after, line } => {
            let place = out
                .iter()
                .position(|line| line.starts_with(after.as_str()))
                .ok_or_else(|| NothingToEdit(after.clone()))?;
            out.insert(place + 1, line.clone());
        }
        EditKind::TruncateAtLine(count) => out.truncate(*count as usize),
        EditKind::Bundle(mids) => {
            remove(&mut out, &["a=group:BUNDLE"])?;
            if !mids.is_empty() {
                let place = out.iter().position(|line| line.starts_with("m="));
                let line = format!("a=group:BUNDLE {}", mids.join(" "));
                out.insert(place.unwrap_or(out.len()), line);
            }
        }
        EditKind::Direction(section, direction) => {
            let lines = section_lines(&out, *section)?;
            let new = format!("a={}", direction.as_str());
            let known: Vec<String> = MediaDirection::ALL
                .iter()
                .map(|direction| format!("a={}", direction.as_str()))
                .collect();
            match out[lines.clone()].iter().position(|line| known.contains(line)) {
                Some(place) => out[lines.start + place] = new,
                None => out.insert(lines.end, new),
            }
        }
        EditKind::Reject(section) => {
            let lines = section_lines(&out, *section)?;
            let mut words: Vec<&str> = out[lines.start].split(' ').collect();
            if let Some(port) = words.get_mut(1) {
                *port = "0";
            }
            out[lines.start] = words.join(" ");
        }
        EditKind::RemoveCodec(section, name) => {
            let lines = section_lines(&out, *section)?;
            remove_codec(&mut out, lines, name)?;
        }
        EditKind::Msid(section, msid) => {
            let lines = section_lines(&out, *section)?;
            let mut kept: Vec<String> = out.drain(lines.clone()).collect();
            kept.retain(|line| !line.starts_with("a=msid:"));
            kept.extend(msid.iter().map(|msid| format!("a=msid:{msid}")));
            out.splice(lines.start..lines.start, kept);
        }
    }
    Ok(out
        .into_iter()
        .fold(String::with_capacity(sdp.len()), |text, line| {
            text + &line + "\r\n"
        }))
}

/// Where a media description has its lines.
fn section_lines(lines: &[String], section: u32) -> Result<Range<usize>, NothingToEdit> {
    let mut begins = (0..lines.len()).filter(|index| lines[*index].starts_with("m="));
    let start = begins.nth(section as usize);
    let start = start.ok_or_else(|| NothingToEdit(format!("m= at index {section}")))?;
    Ok(start..begins.next().unwrap_or(lines.len()))
}

/// The payload types of a codec in the lines of a media description, and those of its retransmissions.
fn payload_types<L: AsRef<str>>(section: &[L], name: &str) -> Vec<String> {
    let all = || section.iter().map(AsRef::as_ref);
    let of_codec = all().filter_map(|line| {
        let (number, codec) = line.strip_prefix("a=rtpmap:")?.split_once(' ')?;
        let codec = codec.split('/').next().unwrap_or_default();
        codec.eq_ignore_ascii_case(name).then(|| number.to_owned())
    });
    let mut found: Vec<String> = of_codec.collect();
    let repaired = all().filter_map(|line| {
        let (number, parameters) = line.strip_prefix("a=fmtp:")?.split_once(' ')?;
        let repairs = parameters
            .split(';')
            .filter_map(|parameter| parameter.trim().strip_prefix("apt="));
        let mut repairs = repairs;
        repairs
            .any(|apt| found.iter().any(|known| known == apt))
            .then(|| number.to_owned())
    });
    let repaired: Vec<String> = repaired.collect();
    found.extend(repaired);
    found
}

fn remove_codec(out: &mut Vec<String>, lines: Range<usize>, name: &str) -> Result<(), NothingToEdit> {
    let gone = payload_types(&out[lines.clone()], name);
    if gone.is_empty() {
        return Err(NothingToEdit(format!("a=rtpmap: of {name}")));
    }
    let is_gone = |number: &str| gone.iter().any(|gone| gone == number);
    let mut kept: Vec<String> = out.drain(lines.clone()).collect();
    if let Some(m_line) = kept.first_mut() {
        // The media, the port and the protocol come before the payload types.
        let words: Vec<&str> = m_line.split(' ').collect();
        let words = words.iter().enumerate();
        let words: Vec<&str> = words
            .filter(|(index, word)| *index < 3 || !is_gone(word))
            .map(|(_, word)| *word)
            .collect();
        *m_line = words.join(" ");
    }
    kept.retain(|line| {
        let about = ["a=rtpmap:", "a=fmtp:", "a=rtcp-fb:"]
            .iter()
            .find_map(|prefix| line.strip_prefix(prefix));
        !about.is_some_and(|rest| is_gone(rest.split(' ').next().unwrap_or_default()))
    });
    out.splice(lines.start..lines.start, kept);
    Ok(())
}

/// The mids of the first BUNDLE group.
pub(crate) fn bundle(sdp: &str) -> Vec<String> {
    let group = lines(sdp).find_map(|line| line.strip_prefix("a=group:BUNDLE"));
    let mids = group.unwrap_or_default().split_ascii_whitespace();
    mids.map(str::to_owned).collect()
}

/// The names of the codecs of a media description in the order of its m= line, each once.
fn codecs(section: &[&str]) -> Vec<String> {
    let m_line = section.first().copied().unwrap_or_default();
    let mut found: Vec<String> = Vec::new();
    for number in m_line.split(' ').skip(3) {
        let name = section.iter().find_map(|line| {
            let (known, codec) = line.strip_prefix("a=rtpmap:")?.split_once(' ')?;
            (known == number).then(|| codec.split('/').next().unwrap_or_default().to_owned())
        });
        if let Some(name) = name
            && !found.contains(&name)
        {
            found.push(name);
        }
    }
    found
}

/// `text` with its first character replaced by one of `choices` that it is not.
fn other_first(text: &str, choices: [char; 2]) -> String {
    let mut characters = text.chars();
    let first = characters.next();
    let other = if first == Some(choices[0]) {
        choices[1]
    } else {
        choices[0]
    };
    std::iter::once(other).chain(characters).collect()
}

fn replace(lines: &mut [String], prefix: &str, with: impl Fn(&str) -> String) -> Result<(), NothingToEdit> {
    let mut found = false;
    for line in lines.iter_mut().filter(|line| line.starts_with(prefix)) {
        *line = with(line);
        found = true;
    }
    if found {
        Ok(())
    } else {
        Err(NothingToEdit(prefix.to_owned()))
    }
}

fn remove(lines: &mut Vec<String>, prefixes: &[&str]) -> Result<(), NothingToEdit> {
    let before = lines.len();
    lines.retain(|line| !prefixes.iter().any(|prefix| line.starts_with(prefix)));
    if lines.len() < before {
        Ok(())
    } else {
        Err(NothingToEdit(prefixes[0].to_owned()))
    }
}

/// Whether some line starts so.
pub(crate) fn has(sdp: &str, prefix: &str) -> bool {
    lines(sdp).any(|line| line.starts_with(prefix))
}

/// The media descriptions, each as its lines.
pub(crate) fn media(sdp: &str) -> Vec<Vec<&str>> {
    let mut out: Vec<Vec<&str>> = Vec::new();
    for line in lines(sdp) {
        if line.starts_with("m=") {
            out.push(vec![line]);
        } else if let Some(section) = out.last_mut() {
            section.push(line);
        }
    }
    out
}

/// Says what is wrong with a media description, if something is.
pub(crate) fn media_departure(section: &[&str], expected: &MediaExpectation) -> Option<(String, String)> {
    let m_line = section.first().copied().unwrap_or_default();
    let mut words = m_line.trim_start_matches("m=").split(' ');
    let (kind, port) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    if let Some(wanted) = &expected.kind
        && wanted != kind
    {
        return Some((format!("a media description of kind {wanted}"), m_line.to_owned()));
    }
    match expected.port {
        Some(MediaPort::Zero) if port != "0" => return Some(("port 0".to_owned(), m_line.to_owned())),
        Some(MediaPort::NonZero) if port == "0" => {
            return Some(("a port that is not 0".to_owned(), m_line.to_owned()));
        }
        _ => {}
    }
    if let Some(wanted) = &expected.mid {
        let mid = section.iter().find_map(|line| line.strip_prefix("a=mid:"));
        if mid != Some(wanted.as_str()) {
            return Some((
                format!("a=mid:{wanted}"),
                mid.map_or("no a=mid".to_owned(), |mid| format!("a=mid:{mid}")),
            ));
        }
    }
    if let Some(wanted) = expected.direction {
        let direction = MediaDirection::ALL
            .iter()
            .copied()
            .find(|direction| section.contains(&format!("a={}", direction.as_str()).as_str()))
            .unwrap_or(MediaDirection::SendRecv);
        if direction != wanted {
            return Some((
                format!("a={}", wanted.as_str()),
                format!("a={}", direction.as_str()),
            ));
        }
    }
    if let Some(wanted) = &expected.codecs {
        let codecs = codecs(section);
        if codecs != *wanted {
            return Some((format!("the codecs {}", wanted.join(", ")), codecs.join(", ")));
        }
    }
    if let Some(wanted) = &expected.rids {
        let rids: Vec<&str> = section
            .iter()
            .filter_map(|line| line.strip_prefix("a=rid:")?.split(' ').next())
            .collect();
        if rids != wanted.iter().map(String::as_str).collect::<Vec<_>>() {
            return Some((
                format!("the RTP stream identifiers {}", wanted.join(", ")),
                rids.join(", "),
            ));
        }
    }
    let has = |prefix: &String| section.iter().any(|line| line.starts_with(prefix.as_str()));
    if let Some(missing) = expected.has.iter().find(|prefix| !has(prefix)) {
        return Some((
            format!("a line that starts with {missing:?}"),
            format!("none in {m_line:?}"),
        ));
    }
    if let Some(unwanted) = expected.lacks.iter().find(|prefix| has(prefix)) {
        return Some((
            format!("no line that starts with {unwanted:?}"),
            format!("one in {m_line:?}"),
        ));
    }
    None
}

/// A part of a description that can be compared with another's.
pub(crate) fn field(sdp: &str, field: SdpField) -> Vec<String> {
    let attribute = match field {
        SdpField::IceUfrag => "a=ice-ufrag:",
        SdpField::IcePwd => "a=ice-pwd:",
        SdpField::Fingerprint => "a=fingerprint:",
        SdpField::Setup => "a=setup:",
        SdpField::Mid => "a=mid:",
        SdpField::Msid => "a=msid:",
        SdpField::SessionId => return origin(sdp, 1),
        SdpField::SessionVersion => return origin(sdp, 2),
    };
    lines(sdp)
        .filter_map(|line| line.strip_prefix(attribute))
        .map(str::to_owned)
        .collect()
}

fn origin(sdp: &str, word: usize) -> Vec<String> {
    lines(sdp)
        .find_map(|line| line.strip_prefix("o="))
        .and_then(|origin| origin.split(' ').nth(word))
        .map(str::to_owned)
        .into_iter()
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SDP: &str = "v=0\r\no=- 7 2 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\nm=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n\
        a=ice-ufrag:abcd\r\na=ice-pwd:xsecretsecretsecretsecret\r\na=fingerprint:sha-256 0A:BB\r\na=mid:0\r\n";

    #[test]
    fn wrong_values_differ_and_keep_their_form() {
        let edited = edit(SDP, &EditKind::Fingerprint(FingerprintEdit::Wrong)).unwrap();
        assert!(has(&edited, "a=fingerprint:sha-256 1A:BB"), "{edited}");
        let edited = edit(SDP, &EditKind::IcePwd(PasswordEdit::Wrong)).unwrap();
        assert!(has(&edited, "a=ice-pwd:ysecret"), "{edited}");
    }

    #[test]
    fn an_edit_without_a_place_is_an_error() {
        let error = edit(SDP, &EditKind::RemoveCandidates).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the description has no line that starts with \"a=candidate:\""
        );
    }

    #[test]
    fn media_is_compared_by_kind_port_mid_and_direction() {
        let sections = media(SDP);
        assert_eq!(sections.len(), 1);
        let expected = MediaExpectation {
            kind: Some("application".to_owned()),
            ..MediaExpectation::default()
        };
        assert_eq!(media_departure(&sections[0], &expected), None);
        let expected = MediaExpectation {
            port: Some(MediaPort::Zero),
            ..MediaExpectation::default()
        };
        assert!(media_departure(&sections[0], &expected).is_some());
        let expected = MediaExpectation {
            direction: Some(MediaDirection::SendOnly),
            ..MediaExpectation::default()
        };
        assert!(media_departure(&sections[0], &expected).is_some());
    }

    const VIDEO: &str = "v=0\r\na=group:BUNDLE 0 1\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\na=rtpmap:111 opus/48000/2\r\n\
        m=video 9 UDP/TLS/RTP/SAVPF 96 97 98\r\na=mid:1\r\na=sendrecv\r\na=rtpmap:96 VP8/90000\r\na=rtpmap:97 rtx/90000\r\n\
        a=fmtp:97 apt=96\r\na=rtpmap:98 VP9/90000\r\na=rtcp-fb:96 nack\r\na=msid:s t\r\n";

    fn section(sdp: &str, index: usize) -> Vec<&str> {
        media(sdp).swap_remove(index)
    }

    #[test]
    fn a_codec_goes_with_its_retransmissions() {
        let edited = edit(VIDEO, &EditKind::RemoveCodec(1, "vp8".to_owned())).unwrap();
        assert_eq!(codecs(&section(&edited, 1)), ["VP9"]);
        assert!(!edited.contains("apt=96") && !edited.contains("nack"), "{edited}");
        assert!(section(&edited, 1)[0].ends_with("SAVPF 98"), "{edited}");
        assert!(edit(VIDEO, &EditKind::RemoveCodec(0, "VP8".to_owned())).is_err());
    }

    #[test]
    fn one_media_description_is_edited_and_the_others_stay() {
        let edited = edit(VIDEO, &EditKind::Direction(1, MediaDirection::RecvOnly)).unwrap();
        assert!(section(&edited, 1).contains(&"a=recvonly") && !section(&edited, 0).contains(&"a=recvonly"));
        let edited = edit(VIDEO, &EditKind::Direction(0, MediaDirection::Inactive)).unwrap();
        assert!(section(&edited, 0).contains(&"a=inactive"), "{edited}");
        let edited = edit(VIDEO, &EditKind::Reject(0)).unwrap();
        assert!(
            section(&edited, 0)[0].starts_with("m=audio 0 ")
                && section(&edited, 1)[0].starts_with("m=video 9 ")
        );
        let edited = edit(VIDEO, &EditKind::Msid(1, None)).unwrap();
        assert!(!edited.contains("a=msid"), "{edited}");
        assert!(edit(VIDEO, &EditKind::Reject(2)).is_err());
    }

    #[test]
    fn a_bundle_group_is_set_and_removed() {
        let edited = edit(VIDEO, &EditKind::Bundle(vec!["1".to_owned()])).unwrap();
        assert_eq!(
            (bundle(VIDEO), bundle(&edited)),
            (vec!["0".to_owned(), "1".to_owned()], vec!["1".to_owned()])
        );
        assert!(bundle(&edit(VIDEO, &EditKind::Bundle(Vec::new())).unwrap()).is_empty());
    }

    #[test]
    fn fields_come_from_their_lines() {
        assert_eq!(field(SDP, SdpField::SessionVersion), ["2"]);
        assert_eq!(field(SDP, SdpField::IceUfrag), ["abcd"]);
        assert!(field(SDP, SdpField::Setup).is_empty());
    }
}
