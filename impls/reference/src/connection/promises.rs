//! Promises and microtasks, as far as the algorithms of the specification need them.

use std::collections::{BTreeMap, VecDeque};

use glare_peer::{Exception, OperationId, SdpType, SessionDescription, Value};

/// A promise inside the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct PromiseId(u64);

/// What a promise settles with: a value it is fulfilled with, or the reason it is rejected with.
pub(super) type Settlement = Result<Value, Exception>;

/// What runs, as a microtask, once a promise has settled.
#[derive(Debug)]
pub(super) enum Reaction {
    /// webrtc-pc#chain-an-asynchronous-operation, step 7, on the promise that the operation returned.
    OperationSettled {
        /// The promise that the caller of the operation holds.
        chained: PromiseId,
    },
    /// webrtc-pc#chain-an-asynchronous-operation, step 7.4, on the promise that the caller holds.
    ChainedSettled,
    /// What script registered: the host hears of it.
    Host(OperationId),
    /// webrtc-pc#dom-peerconnection-setlocaldescription, steps 4.4.2 and 4.5.2: sets what was created.
    SetCreatedDescription {
        /// The type to set it with.
        sdp_type: SdpType,
        /// The promise of the whole.
        result: PromiseId,
    },
    /// webrtc-pc#dom-peerconnection-setremotedescription, step 3.1.2: sets the offer once the rollback is done.
    SetRemoteAfterRollback {
        /// The offer.
        description: SessionDescription,
        /// The promise of the whole.
        result: PromiseId,
    },
    /// A promise that was resolved with this one settles as this one does.
    Follow {
        /// The promise that follows.
        result: PromiseId,
    },
}

#[derive(Debug)]
enum State {
    Pending(Vec<Reaction>),
    Settled(Settlement),
}

/// The promises that something may still react to, and the microtasks that are queued.
///
/// A promise is forgotten once its reactions are queued: each has all its reactions registered either before it settles or
/// at once after.
#[derive(Debug, Default)]
pub(super) struct Promises {
    next: u64,
    states: BTreeMap<PromiseId, State>,
    microtasks: VecDeque<(Reaction, Settlement)>,
}

impl Promises {
    /// A new, pending promise.
    pub(super) fn create(&mut self) -> PromiseId {
        let id = PromiseId(self.next);
        self.next += 1;
        self.states.insert(id, State::Pending(Vec::new()));
        id
    }

    /// A promise that has settled already.
    pub(super) fn settled(&mut self, settlement: Settlement) -> PromiseId {
        let id = self.create();
        self.settle(id, settlement);
        id
    }

    /// Fulfils or rejects a pending promise. Has no effect on one that has settled, as in ECMAScript.
    pub(super) fn settle(&mut self, id: PromiseId, settlement: Settlement) {
        let Some(state) = self.states.get_mut(&id) else {
            return;
        };
        let State::Pending(reactions) = state else { return };
        if reactions.is_empty() {
            *state = State::Settled(settlement);
            return;
        }
        for reaction in std::mem::take(reactions) {
            self.microtasks.push_back((reaction, settlement.clone()));
        }
        self.states.remove(&id);
    }

    /// Registers what runs once the promise has settled; at the next microtask checkpoint if it has.
    pub(super) fn react(&mut self, id: PromiseId, reaction: Reaction) {
        match self.states.remove(&id) {
            Some(State::Pending(mut reactions)) => {
                reactions.push(reaction);
                self.states.insert(id, State::Pending(reactions));
            }
            Some(State::Settled(settlement)) => self.microtasks.push_back((reaction, settlement)),
            None => {}
        }
    }

    /// The next microtask.
    pub(super) fn next_microtask(&mut self) -> Option<(Reaction, Settlement)> {
        self.microtasks.pop_front()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reactions_run_in_the_order_they_were_registered() {
        let mut promises = Promises::default();
        let promise = promises.create();
        promises.react(promise, Reaction::ChainedSettled);
        promises.react(promise, Reaction::Host(OperationId(1)));
        assert!(promises.next_microtask().is_none());
        promises.settle(promise, Ok(Value::Undefined));
        promises.settle(promise, Ok(Value::Null));
        assert!(matches!(
            promises.next_microtask(),
            Some((Reaction::ChainedSettled, Ok(Value::Undefined)))
        ));
        assert!(matches!(
            promises.next_microtask(),
            Some((Reaction::Host(OperationId(1)), Ok(Value::Undefined)))
        ));
        assert!(promises.next_microtask().is_none());
    }

    #[test]
    fn a_reaction_to_a_settled_promise_runs_at_the_next_checkpoint() {
        let mut promises = Promises::default();
        let promise = promises.settled(Ok(Value::Boolean(true)));
        promises.react(promise, Reaction::Host(OperationId(7)));
        assert!(matches!(
            promises.next_microtask(),
            Some((Reaction::Host(OperationId(7)), Ok(Value::Boolean(true))))
        ));
    }
}
