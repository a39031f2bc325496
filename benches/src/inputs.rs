//! The keys, and the order in which they are asked for. Same seed, same order, for everybody.

use alloc::sync::Arc;
use std::path::PathBuf;

use crate::harness::case::Contestant;

/// Length of an order. Operations go round it; two threads start half of it apart. Short enough for
/// a burst to go round it more than once, so that it finds what it asks for in the caches.
pub const ORDER: usize = 1 << 16;

const SEED: u64 = 0x0076_6f75_7373_6f69;

/// What the areas are fed with.
#[derive(Clone, Debug)]
pub struct Inputs {
    /// How many entries the large maps hold.
    pub large: usize,
    /// How many entries the small maps hold.
    pub small: usize,
    /// Where recorded cache traces are, if anywhere.
    pub traces: Option<PathBuf>,
    /// Where recorded queries are, if anywhere.
    pub queries: Option<PathBuf>,
}

impl Inputs {
    /// 100,000 and 10,000 entries.
    pub const FULL: Self = Self { large: 100_000, small: 10_000, traces: None, queries: None };

    /// Little, for tests of the harness itself.
    pub const TINY: Self = Self { large: 100, small: 10, traces: None, queries: None };
}

/// Keys, and the order in which they are asked for.
#[derive(Clone, Debug)]
pub struct Asked<K> {
    keys: Arc<[K]>,
    order: Arc<[u32]>,
}

impl<K: Send + Sync + 'static> Asked<K> {
    /// Asks for `keys` by their places in `order`, which is one of [`uniform`] and [`zipf`].
    pub fn new(keys: &Arc<[K]>, order: &Arc<[u32]>) -> Self {
        Self { keys: Arc::clone(keys), order: Arc::clone(order) }
    }

    /// Every key, once.
    pub fn keys(&self) -> &[K] {
        &self.keys
    }

    /// A contestant that does `operation` with one key after another.
    pub fn contestant(
        &self,
        name: impl Into<String>,
        operation: impl Fn(&K) -> bool + Send + Sync + 'static,
    ) -> Contestant {
        let Self { keys, order } = self;
        let (keys, order) = (Arc::clone(keys), Arc::clone(order));
        Contestant::each(name, move |index| operation(&keys[order[index % ORDER] as usize]))
    }
}

/// `count` different numbers that look random.
pub fn numbers(count: usize) -> Arc<[u64]> {
    let mut random = SplitMix::new(SEED);
    (0..count).map(|_| random.next()).collect()
}

/// `count` different strings of 23 bytes, as an API key or a session id has.
pub fn strings(count: usize) -> Arc<[String]> {
    let mut random = SplitMix::new(SEED);
    (0..count).map(|_| format!("client:{:016x}", random.next())).collect()
}

/// An order in which every one of `keys` keys is equally likely.
pub fn uniform(keys: usize) -> Arc<[u32]> {
    let mut random = SplitMix::new(SEED + 1);
    (0..ORDER).map(|_| (random.next() % keys as u64) as u32).collect()
}

/// An order in which the `r`-th likeliest key is asked for in proportion to `1 / r` (Zipf with
/// exponent 1). Likely keys are spread over the table, not its first entries.
pub fn zipf(keys: usize) -> Arc<[u32]> {
    let mut random = SplitMix::new(SEED + 2);
    let mut places: Vec<u32> = (0..keys as u32).collect();
    random.shuffle(&mut places);
    let mut total = 0.0;
    let below: Vec<f64> = (1..=keys)
        .map(|rank| {
            total += 1.0 / rank as f64;
            total
        })
        .collect();
    (0..ORDER)
        .map(|_| {
            let at = random.unit() * total;
            places[below.partition_point(|&sum| sum <= at).min(keys - 1)]
        })
        .collect()
}

/// Steele, Lea and Flood, "Fast splittable pseudorandom number generators" (2014). It visits
/// every number once, so that keys drawn from it differ.
#[derive(Debug)]
pub struct SplitMix(u64);

impl SplitMix {
    /// The sequence of `seed`.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Puts `items` into any order, each as likely (Fisher and Yates).
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, (self.next() % (last as u64 + 1)) as usize);
        }
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(order: &[u32], keys: usize) -> Vec<usize> {
        let mut counts = vec![0; keys];
        for &key in order {
            counts[key as usize] += 1;
        }
        counts.sort_unstable_by(|a, b| b.cmp(a));
        counts
    }

    #[test]
    fn zipf_asks_for_the_likeliest_key_twice_as_often_as_for_the_second() {
        let counts = asked(&zipf(1000), 1000);
        let ratio = counts[0] as f64 / counts[1] as f64;
        assert!((1.9..2.1).contains(&ratio), "{ratio}");
        // The share of the first is 1 / H(1000) = 0.1336.
        let share = counts[0] as f64 / ORDER as f64;
        assert!((0.130..0.137).contains(&share), "{share}");
    }

    #[test]
    fn uniform_asks_for_all_keys_alike() {
        let counts = asked(&uniform(100), 100);
        assert!(counts[0] < counts[99] * 13 / 10, "{counts:?}");
    }

    #[test]
    fn keys_differ() {
        let mut keys = numbers(10_000).to_vec();
        keys.sort_unstable();
        keys.dedup();
        assert_eq!(keys.len(), 10_000);
        assert!(strings(10).iter().all(|key| key.len() == 23));
    }
}
