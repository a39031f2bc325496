use alloc::collections::VecDeque;

use voussoir_core::Nanos;

use super::Change;

/// The changes of one key that the store has not confirmed, in their order.
#[derive(Debug)]
pub(super) struct Line<V> {
    /// In a batch at the moment.
    pub(super) aloft: Option<Pending<V>>,
    pub(super) waiting: VecDeque<Pending<V>>,
    /// Failures of the first change, one after the other.
    pub(super) failures: u32,
    /// Whether its key stands among those that may be written, or that wait after a failure.
    pub(super) queued: bool,
}

/// One change that waits, and those that it replaced.
#[derive(Clone, Debug)]
pub(super) struct Pending<V> {
    pub(super) change: Change<V>,
    /// The number of the first change that it stands for.
    pub(super) first: u64,
    /// When that was accepted.
    pub(super) accepted: Nanos,
}

impl<V> Line<V> {
    pub(super) fn new() -> Self {
        Self { aloft: None, waiting: VecDeque::new(), failures: 0, queued: false }
    }

    /// What the key will have when all is written.
    pub(super) fn latest(&self) -> Option<&Change<V>> {
        self.waiting.back().or(self.aloft.as_ref()).map(|pending| &pending.change)
    }

    pub(super) fn into_changes(self) -> impl Iterator<Item = Change<V>> {
        self.aloft.into_iter().chain(self.waiting).map(|pending| pending.change)
    }
}
