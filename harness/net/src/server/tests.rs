use std::time::Duration;

use stun_types::attribute::{
    AttributeStaticType as _, ErrorCode, Nonce, RawAttribute, Realm, UnknownAttributes, Username,
};
use stun_types::message::{
    BINDING, IntegrityAlgorithm, LongTermKeyCredentials, Message, MessageClass, MessageType,
    MessageWrite as _, MessageWriteExt as _, MessageWriteVec, Method,
};

use super::message as format;
use super::*;

const SERVER: &str = "192.0.2.1:3478";
const CLIENT: &str = "10.0.0.1:5000";
const PEER: &str = "10.0.0.2:6000";

fn at(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

fn plan() -> ServerPlan {
    ServerPlan {
        port: DEFAULT_PORT,
        transports: [Transport::Udp, Transport::Tcp].into(),
        stun: true,
        turn: Some(TurnPlan {
            realm: "example".to_owned(),
            users: [("alice", "secret"), ("bob", "other")]
                .map(|(user, password)| (user.to_owned(), password.to_owned()))
                .into(),
            lifetime: Duration::from_secs(3600),
            nonce_lifetime: Duration::from_secs(1000),
            quota: None,
        }),
        faults: Vec::new(),
    }
}

fn turn(change: impl FnOnce(&mut TurnPlan)) -> ServerPlan {
    let mut plan = plan();
    change(plan.turn.as_mut().unwrap());
    plan
}

fn faulty(on: RequestKind, nth: Option<u32>, action: ServerFaultAction) -> ServerPlan {
    ServerPlan {
        faults: vec![ServerFault { on, nth, action }],
        ..plan()
    }
}

/// What a client is told.
#[derive(Debug)]
struct Told(Vec<u8>);

impl Told {
    fn message(&self) -> Message<'_> {
        Message::from_bytes(&self.0).unwrap()
    }

    /// 0 for success.
    fn code(&self) -> u16 {
        let message = self.message();
        match message.has_class(MessageClass::Success) {
            true => 0,
            false => message.attribute::<ErrorCode>().unwrap().code(),
        }
    }

    fn address(&self, kind: stun_types::attribute::AttributeType) -> SocketAddr {
        format::addresses(&self.message(), kind).unwrap()[0]
    }

    fn lifetime(&self) -> u32 {
        u32::from_be_bytes(format::value(&self.message(), format::LIFETIME).unwrap())
    }
}

/// A client, its server and the time.
struct World {
    server: Server,
    now: SimTime,
    user: &'static str,
    password: &'static str,
    nonce: Option<String>,
    client: SocketAddr,
    transaction: u128,
}

impl World {
    fn new(plan: ServerPlan) -> World {
        let addresses = ["192.0.2.1", "2001:db8::1"].map(|text| text.parse().unwrap());
        World {
            server: Server::new(plan, &addresses, 1),
            now: SimTime::from_millis(1),
            user: "alice",
            password: "secret",
            nonce: None,
            client: at(CLIENT),
            transaction: 0,
        }
    }

