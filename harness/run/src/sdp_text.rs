//! Session descriptions as text: edits, and what a scenario expects of them.
//!
//! Works on lines alone and knows no more of SDP than a scenario says, so that it stays apart from every parser under test.

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
    }
    Ok(out
        .into_iter()
        .fold(String::with_capacity(sdp.len()), |text, line| {
            text + &line + "\r\n"
        }))
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

    #[test]
    fn fields_come_from_their_lines() {
        assert_eq!(field(SDP, SdpField::SessionVersion), ["2"]);
        assert_eq!(field(SDP, SdpField::IceUfrag), ["abcd"]);
        assert!(field(SDP, SdpField::Setup).is_empty());
    }
}
