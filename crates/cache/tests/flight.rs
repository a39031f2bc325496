//! Claims of single flight: how often a loader runs, who gets its value, who takes over.

#![cfg(feature = "std")]

mod polled;

use std::cell::Cell;
use std::convert::Infallible;
use std::future::pending;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Mutex, mpsc};
use std::task::Poll;
use std::thread;
use std::time::{Duration, Instant};

use polled::{Polled, YieldTimes};
use voussoir_cache::flight::{
    Abandoned, Arrival, Executor, Flights, Lead, LoadError, Role, Standing, Task, Wait, Wake,
};

/// Longer than any test takes that does not hang, on a busy machine.
const WATCHDOG: Duration = Duration::from_mins(2);

/// A cache as small as can be: one slot a key, a lock, and the protocol of the module's page.
struct Slots {
    flights: Flights<usize, u64>,
    slots: Vec<Mutex<Option<u64>>>,
}

impl Slots {
    fn new(keys: usize) -> Self {
        let slots = (0..keys).map(|_| Mutex::default()).collect();
        Self { flights: Flights::new(4), slots }
    }

    fn hash(key: usize) -> u64 {
        (key as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15)
    }

    fn get(&self, key: usize) -> Option<u64> {
        *self.slots[key].lock().unwrap()
    }

    fn store(&self, lead: &Lead<usize, u64>, value: u64) -> u64 {
        let mut slot = self.slots[*lead.key()].lock().unwrap();
        match lead.standing() {
            Standing::Wanted => *slot.insert(value),
            Standing::Superseded => slot.unwrap_or(value),
            Standing::Discarded => value,
        }
    }

    fn insert(&self, key: usize, value: u64) {
        let mut slot = self.slots[key].lock().unwrap();
        *slot = Some(value);
        let wake = self.flights.supersede(Self::hash(key), &key);
        drop(slot);
        drop(wake);
    }

    fn invalidate(&self, key: usize) {
        let mut slot = self.slots[key].lock().unwrap();
        *slot = None;
        let wake = self.flights.discard(Self::hash(key), &key);
        drop(slot);
        drop(wake);
    }

    fn get_or_load<E: Send + Sync + 'static>(
        &self,
        key: usize,
        load: impl FnOnce() -> Result<u64, E>,
    ) -> Result<u64, LoadError<E>> {
        self.get_or_load_within(key, None, load)
    }

    fn get_or_load_within<E: Send + Sync + 'static>(
        &self,
        key: usize,
        within: Option<Duration>,
        load: impl FnOnce() -> Result<u64, E>,
    ) -> Result<u64, LoadError<E>> {
        if let Some(value) = self.get(key) {
            return Ok(value);
        }
        let store = |lead: &Lead<_, _>, value| self.store(lead, value);
        self.flights.load(Self::hash(key), &key, || key, within, || self.get(key), load, store)
    }

    async fn get_or_load_async<E: Send + Sync + 'static, F: Future<Output = Result<u64, E>>>(
        &self,
        key: usize,
        load: impl FnOnce() -> F,
    ) -> Result<u64, LoadError<E>> {
        if let Some(value) = self.get(key) {
            return Ok(value);
        }
        let store = |lead: &Lead<_, _>, value| self.store(lead, value);
        let look = || self.get(key);
        self.flights.load_async(Self::hash(key), &key, || key, pending(), look, load, store).await
    }

    async fn get_or_load_detached<E: Send + Sync + 'static, F>(
        self: Arc<Self>,
        key: usize,
        load: impl FnOnce() -> F + Clone + Send + 'static,
        executor: Executor,
    ) -> Result<u64, LoadError<E>>
    where
        F: Future<Output = Result<u64, E>> + Send,
    {
        let slots = Arc::clone(&self);
        let store = move |lead: &Lead<_, _>, value| slots.store(lead, value);
        let look = || self.get(key);
        let hash = Self::hash(key);
        self.flights
            .load_detached(hash, &key, || key, pending(), look, load, store, &executor)
            .await
    }

    fn lead(&self, key: usize) -> Lead<usize, u64> {
        match self.flights.begin(Self::hash(key), &key, || key) {
            Role::Lead(lead) => lead,
            other => panic!("{other:?}"),
        }
    }

    fn wait(&self, key: usize) -> Wait<usize, u64> {
        match self.flights.begin(Self::hash(key), &key, || key) {
            Role::Wait(wait) => wait,
            other => panic!("{other:?}"),
        }
    }

    /// Until `waiting` callers wait for the load of `key`.
    fn until_waiting(lead: &Lead<usize, u64>, waiting: usize) {
        let start = Instant::now();
        while lead.waiting() < waiting {
            assert!(start.elapsed() < WATCHDOG, "{} of {waiting} wait", lead.waiting());
            thread::yield_now();
        }
    }
}

