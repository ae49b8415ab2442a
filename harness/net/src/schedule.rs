//! The one event heap of a run.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use glare_peer::SimTime;

/// Events in the order of their time; events of one time in the order in which they were scheduled.
///
/// Scheduling and popping cost O(log n), cancelling O(1) on average.
#[derive(Debug, Clone)]
pub struct Schedule<E> {
    /// What sifts is three words an entry; the events stay where they are in `slots`. The top is never a cancelled entry.
    heap: BinaryHeap<Reverse<Entry>>,
    slots: Vec<Slot<E>>,
    free: Vec<u32>,
    next_sequence: u64,
    now: SimTime,
}

/// Names a scheduled event, so that it can be cancelled. It never names another event of the same schedule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    sequence: u64,
    slot: u32,
}

impl<E> Schedule<E> {
    /// An empty schedule at [`SimTime::ZERO`].
    pub fn new() -> Schedule<E> {
        Schedule {
            heap: BinaryHeap::new(),
            slots: Vec::new(),
            free: Vec::new(),
            next_sequence: 0,
            now: SimTime::ZERO,
        }
    }

    /// Schedules `event`. A time before [`Schedule::now`] counts as now: time does not run backwards.
    pub fn at(&mut self, time: SimTime, event: E) -> Key {
        let sequence = self.next_sequence;
        self.next_sequence += 1;
        let filled = Slot {
            sequence,
            event: Some(event),
        };
        let slot = match self.free.pop() {
            Some(slot) => {
                self.slots[slot as usize] = filled;
                slot
            }
            None => {
                let slot = u32::try_from(self.slots.len())
                    .expect("four thousand million events do not fit in memory");
                self.slots.push(filled);
                slot
            }
        };
        let time = time.max(self.now);
        self.heap.push(Reverse(Entry { time, sequence, slot }));
        Key { sequence, slot }
    }

    /// Takes an event out again; `None` when it was popped or cancelled before.
    pub fn cancel(&mut self, key: Key) -> Option<E> {
        let event = self.take(key.slot, key.sequence)?;
        if self.heap.len() > 2 * self.len() + SLACK {
            let slots = &self.slots;
            self.heap.retain(|Reverse(entry)| entry.is_live(slots));
        }
        self.drop_cancelled();
        Some(event)
    }

    /// The time of the next event.
    pub fn next_time(&self) -> Option<SimTime> {
        self.heap.peek().map(|Reverse(entry)| entry.time)
    }

    /// Takes the next event out; its time becomes [`Schedule::now`].
    pub fn pop(&mut self) -> Option<(SimTime, E)> {
        let Reverse(entry) = self.heap.pop()?;
        let event = self.take(entry.slot, entry.sequence)?;
        self.now = entry.time;
        self.drop_cancelled();
        Some((entry.time, event))
    }

    /// The time of the last event popped.
    pub fn now(&self) -> SimTime {
        self.now
    }

    /// How many events are scheduled.
    pub fn len(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    /// Whether no event is scheduled.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn take(&mut self, slot: u32, sequence: u64) -> Option<E> {
        let found = self.slots.get_mut(slot as usize)?;
        if found.sequence != sequence {
            return None;
        }
        let event = found.event.take()?;
        self.free.push(slot);
        Some(event)
    }

    /// Keeps the promise that the top of the heap is live, which `next_time` and `pop` stand on.
    fn drop_cancelled(&mut self) {
        while let Some(Reverse(top)) = self.heap.peek()
            && !top.is_live(&self.slots)
        {
            self.heap.pop();
        }
    }
}

impl<E> Default for Schedule<E> {
    fn default() -> Schedule<E> {
        Schedule::new()
    }
}

/// Cancelled entries that may lie in the heap beyond one for each live entry, before they are swept out.
const SLACK: usize = 64;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    time: SimTime,
    sequence: u64,
    slot: u32,
}

impl Entry {
    fn is_live<E>(&self, slots: &[Slot<E>]) -> bool {
        slots
            .get(self.slot as usize)
            .is_some_and(|slot| slot.sequence == self.sequence && slot.event.is_some())
    }
}

