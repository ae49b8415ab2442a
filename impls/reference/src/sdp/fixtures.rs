//! Descriptions that the tests of this room start from, in the manner of browsers.

use glare_peer::BundlePolicy;

use super::{
    AnswerInput, Codec, Description, Direction, HeaderExtension, LocalTransport, MediaKind, OfferInput,
    RejectedTag, SdpFingerprint, TransceiverInput,
};

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

/// Simulcast as Firefox writes it: fingerprint at the session level, attributes in alphabetical order.
pub(super) const FIREFOX_VIDEO_OFFER: &str = concat!(
    "v=0\r\n",
    "o=mozilla...THIS_IS_SDPARTA-99.0 902047777623131463 0 IN IP4 0.0.0.0\r\n",
    "s=-\r\n",
    "t=0 0\r\n",
    "a=fingerprint:sha-256 2B:AA:1E:25:35:F0:A9:98:3E:A1:63:F1:C3:5A:B7:DE:21:83:51:FE:42:E8:58:02:2A:CE:FD:A6:4E:5D:D1:84\r\n",
    "a=group:BUNDLE 0\r\n",
    "a=ice-options:trickle\r\n",
    "a=msid-semantic:WMS *\r\n",
    "m=video 9 UDP/TLS/RTP/SAVPF 120 124 123 122\r\n",
    "c=IN IP4 0.0.0.0\r\n",
    "a=sendonly\r\n",
    "a=extmap:3 urn:ietf:params:rtp-hdrext:sdes:mid\r\n",
    "a=extmap:8/sendonly urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id\r\n",
    "a=extmap:10/sendonly urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id\r\n",
    "a=extmap:6/recvonly http://www.webrtc.org/experiments/rtp-hdrext/playout-delay\r\n",
    "a=extmap-allow-mixed\r\n",
    "a=fmtp:120 max-fs=12288;max-fr=60\r\n",
    "a=fmtp:124 apt=120\r\n",
    "a=ice-pwd:074e7aa18831e64aa2fca38526ae1755\r\n",
    "a=ice-ufrag:15175fae\r\n",
    "a=mid:0\r\n",
    "a=msid:{7be3eefe-88b6-4449-af72-0cbfccfe915a} {ef221528-a933-414d-b307-d7aeebdbd907}\r\n",
    "a=rid:q send\r\n",
    "a=rid:h send\r\n",
    "a=rtcp-fb:120 nack\r\n",
    "a=rtcp-fb:120 nack pli\r\n",
    "a=rtcp-fb:120 ccm fir\r\n",
    "a=rtcp-mux\r\n",
    "a=rtcp-rsize\r\n",
    "a=rtpmap:120 VP8/90000\r\n",
    "a=rtpmap:124 rtx/90000\r\n",
    "a=rtpmap:123 ulpfec/90000\r\n",
    "a=rtpmap:122 red/90000\r\n",
    "a=setup:actpass\r\n",
    "a=simulcast:send q;h\r\n",
    "a=ssrc:2141789249 cname:{e9a1cdea-289a-45f8-bc0c-e38eaa06433d}\r\n",
    "a=ssrc:3472633302 cname:{e9a1cdea-289a-45f8-bc0c-e38eaa06433d}\r\n",
    "a=ssrc-group:FID 2141789249 3472633302\r\n",
);

/// A format without feedback; of one channel if it is audio.
pub(super) fn codec(payload_type: u8, mime_type: &str, clock_rate: u32, parameters: Option<&str>) -> Codec {
    Codec {
        payload_type,
        mime_type: mime_type.to_owned(),
        clock_rate,
        channels: mime_type.starts_with("audio/").then_some(1),
        sdp_fmtp_line: parameters.map(str::to_owned),
        rtcp_fb: Vec::new(),
    }
}

/// The audio formats of the tests.
pub(super) fn audio_codecs() -> Vec<Codec> {
    let opus = Codec {
        channels: Some(2),
        rtcp_fb: vec!["transport-cc".to_owned()],
        ..codec(111, "audio/opus", 48_000, Some("minptime=10;useinbandfec=1"))
    };
    let red = Codec {
        channels: Some(2),
        ..codec(63, "audio/red", 48_000, Some("111/111"))
    };
    let of_8000 = [(0, "PCMU"), (8, "PCMA"), (126, "telephone-event")];
    let events = |number| (number == 126).then_some("0-15");
    let of_8000 = of_8000.map(|(number, name)| codec(number, &format!("audio/{name}"), 8000, events(number)));
    [opus, red].into_iter().chain(of_8000).collect()
}

/// The video formats of the tests.
pub(super) fn video_codecs() -> Vec<Codec> {
    let video = |number, name: &str, parameters| codec(number, &format!("video/{name}"), 90_000, parameters);
    let mut codecs = vec![
        video(96, "VP8", None),
        video(97, "rtx", Some("apt=96")),
        video(98, "VP9", Some("profile-id=0")),
        video(99, "rtx", Some("apt=98")),
        video(
            102,
            "H264",
            Some("level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f"),
        ),
        video(103, "rtx", Some("apt=102")),
        video(118, "red", None),
        video(119, "rtx", Some("apt=118")),
        video(120, "ulpfec", None),
    ];
    for codec in &mut codecs {
        if codec.apt().is_none() {
            codec.rtcp_fb = ["ccm fir", "nack", "nack pli", "transport-cc"]
                .map(str::to_owned)
                .to_vec();
        }
    }
    codecs
}

/// A transceiver that is not associated yet.
pub(super) fn transceiver(kind: MediaKind, direction: Direction) -> TransceiverInput {
    let extension = |id, uri: &str| HeaderExtension {
        id,
        uri: format!("urn:ietf:params:rtp-hdrext:{uri}"),
        direction: Direction::SendRecv,
    };
    let (codecs, own) = if kind == MediaKind::Audio {
        (audio_codecs(), extension(1, "ssrc-audio-level"))
    } else {
        (video_codecs(), extension(10, "sdes:rtp-stream-id"))
    };
    TransceiverInput {
        kind,
        mid: None,
        m_line_index: None,
        stopped: false,
        direction,
        codecs,
        has_codec_preferences: false,
        header_extensions: vec![own, extension(4, "sdes:mid")],
        stream_ids: Vec::new(),
        send_encodings: Vec::new(),
        maxptime: None,
        ptime: None,
    }
}

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
        dtls_role: None,
        tls_id: Some("abcdefghijklmnopqrst".to_owned()),
        candidates: Vec::new(),
        end_of_candidates: false,
    }
}

/// What a first offer of a data channel is made of.
pub(super) fn offer_input<'a>() -> OfferInput<'a> {
    OfferInput {
        session_id: 4_611_686_018_427_387_904,
        session_version: 1,
        current: None,
        pending_local: None,
        transceivers: &[],
        wants_application: true,
        lowest_mid: 0,
        bundle_policy: BundlePolicy::Balanced,
        sctp_port: 5000,
        max_message_size: 262_144,
        extmap_allow_mixed: false,
        identity: None,
        ice_lite: false,
    }
}

/// What a first answer is made of.
pub(super) fn answer_input(remote_offer: &Description) -> AnswerInput<'_> {
    AnswerInput {
        session_id: 7,
        session_version: 1,
        remote_offer,
        current: None,
        pending_local: None,
        transceivers: &[],
        bundle_policy: BundlePolicy::Balanced,
        rejected_tag: RejectedTag::NextIsTagged,
        sctp_port: 5000,
        max_message_size: 262_144,
        extmap_allow_mixed: false,
        identity: None,
        ice_lite: false,
    }
}
