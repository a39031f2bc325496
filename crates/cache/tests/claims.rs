//! What the page says, one claim a test.

use core::time::Duration;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use voussoir_cache::{Cache, Cause, Expiry, Inserted, Policy, Terms, UnsyncCache};
use voussoir_core::{ManualClock, Nanos};

const fn nanos(nanos: u64) -> Duration {
    Duration::from_nanos(nanos)
}

#[test]
fn an_entry_is_there_until_the_nanosecond_of_its_end() {
    for policy in Policy::ALL {
        let clock = ManualClock::new();
        let builder = || Cache::<u8, u8>::builder(10).policy(policy).clock(clock.clone());
        let cache = builder().ttl(nanos(100)).build().unwrap();
        let mut own = builder().ttl(nanos(100)).build_unsync().unwrap();
        cache.insert(1, 1);
        own.insert(1, 1);
        clock.advance(nanos(99));
        assert!(cache.contains_key(&1) && cache.get(&1).is_some() && own.get(&1).is_some());
        clock.advance(nanos(1));
        assert!(!cache.contains_key(&1) && cache.get(&1).is_none() && own.get(&1).is_none());
        assert_eq!((cache.peek(&1), cache.iter().count(), own.iter().count()), (None, 0, 0));
        cache.run_pending(Nanos::from_nanos(100));
        assert_eq!(cache.len(), 0);
        assert_eq!(cache.stats().expired, 1);
    }
}

#[test]
fn a_use_keeps_an_entry_and_a_peek_does_not() {
    let clock = ManualClock::new();
    let cache = Cache::<u8, u8>::builder(10).tti(nanos(100)).clock(clock.clone()).build().unwrap();
    cache.insert(1, 1);
    cache.insert(2, 2);
    clock.advance(nanos(60));
    assert!(cache.get(&1).is_some() && cache.peek(&2).is_some() && cache.contains_key(&2));
    clock.advance(nanos(40));
    assert!(cache.contains_key(&1) && !cache.contains_key(&2));
    clock.advance(nanos(60));
    assert!(!cache.contains_key(&1));
    cache.run_pending(Nanos::from_nanos(160));
    assert!(cache.is_empty());
}

#[test]
fn a_clock_that_goes_back_brings_nothing_back() {
    let clock = ManualClock::at(Nanos::from_secs(1));
    let cache = Cache::<u8, u8>::builder(10).ttl(nanos(100)).clock(clock.clone()).build().unwrap();
    cache.insert(1, 1);
    clock.advance(nanos(100));
    assert_eq!(cache.get(&1), None);
    clock.rewind(nanos(100));
    assert_eq!(cache.get(&1), None);
    cache.insert(2, 2);
    assert_eq!(cache.get(&2), Some(2));
}

#[test]
fn a_time_to_live_of_zero_keeps_nothing_and_the_longest_does_not_overflow() {
    let clock = ManualClock::at(Nanos::from_nanos(u64::MAX - 5));
    let cache = Cache::<u8, u8>::builder(10).clock(clock.clone()).build().unwrap();
    cache.insert(1, 1);
    let none = Terms::new().ttl(Duration::ZERO);
    assert_eq!(cache.insert_with(1, 2, &none), Inserted::Rejected(2));
    assert_eq!(cache.get(&1), None, "what was to be replaced is gone");
    cache.insert_with(2, 2, &Terms::new().ttl(Duration::MAX).tti(Duration::MAX));
    assert_eq!(cache.get(&2), Some(2));
    cache.run_pending(Nanos::MAX);
    assert_eq!(cache.get(&2), Some(2));
}

