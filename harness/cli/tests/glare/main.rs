//! The `glare` command as people use it.
//!
//! `bad_input` is what goes wrong outside of glare and how it is told, `command_line` each command once, `replay` the bundles,
//! `capture` the captures as tshark reads them.

#[path = "../common/mod.rs"]
mod common;

mod bad_input;
mod capture;
mod command_line;
mod replay;

use common::Glare;

/// Two peers connect over a good network and exchange a message.
const CONNECT: &str = r#"scenario: Two peers exchange a message
spec: [webrtc-pc#peer-to-peer-data-api]
peers: { a: {}, b: {} }
script:
  - { call: a.createDataChannel, with: { label: chat }, as: chat }
  - { negotiate: { offer: a, answer: b } }
  - { wait: { for: { b.datachannel: { label: chat } }, as: remote-chat, within: 10s } }
  - { wait: { for: { chat.readyState: open }, within: 10s } }
  - { send: { on: chat, text: hello } }
  - { wait: { for: { remote-chat.message: { text: hello } }, within: 5s } }
"#;

/// The same over a network that loses packets.
const LOSSY: &str = r#"scenario: Two peers exchange messages in spite of loss
spec: [RFC8445#section-14]
peers: { a: {}, b: {} }
links: [{ id: path, between: [a, b], delay: 20ms, loss: 20% }]
script:
  - { call: a.createDataChannel, with: { label: chat }, as: chat }
  - { negotiate: { offer: a, answer: b } }
  - { wait: { for: { b.datachannel: { label: chat } }, as: remote-chat, within: 60s } }
  - { send: { on: chat, size: 10kB, count: 5 } }
  - { wait: { received: { on: remote-chat, all: chat }, within: 60s } }
"#;

/// Expects a connection to be both stable and not stable: fails with every peer.
const FAILING: &str = r#"scenario: Nobody can do this
spec: [webrtc-pc#dom-peerconnection-signaling-state]
peers: { a: {}, b: {} }
script:
  - { expect: { state: { a.signalingState: have-local-offer } } }
"#;

/// The glare of this build in a folder of its own.
fn glare() -> Glare {
    Glare::new(env!("CARGO_BIN_EXE_glare"))
}
