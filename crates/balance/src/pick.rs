use alloc::sync::Arc;
use core::fmt;

use voussoir_core::{Clock, Nanos, SystemClock};

use crate::member::Member;
use crate::{Health, Node, Probe};

/// A node, picked for one call. Keep it while the call is in flight, and say how the call ended:
/// [`success`](Self::success), [`failure`](Self::failure), or [`ignore`](Self::ignore) for what says
/// nothing about the node. Dropped without that, the call was cancelled, which counts as ignored.
/// A call that was given up because it took too long is no such: it is a failure.
///
/// Owns what it needs: it can be moved into a task and outlive the balancer. Where the algorithm
/// looks at response times, the pick measures them, from the pick to the first verdict.
#[must_use = "a pick counts as a call in flight; dropped at once it balances nothing"]
pub struct Pick<T, C = SystemClock> {
    /// Counts the call in flight, see [`Member`].
    member: Arc<Member<T, C>>,
    /// There where response times matter, until the first verdict.
    begun: Option<Nanos>,
}

impl<T, C> Pick<T, C> {
    #[inline]
    pub(crate) fn new(member: Arc<Member<T, C>>, begun: Option<Nanos>) -> Self {
        Self { member, begun }
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

    /// The call ended in a way that says nothing about the node.
    pub fn ignore(self) {}

    /// [`report`](Self::report) at `now`.
    #[inline]
    pub fn report_at(&mut self, now: Nanos, verdict: Probe) -> Option<Health> {
        self.member.call_ended(|| now, self.begun.take(), verdict)
    }

    /// [`success`](Self::success) at `now`.
    #[inline]
    pub fn success_at(mut self, now: Nanos) -> Option<Health> {
        self.report_at(now, Probe::Success)
    }

    /// [`failure`](Self::failure) at `now`.
    #[inline]
    pub fn failure_at(mut self, now: Nanos) -> Option<Health> {
        self.report_at(now, Probe::Failure)
    }
}

impl<T, C: Clock> Pick<T, C> {
    /// A verdict on the node while the call goes on, as when the head of a response is here and its
    /// body is not. Tells the node's new health when it changed by it. Each verdict counts; the first
    /// ends the response time. Complexity: O(1), without the clock where no option asks for time.
    ///
    /// ```
    /// use voussoir_balance::{Algorithm, Balancer, Health, HealthPolicy, Node, Probe};
    ///
    /// let strict = HealthPolicy { unhealthy_after: 1, passive: true, ..HealthPolicy::default() };
    /// let balancer = Balancer::builder(Algorithm::RoundRobin)
    ///     .health(strict)
    ///     .node(Node::new("a", ()))
    ///     .build()?;
    /// let mut pick = balancer.pick()?;
    /// assert_eq!(pick.report(Probe::Failure), Some(Health::Unhealthy));
    /// assert_eq!(balancer.nodes()[0].in_flight, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    pub fn report(&mut self, verdict: Probe) -> Option<Health> {
        self.member.call_ended(|| self.member.clock().now(), self.begun.take(), verdict)
    }

    /// The call ended well. Tells the node's new health when it changed by it.
    #[inline]
    pub fn success(mut self) -> Option<Health> {
        self.report(Probe::Success)
    }

    /// The call failed. Tells the node's new health when it changed by it.
    #[inline]
    pub fn failure(mut self) -> Option<Health> {
        self.report(Probe::Failure)
    }
}

impl<T, C> fmt::Debug for Pick<T, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pick").field("id", &self.id()).finish_non_exhaustive()
    }
}
