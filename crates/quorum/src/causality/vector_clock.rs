//! The clock itself: a sorted list of actors and counters, within the value up to four of them.

mod codec;
mod entries;
mod walk;

use core::cmp::Ordering;
use core::fmt;
use core::hash::{Hash, Hasher};
use core::ops::Range;

use thiserror::Error;

use super::{Causality, CounterOverflow, Dot};
use crate::ActorId;
pub use codec::WireActor;
pub(crate) use codec::{decode_entries, encode_entries, entries_len};
use entries::Entries;

/// What can count in a clock: anything small that has an order. [`ActorId`] and `u64` are the fast
/// ones; a `String` works too.
pub trait Actor: Ord + Clone + Default {}

impl<A: Ord + Clone + Default> Actor for A {}

/// A clock named an actor that is not one of the membership.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the clock names actor {actor}, which is no member")]
pub struct UnknownActor<A: fmt::Debug + fmt::Display> {
    /// The first one found.
    pub actor: A,
}

/// What a state has seen of each actor: how many of its events.
///
/// Strictly speaking a *version vector*. There is no time in it, wall or other: two clocks are equal
/// when their counters are, and a counter of zero is the same as no counter.
///
/// Up to four actors stay inside the value; more go to one heap block of 16 bytes each (for
/// eight-byte actors). **One actor is one writer**: let the replica that coordinates a write count,
/// never the client, so that a key's clock stays as short as its list of replicas.
///
/// ```
/// use voussoir_quorum::{Causality, Dot, VectorClock};
///
/// let mut a = VectorClock::<u64>::new();
/// assert_eq!(a.increment(&7)?, Dot::new(7, 1));
/// let mut b = a.clone();
/// b.increment(&9)?;
/// assert_eq!(a.compare(&b), Causality::Before);
/// a.merge(&b);
/// assert_eq!(a, b);
/// # Ok::<(), voussoir_quorum::CounterOverflow>(())
/// ```
#[derive(Clone)]
pub struct VectorClock<A = ActorId> {
    entries: Entries<A>,
}

impl<A: Actor> VectorClock<A> {
    /// The clock that has seen nothing; every clock has seen as much. No allocation.
    pub fn new() -> Self {
        Self { entries: Entries::new() }
    }

    /// How many events of `actor` have been seen; 0 for one never heard of.
    ///
    /// Complexity: O(log actors).
    pub fn get(&self, actor: &A) -> u64 {
        let entries = self.entries.as_slice();
        self.entries.find(actor).map_or(0, |at| entries[at].1)
    }

    /// Whether this event has been seen. Complexity: O(log actors).
    pub fn contains(&self, dot: &Dot<A>) -> bool {
        dot.counter <= self.get(&dot.actor)
    }

    /// Counts an event of `actor` and returns its dot.
    ///
    /// Complexity: O(actors); allocates when the fifth actor comes, and when the block grows.
    ///
    /// # Errors
    ///
    /// At the counter's end; the clock is as before then.
    #[inline]
    pub fn increment(&mut self, actor: &A) -> Result<Dot<A>, CounterOverflow> {
        let counter = match self.entries.find(actor) {
            Ok(at) => {
                let counter = &mut self.entries.as_mut_slice()[at].1;
                *counter = counter.checked_add(1).ok_or(CounterOverflow)?;
                *counter
            }
            Err(at) => {
                self.entries.insert(at, actor.clone(), 1);
                1
            }
        };
        Ok(Dot { actor: actor.clone(), counter })
    }

    /// Sees everything up to this dot. Complexity: as [`increment`](Self::increment).
    pub fn observe(&mut self, dot: &Dot<A>) {
        if dot.counter == 0 {
            return;
        }
        match self.entries.find(&dot.actor) {
            Ok(at) => {
                let counter = &mut self.entries.as_mut_slice()[at].1;
                *counter = dot.counter.max(*counter);
            }
            Err(at) => self.entries.insert(at, dot.actor.clone(), dot.counter),
        }
    }

    /// Sees what `other` has seen, too: the least clock that descends both.
    ///
    /// Complexity: O(actors); no allocation where both know the same actors.
    #[inline]
    pub fn merge(&mut self, other: &Self) {
        let (ours, theirs) = (self.entries.as_mut_slice(), other.entries.as_slice());
        // The steady state: the same replicas on both sides.
        if ours.len() == theirs.len() {
            let mut same = true;
            for (our, their) in ours.iter_mut().zip(theirs) {
                if our.0 != their.0 {
                    // What was done so far was right, and doing it again changes nothing.
                    same = false;
                    break;
                }
                our.1 = our.1.max(their.1);
            }
            if same {
                return;
            }
        }
        self.entries = walk::union(self.entries.as_slice(), other.entries.as_slice());
    }

