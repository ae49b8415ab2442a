//! Descriptions that the tests of this room start from, in the manner of browsers.

use glare_peer::BundlePolicy;

use super::{AnswerInput, Description, LocalTransport, OfferInput, RejectedTag, SdpFingerprint};

/// A data channel alone. The media section begins on line 8.
pub(super) const DATA_OFFER: &str = concat!(
    "v=0\r\n",
    "o=- 4239475303496225041 1 IN IP4 127.0.0.1\r\n",
    "s=-\r\n",
    "t=0 0\r\n",
    "a=group:BUNDLE 0\r\n",
    "a=ice-options:trickle\r\n",
    "a=msid-semantic: WMS\r\n",
    "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n",
    "c=IN IP4 0.0.0.0\r\n",
    "a=ice-ufrag:tTn1\r\n",
    "a=ice-pwd:qVVM5CPqTvWmUd1hGLJd0pXk\r\n",
    "a=fingerprint:sha-256 0D:13:87:25:D6:1E:C7:3E:96:F6:41:D4:88:98:FB:0D:2A:CF:22:E0:90:FC:CC:A7:5D:6E:15:AA:60:FC:1B:C6\r\n",
    "a=setup:actpass\r\n",
    "a=mid:0\r\n",
    "a=sctp-port:5000\r\n",
    "a=max-message-size:262144\r\n",
);

/// Audio with candidates, and video and data bundled into it without a transport of their own.
pub(super) const BROWSER_OFFER: &str = concat!(
    "v=0\r\n",
    "o=- 7619202536910198343 2 IN IP4 127.0.0.1\r\n",
    "s=-\r\n",
    "t=0 0\r\n",
    "a=group:BUNDLE 0 1 2\r\n",
    "a=extmap-allow-mixed\r\n",
    "a=msid-semantic: WMS stream\r\n",
    "m=audio 46498 UDP/TLS/RTP/SAVPF 111 9 110\r\n",
    "c=IN IP4 192.0.2.7\r\n",
    "a=rtcp:9 IN IP4 0.0.0.0\r\n",
    "a=candidate:1 1 udp 2122063615 192.0.2.7 46498 typ host generation 0 network-id 1\r\n",
    "a=candidate:2 1 tcp 1518214911 8b2d3c1e-0f7a-4a7e-9d27-5d7f5a0c1b2e.local 9 typ host tcptype active generation 0 network-id 3\r\n",
    "a=ice-ufrag:lfFY\r\n",
    "a=ice-pwd:Zj95ME1FXqmIN92P12wMtYOV\r\n",
    "a=ice-options:trickle\r\n",
    "a=fingerprint:sha-256 0D:13:87:25:D6:1E:C7:3E:96:F6:41:D4:88:98:FB:0D:2A:CF:22:E0:90:FC:CC:A7:5D:6E:15:AA:60:FC:1B:C6\r\n",
    "a=setup:actpass\r\n",
    "a=mid:0\r\n",
    "a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level\r\n",
    "a=sendrecv\r\n",
    "a=msid:stream track\r\n",
    "a=rtcp-mux\r\n",
    "a=rtcp-rsize\r\n",
    "a=rtcp-xr:rcvr-rtt=all\r\n",
    "a=rtpmap:111 opus/48000/2\r\n",
    "a=rtcp-fb:111 transport-cc\r\n",
    "a=fmtp:111 minptime=10;useinbandfec=1\r\n",
    "a=rtpmap:9 G722/8000\r\n",
    "a=rtpmap:110 telephone-event/48000\r\n",
    "a=ssrc:1 cname:c\r\n",
    "m=video 0 UDP/TLS/RTP/SAVPF 96 97\r\n",
    "c=IN IP4 0.0.0.0\r\n",
    "a=bundle-only\r\n",
    "a=mid:1\r\n",
    "a=sendrecv\r\n",
    "a=rtcp-mux\r\n",
    "a=rtcp-rsize\r\n",
    "a=rtpmap:96 VP8/90000\r\n",
    "a=rtcp-fb:96 goog-remb\r\n",
    "a=rtcp-fb:96 ccm fir\r\n",
    "a=rtpmap:97 rtx/90000\r\n",
    "a=fmtp:97 apt=96\r\n",
    "a=rid:hi send\r\n",
    "a=rid:lo send\r\n",
    "a=simulcast:send hi;~lo\r\n",
    "m=application 0 UDP/DTLS/SCTP webrtc-datachannel\r\n",
    "c=IN IP4 0.0.0.0\r\n",
    "a=bundle-only\r\n",
    "a=mid:2\r\n",
    "a=sctp-port:5000\r\n",
    "a=max-message-size:262144\r\n",
);

/// The text with the first line that starts so replaced; by nothing if `with` is empty.
pub(super) fn replace_line(text: &str, start: &str, with: &str) -> String {
    let at = text
        .lines()
        .position(|line| line.starts_with(start))
        .expect("the line is in the text");
    text.lines()
        .enumerate()
        .filter_map(|(index, line)| match (index == at, with) {
            (true, "") => None,
            (true, with) => Some(format!("{with}\r\n")),
            (false, _) => Some(format!("{line}\r\n")),
        })
        .collect()
}

/// The text as a description.
pub(super) fn parsed(text: &str) -> Description {
    Description::parse(text).expect("the text is well formed")
}

/// A transport that has gathered nothing yet; `generation` tells its ICE credentials apart.
pub(super) fn transport(generation: u8) -> LocalTransport {
    LocalTransport {
        ice_ufrag: format!("frag{generation}"),
        ice_pwd: format!("password{generation:014}"),
        fingerprints: vec![SdpFingerprint {
            algorithm: "sha-256".to_owned(),
            value: vec!["AB"; 32].join(":"),
        }],
        tls_id: Some("abcdefghijklmnopqrst".to_owned()),
        candidates: Vec::new(),
        end_of_candidates: false,
    }
}

/// What a first offer of a data channel is made of.
pub(super) fn offer_input(transport: &LocalTransport) -> OfferInput<'_> {
    OfferInput {
        session_id: 4_611_686_018_427_387_904,
        session_version: 1,
        local: None,
        remote: None,
        wants_application: true,
        transport,
        sctp_port: 5000,
        max_message_size: 262_144,
    }
}

/// What a first answer is made of.
pub(super) fn answer_input<'a>(
    remote_offer: &'a Description,
    transport: &'a LocalTransport,
) -> AnswerInput<'a> {
    AnswerInput {
        session_id: 7,
        session_version: 1,
        remote_offer,
        continued_role: None,
        bundle_policy: BundlePolicy::Balanced,
        rejected_tag: RejectedTag::NextIsTagged,
        transport,
        sctp_port: 5000,
        max_message_size: 262_144,
    }
}
