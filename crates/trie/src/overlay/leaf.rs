use alloc::vec::Vec;

use super::entry::Entry;

/// Entries of a leaf, at most. A change of a shared leaf copies about 2 kB; of 32 entries, it would copy
/// half of that and count up twice as many neighbours.
pub(crate) const LEAF: usize = 64;

/// Bytes of the keys of a leaf from which it is split however few they are, so that a change of long
/// keys copies no more than of short ones. A few keys more still fit the places' 16 bits.
const FULL: usize = 1 << 14;

/// How many bytes more a leaf asks for when its keys outgrow it.
const ROOM: usize = 32;

/// Neighbouring keys in one piece, and an entry for each.
#[derive(Debug)]
pub(crate) struct Leaf {
    entries: Vec<Entry>,
    bytes: Vec<u8>,
    /// Where each key ends among the bytes. A search looks at these and at keys, and at no entry.
    ends: [u16; LEAF],
}

impl Default for Leaf {
    fn default() -> Self {
        Self { entries: Vec::new(), bytes: Vec::new(), ends: [0; LEAF] }
    }
}

impl Clone for Leaf {
    /// A leaf is copied to be changed: there is room for one more entry.
    fn clone(&self) -> Self {
        let mut copy = Self {
            entries: Vec::with_capacity((self.entries.len() + 1).min(LEAF)),
            bytes: Vec::with_capacity(self.bytes.len() + ROOM),
            ends: self.ends,
        };
        copy.entries.extend_from_slice(&self.entries);
        copy.bytes.extend_from_slice(&self.bytes);
        copy
    }
}

impl Leaf {
    fn start(&self, at: usize) -> usize {
        at.checked_sub(1).map_or(0, |before| self.ends[before].into())
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(crate) fn key(&self, at: usize) -> &[u8] {
        &self.bytes[self.start(at)..self.ends[at].into()]
    }

    pub(crate) fn entry(&self, at: usize) -> &Entry {
        &self.entries[at]
    }

    pub(crate) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    pub(crate) fn entries_mut(&mut self) -> &mut [Entry] {
        &mut self.entries
    }

    pub(crate) fn best(&self) -> Option<u64> {
        self.entries.iter().filter_map(Entry::live_weight).max()
    }

    /// How many keys `before` says yes to; it does to none after one that it says no to.
    pub(crate) fn partition(&self, before: impl Fn(&[u8]) -> bool) -> usize {
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = usize::midpoint(low, high);
            if before(self.key(middle)) { low = middle + 1 } else { high = middle }
        }
        low
    }

    pub(crate) fn search(&self, key: &[u8]) -> Result<usize, usize> {
        let at = self.partition(|other| other < key);
        if at < self.len() && self.key(at) == key { Ok(at) } else { Err(at) }
    }

    /// Whether it must be split before another key is put in.
    pub(crate) fn is_full(&self) -> bool {
        self.len() == LEAF || (self.bytes.len() > FULL && self.len() > 1)
    }

    pub(crate) fn insert(&mut self, at: usize, key: &[u8], entry: Entry) {
        let start = self.start(at);
        if self.bytes.capacity() - self.bytes.len() < key.len() {
            self.bytes.reserve_exact(key.len() + ROOM);
        }
        if self.entries.capacity() == self.len() {
            self.entries.reserve_exact(4.min(LEAF - self.len()));
        }
        self.bytes.extend_from_slice(key);
        self.bytes[start..].rotate_right(key.len());
        let len = self.len();
        self.ends.copy_within(at..len, at + 1);
        self.ends[at] = start as u16;
        self.entries.insert(at, entry);
        for end in &mut self.ends[at..=len] {
            *end += key.len() as u16;
        }
    }

    pub(crate) fn remove(&mut self, at: usize) {
        let (start, end, len) = (self.start(at), self.ends[at].into(), self.len());
        self.bytes.drain(start..end);
        self.entries.remove(at);
        self.ends.copy_within(at + 1..len, at);
        for end_of in &mut self.ends[at..len - 1] {
            *end_of -= (end - start) as u16;
        }
    }

    /// The entries from `middle` on leave.
    pub(crate) fn split(&mut self, middle: usize) -> Self {
        let start = self.start(middle);
        let mut upper = Self {
            entries: self.entries[middle..].to_vec(),
            bytes: self.bytes[start..].to_vec(),
            ends: [0; LEAF],
        };
        for (to, from) in upper.ends.iter_mut().zip(&self.ends[middle..self.entries.len()]) {
            *to = from - start as u16;
        }
        self.entries.truncate(middle);
        self.bytes.truncate(start);
        self.entries.shrink_to_fit();
        self.bytes.shrink_to_fit();
        upper
    }

    /// Whether the entries of another fit in with room to spare.
    pub(crate) fn has_room_for(&self, other: &Self) -> bool {
        self.len() + other.len() <= LEAF / 2 && self.bytes.len() + other.bytes.len() <= FULL / 2
    }

    /// Takes in the entries of the leaf that follows.
    pub(crate) fn append(&mut self, other: &Self) {
        let (len, start) = (self.len(), self.bytes.len() as u16);
        self.entries.reserve_exact(other.len());
        self.bytes.reserve_exact(other.bytes.len());
        self.entries.extend_from_slice(&other.entries);
        self.bytes.extend_from_slice(&other.bytes);
        for (to, from) in self.ends[len..].iter_mut().zip(&other.ends[..other.len()]) {
            *to = start + from;
        }
    }

    /// The bytes beyond those of the leaf itself.
    pub(crate) fn bytes_held(&self) -> usize {
        self.entries.capacity() * size_of::<Entry>() + self.bytes.capacity()
    }
}
