use core::time::Duration;

use super::Sample;

/// Compares the time of the latest call with the long-term average: half as much again is borne, and
/// beyond that the limit falls in proportion.
///
/// `Gradient2Limit` of Netflix's concurrency-limits.
#[derive(Clone, Copy, Debug)]
pub struct Gradient {
    pub(super) range: (u32, u32),
    tolerance: f64,
    /// The long-term average in seconds, and of how many samples it is, up to the warm-up.
    average: f64,
    samples: u32,
}

/// Samples over which the average forgets.
const LONG: f64 = 600.0;
/// So many samples make a plain mean first.
const WARM_UP: u32 = 10;
/// How much of each step is taken.
const SMOOTHING: f64 = 0.2;
/// The queue that is always allowed, so that a limit can grow.
const QUEUE: f64 = 4.0;

impl Gradient {
    /// Between 20 and 200, with a tolerance of 1.5.
    pub const fn new() -> Self {
        Self { range: (20, 200), tolerance: 1.5, average: 0.0, samples: 0 }
    }

    /// How many times the average a call may take before the limit falls; 1 or more.
    pub fn tolerance(self, tolerance: f64) -> Self {
        let tolerance = if tolerance.is_nan() { 1.5 } else { tolerance };
        Self { tolerance: tolerance.max(1.0), ..self }
    }

    pub(super) fn next(&mut self, limit: f64, sample: Sample) -> f64 {
        let took = sample.took.max(Duration::from_nanos(1)).as_secs_f64();
        self.add(took);
        // The callee has recovered from a slow time: forget that time sooner.
        if self.average / took > 2.0 {
            self.average *= 0.95;
        }
        if !sample.overloaded && f64::from(sample.in_flight) * 2.0 < limit {
            return limit;
        }
        let gradient = if sample.overloaded {
            0.5
        } else {
            (self.tolerance * self.average / took).clamp(0.5, 1.0)
        };
        limit * (1.0 - SMOOTHING) + SMOOTHING * (limit * gradient + QUEUE)
    }

    fn add(&mut self, took: f64) {
        if self.samples < WARM_UP {
            self.samples += 1;
            self.average += (took - self.average) / f64::from(self.samples);
        } else {
            self.average += (took - self.average) * 2.0 / (LONG + 1.0);
        }
    }
}
