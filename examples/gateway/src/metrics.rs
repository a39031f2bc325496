//! What is counted: for Prometheus since the start, for the dashboard over the last seconds.
//!
//! Every handle is looked up once, when it is made, so that a request pays a few atomic adds and
//! two short locks.

use std::fmt;
use std::time::Duration;

use hdrhistogram::Histogram as Recorder;
use parking_lot::Mutex;
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use crate::problem::Problem;

/// Buckets of the latency histogram, in seconds.
const BUCKETS: [f64; 12] = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0];

/// The longest latency that the recent figures tell apart, in microseconds: a minute.
const LONGEST_MICROS: u64 = 60_000_000;

/// All figures.
pub(crate) struct Metrics {
    registry: Registry,
    pub(crate) allowed: Counter,
    pub(crate) denied: Counter,
    pub(crate) retries: Counter,
    problems: Family<ProblemLabel, Counter>,
    answers: Family<AnswerLabels, Counter>,
    failures: Family<UpstreamLabel, Counter>,
    refusals: Family<UpstreamLabel, Counter>,
    seconds: Family<UpstreamLabel, Histogram, fn() -> Histogram>,
    in_flight: Family<UpstreamLabel, Gauge>,
    healthy: Family<UpstreamLabel, Gauge>,
    draining: Family<UpstreamLabel, Gauge>,
    breaker: Family<BreakerLabels, Gauge>,
    clients: Gauge,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ProblemLabel {
    kind: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct UpstreamLabel {
    upstream: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct AnswerLabels {
    upstream: String,
    class: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct BreakerLabels {
    upstream: String,
    state: BreakerState,
}

/// A breaker's state as a label.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelValue)]
pub(crate) enum BreakerState {
    Closed,
    Open,
    HalfOpen,
}

impl BreakerState {
    const ALL: [Self; 3] = [Self::Closed, Self::Open, Self::HalfOpen];

    /// The word for it in JSON.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open => "open",
            Self::HalfOpen => "half-open",
        }
    }
}

/// What is read off the primitives when the metrics are asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct UpstreamState<'a> {
    pub(crate) id: &'a str,
    pub(crate) in_flight: i64,
    pub(crate) healthy: bool,
    pub(crate) draining: bool,
    pub(crate) breaker: BreakerState,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let metrics = Self {
            registry: Registry::with_prefix("gateway"),
            allowed: Counter::default(),
            denied: Counter::default(),
            retries: Counter::default(),
            problems: Family::default(),
            answers: Family::default(),
            failures: Family::default(),
            refusals: Family::default(),
            seconds: Family::new_with_constructor(|| Histogram::new(BUCKETS)),
            in_flight: Family::default(),
            healthy: Family::default(),
            draining: Family::default(),
            breaker: Family::default(),
            clients: Gauge::default(),
        };
        metrics.registered()
    }

    fn registered(mut self) -> Self {
        let all = &mut self.registry;
        all.register(
            "requests_allowed",
            "Requests within their client's limit",
            self.allowed.clone(),
        );
        all.register("requests_denied", "Requests refused with 429", self.denied.clone());
        all.register("retries", "Requests sent on to another upstream", self.retries.clone());
        all.register("problems", "Answers of the gateway itself", self.problems.clone());
        all.register("upstream_answers", "Answers by status class", self.answers.clone());
        all.register(
            "upstream_failures",
            "Calls that failed without an answer or amid one",
            self.failures.clone(),
        );
        all.register(
            "upstream_refusals",
            "Requests that the breaker sent elsewhere",
            self.refusals.clone(),
        );
        all.register_with_unit(
            "upstream_latency",
            "Time to the head of the response",
            Unit::Seconds,
            self.seconds.clone(),
        );
        all.register("upstream_in_flight", "Requests being answered", self.in_flight.clone());
        all.register("upstream_healthy", "1 when it gets requests", self.healthy.clone());
        all.register("upstream_draining", "1 when it gets no new ones", self.draining.clone());
        all.register("upstream_breaker", "1 for the breaker's state", self.breaker.clone());
        all.register("clients", "Clients remembered by the limiter", self.clients.clone());
        self
    }

