//! Which section a packet goes to (RFC 9143 section 9.2).

use super::demultiplexer::{Arriving, Demultiplexer, Route, StreamRole};
use super::extension::Extensions;
use super::*;

/// Sections `a` and `b` share the payload type of VP8, and only `b` has that of VP9; `o` has Opus.
fn sections() -> Vec<Section> {
    let mut both = receiving("b", Codec::Vp8);
    both.receive.as_mut().unwrap().formats.push(format(Codec::Vp9));
    vec![receiving("a", Codec::Vp8), both, receiving("o", Codec::Opus)]
}

struct Table(Demultiplexer, SimTime);

impl Table {
    fn new(sections: &[Section]) -> Table {
        let mut demultiplexer = Demultiplexer::default();
        demultiplexer.configure(sections);
        Table(demultiplexer, SimTime::ZERO)
    }

    fn route(
        &mut self,
        ssrc: u32,
        payload_type: u8,
        extensions: Extensions<'_>,
    ) -> Option<(usize, StreamRole)> {
        let arriving = Arriving {
            ssrc,
            payload_type,
            extensions: &extensions,
        };
        let Route { section, role } = self.0.route(self.1, arriving)?;
        Some((section, role))
    }

    fn section(&mut self, ssrc: u32, payload_type: u8, mid: Option<&str>) -> Option<usize> {
        let extensions = Extensions {
            mid,
            ..Extensions::default()
        };
        Some(self.route(ssrc, payload_type, extensions)?.0)
    }
}

#[test]
fn the_mid_comes_first_then_the_ssrc_then_the_payload_type() {
    let mut table = Table::new(&sections());
    assert_eq!(
        table.section(1, 96, None),
        None,
        "two sections have the payload type"
    );
    assert_eq!(table.section(1, 96, Some("b")), Some(1));
    assert_eq!(table.section(1, 96, None), Some(1), "by its SSRC now");
    assert_eq!(
        table.section(2, 98, None),
        Some(1),
        "only one has the payload type"
    );
    assert_eq!(table.section(2, 96, None), Some(1), "which has latched the SSRC");
    assert_eq!(table.section(1, 96, Some("a")), Some(0), "the MID moves it");
    assert_eq!(table.section(1, 96, None), Some(0));
}

#[test]
fn a_packet_of_no_section_goes_nowhere() {
    let mut table = Table::new(&sections());
    assert_eq!(table.section(1, 96, Some("x")), None, "no such MID");
    assert_eq!(table.section(1, 77, None), None, "no such payload type");
    assert_eq!(table.section(1, 111, Some("a")), None, "not of this section");
    assert_eq!(table.section(1, 96, Some("a")), Some(0));
    assert_eq!(table.section(1, 96, Some("x")), None, "whatever its SSRC was");
    assert_eq!(table.0.section_of(1), Some(0));
}

#[test]
fn announced_ssrcs_and_their_repairs_are_known_from_the_beginning() {
    let mut sections = sections();
    let receive = sections[0].receive.as_mut().unwrap();
    receive.ssrcs = vec![5];
    receive.flow_identifications = vec![(6, 7)];
    let mut table = Table::new(&sections);
    assert_eq!(table.section(5, 96, None), Some(0));
    assert_eq!(table.section(6, 96, None), Some(0));
    let repair = table.route(7, 97, Extensions::default());
    assert_eq!(repair, Some((0, StreamRole::Repair { of: Some(6) })));
}

#[test]
fn rids_tell_streams_and_repairs_apart() {
    let mut sections = sections();
    sections[1].receive.as_mut().unwrap().rids = vec!["l".to_owned(), "h".to_owned()];
    let mut table = Table::new(&sections);
    let with = |rid, repaired_rid| Extensions {
        rid,
        repaired_rid,
        ..Extensions::default()
    };
    let media = |rid: &str| {
        Some((
            1,
            StreamRole::Media {
                rid: Some(rid.to_owned()),
            },
        ))
    };
    assert_eq!(
        table.route(1, 96, with(Some("l"), None)),
        media("l"),
        "only one section has the RID"
    );
    assert_eq!(table.route(2, 96, with(Some("h"), None)), media("h"));
    assert_eq!(
        table.route(1, 96, with(None, None)),
        media("l"),
        "it is remembered"
    );
    let repair = |of| Some((1, StreamRole::Repair { of }));
    assert_eq!(table.route(3, 97, with(None, Some("h"))), repair(Some(2)));
    assert_eq!(table.route(4, 97, with(None, Some("l"))), repair(Some(1)));
    assert_eq!(
        table.route(3, 97, with(None, None)),
        repair(Some(2)),
        "it is remembered"
    );
    let unknown = Extensions {
        mid: Some("b"),
        ..Extensions::default()
    };
    assert_eq!(
        table.route(9, 97, unknown),
        repair(None),
        "there are two to choose from"
    );
}

#[test]
fn many_ssrcs_do_not_grow_the_table_without_bound() {
    let mut table = Table::new(&sections());
    let accepted = (0..100_000)
        .filter(|ssrc| table.section(*ssrc, 111, None).is_some())
        .count();
    assert_eq!(accepted, 32);
    assert_eq!(table.section(5, 111, None), Some(2), "the first ones go on");
    table.1 = SimTime::from_millis(31_000);
    assert_eq!(
        table.section(200_000, 111, None),
        Some(2),
        "a silent one made room"
    );
    assert_eq!(
        table.section(5, 96, Some("a")),
        Some(0),
        "other sections are not touched"
    );
}

#[test]
fn what_was_learned_stays_when_sections_move_and_goes_when_they_go() {
    let mut before = sections();
    let mut table = Table::new(&before);
    assert_eq!(table.section(1, 96, Some("b")), Some(1));
    before.swap(0, 1);
    table.0.configure(&before);
    assert_eq!(table.section(1, 96, None), Some(0));
    table.0.configure(&[receiving("a", Codec::Vp8)]);
    assert_eq!(table.0.section_of(1), None);
}

#[test]
fn both_sides_of_two_sections_with_the_same_payload_types_are_told_apart() {
    let mut pair = Pair::new(1);
    pair.configure(1, vec![receiving("x", Codec::Vp8), receiving("y", Codec::Vp8)]);
    pair.configure(
        0,
        vec![sending("x", Codec::Vp8, 10), sending("y", Codec::Vp8, 20)],
    );
    pair.loss = 0.05;
    pair.seconds(10);
    for (mid, ssrc) in [("x", 10), ("y", 20)] {
        assert_eq!(pair.inbound(1, ssrc).mid, mid);
        let frames = pair.frames(1, ssrc);
        assert!(
            frames.len() > 290 && are_consecutive(&numbers(&frames), numbers(&frames)[0]),
            "{mid}"
        );
    }
}
