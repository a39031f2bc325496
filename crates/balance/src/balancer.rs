use alloc::borrow::ToOwned;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::net::IpAddr;
use core::sync::atomic::{Ordering, fence};

use arc_swap::Guard;
use voussoir_core::{Clock, Nanos, SystemClock};

use crate::desk::Chosen;
use crate::member::{Member, Seat};
use crate::plan::Plan;
use crate::shared::Shared;
use crate::tier::Choice;
use crate::{
    Algorithm, BalancerBuilder, BalancerConfig, DuplicateNode, Health, NoNode, Node, NodeStatus,
    Pick, Probe, UnknownNode,
};

/// Picks a node for each call. The crate's page says how.
///
/// A cheap clone: all clones share nodes and counts. Picks never wait, also while nodes come and
/// go; a node that stays keeps its counts and its health.
///
/// ```
/// use voussoir_balance::{Algorithm, Balancer, Node, Probe};
///
/// let balancer = Balancer::builder(Algorithm::RoundRobin)
///     .nodes(["a", "b", "c"].map(|id| Node::new(id, ())))
///     .build()?;
///
/// for _ in 0..3 {
///     balancer.report("b", Probe::Failure)?;
/// }
/// let picked = [(); 4].map(|()| balancer.pick().unwrap().id().to_owned());
/// assert_eq!(picked, ["a", "c", "a", "c"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Many threads
///
/// Each thread picks at a desk of its own, where it has its own place in the round. So what threads
/// share is the count of calls in flight of the node they take, and nothing else. One thread sees the
/// exact order; several go round each by itself, apart from each other, and all together the shares
/// are exact to a round a thread. A pick from within what [`pick_if`](Self::pick_if) asks draws its
/// turn by weight.
///
/// The first pick of a thread, and its first after a change of nodes, makes the desk ready: it
/// allocates, in O(nodes). Any other pick and its end are two atomic operations: 14 to 21 ns over ten
/// nodes where one of them takes 5 ns, without the algorithms that read the clock. A thread that
/// picks no more keeps the plan it had, but none of the values of nodes that were removed.
pub struct Balancer<T, C = SystemClock> {
    shared: Arc<Shared<T, C>>,
}

impl<T> Balancer<T> {
    /// Starts a balancer with `algorithm`.
    pub fn builder(algorithm: Algorithm) -> BalancerBuilder<T> {
        BalancerBuilder::new(BalancerConfig::new(algorithm))
    }

    /// Starts a balancer with options that were read from elsewhere.
    pub fn with_config(config: BalancerConfig) -> BalancerBuilder<T> {
        BalancerBuilder::new(config)
    }
}

impl<T, C> Balancer<T, C> {
    pub(crate) fn of(shared: Arc<Shared<T, C>>) -> Self {
        Self { shared }
    }

    /// [`pick`](Self::pick) at `now`.
    ///
    /// # Errors
    ///
    /// [`NoNode`], with the reasons, when none is available.
    #[inline]
    pub fn pick_at(&self, now: Nanos) -> Result<Pick<T, C>, NoNode> {
        self.pick_by(|| now, |plan, by, turn| plan.choose(by, turn, |_| true))
    }

    /// [`pick_if`](Self::pick_if) at `now`.
    ///
    /// # Errors
    ///
    /// [`NoNode`], with the reasons, when none such is available.
    #[inline]
    pub fn pick_if_at(
        &self,
        now: Nanos,
        accepts: impl Fn(&str) -> bool,
    ) -> Result<Pick<T, C>, NoNode> {
        self.pick_by(|| now, |plan, by, turn| plan.choose(by, turn, &accepts))
    }

    /// [`pick_for_ip`](Self::pick_for_ip) at `now`.
    ///
    /// # Errors
    ///
    /// [`NoNode`], with the reasons, when none is available.
    pub fn pick_for_ip_at(
        &self,
        now: Nanos,
        ip: IpAddr,
        accepts: impl Fn(&str) -> bool,
    ) -> Result<Pick<T, C>, NoNode> {
        self.pick_by(|| now, |plan, by, turn| plan.choose_for_ip(by, turn, ip, &accepts))
    }

    /// [`pick_ordered`](Self::pick_ordered) at `now`.
    ///
    /// # Errors
    ///
    /// [`NoNode`], with the reasons, when none of the candidates is available.
    pub fn pick_ordered_at<I: AsRef<str>>(
        &self,
        now: Nanos,
        candidates: impl IntoIterator<Item = I>,
    ) -> Result<Pick<T, C>, NoNode> {
        let (bound, mut candidates) =
            (self.shared.settings.config.load_bound, candidates.into_iter());
        self.pick_by(|| now, |plan, _, _| plan.choose_ordered(&mut candidates, bound))
    }

    /// [`report`](Self::report) at `now`.
    ///
    /// # Errors
    ///
    /// [`UnknownNode`].
    pub fn report_at(
        &self,
        now: Nanos,
        id: &str,
        probe: Probe,
    ) -> Result<Option<Health>, UnknownNode> {
        self.seat(id).map(|seat| self.shared.observe(&seat, || now, probe))
    }