    /// What both have seen: the greatest clock that both descend. Complexity: O(actors).
    pub fn common(&self, other: &Self) -> Self {
        Self { entries: walk::intersection(self.entries.as_slice(), other.entries.as_slice()) }
    }

    /// How this clock relates to `other`.
    ///
    /// Complexity: O(actors), no allocation; one pass where both know the same actors.
    #[inline]
    pub fn compare(&self, other: &Self) -> Causality {
        let (ours, theirs) = (self.entries.as_slice(), other.entries.as_slice());
        if ours.len() != theirs.len() {
            return walk::compare(ours, theirs);
        }
        let (mut ahead, mut behind) = (false, false);
        for (our, their) in ours.iter().zip(theirs) {
            if our.0 != their.0 {
                return walk::compare(ours, theirs);
            }
            ahead |= our.1 > their.1;
            behind |= our.1 < their.1;
        }
        Causality::of(ahead, behind)
    }

    /// Whether this clock has seen all that `other` has; so every clock descends itself and the empty
    /// one. Complexity: as [`compare`](Self::compare).
    #[inline]
    pub fn descends(&self, other: &Self) -> bool {
        matches!(self.compare(other), Causality::Equal | Causality::After)
    }

    /// The events of `dot`'s actor that lie between what was seen and `dot`: a half-open range, empty
    /// when `dot` is the next one or was seen. Complexity: O(log actors).
    pub fn missing_before(&self, dot: &Dot<A>) -> Range<u64> {
        let next = self.get(&dot.actor).saturating_add(1);
        next..dot.counter.max(next)
    }

    /// Drops an actor and returns what was counted.
    ///
    /// **Dangerous** while any replica, hint, token or client may still hold a clock with this actor:
    /// what was one history then looks like two, or, should the actor ever count again, new writes
    /// look like old ones. For actors that the membership has retired. Complexity: O(actors).
    pub fn forget(&mut self, actor: &A) -> Option<Dot<A>> {
        let at = self.entries.find(actor).ok()?;
        let (actor, counter) = self.entries.remove(at);
        Some(Dot { actor, counter })
    }

    /// The last dot seen of each actor, in the actors' order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&A, u64)> + Clone {
        self.entries.as_slice().iter().map(|(actor, counter)| (actor, *counter))
    }

    /// How many actors are in it.
    pub fn len(&self) -> usize {
        self.entries.as_slice().len()
    }

    /// Whether it has seen nothing.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Checks that every actor is one that `is_member` knows: for clocks that clients sent.
    ///
    /// # Errors
    ///
    /// With the first actor that is not.
    pub fn require_members(&self, is_member: impl Fn(&A) -> bool) -> Result<(), UnknownActor<A>>
    where
        A: fmt::Debug + fmt::Display,
    {
        match self.iter().find(|(actor, _)| !is_member(actor)) {
            None => Ok(()),
            Some((actor, _)) => Err(UnknownActor { actor: actor.clone() }),
        }
    }
}

impl<A: Actor> Default for VectorClock<A> {
    fn default() -> Self {
        Self::new()
    }
}

impl<A: Actor> PartialEq for VectorClock<A> {
    fn eq(&self, other: &Self) -> bool {
        self.entries.as_slice() == other.entries.as_slice()
    }
}

impl<A: Actor> Eq for VectorClock<A> {}

impl<A: Actor + Hash> Hash for VectorClock<A> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.entries.as_slice().hash(state);
    }
}

/// `a <= b` when `b` descends `a`; `None` for concurrent clocks.
impl<A: Actor> PartialOrd for VectorClock<A> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        self.compare(other).into()
    }
}

/// Of several dots of one actor the greatest counts.
impl<A: Actor> FromIterator<Dot<A>> for VectorClock<A> {
    fn from_iter<I: IntoIterator<Item = Dot<A>>>(dots: I) -> Self {
        let mut clock = Self::new();
        dots.into_iter().for_each(|dot| clock.observe(&dot));
        clock
    }
}

/// `{1:3, 7:1}`.
impl<A: Actor + fmt::Debug> fmt::Debug for VectorClock<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}
