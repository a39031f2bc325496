use core::time::Duration;

use voussoir_core::Random;

use super::{Sample, log10};

/// Estimates how much work queues at the callee from the shortest time seen, and keeps that queue
/// short.
///
/// Brakmo, O'Malley and Peterson, "TCP Vegas: New techniques for congestion detection and
/// avoidance", 1994.
#[derive(Clone, Debug)]
pub struct Vegas {
    pub(super) range: (u32, u32),
    smoothing: f64,
    decrease: Option<f64>,
    /// What a call takes without a queue, as far as known.
    shortest: Option<Duration>,
    /// Samples until the shortest time is measured anew: the callee may have become slower.
    until_probe: Option<u64>,
    dice: Random,
}

impl Vegas {
    /// Between 1 and 1000, without smoothing.
    pub const fn new() -> Self {
        Self {
            range: (1, 1_000),
            smoothing: 1.0,
            decrease: None,
            shortest: None,
            until_probe: None,
            dice: Random::seeded(0),
        }
    }

    /// How much of each step is taken, 0 to 1.
    pub fn smoothing(self, smoothing: f64) -> Self {
        let smoothing = if smoothing.is_nan() { 1.0 } else { smoothing };
        Self { smoothing: smoothing.clamp(0.0, 1.0), ..self }
    }

    /// Multiplies the limit with this factor when the queue is too long, instead of taking a little
    /// from it.
    pub fn decrease(self, factor: f64) -> Self {
        let factor = if factor.is_nan() { 0.5 } else { factor };
        Self { decrease: Some(factor.clamp(0.0, 1.0)), ..self }
    }

    /// The seed of the dice by which the shortest time is measured anew now and then.
    pub fn seed(self, seed: u64) -> Self {
        Self { dice: Random::seeded(seed), ..self }
    }

    pub(super) fn next(&mut self, limit: f64, sample: Sample) -> f64 {
        let took = sample.took.max(Duration::from_nanos(1));
        if self.probes(limit) {
            self.shortest = Some(took);
            return limit;
        }
        let shortest = match self.shortest {
            Some(shortest) if shortest <= took => shortest,
            _ => {
                self.shortest = Some(took);
                return limit;
            }
        };
        let unit = log10(limit);
        let queue = whole_up(limit * (1.0 - shortest.as_secs_f64() / took.as_secs_f64()));
        let less = self.decrease.map_or(limit - unit, |factor| limit * factor);
        let next = if sample.overloaded {
            less
        } else if f64::from(sample.in_flight) * 2.0 < limit {
            return limit;
        } else if queue <= unit {
            limit + 6.0 * unit
        } else if queue < 3.0 * unit {
            limit + unit
        } else if queue > 6.0 * unit {
            less
        } else {
            return limit;
        };
        (1.0 - self.smoothing) * limit + self.smoothing * next
    }

    /// Every 15 to 30 samples for each permit, at random, so that not all clients do it together.
    fn probes(&mut self, limit: f64) -> bool {
        let dice = &mut self.dice;
        #[expect(clippy::cast_sign_loss, reason = "neither factor is negative")]
        let mut roll = || (30.0 * limit * (0.5 + 0.5 * dice.fraction())) as u64;
        let left = self.until_probe.get_or_insert_with(&mut roll);
        if *left > 0 {
            *left -= 1;
            return false;
        }
        self.until_probe = Some(roll());
        true
    }
}

/// Rounded up, as `ceil`, which needs std.
fn whole_up(x: f64) -> f64 {
    let whole = x as i64 as f64;
    if whole < x { whole + 1.0 } else { whole }
}
