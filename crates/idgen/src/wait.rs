use core::time::Duration;
#[cfg(feature = "std")]
use std::thread;
#[cfg(feature = "std")]
use std::time::Instant;

use crate::NextError;
use crate::rules::Rules;

/// Waits for the generator's clock, but no longer than allowed by a clock that is not the
/// generator's: that one may stand still.
#[derive(Debug)]
pub(crate) struct Patience {
    #[cfg(feature = "std")]
    began: Instant,
    /// Without a clock to trust, the nanoseconds are counted as rounds, each of which takes one or
    /// more.
    #[cfg(not(feature = "std"))]
    rounds: u128,
    longest: Duration,
}

/// What a yield may take on a busy processor, and a spin never should: measured, 50 µs cost a waiting
/// thread at most 5 % of a step of 1 ms.
#[cfg(feature = "std")]
const SPIN: Duration = Duration::from_micros(50);

impl Patience {
    pub(crate) fn new(longest: Duration) -> Self {
        Self {
            #[cfg(feature = "std")]
            began: Instant::now(),
            #[cfg(not(feature = "std"))]
            rounds: 0,
            longest,
        }
    }

    /// Repeats what was refused until it succeeds, or the policy says that it has been enough.
    pub(crate) fn exercise<T>(
        rules: &Rules,
        mut refused: NextError,
        mut again: impl FnMut() -> Result<T, NextError>,
    ) -> Result<T, NextError> {
        let mut patience = None;
        loop {
            let Some(longest) = rules.longest_wait(&refused) else { return Err(refused) };
            let patience = patience.get_or_insert_with(|| Self::new(longest));
            if patience.is_over() {
                return Err(refused);
            }
            patience.pause(refused.retry_after().unwrap_or_default());
            refused = match again() {
                Ok(done) => return Ok(done),
                Err(refused) => refused,
            };
        }
    }

    #[cfg(feature = "std")]
    pub(crate) fn is_over(&self) -> bool {
        self.began.elapsed() > self.longest
    }

    #[cfg(feature = "std")]
    #[expect(clippy::unused_self, reason = "the twin without std counts")]
    fn pause(&mut self, wait: Duration) {
        if wait > SPIN {
            thread::yield_now();
        } else {
            core::hint::spin_loop();
        }
    }

    #[cfg(not(feature = "std"))]
    pub(crate) fn is_over(&self) -> bool {
        self.rounds > self.longest.as_nanos()
    }

    #[cfg(not(feature = "std"))]
    fn pause(&mut self, _: Duration) {
        self.rounds += 1;
        core::hint::spin_loop();
    }
}
