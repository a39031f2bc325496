//! What observers and their adapters see. The observations of rules are among the tests of rules.

use voussoir_core::ManualClock;
use voussoir_ratelimit::observe::{Observation, Outcome};
use voussoir_ratelimit::{Decision, Limiter, TokenBucket};

fn decision(used: u32, n: u32) -> Decision {
    let limiter = Limiter::builder(TokenBucket::per_second(4)).clock(ManualClock::new()).build();
    let limiter = limiter.expect("valid");
    assert!(limiter.check_n(used).is_allowed());
    limiter.check_n(n)
}

#[test]
fn outcomes_tell_later_from_never() {
    for (used, n, outcome) in
        [(0, 1, Outcome::Allowed), (4, 1, Outcome::Denied), (0, 5, Outcome::ExceedsCapacity)]
    {
        let seen = Observation::new("a", decision(used, n));
        assert_eq!((seen.outcome, seen.shadow), (outcome, false));
        assert_eq!(seen.outcome.is_allowed(), decision(used, n).is_allowed());
    }
    assert_eq!(Observation::key_missing("a").outcome.to_string(), "key_missing");
}

#[cfg(feature = "metrics")]
mod metrics {
    use std::collections::BTreeMap;
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::sync::{Arc, Mutex};

    use metrics::{
        Counter, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit,
    };
    use voussoir_ratelimit::observe::{MetricsObserver, Observation, Observer};

    /// Keeps counters by their name and labels.
    #[derive(Default)]
    struct Memory(Mutex<BTreeMap<String, Arc<AtomicU64>>>);

    impl Recorder for Memory {
        fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
        fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
        fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

        fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
            let mut counters = self.0.lock().expect("no panic before");
            let counter = counters.entry(key.to_string()).or_default();
            Counter::from_arc(Arc::clone(counter))
        }

        fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
            Gauge::noop()
        }

        fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
            Histogram::noop()
        }
    }

    #[test]
    fn decisions_are_counted_by_limiter_outcome_and_shadow() {
        let memory = Memory::default();
        metrics::with_local_recorder(&memory, || {
            let observer = MetricsObserver::new();
            for used in [0, 1, 4] {
                observer.on_decision(&Observation::new("login", super::decision(used, 1)));
            }
            observer.on_decision(&Observation::new("login", super::decision(4, 1)).shadow(true));
            observer.on_decision(&Observation::key_missing("api"));
        });
        let counters = memory.0.into_inner().expect("no panic before");
        let counted: Vec<_> = counters
            .iter()
            .map(|(key, count)| (key.as_str(), count.load(Ordering::Relaxed)))
            .collect();
        assert_eq!(
            counted,
            [
                (
                    "Key(ratelimit_decisions_total, [limiter = api, outcome = key_missing, shadow = false])",
                    1
                ),
                (
                    "Key(ratelimit_decisions_total, [limiter = login, outcome = allowed, shadow = false])",
                    2
                ),
                (
                    "Key(ratelimit_decisions_total, [limiter = login, outcome = denied, shadow = false])",
                    1
                ),
                (
                    "Key(ratelimit_decisions_total, [limiter = login, outcome = denied, shadow = true])",
                    1
                ),
            ]
        );
    }
}

#[cfg(feature = "tracing")]
mod tracing {
    use std::fmt::{Debug, Write};
    use std::sync::{Arc, Mutex};

    use tracing::field::{Field, Visit};
    use tracing::span::{Attributes, Id, Record};
    use tracing::{Event, Metadata, Subscriber};
    use voussoir_ratelimit::observe::{Observation, Observer, TracingObserver};

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
            let mut line = Line(format!("{} {}", metadata.level(), metadata.target()));
            event.record(&mut line);
            self.0.lock().expect("no panic before").push(line.0);
        }
    }

    #[test]
    fn decisions_are_events_without_a_key() {
        let lines = Lines::default();
        tracing::subscriber::with_default(lines.clone(), || {
            TracingObserver.on_decision(&Observation::new("login", super::decision(0, 1)));
            let refused = Observation::new("login", super::decision(4, 1)).shadow(true);
            TracingObserver.on_decision(&refused);
            TracingObserver.on_decision(&Observation::key_missing("api"));
        });
        assert_eq!(
            *lines.0.lock().expect("no panic before"),
            [
                r#"TRACE voussoir::ratelimit limiter="login" outcome="allowed" shadow=false remaining=3"#,
                r#"DEBUG voussoir::ratelimit limiter="login" outcome="denied" shadow=true remaining=0 retry_after=250ms"#,
                r#"DEBUG voussoir::ratelimit limiter="api" outcome="key_missing" shadow=false"#,
            ]
        );
    }
}
