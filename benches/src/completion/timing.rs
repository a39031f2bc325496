//! The time of single queries: the mean, and what one in a hundred takes.

use core::time::Duration;
use std::time::Instant;

/// How long queries take, in nanoseconds.
#[derive(Clone, Copy, Debug, Default)]
pub struct Latency {
    /// The mean of all queries.
    pub mean: f64,
    /// Half of them take less.
    pub p50: f64,
    /// Of a hundred, one takes longer.
    pub p99: f64,
}

/// How often each query is timed, after one round that is not.
const ROUNDS: usize = 7;

/// How long one contestant may take for one figure.
const PATIENCE: Duration = Duration::from_secs(2);

/// Times `query` with each of `queries`, one after the other and round after round; of each, the
/// median of its rounds counts: the caches are as warm as the others leave them, and what the machine
/// does besides falls out.
pub fn latency<T>(queries: &[String], query: impl Fn(&str) -> T) -> Latency {
    let begun = Instant::now();
    let mut times: Vec<Vec<f64>> = vec![Vec::new(); queries.len()];
    'rounds: for round in 0..=ROUNDS {
        for (text, times) in queries.iter().zip(&mut times) {
            if begun.elapsed() > PATIENCE {
                break 'rounds;
            }
            let start = Instant::now();
            core::hint::black_box(query(core::hint::black_box(text)));
            let taken = start.elapsed().as_nanos() as f64;
            if round > 0 || taken > 1e6 {
                times.push(taken);
            }
        }
    }
    let mut medians: Vec<f64> = times
        .into_iter()
        .filter(|times| !times.is_empty())
        .map(|mut times| {
            times.sort_by(f64::total_cmp);
            times[times.len() / 2]
        })
        .collect();
    of(&mut medians)
}

/// The figures of single times.
pub fn of(times: &mut [f64]) -> Latency {
    if times.is_empty() {
        return Latency { mean: f64::NAN, p50: f64::NAN, p99: f64::NAN };
    }
    times.sort_by(f64::total_cmp);
    let at = |share: f64| times[((times.len() - 1) as f64 * share).round() as usize];
    Latency { mean: times.iter().sum::<f64>() / times.len() as f64, p50: at(0.5), p99: at(0.99) }
}
