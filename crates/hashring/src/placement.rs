use alloc::boxed::Box;
use alloc::sync::Arc;

use crate::{BalanceReport, Candidates, HashFunction, Node, Replicas};

/// What places keys on nodes: [`Ring`](crate::Ring), [`Maglev`](crate::Maglev),
/// [`Jump`](crate::Jump), [`Rendezvous`](crate::Rendezvous) and [`MultiProbe`](crate::MultiProbe), by
/// type or as `dyn Placement`.
///
/// The owner comes first among the candidates, and all that own anything follow, each once. A balancer
/// that wants the next healthy one goes through them; it needs to know nothing else of a placement.
///
/// ```
/// use voussoir_hashring::{Jump, Maglev, Node, Placement, Ring};
///
/// let nodes = ["a", "b", "c"];
/// let placements: [Box<dyn Placement>; 3] = [
///     Box::new(Ring::builder().nodes(nodes).build()?),
///     Box::new(Maglev::builder().nodes(nodes).build()?),
///     Box::new(Jump::builder().nodes(nodes).build()?),
/// ];
/// let is_up = |node: &&Node| node.id() != "b";
/// for placement in &placements {
///     assert_eq!(placement.candidates(b"user:42").count(), 3);
///     assert!(placement.candidates(b"user:42").find(is_up).is_some());
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Placement {
    /// What keys are hashed with.
    fn hash_function(&self) -> HashFunction;

    /// The nodes.
    fn nodes(&self) -> &[Node];

    /// The owner of keys with this hash; none where no node has weight.
    fn get_hashed(&self, hash: u64) -> Option<&Node>;

    /// All nodes that own anything in the order in which they would keep keys with this hash.
    fn candidates_hashed(&self, hash: u64) -> Candidates<'_>;

    /// How evenly keys are spread: exactly for rings and tables, by a sample for the others.
    fn balance_report(&self) -> BalanceReport;

    /// The owner of `key`.
    #[inline]
    fn get(&self, key: &[u8]) -> Option<&Node> {
        self.get_hashed(self.hash_function().hash(key))
    }

    /// All nodes that own anything in the order in which they would keep `key`.
    #[inline]
    fn candidates(&self, key: &[u8]) -> Candidates<'_> {
        self.candidates_hashed(self.hash_function().hash(key))
    }

    /// The first `count` candidates.
    #[inline]
    fn replicas(&self, key: &[u8], count: usize) -> Replicas<'_> {
        self.replicas_hashed(self.hash_function().hash(key), count)
    }

    /// As [`replicas`](Self::replicas), of a hash.
    #[inline]
    fn replicas_hashed(&self, hash: u64, count: usize) -> Replicas<'_> {
        Replicas::new(self.candidates_hashed(hash), count)
    }
}

/// What points to a placement is one: `&Ring`, `Arc<Ring>`, `Box<dyn Placement>`.
macro_rules! through {
    ($($pointer:ty),*) => {$(
        impl<P: Placement + ?Sized> Placement for $pointer {
            fn hash_function(&self) -> HashFunction {
                (**self).hash_function()
            }

            fn nodes(&self) -> &[Node] {
                (**self).nodes()
            }

            #[inline]
            fn get_hashed(&self, hash: u64) -> Option<&Node> {
                (**self).get_hashed(hash)
            }

            #[inline]
            fn candidates_hashed(&self, hash: u64) -> Candidates<'_> {
                (**self).candidates_hashed(hash)
            }

            fn balance_report(&self) -> BalanceReport {
                (**self).balance_report()
            }
        }
    )*};
}

through!(&P, Box<P>, Arc<P>);
