use super::*;

fn hosts() -> [Mdns; 2] {
    let addresses = |text: &[&str]| {
        text.iter()
            .map(|text| text.parse().unwrap())
            .collect::<Vec<IpAddr>>()
    };
    [
        Mdns::new(&addresses(&["10.0.0.1", "fd00::1"])),
        Mdns::new(&addresses(&["fd00::2", "10.0.0.2"])),
    ]
}

/// Hands what one host sends to both, as its link does.
fn exchange(hosts: &mut [Mdns; 2]) -> usize {
    let mut count = 0;
    for sender in 0..2 {
        while let Some((source, destination, data)) = hosts[sender].take_datagram() {
            assert_eq!(source.port(), PORT);
            assert_eq!(destination, "224.0.0.251:5353".parse().unwrap());
            count += 1;
            hosts.iter_mut().for_each(|host| host.datagram(&data));
        }
    }
    count
}

const NAME: &str = "3c4b2d1e-0000-4000-8000-0123456789ab.local";

#[test]
fn a_name_that_a_neighbour_registered_resolves_to_all_its_addresses() {
    let mut hosts = hosts();
    let both: [IpAddr; 2] = ["10.0.0.2".parse().unwrap(), "fd00::2".parse().unwrap()];
    for address in both {
        hosts[1].register(NAME, address).unwrap();
    }
    hosts[0]
        .resolve(SimTime::ZERO, 7, &NAME.to_ascii_uppercase())
        .unwrap();
    while exchange(&mut hosts) > 0 {}
    assert_eq!(
        hosts[0].take_answer(),
        Some(Answer {
            question: 7,
            addresses: both.to_vec()
        })
    );
    assert_eq!(hosts[0].deadline(), None);
}

#[test]
fn a_name_of_nobody_is_asked_for_three_times_and_resolves_to_nothing() {
    let mut hosts = hosts();
    hosts[0].resolve(SimTime::ZERO, 1, NAME).unwrap();
    let mut times = Vec::new();
    let mut now = SimTime::ZERO;
    loop {
        hosts[0].poll(now);
        if exchange(&mut hosts) > 0 {
            times.push(now.as_nanos() / 1_000_000_000);
        }
        match hosts[0].deadline() {
            Some(at) => now = at,
            None => break,
        }
    }
    assert_eq!(times, [0, 1, 3]);
    assert_eq!(now, SimTime::from_millis(7_000));
    assert_eq!(
        hosts[0].take_answer().map(|answer| answer.addresses),
        Some(Vec::new())
    );
}

#[test]
fn only_names_of_a_link_are_taken() {
    for name in ["example.org", "local", ".local", "", "x..local"] {
        assert!(!Mdns::is_name(name), "{name:?}");
        let error = hosts()[0].resolve(SimTime::ZERO, 0, name).unwrap_err();
        assert_eq!(error, MdnsError::BadName(name.to_owned()));
    }
    assert!(Mdns::is_name("glare.local.") && Mdns::is_name("GLARE.LOCAL"));
}

#[test]
fn names_and_questions_are_bounded() {
    let mut host = hosts().into_iter().next().unwrap();
    for number in 0..MAX_NAMES {
        let address = "10.0.0.1".parse().unwrap();
        host.register(&format!("n{number}.local"), address).unwrap();
        host.resolve(SimTime::ZERO, number as u64, "x.local").unwrap();
    }
    assert_eq!(
        host.register("more.local", "10.0.0.1".parse().unwrap()),
        Err(MdnsError::TooMany)
    );
    assert_eq!(
        host.resolve(SimTime::ZERO, 999, "x.local"),
        Err(MdnsError::TooMany)
    );
}

#[test]
fn no_datagram_makes_it_panic() {
    let mut hosts = hosts();
    hosts[1].register(NAME, "10.0.0.2".parse().unwrap()).unwrap();
    hosts[0].resolve(SimTime::ZERO, 1, NAME).unwrap();
    let (_, _, query) = hosts[0].take_datagram().unwrap();
    hosts[1].datagram(&query);
    let (_, _, response) = hosts[1].take_datagram().unwrap();
    let mut rng = fastrand::Rng::with_seed(5);
    for _ in 0..50_000 {
        let mut data = if rng.bool() {
            query.clone()
        } else {
            response.clone()
        };
        for _ in 0..rng.usize(1..6) {
            let index = rng.usize(0..data.len());
            data[index] = rng.u8(..);
        }
        data.truncate(rng.usize(0..=data.len()));
        hosts[1].datagram(&data);
        while hosts[1].take_datagram().is_some() {}
        while hosts[1].take_answer().is_some() {}
    }
}
