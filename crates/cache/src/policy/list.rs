//! Lists through the entries themselves: a link is four bytes, and an entry carries two.

/// No slot. A slab holds fewer than 2^31 entries.
pub(crate) const NIL: u32 = u32::MAX;

/// Which of its policy's lists an entry stands in. Few values, so that the compiler finds room here
/// to mark a free slot of the slab.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Region {
    /// The only list; the window of `Adaptive`; the small queue of `S3Fifo`.
    First,
    /// Probation of `Adaptive`; the main queue of `S3Fifo`.
    Second,
    /// Protected entries of `Adaptive`.
    Third,
    /// In no list: pinned.
    Aside,
}

impl Region {
    /// For a snapshot.
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// What [`code`](Self::code) gave, or the first region.
    pub const fn from_code(code: u8) -> Self {
        match code {
            1 => Self::Second,
            2 => Self::Third,
            _ => Self::First,
        }
    }
}

/// The bit of `heat` that tells of a use.
const USED: u8 = 0x80;

/// What a policy knows of an entry, in 8 bytes beside its key and value.
#[derive(Debug)]
pub struct Mark {
    /// 32 bits of the key's hash: enough for the index, the ghost and the sketch, so that neither
    /// growth nor eviction ever calls the key's `Hash`.
    pub hash: u32,
    /// The list.
    pub region: Region,
    /// How often it was used, as far as the policy counts.
    pub heat: u8,
    /// The bucket of `Lfu`.
    pub bucket: u8,
    /// The version of the cache it belongs to.
    pub version: u8,
}

/// Where an entry stands in its list, in 8 bytes of an array of their own: who moves an entry writes
/// to its neighbours, and need not read them for that.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    /// Towards the end that was used last, or the place in `Random`'s row.
    pub prev: u32,
    /// Away from it.
    pub next: u32,
}

impl Place {
    /// In no list.
    pub const NOWHERE: Self = Self { prev: NIL, next: NIL };
}

impl Mark {
    /// Of an entry that was never used.
    pub const fn new(hash: u32, version: u8) -> Self {
        Self { hash, region: Region::First, heat: 0, bucket: 0, version }
    }

    /// How often it was used, where the policy wants [`used`](Self::used) as well.
    #[inline]
    pub const fn count(&self) -> u8 {
        self.heat & !USED
    }

    /// Sets the [count](Self::count), below 128.
    #[inline]
    pub const fn set_count(&mut self, count: u8) {
        self.heat = self.with_count(count);
    }

    /// `heat` with this [count](Self::count).
    #[inline]
    pub const fn with_count(&self, count: u8) -> u8 {
        self.heat & USED | count & !USED
    }

    /// Whether it was used since it came to its place in a list.
    #[inline]
    pub const fn used(&self) -> bool {
        self.heat & USED != 0
    }

    /// Sets [`used`](Self::used).
    #[inline]
    pub const fn set_used(&mut self, used: bool) {
        self.heat = self.heat & !USED | if used { USED } else { 0 };
    }

    /// Counts up to `most`; writes nothing once it is reached, so that hot entries stay in every
    /// processor's cache.
    #[inline]
    pub fn warm(&mut self, most: u8) {
        if self.heat < most {
            self.heat += 1;
        }
    }
}

/// Where marks and places are.
pub trait Links {
    /// The mark of a taken slot.
    fn mark(&self, slot: u32) -> &Mark;
    /// The mark of a taken slot.
    fn mark_mut(&mut self, slot: u32) -> &mut Mark;
    /// The place of a taken slot.
    fn place(&self, slot: u32) -> &Place;
    /// The place of a taken slot.
    fn place_mut(&mut self, slot: u32) -> &mut Place;
    /// The slot will be looked at soon.
    fn prefetch(&self, slot: u32);
    /// The weight of a taken slot.
    fn weight(&self, slot: u32) -> u64;
}

/// A list of entries with its weight; the front is the end that was used last.
#[derive(Clone, Copy, Debug)]
pub(crate) struct List {
    head: u32,
    tail: u32,
    weight: u64,
}

impl List {
    /// An empty list.
    pub(crate) const fn new() -> Self {
        Self { head: NIL, tail: NIL, weight: 0 }
    }

    /// The sum of its entries' weights.
    #[inline]
    pub(crate) const fn weight(&self) -> u64 {
        self.weight
    }

    /// The last entry.
    #[inline]
    pub(crate) fn tail(&self) -> Option<u32> {
        (self.tail != NIL).then_some(self.tail)
    }

    /// Whether there is none.
    #[inline]
    pub(crate) const fn is_empty(&self) -> bool {
        self.head == NIL
    }

    /// Puts an entry to the front.
    #[inline]
    pub(crate) fn push_front<L: Links>(&mut self, links: &mut L, slot: u32) {
        self.weight += links.weight(slot);
        if self.head == NIL {
            self.tail = slot;
        }
        self.attach(links, slot);
    }

    /// Takes an entry out.
    #[inline]
    pub(crate) fn unlink<L: Links>(&mut self, links: &mut L, slot: u32) {
        self.weight = self.weight.saturating_sub(links.weight(slot));
        self.detach(links, slot);
        self.prefetch(links);
    }

    /// Who evicts looks at the last entry next, and then at the one before, which is asked for now:
    /// the last one was when it was the last but one.
    #[inline]
    fn prefetch<L: Links>(&self, links: &L) {
        if self.tail != NIL {
            let next = links.place(self.tail).prev;
            if next != NIL {
                links.prefetch(next);
            }
        }
    }

    #[inline]
    fn attach<L: Links>(&mut self, links: &mut L, slot: u32) {
        let head = core::mem::replace(&mut self.head, slot);
        *links.place_mut(slot) = Place { prev: NIL, next: head };
        if head != NIL {
            links.place_mut(head).prev = slot;
        }
    }

    #[inline]
    fn detach<L: Links>(&mut self, links: &mut L, slot: u32) {
        // One after the other: a load of both would wait for two stores to come together.
        let prev = links.place(slot).prev;
        let next = links.place(slot).next;
        match prev {
            NIL => self.head = next,
            _ => links.place_mut(prev).next = next,
        }
        match next {
            NIL => self.tail = prev,
            _ => links.place_mut(next).prev = prev,
        }
    }

    /// Moves the last entry to the front.
    #[inline]
    pub(crate) fn tail_to_front<L: Links>(&mut self, links: &mut L) {
        if self.tail != NIL {
            self.move_to_front(links, self.tail);
            self.prefetch(links);
        }
    }

    /// Moves an entry of this list to its front.
    #[inline]
    pub(crate) fn move_to_front<L: Links>(&mut self, links: &mut L, slot: u32) {
        if self.head != slot {
            self.detach(links, slot);
            self.attach(links, slot);
        }
    }

    /// An entry of this list weighs something else.
    pub(crate) fn reweigh(&mut self, old: u64, new: u64) {
        self.weight = self.weight.saturating_sub(old).saturating_add(new);
    }

    /// Calls `visit` from the front to the end.
    pub(crate) fn visit<L: Links>(&self, links: &L, visit: &mut dyn FnMut(u32)) {
        let mut at = self.head;
        while at != NIL {
            visit(at);
            at = links.place(at).next;
        }
    }
}