/// Runs `f` on a thread of its own, and panics when it does not return: a hang is a failure.
fn watched<T: Send + 'static>(f: impl FnOnce() -> T + Send + 'static) -> T {
    let (answer, answered) = mpsc::channel();
    let worker = thread::spawn(move || drop(answer.send(f())));
    match answered.recv_timeout(WATCHDOG) {
        Ok(value) => value,
        Err(mpsc::RecvTimeoutError::Timeout) => panic!("it hangs"),
        Err(mpsc::RecvTimeoutError::Disconnected) => {
            std::panic::resume_unwind(worker.join().unwrap_err())
        }
    }
}

fn long() -> bool {
    std::env::var_os("VOUSSOIR_LONG").is_some()
}

#[test]
fn a_thousand_callers_are_one_load() {
    watched(|| {
        let callers = 1000;
        let slots = Slots::new(1);
        let loads = AtomicUsize::new(0);
        let together = Barrier::new(callers);
        thread::scope(|scope| {
            for _ in 0..callers {
                scope.spawn(|| {
                    together.wait();
                    let value = slots.get_or_load(0, || {
                        loads.fetch_add(1, Ordering::Relaxed);
                        thread::sleep(Duration::from_millis(50));
                        Ok::<_, Infallible>(42)
                    });
                    assert_eq!(value, Ok(42));
                });
            }
        });
        assert_eq!(loads.into_inner(), 1);
        assert!(slots.flights.is_empty());
    });
}

#[test]
fn each_of_many_keys_is_loaded_once_whoever_asks_in_which_order() {
    watched(|| {
        let (keys, callers) = if long() { (10_000, 100) } else { (2_000, 8) };
        let slots = Slots::new(keys);
        let loads: Vec<AtomicUsize> = (0..keys).map(|_| AtomicUsize::new(0)).collect();
        thread::scope(|scope| {
            for caller in 0..callers {
                let (slots, loads) = (&slots, &loads);
                scope.spawn(move || {
                    let mut key = caller;
                    for _ in 0..keys {
                        // Any odd step visits all keys of an even number, each once.
                        key = (key + 2 * caller + 7 + keys % 2) % keys;
                        let _ = slots.get_or_load(key, || {
                            loads[key].fetch_add(1, Ordering::Relaxed);
                            thread::yield_now();
                            Ok::<_, Infallible>(key as u64)
                        });
                    }
                });
            }
        });
        let more = loads.iter().filter(|count| count.load(Ordering::Relaxed) > 1).count();
        assert_eq!(more, 0, "keys loaded more than once");
    });
}

#[test]
fn loads_of_different_keys_do_not_wait_for_each_other() {
    watched(|| {
        let slots = Slots::new(8);
        // Passed only if all eight loads are under way at once.
        let together = Barrier::new(8);
        thread::scope(|scope| {
            for key in 0..8 {
                let (slots, together) = (&slots, &together);
                scope.spawn(move || {
                    slots.get_or_load(key, || {
                        together.wait();
                        Ok::<_, Infallible>(1)
                    })
                });
            }
        });
    });
}

#[test]
fn each_panic_hands_over_to_exactly_one_and_nobody_hangs() {
    watched(|| {
        let panics = 7;
        let callers = 40;
        let slots = Slots::new(1);
        let (attempts, at_once) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let together = Barrier::new(callers);
        let caught: usize = thread::scope(|scope| {
            let threads: Vec<_> = (0..callers)
                .map(|_| {
                    scope.spawn(|| {
                        together.wait();
                        let result = catch_unwind(AssertUnwindSafe(|| {
                            slots.get_or_load(0, || {
                                assert_eq!(
                                    at_once.fetch_add(1, Ordering::SeqCst),
                                    0,
                                    "two leaders"
                                );
                                thread::sleep(Duration::from_millis(10));
                                at_once.fetch_sub(1, Ordering::SeqCst);
                                if attempts.fetch_add(1, Ordering::SeqCst) < panics {
                                    std::panic::resume_unwind(Box::new("as planned"));
                                }
                                Ok::<_, Infallible>(5)
                            })
                        }));
                        match result {
                            Ok(value) => {
                                assert_eq!(value, Ok(5));
                                0
                            }
                            Err(_) => 1,
                        }
                    })
                })
                .collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).sum()
        });
        assert_eq!(caught, panics, "each leader sees its own panic");
        assert_eq!(attempts.into_inner(), panics + 1);
        assert_eq!(slots.get(0), Some(5));
        assert!(slots.flights.is_empty());
    });
}