#[test]
fn the_wheel_reclaims_every_entry_in_its_time_and_says_when_to_come_back() {
    let clock = ManualClock::new();
    let cache = Cache::<u64, u64>::builder(2_000_000).clock(clock.clone()).build().unwrap();
    let count = if std::env::var_os("VOUSSOIR_LONG").is_some() { 1_000_000 } else { 20_000 };
    let mut random = voussoir_core::Random::seeded(5);
    let mut ends = Vec::new();
    for key in 0..count {
        // From microseconds to weeks, so that every level is used.
        let ttl = (1 << random.below(50)) + random.below_u64(1 << 20);
        cache.insert_with(key, ttl, &Terms::new().ttl(nanos(ttl)));
        ends.push(ttl);
    }
    ends.sort_unstable();
    let mut calls = 0;
    let mut now = Nanos::ZERO;
    while let Some(next) = cache.run_pending(now) {
        assert!(next > now || cache.is_empty(), "a deadline in the past asks for a busy loop");
        let left = ends.partition_point(|&end| end <= now.as_nanos());
        assert_eq!(cache.len(), ends.len() - left, "at {now:?}");
        assert!(next.as_nanos() <= ends[left], "{next:?} is after the first end {}", ends[left]);
        (now, calls) = (next, calls + 1);
    }
    assert_eq!(cache.len(), 0);
    assert!(calls < 10 * count, "{calls} calls");
}

#[test]
fn jitter_only_shortens_and_by_no_more_than_its_share() {
    let clock = ManualClock::new();
    let builder = Cache::<u64, ()>::builder(10_000).ttl(nanos(1000)).jitter(0.2);
    let cache = builder.clock(clock.clone()).build().unwrap();
    for key in 0..1000 {
        cache.insert(key, ());
    }
    let at = |now| {
        clock.set(Nanos::from_nanos(now));
        (0..1000).filter(|key| cache.contains_key(key)).count()
    };
    assert_eq!(at(799), 1000);
    let half = at(900);
    assert!((400..600).contains(&half), "{half}");
    assert_eq!(at(1000), 0);
}

#[derive(Debug)]
struct ByValue;

impl Expiry<u8, u64> for ByValue {
    fn ttl(&self, _: &u8, value: &u64) -> Option<Duration> {
        (*value > 0).then(|| nanos(*value))
    }
    fn ttl_after_read(&self, key: &u8, _: &u64, remaining: Duration) -> Option<Duration> {
        (*key == 7).then(|| remaining + nanos(10))
    }
}

#[test]
fn entries_say_how_long_they_are_good() {
    let clock = ManualClock::new();
    let builder = Cache::<u8, u64>::builder(10).expiry(ByValue).ttl(nanos(50));
    let cache = builder.clock(clock.clone()).build().unwrap();
    cache.insert(1, 20);
    cache.insert(2, 0);
    cache.insert(7, 20);
    clock.advance(nanos(19));
    assert!(cache.get(&7).is_some() && cache.get(&1).is_some());
    clock.advance(nanos(1));
    assert!(cache.get(&1).is_none() && cache.get(&2).is_some() && cache.get(&7).is_some());
    clock.set(Nanos::from_nanos(50));
    assert!(cache.get(&2).is_none());
}

#[test]
fn what_weighs_more_than_fits_is_given_back_and_the_old_value_is_gone() {
    let causes = Arc::new(Mutex::new(Vec::new()));
    let told = Arc::clone(&causes);
    let cache = Cache::<u8, u64>::builder(10)
        .weigher(|_, &weight| weight)
        .on_evict(move |_, &value, cause| told.lock().unwrap().push((value, cause)))
        .build()
        .unwrap();
    assert_eq!(cache.max_entry_weight(), 10);
    assert_eq!(cache.insert(1, 4), Inserted::New);
    assert_eq!(cache.insert(1, 11), Inserted::Rejected(11));
    assert!(cache.is_empty());
    assert_eq!(cache.insert(2, 0), Inserted::New);
    assert_eq!(cache.weight(), 1, "nothing weighs nothing");
    assert_eq!(cache.insert(3, 10), Inserted::New);
    assert_eq!((cache.len(), cache.weight()), (1, 10));
    let expected = [(4, Cause::Replaced), (11, Cause::Rejected), (0, Cause::Capacity)];
    assert_eq!(*causes.lock().unwrap(), expected);
}

#[test]
fn whether_an_entry_fits_does_not_depend_on_the_processors() {
    for capacity in [1_000, 1 << 20, 1 << 30, u64::MAX] {
        let cache = Cache::<u8, u64>::builder(capacity).weigher(|_, &weight| weight);
        let cache = cache.build().unwrap();
        assert!(cache.shards() <= 16 && cache.max_entry_weight() >= capacity / 16);
        assert!(cache.insert(1, capacity / 16).is_in());
    }
}

