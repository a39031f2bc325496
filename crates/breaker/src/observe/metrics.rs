use alloc::string::String;
use core::fmt;
use std::sync::OnceLock;

use ::metrics::{Counter, Gauge, counter, describe_counter, describe_gauge, gauge};

use crate::{
    BreakerObserver, BulkheadError, BulkheadObserver, Open, RetryObserver, Retrying, Stats, Stop,
    Transition,
};

/// What happens as counters of `metrics`:
///
/// | counter | labels |
/// |---|---|
/// | [`breaker_transitions_total`](Self::TRANSITIONS) | `breaker`, `from`, `to` |
/// | [`breaker_refusals_total`](Self::BREAKER_REFUSALS) | `breaker` |
/// | [`breaker_would_open_total`](Self::WOULD_OPEN) | `breaker` |
/// | [`bulkhead_refusals_total`](Self::BULKHEAD_REFUSALS) | `bulkhead`, `reason` |
/// | [`bulkhead_limit`](Self::LIMIT), a gauge, of adaptive limits | `bulkhead` |
/// | [`retry_retries_total`](Self::RETRIES) | `retry`, `verdict` |
/// | [`retry_calls_total`](Self::CALLS) | `retry`, `outcome`: `success`, or why there was no other attempt |
///
/// The counters that are counted often are looked up in the recorder once; install the recorder
/// before the first call.
///
/// ```
/// use std::sync::Arc;
/// use voussoir_breaker::{Bulkhead, CircuitBreaker, observe::MetricsObserver};
///
/// let observer = Arc::new(MetricsObserver::new("payments"));
/// let breaker = CircuitBreaker::builder().observer(observer.clone()).build()?;
/// let pool = Bulkhead::builder(16).observer(observer).build()?;
/// # Ok::<(), voussoir_core::ConfigError>(())
/// ```
pub struct MetricsObserver {
    name: String,
    open: OnceLock<Counter>,
    limit: OnceLock<Gauge>,
    /// By name, so that a label that never occurs makes no series.
    bulkhead: Labelled<4>,
    retries: Labelled<5>,
    calls: Labelled<9>,
}

/// The counters of one label's values, each in the place where it was first looked for.
struct Labelled<const VALUES: usize>([OnceLock<(&'static str, Counter)>; VALUES]);

impl MetricsObserver {
    /// Changes of state.
    pub const TRANSITIONS: &str = "breaker_transitions_total";
    /// Calls refused by a breaker.
    pub const BREAKER_REFUSALS: &str = "breaker_refusals_total";
    /// How often a metrics-only breaker would have opened.
    pub const WOULD_OPEN: &str = "breaker_would_open_total";
    /// Work refused by a bulkhead.
    pub const BULKHEAD_REFUSALS: &str = "bulkhead_refusals_total";
    /// The limit of an adaptive bulkhead, once it has moved.
    pub const LIMIT: &str = "bulkhead_limit";
    /// Attempts that were followed by another.
    pub const RETRIES: &str = "retry_retries_total";
    /// Calls by how they ended.
    pub const CALLS: &str = "retry_calls_total";

    /// An observer of what is called `name`.
    pub fn new(name: impl Into<String>) -> Self {
        describe_counter!(Self::TRANSITIONS, "Changes of state of circuit breakers.");
        describe_counter!(Self::BREAKER_REFUSALS, "Calls refused by circuit breakers.");
        describe_counter!(Self::WOULD_OPEN, "How often metrics-only breakers would have opened.");
        describe_counter!(Self::BULKHEAD_REFUSALS, "Work refused by bulkheads.");
        describe_gauge!(Self::LIMIT, "Limits of adaptive bulkheads.");
        describe_counter!(Self::RETRIES, "Attempts that were followed by another.");
        describe_counter!(Self::CALLS, "Calls with retries by how they ended.");
        Self {
            name: name.into(),
            open: OnceLock::new(),
            limit: OnceLock::new(),
            bulkhead: Labelled::new(),
            retries: Labelled::new(),
            calls: Labelled::new(),
        }
    }
}

impl BreakerObserver for MetricsObserver {
    fn changed(&self, transition: &Transition) {
        let (from, to) = (transition.from.name(), transition.to.name());
        counter!(Self::TRANSITIONS, "breaker" => self.name.clone(), "from" => from, "to" => to)
            .increment(1);
    }

    fn refused(&self, _: &Open) {
        let register = || counter!(Self::BREAKER_REFUSALS, "breaker" => self.name.clone());
        self.open.get_or_init(register).increment(1);
    }

    fn would_open(&self, _: &Stats) {
        counter!(Self::WOULD_OPEN, "breaker" => self.name.clone()).increment(1);
    }
}

impl BulkheadObserver for MetricsObserver {
    fn refused(&self, error: &BulkheadError) {
        self.bulkhead.increment(error.name(), |reason| {
            counter!(
                Self::BULKHEAD_REFUSALS,
                "bulkhead" => self.name.clone(),
                "reason" => reason,
            )
        });
    }

    fn limit_changed(&self, limit: u32) {
        let register = || gauge!(Self::LIMIT, "bulkhead" => self.name.clone());
        self.limit.get_or_init(register).set(f64::from(limit));
    }
}

impl RetryObserver for MetricsObserver {
    fn retrying(&self, event: Retrying) {
        self.retries.increment(
            event.verdict.name(),
            |verdict| counter!(Self::RETRIES, "retry" => self.name.clone(), "verdict" => verdict),
        );
    }

    fn stopped(&self, _: u32, stop: Stop) {
        self.ended(stop.name());
    }

    fn succeeded(&self, _: u32) {
        self.ended("success");
    }
}

impl MetricsObserver {
    fn ended(&self, outcome: &'static str) {
        self.calls.increment(
            outcome,
            |outcome| counter!(Self::CALLS, "retry" => self.name.clone(), "outcome" => outcome),
        );
    }
}

impl<const VALUES: usize> Labelled<VALUES> {
    fn new() -> Self {
        Self([const { OnceLock::new() }; VALUES])
    }

    /// Looks through the few places: a word is compared with less work than it is hashed.
    fn increment(&self, value: &'static str, register: impl Fn(&'static str) -> Counter) {
        for place in &self.0 {
            let (name, counter) = place.get_or_init(|| (value, register(value)));
            if *name == value {
                return counter.increment(1);
            }
        }
        register(value).increment(1);
    }
}

impl fmt::Debug for MetricsObserver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MetricsObserver").field("name", &self.name).finish_non_exhaustive()
    }
}
