//! The text of descriptions.

use glare_peer::Interface;

use super::sabotage;
use crate::Sabotage;
use crate::fault::Fault;
use crate::sdp;

const OFFER: (Interface, &str) = (Interface::PeerConnection, "createOffer");
const ANSWER: (Interface, &str) = (Interface::PeerConnection, "createAnswer");
/// What the peer makes is seen first where an offer is created.
const LOCAL: (Interface, &str) = (Interface::PeerConnection, "createOffer");
const REMOTE: (Interface, &str) = (Interface::PeerConnection, "setRemoteDescription");

fn offer(
    name: &'static str,
    clause: &'static str,
    what: &'static str,
    edit: fn(&str, u32) -> Option<String>,
) -> Sabotage {
    let fault = Fault::LocalDescription {
        edit,
        offers: true,
        answers: false,
    };
    sabotage(name, OFFER, clause, what, fault)
}

fn answer(
    name: &'static str,
    clause: &'static str,
    what: &'static str,
    edit: fn(&str, u32) -> Option<String>,
) -> Sabotage {
    let fault = Fault::LocalDescription {
        edit,
        offers: false,
        answers: true,
    };
    sabotage(name, ANSWER, clause, what, fault)
}

fn both(
    name: &'static str,
    clause: &'static str,
    what: &'static str,
    edit: fn(&str, u32) -> Option<String>,
) -> Sabotage {
    let fault = Fault::LocalDescription {
        edit,
        offers: true,
        answers: true,
    };
    sabotage(name, LOCAL, clause, what, fault)
}

fn remote(
    name: &'static str,
    clause: &'static str,
    what: &'static str,
    edit: fn(&str) -> Option<String>,
) -> Sabotage {
    sabotage(name, REMOTE, clause, what, Fault::RemoteDescription(edit))
}

pub(super) fn sabotages() -> Vec<Sabotage> {
    let mut all = of_sessions();
    all.extend(of_sections());
    all.extend(of_media());
    all.extend(of_remote());
    all
}

fn of_sessions() -> Vec<Sabotage> {
    vec![
        both(
            "session-version-stays",
            "RFC9429#section-5.2.2",
            "The session version of the o= line is 2 in every description.",
            |text, _| {
                sdp::words(text, "o=", |words| {
                    if let Some(version) = words.get_mut(2) {
                        "2".clone_into(version);
                    }
                })
            },
        ),
        both(
            "session-id-changes",
            "RFC9429#section-5.2.2",
            "The session id of the o= line is another in every description.",
            |text, made| {
                let id = format!("{}", 1_000_000 + made);
                sdp::words(text, "o=", move |words| {
                    if let Some(session) = words.get_mut(1) {
                        session.clone_from(&id);
                    }
                })
            },
        ),
        both(
            "description-lacks-ice-options",
            "RFC9429#section-5.2.1",
            "There is no a=ice-options:trickle.",
            |text, _| sdp::without(text, "a=ice-options:"),
        ),
        both(
            "description-lacks-the-bundle-group",
            "RFC9429#section-5.2.1",
            "There is no a=group:BUNDLE.",
            |text, _| sdp::without(text, "a=group:BUNDLE"),
        ),
        answer(
            "answer-bundles-what-was-not-offered",
            "RFC9429#section-5.3.1",
            "The BUNDLE group of answers names one section more.",
            |text, _| {
                sdp::words(text, "a=group:BUNDLE ", |words| {
                    words.push("not-there".to_owned());
                })
            },
        ),
        both(
            "description-lacks-fingerprints",
            "RFC9429#section-5.2.1",
            "There is no a=fingerprint.",
            |text, _| sdp::without(text, "a=fingerprint:"),
        ),
        both(
            "fingerprint-is-another",
            "RFC8122#section-5",
            "The fingerprint is not that of the certificate.",
            |text, _| {
                sdp::lines(text, |line| {
                    Some(match line.strip_prefix("a=fingerprint:") {
                        Some(rest) => {
                            let algorithm = rest.split(' ').next().unwrap_or_default();
                            format!("a=fingerprint:{algorithm} {}", ["00"; 32].join(":"))
                        }
                        None => line.to_owned(),
                    })
                })
            },
        ),
        both(
            "description-has-an-unknown-version",
            "RFC9429#section-5.2.1",
            "The v= line is 1.",
            |text, _| sdp::replaced(text, "v=", "v=1"),
        ),
        both(
            "description-lacks-tls-id",
            "RFC9429#section-5.2.1",
            "There is no a=tls-id.",
            |text, _| sdp::without(text, "a=tls-id:"),
        ),
    ]
}