#[test]
fn the_one_that_waited_longest_takes_over() {
    let slots = Slots::new(1);
    let lead = slots.lead(0);
    let [mut first, mut second] = [(); 2].map(|()| Polled::new(slots.wait(0)));
    assert!(first.poll().is_pending() && second.poll().is_pending());
    drop(lead);
    assert!(first.is_woken() && !second.is_woken());
    let Poll::Ready(Arrival::Lead(lead)) = first.poll() else { panic!() };
    assert!(second.poll().is_pending());
    lead.land(&3);
    assert_eq!(second.poll().map(Arrival::value), Poll::Ready(Some(3)));
}

#[test]
fn an_heir_that_leaves_hands_over_to_the_next() {
    let slots = Slots::new(1);
    let lead = slots.lead(0);
    let [mut first, mut second] = [(); 2].map(|()| Polled::new(slots.wait(0)));
    assert!(first.poll().is_pending() && second.poll().is_pending());
    drop(lead);
    drop(first);
    assert!(second.is_woken());
    assert!(matches!(second.poll(), Poll::Ready(Arrival::Lead(_))));
    assert!(slots.flights.is_empty(), "dropped with the answer, and nobody is left");
}

#[test]
fn an_error_is_shared_and_nothing_is_stored() {
    watched(|| {
        let slots = Slots::new(1);
        let lead = slots.lead(0);
        thread::scope(|scope| {
            let waiting = scope.spawn(|| {
                slots.get_or_load(0, || -> Result<u64, String> { unreachable!("shared") })
            });
            Slots::until_waiting(&lead, 1);
            let error = lead.fail("no such user".to_owned());
            assert_eq!(waiting.join().unwrap(), Err(LoadError::Load(error)));
        });
        assert_eq!(slots.get(0), None);
        assert_eq!(slots.get_or_load(0, || Ok::<_, Infallible>(1)), Ok(1));
    });
}

#[test]
fn an_error_of_another_type_is_another_loaders_and_one_tries_again() {
    watched(|| {
        let slots = Slots::new(1);
        let lead = slots.lead(0);
        thread::scope(|scope| {
            let waiting = scope.spawn(|| slots.get_or_load(0, || Ok::<_, Infallible>(9)));
            Slots::until_waiting(&lead, 1);
            let _ = lead.fail("an error of a String");
            assert_eq!(waiting.join().unwrap(), Ok(9));
        });
    });
}

#[test]
fn a_leader_dropped_at_any_await_leaves_its_load_to_one_that_waits() {
    for awaits in 0..5 {
        let slots = Slots::new(1);
        let loads = Cell::new(0);
        let load = || async {
            loads.set(loads.get() + 1);
            YieldTimes(4).await;
            Ok::<_, Infallible>(8)
        };
        let mut leader = Polled::new(slots.get_or_load_async(0, load));
        let mut waiting: Vec<_> =
            (0..3).map(|_| Polled::new(slots.get_or_load_async(0, load))).collect();
        // The first poll begins the load.
        for _ in 0..awaits {
            assert!(leader.poll().is_pending());
            assert!(waiting.iter_mut().all(|one| one.poll().is_pending()));
        }
        drop(leader);
        let answers: Vec<_> = polled::run_all(waiting);
        assert_eq!(answers, vec![Ok(8); 3], "{awaits}");
        assert_eq!(loads.get(), if awaits == 0 { 1 } else { 2 }, "{awaits}");
        assert!(slots.flights.is_empty());
    }
}

#[test]
fn those_that_wait_may_leave_at_any_await_and_the_load_goes_on() {
    for awaits in 0..5 {
        let slots = Slots::new(1);
        let load = || async {
            YieldTimes(4).await;
            Ok::<_, Infallible>(8)
        };
        let mut leader = Polled::new(slots.get_or_load_async(0, load));
        assert!(leader.poll().is_pending());
        let mut waiting = Polled::new(slots.get_or_load_async(0, load));
        for _ in 0..awaits {
            assert!(waiting.poll().is_pending());
        }
        drop(waiting);
        assert_eq!(polled::run_all(vec![leader]), [Ok(8)]);
    }
}

