//! Rounds: every contestant runs a short burst, then every contestant again in another order, and
//! so on.
//!
//! Whatever else the machine does falls on all of them alike, and the median of the rounds
//! forgets the rounds it fell on. Where in memory a contestant happens to lie can make it twice as
//! slow as its twin, so everything is also built several times anew.

use core::time::Duration;

use super::case::{Contestant, Expect};
use super::threads::{Burst, burst};
use crate::inputs::{ORDER, SplitMix};

/// More operations than any work worth measuring does in a round.
const MOST: usize = 1 << 30;

/// The fewest operations of a round: several threads share them in 64 pieces, one may be given a single
/// one that takes long.
fn least(threads: usize) -> usize {
    if threads == 1 { 1 } else { 64 }
}

/// How much is measured.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// How many times the contestants are built.
    pub builds: usize,
    /// How many rounds each time.
    pub rounds: usize,
    /// How long one contestant works in one round, about.
    pub length: Duration,
}

impl Plan {
    /// For figures that are told to others. A burst is shorter than the time slice of a busy
    /// machine's scheduler and there are many, so that most are not interrupted.
    pub const FULL: Self = Self { builds: 9, rounds: 5, length: Duration::from_millis(6) };

    /// For the gate: shows that everything runs, and roughly how fast.
    pub const QUICK: Self = Self { builds: 1, rounds: 5, length: Duration::from_millis(2) };
}

/// A contestant with a number of threads.
#[derive(Debug)]
pub struct Lane<'a> {
    contestant: &'a Contestant,
    threads: usize,
    expect: Expect,
    at_least: Duration,
    count: usize,
    showing: Showing,
}

/// What a contestant showed in its rounds.
#[derive(Clone, Debug)]
pub struct Showing {
    name: String,
    threads: usize,
    rates: Vec<f64>,
    breach: Option<String>,
}

impl Showing {
    /// Who it was.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The median throughput, in operations a microsecond (Mop/s), of all threads together.
    pub fn rate(&self) -> f64 {
        median(&self.rates)
    }

    /// Nanoseconds that one thread sees an operation take.
    pub fn nanos(&self) -> f64 {
        self.threads as f64 * 1000.0 / self.rate()
    }

    /// What was wrong with the answers, if anything was.
    pub fn breach(&self) -> Option<&str> {
        self.breach.as_deref()
    }

    /// Adds the rounds of another build of the same contestant.
    pub fn extend(&mut self, other: Self) {
        self.rates.extend(other.rates);
        self.breach = self.breach.take().or(other.breach);
    }
}

impl<'a> Lane<'a> {
    /// Nothing measured yet.
    pub fn new(contestant: &'a Contestant, threads: usize, expect: Expect) -> Self {
        let name = contestant.name().to_owned();
        let showing = Showing { name, threads, rates: Vec::new(), breach: None };
        let count = least(threads);
        Self { contestant, threads, expect, at_least: Duration::ZERO, count, showing }
    }

    /// Works at least so long in a round.
    pub fn at_least(self, at_least: Duration) -> Self {
        Self { at_least, ..self }
    }

    /// What its rounds showed.
    pub fn into_showing(self) -> Showing {
        self.showing
    }

    /// Finds how many operations fill a round. The fastest of three probes is believed: one that
    /// was interrupted would leave the lane with bursts too short to warm its caches.
    #[expect(clippy::cast_sign_loss, reason = "rates and lengths are positive")]
    fn calibrate(&mut self, length: Duration) {
        loop {
            let rate = (0..3).map(|_| self.burst(self.count).rate).fold(0.0, f64::max);
            let fits = rate * length.as_secs_f64() * 1e6 / self.threads as f64;
            if self.count as f64 >= fits / 2.0 || self.count >= MOST {
                self.count = (fits as usize).clamp(least(self.threads), MOST);
                return;
            }
            self.count *= 2;
        }
    }

    fn round(&mut self) {
        // The caches are full of the work of whoever ran before: going round once is not timed.
        self.burst(self.count.min(ORDER));
        let rate = self.burst(self.count).rate;
        self.showing.rates.push(rate);
    }

    fn burst(&mut self, count: usize) -> Burst {
        let burst = burst(self.contestant, self.threads, count);
        if !self.expect.holds(burst.yes, burst.count) {
            self.showing.breach.get_or_insert_with(|| {
                format!(
                    "{} answered yes to {} of {} where {:?} was expected",
                    self.contestant.name(),
                    burst.yes,
                    burst.count,
                    self.expect
                )
            });
        }
        burst
    }
}

/// Calibrates all lanes, then runs the rounds.
pub fn measure(lanes: &mut [Lane<'_>], plan: Plan) {
    for lane in &mut *lanes {
        lane.calibrate(plan.length.max(lane.at_least));
    }
    let mut random = SplitMix::new(plan.rounds as u64);
    let mut order: Vec<usize> = (0..lanes.len()).collect();
    for _ in 0..plan.rounds {
        // Whoever runs next to a contestant with the same keys finds them in the caches. In a new
        // order each time that is everybody's luck alike.
        random.shuffle(&mut order);
        for &lane in &order {
            lanes[lane].round();
        }
    }
}

/// The middle one, or the mean of the two in the middle.
fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    match sorted.len() {
        0 => f64::NAN,
        odd if odd % 2 == 1 => sorted[odd / 2],
        even => f64::midpoint(sorted[even / 2 - 1], sorted[even / 2]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::sync::Arc;
    use std::sync::Mutex;

    #[test]
    fn median_is_the_middle_of_the_sorted_values() {
        assert!((median(&[9.0, 1.0, 2.0]) - 2.0).abs() < 1e-12);
        assert!((median(&[4.0, 1.0, 3.0, 2.0]) - 2.5).abs() < 1e-12);
        assert!(median(&[]).is_nan());
    }

    #[test]
    fn every_lane_runs_once_in_every_round() {
        let log = Arc::new(Mutex::new(String::new()));
        let contestants: Vec<Contestant> = ["a", "b"]
            .map(|name| {
                let log = Arc::clone(&log);
                Contestant::looping(name, move |span| {
                    let mut log = log.lock().unwrap();
                    if !log.ends_with(name) {
                        log.push_str(name);
                    }
                    span.count as u64
                })
            })
            .into();
        let mut lanes: Vec<_> =
            contestants.iter().map(|contestant| Lane::new(contestant, 1, Expect::All)).collect();
        measure(&mut lanes, Plan { builds: 1, rounds: 3, length: Duration::from_micros(1) });
        let log = log.lock().unwrap();
        // Calibration goes from the first to the last; then each round has both. Where two turns of
        // one meet, between two rounds, the log shows them as one.
        assert!(log.starts_with("ab"), "{log}");
        assert!((4..=8).contains(&log.len()), "{log}");
        assert!(lanes.iter().all(|lane| lane.showing.rates.len() == 3));
    }

    #[test]
    fn a_wrong_answer_is_told() {
        let liar = Contestant::each("liar", |index| index != 7);
        let mut lanes = [Lane::new(&liar, 1, Expect::All)];
        measure(&mut lanes, Plan::QUICK);
        let breach = lanes[0].showing.breach().expect("one answer was no");
        assert!(breach.starts_with("liar answered yes to "), "{breach}");
    }
}