fn of_sections() -> Vec<Sabotage> {
    vec![
        offer(
            "offer-is-active",
            "RFC9429#section-5.2.1",
            "Offers have a=setup:active.",
            |text, _| sdp::replaced(text, "a=setup:", "a=setup:active"),
        ),
        answer(
            "answer-is-actpass",
            "RFC9429#section-5.3.1",
            "Answers have a=setup:actpass.",
            |text, _| sdp::replaced(text, "a=setup:", "a=setup:actpass"),
        ),
        answer(
            "answer-is-of-the-other-dtls-role",
            "RFC8842#section-5.3",
            "Answers say passive where the peer is active, and active where it is passive.",
            |text, _| {
                sdp::lines(text, |line| {
                    Some(match line {
                        "a=setup:active" => "a=setup:passive".to_owned(),
                        "a=setup:passive" => "a=setup:active".to_owned(),
                        other => other.to_owned(),
                    })
                })
            },
        ),
        both(
            "description-lacks-mids",
            "RFC9429#section-5.2.1",
            "There is no a=mid.",
            |text, _| sdp::without(text, "a=mid:"),
        ),
        both(
            "mid-changes",
            "RFC9429#section-5.2.2",
            "The mid of the first section is another in every description.",
            |text, made| {
                let first = text
                    .lines()
                    .find_map(|line| line.strip_prefix("a=mid:"))?
                    .to_owned();
                let other = format!("{first}x{made}");
                sdp::lines(text, |line| {
                    Some(if line == format!("a=mid:{first}") {
                        format!("a=mid:{other}")
                    } else if let Some(group) = line.strip_prefix("a=group:BUNDLE ") {
                        let mids: Vec<&str> = group
                            .split(' ')
                            .map(|mid| if mid == first { other.as_str() } else { mid })
                            .collect();
                        format!("a=group:BUNDLE {}", mids.join(" "))
                    } else {
                        line.to_owned()
                    })
                })
            },
        ),
        answer(
            "answer-has-another-mid",
            "RFC9429#section-5.3.1",
            "The mids of answers are not those of the offer.",
            |text, _| {
                sdp::lines(text, |line| {
                    Some(if line.starts_with("a=mid:") {
                        format!("{line}-answer")
                    } else {
                        line.to_owned()
                    })
                })
            },
        ),
        answer(
            "answer-lacks-a-section",
            "RFC9429#section-5.3.1",
            "The last section of an offer with several is not answered.",
            |text, _| sdp::without_last_section(text),
        ),
        both(
            "description-lacks-ice-credentials",
            "RFC9429#section-5.2.1",
            "There is no a=ice-pwd.",
            |text, _| sdp::without(text, "a=ice-pwd:"),
        ),
        both(
            "ice-password-is-another",
            "RFC8839#section-5.4",
            "The ICE password is not the one that the peer uses.",
            |text, _| sdp::replaced(text, "a=ice-pwd:", "a=ice-pwd:0123456789abcdefghijklmn"),
        ),
        both(
            "ice-password-is-too-short",
            "RFC8839#section-5.4",
            "The ICE password has four characters.",
            |text, _| sdp::replaced(text, "a=ice-pwd:", "a=ice-pwd:abcd"),
        ),
        both(
            "description-lacks-the-sctp-port",
            "RFC9429#section-5.2.1",
            "There is no a=sctp-port.",
            |text, _| sdp::without(text, "a=sctp-port:"),
        ),
        both(
            "description-lacks-the-max-message-size",
            "RFC9429#section-5.2.1",
            "There is no a=max-message-size.",
            |text, _| sdp::without(text, "a=max-message-size:"),
        ),
        both(
            "application-section-has-another-protocol",
            "RFC9429#section-5.1.2",
            "The protocol of m=application is DTLS/SCTP.",
            |text, _| sdp::exchanged(text, "UDP/DTLS/SCTP", "DTLS/SCTP"),
        ),
        both(
            "description-has-no-candidates",
            "RFC9429#section-5.7",
            "There is no a=candidate in any description.",
            |text, _| sdp::without(text, "a=candidate:"),
        ),
        both(
            "description-lacks-end-of-candidates",
            "RFC9429#section-5.2.2",
            "There is no a=end-of-candidates.",
            |text, _| sdp::without(text, "a=end-of-candidates"),
        ),
        both(
            "connection-line-is-wrong",
            "RFC9429#section-5.2.1",
            "The c= lines have an address of IPv6 that belongs to nobody.",
            |text, _| sdp::replaced(text, "c=", "c=IN IP6 2001:db8::dead"),
        ),
    ]
}

