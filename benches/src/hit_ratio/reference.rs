//! What no cache is better than, and the two simplest ones written as simply as can be: the naive
//! models to which ours must be equal, hit for hit.

use std::collections::{BTreeMap, BinaryHeap, HashMap, HashSet, VecDeque};

use super::trace::Request;
use super::{Contender, Simulated};

/// The naive models.
pub const CONTENDERS: &[Contender] = &[
    Contender { name: "naive-lru", build: |size| Box::new(Lru::new(size.capacity)) },
    Contender { name: "naive-fifo", build: |size| Box::new(Fifo::new(size.capacity)) },
];

/// The hits of a cache that knows the future, and may refuse to keep what it is asked for: Belady,
/// "A study of replacement algorithms for virtual-storage computers", 1966. Weights count as 1.
///
/// Complexity: O(n log n).
pub fn optimum(requests: &[Request], capacity: u64) -> u64 {
    let mut next = vec![u64::MAX; requests.len()];
    let mut seen = HashMap::with_capacity(requests.len() / 4);
    for (at, request) in requests.iter().enumerate().rev() {
        if let Some(later) = seen.insert(request.key, at as u64) {
            next[at] = later;
        }
    }
    // For each key that is kept, when it is asked for next; and the same, the latest first, among
    // which are some that are out of date.
    let mut kept: HashMap<u64, u64> = HashMap::with_capacity(capacity as usize);
    let mut latest = BinaryHeap::new();
    let mut hits = 0;
    for (request, &next) in requests.iter().zip(&next) {
        let hit = kept.remove(&request.key).is_some();
        hits += u64::from(hit);
        if next == u64::MAX {
            continue;
        }
        if kept.len() as u64 == capacity {
            while latest.peek().is_some_and(|(when, key)| kept.get(key) != Some(when)) {
                latest.pop();
            }
            match latest.peek() {
                Some(&(when, key)) if when > next => {
                    latest.pop();
                    kept.remove(&key);
                }
                _ => continue,
            }
        }
        kept.insert(request.key, next);
        latest.push((next, request.key));
    }
    hits
}

/// The least recently used goes first.
struct Lru {
    capacity: u64,
    used: HashMap<u64, u64>,
    by_use: BTreeMap<u64, u64>,
    now: u64,
}

impl Lru {
    fn new(capacity: u64) -> Self {
        Self { capacity, used: HashMap::new(), by_use: BTreeMap::new(), now: 0 }
    }
}

impl Simulated for Lru {
    fn access(&mut self, key: u64, _: u32) -> bool {
        self.now += 1;
        let before = self.used.insert(key, self.now);
        if let Some(before) = before {
            self.by_use.remove(&before);
        }
        self.by_use.insert(self.now, key);
        if self.used.len() as u64 > self.capacity
            && let Some((_, oldest)) = self.by_use.pop_first()
        {
            self.used.remove(&oldest);
        }
        before.is_some()
    }
}

/// The first in goes first.
struct Fifo {
    capacity: u64,
    held: HashSet<u64>,
    order: VecDeque<u64>,
}

impl Fifo {
    fn new(capacity: u64) -> Self {
        Self { capacity, held: HashSet::new(), order: VecDeque::new() }
    }
}

impl Simulated for Fifo {
    fn access(&mut self, key: u64, _: u32) -> bool {
        if !self.held.insert(key) {
            return true;
        }
        self.order.push_back(key);
        if self.order.len() as u64 > self.capacity
            && let Some(first) = self.order.pop_front()
        {
            self.held.remove(&first);
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn requests(keys: &[u64]) -> Vec<Request> {
        keys.iter().map(|&key| Request { key, weight: 1 }).collect()
    }

    /// All ways to keep or not to keep, tried.
    fn best(requests: &[Request], kept: &mut Vec<u64>, capacity: usize) -> u64 {
        let Some((first, rest)) = requests.split_first() else { return 0 };
        let hit = u64::from(kept.contains(&first.key));
        let mut most = best(rest, kept, capacity);
        if hit == 0 {
            if kept.len() < capacity {
                kept.push(first.key);
                most = most.max(best(rest, kept, capacity));
                kept.pop();
            } else {
                for place in 0..kept.len() {
                    let out = core::mem::replace(&mut kept[place], first.key);
                    most = most.max(best(rest, kept, capacity));
                    kept[place] = out;
                }
            }
        }
        most + hit
    }

    #[test]
    fn the_optimum_is_that_of_trying_everything() {
        let mut state = 1_u64;
        for _ in 0..200 {
            let keys: Vec<u64> = (0..12)
                .map(|_| {
                    state = super::super::scrambled(state);
                    state % 5
                })
                .collect();
            for capacity in 1..4 {
                let requests = requests(&keys);
                let tried = best(&requests, &mut Vec::new(), capacity);
                assert_eq!(optimum(&requests, capacity as u64), tried, "{keys:?} {capacity}");
            }
        }
    }

    #[test]
    fn the_models_hold_what_they_say() {
        let keys = requests(&[1, 2, 1, 3, 1, 2]);
        assert_eq!(Lru::new(2).play(&keys), 2);
        assert_eq!(Fifo::new(2).play(&keys), 1);
    }
}
