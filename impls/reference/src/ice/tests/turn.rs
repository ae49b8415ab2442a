//! The TURN client and a server whose every answer is made by hand (RFC 8656).

use std::net::SocketAddr;
use std::time::Duration;

use glare_peer::SimTime;
use stun_types::attribute::{
    AlternateServer, AttributeWrite, ErrorCode, Nonce, Realm, Username, XorMappedAddress,
};
use stun_types::message::{
    IntegrityAlgorithm, IntegrityKey, LongTermCredentials, Message, MessageClass, MessageType,
    MessageWrite as _, MessageWriteExt as _, MessageWriteVec, Method,
};
use turn_types::AddressFamily;
use turn_types::attribute::{
    ChannelNumber, Data, Lifetime, RequestedAddressFamily, XorPeerAddress, XorRelayedAddress,
};
use turn_types::channel::ChannelData;
use turn_types::message::{ALLOCATE, CHANNEL_BIND, CREATE_PERMISSION, REFRESH, SEND};

use super::network::address;
use crate::ice::turn::{TurnClient, TurnEvent};

const RELAYED: &str = "198.51.100.1:50000";
const PEER: &str = "192.0.2.7:7000";

fn key() -> IntegrityKey {
    let credentials = LongTermCredentials::new("user".to_owned(), "secret".to_owned());
    credentials
        .to_key("example.org".to_owned())
        .make_key(IntegrityAlgorithm::Sha1)
}

struct Bench {
    client: TurnClient,
    now: SimTime,
}

impl Bench {
    fn new(local: &str) -> Bench {
        let local = local.parse().unwrap();
        let rng = fastrand::Rng::with_seed(1);
        let mut client = TurnClient::new("user", "secret", local, false, rng);
        client.allocate(SimTime::ZERO);
        Bench {
            client,
            now: SimTime::ZERO,
        }
    }

    /// The request that was sent last, which has this method.
    fn request(&mut self, method: Method) -> Vec<u8> {
        let packets: Vec<Vec<u8>> = std::iter::from_fn(|| self.client.transmit()).collect();
        let packet = packets.last().expect("a request was sent").clone();
        assert!(Message::from_bytes(&packet).unwrap().has_method(method));
        packet
    }

    fn succeed(&mut self, request: &[u8], attributes: &[&dyn AttributeWrite]) {
        self.answer(request, MessageClass::Success, attributes, Some(&key()));
    }

    fn refuse(&mut self, request: &[u8], code: u16, attributes: &[&dyn AttributeWrite]) {
        let error = ErrorCode::new(code, "because").unwrap();
        let attributes = [&[&error as &dyn AttributeWrite], attributes].concat();
        self.answer(request, MessageClass::Error, &attributes, None);
    }

    fn answer(
        &mut self,
        request: &[u8],
        class: MessageClass,
        attributes: &[&dyn AttributeWrite],
        key: Option<&IntegrityKey>,
    ) {
        let request = Message::from_bytes(request).unwrap();
        let message_type = MessageType::from_class_method(class, request.method());
        let mut answer = Message::builder(message_type, request.transaction_id(), MessageWriteVec::new());
        for attribute in attributes {
            answer.add_attribute(*attribute).unwrap();
        }
        if let Some(key) = key {
            answer
                .add_message_integrity_with_key(key, IntegrityAlgorithm::Sha1)
                .unwrap();
        }
        assert!(self.client.input(self.now, &answer.finish()));
    }

    /// Answers the first request with 401, and gives the second one, which is authenticated.
    fn challenge(&mut self) -> Vec<u8> {
        let first = self.request(ALLOCATE);
        let (realm, nonce) = (Realm::new("example.org").unwrap(), Nonce::new("one").unwrap());
        self.refuse(&first, 401, &[&realm, &nonce]);
        let second = self.request(ALLOCATE);
        let message = Message::from_bytes(&second).unwrap();
        assert!(message.validate_integrity_with_key(&key()).is_ok());
        assert_eq!(message.attribute::<Username>().unwrap().username(), "user");
        second
    }

    /// A client with an allocation of this lifetime.
    fn allocated(lifetime: u32) -> Bench {
        let mut bench = Bench::new("10.0.0.1");
        let request = bench.challenge();
        let id = Message::from_bytes(&request).unwrap().transaction_id();
        bench.succeed(
            &request,
            &[
                &XorRelayedAddress::new(address(RELAYED), id),
                &XorMappedAddress::new(address("203.0.113.9:7000"), id),
                &Lifetime::new(lifetime),
            ],
        );
        assert_eq!(bench.client.event(), Some(TurnEvent::Allocated));
        assert_eq!(bench.client.relayed(), Some(address(RELAYED)));
        bench
    }

