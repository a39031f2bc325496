use alloc::format;
use alloc::string::String;
use core::time::Duration;

use voussoir_core::Nanos;

use super::PolicyNameError;
use super::field::{quoted, whole_seconds};
use crate::Algorithm;

/// A limit as clients are told of it: a name, so many requests, in such a time.
///
/// Made once, beside its limiter: its text is then ready for every answer.
///
/// ```
/// use voussoir_ratelimit::TokenBucket;
/// use voussoir_ratelimit::http::Policy;
///
/// let policy = Policy::of("default", &TokenBucket::per_second(10).burst(100))?;
/// assert_eq!(policy.to_string(), "\"default\";q=100;w=10");
///
/// let error = Policy::of("tarif réduit", &TokenBucket::per_second(10)).unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "policy name: 'é' at column 8; allowed: 1 to 128 printable ASCII characters",
/// );
/// # Ok::<(), voussoir_ratelimit::http::PolicyNameError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Policy {
    name: String,
    /// The name in quotes.
    item: String,
    /// `"name";q=50;w=60`.
    named: String,
    /// `50;w=60`.
    nameless: String,
    quota: u32,
    window: Option<u64>,
}

/// What a quota counts (draft-11, parameter `qu`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum QuotaUnit {
    /// Requests.
    #[default]
    Requests,
    /// Bytes of content.
    ContentBytes,
    /// Requests that are being served at the same time.
    ConcurrentRequests,
}

impl Policy {
    /// `quota` requests in `window`; `None` or zero where no time can be said.
    ///
    /// A window is told in whole seconds, rounded up: who keeps to it keeps to the limit.
    ///
    /// # Errors
    ///
    /// A name that no header field can hold.
    pub fn new(
        name: impl Into<String>,
        quota: u32,
        window: Option<Duration>,
    ) -> Result<Self, PolicyNameError> {
        let name = name.into();
        let item = quoted(&name)?;
        let window = window.map(whole_seconds).filter(|seconds| *seconds > 0);
        let time = window.map(|seconds| format!(";w={seconds}")).unwrap_or_default();
        let named = format!("{item};q={quota}{time}");
        let nameless = format!("{quota}{time}");
        Ok(Self { name, item, named, nameless, quota, window })
    }

    /// What `algorithm` grants at once, and the time in which one who took all of it has it all
    /// again.
    ///
    /// Where that is longer than the period of the algorithm, as for windows that remember the one
    /// before, [`new`](Self::new) can tell the period instead.
    ///
    /// # Errors
    ///
    /// A name that no header field can hold.
    pub fn of<A: Algorithm>(
        name: impl Into<String>,
        algorithm: &A,
    ) -> Result<Self, PolicyNameError> {
        let full = algorithm.check(&mut A::State::default(), Nanos::ZERO, 0);
        let window = algorithm.refills_in().unwrap_or_else(|| {
            let refill =
                |now| algorithm.check(&mut A::State::default(), now, full.limit()).reset_after();
            // Taken twice, since windows may be under way at the origin of time: the second time one
            // has just begun.
            let refill = refill(Nanos::from_duration(refill(Nanos::ZERO)));
            // An algorithm may be slower than asked by a billionth and a nanosecond, never faster;
            // that much above a whole second is the whole second.
            refill.saturating_sub(refill / 1_000_000_000 + Duration::from_nanos(1))
        });
        Self::new(name, full.limit(), Some(window))
    }

    /// What the quota counts, [requests](QuotaUnit::Requests) unless said; told in draft-11 only.
    pub fn unit(self, unit: QuotaUnit) -> Self {
        let unit = match unit {
            // The draft's default need not be told.
            QuotaUnit::Requests => "",
            QuotaUnit::ContentBytes => ";qu=\"content-bytes\"",
            QuotaUnit::ConcurrentRequests => ";qu=\"concurrent-requests\"",
        };
        Self { named: format!("{};q={}{unit}", self.item, self.nameless), ..self }
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How many requests.
    pub fn quota(&self) -> u32 {
        self.quota
    }

    /// In how many seconds.
    pub fn window(&self) -> Option<u64> {
        self.window
    }

    pub(super) fn item(&self) -> &str {
        &self.item
    }

    pub(super) fn named(&self) -> &str {
        &self.named
    }

    pub(super) fn nameless(&self) -> &str {
        &self.nameless
    }
}

/// As `RateLimit-Policy` of draft-11 says it: `"permin";q=50;w=60`.
impl core::fmt::Display for Policy {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(&self.named)
    }
}
