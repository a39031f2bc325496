//! The entries, in two arrays: 32 bytes for keys and values of 8.

use alloc::vec::Vec;

use crate::policy::list::{Links, Mark, NIL, Place};

/// An entry, or the next free place.
#[derive(Debug)]
enum Slot<K, V> {
    Taken(Node<K, V>),
    Free { next: u32 },
}

#[derive(Debug)]
pub(super) struct Node<K, V> {
    pub key: K,
    pub value: V,
    pub mark: Mark,
}

/// Entries that are named by four bytes. The weights stand beside them, where there are any.
#[derive(Debug)]
pub(super) struct Slab<K, V> {
    slots: Vec<Slot<K, V>>,
    places: Vec<Place>,
    weights: Option<Vec<u64>>,
    free: u32,
    len: u32,
}

/// The most entries of a slab: links keep one bit for themselves.
pub(super) const MOST: u32 = (1 << 31) - 1;

impl<K, V> Slab<K, V> {
    pub(super) const fn new(weighted: bool) -> Self {
        let weights = if weighted { Some(Vec::new()) } else { None };
        Self { slots: Vec::new(), places: Vec::new(), weights, free: NIL, len: 0 }
    }

    #[inline]
    pub(super) const fn len(&self) -> u32 {
        self.len
    }

    /// Places, taken or free.
    pub(super) fn places(&self) -> u32 {
        self.slots.len() as u32
    }

    #[inline]
    pub(super) fn get(&self, slot: u32) -> Option<&Node<K, V>> {
        match self.slots.get(slot as usize) {
            Some(Slot::Taken(node)) => Some(node),
            _ => None,
        }
    }

    /// An entry that is known to be there: from the index, or from a list.
    #[inline]
    pub(super) fn node(&self, slot: u32) -> &Node<K, V> {
        match &self.slots[slot as usize] {
            Slot::Taken(node) => node,
            Slot::Free { .. } => unreachable!("the index and the lists name taken slots alone"),
        }
    }

    #[inline]
    pub(super) fn node_mut(&mut self, slot: u32) -> &mut Node<K, V> {
        match &mut self.slots[slot as usize] {
            Slot::Taken(node) => node,
            Slot::Free { .. } => unreachable!("the index and the lists name taken slots alone"),
        }
    }

    /// Grows by half of itself or more, but not beyond `most` places at once.
    #[expect(clippy::inline_always, reason = "an entry is built where it is to stand")]
    #[inline(always)]
    pub(super) fn insert(&mut self, node: Node<K, V>, weight: u64, most: u64) -> u32 {
        let slot = if self.free == NIL {
            if self.slots.len() == self.slots.capacity() {
                self.grow(most);
            }
            let slot = self.slots.len() as u32;
            self.slots.push(Slot::Taken(node));
            self.places.push(Place::NOWHERE);
            if let Some(weights) = &mut self.weights {
                weights.push(weight);
            }
            slot
        } else {
            let slot = self.free;
            let place = &mut self.slots[slot as usize];
            if let Slot::Free { next } = *place {
                self.free = next;
            }
            *place = Slot::Taken(node);
            if let Some(weights) = &mut self.weights {
                weights[slot as usize] = weight;
            }
            slot
        };
        self.len += 1;
        slot
    }

    #[cold]
    fn grow(&mut self, most: u64) {
        let len = self.slots.len();
        let double = (len * 2).max(4);
        let places = double.min(usize::try_from(most).unwrap_or(usize::MAX)).max(len + 1);
        self.slots.reserve_exact(places - len);
        self.places.reserve_exact(places - len);
        if let Some(weights) = &mut self.weights {
            weights.reserve_exact(places - len);
        }
    }

    /// Takes an entry out.
    #[inline]
    pub(super) fn remove(&mut self, slot: u32) -> Option<Node<K, V>> {
        let place = self.slots.get_mut(slot as usize)?;
        if matches!(place, Slot::Free { .. }) {
            return None;
        }
        let Slot::Taken(node) = core::mem::replace(place, Slot::Free { next: self.free }) else {
            return None;
        };
        self.free = slot;
        self.len -= 1;
        Some(node)
    }

    /// Sets a weight and tells the one before.
    pub(super) fn reweigh(&mut self, slot: u32, weight: u64) -> u64 {
        match &mut self.weights {
            Some(weights) => core::mem::replace(&mut weights[slot as usize], weight),
            None => 1,
        }
    }

    pub(super) fn slots(&self) -> impl Iterator<Item = u32> {
        (0..self.places()).filter(|&slot| self.get(slot).is_some())
    }

    pub(super) fn bytes(&self) -> usize {
        let weights = self.weights.as_ref().map_or(0, Vec::capacity) * size_of::<u64>();
        self.slots.capacity() * size_of::<Slot<K, V>>()
            + self.places.capacity() * size_of::<Place>()
            + weights
    }
}

impl<K, V> Links for Slab<K, V> {
    #[inline]
    fn mark(&self, slot: u32) -> &Mark {
        &self.node(slot).mark
    }

    #[inline]
    fn mark_mut(&mut self, slot: u32) -> &mut Mark {
        &mut self.node_mut(slot).mark
    }

    #[inline]
    fn place(&self, slot: u32) -> &Place {
        &self.places[slot as usize]
    }

    #[inline]
    fn place_mut(&mut self, slot: u32) -> &mut Place {
        &mut self.places[slot as usize]
    }

    #[inline]
    fn prefetch(&self, slot: u32) {
        voussoir_core::prefetch(&self.slots[slot as usize]);
        voussoir_core::prefetch(&self.places[slot as usize]);
    }

    #[inline]
    fn weight(&self, slot: u32) -> u64 {
        match &self.weights {
            Some(weights) => weights[slot as usize],
            None => 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::boxed::Box;

    use super::Slot;

    #[test]
    fn a_slot_of_two_words_is_two_words_and_8_bytes() {
        assert_eq!(size_of::<Slot<u64, u64>>(), 24);
        assert_eq!(size_of::<Slot<Box<str>, u64>>(), 32);
    }
}