    /// A client with an allocation and a permission for the peer.
    fn permitted() -> Bench {
        let mut bench = Bench::allocated(100_000);
        bench.client.send(bench.now, address(PEER), b"early");
        let request = bench.request(CREATE_PERMISSION);
        bench.succeed(&request, &[]);
        bench
    }

    fn advance(&mut self, span: Duration) {
        self.now += span;
        self.client.advance(self.now);
    }
}

fn failure(bench: &mut Bench) -> (u16, String) {
    match bench.client.event() {
        Some(TurnEvent::Failed { code, reason }) => (code, reason),
        other => panic!("{other:?}"),
    }
}

/// RFC 5769 section 2.4: a request with long-term credentials, whose password is given here as SASLprep leaves it.
const SAMPLE_LONG_TERM_REQUEST: &str = "00 01 00 60 21 12 a4 42 78 ad 34 33 c6 ad 72 c0 29 da 41 2e \
    00 06 00 12 e3 83 9e e3 83 88 e3 83 aa e3 83 83 e3 82 af e3 82 b9 00 00 \
    00 15 00 1c 66 2f 2f 34 39 39 6b 39 35 34 64 36 4f 4c 33 34 6f 4c 39 46 53 54 76 79 36 34 73 41 \
    00 14 00 0b 65 78 61 6d 70 6c 65 2e 6f 72 67 00 \
    00 08 00 14 f6 70 24 65 6d d6 4a 3e 02 b8 e0 71 2e 85 c9 a2 8c a8 96 66";

#[test]
fn the_long_term_sample_of_rfc_5769_is_authentic() {
    let packet: Vec<u8> = SAMPLE_LONG_TERM_REQUEST
        .split_whitespace()
        .map(|byte| u8::from_str_radix(byte, 16).unwrap())
        .collect();
    let message = Message::from_bytes(&packet).unwrap();
    let username = message.attribute::<Username>().unwrap().username().to_owned();
    let realm = message.attribute::<Realm>().unwrap().realm().to_owned();
    let key = |password: &str| {
        LongTermCredentials::new(username.clone(), password.to_owned())
            .to_key(realm.clone())
            .make_key(IntegrityAlgorithm::Sha1)
    };
    assert!(message.validate_integrity_with_key(&key("TheMatrIX")).is_ok());
    assert!(message.validate_integrity_with_key(&key("TheMatrix")).is_err());
}

#[test]
fn a_second_401_is_the_end() {
    let mut bench = Bench::new("10.0.0.1");
    let request = bench.challenge();
    let (realm, nonce) = (Realm::new("example.org").unwrap(), Nonce::new("two").unwrap());
    bench.refuse(&request, 401, &[&realm, &nonce]);
    assert_eq!(failure(&mut bench), (401, "because".to_owned()));
}

#[test]
fn a_stale_nonce_is_replaced_but_not_for_ever() {
    let mut bench = Bench::new("10.0.0.1");
    let mut request = bench.challenge();
    for number in 0..2 {
        let nonce = Nonce::new(&format!("fresh{number}")).unwrap();
        bench.refuse(&request, 438, &[&nonce]);
        request = bench.request(ALLOCATE);
        let message = Message::from_bytes(&request).unwrap();
        assert_eq!(message.attribute::<Nonce>().unwrap().nonce(), nonce.nonce());
    }
    bench.refuse(&request, 438, &[&Nonce::new("again").unwrap()]);
    assert_eq!(failure(&mut bench).0, 438);
}

#[test]
fn a_mismatch_a_quota_and_other_refusals_are_told_by_their_codes() {
    for code in [437, 440, 442, 486, 508, 400, 420] {
        let mut bench = Bench::new("10.0.0.1");
        let request = bench.challenge();
        bench.refuse(&request, code, &[]);
        assert_eq!(failure(&mut bench), (code, "because".to_owned()));
    }
}

#[test]
fn a_300_names_another_server() {
    let mut bench = Bench::new("10.0.0.1");
    let request = bench.challenge();
    let other: SocketAddr = address("198.51.100.2:3478");
    bench.refuse(&request, 300, &[&AlternateServer::new(other)]);
    assert_eq!(bench.client.event(), Some(TurnEvent::Redirected(other)));
}

