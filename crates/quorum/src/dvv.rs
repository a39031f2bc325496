//! Values that nobody has overwritten, with what has been seen of each writer.

mod codec;
mod error;

use alloc::vec::Vec;
use core::mem;

use crate::causality::Actor;
use crate::{ActorId, Causality, CounterOverflow, Dot, VectorClock, Version};
pub use error::{PutError, PutRefusal};

/// The siblings of a key: every value that no later write has seen and replaced.
///
/// A dotted version vector set (Preguiça, Baquero, Almeida, Fonte and Gonçalves, "Brief announcement:
/// efficient causality tracking in distributed storage systems with dotted version vectors", 2012): a
/// clock of all that was seen, and each value with the dot of its own write. A client reads
/// [`values`](Self::values) and the [`context`](Self::context), and writes with that context: what it
/// had read is replaced, what it had not read stays. Two clients that write in turn, each with what
/// its own last write returned, leave two siblings; with plain version vectors of servers the hundred
/// and first write leaves 101.
///
/// **The actor is the replica that takes the write**, in its present epoch, and takes one write of a
/// key at a time. A set without values whose context is not empty is a tombstone.
///
/// Memory: 72 bytes of clock and 24 of list, and for each sibling 16 bytes and the value (with
/// [`ActorId`]).
///
/// ```
/// use voussoir_quorum::{ActorId, DvvSet, VectorClock};
///
/// let replica = ActorId::new(1, 0)?;
/// let mut key = DvvSet::new();
/// key.put(&VectorClock::new(), &replica, "from ada")?;
/// key.put(&VectorClock::new(), &replica, "from bob")?; // bob had not read ada's
/// assert_eq!(key.values().collect::<Vec<_>>(), [&"from ada", &"from bob"]);
///
/// let context = key.context().clone();
/// key.put(&context, &replica, "both, by ada")?;
/// assert_eq!(key.values().collect::<Vec<_>>(), [&"both, by ada"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DvvSet<V, A: Actor = ActorId> {
    /// Everything seen, the siblings' dots included.
    clock: VectorClock<A>,
    /// In the order of their dots.
    siblings: Vec<(Dot<A>, V)>,
}

impl<V, A: Actor> DvvSet<V, A> {
    /// Most siblings that [`put`](Self::put) lets stand: Riak's limit. So many writers that have not
    /// read each other are a client that never reads.
    pub const MOST_SIBLINGS: usize = 100;

    /// A key that was never written. No allocation.
    pub fn new() -> Self {
        Self { clock: VectorClock::new(), siblings: Vec::new() }
    }

    /// Writes `value`, replacing what `context` has seen.
    ///
    /// Complexity: O(siblings + actors); allocates when the list of siblings grows.
    ///
    /// # Errors
    ///
    /// Gives the value back, and nothing has changed, when [`MOST_SIBLINGS`](Self::MOST_SIBLINGS)
    /// would be passed, when the context has seen writes of `actor` that this replica has not (it
    /// lost state and must take a new epoch, or the context is forged), or at the counter's end.
    pub fn put(
        &mut self,
        context: &VectorClock<A>,
        actor: &A,
        value: V,
    ) -> Result<Dot<A>, PutError<V>> {
        self.put_within(Self::MOST_SIBLINGS, context, actor, value)
    }

    /// As [`put`](Self::put), with another limit of siblings.
    ///
    /// # Errors
    ///
    /// As [`put`](Self::put).
    pub fn put_within(
        &mut self,
        most: usize,
        context: &VectorClock<A>,
        actor: &A,
        value: V,
    ) -> Result<Dot<A>, PutError<V>> {
        let (seen, known) = (context.get(actor), self.clock.get(actor));
        if seen > known {
            return Err(PutError { refusal: PutRefusal::UnknownPast { seen, known }, value });
        }
        let stay = self.siblings.iter().filter(|(dot, _)| !context.contains(dot)).count();
        if stay >= most {
            return Err(PutError { refusal: PutRefusal::TooManySiblings { most }, value });
        }
        let Ok(dot) = self.clock.increment(actor) else {
            return Err(PutError { refusal: PutRefusal::Overflow(CounterOverflow), value });
        };
        self.delete(context);
        let at = self.siblings.partition_point(|(other, _)| *other < dot);
        self.siblings.insert(at, (dot.clone(), value));
        Ok(dot)
    }

    /// Lets `first.actor` begin to count behind `first.counter`, if it has never counted here. For stores
    /// that collect tombstones: the key may have lived before, clients may still hold contexts of that
    /// life, and those must not cover what is written now. A reading of the actor's
    /// [`Hlc`](crate::Hlc) is later than all that it ever counted; tokens grow by 8 bytes an actor.
    ///
    /// Complexity: O(actors).
    ///
    /// ```
    /// use voussoir_core::Nanos;
    /// use voussoir_quorum::{ActorId, Dot, DvvSet, Hlc};
    ///
    /// let (replica, clock) = (ActorId::new(1, 0)?, Hlc::builder().build()?);
    /// let reading = clock.tick_at(Nanos::from_secs(1_735_689_600))?;
    /// let mut key = DvvSet::new(); // there is nothing of it here, or nothing any more
    /// key.count_from(&Dot::new(replica, reading.to_bits()));
    ///
    /// let old = [Dot::new(replica, 7)].into_iter().collect(); // as a client still has it
    /// key.put(&old, &replica, "from ada")?;
    /// key.put(&old, &replica, "from bob")?;
    /// assert_eq!(key.len(), 2); // neither had read the other
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn count_from(&mut self, first: &Dot<A>) {
        if self.clock.get(&first.actor) == 0 {
            self.clock.observe(first);
        }
    }

