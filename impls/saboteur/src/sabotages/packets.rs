//! Packets, where a step below the interface is left out.

use glare_peer::Interface;

use super::sabotage;
use crate::Sabotage;
use crate::fault::{DatagramFault, Fault};

const CONNECTION_STATE: (Interface, &str) = (Interface::PeerConnection, "connectionState");
const ICE_STATE: (Interface, &str) = (Interface::IceTransport, "state");
const DTLS_STATE: (Interface, &str) = (Interface::DtlsTransport, "state");

fn sent(
    name: &'static str,
    member: (Interface, &'static str),
    clause: &'static str,
    what: &'static str,
    which: fn(&[u8]) -> bool,
    how: DatagramFault,
) -> Sabotage {
    let fault = Fault::Datagrams {
        sent: true,
        which,
        how,
    };
    sabotage(name, member, clause, what, fault)
}

fn received(
    name: &'static str,
    member: (Interface, &'static str),
    clause: &'static str,
    what: &'static str,
    which: fn(&[u8]) -> bool,
    how: DatagramFault,
) -> Sabotage {
    let fault = Fault::Datagrams {
        sent: false,
        which,
        how,
    };
    sabotage(name, member, clause, what, fault)
}

/// RFC 8489 section 5: a request has neither bit of the class.
fn stun_request(data: &[u8]) -> bool {
    matches!(data, [first @ 0..=3, second, ..] if (first & 1, second & 0x10) == (0, 0))
}

/// A success response has the higher bit of the class.
fn stun_success(data: &[u8]) -> bool {
    matches!(data, [first @ 0..=3, second, ..] if (first & 1, second & 0x10) == (1, 0))
}

fn dtls(data: &[u8]) -> bool {
    matches!(data.first(), Some(20..=63))
}

/// RFC 6347 section 4.1: content type 21, or a record of 1.3, which tells nothing.
fn dtls_alert(data: &[u8]) -> bool {
    data.first() == Some(&21)
}

/// Content type 23, or an encrypted record of DTLS 1.3.
fn dtls_application(data: &[u8]) -> bool {
    matches!(data.first(), Some(23 | 32..=63))
}

/// RFC 7983: RTP and RTCP; of these RTCP has packet types 192 to 223 (RFC 5761 section 4).
fn rtcp(data: &[u8]) -> bool {
    matches!(data, [128..=191, 192..=223, ..])
}

fn rtp(data: &[u8]) -> bool {
    matches!(data, [128..=191, second, ..] if !(192..=223).contains(second))
}

pub(super) fn sabotages() -> Vec<Sabotage> {
    vec![
        sent(
            "checks-are-not-sent",
            ICE_STATE,
            "RFC8445#section-7.2",
            "No STUN request is sent.",
            stun_request,
            DatagramFault::Drop,
        ),
        sent(
            "checks-are-not-answered",
            ICE_STATE,
            "RFC8445#section-7.3",
            "No STUN request is answered.",
            stun_success,
            DatagramFault::Drop,
        ),
        sent(
            "checks-are-not-authenticated",
            ICE_STATE,
            "RFC8445#section-7.1",
            "STUN requests have a wrong last byte, as with a wrong FINGERPRINT.",
            stun_request,
            DatagramFault::Corrupt,
        ),
        sent(
            "consent-is-not-asked-for",
            CONNECTION_STATE,
            "RFC7675#section-5.1",
            "After twelve STUN requests no more are sent.",
            stun_request,
            DatagramFault::DropAfter(12),
        ),
        sent(
            "consent-is-not-given",
            CONNECTION_STATE,
            "RFC7675#section-5.1",
            "After twelve answers STUN requests are not answered.",
            stun_success,
            DatagramFault::DropAfter(12),
        ),
        received(
            "answers-to-checks-are-not-heard",
            ICE_STATE,
            "RFC8445#section-7.2.5",
            "No response of STUN is looked at.",
            stun_success,
            DatagramFault::Drop,
        ),
        sent(
            "dtls-is-not-sent",
            DTLS_STATE,
            "RFC8827#section-6.5",
            "Nothing of DTLS is sent.",
            dtls,
            DatagramFault::Drop,
        ),
        sent(
            "dtls-is-corrupt",
            DTLS_STATE,
            "RFC6347#section-4.1.2",
            "The last byte of everything of DTLS is wrong.",
            dtls,
            DatagramFault::Corrupt,
        ),
        sent(
            "closing-is-not-told-by-dtls",
            DTLS_STATE,
            "webrtc-pc#dfn-close-the-connection",
            "No alert of DTLS is sent.",
            dtls_alert,
            DatagramFault::Drop,
        ),
        received(
            "alerts-of-dtls-are-not-heard",
            DTLS_STATE,
            "webrtc-pc#dom-rtcdtlstransportstate-closed",
            "No alert of DTLS is looked at.",
            dtls_alert,
            DatagramFault::Drop,
        ),
        sent(
            "application-data-is-not-sent",
            (Interface::DataChannel, "send"),
            "RFC8831#section-6.6",
            "Nothing is sent over an established DTLS connection.",
            dtls_application,
            DatagramFault::Drop,
        ),
        sent(
            "application-data-ends-after-twenty-records",
            (Interface::DataChannel, "send"),
            "RFC8831#section-6.6",
            "After twenty records of application data no more are sent.",
            dtls_application,
            DatagramFault::DropAfter(20),
        ),
        sent(
            "rtp-is-not-sent",
            (Interface::RtpSender, "track"),
            "webrtc-pc#rtp-media-api",
            "No RTP is sent.",
            rtp,
            DatagramFault::Drop,
        ),
        sent(
            "rtp-is-corrupt",
            (Interface::RtpSender, "track"),
            "RFC3711#section-3.3",
            "The last byte of every RTP packet is wrong.",
            rtp,
            DatagramFault::Corrupt,
        ),
        sent(
            "rtcp-is-not-sent",
            (Interface::RtpReceiver, "getStats"),
            "RFC3550#section-6",
            "No RTCP is sent.",
            rtcp,
            DatagramFault::Drop,
        ),
        received(
            "rtcp-is-not-heard",
            (Interface::RtpSender, "getStats"),
            "RFC3550#section-6",
            "No RTCP is looked at.",
            rtcp,
            DatagramFault::Drop,
        ),
    ]
}