    fn request(&mut self, method: Method, attributes: &[RawAttribute<'_>], authentic: bool) -> Vec<u8> {
        self.transaction += 1;
        let kind = MessageType::from_class_method(MessageClass::Request, method);
        let mut message = Message::builder(kind, self.transaction.into(), MessageWriteVec::new());
        for attribute in attributes {
            message.push_attribute_unchecked(attribute);
        }
        if let (true, Some(nonce)) = (authentic, &self.nonce) {
            message.add_attribute(&Username::new(self.user).unwrap()).unwrap();
            message.add_attribute(&Realm::new("example").unwrap()).unwrap();
            message.add_attribute(&Nonce::new(nonce).unwrap()).unwrap();
            let credentials = LongTermKeyCredentials::new(
                self.user.to_owned(),
                self.password.to_owned(),
                "example".to_owned(),
            );
            let key = credentials.make_key(IntegrityAlgorithm::Sha1);
            message
                .add_message_integrity_with_key(&key, IntegrityAlgorithm::Sha1)
                .unwrap();
        }
        message.finish()
    }

    fn send(&mut self, data: &[u8]) -> Option<Told> {
        self.server.datagram(self.now, at(SERVER), self.client, data);
        match self.server.take_output() {
            Some(ServerOutput::Datagram {
                source,
                destination,
                data,
            }) => {
                assert_eq!((source, destination), (at(SERVER), self.client));
                Some(Told(data))
            }
            None => None,
            other => panic!("{other:?}"),
        }
    }

    /// Sends a request without credentials first if there is no nonce yet.
    fn ask(&mut self, method: Method, attributes: &[RawAttribute<'_>]) -> Option<Told> {
        if self.nonce.is_none() {
            let challenge = self.request(method, attributes, false);
            let challenge = self.send(&challenge)?;
            assert_eq!(challenge.code(), 401);
            self.take_nonce(&challenge);
        }
        let request = self.request(method, attributes, true);
        self.send(&request)
    }

    fn take_nonce(&mut self, told: &Told) {
        let message = told.message();
        assert_eq!(message.attribute::<Realm>().unwrap().realm(), "example");
        self.nonce = Some(message.attribute::<Nonce>().unwrap().nonce().to_owned());
    }

    fn allocate(&mut self) -> Told {
        self.ask(format::ALLOCATE, &[transport()]).unwrap()
    }

    fn allocated(&mut self) -> SocketAddr {
        let told = self.allocate();
        assert_eq!(told.code(), 0);
        told.address(format::XOR_RELAYED_ADDRESS)
    }

    fn permit(&mut self, peer: &str) -> u16 {
        let peer = self.peer(peer);
        self.ask(format::CREATE_PERMISSION, &[peer]).unwrap().code()
    }

    fn bind(&mut self, number: u16, peer: &str) -> u16 {
        let peer = self.peer(peer);
        let number = format::number(format::CHANNEL_NUMBER, u32::from(number) << 16);
        self.ask(format::CHANNEL_BIND, &[number, peer]).unwrap().code()
    }

    fn refresh(&mut self, seconds: u32) -> Told {
        let lifetime = format::number(format::LIFETIME, seconds);
        self.ask(format::REFRESH, &[lifetime]).unwrap()
    }

    /// The attribute for the next request; the transaction is that of the request after the challenge.
    fn peer(&self, peer: &str) -> RawAttribute<'static> {
        assert!(self.nonce.is_some(), "allocate first");
        format::address(format::XOR_PEER_ADDRESS, at(peer), (self.transaction + 1).into())
    }

    fn peer_datagram(&mut self, relayed: SocketAddr, peer: &str, data: &[u8]) -> Option<Told> {
        assert!(self.server.takes(relayed));
        self.server.datagram(self.now, relayed, at(peer), data);
        self.server.take_output().map(|output| match output {
            ServerOutput::Datagram { data, .. } => Told(data),
            other => panic!("{other:?}"),
        })
    }

    fn send_indication(&mut self, peer: &str, data: &[u8]) -> Option<ServerOutput> {
        let kind = MessageType::from_class_method(MessageClass::Indication, format::SEND);
        let mut message = Message::builder(kind, 7.into(), MessageWriteVec::new());
        message.push_attribute_unchecked(&format::address(format::XOR_PEER_ADDRESS, at(peer), 7.into()));
        message.push_attribute_unchecked(&RawAttribute::new(format::DATA, data));
        self.server
            .datagram(self.now, at(SERVER), self.client, &message.finish());
        self.server.take_output()
    }

    fn later(&mut self, seconds: u64) {
        self.now += Duration::from_secs(seconds);
    }
}

fn transport() -> RawAttribute<'static> {
    format::number(format::REQUESTED_TRANSPORT, 17 << 24)
}

fn family(kind: stun_types::attribute::AttributeType, family: u32) -> RawAttribute<'static> {
    format::number(kind, family << 24)
}

#[test]
fn a_binding_request_is_answered_with_where_it_came_from() {
    let mut world = World::new(ServerPlan { turn: None, ..plan() });
    for client in [CLIENT, "[fd00::1]:5000"] {
        world.client = at(client);
        let request = world.request(BINDING, &[], false);
        let told = world.send(&request).unwrap();
        assert_eq!(told.address(format::XOR_MAPPED_ADDRESS), at(client));
    }
    let unknown = world.request(BINDING, &[format::number(format::LIFETIME, 1)], false);
    let told = world.send(&unknown).unwrap();
    assert_eq!(told.code(), 420);
    let unknown = told.message().attribute::<UnknownAttributes>().unwrap();
    assert!(unknown.has_attribute(format::LIFETIME));
}

#[test]
fn a_request_without_credentials_gets_401_and_then_an_allocation() {
    let mut world = World::new(plan());
    let told = world.allocate();
    assert_eq!(told.code(), 0);
    let relayed = told.address(format::XOR_RELAYED_ADDRESS);
    assert_eq!(relayed.ip(), at(SERVER).ip());
    assert!(world.server.takes(relayed));
    assert_eq!(told.address(format::XOR_MAPPED_ADDRESS), at(CLIENT));
    assert_eq!(told.lifetime(), 600);
    let key = LongTermKeyCredentials::new("alice".into(), "secret".into(), "example".into())
        .make_key(IntegrityAlgorithm::Sha1);
    assert!(told.message().validate_integrity_with_key(&key).is_ok());
}