#[test]
fn threads_and_tasks_share_one_flight() {
    watched(|| {
        let slots = Slots::new(2);
        // A thread waits for a task's load.
        let mut leader = Polled::new(slots.get_or_load_async(0, || async {
            YieldTimes(1).await;
            Ok::<_, Infallible>(1)
        }));
        assert!(leader.poll().is_pending());
        thread::scope(|scope| {
            let thread = scope.spawn(|| slots.get_or_load(0, || Ok::<_, Infallible>(99)));
            while !thread.is_finished() {
                if slots.flights.len() == 1 {
                    thread::sleep(Duration::from_millis(5));
                    let _ = leader.poll();
                }
            }
            assert_eq!(thread.join().unwrap(), Ok(1));
        });
        // A task waits for a thread's load.
        let lead = slots.lead(1);
        let mut task =
            Polled::new(slots.get_or_load_async(1, || async { Ok::<_, Infallible>(99) }));
        assert!(task.poll().is_pending());
        thread::scope(|scope| {
            scope.spawn(|| {
                let value = slots.store(&lead, 2);
                lead.land(&value);
            });
        });
        assert!(task.is_woken());
        assert_eq!(task.poll(), Poll::Ready(Ok(2)));
    });
}

#[test]
fn a_loader_that_asks_for_its_own_key_is_told_so() {
    let slots = Slots::new(2);
    let value = slots.get_or_load(0, || {
        assert_eq!(slots.get_or_load(1, || Ok::<_, Infallible>(10)), Ok(10), "another key is fine");
        let inner = slots.get_or_load(0, || Ok::<_, Infallible>(11));
        assert_eq!(inner, Err(LoadError::Recursive));
        Ok::<_, Infallible>(12)
    });
    assert_eq!(value, Ok(12));
}

#[test]
fn a_task_whose_loader_asks_for_its_own_key_is_told_so() {
    let slots = Slots::new(2);
    let slots = &slots;
    let mut task = Polled::new(slots.get_or_load_async(0, || async move {
        YieldTimes(1).await;
        let other = slots.get_or_load_async(1, || async { Ok::<_, Infallible>(10) }).await;
        assert_eq!(other, Ok(10));
        let inner = slots.get_or_load_async(0, || async { Ok::<_, Infallible>(11) }).await;
        assert_eq!(inner, Err(LoadError::Recursive));
        // A thread that blocks within a future of the loader waits for itself as well.
        let inner = slots.get_or_load(0, || Ok::<_, Infallible>(11));
        assert_eq!(inner, Err(LoadError::Recursive));
        Ok::<_, Infallible>(12)
    }));
    assert!(task.poll().is_pending());
    assert_eq!(task.poll(), Poll::Ready(Ok(12)));
}

#[test]
fn a_seat_taken_outside_and_polled_inside_the_loader_is_recursive() {
    let slots = Slots::new(1);
    let lead = slots.lead(0);
    let mut seat = Polled::new(slots.wait(0));
    let inner = lead.scope(|| seat.poll());
    assert!(matches!(inner, Poll::Ready(Arrival::Recursive)));
}

#[test]
fn a_loader_that_ended_no_longer_counts_as_recursion() {
    let slots = Slots::new(1);
    let caught = catch_unwind(AssertUnwindSafe(|| {
        slots.get_or_load(0, || -> Result<u64, Infallible> {
            std::panic::resume_unwind(Box::new("as planned"))
        })
    }));
    assert!(caught.is_err());
    assert_eq!(slots.get_or_load(0, || Ok::<_, Infallible>(1)), Ok(1));
}

/// Caffeine's issues of this kind (#160, #712) are live-locks of one thread; this one is of three.
#[test]
fn threads_whose_loads_wait_for_each_other_in_a_circle_are_told_so() {
    watched(|| {
        let slots = Slots::new(3);
        let together = Barrier::new(3);
        let recursive = AtomicUsize::new(0);
        thread::scope(|scope| {
            for key in 0..3 {
                let (slots, together, recursive) = (&slots, &together, &recursive);
                scope.spawn(move || {
                    let value = slots.get_or_load(key, || {
                        together.wait();
                        let next = slots.get_or_load((key + 1) % 3, || Ok::<_, Infallible>(100));
                        if next == Err(LoadError::Recursive) {
                            recursive.fetch_add(1, Ordering::Relaxed);
                        }
                        Ok::<_, Infallible>(next.unwrap_or(7))
                    });
                    assert_eq!(value, Ok(7));
                });
            }
        });
        assert_eq!(recursive.into_inner(), 1, "only the one that would close the circle");
    });
}

