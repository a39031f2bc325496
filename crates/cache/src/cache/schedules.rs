//! Single flight under many random schedules: of the whole cache, with its real locks' models. What
//! hangs is the deadlock that shuttle takes it for. A failure prints the schedule, which
//! `shuttle::replay` repeats.

mod renewals;
mod writers;

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::convert::Infallible;
use core::future::{Future, poll_fn};
use core::panic::AssertUnwindSafe;
use core::pin::pin;
use core::task::{Context, Poll, Waker};
use core::time::Duration;
use std::panic::{catch_unwind, resume_unwind};

use shuttle::future::block_on;
use shuttle::rand::{Rng, thread_rng};
use shuttle::sync::Arc;
use shuttle::sync::atomic::{AtomicU32, Ordering::SeqCst};
use shuttle::thread;

use super::Cache;
use crate::Compute;
use crate::flight::{Executor, LoadError, prepare};

/// Of each kind: at random, and with few preemptions at chosen places, by which most races show.
const SCHEDULES: usize = 10_000;

fn check(model: fn()) {
    let model = move || {
        prepare();
        model();
    };
    shuttle::check_random(model, SCHEDULES);
    shuttle::check_pct(model, SCHEDULES, 3);
}

fn cache() -> Cache<u32, u32> {
    Cache::builder(8).shards(1).build().unwrap()
}

fn one_of<T: Copy>(ways: &[T]) -> T {
    ways[thread_rng().gen_range(0..ways.len())]
}

/// Counts loads, and fails when two are under way at once.
#[derive(Default)]
struct Loads {
    all: AtomicU32,
    now: AtomicU32,
}

struct Load<'a>(&'a Loads);

impl Loads {
    fn begin(&self) -> Load<'_> {
        self.all.fetch_add(1, SeqCst);
        assert_eq!(self.now.fetch_add(1, SeqCst), 0, "two load at once");
        thread::yield_now();
        Load(self)
    }

    fn count(&self) -> u32 {
        self.all.load(SeqCst)
    }
}

impl Drop for Load<'_> {
    fn drop(&mut self) {
        self.0.now.fetch_sub(1, SeqCst);
    }
}

/// Is pending `times` times, as a load that a runtime polls anew each time.
async fn pending(times: u32) {
    let mut left = times;
    poll_fn(|context| {
        if left == 0 {
            return Poll::Ready(());
        }
        left -= 1;
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// Polls a future some times at most, and drops it.
fn poll_and_drop<T>(future: impl Future<Output = T>) -> Option<T> {
    let mut future = pin!(future);
    for _ in 0..thread_rng().gen_range(0..4) {
        if let Poll::Ready(value) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return Some(value);
        }
        thread::yield_now();
    }
    None
}

#[test]
fn callers_of_one_key_are_one_load() {
    check(|| {
        let (cache, loads) = (cache(), Loads::default());
        let load = || {
            let _load = loads.begin();
            Ok::<_, Infallible>(7)
        };
        thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| assert_eq!(cache.get_or_load(&1, load), Ok(7)));
            }
            scope.spawn(|| assert_eq!(cache.try_get_or_load(&1, load), Ok(7)));
            scope.spawn(|| {
                let load = || async {
                    let _load = loads.begin();
                    pending(1).await;
                    Ok::<_, Infallible>(7)
                };
                assert_eq!(block_on(cache.get_or_load_async(&1, load)), Ok(7));
            });
        });
        assert_eq!(loads.count(), 1);
        assert!(cache.shared.flights.is_empty());
    });
}

#[test]
fn an_error_is_shared_by_those_that_wait_and_by_nobody_else() {
    check(|| {
        let (cache, loads) = (cache(), Loads::default());
        let load = || {
            let _load = loads.begin();
            Err::<u32, _>(loads.count())
        };
        let mut errors: Vec<u32> = thread::scope(|scope| {
            let call = || *cache.get_or_load(&1, load).unwrap_err().load().unwrap();
            let callers = [(); 3].map(|()| scope.spawn(call));
            callers.into_iter().map(|caller| caller.join().unwrap()).collect()
        });
        errors.sort_unstable();
        errors.dedup();
        assert_eq!(errors, (1..=loads.count()).collect::<Vec<_>>());
        assert!(cache.shared.flights.is_empty() && cache.is_empty());
    });
}

#[test]
fn each_panic_hands_over_to_one_and_nobody_hangs() {
    check(|| {
        let (cache, loads) = (cache(), Loads::default());
        let call = || {
            cache.get_or_load(&1, || {
                let _load = loads.begin();
                if loads.count() <= 2 {
                    resume_unwind(Box::new("as planned"));
                }
                Ok::<_, Infallible>(7)
            })
        };
        let panics: usize = thread::scope(|scope| {
            let caller = || match catch_unwind(AssertUnwindSafe(call)) {
                Ok(found) => {
                    assert_eq!(found, Ok(7));
                    0
                }
                Err(_) => 1,
            };
            let callers = [(); 4].map(|()| scope.spawn(caller));
            callers.into_iter().map(|caller| caller.join().unwrap()).sum()
        });
        assert_eq!((panics, loads.count(), cache.get(&1)), (2, 3, Some(7)));
        assert!(cache.shared.flights.is_empty());
    });
}

