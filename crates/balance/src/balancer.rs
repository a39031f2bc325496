use alloc::borrow::ToOwned;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use arc_swap::ArcSwap;
use parking_lot::Mutex;

use crate::node::Member;
use crate::node_set::NodeSet;
use crate::{
    Algorithm, BalancerBuilder, DuplicateNode, Health, HealthPolicy, NoNode, Node, NodeStatus,
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
pub struct Balancer<T> {
    shared: Arc<Shared<T>>,
}

struct Shared<T> {
    algorithm: Algorithm,
    health: HealthPolicy,
    set: ArcSwap<NodeSet<T>>,
    /// Held while a new set is made from the old one, so that no change is lost.
    changing: Mutex<()>,
}

impl<T> Balancer<T> {
    /// Starts a balancer with `algorithm`.
    pub fn builder(algorithm: Algorithm) -> BalancerBuilder<T> {
        BalancerBuilder::new(algorithm)
    }

    pub(crate) fn of(algorithm: Algorithm, health: HealthPolicy, set: NodeSet<T>) -> Self {
        let set = ArcSwap::from_pointee(set);
        Self { shared: Arc::new(Shared { algorithm, health, set, changing: Mutex::new(()) }) }
    }

    /// A node for a call that begins now. O(nodes), without allocation.
    ///
    /// # Errors
    ///
    /// [`NoNode`], with the reasons, when none is available.
    pub fn pick(&self) -> Result<Pick<T>, NoNode> {
        self.pick_if(|_| true)
    }

    /// A node other than those in `tried`: for the second attempt at a call.
    ///
    /// # Errors
    ///
    /// [`NoNode`], with the reasons, when no other is available.
    pub fn pick_excluding(&self, tried: &[&str]) -> Result<Pick<T>, NoNode> {
        self.pick_if(|id| !tried.contains(&id))
    }

    /// A node whose id `accepts` takes, such as one whose circuit breaker is closed.
    ///
    /// # Errors
    ///
    /// [`NoNode`], with the reasons, when none such is available.
    pub fn pick_if(&self, accepts: impl Fn(&str) -> bool) -> Result<Pick<T>, NoNode> {
        let set = self.shared.set.load();
        set.choose(self.shared.algorithm, |id| !accepts(id)).map(Pick::new)
    }

    /// What a check of the node found. Tells the new health when it changed by it.
    ///
    /// # Errors
    ///
    /// [`UnknownNode`], as when the node was removed while it was checked.
    pub fn report(&self, id: &str, probe: Probe) -> Result<Option<Health>, UnknownNode> {
        self.member(id).map(|member| member.report(probe))
    }

    /// Gives the node no more calls; those in flight go on. Its health is still followed.
    ///
    /// # Errors
    ///
    /// [`UnknownNode`].
    pub fn drain(&self, id: &str) -> Result<(), UnknownNode> {
        self.member(id).map(|member| _ = member.standing().set_draining(true))
    }

    /// Ends [`drain`](Self::drain): the node gets calls again if it is healthy.
    ///
    /// # Errors
    ///
    /// [`UnknownNode`].
    pub fn undrain(&self, id: &str) -> Result<(), UnknownNode> {
        self.member(id).map(|member| _ = member.standing().set_draining(false))
    }

    /// Whether no call of the node is in flight. Once true of a draining node it stays true, but
    /// for a pick that had begun before.
    ///
    /// # Errors
    ///
    /// [`UnknownNode`].
    pub fn is_idle(&self, id: &str) -> Result<bool, UnknownNode> {
        self.member(id).map(|member| member.in_flight() == 0)
    }

    /// Adds a node, healthy, at the end of the order.
    ///
    /// # Errors
    ///
    /// [`DuplicateNode`], which gives the node back, when its id is taken.
    pub fn add(&self, node: Node<T>) -> Result<(), DuplicateNode<T>> {
        let _changing = self.shared.changing.lock();
        let set = self.shared.set.load();
        if set.get(node.id()).is_some() {
            return Err(DuplicateNode { node });
        }
        let member = Arc::new(Member::new(node, self.shared.health));
        self.shared.set.store(Arc::new(set.with(member)));
        Ok(())
    }

    /// Removes a node. Its calls in flight go on and count nowhere.
    ///
    /// # Errors
    ///
    /// [`UnknownNode`].
    pub fn remove(&self, id: &str) -> Result<(), UnknownNode> {
        let _changing = self.shared.changing.lock();
        let set = self.shared.set.load();
        let found = set.members().iter().position(|member| member.node.id() == id);
        let index = found.ok_or_else(|| UnknownNode { id: id.to_owned() })?;
        self.shared.set.store(Arc::new(set.without(index)));
        Ok(())
    }

    /// All nodes as they are at this moment, in the order in which they were added.
    pub fn nodes(&self) -> Vec<NodeStatus> {
        self.shared.set.load().members().iter().map(|member| member.status()).collect()
    }

    fn member(&self, id: &str) -> Result<Arc<Member<T>>, UnknownNode> {
        let set = self.shared.set.load();
        set.get(id).cloned().ok_or_else(|| UnknownNode { id: id.to_owned() })
    }
}

impl<T> Clone for Balancer<T> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared) }
    }
}

impl<T> fmt::Debug for Balancer<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Balancer")
            .field("algorithm", &self.shared.algorithm)
            .field("nodes", &self.nodes())
            .finish_non_exhaustive()
    }
}
