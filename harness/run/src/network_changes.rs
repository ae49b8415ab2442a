//! Changes of the network in the middle of a run, and their end.

use std::collections::BTreeMap;
use std::time::Duration;

use glare_net::{Blocks, Direction, HostId, Limit, LinkId, LinkPatch, LinkProperties, Way};
use glare_oracle::trace::What;
use glare_scenario::script::{LinkChange, LinkDirection};

use crate::performance::{End, Performance};
use crate::world::Alarm;

/// The changes of a run. Those that last lie over each other in the order they came, so that one that ends leaves what the
/// others say, whichever came first.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    /// What each direction of a link was before its first change.
    first: BTreeMap<(LinkId, Way), LinkPatch>,
    layers: Vec<Layer>,
}

#[derive(Debug)]
struct Layer {
    place: (LinkId, Way),
    patch: LinkPatch,
    over: bool,
}

impl Changes {
    /// Takes note of a change of what had these properties; gives its number.
    fn begin(&mut self, place: (LinkId, Way), before: &LinkProperties, patch: LinkPatch) -> usize {
        self.first.entry(place).or_insert_with(|| whole(before));
        self.layers.push(Layer {
            place,
            patch,
            over: false,
        });
        self.layers.len() - 1
    }

    /// Ends a change; gives where it was, and what holds there without it.
    fn end(&mut self, change: usize) -> Option<((LinkId, Way), LinkPatch)> {
        let ended = self.layers.get_mut(change)?;
        ended.over = true;
        let place = ended.place;
        let first = *self.first.get(&place)?;
        let left = self
            .layers
            .iter()
            .filter(|layer| layer.place == place && !layer.over);
        Some((place, left.fold(first, |below, layer| lay(below, &layer.patch))))
    }
}

/// The patch that gives a link exactly these properties.
fn whole(properties: &LinkProperties) -> LinkPatch {
    let limit = |value: Option<u64>| Some(value.map_or(Limit::Unlimited, Limit::At));
    LinkPatch {
        delay: Some(properties.delay),
        jitter: Some(properties.jitter),
        reorder: Some(properties.reorder),
        loss: Some(properties.loss),
        rate: limit(properties.rate),
        queue: limit(properties.queue),
        outage: Some(properties.outage),
        blocks: Some(properties.blocks),
    }
}

/// What comes of a patch over another.
fn lay(below: LinkPatch, above: &LinkPatch) -> LinkPatch {
    LinkPatch {
        delay: above.delay.or(below.delay),
        jitter: above.jitter.or(below.jitter),
        reorder: above.reorder.or(below.reorder),
        loss: above.loss.or(below.loss),
        rate: above.rate.or(below.rate),
        queue: above.queue.or(below.queue),
        outage: above.outage.or(below.outage),
        blocks: above.blocks.or(below.blocks),
    }
}

impl Performance<'_> {
    /// Changes a link now; undone after `span`, if one is given.
    pub(crate) fn change(
        &mut self,
        name: &str,
        direction: LinkDirection,
        change: &LinkChange,
        span: Option<Duration>,
    ) -> Result<(), End> {
        let Some(link) = self.world.network.link(name) else {
            return Err(End::faulty(format!("there is no link {name:?}")));
        };
        let patch = LinkPatch {
            delay: change.delay,
            jitter: change.jitter,
            reorder: change.reorder,
            loss: change.loss,
            rate: change.rate.map(Limit::At),
            queue: change.queue.map(Limit::At),
            outage: change.outage,
            blocks: change.blocks.map(|blocks| Blocks {
                udp: blocks.udp,
                tcp: blocks.tcp,
            }),
        };
        let direction = match direction {
            LinkDirection::Both => Direction::Both,
            LinkDirection::Forward => Direction::Forward,
            LinkDirection::Backward => Direction::Backward,
        };
        for &way in direction.ways() {
            let before = self.world.network.properties(link, way);
            let number = self.changes.begin((link, way), before, patch);
            if let Some(span) = span {
                self.world.alarm(self.world.now() + span, Alarm::Undo(number));
            }
        }
        if let Err(error) = self.world.network.change(link, direction, &patch) {
            return Err(End::faulty(error));
        }
        let text = change_text(change, direction, span);
        self.world.recorder.record(
            self.world.now(),
            What::Changed {
                link: name.to_owned(),
                text,
            },
        );
        Ok(())
    }

    /// Switches a server off or on now; undone after `span`, if one is given.
    pub(crate) fn switch(&mut self, name: &str, down: bool, span: Option<Duration>) -> Result<(), End> {
        let Some(host) = self.world.network.host(name) else {
            return Err(End::faulty(format!("there is no server {name:?}")));
        };
        if let Some(span) = span {
            self.world
                .alarm(self.world.now() + span, Alarm::Switch(host, !down));
        }
        self.switch_host(host, down)
    }

    /// Switches a host off or on.
    pub(crate) fn switch_host(&mut self, host: HostId, down: bool) -> Result<(), End> {
        self.world.switch(host, down).map_err(End::faulty)?;
        let what = What::Changed {
            link: self.world.network.host_name(host).to_owned(),
            text: if down { "down" } else { "up" }.to_owned(),
        };
        self.world.recorder.record(self.world.now(), what);
        Ok(())
    }

    /// Ends a change of the network whose time is over.
    pub(crate) fn undo(&mut self, change: usize) -> Result<(), End> {
        let Some(((link, way), patch)) = self.changes.end(change) else {
            return Ok(());
        };
        let direction = match way {
            Way::Forward => Direction::Forward,
            Way::Backward => Direction::Backward,
        };
        let name = self.world.network.link_name(link).to_owned();
        if let Err(error) = self.world.network.change(link, direction, &patch) {
            return Err(End::faulty(format!(
                "a change of {name} cannot be undone: {error}"
            )));
        }
        let text = format!("{way}: as before");
        self.world
            .recorder
            .record(self.world.now(), What::Changed { link: name, text });
        Ok(())
    }
}

