mod outcomes;
#[cfg(feature = "std")]
mod ring;
mod span;
mod tally;

use core::time::Duration;

use voussoir_core::{ConfigError, duration};

pub(crate) use self::outcomes::Outcomes;
#[cfg(feature = "std")]
pub(crate) use self::ring::Ring;
pub(crate) use self::span::Span;
pub use self::tally::Tally;

/// Which calls the rates are taken over.
///
/// | window | memory | a call costs | exact |
/// |---|---|---|---|
/// | [`count`](Self::count) up to 63 calls, or 31 with slow calls | none | nothing while healthy | yes |
/// | [`count`](Self::count) up to 65,535 (feature `std`) | 1 bit a call, 2 with slow calls | nothing while healthy, else a short lock | yes |
/// | [`time`](Self::time) | 384 bytes a processor | a clock reading and a write to a line of its own | to a sixteenth of its length |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window(pub(crate) Kind);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Count(u32),
    Time(Duration),
}

/// More would not fit the position of a ring, and says nothing that fewer do not say.
const MAX_CALLS: u32 = 65_535;
/// The numbers of its sixteenths then take 310 days to wrap.
const MIN_TIME: Duration = Duration::from_millis(100);

impl Window {
    /// The last `calls` calls, 1 to 65,535; without the feature `std` to 63, or 31 with slow calls.
    pub const fn count(calls: u32) -> Self {
        Self(Kind::Count(calls))
    }

    /// The calls that ended within the last `time`, 100 ms or more. Calls leave it in sixteenths, so
    /// that it covers between 15/16 of `time` and all of it.
    pub const fn time(time: Duration) -> Self {
        Self(Kind::Time(time))
    }

    /// The most calls it can hold.
    pub(crate) const fn most_calls(self) -> u32 {
        match self.0 {
            Kind::Count(calls) => calls,
            Kind::Time(_) => u32::MAX,
        }
    }

    pub(crate) fn validate(self, with_slow: bool) -> Result<(), ConfigError> {
        let register = Outcomes::max_calls(with_slow);
        let most = if cfg!(feature = "std") { MAX_CALLS } else { register };
        match self.0 {
            Kind::Count(calls) if (1..=most).contains(&calls) => Ok(()),
            Kind::Count(calls) => {
                Err(ConfigError::new("window", calls, alloc::format!("1 to {most} calls")))
            }
            Kind::Time(time) if time >= MIN_TIME => Ok(()),
            Kind::Time(time) => {
                Err(ConfigError::new("window", duration::text(time), "100ms or more"))
            }
        }
    }
}
