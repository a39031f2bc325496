use alloc::collections::BTreeMap;
use alloc::vec::{self, Vec};
use core::cmp::Reverse;
use core::mem;
use core::task::{Context, Poll, Waker};

/// Where in the line a waiter stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Turn {
    class: u8,
    newest_first: bool,
}

impl Turn {
    /// Behind all others: first come, first served.
    pub const LAST: Self = Self { class: 0, newest_first: false };
    /// Before those who came before: last come, first served. Behind those of the other kind, should
    /// a line mix them. Those at the end wait long, those at the front
    /// hardly: right where a late answer is worth nothing.
    pub const FIRST: Self = Self { class: 0, newest_first: true };

    /// The same among those of `class`: higher classes stand before lower ones.
    pub const fn class(self, class: u8) -> Self {
        Self { class, ..self }
    }
}

/// What a look at a waiter decides: see [`Line::serve`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Serve<A> {
    /// The waiter is told this, and leaves.
    Answer(A),
    /// It stays, and the next one is looked at.
    Skip,
    /// It stays, and so do all behind it.
    Stop,
}

/// Those who wait, in order. Reached through [`WaitQueue::with`](crate::WaitQueue::with).
#[derive(Debug)]
pub struct Line<T, A> {
    waiting: BTreeMap<Place, Waiting<T>>,
    /// Answers that have not been picked up.
    answered: BTreeMap<Place, A>,
    joined: u64,
    /// To be woken when the lock is released.
    woken: Vec<Waker>,
}

/// The order of the line. Unique, since `turn` grows with each waiter, or shrinks for those who go
/// first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    class: Reverse<u8>,
    turn: u64,
}

#[derive(Debug)]
struct Waiting<T> {
    item: T,
    waker: Option<Waker>,
}

impl<T, A> Line<T, A> {
    pub(super) const fn new() -> Self {
        Self { waiting: BTreeMap::new(), answered: BTreeMap::new(), joined: 0, woken: Vec::new() }
    }

    /// How many wait for an answer. Complexity: O(1).
    pub fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Whether nobody waits.
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// What the waiters brought, from the front.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &T> {
        self.waiting.values().map(|waiting| &waiting.item)
    }

    /// The class of the last in line.
    pub fn last_class(&self) -> Option<u8> {
        self.waiting.last_key_value().map(|(place, _)| place.class.0)
    }

    /// Tells the first in line `answer` and returns what it had brought; `None` when nobody waits,
    /// and the answer is dropped. Complexity: O(log waiters).
    pub fn answer_first(&mut self, answer: A) -> Option<T> {
        let place = *self.waiting.first_key_value()?.0;
        self.answer(place, answer)
    }

    /// Tells the last in line `answer`, as to make room for a better one.
    pub fn answer_last(&mut self, answer: A) -> Option<T> {
        let place = *self.waiting.last_key_value()?.0;
        self.answer(place, answer)
    }

    /// Looks at the waiters from the front, and answers those for which `look` says so. Complexity:
    /// O(log waiters) for each that is looked at.
    pub fn serve(&mut self, mut look: impl FnMut(&T) -> Serve<A>) {
        let mut next = self.waiting.first_key_value().map(|(place, _)| *place);
        while let Some(place) = next {
            match look(&self.waiting[&place].item) {
                Serve::Answer(answer) => drop(self.answer(place, answer)),
                Serve::Skip => {}
                Serve::Stop => return,
            }
            let behind = (core::ops::Bound::Excluded(place), core::ops::Bound::Unbounded);
            next = self.waiting.range(behind).next().map(|(place, _)| *place);
        }
    }

    pub(super) fn join(&mut self, item: T, turn: Turn) -> Place {
        self.joined += 1;
        let turn_number = if turn.newest_first { !self.joined } else { self.joined };
        let place = Place { class: Reverse(turn.class), turn: turn_number };
        self.waiting.insert(place, Waiting { item, waker: None });
        place
    }

    /// The answer, or the promise to wake whoever polls.
    pub(super) fn poll(&mut self, place: Place, context: &Context<'_>) -> Poll<A> {
        if let Some(answer) = self.answered.remove(&place) {
            return Poll::Ready(answer);
        }
        if let Some(waiting) = self.waiting.get_mut(&place) {
            match &mut waiting.waker {
                Some(waker) => waker.clone_from(context.waker()),
                none => *none = Some(context.waker().clone()),
            }
        }
        Poll::Pending
    }

    pub(super) fn leave(&mut self, place: Place) -> Option<A> {
        self.waiting.remove(&place);
        self.answered.remove(&place)
    }

    pub(super) fn take_woken(&mut self) -> vec::IntoIter<Waker> {
        mem::take(&mut self.woken).into_iter()
    }

    fn answer(&mut self, place: Place, answer: A) -> Option<T> {
        let waiting = self.waiting.remove(&place)?;
        self.answered.insert(place, answer);
        self.woken.extend(waiting.waker);
        Some(waiting.item)
    }
}
