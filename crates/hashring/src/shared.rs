use alloc::sync::Arc;
use core::fmt;
use core::ops::Deref;

use arc_swap::{ArcSwap, Guard};

use crate::{ChangeError, Ring};

/// A ring that is read while another takes its place: readers never wait, whatever writers do.
///
/// A look-up goes through [`load`](Self::load), which pins one ring: keys that are asked of the same
/// guard are answered by the same ring. A new ring is built aside and swapped in whole. `&self`
/// everywhere; put it in an `Arc` to share.
///
/// ```
/// use voussoir_hashring::{Node, Ring, SharedRing};
///
/// let shared = SharedRing::new(Ring::builder().nodes(["a", "b"]).build()?);
/// let change = shared.update(|ring| ring.add("c"))?;
/// let plan = change.before().diff(change.after());
/// assert!(plan.is_ok_and(|plan| plan.fraction() > 0.0));
///
/// let ring = shared.load();
/// assert!(ring.get(b"user:42").is_some());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct SharedRing {
    ring: ArcSwap<Ring>,
}

impl SharedRing {
    /// Shares `ring`.
    pub fn new(ring: impl Into<Arc<Ring>>) -> Self {
        Self { ring: ArcSwap::new(ring.into()) }
    }

    /// The ring of now, for a few look-ups. Do not keep it: where many threads hold many guards each,
    /// loading becomes slower.
    ///
    /// Complexity: O(1), lock-free.
    #[inline]
    pub fn load(&self) -> RingGuard {
        RingGuard { ring: self.ring.load() }
    }

    /// The ring of now, to keep. Complexity: O(1), lock-free.
    pub fn load_full(&self) -> Arc<Ring> {
        self.ring.load_full()
    }

    /// Puts `ring` in place of the other, which is returned. Complexity: O(1) and the threads that are
    /// reading at this moment.
    pub fn swap(&self, ring: impl Into<Arc<Ring>>) -> Arc<Ring> {
        self.ring.swap(ring.into())
    }

    /// Puts in place what `change` makes of the ring of now. Where two threads change it at once,
    /// `change` is called again, with what the other left: no change is lost.
    ///
    /// # Errors
    ///
    /// That of `change`; then the ring stays.
    pub fn update(
        &self,
        mut change: impl FnMut(&Ring) -> Result<Ring, ChangeError>,
    ) -> Result<RingChange, ChangeError> {
        let mut before = self.ring.load_full();
        loop {
            let after = Arc::new(change(&before)?);
            let found = self.ring.compare_and_swap(&before, Arc::clone(&after));
            if Arc::ptr_eq(&found, &before) {
                return Ok(RingChange { before, after });
            }
            before = Guard::into_inner(found);
        }
    }
}

impl fmt::Debug for SharedRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SharedRing").field(&*self.load()).finish()
    }
}

impl From<Ring> for SharedRing {
    fn from(ring: Ring) -> Self {
        Self::new(ring)
    }
}

/// A ring, pinned: see [`SharedRing::load`].
#[derive(Debug)]
pub struct RingGuard {
    ring: Guard<Arc<Ring>>,
}

impl Deref for RingGuard {
    type Target = Ring;

    #[inline]
    fn deref(&self) -> &Ring {
        &self.ring
    }
}

/// The rings before and after an [`update`](SharedRing::update), between which the plan is.
#[derive(Clone, Debug)]
pub struct RingChange {
    before: Arc<Ring>,
    after: Arc<Ring>,
}

impl RingChange {
    /// The ring that was replaced.
    pub fn before(&self) -> &Arc<Ring> {
        &self.before
    }

    /// The ring that took its place.
    pub fn after(&self) -> &Arc<Ring> {
        &self.after
    }
}