#[derive(Debug, Clone)]
struct Slot<E> {
    /// Which of the events that used this slot over time is the last one.
    sequence: u64,
    event: Option<E>,
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(milliseconds: u64) -> SimTime {
        SimTime::from_millis(milliseconds)
    }

    fn drain<E>(schedule: &mut Schedule<E>) -> Vec<(SimTime, E)> {
        std::iter::from_fn(|| schedule.pop()).collect()
    }

    #[test]
    fn events_come_in_the_order_of_time_and_ties_in_the_order_of_insertion() {
        let mut schedule = Schedule::new();
        schedule.at(ms(2), "c");
        schedule.at(ms(1), "a");
        schedule.at(ms(2), "d");
        schedule.at(ms(1), "b");
        assert_eq!(schedule.next_time(), Some(ms(1)));
        assert_eq!(
            drain(&mut schedule),
            [(ms(1), "a"), (ms(1), "b"), (ms(2), "c"), (ms(2), "d")]
        );
        assert_eq!(schedule.next_time(), None);
    }

    #[test]
    fn what_is_scheduled_in_the_past_happens_now_after_what_was_due_now() {
        let mut schedule = Schedule::new();
        schedule.at(ms(5), "first");
        schedule.at(ms(5), "second");
        schedule.pop();
        schedule.at(ms(1), "late");
        assert_eq!(drain(&mut schedule), [(ms(5), "second"), (ms(5), "late")]);
    }

    #[test]
    fn a_cancelled_event_is_neither_popped_nor_the_next_time() {
        let mut schedule = Schedule::new();
        let first = schedule.at(ms(1), "first");
        schedule.at(ms(2), "second");
        let third = schedule.at(ms(3), "third");
        assert_eq!(schedule.cancel(first), Some("first"));
        assert_eq!(schedule.cancel(first), None);
        assert_eq!(schedule.next_time(), Some(ms(2)));
        assert_eq!(schedule.cancel(third), Some("third"));
        assert_eq!(schedule.pop(), Some((ms(2), "second")));
        assert_eq!(schedule.pop(), None);
        assert!(schedule.is_empty());
    }

    #[test]
    fn a_key_does_not_name_the_event_that_reuses_its_slot() {
        let mut schedule = Schedule::new();
        let popped = schedule.at(ms(1), 1);
        schedule.pop();
        schedule.at(ms(2), 2);
        assert_eq!(schedule.cancel(popped), None);
        assert_eq!(schedule.pop(), Some((ms(2), 2)));
    }

    #[test]
    fn a_timer_moved_a_million_times_takes_no_more_room_than_one() {
        let mut schedule = Schedule::new();
        schedule.at(ms(1), 0);
        let mut timer = schedule.at(ms(1_000), 1);
        for moved in 0..1_000_000 {
            schedule.cancel(timer);
            timer = schedule.at(ms(1_000 + moved), 1);
        }
        assert!(schedule.heap.len() < 100, "{} entries", schedule.heap.len());
        assert_eq!(schedule.slots.len(), 2);
        assert_eq!(drain(&mut schedule), [(ms(1), 0), (ms(1_000_999), 1)]);
    }

    #[test]
    fn any_mix_of_calls_gives_what_a_sorted_list_gives() {
        let mut rng = fastrand::Rng::with_seed(7);
        let mut schedule = Schedule::new();
        let mut list: Vec<(SimTime, u32, Key)> = Vec::new();
        for event in 0..20_000 {
            match rng.u8(0..4) {
                0 | 1 => {
                    let time = SimTime::from_nanos(rng.u64(0..2_000));
                    let key = schedule.at(time, event);
                    list.push((time.max(schedule.now()), event, key));
                    list.sort_by_key(|&(time, event, _)| (time, event));
                }
                2 if !list.is_empty() => {
                    let (_, event, key) = list.remove(rng.usize(0..list.len()));
                    assert_eq!(schedule.cancel(key), Some(event));
                }
                _ => {
                    let expected = (!list.is_empty()).then(|| list.remove(0));
                    assert_eq!(schedule.pop(), expected.map(|(time, event, _)| (time, event)));
                }
            }
            assert_eq!(schedule.next_time(), list.first().map(|&(time, _, _)| time));
            assert_eq!(schedule.len(), list.len());
        }
    }
}
