//! Which entries expire next, found without looking at the others.

use alloc::boxed::Box;
use alloc::vec;

use voussoir_core::Nanos;

use super::timers::Timers;
use crate::policy::list::NIL;

/// Levels of 64 slots; a slot of one level is as long as the whole level below it.
const LEVELS: usize = 8;
const SLOTS: usize = 64;

/// A tick is 2^16 ns, 66 µs: eight levels of six bits then cover all 64 bits of time.
const TICK_BITS: u32 = 16;

/// A `prev` with this bit names the slot of the wheel whose first entry this is.
const FIRST: u32 = 1 << 31;

/// A hierarchical timing wheel (Varghese and Lauck, "Hashed and hierarchical timing wheels", SOSP
/// 1987) through index links. Insertion and removal are O(1); an entry moves down at most seven
/// levels before it is due. Bits tell which slots hold something, so that time that passes costs
/// nothing by itself.
#[derive(Debug)]
pub(crate) struct Wheel {
    /// The tick up to which everything due was taken out.
    elapsed: u64,
    heads: Box<[u32]>,
    taken: [u64; LEVELS],
}

impl Wheel {
    pub(crate) fn new(now: Nanos) -> Self {
        Self {
            elapsed: now.as_nanos() >> TICK_BITS,
            heads: vec![NIL; LEVELS * SLOTS].into_boxed_slice(),
            taken: [0; LEVELS],
        }
    }

    pub(crate) fn bytes(&self) -> usize {
        size_of_val(&*self.heads)
    }

    fn place(&self, deadline: Nanos) -> usize {
        let tick = (deadline.as_nanos() >> TICK_BITS).max(self.elapsed);
        let differing = (tick ^ self.elapsed) | (SLOTS as u64 - 1);
        let level = (63 - differing.leading_zeros() as usize) / 6;
        level * SLOTS + ((tick >> (level * 6)) as usize & (SLOTS - 1))
    }

    /// Puts an entry where it is looked for at `deadline`.
    pub(crate) fn insert(
        &mut self,
        cells: &mut [super::timers::Timer],
        slot: u32,
        deadline: Nanos,
    ) {
        let place = self.place(deadline);
        let head = self.heads[place];
        cells[slot as usize].prev = FIRST | place as u32;
        cells[slot as usize].next = head;
        if head != NIL {
            cells[head as usize].prev = slot;
        }
        self.heads[place] = slot;
        self.taken[place / SLOTS] |= 1 << (place % SLOTS);
    }

    /// Takes an entry out, if it is in.
    pub(crate) fn remove(&mut self, cells: &mut [super::timers::Timer], slot: u32) {
        let Some(cell) = cells.get_mut(slot as usize) else { return };
        let (prev, next) = (cell.prev, cell.next);
        if prev == NIL {
            return;
        }
        (cell.prev, cell.next) = (NIL, NIL);
        if next != NIL {
            cells[next as usize].prev = prev;
        }
        if prev & FIRST == 0 {
            cells[prev as usize].next = next;
            return;
        }
        let place = (prev & !FIRST) as usize;
        self.heads[place] = next;
        if next == NIL {
            self.taken[place / SLOTS] &= !(1 << (place % SLOTS));
        }
    }

    /// The first slot of the wheel that holds something, and the tick at which it begins. All levels
    /// are looked at: a slot that was only partly emptied begins before what has moved down from it.
    fn first(&self) -> Option<(usize, u64)> {
        let mut first: Option<(usize, u64)> = None;
        for (level, &taken) in self.taken.iter().enumerate() {
            if taken == 0 {
                continue;
            }
            let shift = level as u32 * 6;
            let here = (self.elapsed >> shift) as u32 & (SLOTS as u32 - 1);
            let ahead = u64::from(taken.rotate_right(here).trailing_zeros());
            let begins = ((self.elapsed >> shift) + ahead) << shift;
            if first.is_none_or(|(_, earliest)| begins <= earliest) {
                let slot = (here as usize + ahead as usize) % SLOTS;
                first = Some((level * SLOTS + slot, begins));
            }
        }
        first
    }

    /// When the next call of `advance` can find something: never later than the first deadline.
    pub(crate) fn next(&self) -> Option<Nanos> {
        let (_, begins) = self.first()?;
        Some(Nanos::from_nanos(begins.max(self.elapsed) << TICK_BITS))
    }

    /// The slots of the first place of the wheel, when that place is one tick long.
    pub(crate) fn first_tick(&self) -> Option<u32> {
        let (place, _) = self.first()?;
        (place < SLOTS).then(|| self.heads[place])
    }

    /// Takes out up to `budget` entries that may be due at `now`, one by one, and gives them to
    /// `due`, which answers when to look again or nothing if the entry is to be dropped. What is to
    /// be dropped is left out of the wheel. Whether there was budget for all.
    pub(crate) fn advance(
        timers: &mut Timers,
        now: Nanos,
        budget: usize,
        mut due: impl FnMut(&Timers, u32) -> Option<Nanos>,
    ) -> bool {
        let target = now.as_nanos() >> TICK_BITS;
        // Entries of the present tick that are not due yet: they are put back at the end.
        let mut waiting = NIL;
        let mut left = budget;
        let done = loop {
            let Some((place, begins)) = timers.wheel.first() else { break true };
            if begins > target {
                break true;
            }
            if left == 0 {
                break false;
            }
            left -= 1;
            timers.wheel.elapsed = timers.wheel.elapsed.max(begins);
            let slot = timers.wheel.heads[place];
            timers.wheel.remove(&mut timers.cells, slot);
            match due(timers, slot) {
                None => {}
                Some(later) if later.as_nanos() >> TICK_BITS <= target => {
                    timers.cells[slot as usize].next = waiting;
                    waiting = slot;
                }
                Some(later) => timers.wheel.insert(&mut timers.cells, slot, later),
            }
        };
        if done {
            timers.wheel.elapsed = timers.wheel.elapsed.max(target);
        }
        while waiting != NIL {
            let slot = waiting;
            waiting = timers.cells[slot as usize].next;
            let deadline = timers.deadline(slot);
            timers.wheel.insert(&mut timers.cells, slot, deadline);
        }
        done
    }
}