    /// Whether no call of the node is in flight. Once true of a draining node it stays true, but
    /// for a pick that had begun before.
    ///
    /// # Errors
    ///
    /// [`UnknownNode`].
    pub fn is_idle(&self, id: &str) -> Result<bool, UnknownNode> {
        let idle = self.seat(id)?.in_flight() == 0;
        // What those calls did is done for whoever reads this.
        fence(Ordering::Acquire);
        Ok(idle)
    }

    /// Where a pick is made, so that its words stay in registers: two words written apart and read as
    /// one, as a function returns them through memory, cost 7 ns.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "measured, as said above")]
    fn pick_by(
        &self,
        now: impl Fn() -> Nanos,
        choose: impl for<'p> FnMut(&'p Plan<T, C>, &Choice<'_, C>, &mut u64) -> Chosen<'p, T, C>,
    ) -> Result<Pick<T, C>, NoNode> {
        let begun = self.shared.settings.config.algorithm.is_timed().then(&now);
        match self.begin_call(now, begun, choose) {
            Some(member) => Ok(Pick::new(member, begun)),
            None => Err(self.why_none()),
        }
    }

    #[cold]
    fn why_none(&self) -> NoNode {
        self.shared.plan.load().why_none()
    }

    /// Apart from the rest of a pick, so that what it returns fits a register.
    #[inline(never)]
    fn begin_call(
        &self,
        now: impl Fn() -> Nanos,
        begun: Option<Nanos>,
        choose: impl for<'p> FnMut(&'p Plan<T, C>, &Choice<'_, C>, &mut u64) -> Chosen<'p, T, C>,
    ) -> Option<Arc<Member<T, C>>> {
        let by = Choice { settings: &self.shared.settings, now: begun.unwrap_or(Nanos::ZERO) };
        self.shared.begin_call(now, &by, choose)
    }

    /// The plan in force.
    fn plan(&self, now: impl Fn() -> Nanos) -> Guard<Arc<Plan<T, C>>> {
        self.shared.renew(now);
        self.shared.plan.load()
    }

    fn seat(&self, id: &str) -> Result<Arc<Seat<T, C>>, UnknownNode> {
        let plan = self.shared.plan.load();
        plan.roster.get(id).cloned().ok_or_else(|| UnknownNode { id: id.to_owned() })
    }
}

impl<T, C: Clock> Balancer<T, C> {
    /// A node for a call that begins now. Complexity: see [`Algorithm`]; no allocation but at a
    /// thread's first pick, and its first after a change of nodes.
    ///
    /// # Errors
    ///
    /// [`NoNode`], with the reasons, when none is available.
    #[inline]
    pub fn pick(&self) -> Result<Pick<T, C>, NoNode> {
        self.pick_by(|| self.now(), |plan, by, turn| plan.choose(by, turn, |_| true))
    }

    /// A node other than those in `tried`: for the second attempt at a call.
    ///
    /// # Errors
    ///
    /// [`NoNode`], with the reasons, when no other is available.
    #[inline]
    pub fn pick_excluding(&self, tried: &[&str]) -> Result<Pick<T, C>, NoNode> {
        self.pick_if(|id| !tried.contains(&id))
    }

    /// A node whose id `accepts` takes, such as one whose circuit breaker is closed. Where a whole
    /// priority level or zone is not accepted, the next one is asked.
    ///
    /// # Errors
    ///
    /// [`NoNode`], with the reasons, when none such is available.
    #[inline]
    pub fn pick_if(&self, accepts: impl Fn(&str) -> bool) -> Result<Pick<T, C>, NoNode> {
        self.pick_by(|| self.now(), |plan, by, turn| plan.choose(by, turn, &accepts))
    }

    /// With [`Algorithm::IpHash`] the node of this address, or the next one that nginx would try;
    /// with any other algorithm as [`pick_if`](Self::pick_if). All nodes count, of whatever priority
    /// and zone. An IPv4 address mapped into IPv6 is hashed as IPv6, as nginx does: see
    /// [`IpAddr::to_canonical`].
    ///
    /// ```
    /// use voussoir_balance::{Algorithm, Balancer, Node};
    ///
    /// let balancer = Balancer::builder(Algorithm::IpHash)
    ///     .nodes(["a", "b", "c"].map(|id| Node::new(id, ())))
    ///     .build()?;
    /// let one = balancer.pick_for_ip("192.0.2.7".parse()?, |_| true)?;
    /// let same = balancer.pick_for_ip("192.0.2.99".parse()?, |_| true)?;
    /// assert_eq!(one.id(), same.id());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`NoNode`], with the reasons, when none is available.
    pub fn pick_for_ip(
        &self,
        ip: IpAddr,
        accepts: impl Fn(&str) -> bool,
    ) -> Result<Pick<T, C>, NoNode> {
        self.pick_by(|| self.now(), |plan, by, turn| plan.choose_for_ip(by, turn, ip, &accepts))
    }