fn of_media() -> Vec<Sabotage> {
    vec![
        both(
            "description-lacks-rtcp-mux",
            "RFC9429#section-5.2.1",
            "There is no a=rtcp-mux.",
            |text, _| sdp::without(text, "a=rtcp-mux"),
        ),
        both(
            "description-lacks-msid",
            "RFC9429#section-5.2.1",
            "There is no a=msid.",
            |text, _| sdp::without(text, "a=msid:"),
        ),
        both(
            "msid-changes",
            "RFC9429#section-5.2.2",
            "The a=msid lines are others in every description.",
            |text, made| {
                sdp::lines(text, |line| {
                    Some(if line.starts_with("a=msid:") {
                        format!("{line}{made}")
                    } else {
                        line.to_owned()
                    })
                })
            },
        ),
        both(
            "description-lacks-rtpmaps",
            "RFC9429#section-5.2.1",
            "There is no a=rtpmap.",
            |text, _| sdp::without(text, "a=rtpmap:"),
        ),
        both(
            "description-lacks-fmtp",
            "RFC9429#section-5.2.1",
            "There is no a=fmtp.",
            |text, _| sdp::without(text, "a=fmtp:"),
        ),
        both(
            "description-lacks-extmap",
            "RFC9429#section-5.2.1",
            "There is no a=extmap.",
            |text, _| sdp::without(text, "a=extmap:"),
        ),
        both(
            "direction-is-always-sendrecv",
            "RFC9429#section-5.2.1",
            "Every section is sendrecv.",
            |text, _| {
                sdp::lines(text, |line| {
                    Some(match line {
                        "a=sendonly" | "a=recvonly" | "a=inactive" => "a=sendrecv".to_owned(),
                        other => other.to_owned(),
                    })
                })
            },
        ),
        answer(
            "answer-direction-is-not-reversed",
            "RFC9429#section-5.3.1",
            "Answers say sendonly for recvonly and recvonly for sendonly.",
            |text, _| {
                sdp::lines(text, |line| {
                    Some(match line {
                        "a=sendonly" => "a=recvonly".to_owned(),
                        "a=recvonly" => "a=sendonly".to_owned(),
                        other => other.to_owned(),
                    })
                })
            },
        ),
        both(
            "simulcast-is-not-offered",
            "RFC9429#section-5.2.1",
            "There is no a=simulcast.",
            |text, _| sdp::without(text, "a=simulcast:"),
        ),
        both(
            "rids-are-not-offered",
            "RFC9429#section-5.2.1",
            "There is no a=rid.",
            |text, _| sdp::without(text, "a=rid:"),
        ),
        both(
            "bundle-only-is-left-out",
            "RFC9429#section-5.2.1",
            "There is no a=bundle-only.",
            |text, _| sdp::without(text, "a=bundle-only"),
        ),
        both(
            "identity-is-left-out",
            "webrtc-identity#identity-provider-interaction",
            "There is no a=identity.",
            |text, _| sdp::without(text, "a=identity:"),
        ),
    ]
}

