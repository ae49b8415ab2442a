//! A small reader of session descriptions, for rules about their text.
//!
//! It shares nothing with any implementation's, and asks only what rules look at: lines it does not know it passes over, and
//! nothing is an error.

/// A description, cut into its session part and its media sections (RFC 4566 section 5).
pub(crate) struct Description<'a> {
    /// The lines before the first section.
    pub session: Vec<&'a str>,
    /// The sections in order.
    pub sections: Vec<Section<'a>>,
}

/// A media section.
pub(crate) struct Section<'a> {
    /// The kind of media: `audio`, `video`, `application`.
    pub kind: &'a str,
    /// The port; `0` where the section is rejected or bundle-only.
    pub port: &'a str,
    /// The protocol, such as `UDP/DTLS/SCTP`.
    pub protocol: &'a str,
    /// Its lines after the first.
    pub lines: Vec<&'a str>,
}

impl<'a> Description<'a> {
    /// Reads a text. One that is not a description has no lines that matter.
    pub fn read(text: &'a str) -> Description<'a> {
        let mut description = Description {
            session: Vec::new(),
            sections: Vec::new(),
        };
        for line in text.lines() {
            if let Some(media) = line.strip_prefix("m=") {
                let mut words = media.split(' ');
                description.sections.push(Section {
                    kind: words.next().unwrap_or_default(),
                    port: words.next().unwrap_or_default(),
                    protocol: words.next().unwrap_or_default(),
                    lines: Vec::new(),
                });
            } else if let Some(section) = description.sections.last_mut() {
                section.lines.push(line);
            } else {
                description.session.push(line);
            }
        }
        description
    }

    /// The id and the version of the session, from the `o=` line.
    pub fn origin(&self) -> Option<(&'a str, u64)> {
        let line = self.session.iter().find_map(|line| line.strip_prefix("o="))?;
        let mut words = line.split(' ').skip(1);
        Some((words.next()?, words.next()?.parse().ok()?))
    }

    /// The tags of the BUNDLE groups (RFC 9143), each group by itself.
    pub fn bundles(&self) -> Vec<Vec<&'a str>> {
        let groups = self
            .session
            .iter()
            .filter_map(|line| line.strip_prefix("a=group:BUNDLE"));
        groups
            .map(|tags| tags.split_ascii_whitespace().collect())
            .collect()
    }

    /// The identification tags of the sections, in order; none where a section has none.
    pub fn mids(&self) -> Vec<Option<&'a str>> {
        self.sections
            .iter()
            .map(|section| section.attribute("mid"))
            .collect()
    }

    /// The value of an attribute that may stand in the session part for all sections, as a section has it.
    pub fn attribute_of(&self, section: &Section<'a>, name: &str) -> Option<&'a str> {
        section.attribute(name).or_else(|| attribute(&self.session, name))
    }
}

impl<'a> Section<'a> {
    /// The value of the first attribute of this name; empty where it has none.
    pub fn attribute(&self, name: &str) -> Option<&'a str> {
        attribute(&self.lines, name)
    }

    /// Whether the section is rejected: its port is 0, and not because it is bundle-only (RFC 9143 section 6).
    pub fn is_rejected(&self) -> bool {
        self.port == "0" && self.attribute("bundle-only").is_none()
    }
}

/// The value of the first attribute of this name.
fn attribute<'a>(lines: &[&'a str], name: &str) -> Option<&'a str> {
    lines.iter().find_map(|line| {
        let rest = line.strip_prefix("a=")?.strip_prefix(name)?;
        if rest.is_empty() {
            Some(rest)
        } else {
            rest.strip_prefix(':')
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_description_is_cut_into_sections() {
        let text = "v=0\r\no=- 7 3 IN IP4 0.0.0.0\r\na=group:BUNDLE 0 1\r\na=setup:actpass\r\nm=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:0\r\na=rtcp-mux\r\nm=application 0 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:1\r\na=bundle-only\r\n";
        let description = Description::read(text);
        assert_eq!(description.origin(), Some(("7", 3)));
        assert_eq!(description.bundles(), [vec!["0", "1"]]);
        assert_eq!(description.mids(), [Some("0"), Some("1")]);
        let [audio, application] = &description.sections[..] else {
            panic!("there are two sections");
        };
        assert_eq!((audio.kind, audio.port), ("audio", "9"));
        assert_eq!(audio.attribute("rtcp-mux"), Some(""));
        assert_eq!(audio.attribute("rtcp"), None);
        assert_eq!(description.attribute_of(audio, "setup"), Some("actpass"));
        assert!(!application.is_rejected());
        assert_eq!(application.protocol, "UDP/DTLS/SCTP");
    }

    #[test]
    fn anything_can_be_read() {
        for text in ["", "m=", "m=\n\n", "a=mid", "o=", "o=- x y", "a=group:BUNDLE"] {
            let description = Description::read(text);
            assert!(description.sections.len() < 2);
            let _ = (description.origin(), description.bundles(), description.mids());
        }
    }
}