    /// Counts an answer of our own.
    pub(crate) fn problem(&self, problem: Problem) {
        self.problems.get_or_create(&ProblemLabel { kind: problem.kind() }).inc();
    }

    /// The figures of one upstream.
    pub(crate) fn upstream(&self, id: &str) -> UpstreamFigures {
        let answers = ["1xx", "2xx", "3xx", "4xx", "5xx"].map(|class| {
            self.answers.get_or_create_owned(&AnswerLabels { upstream: id.to_owned(), class })
        });
        let label = UpstreamLabel { upstream: id.to_owned() };
        UpstreamFigures {
            answers,
            failures: self.failures.get_or_create_owned(&label),
            refusals: self.refusals.get_or_create_owned(&label),
            seconds: self.seconds.get_or_create_owned(&label),
            recent: Mutex::new(recorder()),
        }
    }

    /// The text that Prometheus reads.
    pub(crate) fn text<'a>(
        &self,
        clients: usize,
        upstreams: impl Iterator<Item = UpstreamState<'a>>,
    ) -> Result<String, fmt::Error> {
        self.clients.set(i64::try_from(clients).unwrap_or(i64::MAX));
        for upstream in upstreams {
            let label = UpstreamLabel { upstream: upstream.id.to_owned() };
            self.in_flight.get_or_create(&label).set(upstream.in_flight);
            self.healthy.get_or_create(&label).set(upstream.healthy.into());
            self.draining.get_or_create(&label).set(upstream.draining.into());
            for state in BreakerState::ALL {
                let labels = BreakerLabels { upstream: upstream.id.to_owned(), state };
                self.breaker.get_or_create(&labels).set((state == upstream.breaker).into());
            }
        }
        let mut text = String::with_capacity(8192);
        encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}

/// The figures of one upstream.
#[derive(Debug)]
pub(crate) struct UpstreamFigures {
    answers: [Counter; 5],
    failures: Counter,
    refusals: Counter,
    seconds: Histogram,
    recent: Mutex<Recorder<u32>>,
}

impl UpstreamFigures {
    /// A head of a response came `after` the request.
    pub(crate) fn answered(&self, status: http::StatusCode, after: Duration) {
        if let Some(class) = self.answers.get(usize::from(status.as_u16() / 100).wrapping_sub(1)) {
            class.inc();
        }
        self.seconds.observe(after.as_secs_f64());
        let micros = u64::try_from(after.as_micros()).unwrap_or(u64::MAX);
        self.recent.lock().saturating_record(micros.clamp(1, LONGEST_MICROS));
    }

    /// No head came, or the body broke off.
    pub(crate) fn failed(&self) {
        self.failures.inc();
    }

    /// The breaker let a request not through.
    pub(crate) fn refused(&self) {
        self.refusals.inc();
    }

    /// Requests so far that the breaker did not let through.
    pub(crate) fn refusals(&self) -> u64 {
        self.refusals.get()
    }

    /// Answers so far, of all classes.
    pub(crate) fn answers(&self) -> u64 {
        self.answers.iter().map(Counter::get).sum()
    }

    /// Answers of 500 and above so far.
    pub(crate) fn errors(&self) -> u64 {
        self.answers[4].get()
    }

    /// Calls so far that ended without an answer, or amid one.
    pub(crate) fn unanswered(&self) -> u64 {
        self.failures.get()
    }

    /// Takes out what was recorded since the last call, in microseconds.
    pub(crate) fn drain_into(&self, fresh: &mut Recorder<u32>) {
        fresh.reset();
        std::mem::swap(&mut *self.recent.lock(), fresh);
    }
}

/// An empty recorder of microseconds, at two significant digits.
pub(crate) fn recorder() -> Recorder<u32> {
    Recorder::new_with_bounds(1, LONGEST_MICROS, 2).expect("the bounds are in order")
}
