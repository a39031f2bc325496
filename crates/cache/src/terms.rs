use alloc::boxed::Box;
use alloc::vec::Vec;
use core::time::Duration;

/// How one entry is kept, where it differs from the cache's own options.
///
/// ```
/// use std::time::Duration;
/// use voussoir_cache::{Cache, Terms};
///
/// let cache = Cache::<&str, u32>::builder(100).build()?;
/// cache.insert_with("price", 7, &Terms::new().ttl(Duration::from_secs(5)).tag("shop"));
/// assert_eq!(cache.invalidate_tag("shop"), 1);
/// # Ok::<(), voussoir_core::ConfigError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Terms {
    pub(crate) ttl: Option<Duration>,
    pub(crate) tti: Option<Duration>,
    pub(crate) tags: Vec<Box<str>>,
    pub(crate) pinned: bool,
}

impl Terms {
    /// As the cache's options say.
    pub fn new() -> Self {
        Self::default()
    }

    /// The entry is good for this long, without jitter. Zero: it is not kept at all.
    pub fn ttl(mut self, ttl: Duration) -> Self {
        self.ttl = Some(ttl);
        self
    }

    /// The entry is good until it was not used for this long. Zero: for ever.
    pub fn tti(mut self, tti: Duration) -> Self {
        self.tti = Some(tti);
        self
    }

    /// The entry goes when this tag is invalidated. An entry may carry several.
    pub fn tag(mut self, tag: impl Into<Box<str>>) -> Self {
        self.tags.push(tag.into());
        self
    }

    /// The entry is not evicted to make room, until it is unpinned.
    pub fn pinned(mut self) -> Self {
        self.pinned = true;
        self
    }
}