#[test]
fn an_allocation_without_an_answer_fails_with_701_and_one_with_a_forged_answer_too() {
    let mut bench = Bench::new("10.0.0.1");
    let request = bench.challenge();
    let id = Message::from_bytes(&request).unwrap().transaction_id();
    let relayed = XorRelayedAddress::new(address(RELAYED), id);
    bench.answer(&request, MessageClass::Success, &[&relayed], None);
    assert_eq!(
        bench.client.event(),
        None,
        "a success without integrity counts as lost"
    );
    while let Some(deadline) = bench.client.deadline() {
        bench.now = deadline;
        bench.client.advance(deadline);
    }
    assert_eq!(failure(&mut bench).0, 701);
}

#[test]
fn an_ipv6_host_asks_for_an_ipv6_relay() {
    let mut bench = Bench::new("2001:db8::1");
    let request = bench.request(ALLOCATE);
    let family = Message::from_bytes(&request)
        .unwrap()
        .attribute::<RequestedAddressFamily>();
    assert_eq!(family.unwrap().family(), AddressFamily::IPV6);
}

#[test]
fn what_is_sent_before_the_permission_follows_it() {
    let mut bench = Bench::permitted();
    let packet = bench.client.transmit().unwrap();
    let message = Message::from_bytes(&packet).unwrap();
    assert!(message.has_method(SEND) && message.has_class(MessageClass::Indication));
    let peer = message.attribute::<XorPeerAddress>().unwrap();
    assert_eq!(peer.addr(message.transaction_id()), address(PEER));
    assert_eq!(message.attribute::<Data>().unwrap().data(), b"early");
}

#[test]
fn a_peer_that_the_server_forbids_is_told() {
    let mut bench = Bench::allocated(600);
    bench.client.send(bench.now, address(PEER), b"early");
    let request = bench.request(CREATE_PERMISSION);
    bench.refuse(&request, 403, &[]);
    assert_eq!(bench.client.event(), Some(TurnEvent::Refused(address(PEER).ip())));
    assert!(bench.client.transmit().is_none());
}

#[test]
fn a_bound_channel_carries_data_both_ways_and_a_refused_one_does_not() {
    for is_refused in [false, true] {
        let mut bench = Bench::permitted();
        bench.client.bind(bench.now, address(PEER));
        let request = bench.request(CHANNEL_BIND);
        let message = Message::from_bytes(&request).unwrap();
        let number = message.attribute::<ChannelNumber>().unwrap().channel();
        assert_eq!(number, 0x4000);
        if is_refused {
            bench.refuse(&request, 400, &[]);
        } else {
            bench.succeed(&request, &[]);
        }
        bench.client.send(bench.now, address(PEER), b"12345");
        let packet = bench.client.transmit().unwrap();
        let channel_data = ChannelData::parse(&packet);
        assert_eq!(channel_data.is_err(), is_refused);
        let incoming = [0x40, 0x00, 0x00, 0x02, 8, 9];
        assert_eq!(bench.client.input(bench.now, &incoming), !is_refused);
        let data = TurnEvent::Data {
            peer: address(PEER),
            data: vec![8, 9],
        };
        assert_eq!(bench.client.event(), (!is_refused).then_some(data));
    }
}

#[test]
fn an_allocation_is_refreshed_before_it_expires_and_lost_when_the_server_forgot_it() {
    let mut bench = Bench::allocated(600);
    bench.advance(Duration::from_secs(539));
    assert!(bench.client.transmit().is_none());
    bench.advance(Duration::from_secs(1));
    let request = bench.request(REFRESH);
    bench.succeed(&request, &[&Lifetime::new(600)]);
    bench.advance(Duration::from_secs(540));
    let request = bench.request(REFRESH);
    bench.refuse(&request, 437, &[]);
    assert_eq!(bench.client.event(), Some(TurnEvent::Lost));
    assert_eq!(bench.client.relayed(), None);
    assert_eq!(bench.client.deadline(), None);
}

#[test]
fn a_permission_is_refreshed_while_it_is_used_and_not_longer() {
    let mut bench = Bench::permitted();
    bench.request(SEND);
    bench.client.send(bench.now, address(PEER), b"more");
    bench.request(SEND);
    bench.advance(Duration::from_secs(240));
    let request = bench.request(CREATE_PERMISSION);
    bench.succeed(&request, &[]);
    bench.advance(Duration::from_secs(240));
    assert!(bench.client.transmit().is_none());
    bench.client.send(bench.now, address(PEER), b"again");
    bench.request(CREATE_PERMISSION);
}
