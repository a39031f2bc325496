use alloc::sync::Arc;
use core::fmt;

use crate::node::Member;
use crate::{Node, Probe};

/// A node, picked for one call. Keep it while the call is in flight, and say how the call ended:
/// [`success`](Self::success), [`failure`](Self::failure), or [`ignore`](Self::ignore) for what says
/// nothing about the node. Dropped without that, the call was cancelled, which counts as ignored.
///
/// Owns what it needs: it can be moved into a task and outlive the balancer.
#[must_use = "a pick counts as a call in flight; dropped at once it balances nothing"]
pub struct Pick<T> {
    member: Arc<Member<T>>,
}

impl<T> Pick<T> {
    pub(crate) fn new(member: &Arc<Member<T>>) -> Self {
        member.begin_call();
        Self { member: Arc::clone(member) }
    }

    /// The node.
    pub fn node(&self) -> &Node<T> {
        &self.member.node
    }

    /// The node's id.
    pub fn id(&self) -> &str {
        self.member.node.id()
    }

    /// What the caller needs to reach the node.
    pub fn value(&self) -> &T {
        self.member.node.value()
    }

    /// The call ended well.
    pub fn success(self) {
        self.member.report_call(Probe::Success);
    }

    /// The call failed.
    pub fn failure(self) {
        self.member.report_call(Probe::Failure);
    }

    /// The call ended in a way that says nothing about the node.
    pub fn ignore(self) {}
}

impl<T> Drop for Pick<T> {
    fn drop(&mut self) {
        self.member.end_call();
    }
}

impl<T> fmt::Debug for Pick<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pick").field("id", &self.id()).finish_non_exhaustive()
    }
}
