//! What is kept and restored goes on as if nothing had happened.

use core::hash::{BuildHasherDefault, Hasher};
use core::time::Duration;
use std::sync::{Arc, Mutex};

use voussoir_cache::{Cache, Cause, Policy, Snapshot, Terms, UnsyncCache};
use voussoir_core::{ManualClock, Random};

/// The same in every run.
#[derive(Default)]
struct Fixed(u64);

impl Hasher for Fixed {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(29);
        }
    }
}

type State = BuildHasherDefault<Fixed>;
type Log = Arc<Mutex<Vec<(u32, Cause)>>>;

/// A cache, and what has left it.
fn cache(policy: Policy, capacity: u64) -> (UnsyncCache<u32, u32, State>, Log) {
    let log = Log::default();
    let told = Arc::clone(&log);
    let builder = UnsyncCache::<u32, u32>::builder(capacity).policy(policy).seed(7);
    let builder = builder.hasher(State::default());
    let cache = builder
        .on_evict(move |&key, _, cause| told.lock().unwrap().push((key, cause)))
        .build_unsync()
        .unwrap();
    (cache, log)
}

/// Some keys are asked for far more often than others.
fn request(random: &mut Random, keys: u32) -> u32 {
    let most = random.below(keys) + 1;
    random.below(most)
}

fn warm(cache: &mut UnsyncCache<u32, u32, State>, seed: u64, requests: u32, keys: u32) {
    let mut random = Random::seeded(seed);
    for _ in 0..requests {
        let key = request(&mut random, keys);
        cache.get_or_insert_with(key, || key);
    }
}

fn through_json(snapshot: &Snapshot<u32, u32>) -> Snapshot<u32, u32> {
    #[cfg(feature = "serde")]
    return serde_json::from_str(&serde_json::to_string(snapshot).unwrap()).unwrap();
    #[cfg(not(feature = "serde"))]
    snapshot.clone()
}

#[test]
fn whatever_comes_next_the_restored_cache_evicts_what_the_old_one_does() {
    for policy in [Policy::Adaptive, Policy::Lru, Policy::Lfu, Policy::Fifo, Policy::S3Fifo] {
        // `Adaptive` decides one in 128 contests of warm entries by chance, and may take a newcomer for
        // a key that it has counted: of 60 runs of up to 20 evictions a few may differ.
        let is_adaptive = policy == Policy::Adaptive;
        let mut left_to_chance = if is_adaptive { 3 } else { 0 };
        for capacity in [10, 40, 300] {
            for seed in 0..20 {
                let (mut old, log) = cache(policy, capacity);
                warm(&mut old, seed, 500 + seed as u32 * 37, capacity as u32 * 3);
                // A window that the last hits chose is taken over with the next newcomer.
                old.insert(999_999, 0);
                let kept = through_json(&old.snapshot());
                let (mut new, new_log) = cache(policy, capacity);
                new.restore(kept.clone());
                assert_eq!(new.snapshot(), kept, "{policy} {capacity}: the same is kept again");
                log.lock().unwrap().clear();
                new_log.lock().unwrap().clear();
                // Residents are used and newcomers come. Keys that were evicted before do not come
                // back: what a policy remembers of those is not kept. Nor is what `Adaptive` has seen
                // of the requests, by which the old one may choose another window before the new one.
                let mut random = Random::seeded(seed);
                let newcomers = capacity as u32 / 2;
                for newcomer in 0..if is_adaptive { newcomers.min(20) } else { newcomers } {
                    if old.snapshot().window != kept.window {
                        break;
                    }
                    let key = request(&mut random, capacity as u32 * 3);
                    assert_eq!(old.get(&key), new.get(&key), "{policy} {capacity} {seed}");
                    old.insert(1_000_000 + newcomer, 0);
                    new.insert(1_000_000 + newcomer, 0);
                    let (was, is) = (&*log.lock().unwrap(), &*new_log.lock().unwrap());
                    if was != is && left_to_chance > 0 {
                        left_to_chance -= 1;
                        break;
                    }
                    assert_eq!(was, is, "{policy} {capacity} {seed}: at {newcomer}");
                }
            }
        }
    }
}

#[test]
fn a_restored_cache_whose_policy_keeps_all_in_its_order_never_differs() {
    for policy in [Policy::Lru, Policy::Fifo, Policy::Lfu] {
        let (mut old, _) = cache(policy, 50);
        warm(&mut old, 1, 1000, 200);
        let (mut new, _) = cache(policy, 50);
        new.restore(through_json(&old.snapshot()));
        let mut random = Random::seeded(2);
        for at in 0..20_000 {
            let key = request(&mut random, 200);
            let found = (old.get(&key).copied(), new.get(&key).copied());
            assert_eq!(found.0, found.1, "{policy}: request {at}");
            if found.0.is_none() {
                old.insert(key, key);
                new.insert(key, key);
            }
        }
    }
}

#[test]
fn random_keeps_its_entries_and_their_row() {
    let (mut old, _) = cache(Policy::Random, 50);
    warm(&mut old, 1, 1000, 200);
    let (mut new, log) = cache(Policy::Random, 50);
    new.restore(through_json(&old.snapshot()));
    assert_eq!(new.snapshot(), old.snapshot());
    assert!(log.lock().unwrap().is_empty());
}

