use alloc::boxed::Box;
#[cfg(target_has_atomic = "ptr")]
use alloc::sync::Arc;
use core::time::Duration;

use thiserror::Error;

use crate::{Nanos, duration};

/// Something that lets work pass or refuses it at once: a limiter, a breaker, a bulkhead, a
/// throttle. What composes them needs to know no more.
///
/// A gate that is passed gives a [`Guard`], which is told how the work ended. Where the end does not
/// matter, as to a limiter, the guard is `()`.
///
/// ```
/// use std::time::Duration;
/// use voussoir_core::{Gate, Guard, Nanos, Outcome, Rejected};
///
/// /// Refuses everything before noon.
/// struct Afternoon;
///
/// impl Gate for Afternoon {
///     type Guard<'a> = ();
///
///     fn try_pass_at(&self, now: Nanos) -> Result<(), Rejected> {
///         let noon = Nanos::from_secs(12 * 3600);
///         if now >= noon {
///             return Ok(());
///         }
///         Err(Rejected::retry_after(noon.saturating_duration_since(now)))
///     }
/// }
///
/// fn through<G: Gate>(gate: &G, now: Nanos, work: impl FnOnce() -> bool) -> Result<bool, Rejected> {
///     let guard = gate.try_pass_at(now)?;
///     let done = work();
///     guard.finish_at(if done { Outcome::Success } else { Outcome::Failure }, now);
///     Ok(done)
/// }
///
/// let refused = through(&Afternoon, Nanos::from_secs(11 * 3600), || true).unwrap_err();
/// assert_eq!(refused.wait(), Some(Duration::from_hours(1)));
/// assert_eq!(through(&Afternoon, Nanos::from_secs(13 * 3600), || true), Ok(true));
/// ```
pub trait Gate {
    /// What holds the place of work that passed.
    type Guard<'a>: Guard
    where
        Self: 'a;

    /// Asks whether one piece of work may pass at `now`. Never waits.
    ///
    /// # Errors
    ///
    /// [`Rejected`], when it may not.
    fn try_pass_at(&self, now: Nanos) -> Result<Self::Guard<'_>, Rejected>;
}

/// The place of work that passed a [`Gate`]. Dropped without an outcome, the work was cancelled.
pub trait Guard {
    /// The work ended at `now`.
    fn finish_at(self, outcome: Outcome, now: Nanos);
}

impl Guard for () {
    #[inline]
    fn finish_at(self, _: Outcome, _: Nanos) {}
}

/// How work ended, as far as it says something about what was called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// It worked.
    Success,
    /// It failed.
    Failure,
    /// It says nothing about the callee: a bad request, a cancelled call.
    Ignore,
}

impl Outcome {
    /// `Ok` is a success, `Err` a failure.
    #[inline]
    pub const fn of<T, E>(result: &Result<T, E>) -> Self {
        if result.is_ok() { Self::Success } else { Self::Failure }
    }
}

/// A [`Gate`] refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("rejected{}", Wait(*wait))]
pub struct Rejected {
    wait: Option<Duration>,
}

impl Rejected {
    /// Refused for so long.
    #[inline]
    pub const fn retry_after(wait: Duration) -> Self {
        Self { wait: Some(wait) }
    }

    /// Refused, and nobody knows for how long.
    #[inline]
    pub const fn indefinitely() -> Self {
        Self { wait: None }
    }

    /// After how long it is worth asking again, where the gate knows.
    #[inline]
    pub const fn wait(&self) -> Option<Duration> {
        self.wait
    }
}

struct Wait(Option<Duration>);

impl core::fmt::Display for Wait {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        self.0.map_or(Ok(()), |wait| write!(f, ": retry after {}", duration::text(wait)))
    }
}

impl<G: Gate + ?Sized> Gate for &G {
    type Guard<'a>
        = G::Guard<'a>
    where
        Self: 'a;

    #[inline]
    fn try_pass_at(&self, now: Nanos) -> Result<Self::Guard<'_>, Rejected> {
        (**self).try_pass_at(now)
    }
}

impl<G: Gate + ?Sized> Gate for Box<G> {
    type Guard<'a>
        = G::Guard<'a>
    where
        Self: 'a;

    #[inline]
    fn try_pass_at(&self, now: Nanos) -> Result<Self::Guard<'_>, Rejected> {
        (**self).try_pass_at(now)
    }
}

#[cfg(target_has_atomic = "ptr")]
impl<G: Gate + ?Sized> Gate for Arc<G> {
    type Guard<'a>
        = G::Guard<'a>
    where
        Self: 'a;

    #[inline]
    fn try_pass_at(&self, now: Nanos) -> Result<Self::Guard<'_>, Rejected> {
        (**self).try_pass_at(now)
    }
}
