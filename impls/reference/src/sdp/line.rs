//! The lines of a description: where each begins, and the grammar of all but the attributes (RFC 4566 section 5).

use webrtc_sdp::error::SdpParserError;

use super::error::SdpError;
use super::limits::MAX_LINE;

/// One line, cut into its type and value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Line<'a> {
    /// The number of the line, counted from 1.
    pub number: u32,
    /// The letter before the `=`.
    pub letter: char,
    /// What follows the `=`.
    pub value: &'a str,
    /// The whole line, without its end.
    pub text: &'a str,
}

/// Cuts a description into lines and checks all but the attributes against their grammar. RFC 4566 section 5 asks for
/// CRLF and lets a parser accept LF alone.
///
/// # Errors
///
/// The first line that is not well formed.
pub(super) fn lines(text: &str) -> Result<Vec<Line<'_>>, SdpError> {
    let mut lines = Vec::new();
    for (text, number) in text.lines().zip(1..) {
        if text.len() > MAX_LINE {
            let message = format!("the line has {} bytes; {MAX_LINE} are allowed", text.len());
            return Err(SdpError::new(number, message));
        }
        let line = cut(text, number)?;
        check(&line)?;
        lines.push(line);
    }
    Ok(lines)
}

/// Asks webrtc-sdp whether the line is well formed. It answers "unsupported" to what it does not know, and what is
/// not known must be ignored (RFC 4566 section 5.13).
pub(super) fn ask_grammar(line: &Line<'_>) -> Result<Option<webrtc_sdp::SdpType>, SdpError> {
    match webrtc_sdp::parse_sdp_line(line.text, line.number as usize) {
        Ok(parsed) => Ok(Some(parsed.sdp_type)),
        Err(SdpParserError::Unsupported { .. }) => Ok(None),
        Err(SdpParserError::Line { error, .. }) => {
            Err(SdpError::new(line.number, format!("{:?}: {error}", line.text)))
        }
        Err(SdpParserError::Sequence { message, .. }) => Err(SdpError::new(line.number, message)),
    }
}

/// Whether this is a token of RFC 4566 section 9.
pub(super) fn is_token(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`{|}~".contains(&byte))
}

/// Whether this is a number of digits only: no sign, which Rust's own parsers take.
pub(super) fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Cuts one line. webrtc-sdp takes a capital letter and white space around the `=`, which RFC 4566 section 5 does not.
fn cut(text: &str, number: u32) -> Result<Line<'_>, SdpError> {
    let mut characters = text.chars();
    let (Some(letter), Some('=')) = (characters.next(), characters.next()) else {
        let found = if text.is_empty() {
            "an empty line".to_owned()
        } else {
            format!("{text:?}")
        };
        return Err(SdpError::new(
            number,
            format!("expected a letter, '=' and a value, found {found}"),
        ));
    };
    if !letter.is_ascii_lowercase() {
        return Err(SdpError::new(
            number,
            format!("{letter:?} is not the type of a line"),
        ));
    }
    let value = characters.as_str();
    if value.is_empty() {
        return Err(SdpError::new(number, format!("the line {text:?} has no value")));
    }
    if letter != 's' && value.starts_with([' ', '\t']) {
        return Err(SdpError::new(number, "white space follows the '='"));
    }
    if value.contains(['\0', '\r']) {
        return Err(SdpError::new(
            number,
            "the line contains a NUL or a carriage return",
        ));
    }
    Ok(Line {
        number,
        letter,
        value,
        text,
    })
}

fn check(line: &Line<'_>) -> Result<(), SdpError> {
    let fields: Vec<&str> = line.value.split(' ').collect();
    let expect = |good: bool, what: &str| {
        if good {
            Ok(())
        } else {
            Err(SdpError::new(
                line.number,
                format!("expected {what}, found {:?}", line.value),
            ))
        }
    };
    match line.letter {
        // `a` is for `attribute`, and `m` for `parse`: webrtc-sdp drops an `m=` line whose protocol it does not know,
        // and would give the lines that follow to the section before.
        'a' | 'm' | 's' | 'i' => Ok(()),
        'v' => expect(line.value == "0", "version 0"),
        'o' => {
            expect(fields.len() == 6, "the six fields of an origin")?;
            expect(
                is_digits(fields[1]) && is_digits(fields[2]),
                "digits as session identifier and version",
            )?;
            ask_grammar(line).map(drop)
        }
        'b' | 'c' | 't' => ask_grammar(line).map(drop),
        // webrtc-sdp refuses the lines below. RFC 9429 section 5.8.1 has them checked and then not used.
        'u' => expect(!line.value.contains(char::is_whitespace), "a URI"),
        'e' => expect(line.value.contains('@'), "an email address"),
        'p' => expect(
            line.value.contains(|character: char| character.is_ascii_digit()),
            "a phone number",
        ),
        'r' => expect(
            fields.len() >= 3 && fields.iter().all(|field| is_time(field)),
            "repeat interval, duration and offsets",
        ),
        'z' => expect(
            fields.len().is_multiple_of(2)
                && fields
                    .iter()
                    .all(|field| is_time(field.strip_prefix('-').unwrap_or(field))),
            "pairs of adjustment time and offset",
        ),
        'k' => expect(
            line.value == "prompt"
                || ["clear:", "base64:", "uri:"]
                    .iter()
                    .any(|method| line.value.strip_prefix(method).is_some_and(|key| !key.is_empty())),
            "an encryption key",
        ),
        other => Err(SdpError::new(
            line.number,
            format!("no line has the type {other:?}"),
        )),
    }
}

/// Whether this is a `typed-time` of RFC 4566 section 9: digits and perhaps a unit.
fn is_time(field: &str) -> bool {
    is_digits(field.strip_suffix(['d', 'h', 'm', 's']).unwrap_or(field))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_counted_from_one_and_end_with_or_without_a_carriage_return() {
        let lines = lines("v=0\r\ns=-\nt=0 0\r\n").unwrap();
        let found: Vec<_> = lines
            .iter()
            .map(|line| (line.number, line.letter, line.value))
            .collect();
        assert_eq!(found, [(1, 'v', "0"), (2, 's', "-"), (3, 't', "0 0")]);
    }

    #[test]
    fn lines_that_webrtc_sdp_refuses_are_checked_here() {
        for good in [
            "u=https://example.org/",
            "e=j.doe@example.org (Jane Doe)",
            "p=+1 617 555-6011",
            "r=7d 1h 0 25h",
            "z=2882844526 -1h 2898848070 0",
            "k=prompt",
            "k=clear:secret",
        ] {
            assert!(lines(good).is_ok(), "{good}");
        }
        for bad in [
            "u=a b",
            "e=nobody",
            "p=none",
            "r=7d",
            "z=1",
            "k=mine",
            "v=1",
            "o=- 1",
            "x=1",
            "V=0",
            "v =0",
            "v= 0",
            "v=",
            "",
            "t=0",
            "c=IN IP4",
            "o=- -1 1 IN IP4 0.0.0.0",
        ] {
            assert_eq!(lines(&format!("s=-\n{bad}\n")).unwrap_err().line, 2, "{bad}");
        }
    }
}
