//! Descriptions of any size end in an error, or in time that is linear in their length.

use glare_peer::SdpType;

use super::super::fixtures::{BROWSER_OFFER, DATA_OFFER, parsed, replace_line};
use super::super::limits::{MAX_FINGERPRINTS, MAX_GROUPS, MAX_MEDIA_SECTIONS};
use super::super::{Description, SdpError};

fn refused(text: &str) -> SdpError {
    Description::parse(text).unwrap_err()
}

#[test]
fn descriptions_beyond_the_limits_are_refused_with_the_line() {
    let long = format!("{DATA_OFFER}a=x:{}\r\n", "x".repeat(70_000));
    assert_eq!(refused(&long).line, 17);
    let huge = format!("{DATA_OFFER}{}", "a=x:y\r\n".repeat(1_500_000));
    assert_eq!(refused(&huge).line, 1);
    let section = "m=audio 0 RTP/AVP 0\r\nc=IN IP4 0.0.0.0\r\n";
    let sections = format!("{DATA_OFFER}{}", section.repeat(MAX_MEDIA_SECTIONS));
    assert_eq!(
        refused(&sections).line as usize,
        17 + 2 * (MAX_MEDIA_SECTIONS - 1)
    );
    let fingerprint = DATA_OFFER
        .lines()
        .find(|line| line.starts_with("a=fingerprint"))
        .unwrap();
    let many = format!("{fingerprint}\r\n").repeat(MAX_FINGERPRINTS + 1);
    assert!(Description::parse(&replace_line(DATA_OFFER, "a=group", many.trim_end())).is_err());
    let many = "a=group:X\r\n".repeat(MAX_GROUPS + 1);
    assert!(Description::parse(&replace_line(DATA_OFFER, "a=group", many.trim_end())).is_err());
    let many = format!("a=ice-options:{}", "x ".repeat(600));
    assert!(Description::parse(&replace_line(DATA_OFFER, "a=ice-options", &many)).is_err());
    let many = "a=rtcp-fb:* nack\r\n".repeat(65);
    assert!(Description::parse(&replace_line(BROWSER_OFFER, "a=rtcp-fb:111", many.trim_end())).is_err());
}

#[test]
fn a_hundred_thousand_lines_are_read_and_verified() {
    let many = "a=x\r\n".repeat(100_000);
    let session = replace_line(BROWSER_OFFER, "a=extmap-allow-mixed", many.trim_end());
    let description = parsed(&session);
    description.verify(SdpType::Offer).unwrap();
    assert_eq!(description.attributes.len(), 100_002);
    let sources: String = (0..40_000)
        .map(|ssrc| format!("a=ssrc:{ssrc} cname:c\r\n"))
        .collect();
    let rids: String = (0..40_000).map(|rid| format!("a=rid:{rid} send\r\n")).collect();
    let media = parsed(&format!("{BROWSER_OFFER}{sources}{rids}"));
    assert_eq!(media.media[2].ssrcs.len(), 40_000);
    media.verify(SdpType::Offer).unwrap();
}

#[test]
fn as_many_sections_as_there_may_be_are_verified_in_one_group() {
    let sections: String = (1..MAX_MEDIA_SECTIONS)
        .map(|mid| format!("m=audio 0 UDP/TLS/RTP/SAVPF 0\r\nc=IN IP4 0.0.0.0\r\na=mid:{mid}\r\na=rtcp-mux\r\na=bundle-only\r\n"))
        .collect();
    let mids: String = (1..MAX_MEDIA_SECTIONS).map(|mid| format!(" {mid}")).collect();
    let text = replace_line(DATA_OFFER, "a=group", &format!("a=group:BUNDLE 0{mids}"));
    let description = parsed(&format!("{text}{sections}"));
    description.verify(SdpType::Offer).unwrap();
    assert!(
        description
            .transport_sections()
            .iter()
            .all(|transport| *transport == 0)
    );
}
