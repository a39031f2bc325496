use core::time::Duration;

use voussoir_core::{Nanos, Random};

use super::{Verdict, XFetch};

/// The rules by which a value is fresh, renewed while it is served, served stale, or gone.
///
/// All are off until set: then a value is fresh for its time to live and gone after it.
///
/// ```
/// use std::time::Duration;
/// use voussoir_cache::refresh::{Freshness, Verdict};
/// use voussoir_core::{Nanos, Random};
///
/// let secs = Duration::from_secs;
/// let rules = Freshness::new().refresh_ahead(secs(10)).stale(secs(30)).stale_if_error(secs(300));
///
/// let random = &mut Random::seeded(1);
/// let mut after = |age| {
///     rules.judge_at(Nanos::from_secs(age), Nanos::ZERO, Some(secs(60)), Duration::ZERO, random)
/// };
/// assert_eq!(after(49), Verdict::Fresh);
/// assert_eq!(after(50), Verdict::RefreshEarly);
/// assert_eq!(after(60), Verdict::Stale);
/// assert_eq!(after(90), Verdict::StaleIfError);
/// assert_eq!(after(360), Verdict::Expired);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Freshness {
    early: Option<XFetch>,
    ahead: Duration,
    stale: Duration,
    stale_if_error: Duration,
}

impl Freshness {
    /// No early renewal, nothing stale.
    pub const fn new() -> Self {
        Self {
            early: None,
            ahead: Duration::ZERO,
            stale: Duration::ZERO,
            stale_if_error: Duration::ZERO,
        }
    }

    /// Renews by chance, the more so the nearer the end and the longer the load takes.
    pub const fn early(mut self, xfetch: XFetch) -> Self {
        self.early = Some(xfetch);
        self
    }

    /// Renews with the first read in the last `ahead` of the time to live.
    pub const fn refresh_ahead(mut self, ahead: Duration) -> Self {
        self.ahead = ahead;
        self
    }

    /// Serves a value for `grace` after its time, while it is renewed (stale-while-revalidate, RFC 5861).
    pub const fn stale(mut self, grace: Duration) -> Self {
        self.stale = grace;
        self
    }

    /// Serves a value for `grace` after its time where the load of a new one fails (stale-if-error,
    /// RFC 5861). Counted from the end of the time to live, as [`stale`](Self::stale) is.
    pub const fn stale_if_error(mut self, grace: Duration) -> Self {
        self.stale_if_error = grace;
        self
    }

    /// How long after its time to live an entry must be kept.
    pub fn grace(self) -> Duration {
        self.stale.max(self.stale_if_error)
    }

    /// Whether all is off: then only the time to live decides, and there is nothing to ask.
    pub fn is_plain(self) -> bool {
        self == Self::new()
    }

    /// When an entry written at `written` can no longer serve, not even after an error; none that
    /// lives for ever.
    pub fn gone_at(self, written: Nanos, ttl: Option<Duration>) -> Option<Nanos> {
        ttl.map(|ttl| written.saturating_add(ttl).saturating_add(self.grace()))
    }

    /// What a reader at `now` should do with a value that was written at `written`, lives for `ttl`
    /// (for ever if none), and took `cost` to load.
    ///
    /// A clock that was set back before `written` makes the value as fresh as it was then.
    ///
    /// Complexity: O(1).
    #[inline]
    pub fn judge_at(
        self,
        now: Nanos,
        written: Nanos,
        ttl: Option<Duration>,
        cost: Duration,
        random: &mut Random,
    ) -> Verdict {
        let Some(ttl) = ttl else { return Verdict::Fresh };
        let now = now.max(written);
        let end = written.saturating_add(ttl);
        if now < end {
            let left = end.saturating_duration_since(now);
            let due = left <= self.ahead && !self.ahead.is_zero()
                || self.early.is_some_and(|xfetch| xfetch.is_due(left, cost, random));
            return if due { Verdict::RefreshEarly } else { Verdict::Fresh };
        }
        if now < end.saturating_add(self.stale) {
            Verdict::Stale
        } else if now < end.saturating_add(self.stale_if_error) {
            Verdict::StaleIfError
        } else {
            Verdict::Expired
        }
    }
}