#[test]
fn one_that_waits_leaves_when_its_time_is_up_and_the_load_goes_on() {
    let slots = Slots::new(1);
    let lead = slots.lead(0);
    let short = Duration::from_millis(5);
    let waited = slots.get_or_load_within(0, Some(short), || Ok::<_, Infallible>(1));
    assert_eq!(waited, Err(LoadError::TimedOut));
    assert_eq!(lead.waiting(), 0);

    let mut task = Polled::new(slots.wait(0).until(YieldTimes(2)));
    assert!(task.poll().is_pending() && task.poll().is_pending());
    assert!(matches!(task.poll(), Poll::Ready(Arrival::TimedOut)));
    drop(task);
    assert_eq!(lead.waiting(), 0);
    lead.land(&1);
}

#[test]
fn a_leader_never_polled_again_costs_those_that_wait_their_time_and_no_more() {
    let slots = Slots::new(1);
    let mut leader = Polled::new(slots.get_or_load_async(0, pending::<Result<u64, Infallible>>));
    assert!(leader.poll().is_pending());
    let short = Some(Duration::from_millis(5));
    let waited = slots.get_or_load_within(0, short, || Ok::<_, Infallible>(1));
    assert_eq!(waited, Err(LoadError::TimedOut));
}

/// quick-cache#40: waiters hit `unreachable!()`.
#[test]
fn an_insertion_during_a_load_wins_and_is_what_everyone_gets() {
    watched(|| {
        let slots = Slots::new(1);
        let lead = slots.lead(0);
        thread::scope(|scope| {
            let thread = scope.spawn(|| slots.get_or_load(0, || Ok::<_, Infallible>(99)));
            Slots::until_waiting(&lead, 1);
            slots.insert(0, 2);
            assert_eq!(thread.join().unwrap(), Ok(2), "before the load has ended");
        });
        assert_eq!(lead.standing(), Standing::Superseded);
        let value = slots.store(&lead, 1);
        lead.land(&value);
        assert_eq!((value, slots.get(0)), (2, Some(2)));
    });
}

/// foyer, micromegas#1318: a stale load overwrote a newer insertion.
#[test]
fn an_invalidation_during_a_load_keeps_its_value_from_the_cache_only() {
    watched(|| {
        let slots = Slots::new(1);
        let lead = slots.lead(0);
        thread::scope(|scope| {
            let before = scope.spawn(|| slots.get_or_load(0, || Ok::<_, Infallible>(99)));
            Slots::until_waiting(&lead, 1);
            slots.invalidate(0);
            assert_eq!(slots.get_or_load(0, || Ok::<_, Infallible>(2)), Ok(2), "a load of its own");
            let value = slots.store(&lead, 1);
            lead.land(&value);
            assert_eq!(before.join().unwrap(), Ok(1), "asked before");
        });
        assert_eq!(slots.get(0), Some(2));
    });
}

#[test]
fn a_discarded_load_that_fails_sends_those_that_wait_to_begin_anew_once() {
    let slots = Slots::new(1);
    let lead = slots.lead(0);
    let loads = Cell::new(0);
    let loader = || async {
        loads.set(loads.get() + 1);
        YieldTimes(2).await;
        Ok::<_, Infallible>(6)
    };
    let mut waiting: Vec<_> =
        (0..4).map(|_| Polled::new(slots.get_or_load_async(0, loader))).collect();
    assert!(waiting.iter_mut().all(|one| one.poll().is_pending()));
    slots.invalidate(0);
    drop(lead);
    assert_eq!(polled::run_all(waiting), vec![Ok(6); 4]);
    assert_eq!((loads.get(), slots.get(0)), (1, Some(6)));
}

#[test]
fn an_heir_that_is_overtaken_before_it_loads_looks_again() {
    for insert in [true, false] {
        let slots = Slots::new(1);
        let lead = slots.lead(0);
        let mut heir = Polled::new(slots.wait(0));
        assert!(heir.poll().is_pending());
        drop(lead);
        if insert {
            slots.insert(0, 1);
        } else {
            slots.invalidate(0);
        }
        assert!(matches!(heir.poll(), Poll::Ready(Arrival::LookAgain)));
        assert!(slots.flights.is_empty());
    }
}