#[test]
fn an_allocate_request_that_comes_again_gets_the_same_answer_and_another_gets_437() {
    let mut world = World::new(plan());
    let first = world.allocate();
    let again = {
        world.transaction -= 1;
        let request = world.request(format::ALLOCATE, &[transport()], true);
        world.send(&request).unwrap()
    };
    assert_eq!(first.0, again.0);
    assert_eq!(world.allocate().code(), 437);
}

#[test]
fn wrong_credentials_get_401_and_missing_ones_400() {
    let mut world = World::new(plan());
    world.password = "guess";
    let told = world.allocate();
    assert_eq!(told.code(), 401);
    assert!(told.message().has_attribute(Nonce::TYPE));
    world.password = "secret";
    world.user = "mallory";
    assert_eq!(world.allocate().code(), 401);
}

#[test]
fn an_old_nonce_gets_438_with_a_new_one_and_one_that_is_not_ours_too() {
    let mut world = World::new(turn(|turn| turn.nonce_lifetime = Duration::from_secs(10)));
    world.allocated();
    world.later(11);
    let told = world.refresh(600);
    assert_eq!(told.code(), 438);
    world.take_nonce(&told);
    assert_eq!(world.refresh(600).code(), 0);
    world.nonce = Some("0000000000000001ffffffffffffffff".to_owned());
    assert_eq!(world.refresh(600).code(), 438);
    world.nonce = Some("x".to_owned());
    assert_eq!(world.refresh(600).code(), 438);
}

#[test]
fn the_allocation_of_one_user_is_not_another_users() {
    let mut world = World::new(plan());
    world.allocated();
    (world.user, world.password) = ("bob", "other");
    assert_eq!(world.refresh(600).code(), 441);
}

#[test]
fn quotas_transports_families_and_reservations_are_refused_with_their_codes() {
    let mut world = World::new(turn(|turn| turn.quota = Some(1)));
    let even = RawAttribute::new(format::EVEN_PORT, &[0x80]);
    let token = RawAttribute::new(format::RESERVATION_TOKEN, &[0; 8]);
    let v6 = || family(format::REQUESTED_ADDRESS_FAMILY, 2);
    for (attributes, code) in [
        (vec![], 400),
        (vec![format::number(format::REQUESTED_TRANSPORT, 6 << 24)], 442),
        (
            vec![transport(), family(format::REQUESTED_ADDRESS_FAMILY, 3)],
            440,
        ),
        (vec![transport(), even.clone()], 508),
        (vec![transport(), token.clone()], 508),
        (vec![transport(), token, v6()], 400),
        (
            vec![transport(), v6(), family(format::ADDITIONAL_ADDRESS_FAMILY, 2)],
            400,
        ),
        (
            vec![transport(), family(format::ADDITIONAL_ADDRESS_FAMILY, 1)],
            400,
        ),
        (
            vec![
                transport(),
                format::number(stun_types::attribute::AttributeType::new(0x001a), 0),
            ],
            420,
        ),
    ] {
        assert_eq!(
            world.ask(format::ALLOCATE, &attributes).unwrap().code(),
            code,
            "{attributes:?}"
        );
    }
    world.allocated();
    world.client = at("10.0.0.1:5001");
    assert_eq!(world.allocate().code(), 486);
}

#[test]
fn ipv6_is_relayed_alone_or_beside_ipv4() {
    let mut world = World::new(plan());
    let told = world
        .ask(
            format::ALLOCATE,
            &[transport(), family(format::REQUESTED_ADDRESS_FAMILY, 2)],
        )
        .unwrap();
    assert!(told.address(format::XOR_RELAYED_ADDRESS).is_ipv6());
    assert_eq!(world.permit(PEER), 443);
    assert_eq!(world.permit("[fd00::2]:1"), 0);
    world.client = at("10.0.0.1:5001");
    let told = world
        .ask(
            format::ALLOCATE,
            &[transport(), family(format::ADDITIONAL_ADDRESS_FAMILY, 2)],
        )
        .unwrap();
    let both = format::addresses(&told.message(), format::XOR_RELAYED_ADDRESS).unwrap();
    assert_eq!(
        both.iter().map(SocketAddr::is_ipv4).collect::<Vec<_>>(),
        [true, false]
    );
}

