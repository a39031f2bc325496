//! What the adapters make of what an observer is told, and what one that panics does not do.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use voussoir_balance::{Algorithm, Balancer, EjectionPolicy, Event, Node, Observer, Probe};
use voussoir_core::ManualClock;

fn observed(clock: &ManualClock, observer: impl Observer + 'static) -> Balancer<(), ManualClock> {
    Balancer::builder(Algorithm::RoundRobin)
        .ejection(EjectionPolicy { min_calls: 1, ..EjectionPolicy::default() })
        .panic_below(0.5)
        .nodes(["a", "b"].map(|id| Node::new(id, ())))
        .clock(clock.clone())
        .observer(observer)
        .build()
        .expect("valid")
}

/// One node is ejected and comes back; both fall ill and one gets well.
fn happen(observer: impl Observer + 'static) {
    let clock = ManualClock::new();
    let balancer = observed(&clock, observer);
    balancer.pick().expect("a").failure();
    clock.advance(Duration::from_secs(30));
    balancer.pick().expect("back").ignore();
    for (id, probe, times) in
        [("a", Probe::Failure, 3), ("b", Probe::Failure, 3), ("b", Probe::Success, 2)]
    {
        (0..times).for_each(|_| _ = balancer.report(id, probe).expect("known"));
    }
}

#[cfg(feature = "metrics")]
mod in_metrics {
    use std::collections::BTreeMap;
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::sync::{Arc, Mutex};

    use metrics::{
        Counter, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit,
    };
    use voussoir_balance::observe::MetricsObserver;

    use super::happen;

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

    fn counted(observer: MetricsObserver) -> Vec<String> {
        let memory = Memory::default();
        metrics::with_local_recorder(&memory, || happen(observer));
        let line = |(key, count): (String, Arc<AtomicU64>)| {
            let count = count.load(Ordering::Relaxed);
            // A gauge holds the bits of a floating-point number.
            let count = if key.contains("balance_panic") {
                f64::from_bits(count).to_string()
            } else {
                count.to_string()
            };
            format!("{} {count}", key.trim_start_matches("Key(").trim_end_matches(')'))
        };
        memory.0.into_inner().expect("no panic before").into_iter().map(line).collect()
    }

    #[test]
    fn what_changes_is_counted_under_the_name() {
        assert_eq!(
            counted(MetricsObserver::new("shop")),
            [
                "balance_ejections_total, [balancer = shop] 1",
                "balance_health_changes_total, [balancer = shop, to = healthy] 1",
                "balance_health_changes_total, [balancer = shop, to = unhealthy] 2",
                "balance_panic, [balancer = shop] 0",
                "balance_returns_total, [balancer = shop] 1",
            ]
        );
    }

    #[test]
    fn nodes_are_labels_only_where_asked_for() {
        assert_eq!(
            counted(MetricsObserver::new("shop").label_nodes()),
            [
                "balance_ejections_total, [balancer = shop, node = a] 1",
                "balance_health_changes_total, [balancer = shop, node = a, to = unhealthy] 1",
                "balance_health_changes_total, [balancer = shop, node = b, to = healthy] 1",
                "balance_health_changes_total, [balancer = shop, node = b, to = unhealthy] 1",
                "balance_panic, [balancer = shop] 0",
                "balance_returns_total, [balancer = shop, node = a] 1",
            ]
        );
    }
}

#[cfg(feature = "tracing")]
mod in_tracing {
    use std::fmt::{Debug, Write};
    use std::sync::{Arc, Mutex};

    use tracing::field::{Field, Visit};
    use tracing::span::{Attributes, Id, Record};
    use tracing::{Metadata, Subscriber};
    use voussoir_balance::observe::TracingObserver;

    use super::happen;

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

        fn event(&self, event: &tracing::Event<'_>) {
            let metadata = event.metadata();
            assert_eq!(metadata.target(), "voussoir::balance");
            let mut line = Line(metadata.level().to_string());
            event.record(&mut line);
            self.0.lock().expect("no panic before").push(line.0);
        }
    }

    #[test]
    fn what_changes_becomes_events_under_the_name() {
        let lines = Lines::default();
        let observer = TracingObserver::new("shop");
        tracing::subscriber::with_default(lines.clone(), || happen(observer));
        assert_eq!(
            *lines.0.lock().expect("no panic before"),
            [
                r#"WARN balancer="shop" node="a" ejected_for=30s"#,
                r#"INFO balancer="shop" node="a" returned=true"#,
                r#"WARN balancer="shop" node="a" health="unhealthy""#,
                r#"WARN balancer="shop" panic=true"#,
                r#"WARN balancer="shop" node="b" health="unhealthy""#,
                r#"INFO balancer="shop" panic=false"#,
                r#"INFO balancer="shop" node="b" health="healthy""#,
            ]
        );
    }
}

#[test]
fn an_observer_that_panics_harms_nobody() {
    happen(|_: &Event<'_>| panic!("in the observer"));
}

/// A pick whose guard reports a failure while a panic drops it: a second panic that left a destructor
/// would end the process.
#[test]
fn an_observer_that_panics_in_a_panic_harms_nobody() {
    struct FailsWhenDropped(Option<voussoir_balance::Pick<(), ManualClock>>);

    impl Drop for FailsWhenDropped {
        fn drop(&mut self) {
            self.0.take().map(voussoir_balance::Pick::failure);
        }
    }

    let clock = ManualClock::new();
    let balancer = observed(&clock, |_: &Event<'_>| panic!("in the observer"));
    let call = || {
        let _pick = FailsWhenDropped(balancer.pick().ok());
        panic!("in the call");
    };
    assert!(catch_unwind(AssertUnwindSafe(call)).is_err());
    assert!(balancer.nodes()[0].ejected);
}