    /// The first of the candidates that is available: consistent hashing over any source of an
    /// ordered list of node ids, such as the replicas of a ring. Skipping a node that is down equals
    /// a ring without it. With [`load_bound`](BalancerBuilder::load_bound), the first one that has
    /// room. Ids that the balancer does not know are skipped.
    ///
    /// Complexity: O(candidates looked at); with a bound O(nodes).
    ///
    /// ```
    /// use voussoir_balance::{Algorithm, Balancer, Node};
    ///
    /// let balancer = Balancer::builder(Algorithm::Random)
    ///     .nodes(["a", "b", "c"].map(|id| Node::new(id, ())))
    ///     .build()?;
    /// balancer.drain("c")?;
    /// assert_eq!(balancer.pick_ordered(["c", "a", "b"])?.id(), "a");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`NoNode`], with the reasons, when none of the candidates is available.
    pub fn pick_ordered<I: AsRef<str>>(
        &self,
        candidates: impl IntoIterator<Item = I>,
    ) -> Result<Pick<T, C>, NoNode> {
        let (bound, mut candidates) =
            (self.shared.settings.config.load_bound, candidates.into_iter());
        self.pick_by(|| self.now(), |plan, _, _| plan.choose_ordered(&mut candidates, bound))
    }

    /// What a check of the node found. Tells the new health when it changed by it.
    ///
    /// # Errors
    ///
    /// [`UnknownNode`], as when the node was removed while it was checked.
    pub fn report(&self, id: &str, probe: Probe) -> Result<Option<Health>, UnknownNode> {
        self.seat(id).map(|seat| self.shared.observe(&seat, || self.now(), probe))
    }

    /// Gives the node no more calls; those in flight go on. Its health is still followed.
    ///
    /// # Errors
    ///
    /// [`UnknownNode`].
    pub fn drain(&self, id: &str) -> Result<(), UnknownNode> {
        self.change(id, |seat| seat.standing.set_draining(true))
    }

    /// Ends [`drain`](Self::drain): the node gets calls again if it is healthy.
    ///
    /// # Errors
    ///
    /// [`UnknownNode`].
    pub fn undrain(&self, id: &str) -> Result<(), UnknownNode> {
        self.change(id, |seat| seat.standing.set_draining(false))
    }

    /// Forces a node up or down by hand, whatever checks and calls say, or, with none, lets them
    /// decide again. Drain is stronger than up.
    ///
    /// # Errors
    ///
    /// [`UnknownNode`].
    pub fn force(&self, id: &str, health: Option<Health>) -> Result<(), UnknownNode> {
        self.change(id, |seat| seat.standing.set_forced(health))
    }

    /// Gives the node another weight. With 0 it gets no new calls.
    ///
    /// # Errors
    ///
    /// [`UnknownNode`].
    pub fn set_weight(&self, id: &str, weight: u32) -> Result<(), UnknownNode> {
        self.change(id, |seat| seat.weight.store(weight, Ordering::Relaxed))
    }

    /// Adds a node, healthy, at the end of the order. Complexity: O(nodes), as are all changes.
    ///
    /// # Errors
    ///
    /// [`DuplicateNode`], which gives the node back, when its id is taken.
    pub fn add(&self, node: Node<T>) -> Result<(), DuplicateNode<T>> {
        self.shared.add(node, self.now()).map_err(|node| DuplicateNode { node })
    }

    /// Removes a node. Its calls in flight go on and count nowhere.
    ///
    /// # Errors
    ///
    /// [`UnknownNode`].
    pub fn remove(&self, id: &str) -> Result<(), UnknownNode> {
        let removed = self.shared.remove(id, self.now());
        removed.map(drop).ok_or_else(|| UnknownNode { id: id.to_owned() })
    }

    /// All nodes as they are at this moment, in the order in which they were added.
    pub fn nodes(&self) -> Vec<NodeStatus> {
        let plan = self.plan(|| self.now());
        self.shared.desks.settle();
        let seats = plan.roster.seats.iter().zip(&plan.available);
        seats
            .map(|(seat, &available)| seat.status(&self.shared.settings, || self.now(), available))
            .collect()
    }

    /// Whether so few nodes are well that health is ignored, see
    /// [`panic_below`](BalancerBuilder::panic_below).
    pub fn is_panicking(&self) -> bool {
        self.plan(|| self.now()).panicking
    }

    fn now(&self) -> Nanos {
        self.shared.settings.clock.now()
    }

    fn change(&self, id: &str, to: impl FnOnce(&Seat<T, C>)) -> Result<(), UnknownNode> {
        to(&*self.seat(id)?);
        self.shared.refresh(self.now());
        Ok(())
    }
}

impl<T, C> Clone for Balancer<T, C> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared) }
    }
}

impl<T, C: Clock> fmt::Debug for Balancer<T, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Balancer")
            .field("config", &self.shared.settings.config)
            .field("nodes", &self.nodes())
            .finish_non_exhaustive()
    }
}