#[test]
fn times_tags_and_pins_come_back_and_the_old_entry_of_a_key_goes() {
    let clock = ManualClock::new();
    let cache = || {
        let builder = Cache::<u32, u32>::builder(10).shards(1).clock(clock.clone());
        builder.ttl(Duration::from_mins(1)).build().unwrap()
    };
    let old = cache();
    old.insert_with(1, 10, &Terms::new().ttl(Duration::from_secs(9)).tag("a").tag("b"));
    old.insert_with(2, 20, &Terms::new().tti(Duration::from_secs(4)).pinned());
    old.insert(3, 30);
    clock.advance(Duration::from_secs(3));
    let kept = through_json(&old.snapshot());
    clock.advance(Duration::from_secs(1000));

    let new = cache();
    new.insert_with(3, 99, &Terms::new().pinned());
    new.restore(kept);
    assert_eq!((new.get(&1), new.peek(&2), new.get(&3)), (Some(10), Some(20), Some(30)));
    new.resize(3);
    (100..110).for_each(|key| {
        let _ = new.insert(key, 0);
    });
    assert_eq!((new.peek(&2), new.peek(&3)), (Some(20), Some(30)), "pinned then, pinned before");
    new.resize(10);
    new.insert_with(1, 11, &Terms::new());
    assert_eq!(new.invalidate_tag("a"), 0, "a later value has its own tags");
    clock.advance(Duration::from_secs(4) - Duration::from_nanos(1));
    assert_eq!(new.peek(&2), Some(20));
    clock.advance(Duration::from_nanos(1));
    assert_eq!((new.peek(&2), new.peek(&3)), (None, Some(30)), "idle for too long");
    clock.advance(Duration::from_secs(53));
    assert_eq!(new.peek(&3), None, "of its 60 s it had 57 left");
}

#[test]
fn a_weighted_cache_keeps_the_window_that_it_has_found() {
    let builder = || Cache::<u32, u32>::builder(200).shards(1).weigher(|_, _| 2).seed(1);
    let old = builder().hasher(State::default()).build().unwrap();
    // Keys that come twice within few requests and never again: recency is all.
    for key in 0..100_000_u32 {
        old.get_or_insert_with(&key, || 0);
        old.get_or_insert_with(&key.saturating_sub(60), || 0);
    }
    let kept = through_json(&old.snapshot());
    assert!(kept.window != 10, "it has not moved from where it began");
    let new = builder().hasher(State::default()).build().unwrap();
    new.restore(kept.clone());
    assert!(new.snapshot() == kept, "{:?}", new.snapshot().window);
}

#[test]
fn whatever_a_snapshot_says_a_cache_that_restores_it_is_sound() {
    let mut random = Random::seeded(5);
    for policy in Policy::ALL {
        for taken in Policy::ALL {
            let (mut old, _) = cache(taken, 30);
            warm(&mut old, 1, 300, 90);
            let mut kept = old.snapshot();
            kept.window = random.next_u64() as u32;
            for entry in &mut kept.entries {
                (entry.region, entry.heat) = (random.below(256) as u8, random.below(256) as u8);
                entry.pinned = random.below(8) == 0;
                entry.key = random.below(40);
                entry.ttl =
                    [None, Some(Duration::ZERO), Some(Duration::MAX)][random.below(3) as usize];
                entry.tti = [Duration::ZERO, Duration::MAX][random.below(2) as usize];
                entry.tags = (0..random.below(5)).map(|_| "tag".into()).collect();
            }
            let (mut new, log) = cache(policy, 10);
            new.restore(kept);
            warm(&mut new, 2, 300, 90);
            assert!(new.len() <= 10 && new.weight() == new.len() as u64);
            let stats = new.stats();
            let gone = log.lock().unwrap().len() as u64;
            assert_eq!(stats.inserted + stats.rejected, new.len() as u64 + gone, "{stats:?}");
            let tagged = new.iter().count();
            assert!(new.invalidate_tag("tag") <= tagged);
            new.resize(1);
            assert!(new.len() <= 1);
        }
    }
}

/// The body of the fuzz target `cache_snapshot`, on texts that are nearly right.
#[test]
#[cfg(feature = "serde")]
fn no_text_that_is_read_as_a_snapshot_harms_a_cache() {
    let (mut old, _) = cache(Policy::Adaptive, 6);
    warm(&mut old, 1, 60, 20);
    old.insert_with(3, 3, &Terms::new().ttl(Duration::from_secs(9)).tag("a").pinned());
    let right = serde_json::to_string(&old.snapshot()).unwrap();
    let mut random = Random::seeded(11);
    let mut read = 0;
    for _ in 0..20_000 {
        let mut text = right.clone().into_bytes();
        for _ in 0..=random.below(2) {
            let at = random.below(text.len() as u32) as usize;
            match random.below(3) {
                0 => text[at] = b"0123456789,:{}[]\"nulltrue"[random.below(25) as usize],
                1 => drop(text.remove(at)),
                _ => text.insert(at, b"0123456789"[random.below(10) as usize]),
            }
        }
        let text = String::from_utf8(text).unwrap();
        let Ok(kept) = serde_json::from_str::<Snapshot<u32, u32>>(&text) else { continue };
        read += 1;
        let written = serde_json::to_string(&kept).unwrap();
        assert_eq!(serde_json::from_str::<Snapshot<u32, u32>>(&written).unwrap(), kept);
        for policy in Policy::ALL {
            let (mut new, _) = cache(policy, 4);
            new.restore(kept.clone());
            warm(&mut new, 3, 12, 12);
            assert!(new.len() <= 4 && new.snapshot().entries.len() <= 4, "{text}");
        }
    }
    assert!(read > 1000, "only {read} of 20000 are read at all");
}
