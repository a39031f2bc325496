//! One moment of the gateway in figures: rates since the sample before, latencies over the last ten
//! seconds, states as they are.

use std::collections::VecDeque;
use std::time::Duration;

use hdrhistogram::Histogram;
use serde::Serialize;
use voussoir::balance::{Health, NodeStatus};
use voussoir::time::{Clock, Nanos, SystemClock};

use crate::metrics::recorder;
use crate::state::{State, breaker_state};
use crate::upstream::Upstream;

/// Over how many samples latencies are taken.
const WINDOW: usize = 20;

/// All figures of one moment.
#[derive(Debug, Serialize)]
pub(crate) struct Sample {
    /// Milliseconds since the process began to count.
    at: u64,
    /// Requests a second within their client's limit.
    allowed: f64,
    /// Requests a second refused with 429.
    denied: f64,
    /// Calls a second that upstreams failed.
    failed: f64,
    /// Clients that the limiter remembers.
    clients: usize,
    /// Requests since the start.
    total: u64,
    latency: Option<Latency>,
    upstreams: Vec<UpstreamSample>,
    /// How lively the demo's visitors are; absent outside the demo.
    #[serde(skip_serializing_if = "Option::is_none")]
    traffic: Option<&'static str>,
}

/// Milliseconds to the head of the response.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Latency {
    p50: f64,
    p99: f64,
}

/// One upstream.
#[derive(Debug, Serialize)]
pub(crate) struct UpstreamSample {
    id: String,
    address: String,
    healthy: bool,
    draining: bool,
    /// Whether the demo's server runs; absent outside the demo.
    #[serde(skip_serializing_if = "Option::is_none")]
    running: Option<bool>,
    in_flight: usize,
    /// Calls a second, answered or failed.
    rate: f64,
    /// Of these, failed ones.
    failed: f64,
    latency: Option<Latency>,
    breaker: &'static str,
    /// The share of failures in the breaker's window.
    failure_rate: f64,
}

/// What is remembered from sample to sample.
#[derive(Debug)]
pub(crate) struct Sampler {
    last: Nanos,
    allowed: u64,
    denied: u64,
    upstreams: Vec<Past>,
    merged: Histogram<u32>,
}

#[derive(Debug)]
struct Past {
    answers: u64,
    failures: u64,
    errors: u64,
    recent: VecDeque<Histogram<u32>>,
}

impl Sampler {
    pub(crate) fn new(state: &State) -> Self {
        let past = |_: &_| Past { answers: 0, failures: 0, errors: 0, recent: VecDeque::new() };
        Self {
            last: SystemClock.now(),
            allowed: 0,
            denied: 0,
            upstreams: state.upstreams.iter().map(past).collect(),
            merged: recorder(),
        }
    }

    /// Takes a sample.
    pub(crate) fn take(&mut self, state: &State) -> Sample {
        let now = SystemClock.now();
        let passed = now.saturating_duration_since(self.last).max(Duration::from_millis(1));
        self.last = now;
        let seconds = passed.as_secs_f64();
        let (allowed, denied) = (state.metrics.allowed.get(), state.metrics.denied.get());

        let mut overall = recorder();
        let mut upstreams = Vec::with_capacity(state.upstreams.len());
        for ((upstream, node), past) in state.statuses().into_iter().zip(&mut self.upstreams) {
            past.slide(upstream);
            self.merged.reset();
            for recent in &past.recent {
                // All recorders have the same bounds.
                let added = self.merged.add(recent).is_ok() && overall.add(recent).is_ok();
                debug_assert!(added, "recorders of equal bounds add up");
            }
            let running = state.demo.as_ref().and_then(|demo| demo.is_running(upstream.id()));
            let sample = UpstreamSample::new(upstream, &node, past, seconds, &self.merged);
            upstreams.push(UpstreamSample { running, ..sample });
        }
        let sample = Sample {
            at: now.as_nanos() / 1_000_000,
            allowed: tenths((allowed - self.allowed) as f64 / seconds),
            denied: tenths((denied - self.denied) as f64 / seconds),
            failed: tenths(upstreams.iter().map(|upstream| upstream.failed).sum()),
            clients: state.limiter.len(),
            total: allowed + denied,
            latency: Latency::of(&overall),
            upstreams,
            traffic: state.demo.as_ref().map(|demo| demo.traffic().name()),
        };
        (self.allowed, self.denied) = (allowed, denied);
        sample
    }
}

impl Past {
    /// Moves the window of latencies on by one sample.
    fn slide(&mut self, upstream: &Upstream) {
        let mut fresh = match self.recent.len() {
            WINDOW => self.recent.pop_front().unwrap_or_else(recorder),
            _ => recorder(),
        };
        upstream.figures().drain_into(&mut fresh);
        self.recent.push_back(fresh);
    }
}

impl UpstreamSample {
    fn new(
        upstream: &Upstream,
        node: &NodeStatus,
        past: &mut Past,
        seconds: f64,
        latencies: &Histogram<u32>,
    ) -> Self {
        let figures = upstream.figures();
        let (answers, failures, errors) =
            (figures.answers(), figures.unanswered(), figures.errors());
        let called = (answers - past.answers) + (failures - past.failures);
        let failed = (errors - past.errors) + (failures - past.failures);
        (past.answers, past.failures, past.errors) = (answers, failures, errors);
        Self {
            id: upstream.id().to_owned(),
            address: upstream.authority().to_string(),
            healthy: node.health == Health::Healthy,
            draining: node.draining,
            running: None,
            in_flight: node.in_flight,
            rate: tenths(called as f64 / seconds),
            failed: tenths(failed as f64 / seconds),
            latency: Latency::of(latencies),
            breaker: breaker_state(upstream).name(),
            failure_rate: upstream.breaker().stats().failure_rate(),
        }
    }
}

impl Latency {
    fn of(micros: &Histogram<u32>) -> Option<Self> {
        let quantile = |q| tenths(micros.value_at_quantile(q) as f64 / 1000.0);
        (!micros.is_empty()).then(|| Self { p50: quantile(0.5), p99: quantile(0.99) })
    }
}

fn tenths(figure: f64) -> f64 {
    (figure * 10.0).round() / 10.0
}