/// A leader that panics, one whose future is dropped at any await, and those that wait and leave, also
/// at the moment at which the lead comes to them: who stays is served.
#[test]
fn whoever_gives_up_strands_nobody() {
    check(|| {
        let (cache, loads) = (cache(), Loads::default());
        let load = || {
            let _load = loads.begin();
            Ok::<_, Infallible>(7)
        };
        let patient = thread::scope(|scope| {
            scope.spawn(|| {
                let panics = || -> Result<u32, Infallible> {
                    let _load = loads.begin();
                    resume_unwind(Box::new("as planned"))
                };
                let call = || cache.get_or_load(&1, panics);
                let found = catch_unwind(AssertUnwindSafe(call));
                assert!(found.map_or(true, |found| found == Ok(7)));
            });
            scope.spawn(|| {
                let within = Duration::from_nanos(thread_rng().gen_range(0..4));
                let found = cache.get_or_load_within(&1, within, load);
                assert!(matches!(found, Ok(7) | Err(LoadError::TimedOut)), "{found:?}");
            });
            scope.spawn(|| {
                let load = || async {
                    let _load = loads.begin();
                    pending(2).await;
                    Ok::<_, Infallible>(7)
                };
                let found = poll_and_drop(cache.get_or_load_async(&1, load));
                assert!(found.is_none_or(|found| found == Ok(7)));
            });
            scope.spawn(|| cache.get_or_load(&1, load)).join().unwrap()
        });
        assert_eq!((patient, cache.get(&1)), (Ok(7), Some(7)));
        assert!(cache.shared.flights.is_empty());
    });
}

const DROPPED: u32 = 1;
const PANICS: u32 = 2;

/// A load that its executor drops or that panics there is told to nobody but who began it, who may
/// have the value of another's load instead.
#[test]
fn a_load_that_its_executor_gives_up_strands_nobody() {
    check(|| {
        let (cache, loads) = (cache(), Arc::new(Loads::default()));
        let call = || {
            let fate = Arc::new(AtomicU32::new(0));
            let (told, counts) = (Arc::clone(&fate), Arc::clone(&loads));
            let executor = Executor::new(move |task| match thread_rng().gen_range(0..3) {
                0 => told.store(DROPPED, SeqCst),
                1 => {
                    told.store(PANICS, SeqCst);
                    thread::spawn(|| catch_unwind(AssertUnwindSafe(|| block_on(task))));
                }
                _ => drop(thread::spawn(|| block_on(task))),
            });
            let panics = Arc::clone(&fate);
            let load = move || async move {
                let _load = counts.begin();
                pending(1).await;
                if panics.load(SeqCst) == PANICS {
                    resume_unwind(Box::new("as planned"));
                }
                Ok::<_, Infallible>(7)
            };
            match block_on(cache.get_or_load_detached(&1, &executor, load)) {
                Ok(7) => {}
                // Which of the two is told elsewhere: where one thread of a model panics, all do.
                Err(LoadError::Cancelled | LoadError::Panicked) => {
                    assert_ne!(fate.load(SeqCst), 0);
                }
                other => panic!("{other:?}"),
            }
        };
        thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(call);
            }
        });
        assert!(cache.shared.flights.is_empty());
    });
}

/// Each of `keys` is loaded by a thread whose loader asks for the next one, the last for the first.
/// How many were told that they would wait for themselves.
fn circle(keys: u32) -> u32 {
    let (cache, told) = (cache(), AtomicU32::new(0));
    thread::scope(|scope| {
        let (cache, told) = (&cache, &told);
        for key in 0..keys {
            let next = move || match cache.get_or_load(&((key + 1) % keys), || Ok::<_, ()>(0)) {
                Err(LoadError::Recursive) => {
                    told.fetch_add(1, SeqCst);
                    Ok::<_, Infallible>(9)
                }
                other => Ok(other.unwrap() + 1),
            };
            scope.spawn(move || assert!(cache.get_or_load(&key, next).is_ok()));
        }
        // Waits for the circle, but is no part of it.
        scope.spawn(|| assert!(cache.get_or_load(&0, || Ok::<_, ()>(0)).is_ok()));
    });
    assert!(cache.shared.flights.is_empty());
    told.load(SeqCst)
}

/// By how many schedules the circle was closed: a model that never closes it proves nothing.
static CLOSED: [core::sync::atomic::AtomicU32; 4] =
    [const { core::sync::atomic::AtomicU32::new(0) }; 4];

#[test]
fn who_would_wait_for_itself_is_told_alone() {
    fn model<const KEYS: u32>() {
        let told = circle(KEYS);
        assert!(told <= 1, "one gives way, and the others are served");
        CLOSED[KEYS as usize].fetch_add(told, SeqCst);
    }
    check(model::<1>);
    check(model::<2>);
    check(model::<3>);
    assert!(CLOSED[1..].iter().all(|closed| closed.load(SeqCst) > 0), "{CLOSED:?}");
}

/// Who leads some keys and waits for others lands the former first.
#[test]
fn loads_of_many_keys_that_cross_are_one_load_a_key() {
    check(|| {
        let (cache, loads) = (cache(), [(); 3].map(|()| AtomicU32::new(0)));
        let load = |keys: &[u32]| {
            let one = |&key: &u32| {
                loads[key as usize].fetch_add(1, SeqCst);
                (key, key + 10)
            };
            Ok::<_, Infallible>(keys.iter().map(one).collect())
        };
        thread::scope(|scope| {
            for keys in [[0, 1, 2], [2, 1, 0]] {
                let (cache, load) = (&cache, &load);
                scope.spawn(move || {
                    let found = cache.get_many_or_load(&keys, load).unwrap();
                    assert_eq!(found, keys.map(|key| Some(key + 10)));
                });
            }
            scope.spawn(|| {
                let load = || Ok::<_, Infallible>(load(&[1]).unwrap()[0].1);
                assert_eq!(cache.get_or_load(&1, load), Ok(11));
            });
        });
        assert_eq!(loads.map(AtomicU32::into_inner), [1; 3]);
        assert!(cache.shared.flights.is_empty());
    });
}