    /// Removes what `context` has seen, and leaves what it has not. The clock stays: it is what keeps
    /// the removed from coming back from a replica that was away.
    ///
    /// Complexity: O(siblings + actors).
    pub fn delete(&mut self, context: &VectorClock<A>) {
        self.siblings.retain(|(dot, _)| !context.contains(dot));
        self.clock.merge(context);
    }

    /// Takes over what another replica has: its siblings that were not seen here, and the end of ours
    /// that it has seen replaced. Commutative, associative, idempotent.
    ///
    /// Complexity: O(siblings · log siblings + actors), and a clone of each value taken over.
    pub fn sync(&mut self, other: &Self)
    where
        V: Clone,
    {
        let mut siblings = mem::take(&mut self.siblings);
        siblings.retain(|(dot, _)| !other.clock.contains(dot) || other.has(dot));
        let news = other.siblings.iter().filter(|(dot, _)| !self.clock.contains(dot));
        let kept = siblings.len();
        siblings.extend(news.cloned());
        if siblings.len() > kept {
            siblings.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
        }
        self.siblings = siblings;
        self.clock.merge(&other.clock);
    }

    /// Replaces all siblings by one value made of them: a write of `actor`, with a dot of its own, so
    /// that two replicas that resolve differently have siblings again instead of two truths. Does
    /// nothing for a single sibling or none.
    ///
    /// Complexity: O(siblings + actors).
    ///
    /// # Errors
    ///
    /// At the counter's end; nothing has changed then.
    pub fn resolve(
        &mut self,
        actor: &A,
        merge: impl FnOnce(Vec<V>) -> V,
    ) -> Result<Option<Dot<A>>, CounterOverflow> {
        if self.siblings.len() < 2 {
            return Ok(None);
        }
        let dot = self.clock.increment(actor)?;
        let values = mem::take(&mut self.siblings).into_iter().map(|(_, value)| value).collect();
        self.siblings.push((dot.clone(), merge(values)));
        Ok(Some(dot))
    }

    /// Keeps only the sibling with the greatest key, of equal ones that with the greatest dot: last
    /// write wins, when the key is a stamp. Every replica that does this ends with the same. The
    /// others are lost.
    ///
    /// Complexity: O(siblings).
    pub fn keep_latest_by_key<K: Ord>(&mut self, key: impl Fn(&V) -> K) {
        let latest = self.siblings.drain(..).max_by_key(|(_, value)| key(value));
        self.siblings.extend(latest);
    }

    /// The values that nobody has overwritten, in the order of their dots; none when the key was never
    /// written or is deleted.
    pub fn values(&self) -> impl ExactSizeIterator<Item = &V> {
        self.siblings.iter().map(|(_, value)| value)
    }

    /// The values with the dots of their writes.
    pub fn siblings(&self) -> impl ExactSizeIterator<Item = (&Dot<A>, &V)> {
        self.siblings.iter().map(|(dot, value)| (dot, value))
    }

    /// What a client hands back with its next write: all that was seen here. Its text is
    /// [`VectorClock::to_text`].
    pub const fn context(&self) -> &VectorClock<A> {
        &self.clock
    }

    /// How many values stand.
    pub fn len(&self) -> usize {
        self.siblings.len()
    }

    /// Whether no value stands.
    pub fn is_empty(&self) -> bool {
        self.siblings.is_empty()
    }

    /// Whether it was written once and is deleted now.
    pub fn is_tombstone(&self) -> bool {
        self.is_empty() && !self.clock.is_empty()
    }

    /// None unless the siblings are in order, each once, and seen by the clock.
    #[cfg(feature = "serde")]
    pub(crate) fn from_parts(clock: VectorClock<A>, siblings: Vec<(Dot<A>, V)>) -> Option<Self> {
        let sorted = siblings.is_sorted_by(|(one, _), (other, _)| one < other);
        let seen = siblings.iter().all(|(dot, _)| dot.counter > 0 && clock.contains(dot));
        (sorted && seen).then_some(Self { clock, siblings })
    }

    fn has(&self, dot: &Dot<A>) -> bool {
        self.siblings.binary_search_by(|(other, _)| other.cmp(dot)).is_ok()
    }
}

impl<V, A: Actor> Default for DvvSet<V, A> {
    fn default() -> Self {
        Self::new()
    }
}

impl<V: Clone, A: Actor> Version for DvvSet<V, A> {
    /// By the clocks. Two sets of one clock can still differ, when one has seen a deletion of which
    /// the other knows only the context; they then count as concurrent, so that both are repaired.
    fn compare(&self, other: &Self) -> Causality {
        let causality = self.clock.compare(&other.clock);
        let (ours, theirs) = (self.siblings(), other.siblings());
        if causality == Causality::Equal && !ours.map(|(dot, _)| dot).eq(theirs.map(|(dot, _)| dot))
        {
            return Causality::Concurrent;
        }
        causality
    }

    fn join(&mut self, other: &Self) {
        self.sync(other);
    }
}