fn change_text(change: &LinkChange, direction: Direction, span: Option<Duration>) -> String {
    let mut parts = Vec::new();
    if let Some(delay) = change.delay {
        parts.push(format!("delay {delay:?}"));
    }
    if let Some(jitter) = change.jitter {
        parts.push(format!("jitter {jitter:?}"));
    }
    if let Some(reorder) = change.reorder {
        parts.push(if reorder { "reordering" } else { "order kept" }.to_owned());
    }
    if let Some(loss) = change.loss {
        parts.push(format!("loss {} %", loss * 100.0));
    }
    if let Some(rate) = change.rate {
        parts.push(format!("rate {rate} bit/s"));
    }
    if let Some(queue) = change.queue {
        parts.push(format!("queue {queue} B"));
    }
    if let Some(blocks) = change.blocks {
        let names: Vec<&str> = blocks.names().collect();
        parts.push(match names.as_slice() {
            [] => "nothing blocked".to_owned(),
            names => format!("{} blocked", names.join(" and ")),
        });
    }
    if let Some(outage) = change.outage {
        parts.push(if outage { "outage" } else { "no outage" }.to_owned());
    }
    let direction = match direction {
        Direction::Both => "both directions",
        Direction::Forward => "forward",
        Direction::Backward => "backward",
    };
    let span = span.map_or_else(String::new, |span| format!(", for {span:?}"));
    format!("{direction}: {}{span}", parts.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLACE: (LinkId, Way) = (LinkId(0), Way::Forward);

    fn loss(loss: f64) -> LinkPatch {
        LinkPatch {
            loss: Some(loss),
            ..LinkPatch::default()
        }
    }

    #[test]
    fn a_change_that_outlives_one_before_it_stays_and_then_leaves_nothing_behind() {
        let mut changes = Changes::default();
        let mut properties = LinkProperties::default();
        let first = changes.begin(PLACE, &properties, loss(1.0));
        properties.loss = 1.0;
        let second = changes.begin(PLACE, &properties, loss(0.5));
        assert_eq!(changes.end(first).unwrap().1.loss, Some(0.5));
        assert_eq!(
            changes.end(second).unwrap().1.loss,
            Some(LinkProperties::default().loss)
        );
    }

    #[test]
    fn the_end_of_a_change_keeps_what_was_changed_for_good_meanwhile() {
        let mut changes = Changes::default();
        let properties = LinkProperties::default();
        let outage = LinkPatch {
            outage: Some(true),
            ..LinkPatch::default()
        };
        let ends = changes.begin(PLACE, &properties, outage);
        changes.begin(PLACE, &properties, loss(0.2));
        changes.begin((LinkId(0), Way::Backward), &properties, loss(0.9));
        let left = changes.end(ends).unwrap().1;
        assert_eq!((left.outage, left.loss), (Some(false), Some(0.2)));
    }
}
