//! What observers see, and what their adapters make of it.

#![cfg(feature = "std")]

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use voussoir_breaker::{
    Aimd, Backoff, BreakerObserver, Bulkhead, BulkheadError, BulkheadObserver, CircuitBreaker,
    Open, Retry, RetryObserver, Retrying, State, Stop, Transition, Verdict, Window,
};
use voussoir_core::ManualClock;

/// A breaker that opens and closes, a bulkhead that refuses, an adaptive one that moves, and a retry
/// that tries again, succeeds and gives up.
#[cfg(any(feature = "tracing", feature = "metrics"))]
fn happen<O>(observer: &Arc<O>)
where
    O: BreakerObserver + BulkheadObserver + RetryObserver + 'static,
{
    let clock = ManualClock::new();
    let builder = CircuitBreaker::builder().window(Window::count(1)).half_open_calls(1);
    let builder = builder.clock(clock.clone()).observer(observer.clone());
    let breaker = builder.open_for(Duration::from_secs(5)).build().expect("valid");
    breaker.try_acquire().expect("closed").failure();
    assert!(breaker.try_acquire().is_err() && breaker.try_acquire().is_err());
    clock.advance(Duration::from_secs(5));
    breaker.try_acquire().expect("a probe").success();
    breaker.isolate();
    assert!(breaker.try_acquire().is_err());
    breaker.metrics_only();
    breaker.try_acquire().expect("counts only").failure();

    let pool = Bulkhead::builder(1).observer(observer.clone()).build().expect("valid");
    let _held = pool.try_acquire().expect("free");
    assert!(pool.try_acquire().is_err());
    assert!(pool.claim().weight(2).acquire().is_err());
    let pool = Bulkhead::builder(4).adaptive(Aimd::new().into()).observer(observer.clone());
    pool.build().expect("valid").try_acquire().expect("free").overload();

    let backoff = Backoff::fixed(Duration::from_millis(50));
    let retry = Retry::builder(backoff).idempotent().observer(observer.clone());
    let retry = retry.build().expect("valid");
    let answer = retry.call(|_| {}, |attempt| if attempt.number > 1 { Ok(()) } else { Err(()) });
    assert_eq!(answer, Ok(()));
    let answer = retry.when(|(): &()| Verdict::Permanent).call(|_| {}, |_| Err::<(), _>(()));
    assert!(answer.is_err());
    assert!(retry.call(|_| {}, |_| Ok::<_, ()>(())).is_ok());
}

#[cfg(feature = "metrics")]
mod in_metrics {
    use std::collections::BTreeMap;
    use std::sync::Mutex;
    use std::sync::atomic::AtomicU64;

    use metrics::{
        Counter, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit,
    };
    use voussoir_breaker::observe::MetricsObserver;

    use super::*;

    /// Keeps counters and gauges by their name and labels.
    #[derive(Default)]
    struct Memory(Mutex<BTreeMap<String, Arc<AtomicU64>>>);

    impl Memory {
        fn of(&self, key: &Key) -> Arc<AtomicU64> {
            let mut all = self.0.lock().expect("no panic before");
            Arc::clone(all.entry(key.to_string()).or_default())
        }
    }

    impl Recorder for Memory {
        fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
        fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
        fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

        fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
            Counter::from_arc(self.of(key))
        }

        fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
            Gauge::from_arc(self.of(key))
        }

        fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
            Histogram::noop()
        }
    }

    #[test]
    fn what_happens_is_counted_under_the_name() {
        let memory = Memory::default();
        metrics::with_local_recorder(&memory, || happen(&Arc::new(MetricsObserver::new("shop"))));
        let all = memory.0.into_inner().expect("no panic before");
        let seen: Vec<_> = all
            .iter()
            .map(|(key, count)| {
                let count = count.load(Ordering::Relaxed);
                // A gauge holds the bits of a floating-point number.
                let count = if key.contains("limit") {
                    f64::from_bits(count).to_string()
                } else {
                    count.to_string()
                };
                let key = key.trim_start_matches("Key(").trim_end_matches(')');
                format!("{key} {count}")
            })
            .collect();
        assert_eq!(
            seen,
            [
                "breaker_refusals_total, [breaker = shop] 3",
                "breaker_transitions_total, [breaker = shop, from = closed, to = isolated] 1",
                "breaker_transitions_total, [breaker = shop, from = closed, to = open] 1",
                "breaker_transitions_total, [breaker = shop, from = half-open, to = closed] 1",
                "breaker_transitions_total, [breaker = shop, from = isolated, to = metrics-only] 1",
                "breaker_transitions_total, [breaker = shop, from = open, to = half-open] 1",
                "breaker_would_open_total, [breaker = shop] 1",
                "bulkhead_limit, [bulkhead = shop] 3",
                "bulkhead_refusals_total, [bulkhead = shop, reason = full] 1",
                "bulkhead_refusals_total, [bulkhead = shop, reason = too_heavy] 1",
                "retry_calls_total, [retry = shop, outcome = permanent] 1",
                "retry_calls_total, [retry = shop, outcome = success] 2",
                "retry_retries_total, [retry = shop, verdict = transient] 1",
            ]
        );
    }
}

#[cfg(feature = "tracing")]
mod in_tracing {
    use std::fmt::{Debug, Write};
    use std::sync::Mutex;

    use tracing::field::{Field, Visit};
    use tracing::span::{Attributes, Id, Record};
    use tracing::{Event, Metadata, Subscriber};
    use voussoir_breaker::observe::TracingObserver;

    use super::*;

    /// Keeps each event as a line.
    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<String>>>);

    struct Line(String);

    impl Visit for Line {
        fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
            write!(self.0, " {}={value:?}", field.name()).expect("a string takes all");
        }
    }

    impl Subscriber for Lines {
        fn enabled(&self, _: &Metadata<'_>) -> bool {
            true
        }

        fn new_span(&self, _: &Attributes<'_>) -> Id {
            Id::from_u64(1)
        }

        fn record(&self, _: &Id, _: &Record<'_>) {}
        fn record_follows_from(&self, _: &Id, _: &Id) {}
        fn enter(&self, _: &Id) {}
        fn exit(&self, _: &Id) {}

        fn event(&self, event: &Event<'_>) {
            let metadata = event.metadata();
            assert_eq!(metadata.target(), "voussoir::breaker");
            let mut line = Line(metadata.level().to_string());
            event.record(&mut line);
            self.0.lock().expect("no panic before").push(line.0);
        }
    }

    #[test]
    fn what_happens_becomes_events_under_the_name() {
        let lines = Lines::default();
        let observer = Arc::new(TracingObserver::new("shop"));
        tracing::subscriber::with_default(lines.clone(), || happen(&observer));
        assert_eq!(
            *lines.0.lock().expect("no panic before"),
            [
                r#"WARN breaker="shop" from="closed" to="open" generation=1"#,
                r#"DEBUG breaker="shop" refused="open" retry_after=5s"#,
                r#"DEBUG breaker="shop" refused="open" retry_after=5s"#,
                r#"INFO breaker="shop" from="open" to="half-open" generation=2"#,
                r#"INFO breaker="shop" from="half-open" to="closed" generation=3"#,
                r#"INFO breaker="shop" from="closed" to="isolated" generation=4"#,
                r#"DEBUG breaker="shop" refused="open""#,
                r#"INFO breaker="shop" from="isolated" to="metrics-only" generation=5"#,
                r#"WARN breaker="shop" would_open=true calls=1 failures=1 slow=0"#,
                r#"DEBUG bulkhead="shop" refused="full""#,
                r#"DEBUG bulkhead="shop" refused="too_heavy""#,
                r#"DEBUG bulkhead="shop" limit=3"#,
                r#"DEBUG retry="shop" attempt=1 verdict="transient" delay=50ms"#,
                r#"TRACE retry="shop" attempts=2"#,
                r#"DEBUG retry="shop" attempts=1 stop="permanent""#,
            ]
        );
    }
}

/// Panics at everything.
struct Panics;

