use std::sync::OnceLock;

use super::{Clock, SystemClock};
use crate::Nanos;

/// The processor's time-stamp counter, scaled to nanoseconds by the `quanta` crate.
///
/// A reading costs about 10 ns where [`SystemClock`] costs about 25. Both share one origin, and
/// drift apart by what the calibration at first use was wrong, some 0.1 ms a second at worst
/// ([quanta#99](https://github.com/metrics-rs/quanta/issues/99)).
///
/// # Warning
///
/// Where the counters of the processor's cores are not synchronized, as on some virtual machines,
/// readings from different threads go backwards against each other
/// ([quanta#111](https://github.com/metrics-rs/quanta/issues/111)), and a limiter on such a clock
/// refuses what it should allow ([governor#299](https://github.com/boinkor-net/governor/issues/299)).
/// Nothing in voussoir panics or over-admits then, but prefer [`SystemClock`] unless you know your
/// machines and have measured that the 15 ns matter.
///
/// ```
/// use voussoir_core::{Clock, QuantaClock};
///
/// let clock = QuantaClock::new();
/// let earlier = clock.now();
/// assert!(clock.now() >= earlier);
/// ```
#[derive(Clone, Debug)]
pub struct QuantaClock {
    counter: quanta::Clock,
    /// What the counter showed at `anchor`.
    start: u64,
    anchor: u64,
}

impl QuantaClock {
    /// The clock of the process. The first call calibrates the counter, which takes some 200 ms
    /// at worst; later ones copy it.
    pub fn new() -> Self {
        static CLOCK: OnceLock<QuantaClock> = OnceLock::new();
        CLOCK
            .get_or_init(|| {
                let counter = quanta::Clock::new();
                let start = counter.raw();
                Self { counter, start, anchor: SystemClock.now().as_nanos() }
            })
            .clone()
    }
}

impl Default for QuantaClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for QuantaClock {
    #[inline]
    fn now(&self) -> Nanos {
        let elapsed = self.counter.delta_as_nanos(self.start, self.counter.raw());
        Nanos::from_nanos(self.anchor.saturating_add(elapsed))
    }
}
