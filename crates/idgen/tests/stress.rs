//! Many threads at one generator. 10^7 ids a case with `VOUSSOIR_LONG`.

use std::sync::Barrier;
use std::thread;
use std::time::Duration;

use voussoir_core::{Clock, ManualClock, Nanos};
use voussoir_idgen::{Layout, NextError, Policy, Snowflake, SnowflakeId};

const THREADS: usize = 8;

fn ids_a_thread() -> usize {
    let all = if std::env::var_os("VOUSSOIR_LONG").is_some() { 10_000_000 } else { 200_000 };
    all / THREADS
}

/// What each of the threads has made, in its order.
fn on_all_threads(make: impl Fn(usize) -> Vec<SnowflakeId> + Sync) -> Vec<Vec<SnowflakeId>> {
    let together = Barrier::new(THREADS);
    thread::scope(|scope| {
        let threads = (0..THREADS).map(|thread| {
            let (make, together) = (&make, &together);
            scope.spawn(move || {
                together.wait();
                make(thread)
            })
        });
        let threads: Vec<_> = threads.collect();
        threads.into_iter().map(|thread| thread.join().expect("no panic")).collect()
    })
}

fn are_increasing_and_unique(made: &[Vec<SnowflakeId>], count: usize) {
    for of_thread in made {
        assert!(of_thread.is_sorted_by(|a, b| a < b), "a thread saw ids decrease");
    }
    let mut all = made.concat();
    assert_eq!(all.len(), count);
    all.sort_unstable();
    assert!(all.is_sorted_by(|a, b| a < b), "an id was made twice");
}

/// Repeats what was refused until later, as a caller would.
fn patiently<T>(mut make: impl FnMut() -> Result<T, NextError>) -> T {
    loop {
        match make() {
            Ok(done) => return done,
            Err(refused) => {
                refused.retry_after().expect("time helps");
                thread::yield_now();
            }
        }
    }
}

/// Each policy, and layouts that take the way of `fetch_add` and that of compare-and-swap.
#[test]
fn threads_make_no_id_twice_and_see_theirs_increase_under_each_policy() {
    let wait = Policy::Wait { at_most: Duration::from_secs(5) };
    let borrow = Policy::Borrow { at_most: Duration::from_hours(2) };
    let layouts = [
        Layout::TWITTER,
        Layout::new(41, 6, 14).expect("61 bits").epoch(Nanos::from_secs(1_600_000_000)),
        Layout::new(39, 2, 20).expect("61 bits").epoch(Nanos::from_secs(1_700_000_000)),
    ];
    for layout in layouts {
        for policy in [Policy::Refuse, wait, borrow] {
            let builder = Snowflake::builder(layout).worker(1).when_exhausted(policy);
            let ids = builder.when_clock_behind(policy).build().expect("valid");
            let count = ids_a_thread();
            let made = on_all_threads(|_| (0..count).map(|_| patiently(|| ids.next())).collect());
            are_increasing_and_unique(&made, count * THREADS);
        }
    }
}

#[test]
fn batches_never_overlap_with_singles() {
    let borrow = Policy::Borrow { at_most: Duration::from_hours(2) };
    for (layout, policy) in [(Layout::TWITTER, borrow), (Layout::TWITTER, Policy::Refuse)] {
        let builder = Snowflake::builder(layout).worker(1).when_exhausted(policy);
        let ids = builder.when_clock_behind(policy).build().expect("valid");
        let count = ids_a_thread();
        let made = on_all_threads(|thread| {
            let mut made = Vec::with_capacity(count);
            while made.len() < count {
                let left = (count - made.len()) as u32;
                if thread % 2 == 0 {
                    made.push(patiently(|| ids.next()));
                } else {
                    let n = (1 + made.len() as u32 % 700).min(left);
                    let batch = patiently(|| ids.next_batch(n));
                    let before = made.len();
                    made.extend(batch);
                    let batch = &made[before..];
                    let (first, last) = (batch[0], batch[batch.len() - 1]);
                    let parts = [first, last].map(|id| layout.parts(id));
                    let distance = (parts[1].timestamp - parts[0].timestamp) * layout.sequences();
                    let distance = distance + parts[1].sequence - parts[0].sequence;
                    assert_eq!(distance + 1, n.into(), "somebody else's id within a batch");
                }
            }
            made
        });
        are_increasing_and_unique(&made, count * THREADS);
    }
}