impl BreakerObserver for Panics {
    fn changed(&self, _: &Transition) {
        panic!("in the observer");
    }

    fn refused(&self, _: &Open) {
        panic!("in the observer");
    }
}

impl BulkheadObserver for Panics {
    fn refused(&self, _: &BulkheadError) {
        panic!("in the observer");
    }

    fn limit_changed(&self, _: u32) {
        panic!("in the observer");
    }
}

impl RetryObserver for Panics {
    fn retrying(&self, _: Retrying) {
        panic!("in the observer");
    }

    fn stopped(&self, _: u32, _: Stop) {
        panic!("in the observer");
    }

    fn succeeded(&self, _: u32) {
        panic!("in the observer");
    }
}

#[test]
fn an_observer_that_panics_harms_nobody() {
    let breaker = CircuitBreaker::builder().window(Window::count(1)).observer(Arc::new(Panics));
    let breaker = breaker.clock(ManualClock::new()).build().expect("valid");
    breaker.try_acquire().expect("closed").failure();
    assert_eq!(breaker.state(), State::Open);
    assert!(breaker.try_acquire().is_err());

    let pool = Bulkhead::builder(2).adaptive(Aimd::new().into()).observer(Arc::new(Panics));
    let pool = pool.build().expect("valid");
    pool.try_acquire().expect("free").overload();
    assert_eq!((pool.limit(), pool.in_use()), (1, 0));
    let held = pool.try_acquire().expect("free");
    assert_eq!(pool.try_acquire().unwrap_err(), BulkheadError::Full);
    drop(held);

    let retry = Retry::builder(Backoff::fixed(Duration::ZERO)).idempotent();
    let retry = retry.observer(Arc::new(Panics)).build().expect("valid");
    let error = retry.call(|_| {}, |_| Err::<(), _>(())).expect_err("all fail");
    assert_eq!((error.stop, error.attempts), (Stop::Attempts, 3));
    assert!(retry.call(|_| {}, |_| Ok::<_, ()>(())).is_ok());
}

/// A permit that a panic drops opens the breaker, whose observer panics in turn: a second panic that
/// left a destructor would end the process.
#[test]
fn an_observer_that_panics_in_a_panic_harms_nobody() {
    let breaker = CircuitBreaker::builder().window(Window::count(1)).observer(Arc::new(Panics));
    let breaker = breaker.build().expect("valid");
    let call = || breaker.call(|| -> Result<(), ()> { panic!("in the call") });
    assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(call)).is_err());
    assert_eq!(breaker.state(), State::Open);
}

/// Calls back into what it observes.
struct Steers {
    breaker: Weak<CircuitBreaker<ManualClock>>,
    heard: AtomicU32,
}

impl BreakerObserver for Steers {
    fn changed(&self, transition: &Transition) {
        let breaker = self.breaker.upgrade().expect("it is in use");
        // It already is what it is told to be.
        assert_eq!(breaker.state(), transition.to);
        self.heard.fetch_add(1, Ordering::Relaxed);
        if transition.to == State::Open {
            breaker.reset();
            breaker.try_acquire().expect("closed by hand").success();
        }
    }
}

#[test]
fn an_observer_may_steer_what_it_observes() {
    for window in [Window::count(1), Window::count(100), Window::time(Duration::from_secs(16))] {
        let mut observer = None;
        let breaker = Arc::new_cyclic(|breaker| {
            let steers =
                Arc::new(Steers { breaker: Weak::clone(breaker), heard: AtomicU32::new(0) });
            observer = Some(Arc::clone(&steers));
            let builder = CircuitBreaker::builder().window(window).min_calls(1).half_open_calls(1);
            builder.observer(steers).clock(ManualClock::new()).build().expect("valid")
        });
        for _ in 0..3 {
            breaker.try_acquire().expect("closed").failure();
        }
        let stats = breaker.stats();
        assert_eq!((stats.state, stats.reopenings), (State::Closed, 0), "{window:?}");
        let heard = observer.expect("made above").heard.load(Ordering::Relaxed);
        assert!(heard >= 2, "{window:?}: {heard}");
    }
}