#[test]
fn an_entry_that_grows_makes_room_for_itself() {
    for policy in Policy::ALL {
        let builder = Cache::<u8, u64>::builder(10).weigher(|_, &weight| weight).policy(policy);
        let cache = builder.build().unwrap();
        for key in 0..5 {
            cache.insert(key, 2);
        }
        assert_eq!(cache.weight(), 10);
        cache.insert(4, 9);
        assert!(cache.weight() <= 10, "{policy}: {}", cache.weight());
        assert_eq!(cache.iter().map(|(_, weight)| weight).sum::<u64>(), cache.weight());
        cache.insert(9, 1);
        assert!(cache.weight() <= 10 && cache.contains_key(&9));
    }
}

#[test]
fn a_value_that_grows_is_there_and_what_is_beside_it_goes() {
    for policy in Policy::ALL {
        for grows in 0..5 {
            let builder = Cache::<u8, u64>::builder(10).weigher(|_, &weight| weight).policy(policy);
            let cache = builder.build().unwrap();
            for key in 0..5 {
                cache.insert(key, 2);
            }
            assert_eq!(cache.insert(grows, 6), Inserted::Replaced(2), "{policy} {grows}");
            assert_eq!((cache.peek(&grows), cache.weight()), (Some(6), 10), "{policy} {grows}");
            // Where all others are pinned it is refused, as a newcomer would be.
            for (key, _) in cache.iter().filter(|(key, _)| *key != grows).collect::<Vec<_>>() {
                cache.pin(&key);
            }
            assert_eq!(cache.insert(grows, 7), Inserted::Rejected(7), "{policy} {grows}");
            assert_eq!((cache.peek(&grows), cache.len(), cache.weight()), (None, 2, 4), "{policy}");
        }
    }
}

#[test]
fn weights_near_the_end_of_u64_do_not_overflow() {
    for policy in Policy::ALL {
        let builder = UnsyncCache::<u32, u64>::builder(u64::MAX).weigher(|_, &weight| weight);
        let mut cache = builder.policy(policy).build_unsync().unwrap();
        let check = |cache: &UnsyncCache<u32, u64>| {
            let sum: u128 = cache.iter().map(|(_, weight)| u128::from(*weight)).sum();
            assert_eq!(sum, u128::from(cache.weight()), "{policy}");
        };
        cache.insert(1, u64::MAX - 10);
        cache.insert(2, 5);
        check(&cache);
        assert_eq!(cache.insert(2, u64::MAX), Inserted::Replaced(5), "{policy}");
        check(&cache);
        assert_eq!((cache.peek(&1), cache.peek(&2)), (None, Some(&u64::MAX)), "{policy}");
        cache.insert(3, u64::MAX);
        cache.insert(3, 7);
        check(&cache);
        // Beside what is pinned there is no room: refused, and the old value is gone.
        cache.insert(4, u64::MAX - 7);
        assert!(cache.pin(&4));
        assert_eq!(cache.insert(3, 8), Inserted::Rejected(8), "{policy}");
        check(&cache);
        assert_eq!((cache.peek(&3), cache.len()), (None, 1), "{policy}");
        // What is pinned stays so.
        cache.insert(5, 1);
        assert_eq!(cache.insert(4, u64::MAX), Inserted::Replaced(u64::MAX - 7), "{policy}");
        check(&cache);
        assert_eq!(cache.insert(6, 1), Inserted::Rejected(1), "{policy}");
        let stats = cache.stats();
        let left = stats.replaced + stats.evicted;
        assert_eq!(stats.inserted, left + cache.len() as u64, "{policy}: {stats:?}");
    }
}

/// Every key collides with every other.
#[derive(Default)]
struct Same;

impl Hasher for Same {
    fn finish(&self) -> u64 {
        42
    }

    fn write(&mut self, _: &[u8]) {}
}

