/// What an insertion came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inserted<V> {
    /// The key was not there.
    New,
    /// The key was there; this was its value.
    Replaced(V),
    /// The value did not come in and is given back: it weighs more than
    /// [`max_entry_weight`](crate::Cache::max_entry_weight), or everything that is in the way is
    /// pinned, or its time to live is zero. A value that the key had before is gone nevertheless:
    /// it was to be replaced.
    Rejected(V),
}

impl<V> Inserted<V> {
    /// Whether the value is in the cache now.
    pub const fn is_in(&self) -> bool {
        !matches!(self, Self::Rejected(_))
    }

    /// The value that was replaced.
    pub fn replaced(self) -> Option<V> {
        match self {
            Self::Replaced(value) => Some(value),
            Self::New | Self::Rejected(_) => None,
        }
    }
}