#[test]
fn an_allocation_lives_as_long_as_it_was_granted_and_no_longer() {
    for (asked, granted) in [(1, 600), (1000, 1000), (100_000, 3600)] {
        let mut world = World::new(plan());
        let lifetime = format::number(format::LIFETIME, asked);
        let told = world.ask(format::ALLOCATE, &[transport(), lifetime]).unwrap();
        assert_eq!(told.lifetime(), granted);
        let relayed = told.address(format::XOR_RELAYED_ADDRESS);
        world.later(u64::from(granted) - 1);
        world.nonce = None;
        assert_eq!(world.refresh(600).code(), 0);
        world.later(601);
        world.nonce = None;
        assert_eq!(world.refresh(600).code(), 437);
        assert!(!world.server.takes(relayed));
    }
    let mut world = World::new(turn(|turn| turn.lifetime = Duration::from_secs(20)));
    assert_eq!(world.allocate().lifetime(), 20);
}

#[test]
fn a_refresh_to_zero_ends_an_allocation() {
    let mut world = World::new(plan());
    let relayed = world.allocated();
    let told = world.refresh(0);
    assert_eq!((told.code(), told.lifetime()), (0, 0));
    assert!(!world.server.takes(relayed));
    assert_eq!(world.refresh(600).code(), 437);
}

#[test]
fn data_goes_between_client_and_peer_only_with_a_permission() {
    let mut world = World::new(plan());
    let relayed = world.allocated();
    assert_eq!(world.send_indication(PEER, b"hello"), None);
    assert!(world.peer_datagram(relayed, PEER, b"hello").is_none());
    assert_eq!(world.permit(PEER), 0);
    assert_eq!(
        world.send_indication(PEER, b"hello"),
        Some(ServerOutput::Datagram {
            source: relayed,
            destination: at(PEER),
            data: b"hello".to_vec()
        })
    );
    // A permission is for an address, whatever the port (RFC 8656 section 9).
    let told = world.peer_datagram(relayed, "10.0.0.2:6001", b"back").unwrap();
    assert_eq!(told.message().method(), format::DATA_METHOD);
    assert_eq!(told.address(format::XOR_PEER_ADDRESS), at("10.0.0.2:6001"));
    let data = told.message().raw_attribute(format::DATA).unwrap().value.to_vec();
    assert_eq!(data, b"back");
    assert!(world.peer_datagram(relayed, "10.0.0.3:6000", b"back").is_none());
    world.later(301);
    assert!(
        world.peer_datagram(relayed, PEER, b"late").is_none(),
        "permissions last 300 s"
    );
}

#[test]
fn a_channel_carries_data_both_ways_and_belongs_to_one_peer() {
    let mut world = World::new(plan());
    let relayed = world.allocated();
    assert_eq!(world.bind(0x3fff, PEER), 400);
    assert_eq!(world.bind(0x5000, PEER), 400);
    assert_eq!(world.bind(0x4000, PEER), 0);
    assert_eq!(world.bind(0x4000, PEER), 0, "a channel may be refreshed");
    assert_eq!(world.bind(0x4000, "10.0.0.2:6001"), 400);
    assert_eq!(world.bind(0x4001, PEER), 400);
    let told = world.peer_datagram(relayed, PEER, b"abc").unwrap();
    assert_eq!(told.0, b"\x40\x00\x00\x03abc");
    world
        .server
        .datagram(world.now, at(SERVER), at(CLIENT), b"\x40\x00\x00\x02hi");
    assert_eq!(
        world.server.take_output(),
        Some(ServerOutput::Datagram {
            source: relayed,
            destination: at(PEER),
            data: b"hi".to_vec()
        })
    );
}

#[test]
fn permissions_and_channels_are_bounded() {
    let mut world = World::new(plan());
    world.allocated();
    for number in 0..256_u16 {
        let [high, low] = number.to_be_bytes();
        assert_eq!(world.permit(&format!("10.1.{high}.{low}:1")), 0);
    }
    assert_eq!(world.permit("10.2.0.1:1"), 508);
    assert_eq!(world.bind(0x4000, "10.2.0.1:1"), 508);
}

