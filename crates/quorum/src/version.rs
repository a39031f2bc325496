use crate::causality::Actor;
use crate::{Causality, HlcTime, Stamp, VectorClock};

/// What a reply tells about how recent it is: a clock, a stamp, or the value that carries one.
///
/// `join` is the least upper bound of `compare`: it takes over what `other` has seen, is commutative,
/// associative and idempotent. The coordinators rely on that and on nothing else.
pub trait Version: Clone {
    /// How this one relates to `other`.
    fn compare(&self, other: &Self) -> Causality;

    /// Sees what `other` has seen, too.
    fn join(&mut self, other: &Self);
}

impl<A: Actor> Version for VectorClock<A> {
    #[inline]
    fn compare(&self, other: &Self) -> Causality {
        Self::compare(self, other)
    }

    #[inline]
    fn join(&mut self, other: &Self) {
        self.merge(other);
    }
}

macro_rules! total_order {
    ($($version:ty),*) => {$(
        /// In one order: the greater is the later.
        impl Version for $version {
            #[inline]
            fn compare(&self, other: &Self) -> Causality {
                self.cmp(other).into()
            }

            #[inline]
            fn join(&mut self, other: &Self) {
                *self = (*self).max(*other);
            }
        }
    )*};
}

total_order!(u64, HlcTime, Stamp);