#[test]
fn a_loader_may_change_the_key_it_loads() {
    let slots = Slots::new(3);
    let inserted = slots.get_or_load(0, || {
        slots.insert(0, 5);
        Ok::<_, Infallible>(1)
    });
    assert_eq!((inserted, slots.get(0)), (Ok(5), Some(5)));
    let invalidated = slots.get_or_load(1, || {
        slots.invalidate(1);
        Ok::<_, Infallible>(1)
    });
    assert_eq!((invalidated, slots.get(1)), (Ok(1), None));
    let cleared = slots.get_or_load(2, || {
        drop(slots.flights.discard_all());
        Ok::<_, Infallible>(1)
    });
    assert_eq!((cleared, slots.get(2)), (Ok(1), None));
}

#[test]
fn discard_where_discards_what_is_meant_and_nothing_else() {
    let slots = Slots::new(4);
    let leads: Vec<_> = (0..4).map(|key| slots.lead(key)).collect();
    drop(slots.flights.discard_where(|hash, &key| {
        assert_eq!(hash, Slots::hash(key));
        key % 2 == 0
    }));
    let standing: Vec<_> = leads.iter().map(Lead::standing).collect();
    let (gone, kept) = (Standing::Discarded, Standing::Wanted);
    assert_eq!(standing, [gone, kept, gone, kept]);
    assert_eq!(slots.flights.len(), 2);
}

#[test]
fn a_refresh_is_led_by_one_at_a_time() {
    let slots = Slots::new(1);
    let lead = slots.flights.try_lead(0, &0, || 0).expect("nobody leads");
    assert!(slots.flights.try_lead(0, &0, || 0).is_none());
    drop(lead);
    assert!(slots.flights.try_lead(0, &0, || 0).is_some());
}

#[test]
fn two_loads_of_many_keys_that_cross_do_not_wait_for_each_other_for_ever() {
    watched(|| {
        let slots = Slots::new(2);
        let together = Barrier::new(2);
        let loads = AtomicUsize::new(0);
        thread::scope(|scope| {
            for first in 0..2 {
                let (slots, together, loads) = (&slots, &together, &loads);
                scope.spawn(move || {
                    let lead = slots.lead(first);
                    together.wait();
                    let wait = slots.wait(1 - first);
                    together.wait();
                    let mine = [lead];
                    Lead::scope_all(&mine, || loads.fetch_add(1, Ordering::Relaxed));
                    for lead in mine {
                        let value = slots.store(&lead, first as u64);
                        lead.land(&value);
                    }
                    assert_eq!(wait.block().value(), Some(1 - first as u64));
                });
            }
        });
        assert_eq!(loads.into_inner(), 2);
    });
}

/// An executor that keeps tasks until they are taken out.
fn kept() -> (Executor, mpsc::Receiver<Task>) {
    let (queue, tasks) = mpsc::channel();
    (Executor::new(move |task| drop(queue.send(task))), tasks)
}

/// moka#240: with callers less patient than the load, the cache was never filled.
#[test]
fn a_detached_load_goes_on_when_its_callers_leave() {
    let slots = Arc::new(Slots::new(1));
    let (executor, tasks) = kept();
    let load = || async {
        YieldTimes(1).await;
        Ok::<_, Infallible>(4)
    };
    let call = || Polled::new(Arc::clone(&slots).get_or_load_detached(0, load, executor.clone()));
    let (mut first, mut second) = (call(), call());
    assert!(first.poll().is_pending() && second.poll().is_pending());
    drop((first, second));
    let mut task = Polled::new(tasks.try_recv().unwrap());
    assert!(tasks.try_recv().is_err(), "one load");
    assert!(task.poll().is_pending() && task.poll().is_ready());
    assert_eq!(slots.get(0), Some(4));
}

/// foyer#1345: a runtime that drops what it is given made its callers wait for themselves.
#[test]
fn a_detached_load_that_its_executor_drops_is_cancelled_for_each_caller_in_turn() {
    let slots = Arc::new(Slots::new(1));
    let dropped = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&dropped);
    let executor = Executor::new(move |task| {
        drop(task);
        count.fetch_add(1, Ordering::Relaxed);
    });
    let load = || async { Ok::<_, Infallible>(4) };
    let calls = (0..3)
        .map(|_| Polled::new(Arc::clone(&slots).get_or_load_detached(0, load, executor.clone())))
        .collect();
    assert_eq!(polled::run_all(calls), vec![Err(LoadError::Cancelled); 3]);
    assert_eq!(dropped.load(Ordering::Relaxed), 3);
    assert!(slots.flights.is_empty());
}

