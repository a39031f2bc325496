//! Which size of the window suits the requests of now, found on a sample of them.

use alloc::boxed::Box;
use core::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use parking_lot::Mutex;
use voussoir_core::Random;

use super::shadow::Shadow;
use super::sketch::Sketch;

/// The windows tried, in percent of the capacity: from the paper's 1 % to what is nearly LRU.
const WINDOWS: [u64; 6] = [1, 5, 15, 35, 65, 95];
/// Where it begins: of all fixed sizes, those near 15 % lose least over the traces we measured.
const FIRST: usize = 2;
/// Entries of a shadow: from half of this to this, in small caches half of what they hold.
const ENTRIES: u64 = 512;
/// A choice is made each time a shadow was asked for so many times what it holds. Twice as many lose
/// less to chance and more to being late: of 17 seeds one had a row 3.6 points below the best peer,
/// where this had none below 2.5, with the same mean over all rows of our traces.
const ROUNDS: u64 = 4;
/// What the hits of earlier rounds count.
const DECAY: f64 = 0.7;
/// A window must be so much better than the present one.
const MARGIN: f64 = 1.005;

/// Six small caches, fed with one key in so many, that differ in their windows alone: the one with
/// the most hits tells the size for the whole. Shared by the shards of a cache.
///
/// The idea is miniature simulation (Waldspurger, Saemundsson, Ahmad and Park, "Cache modeling and
/// optimization using miniature simulations", ATC 2017). Unlike climbing, which must walk through
/// what is bad to find what is good, it sees all sizes at once.
#[derive(Debug)]
pub struct Tuner {
    /// The window's share of the capacity, in percent.
    percent: AtomicU32,
    /// One key in so many is sampled: a power of two, less one.
    mask: AtomicU64,
    /// Entries of the whole cache.
    capacity: AtomicU64,
    seed: u64,
    /// None until the first sample: an empty cache is small.
    state: Mutex<Option<Box<State>>>,
}

#[derive(Debug)]
struct State {
    shadows: [Shadow; WINDOWS.len()],
    scores: [f64; WINDOWS.len()],
    hits: [u32; WINDOWS.len()],
    sketch: Sketch,
    requests: u64,
    round: u64,
    chosen: usize,
    dice: Random,
}

impl State {
    fn new(entries: u64, seed: u64, percent: u32) -> Self {
        let shadow = |percent: u64| Shadow::new(entries, (entries * percent / 100).max(1));
        let nearest = (0..WINDOWS.len()).min_by_key(|&at| WINDOWS[at].abs_diff(percent.into()));
        Self {
            shadows: WINDOWS.map(shadow),
            scores: [0.0; WINDOWS.len()],
            hits: [0; WINDOWS.len()],
            sketch: Sketch::new(entries),
            requests: 0,
            round: entries * ROUNDS,
            chosen: nearest.unwrap_or(FIRST),
            dice: Random::seeded(seed),
        }
    }
}

impl Tuner {
    /// For a cache of so many entries, all shards together.
    pub fn new(capacity: u64, seed: u64) -> Self {
        Self {
            percent: AtomicU32::new(WINDOWS[FIRST] as u32),
            mask: AtomicU64::new(Self::rate(capacity) - 1),
            capacity: AtomicU64::new(capacity),
            seed,
            state: Mutex::new(None),
        }
    }

    /// One key in so many is sampled: so many that the shadows are as large as they should be.
    fn rate(capacity: u64) -> u64 {
        capacity.div_ceil(ENTRIES).clamp(2, 1 << 40).next_power_of_two()
    }

    /// Entries of a shadow.
    fn entries(&self) -> u64 {
        let capacity = self.capacity.load(Ordering::Relaxed);
        (capacity / Self::rate(capacity)).clamp(8, ENTRIES)
    }

    /// For another capacity from here on. The window stays; what was tried for another rate is
    /// forgotten.
    pub fn resize(&self, capacity: u64) {
        let mut state = self.state.lock();
        let mask = Self::rate(capacity) - 1;
        self.capacity.store(capacity, Ordering::Relaxed);
        if self.mask.swap(mask, Ordering::Relaxed) != mask {
            *state = None;
        }
    }

    /// The window's share of the capacity, in percent.
    #[inline]
    pub fn percent(&self) -> u32 {
        self.percent.load(Ordering::Relaxed)
    }

    /// Starts from this share, forgetting what was tried.
    pub fn set_percent(&self, percent: u32) {
        *self.state.lock() = None;
        self.percent.store(percent.clamp(1, 100), Ordering::Relaxed);
    }

    /// Notes a request.
    #[inline]
    pub fn note(&self, hash: u32) {
        // Spread anew, so that the sample has nothing to do with the choice of a shard, nor with the
        // place in an index.
        let spread = u64::from(hash).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        if (spread >> 32) & self.mask.load(Ordering::Relaxed) == 0 {
            self.sample(hash);
        }
    }

    #[cold]
    fn sample(&self, hash: u32) {
        // A sample that meets another is left out rather than waited for.
        let Some(mut state) = self.state.try_lock() else { return };
        let state = state
            .get_or_insert_with(|| Box::new(State::new(self.entries(), self.seed, self.percent())));
        state.sketch.add(hash);
        let chance = state.dice.next_u64() as u32;
        for (shadow, hits) in state.shadows.iter_mut().zip(&mut state.hits) {
            *hits += u32::from(shadow.request(hash, &state.sketch, chance));
        }
        state.requests += 1;
        if state.requests >= state.round {
            state.requests = 0;
            for (score, hits) in state.scores.iter_mut().zip(&mut state.hits) {
                *score = *score * DECAY + f64::from(core::mem::take(hits));
            }
            let best = (0..WINDOWS.len()).fold(state.chosen, |best, at| {
                if state.scores[at] > state.scores[best] { at } else { best }
            });
            if state.scores[best] > state.scores[state.chosen] * MARGIN {
                state.chosen = best;
                self.percent.store(WINDOWS[best] as u32, Ordering::Relaxed);
            }
        }
    }

    /// Bytes on the heap.
    pub fn bytes(&self) -> usize {
        self.state.lock().as_ref().map_or(0, |state| {
            size_of::<State>()
                + state.sketch.bytes()
                + state.shadows.iter().map(Shadow::bytes).sum::<usize>()
        })
    }
}

#[cfg(test)]
mod tests {
    use core::sync::atomic::Ordering;

    use super::Tuner;

    #[test]
    fn a_tuner_of_a_resized_cache_samples_as_one_that_was_made_for_it() {
        for (from, to) in [(1000, 1_000_000), (1_000_000, 1000), (16, u64::MAX), (4096, 4097)] {
            let (old, new) = (Tuner::new(from, 1), Tuner::new(to, 1));
            // Some hash is sampled at any rate.
            old.note(0);
            old.set_percent(35);
            old.resize(to);
            assert_eq!(old.mask.load(Ordering::Relaxed), new.mask.load(Ordering::Relaxed));
            assert_eq!((old.entries(), old.percent()), (new.entries(), 35));
            old.note(0);
            new.note(0);
            assert_eq!(old.bytes(), new.bytes());
        }
    }
}
