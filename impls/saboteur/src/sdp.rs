//! Edits of the text of descriptions. None where there is nothing to edit.

/// The text with each line replaced by what `edit` makes of it; a line that it makes none of is left out.
pub(crate) fn lines(sdp: &str, edit: impl Fn(&str) -> Option<String>) -> Option<String> {
    let edited: String = sdp
        .lines()
        .filter_map(edit)
        .map(|line| format!("{line}\r\n"))
        .collect();
    (edited != sdp).then_some(edited)
}

/// The text without lines that begin like this.
pub(crate) fn without(sdp: &str, start: &str) -> Option<String> {
    lines(sdp, |line| (!line.starts_with(start)).then(|| line.to_owned()))
}

/// The text with each line that begins like this replaced.
pub(crate) fn replaced(sdp: &str, start: &str, line: &str) -> Option<String> {
    lines(sdp, |old| {
        Some(if old.starts_with(start) { line } else { old }.to_owned())
    })
}

/// The text with the words of the lines that begin like this edited.
pub(crate) fn words(sdp: &str, start: &str, edit: impl Fn(&mut Vec<String>)) -> Option<String> {
    lines(sdp, |line| {
        let Some(rest) = line.strip_prefix(start) else {
            return Some(line.to_owned());
        };
        let mut words: Vec<String> = rest.split(' ').map(str::to_owned).collect();
        edit(&mut words);
        Some(format!("{start}{}", words.join(" ")))
    })
}

/// The text without its last media section; none where there is only one or none.
pub(crate) fn without_last_section(sdp: &str) -> Option<String> {
    let sections: Vec<usize> = sdp.match_indices("\r\nm=").map(|(at, _)| at + 2).collect();
    match sections[..] {
        [_, .., last] => Some(sdp[..last].to_owned()),
        _ => None,
    }
}

/// The text with one word in place of another wherever it stands.
pub(crate) fn exchanged(sdp: &str, from: &str, to: &str) -> Option<String> {
    sdp.contains(from).then(|| sdp.replace(from, to))
}
