use alloc::sync::Arc;
use core::fmt;

/// Who is told what happens, if anybody.
pub(crate) struct Watch<O: ?Sized>(Option<Arc<O>>);

impl<O: ?Sized> Watch<O> {
    pub(crate) const NOBODY: Self = Self(None);

    pub(crate) const fn new(observer: Arc<O>) -> Self {
        Self(Some(observer))
    }

    #[inline]
    pub(crate) fn tell(&self, what: impl FnOnce(&O)) {
        if let Some(observer) = &self.0 {
            tell(&**observer, what);
        }
    }
}

#[cold]
fn tell<O: ?Sized>(observer: &O, what: impl FnOnce(&O)) {
    #[cfg(feature = "std")]
    {
        use core::panic::AssertUnwindSafe;
        // The panic was reported by the hook already, and nothing of ours is in an unfinished state.
        let _ = std::panic::catch_unwind(AssertUnwindSafe(|| what(observer)));
    }
    #[cfg(not(feature = "std"))]
    what(observer);
}

impl<O: ?Sized> Clone for Watch<O> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<O: ?Sized> fmt::Debug for Watch<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "observed" } else { "unobserved" })
    }
}
