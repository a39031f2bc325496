//! How well two counts stand for a log of all requests, on requests at random moments.

use std::collections::VecDeque;
use std::time::Duration;

use voussoir_core::{Nanos, Random};
use voussoir_ratelimit::{Algorithm, SlidingWindowCounter, WideCount};

const LIMIT: u32 = 100;
const PERIOD: Duration = Duration::from_mins(1);

/// The mean error of the estimate as a share of the true count, and how often it says "above the limit"
/// where the count does not, or the reverse; of 100,000 requests, `load` times as many as the limit.
fn judged(load: f64, seed: u64) -> (f64, usize) {
    // Counts everything and refuses nothing.
    const NEVER: u32 = 1_000_000;
    let counter = SlidingWindowCounter::new(NEVER, PERIOD).wide();
    let mut random = Random::seeded(seed);
    let (mut state, mut log) = (WideCount::default(), VecDeque::new());
    let (mut error, mut wrong, mut time) = (0.0, 0, 0.0);
    let mean = PERIOD.as_secs_f64() / (f64::from(LIMIT) * load);
    let requests = 100_000;
    for _ in 0..requests {
        time -= mean * (1.0 - random.fraction()).ln();
        let now = Nanos::from_duration(Duration::from_secs_f64(time));
        let estimate = NEVER - counter.check(&mut state, now, 1).remaining();
        log.push_back(now);
        while log.front().is_some_and(|then| now.saturating_duration_since(*then) >= PERIOD) {
            log.pop_front();
        }
        let truth = u32::try_from(log.len()).expect("few");
        error += f64::from(estimate.abs_diff(truth)) / f64::from(truth);
        wrong += usize::from((estimate > LIMIT) != (truth > LIMIT));
    }
    (error / f64::from(requests), wrong)
}

#[test]
fn the_estimate_is_within_five_percent_of_the_count() {
    for load in [0.8, 1.0, 1.5, 3.0] {
        let (error, _) = judged(load, 7);
        assert!(error < 0.05, "load {load}: {error}");
        assert!(error > 0.005, "load {load}: {error}, it is an estimate");
    }
}

#[test]
fn far_from_the_limit_nobody_is_judged_wrongly_and_near_it_some_are() {
    for (load, is_near) in [(0.5, false), (1.0, true), (3.0, false)] {
        let (_, wrong) = judged(load, 7);
        assert_eq!(wrong > 0, is_near, "load {load}: {wrong}");
    }
}