#[test]
fn stripes_make_no_id_twice_and_each_thread_sees_its_own_increase() {
    let borrow = Policy::Borrow { at_most: Duration::from_hours(2) };
    for layout in [Layout::TWITTER, Layout::SONYFLAKE] {
        let builder = Snowflake::builder(layout).worker(5).when_exhausted(borrow);
        for stripes in [1, 4, 16] {
            let ids = builder.build_striped(stripes).expect("valid");
            let count = ids_a_thread() / 4;
            let made = on_all_threads(|_| (0..count).map(|_| patiently(|| ids.next())).collect());
            assert!(made.iter().flatten().all(|id| layout.parts(*id).worker == 5));
            let last = made.iter().flatten().max().copied().expect("some");
            assert!(ids.high_water() > layout.timestamp(last));
            are_increasing_and_unique(&made, count * THREADS);
        }
    }
}

#[test]
fn threads_make_exactly_what_a_step_holds_while_the_clock_stands() {
    let clock = ManualClock::at(Nanos::from_secs(1_700_000_000));
    let builder = Snowflake::builder(Layout::TWITTER).worker(1).when_exhausted(Policy::Refuse);
    let ids = builder.clock(clock.clone()).build().expect("valid");
    for _ in 0..20 {
        clock.advance(Duration::from_millis(1));
        let made = on_all_threads(|_| {
            let asked = (0..4_096).map(|_| ids.next());
            asked.filter_map(Result::ok).collect()
        });
        are_increasing_and_unique(&made, 4_096);
    }
}

#[test]
fn no_thread_borrows_beyond_the_bound() {
    let clock = ManualClock::at(Nanos::from_secs(1_700_000_000));
    let borrow = Policy::Borrow { at_most: Duration::from_millis(30) };
    let builder = Snowflake::builder(Layout::TWITTER).worker(1).when_exhausted(borrow);
    let ids = builder.clock(clock.clone()).build().expect("valid");
    for _ in 0..3 {
        // Past what the last round has borrowed.
        clock.advance(Duration::from_secs(1));
        let made = on_all_threads(|_| core::iter::from_fn(|| ids.next().ok()).collect());
        let most = clock.now().saturating_add(Duration::from_millis(30));
        assert!(made.iter().flatten().all(|id| Layout::TWITTER.timestamp(*id) <= most));
        // A thread that was held up at the end may leave a number out.
        let count = made.iter().map(Vec::len).sum();
        assert!((31 * 4_096 - THREADS..=31 * 4_096).contains(&count), "{count}");
        are_increasing_and_unique(&made, count);
    }
}

/// Steps back, jumps and freezes while eight threads take ids one by one and by the batch.
#[test]
fn no_clock_makes_threads_take_an_id_twice() {
    let start = Nanos::from_secs(1_700_000_000);
    for (lead, sequence) in [(0, 12), (30, 12), (200, 12), (5, 16)] {
        let layout = Layout::new(41, 1, sequence).expect("few bits");
        let borrow = Policy::Borrow { at_most: Duration::from_millis(lead) };
        let clock = ManualClock::at(start);
        let builder = Snowflake::builder(layout).when_exhausted(borrow).worker(1);
        let ids = builder.when_clock_behind(borrow).clock(clock.clone()).build().expect("valid");
        let count = ids_a_thread() / 8;
        let made = on_all_threads(|thread| {
            let mut random = voussoir_core::Random::seeded(thread as u64 + lead);
            let mut made = Vec::new();
            for _ in 0..count {
                match random.below(64) {
                    0 => clock.rewind(Duration::from_micros(random.below_u64(9_000))),
                    1..3 => clock.advance(Duration::from_micros(random.below_u64(6_000))),
                    3 => made.extend(ids.next_batch(random.below(300)).into_iter().flatten()),
                    _ => made.extend(ids.next()),
                }
            }
            made
        });
        let total = made.iter().map(Vec::len).sum();
        assert!(total > count, "hardly any was made");
        are_increasing_and_unique(&made, total);
    }
}

/// Two threads that read a clock in one order and meet at the generator in the other: no rollback.
#[test]
fn a_clock_that_goes_on_is_never_taken_for_one_that_was_set_back() {
    let layout = Layout::new(50, 1, 10).expect("61 bits").unit(Duration::from_micros(1));
    let builder = Snowflake::builder(layout.expect("1 µs")).worker(1);
    let builder = builder.when_exhausted(Policy::Refuse).when_clock_behind(Policy::Refuse);
    // Monotonic, so that only the generator could make it seem to go back.
    let ids = builder.clock(voussoir_core::SystemClock).build().expect("valid");
    let count = ids_a_thread();
    on_all_threads(|_| {
        for _ in 0..count {
            let refused = ids.next().err();
            assert!(!matches!(refused, Some(NextError::ClockBehind { .. })), "{refused:?}");
        }
        Vec::new()
    });
}
