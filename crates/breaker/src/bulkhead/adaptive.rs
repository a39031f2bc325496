mod aimd;
mod gradient;
mod vegas;

use core::time::Duration;

use voussoir_core::ConfigError;

pub use self::aimd::Aimd;
pub use self::gradient::Gradient;
pub use self::vegas::Vegas;

/// How many calls at once a callee bears, learned from how long they take.
///
/// | algorithm | learns from | take it when |
/// |---|---|---|
/// | [`Aimd`] | timeouts and refusals | the callee says when it is overloaded |
/// | [`Vegas`] | the shortest time seen against the latest | times are steady and the path short |
/// | [`Gradient`] | the long-term average against the latest | times vary; the usual choice |
///
/// A pure state machine; [`Bulkhead`](crate::Bulkhead) feeds it with
/// [`adaptive`](crate::BulkheadBuilder::adaptive). The algorithms and their constants are those of
/// Netflix's concurrency-limits, which took them from the congestion control of TCP.
///
/// ```
/// use std::time::Duration;
/// use voussoir_breaker::{AdaptiveLimit, Aimd};
///
/// let mut limit = AdaptiveLimit::from(Aimd::new()).starting_at(20);
/// assert_eq!(limit.on_success(Duration::from_millis(10), 15), 21);
/// assert_eq!(limit.on_overload(Duration::from_millis(900), 21), 18);
/// ```
#[derive(Clone, Debug)]
pub struct AdaptiveLimit {
    algorithm: Algorithm,
    limit: f64,
}

#[derive(Clone, Debug)]
enum Algorithm {
    Aimd(Aimd),
    Vegas(Vegas),
    Gradient(Gradient),
}

/// One piece of work that has ended.
#[derive(Clone, Copy, Debug)]
struct Sample {
    took: Duration,
    /// The work running when it ended, itself included.
    in_flight: u32,
    overloaded: bool,
}

impl AdaptiveLimit {
    /// Starts at this limit.
    pub fn starting_at(self, limit: u32) -> Self {
        Self { limit: f64::from(limit), ..self }
    }

    /// The limit, rounded down. Complexity: O(1).
    #[expect(clippy::cast_sign_loss, reason = "a limit is not below its least, which is 1 or more")]
    pub fn limit(&self) -> u32 {
        self.limit as u32
    }

    /// Work ended well after `took`, with `in_flight` running, itself included. Returns the limit.
    pub fn on_success(&mut self, took: Duration, in_flight: u32) -> u32 {
        self.learn(Sample { took, in_flight, overloaded: false })
    }

    /// Work timed out or was refused by the callee after `took`. Returns the limit.
    pub fn on_overload(&mut self, took: Duration, in_flight: u32) -> u32 {
        self.learn(Sample { took, in_flight, overloaded: true })
    }

    fn learn(&mut self, sample: Sample) -> u32 {
        let (limit, range) = match &mut self.algorithm {
            Algorithm::Aimd(aimd) => (aimd.next(self.limit, sample), aimd.range),
            Algorithm::Vegas(vegas) => (vegas.next(self.limit, sample), vegas.range),
            Algorithm::Gradient(gradient) => (gradient.next(self.limit, sample), gradient.range),
        };
        self.limit = limit.clamp(f64::from(range.0), f64::from(range.1));
        self.limit()
    }

    pub(crate) fn check(&self, start: u32) -> Result<(), ConfigError> {
        let (least, most) = match &self.algorithm {
            Algorithm::Aimd(aimd) => aimd.range,
            Algorithm::Vegas(vegas) => vegas.range,
            Algorithm::Gradient(gradient) => gradient.range,
        };
        if least == 0 || least > most {
            let given = alloc::format!("{least} to {most}");
            return Err(ConfigError::new("adaptive", given, "limits from 1, the lesser first"));
        }
        if !(least..=most).contains(&start) {
            let allowed = alloc::format!("{least} to {most}, as the adaptive limit");
            return Err(ConfigError::new("limit", start, allowed));
        }
        Ok(())
    }
}

macro_rules! from {
    ($($name:ident)*) => {$(
        impl From<$name> for AdaptiveLimit {
            fn from(algorithm: $name) -> Self {
                let limit = f64::from(algorithm.range.0);
                Self { algorithm: Algorithm::$name(algorithm), limit }
            }
        }

        impl $name {
            #[cfg(feature = "serde")]
            pub(super) const fn range(&self) -> (u32, u32) {
                self.range
            }

            /// The limits that it stays between.
            pub fn between(mut self, least: u32, most: u32) -> Self {
                self.range = (least, most);
                self
            }
        }

        impl Default for $name {
            fn default() -> Self {
                Self::new()
            }
        }
    )*};
}

from! { Aimd Vegas Gradient }

/// The number of digits less one, and 1 at least: the unit in which Vegas moves.
fn log10(limit: f64) -> f64 {
    let mut log = 1.0;
    let mut power = 100.0;
    while limit >= power {
        log += 1.0;
        power *= 10.0;
    }
    log
}

#[cfg(test)]
mod tests {
    #[test]
    fn log10_is_that_of_the_whole_part() {
        for (limit, log) in [(1.0, 1.0), (10.0, 1.0), (99.9, 1.0), (100.0, 2.0), (10_000.0, 4.0)] {
            assert!((super::log10(limit) - log).abs() < 1e-9, "{limit}");
        }
    }
}