#[test]
fn a_detached_load_that_panics_is_told_to_its_caller_and_another_takes_over() {
    let slots = Arc::new(Slots::new(1));
    let (executor, tasks) = kept();
    let attempts = Arc::new(AtomicUsize::new(0));
    let load = move || async move {
        YieldTimes(1).await;
        if attempts.fetch_add(1, Ordering::Relaxed) == 0 {
            std::panic::resume_unwind(Box::new("as planned"));
        }
        Ok::<_, Infallible>(4)
    };
    let call =
        || Polled::new(Arc::clone(&slots).get_or_load_detached(0, load.clone(), executor.clone()));
    let (mut first, mut second) = (call(), call());
    assert!(first.poll().is_pending() && second.poll().is_pending());
    let mut task = Polled::new(tasks.try_recv().unwrap());
    assert!(task.poll().is_pending());
    assert!(catch_unwind(AssertUnwindSafe(|| task.poll())).is_err());
    drop(task);
    assert_eq!(first.poll(), Poll::Ready(Err(LoadError::Panicked)));
    assert!(second.poll().is_pending(), "it has begun a load of its own");
    let mut task = Polled::new(tasks.try_recv().unwrap());
    assert!(task.poll().is_pending() && task.poll().is_ready());
    assert_eq!(second.poll(), Poll::Ready(Ok(4)));
}

#[test]
fn what_became_of_an_abandoned_load_is_told_once() {
    let slots = Slots::new(1);
    let (lead, wait) = slots.lead(0).detach();
    let mut wait = Polled::new(wait);
    assert!(wait.poll().is_pending());
    drop(lead);
    assert!(wait.is_woken());
    assert!(matches!(wait.poll(), Poll::Ready(Arrival::Abandoned(Abandoned::Cancelled))));
}

#[test]
fn each_caller_is_told_what_became_of_its_own_load_and_not_of_a_later_one() {
    let slots = Slots::new(1);
    let (lead, first) = slots.lead(0).detach();
    let mut first = Polled::new(first);
    let mut heir = Polled::new(slots.wait(0));
    assert!(first.poll().is_pending() && heir.poll().is_pending());
    let unwound: Result<(), _> = catch_unwind(AssertUnwindSafe(move || {
        let _lead = lead;
        std::panic::resume_unwind(Box::new("as planned"))
    }));
    assert!(unwound.is_err());
    let Poll::Ready(Arrival::Lead(lead)) = heir.poll() else { panic!() };
    let (lead, second) = lead.detach();
    drop(lead);
    // The first comes late, when the second load has been given up as well.
    let told = [Polled::new(second).poll(), first.poll()].map(|poll| format!("{poll:?}"));
    assert_eq!(told, ["Ready(Abandoned(Cancelled))", "Ready(Abandoned(Panicked))"]);
}

/// The rules of the module's page against each other: a source of truth that changes, writers that
/// invalidate after they have changed it, and callers that load. Whoever asks after an invalidation
/// has returned gets what it made valid, or newer; and what stays in the cache is the truth.
#[test]
fn nobody_reads_what_was_invalidated_before_they_asked() {
    watched(|| {
        const KEYS: usize = 3;
        let rounds = if long() { 200_000 } else { 10_000 };
        let slots = Slots::new(KEYS);
        let truth: Vec<AtomicU64> = (0..KEYS).map(|_| AtomicU64::new(0)).collect();
        let valid: Vec<AtomicU64> = (0..KEYS).map(|_| AtomicU64::new(0)).collect();
        thread::scope(|scope| {
            for thread in 0..6 {
                let (slots, truth, valid) = (&slots, &truth, &valid);
                scope.spawn(move || {
                    let mut dice = voussoir_core::Random::seeded(thread);
                    for _ in 0..rounds {
                        let key = dice.below(KEYS as u32) as usize;
                        if dice.below(4) == 0 {
                            let now = truth[key].fetch_add(1, Ordering::SeqCst) + 1;
                            slots.invalidate(key);
                            valid[key].fetch_max(now, Ordering::SeqCst);
                            continue;
                        }
                        let at_least = valid[key].load(Ordering::SeqCst);
                        let fail = dice.below(16) == 0;
                        let panics = dice.below(16) == 0;
                        let got = catch_unwind(AssertUnwindSafe(|| {
                            slots.get_or_load(key, || {
                                let value = truth[key].load(Ordering::SeqCst);
                                if dice.below(8) == 0 {
                                    thread::yield_now();
                                }
                                if panics {
                                    std::panic::resume_unwind(Box::new("as planned"));
                                }
                                if fail { Err("as planned") } else { Ok(value) }
                            })
                        }));
                        if let Ok(Ok(value)) = got {
                            assert!(value >= at_least, "{value} after {at_least} of key {key}");
                        }
                    }
                });
            }
        });
        for (key, truth) in truth.iter().enumerate() {
            if let Some(value) = slots.get(key) {
                assert_eq!(value, truth.load(Ordering::SeqCst), "stale for ever");
            }
        }
        assert!(slots.flights.is_empty());
    });
}

