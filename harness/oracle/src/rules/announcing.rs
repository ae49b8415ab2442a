//! How data channels come to be known at the other side: their ids and their announcement.

use std::collections::{BTreeMap, BTreeSet};

use glare_peer::{Granularity, Handle, SdpType};

use super::descriptions::said;
use super::{Departure, Level, Rule};
use crate::sdp::Description;
use crate::trace::Completion;
use crate::view::View;

pub(super) fn rules() -> Vec<Rule> {
    vec![
        Rule {
            id: "channel-ids-follow-the-dtls-role",
            clause: "RFC8832#section-6",
            level: Level::Must,
            statement: "The ids that a DTLS client gives to channels are even, those of a server odd.",
            granularity: Granularity::Event,
            check: ids_follow_the_role,
        },
        Rule {
            id: "channel-is-announced-once",
            clause: "webrtc-pc#announcing-a-data-channel-instance",
            level: Level::Must,
            statement: "datachannel is fired once for a channel, and for none that createDataChannel() returned.",
            granularity: Granularity::Event,
            check: announced_once,
        },
    ]
}

fn handle(value: &serde_json::Value) -> Option<Handle> {
    let number = value.as_u64().or_else(|| value.get("object")?.as_u64())?;
    u32::try_from(number).ok().map(Handle)
}

/// Whether this side is the DTLS client, by the answers of the run; none where they do not tell, or differ.
fn is_client(view: &View<'_>) -> Option<bool> {
    let roles: BTreeSet<bool> = said(view)
        .iter()
        .filter(|said| said.sdp_type == SdpType::Answer)
        .filter_map(|said| {
            let description = Description::read(said.text);
            let mut sections = description.sections.iter();
            let section = sections.find(|section| section.kind == "application" && !section.is_rejected())?;
            match description.attribute_of(section, "setup")? {
                "active" => Some(said.local),
                "passive" => Some(!said.local),
                _ => None,
            }
        })
        .collect();
    let mut roles = roles.into_iter();
    roles.next().filter(|_| roles.next().is_none())
}

/// The channels that this side made and that were given an id by it, by handle.
fn made_here(view: &View<'_>) -> BTreeMap<Handle, bool> {
    view.calls()
        .iter()
        .filter(|call| call.method == "createDataChannel")
        .filter_map(|call| {
            let (_, Completion::Value(value)) = call.came? else {
                return None;
            };
            let init = call.arguments.get("init").unwrap_or(call.arguments);
            let chosen = init.get("id").is_some_and(|id| !id.is_null())
                || init.get("negotiated").and_then(serde_json::Value::as_bool) == Some(true);
            Some((handle(value)?, chosen))
        })
        .collect()
}

fn ids_follow_the_role(view: &View<'_>) -> Option<Departure> {
    let client = is_client(view)?;
    let made = made_here(view);
    view.entries.iter().find_map(|entry| {
        entry.state.channels.iter().find_map(|channel| {
            let id = channel
                .id
                .filter(|_| made.get(&channel.channel) == Some(&false))?;
            let even = id % 2 == 0;
            (even != client).then(|| {
                let (wanted, found) = if client { ("even", "odd") } else { ("odd", "even") };
                Departure::new(
                    entry.record,
                    format!("an {wanted} id for a channel of this side"),
                    format!("an {found} one"),
                )
            })
        })
    })
}

fn announced_once(view: &View<'_>) -> Option<Departure> {
    let mut known: BTreeSet<Handle> = made_here(view).into_keys().collect();
    view.entries.iter().find_map(|entry| {
        let fired = entry
            .fired()
            .filter(|fired| fired.is_at_connection("datachannel"))?;
        let channel = handle(fired.detail.get("channel")?)?;
        (!known.insert(channel)).then(|| {
            Departure::new(
                entry.record,
                "datachannel for a channel that was not known",
                "datachannel for one that was",
            )
        })
    })
}
