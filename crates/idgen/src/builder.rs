use core::time::Duration;

use voussoir_core::{ConfigError, Nanos, WallClock};

use crate::lease::Tenure;
use crate::rules::Rules;
use crate::{Layout, Lease, LocalSnowflake, Policy, Snowflake};

/// Options of a [`Snowflake`], a [`LocalSnowflake`] or a `StripedSnowflake`. The crate's page lists
/// defaults and ranges.
#[derive(Clone, Copy, Debug)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct SnowflakeBuilder<C = WallClock> {
    layout: Layout,
    worker: Option<u64>,
    when_exhausted: Policy,
    when_clock_behind: Policy,
    resume_at: Nanos,
    lease: Option<Lease>,
    clock: C,
}

/// Ten steps of the coarsest preset: only a clock that stands still takes longer. Steps of ntpd's
/// are above 128 ms (its `step` threshold) and so are refused instead of waited for.
const DEFAULT_WAIT: Policy = Policy::Wait { at_most: Duration::from_millis(100) };

impl SnowflakeBuilder {
    pub(crate) const fn new(layout: Layout) -> Self {
        Self {
            layout,
            worker: None,
            when_exhausted: DEFAULT_WAIT,
            when_clock_behind: DEFAULT_WAIT,
            resume_at: Nanos::ZERO,
            lease: None,
            clock: WallClock,
        }
    }
}

/// What the options come to.
pub(crate) struct Start<C> {
    pub(crate) rules: Rules,
    pub(crate) free: u64,
    pub(crate) end: u64,
    pub(crate) tenure: Option<Tenure>,
    pub(crate) clock: C,
}

impl<C> SnowflakeBuilder<C> {
    /// Who makes the ids. No two generators of one layout may have the same at the same time: it
    /// comes from a configuration, from the name of a host
    /// ([`worker_of_host`](crate::worker_of_host)) or from a [`lease`](Self::lease).
    pub fn worker(self, worker: u64) -> Self {
        Self { worker: Some(worker), ..self }
    }

    /// Makes ids as the worker of this lease, and only such as carry a time that the lease covers,
    /// even with a clock that is set back or ids that are borrowed. So no other holder of the same
    /// worker, before or after, can make the same id.
    pub fn lease(self, lease: &Lease) -> Self {
        Self { lease: Some(*lease), ..self }
    }

    /// What to do when the sequence of this step of time is used up.
    pub fn when_exhausted(self, policy: Policy) -> Self {
        Self { when_exhausted: policy, ..self }
    }

    /// What to do when the clock shows an earlier time than ids already carry.
    pub fn when_clock_behind(self, policy: Policy) -> Self {
        Self { when_clock_behind: policy, ..self }
    }

    /// Makes no id of a time before `mark`, which an earlier generator's
    /// [`high_water_in`](Snowflake::high_water_in) or [`high_water`](Snowflake::high_water) told.
    pub fn resume_at(self, mark: Nanos) -> Self {
        Self { resume_at: mark, ..self }
    }

    /// The clock that calls without a given time read: nanoseconds since 1970.
    pub fn clock<D>(self, clock: D) -> SnowflakeBuilder<D> {
        let Self { layout, worker, when_exhausted, when_clock_behind, resume_at, lease, .. } = self;
        SnowflakeBuilder {
            layout,
            worker,
            when_exhausted,
            when_clock_behind,
            resume_at,
            lease,
            clock,
        }
    }

    /// The generator to share between threads.
    ///
    /// # Errors
    ///
    /// A worker that is missing, out of the layout's range, or not that of the lease.
    pub fn build(self) -> Result<Snowflake<C>, ConfigError> {
        let layout = self.layout;
        let worker = self.valid_worker()?;
        let Start { rules, free, end, tenure, clock } = self.start(layout, worker);
        Ok(Snowflake::new(rules, free, end, tenure, clock))
    }

    /// The generator for one thread.
    ///
    /// # Errors
    ///
    /// As [`build`](Self::build).
    pub fn build_local(self) -> Result<LocalSnowflake<C>, ConfigError> {
        let layout = self.layout;
        let worker = self.valid_worker()?;
        let Start { rules, free, end, tenure, clock } = self.start(layout, worker);
        Ok(LocalSnowflake::new(rules, free, end, tenure, clock))
    }

    /// A generator in `stripes` parts, so that threads of different processors do not meet: each
    /// part has its own word and `1/stripes` of the sequence.
    ///
    /// # Errors
    ///
    /// As [`build`](Self::build), or when `stripes` is no power of two or more than the sequence
    /// has numbers.
    #[cfg(feature = "std")]
    pub fn build_striped(self, stripes: usize) -> Result<crate::StripedSnowflake<C>, ConfigError>
    where
        C: Clone,
    {
        let whole = self.layout;
        let worker = self.valid_worker()?;
        if !stripes.is_power_of_two() || stripes as u64 > whole.sequences() {
            let allowed = alloc::format!("a power of two, at most {}", whole.sequences());
            return Err(ConfigError::new("stripes", stripes, allowed));
        }
        let bits = stripes.trailing_zeros();
        let stripe = |stripe| {
            let worker = whole.striped_worker(worker, stripe as u64, bits);
            let start = self.clone().start(whole.striped(bits), worker);
            let Start { rules, free, end, tenure, clock } = start;
            Snowflake::new(rules, free, end, tenure, clock)
        };
        Ok(crate::StripedSnowflake::new(whole, (0..stripes).map(stripe)))
    }

    fn valid_worker(&self) -> Result<u64, ConfigError> {
        let most = self.layout.max_worker();
        let leased = self.lease.map(|lease| lease.worker());
        let refuse = |given: &dyn core::fmt::Display, allowed| {
            Err(ConfigError::new("worker", given, allowed))
        };
        match (self.worker, leased) {
            (Some(worker), Some(leased)) if worker != leased => {
                refuse(&worker, alloc::format!("{leased}, the lease's"))
            }
            (None, None) if most > 0 => refuse(&"not given", alloc::format!("0 to {most}")),
            (given, leased) => match given.or(leased).unwrap_or(0) {
                worker if worker > most => refuse(&worker, alloc::format!("0 to {most}")),
                worker => Ok(worker),
            },
        }
    }

    fn start(self, layout: Layout, worker: u64) -> Start<C> {
        let rules = Rules::new(layout, worker, self.when_exhausted, self.when_clock_behind);
        let from = self.lease.map_or(Nanos::ZERO, |lease| lease.from());
        Start {
            free: rules.word_from(self.resume_at.max(from)),
            end: self.lease.map_or(rules.end(), |lease| rules.word_until(lease.until())),
            tenure: self.lease.as_ref().map(Tenure::of),
            rules,
            clock: self.clock,
        }
    }
}
