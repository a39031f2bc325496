/// What a reader of an entry should do, see [`Freshness`](super::Freshness).
///
/// ```
/// use voussoir_cache::refresh::Verdict;
///
/// assert!(Verdict::Stale.is_servable() && Verdict::Stale.wants_refresh());
/// assert!(!Verdict::Expired.is_servable());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// Serve it.
    Fresh,
    /// Serve it, and renew it: its end is near.
    RefreshEarly,
    /// Serve it, and renew it: it is past its time, but within the grace for that.
    Stale,
    /// Load it, and wait for that. Serve the old value only if the load fails.
    StaleIfError,
    /// It is gone: load it.
    Expired,
}

impl Verdict {
    /// Whether the value may be served without waiting for a load.
    pub const fn is_servable(self) -> bool {
        matches!(self, Self::Fresh | Self::RefreshEarly | Self::Stale)
    }

    /// Whether the value should be renewed while it is served, by one caller at a time.
    pub const fn wants_refresh(self) -> bool {
        matches!(self, Self::RefreshEarly | Self::Stale)
    }

    /// Whether the value may be served when a load fails.
    pub const fn survives_error(self) -> bool {
        !matches!(self, Self::Expired)
    }
}