#[test]
fn keys_whose_hashes_are_all_equal_are_told_apart() {
    for policy in Policy::ALL {
        let builder = UnsyncCache::<u32, u32>::builder(50).policy(policy).seed(1);
        let hasher = BuildHasherDefault::<Same>::default();
        let mut cache = builder.hasher(hasher).build_unsync().unwrap();
        for key in 0..200 {
            cache.insert(key, key * 7);
            for old in 0..=key {
                assert!(cache.get(&old).is_none_or(|value| *value == old * 7), "{policy}");
            }
        }
        assert_eq!(cache.len(), 50);
    }
}

#[test]
fn pinned_entries_stay_and_a_cache_full_of_them_takes_nothing() {
    for policy in Policy::ALL {
        let cache = Cache::<u32, u32>::builder(4).policy(policy).build().unwrap();
        cache.insert(0, 0);
        assert!(cache.pin(&0) && !cache.pin(&9));
        for key in 1..100 {
            cache.insert(key, key);
        }
        assert_eq!((cache.get(&0), cache.len()), (Some(0), 4));
        for (key, _) in cache.iter().collect::<Vec<_>>() {
            assert!(cache.pin(&key));
        }
        assert_eq!(cache.insert(1000, 1), Inserted::Rejected(1));
        assert_eq!(cache.insert(0, 5), Inserted::Replaced(0));
        assert!(cache.unpin(&0));
        assert_eq!(cache.insert(1000, 1), Inserted::New);
        assert!(!cache.contains_key(&0) || cache.len() == 4);
        cache.resize(1);
        assert_eq!(cache.len(), 1, "the bound is hard");
    }
}

#[test]
fn a_tag_takes_its_entries_and_no_later_ones() {
    let cache = Cache::<u32, u32>::builder(1000).build().unwrap();
    for key in 0..100 {
        let terms = Terms::new().tag(format!("ten {}", key % 10)).tag("all").tag("all");
        cache.insert_with(key, key, &terms);
    }
    assert_eq!(cache.invalidate_tag("ten 3"), 10);
    assert_eq!(cache.invalidate_tag("ten 3"), 0);
    cache.insert_with(3, 3, &Terms::new().tag("ten 3"));
    cache.insert(4, 4); // without its tags
    assert_eq!(cache.invalidate_tag("all"), 89);
    assert_eq!(cache.len(), 2);
    assert_eq!(cache.invalidate_tag("ten 3"), 1);
}

#[test]
fn a_new_version_hides_what_was_there_at_once_and_reclaims_it_by_and_by() {
    for policy in Policy::ALL {
        let cache = Cache::<u32, u32>::builder(1000).policy(policy).build().unwrap();
        for round in 0..300 {
            for key in 0..50 {
                cache.insert(key, round);
            }
            assert_eq!(cache.get(&7), Some(round));
            cache.bump_version();
            assert_eq!((cache.get(&7), cache.iter().count()), (None, 0));
        }
        cache.insert(1, 1);
        cache.run_pending(Nanos::ZERO);
        assert_eq!(cache.len(), 1);
        let stats = cache.stats();
        assert_eq!(stats.inserted, 1 + stats.invalidated + stats.evicted);
    }
}

#[test]
fn the_hottest_come_first() {
    let cache = Cache::<u32, u32>::builder(100).policy(Policy::Lru).build().unwrap();
    for key in 0..10 {
        cache.insert(key, key);
    }
    cache.get(&3);
    cache.get(&5);
    let hottest: Vec<_> = cache.hottest(3).into_iter().map(|(key, _)| key).collect();
    assert_eq!(hottest, [5, 3, 9]);
    let lfu = Cache::<u32, u32>::builder(100).policy(Policy::Lfu).build().unwrap();
    for key in 0..10 {
        lfu.insert(key, key);
    }
    for _ in 0..5 {
        lfu.get(&3);
    }
    assert_eq!(lfu.hottest(1), [(3, 3)]);
}