/// The same for insertions: what the last writer inserted is not overwritten by a load begun before.
#[test]
fn no_load_overwrites_what_was_inserted_while_it_ran() {
    watched(|| {
        let rounds = if long() { 200_000 } else { 10_000 };
        let slots = Slots::new(1);
        let inserted = AtomicU64::new(0);
        thread::scope(|scope| {
            scope.spawn(|| {
                for value in 1..=rounds {
                    slots.insert(0, value);
                    inserted.store(value, Ordering::SeqCst);
                    assert_eq!(slots.get(0), Some(value), "only this thread writes");
                    // Gone as by eviction, which is no invalidation: loads are still wanted.
                    *slots.slots[0].lock().unwrap() = None;
                    thread::yield_now();
                }
            });
            for _ in 0..3 {
                scope.spawn(|| {
                    while inserted.load(Ordering::SeqCst) < rounds {
                        let before = inserted.load(Ordering::SeqCst);
                        let got = slots.get_or_load(0, || {
                            let value = inserted.load(Ordering::SeqCst);
                            thread::yield_now();
                            Ok::<_, Infallible>(value)
                        });
                        assert!(got.unwrap() >= before);
                    }
                });
            }
        });
    });
}

#[test]
fn tasks_of_a_runtime_are_one_load() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(4).build().unwrap();
    runtime.block_on(async {
        let slots = Arc::new(Slots::new(1));
        let loads = Arc::new(AtomicUsize::new(0));
        let tasks: Vec<_> = (0..1000)
            .map(|_| {
                let (slots, loads) = (Arc::clone(&slots), Arc::clone(&loads));
                tokio::spawn(async move {
                    let load = || async {
                        loads.fetch_add(1, Ordering::Relaxed);
                        tokio::task::yield_now().await;
                        Ok::<_, Infallible>(3)
                    };
                    slots.get_or_load_async(0, load).await
                })
            })
            .collect();
        for task in tasks {
            assert_eq!(task.await.unwrap(), Ok(3));
        }
        assert_eq!(loads.load(Ordering::Relaxed), 1);
    });
}

#[test]
fn tasks_aborted_at_random_leave_no_flight_behind() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_time()
        .build()
        .unwrap();
    runtime.block_on(async {
        let slots = Arc::new(Slots::new(4));
        let mut dice = voussoir_core::Random::seeded(5);
        for round in 0..if long() { 20_000 } else { 1_000 } {
            let tasks: Vec<_> = (0..4)
                .map(|_| {
                    let (slots, key) = (Arc::clone(&slots), round % 4);
                    tokio::spawn(async move {
                        let load = || async {
                            tokio::task::yield_now().await;
                            tokio::task::yield_now().await;
                            Ok::<_, Infallible>(1)
                        };
                        slots.get_or_load_async(key, load).await
                    })
                })
                .collect();
            for task in &tasks {
                if dice.below(2) == 0 {
                    task.abort();
                }
            }
            for task in tasks {
                if let Ok(value) = tokio::time::timeout(WATCHDOG, task).await.expect("it hangs") {
                    assert_eq!(value, Ok(1));
                }
            }
            assert!(slots.flights.is_empty());
            slots.invalidate(round % 4);
        }
    });
}

#[test]
fn a_waker_list_is_empty_where_nobody_waits() {
    let flights = Flights::<u32, u32>::new(1);
    let wake: Wake<u32, u32> = flights.supersede(0, &1);
    assert_eq!(format!("{wake:?}"), "Wake { wakers: 0, .. }");
}
