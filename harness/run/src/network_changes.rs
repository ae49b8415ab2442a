//! Changes of the network in the middle of a run, and their end.

use std::time::Duration;

use glare_net::{Direction, LinkPatch, Way};
use glare_oracle::trace::What;
use glare_scenario::script::{LinkChange, LinkDirection};

use crate::performance::{End, Performance};
use crate::world::Alarm;

impl Performance<'_> {
    pub(crate) fn change(
        &mut self,
        name: &str,
        direction: LinkDirection,
        change: &LinkChange,
        span: Option<Duration>,
    ) -> Result<(), End> {
        let Some(link) = self.world.network.link(name) else {
            return Err(End::Faulty(format!("there is no link {name:?}")));
        };
        let patch = LinkPatch {
            delay: change.delay,
            jitter: change.jitter,
            reorder: change.reorder,
            loss: change.loss,
            rate: change.rate.map(glare_net::Limit::At),
            queue: change.queue.map(glare_net::Limit::At),
            outage: change.outage,
        };
        let direction = match direction {
            LinkDirection::Both => Direction::Both,
            LinkDirection::Forward => Direction::Forward,
            LinkDirection::Backward => Direction::Backward,
        };
        for &way in direction.ways() {
            let before = *self.world.network.properties(link, way);
            if let Some(span) = span {
                self.world
                    .alarm(self.world.now() + span, Alarm::Undo(self.changes.len()));
                self.changes.push((link, way, before));
            }
        }
        if let Err(error) = self.world.network.change(link, direction, &patch) {
            return Err(End::Faulty(error.to_string()));
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

    /// Undoes a change of the network whose time is over.
    pub(crate) fn undo(&mut self, change: usize) {
        let Some((link, way, before)) = self.changes.get(change).copied() else {
            return;
        };
        let limit =
            |value: Option<u64>| Some(value.map_or(glare_net::Limit::Unlimited, glare_net::Limit::At));
        let patch = LinkPatch {
            delay: Some(before.delay),
            jitter: Some(before.jitter),
            reorder: Some(before.reorder),
            loss: Some(before.loss),
            rate: limit(before.rate),
            queue: limit(before.queue),
            outage: Some(before.outage),
        };
        let direction = match way {
            Way::Forward => Direction::Forward,
            Way::Backward => Direction::Backward,
        };
        let name = self.world.network.link_name(link).to_owned();
        let text = match self.world.network.change(link, direction, &patch) {
            Ok(()) => format!("{way}: as before"),
            Err(error) => format!("{way}: not undone: {error}"),
        };
        self.world
            .recorder
            .record(self.world.now(), What::Changed { link: name, text });
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