#[test]
fn a_snapshot_goes_on_where_the_cache_was() {
    for policy in [Policy::Lru, Policy::Fifo, Policy::Lfu] {
        let clock = ManualClock::new();
        let builder = || Cache::<u32, u32>::builder(50).policy(policy).clock(clock.clone());
        let cache = builder().ttl(nanos(100)).build().unwrap();
        let mut random = voussoir_core::Random::seeded(3);
        let mut use_both = |caches: &[&Cache<u32, u32, _, ManualClock>]| {
            let key = random.below(100);
            let found: Vec<_> = caches.iter().map(|cache| cache.get(&key)).collect();
            assert!(found.windows(2).all(|pair| pair[0] == pair[1]), "{policy}: {key} {found:?}");
            if found[0].is_none() {
                for cache in caches {
                    cache.insert(key, key);
                }
            }
        };
        (0..500).for_each(|_| use_both(&[&cache]));
        clock.advance(nanos(60));
        let again = builder().ttl(nanos(100)).build().unwrap();
        again.restore(cache.snapshot());
        (0..2000).for_each(|_| use_both(&[&cache, &again]));
        clock.advance(nanos(40));
        (0..500).for_each(|_| use_both(&[&cache, &again]));
    }
}

#[test]
fn lookups_take_what_is_equivalent_to_a_key() {
    let cache = Cache::<String, u32>::builder(10).build().unwrap();
    cache.insert("a".to_owned(), 1);
    assert_eq!((cache.get("a"), cache.remove("a"), cache.get("a")), (Some(1), Some(1), None));
    let found = cache.get_many(["a", "b"]);
    assert_eq!(found, [None, None]);
}

#[test]
fn a_cache_without_times_never_reads_the_clock() {
    #[derive(Clone, Default)]
    struct Counting(Arc<AtomicU64>);
    impl voussoir_core::Clock for Counting {
        fn now(&self) -> Nanos {
            self.0.fetch_add(1, Ordering::Relaxed);
            Nanos::ZERO
        }
    }
    let clock = Counting::default();
    let cache = Cache::<u8, u8>::builder(10).clock(clock.clone()).build().unwrap();
    cache.insert(1, 1);
    cache.get(&1);
    cache.get_or_insert_with(&2, || 2);
    assert_eq!(clock.0.load(Ordering::Relaxed), 0);
    cache.insert_with(3, 3, &Terms::new().ttl(nanos(5)));
    assert!(clock.0.load(Ordering::Relaxed) > 0);
}

#[test]
fn an_empty_cache_is_small_whatever_its_capacity() {
    for policy in Policy::ALL {
        let small = Cache::<u64, u64>::builder(100).policy(policy).build().unwrap();
        assert!(small.memory() < 8 << 10, "{policy}: {}", small.memory());
        let large = Cache::<u64, u64>::builder(1_000_000).policy(policy).shards(8).build().unwrap();
        let most = if policy == Policy::Adaptive { 144 << 10 } else { 64 << 10 };
        assert!(large.memory() < most, "{policy}: {}", large.memory());
        // As documented: 512, 712 and, for the 64 lists of `Lfu`, 1536 bytes a shard.
        let wide = Cache::<u64, u64>::builder(1 << 22).policy(policy).shards(4096).build().unwrap();
        let shard = wide.memory() / 4096;
        let most = match policy {
            Policy::Lfu => 1536,
            Policy::Adaptive => 712,
            _ => 512,
        };
        assert!(shard <= most, "{policy}: {shard}");
    }
}

#[test]
fn wrong_options_are_refused_with_what_is_allowed() {
    let refused = |error: voussoir_core::ConfigError| error.to_string();
    let zero = Cache::<u8, u8>::builder(0).build().unwrap_err();
    assert!(refused(zero).contains("capacity"));
    let shards = Cache::<u8, u8>::builder(100).shards(3).build().unwrap_err();
    assert!(refused(shards).contains("power of two"));
    let jitter = Cache::<u8, u8>::builder(100).jitter(1.5).build().unwrap_err();
    assert!(refused(jitter).contains("0 to 1"));
    assert!(Cache::<u8, u8>::builder(100).early_refresh(-1.0).build().is_err());
    let stale = Cache::<u8, u8>::builder(100).stale_while_revalidate(nanos(1));
    assert!(stale.build_unsync().is_err());
    assert!("mru".parse::<Policy>().is_err());
    for policy in Policy::ALL {
        assert_eq!(policy.to_string().parse(), Ok(policy));
    }
}
