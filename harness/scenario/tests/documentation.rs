//! Every example of the documentation loads.

use glare_scenario::parse;

/// The YAML examples of a page, each with the line it begins on.
fn examples(page: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut open: Option<(usize, String)> = None;
    for (index, line) in page.lines().enumerate() {
        match (&mut open, line) {
            (None, "```yaml") => open = Some((index + 2, String::new())),
            (Some(_), "```") => found.extend(open.take()),
            (Some((_, text)), line) => {
                text.push_str(line);
                text.push('\n');
            }
            (None, _) => {}
        }
    }
    found
}

/// An example as a whole scenario: some are only steps, some only a part of the head.
fn completed(example: &str) -> String {
    if example.starts_with("scenario:") {
        return example.to_owned();
    }
    let head = "scenario: Example\nspec: [webrtc-pc#set-description]\n";
    let peers = "peers: { a: {}, b: {} }\n";
    if !example.starts_with("- ") {
        let peers = if example.starts_with("peers:") { "" } else { peers };
        return format!("{head}{peers}{example}script: [{{ wait: 1s }}]\n");
    }
    let before = "- { call: a.createDataChannel, with: { label: chat }, as: chat }
- { negotiate: { offer: a, answer: b } }
- { wait: { for: { b.datachannel: { label: chat } }, as: remote-chat, within: 10s } }
- { wait: { for: { chat.readyState: open }, within: 10s } }
- { call: a.createOffer, as: offer }
";
    format!("{head}{peers}script:\n{before}{example}")
}

#[test]
fn every_example_of_the_documentation_loads() {
    let page = include_str!("../../../docs/scenarios.md");
    let examples = examples(page);
    assert!(examples.len() >= 15, "only {} examples found", examples.len());
    for (line, example) in examples {
        if let Err(wrong) = parse("example.yaml", &completed(&example)) {
            panic!("the example at line {line} of docs/scenarios.md:\n{wrong}");
        }
    }
}
