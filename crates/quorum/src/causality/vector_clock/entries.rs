use alloc::vec::Vec;
use core::mem;

use super::Actor;

/// As many as stay inside: the replicas of a key, and one that is joining.
const INLINE: usize = 4;

/// Actors in order, each once, none with zero events.
#[derive(Clone)]
pub(super) enum Entries<A> {
    Inline { len: u8, slots: [(A, u64); INLINE] },
    Heap(Vec<(A, u64)>),
}

impl<A: Actor> Entries<A> {
    pub(super) fn new() -> Self {
        Self::Inline { len: 0, slots: Default::default() }
    }

    pub(super) fn with_capacity(capacity: usize) -> Self {
        if capacity <= INLINE { Self::new() } else { Self::Heap(Vec::with_capacity(capacity)) }
    }

    /// So many, each from `next`, which gives them in order.
    #[inline]
    pub(super) fn try_from_fn<E>(
        count: usize,
        mut next: impl FnMut() -> Result<(A, u64), E>,
    ) -> Result<Self, E> {
        let mut slots: [(A, u64); INLINE] = Default::default();
        let Some(used) = slots.get_mut(..count) else {
            let mut entries = Vec::with_capacity(count);
            for _ in 0..count {
                entries.push(next()?);
            }
            return Ok(Self::Heap(entries));
        };
        for slot in used {
            *slot = next()?;
        }
        Ok(Self::Inline { len: count as u8, slots })
    }

    #[inline]
    pub(super) fn as_slice(&self) -> &[(A, u64)] {
        match self {
            Self::Inline { len, slots } => &slots[..usize::from(*len).min(INLINE)],
            Self::Heap(entries) => entries,
        }
    }

    #[inline]
    pub(super) fn as_mut_slice(&mut self) -> &mut [(A, u64)] {
        match self {
            Self::Inline { len, slots } => &mut slots[..usize::from(*len).min(INLINE)],
            Self::Heap(entries) => entries,
        }
    }

    /// Where the actor is, or would be.
    #[inline]
    pub(super) fn find(&self, actor: &A) -> Result<usize, usize> {
        match self {
            // Four comparisons that are foreseen cost less than two that are not.
            Self::Inline { .. } => {
                let entries = self.as_slice();
                match entries.iter().position(|(other, _)| other >= actor) {
                    Some(at) if entries[at].0 == *actor => Ok(at),
                    Some(at) => Err(at),
                    None => Err(entries.len()),
                }
            }
            // A count has no branch to be mispredicted; up to here it is faster than halving.
            Self::Heap(entries) if entries.len() <= 16 => {
                let at = entries.iter().filter(|(other, _)| other < actor).count();
                match entries.get(at) {
                    Some((other, _)) if other == actor => Ok(at),
                    _ => Err(at),
                }
            }
            Self::Heap(entries) => entries.binary_search_by(|(other, _)| other.cmp(actor)),
        }
    }

    pub(super) fn insert(&mut self, at: usize, actor: A, counter: u64) {
        match self {
            Self::Inline { len, slots } if usize::from(*len) < INLINE => {
                slots[at..=usize::from(*len)].rotate_right(1);
                slots[at] = (actor, counter);
                *len += 1;
            }
            Self::Inline { slots, .. } => {
                let mut entries = Vec::with_capacity(2 * INLINE);
                entries.extend(mem::take(slots));
                entries.insert(at, (actor, counter));
                *self = Self::Heap(entries);
            }
            Self::Heap(entries) => entries.insert(at, (actor, counter)),
        }
    }

    /// Adds one that comes after all others.
    #[inline]
    pub(super) fn push(&mut self, actor: A, counter: u64) {
        if let Self::Inline { len, slots } = self
            && let Some(slot) = slots.get_mut(usize::from(*len))
        {
            *slot = (actor, counter);
            *len += 1;
            return;
        }
        self.insert(self.as_slice().len(), actor, counter);
    }

    pub(super) fn remove(&mut self, at: usize) -> (A, u64) {
        match self {
            Self::Inline { len, slots } => {
                slots[at..usize::from(*len)].rotate_left(1);
                *len -= 1;
                mem::take(&mut slots[usize::from(*len)])
            }
            Self::Heap(entries) => entries.remove(at),
        }
    }
}