#[test]
fn faults_befall_authentic_requests_and_silence_befalls_all() {
    let reject = |code| ServerFaultAction::Reject {
        code,
        alternate: None,
    };
    let mut world = World::new(faulty(RequestKind::Allocate, None, reject(486)));
    assert_eq!(world.allocate().code(), 486);
    let mut world = World::new(faulty(RequestKind::Refresh, Some(2), reject(438)));
    world.allocated();
    assert_eq!(world.refresh(600).code(), 0);
    let told = world.refresh(600);
    assert_eq!(told.code(), 438);
    world.take_nonce(&told);
    assert_eq!(world.refresh(600).code(), 0);
    let mut world = World::new(faulty(RequestKind::Any, None, ServerFaultAction::Silent));
    let request = world.request(BINDING, &[], false);
    assert!(world.send(&request).is_none());
    let alternate = Some(at("192.0.2.2:3478"));
    let action = ServerFaultAction::Reject { code: 300, alternate };
    let mut world = World::new(faulty(RequestKind::Binding, None, action));
    let request = world.request(BINDING, &[], false);
    let told = world.send(&request).unwrap();
    let other = told
        .message()
        .attribute::<stun_types::attribute::AlternateServer>()
        .unwrap();
    assert_eq!((told.code(), Some(other.server())), (300, alternate));
}

#[test]
fn a_server_without_turn_or_without_stun_does_without() {
    let mut world = World::new(ServerPlan { turn: None, ..plan() });
    let request = world.request(format::ALLOCATE, &[transport()], false);
    assert_eq!(world.send(&request).unwrap().code(), 400);
    let mut world = World::new(ServerPlan {
        stun: false,
        ..plan()
    });
    let request = world.request(BINDING, &[], false);
    assert!(world.send(&request).is_none());
}

#[test]
fn over_tcp_messages_are_answered_on_their_connection_with_which_the_allocation_ends() {
    let mut world = World::new(plan());
    let addresses = ["192.0.2.1".parse().unwrap()];
    let mut tcp = TcpStack::new(&addresses, 1);
    world.server.addresses = addresses.to_vec();
    world.server.start(&mut tcp).unwrap();
    // Any id will do for a connection.
    let connection = tcp.connect(at("192.0.2.1:0"), at("192.0.2.9:1")).unwrap();
    let listener = *world.server.listeners.first().unwrap();
    world.server.tcp(
        world.now,
        TcpEvent::Accepted {
            listener,
            connection,
            local: at(SERVER),
            remote: at(CLIENT),
        },
    );
    let send = |world: &mut World, data: Vec<u8>| {
        world
            .server
            .tcp(world.now, TcpEvent::Received { connection, data });
        match world.server.take_output() {
            Some(ServerOutput::Stream { connection: on, data }) if on == connection => Told(data),
            other => panic!("{other:?}"),
        }
    };
    let request = world.request(format::ALLOCATE, &[transport()], false);
    let told = send(&mut world, request);
    world.take_nonce(&told);
    let request = world.request(format::ALLOCATE, &[transport()], true);
    let told = send(&mut world, request);
    assert_eq!(told.code(), 0);
    let relayed = told.address(format::XOR_RELAYED_ADDRESS);
    let (peer, number) = (
        world.peer(PEER),
        format::number(format::CHANNEL_NUMBER, 0x4000 << 16),
    );
    let request = world.request(format::CHANNEL_BIND, &[number, peer], true);
    assert_eq!(send(&mut world, request).code(), 0);
    world.server.datagram(world.now, relayed, at(PEER), b"abc");
    assert_eq!(
        world.server.take_output(),
        Some(ServerOutput::Stream {
            connection,
            data: b"\x40\x00\x00\x03abc\0".to_vec()
        }),
        "padded, RFC 8656 section 12.5"
    );
    world.server.tcp(world.now, TcpEvent::Closed { connection });
    assert!(!world.server.takes(relayed));
}

#[test]
fn what_is_no_stun_resets_a_connection_and_no_datagram_makes_a_server_panic() {
    let mut world = World::new(plan());
    let relayed = world.allocated();
    let seen = [
        world.request(format::ALLOCATE, &[transport()], true),
        world.request(format::REFRESH, &[format::number(format::LIFETIME, 7)], true),
        b"\x40\x00\x00\x03abc".to_vec(),
    ];
    let mut rng = Rng::with_seed(3);
    for _ in 0..50_000 {
        let mut data = seen[rng.usize(0..seen.len())].clone();
        for _ in 0..rng.usize(0..5) {
            let index = rng.usize(0..data.len());
            data[index] = rng.u8(..);
        }
        data.truncate(rng.usize(0..=data.len()));
        let to = if rng.bool() { at(SERVER) } else { relayed };
        world.server.datagram(world.now, to, at(CLIENT), &data);
        while world.server.take_output().is_some() {}
    }
}