fn of_remote() -> Vec<Sabotage> {
    vec![
        remote(
            "remote-candidates-are-ignored",
            "RFC9429#section-5.8.2",
            "The candidates of a remote description are not used.",
            |text| sdp::without(text, "a=candidate:"),
        ),
        remote(
            "remote-fingerprint-is-not-checked-against-all",
            "RFC8122#section-5",
            "The fingerprint of the remote description is read as another.",
            |text| {
                sdp::lines(text, |line| {
                    Some(if line.starts_with("a=fingerprint:sha-256 ") {
                        format!("a=fingerprint:sha-256 {}", ["11"; 32].join(":"))
                    } else {
                        line.to_owned()
                    })
                })
            },
        ),
        remote(
            "remote-setup-is-read-as-passive",
            "RFC9429#section-5.8.2",
            "a=setup:active of the other side is read as passive.",
            |text| sdp::exchanged(text, "a=setup:active\r\n", "a=setup:passive\r\n"),
        ),
        remote(
            "remote-ice-credentials-are-not-read",
            "RFC9429#section-5.8.2",
            "The ICE password of the other side is read as another.",
            |text| sdp::replaced(text, "a=ice-pwd:", "a=ice-pwd:0123456789abcdefghijklmn"),
        ),
        remote(
            "remote-max-message-size-is-ignored",
            "webrtc-pc#dfn-update-the-data-max-message-size",
            "a=max-message-size of the other side is not read.",
            |text| sdp::without(text, "a=max-message-size:"),
        ),
        remote(
            "remote-trickle-option-is-ignored",
            "RFC9429#section-4.1.20",
            "a=ice-options of the other side is not read.",
            |text| sdp::without(text, "a=ice-options:"),
        ),
        remote(
            "remote-direction-is-read-as-inactive",
            "RFC9429#section-5.10",
            "The direction of every section is read as inactive.",
            |text| {
                sdp::lines(text, |line| {
                    Some(match line {
                        "a=sendrecv" | "a=sendonly" | "a=recvonly" => "a=inactive".to_owned(),
                        other => other.to_owned(),
                    })
                })
            },
        ),
        remote(
            "remote-msid-is-ignored",
            "RFC9429#section-5.8.2",
            "a=msid of the other side is not read.",
            |text| sdp::without(text, "a=msid:"),
        ),
        remote(
            "remote-rids-are-ignored",
            "RFC9429#section-5.8.2",
            "a=rid and a=simulcast of the other side are not read.",
            |text| {
                sdp::lines(text, |line| {
                    (!line.starts_with("a=rid:") && !line.starts_with("a=simulcast:"))
                        .then(|| line.to_owned())
                })
            },
        ),
        remote(
            "unknown-lines-are-errors",
            "RFC9429#section-5.8",
            "An attribute that the peer does not know makes the description one that cannot be parsed.",
            |text| {
                sdp::lines(text, |line| {
                    Some(if line.starts_with("a=unknown") {
                        "nonsense".to_owned()
                    } else {
                        line.to_owned()
                    })
                })
            },
        ),
        remote(
            "nonsense-is-overlooked",
            "RFC9429#section-5.8",
            "Lines that cannot be parsed are left out.",
            |text| {
                sdp::lines(text, |line| {
                    (line.get(1..2) == Some("=")).then(|| line.to_owned())
                })
            },
        ),
    ]
}
