use super::node::Node;
#[cfg(all(feature = "std", target_has_atomic = "64"))]
use super::shadow::Shadow;
use crate::tree::Tree;

/// What lies over an index: entries, and what they hide of it.
#[derive(Clone, Copy)]
pub(crate) struct Over<'a> {
    pub(crate) root: &'a Node,
    /// With the number of changes that the entries are the outcome of; without a shadow, there is no
    /// index below.
    #[cfg(all(feature = "std", target_has_atomic = "64"))]
    pub(crate) shadow: Option<(&'a Shadow, u64)>,
}

impl<'a> Over<'a> {
    /// Entries over nothing.
    pub(crate) fn nothing(root: &'a Node) -> Self {
        Self {
            root,
            #[cfg(all(feature = "std", target_has_atomic = "64"))]
            shadow: None,
        }
    }

    /// Whether a string of the index below was changed or deleted.
    #[cfg(all(feature = "std", target_has_atomic = "64"))]
    #[inline]
    pub(crate) fn hides(&self, tree: Tree<'_>, rank: u32) -> bool {
        let is_changed = || {
            let mut key = alloc::vec::Vec::new();
            tree.write_key(rank, &mut key);
            self.root.get(&key).is_some()
        };
        self.shadow.is_some_and(|(shadow, changes)| shadow.hides(rank, changes, is_changed))
    }

    /// There is nothing below.
    #[cfg(not(all(feature = "std", target_has_atomic = "64")))]
    pub(crate) fn hides(&self, _: Tree<'_>, _: u32) -> bool {
        false
    }
}
