use core::ops::RangeInclusive;
use core::time::Duration;

use voussoir_core::{ConfigError, duration};

use crate::Sleep;
use crate::dice::Dice;

/// Injects failures and delays, to see in a test, or on a game day, what the rest makes of them.
///
/// The faults are drawn from a seed, so that a run replays. It wraps the call, innermost: what it
/// injects looks to retry, breaker and timeout as if the callee had done it.
///
/// Shared by reference; not a cheap clone.
///
/// ```
/// use voussoir_breaker::Faults;
///
/// let faults = Faults::builder().fail(0.25).seed(7).build()?;
/// let failed = (0..10_000).filter(|_| {
///     let result = faults.call(std::thread::sleep, || "injected", || Ok(()));
///     result.is_err()
/// });
/// assert!((2_300..2_700).contains(&failed.count()));
/// # Ok::<(), voussoir_core::ConfigError>(())
/// ```
#[derive(Debug)]
pub struct Faults {
    fail: f64,
    delay: f64,
    delays: (Duration, Duration),
    dice: Dice,
}

/// What befalls one call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Fault {
    /// It is held up for so long first.
    pub delay: Duration,
    /// Then it fails without being made.
    pub fails: bool,
}

/// Options of [`Faults`]: nothing befalls a call unless said so.
#[derive(Clone, Copy, Debug)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct FaultsBuilder {
    fail: f64,
    delay: f64,
    delays: (Duration, Duration),
    seed: Option<u64>,
}

impl Faults {
    /// Starts with no fault at all.
    pub const fn builder() -> FaultsBuilder {
        FaultsBuilder {
            fail: 0.0,
            delay: 0.0,
            delays: (Duration::ZERO, Duration::ZERO),
            seed: None,
        }
    }

    /// What befalls the next call. Complexity: O(1), no allocation.
    pub fn draw(&self) -> Fault {
        let mut random = self.dice.random();
        let fails = random.fraction() < self.fail;
        if random.fraction() >= self.delay {
            return Fault { delay: Duration::ZERO, fails };
        }
        let (shortest, longest) = self.delays;
        let delay = shortest.saturating_add(random.up_to(longest.saturating_sub(shortest)));
        Fault { delay, fails }
    }

    /// Makes a call, or fails with `error` in its stead.
    ///
    /// # Errors
    ///
    /// What was injected, or what the call returned.
    pub fn call<T, E>(
        &self,
        mut sleep: impl FnMut(Duration),
        error: impl FnOnce() -> E,
        call: impl FnOnce() -> Result<T, E>,
    ) -> Result<T, E> {
        let fault = self.draw();
        if !fault.delay.is_zero() {
            sleep(fault.delay);
        }
        if fault.fails { Err(error()) } else { call() }
    }

    /// Awaits a call, or fails with `error` in its stead.
    ///
    /// # Errors
    ///
    /// What was injected, or what the call returned.
    pub async fn call_async<T, E, F>(
        &self,
        sleep: impl Sleep,
        error: impl FnOnce() -> E,
        call: impl FnOnce() -> F,
    ) -> Result<T, E>
    where
        F: Future<Output = Result<T, E>>,
    {
        let fault = self.draw();
        if !fault.delay.is_zero() {
            sleep.sleep(fault.delay).await;
        }
        if fault.fails { Err(error()) } else { call().await }
    }
}

impl FaultsBuilder {
    /// This share of the calls fails.
    pub const fn fail(self, share: f64) -> Self {
        Self { fail: share, ..self }
    }

    /// This share of the calls is held up, each for a time from this range.
    pub const fn delay(self, share: f64, delays: RangeInclusive<Duration>) -> Self {
        Self { delay: share, delays: (*delays.start(), *delays.end()), ..self }
    }

    /// The seed, so that a run replays.
    pub const fn seed(self, seed: u64) -> Self {
        Self { seed: Some(seed), ..self }
    }

    /// The faults.
    ///
    /// # Errors
    ///
    /// When a share is not in `0.0..=1.0`, or the range of delays is empty.
    pub fn build(self) -> Result<Faults, ConfigError> {
        let Self { fail, delay, delays, seed } = self;
        for (option, share) in [("fail", fail), ("delay", delay)] {
            if !(0.0..=1.0).contains(&share) {
                return Err(ConfigError::new(option, share, "0 to 1"));
            }
        }
        if delays.0 > delays.1 {
            let given = duration::text(delays.0);
            return Err(ConfigError::new("delay", given, "the shorter time first"));
        }
        Ok(Faults { fail, delay, delays, dice: Dice::seeded(seed) })
    }
}
