use alloc::sync::Arc;
use core::fmt;
use core::sync::atomic::AtomicU64;

use crossbeam_utils::CachePadded;

use crate::sync::{AtomicU32, Ordering};
use crate::{Health, HealthPolicy, HealthState, Probe};

/// Something that calls can be sent to: an id, by which it is managed, and a value, which the
/// caller needs to reach it, such as an address.
#[derive(Clone)]
pub struct Node<T> {
    id: Arc<str>,
    value: T,
}

impl<T> Node<T> {
    /// A node called `id`, reached by `value`.
    pub fn new(id: impl Into<Arc<str>>, value: T) -> Self {
        Self { id: id.into(), value }
    }

    /// The name by which the node is managed.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// What the caller needs to reach it.
    pub fn value(&self) -> &T {
        &self.value
    }
}

impl<T> fmt::Debug for Node<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Node").field("id", &self.id).finish_non_exhaustive()
    }
}

/// A node at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NodeStatus {
    /// The node's id.
    pub id: Arc<str>,
    /// Its health, by the checks.
    pub health: Health,
    /// Whether it gets no new calls, whatever its health.
    pub draining: bool,
    /// Calls that were picked for it and have not ended.
    pub in_flight: usize,
    /// Calls that were ever picked for it.
    pub picks: u64,
}

/// A node with what is known of it, shared by the sets that it is in and the calls it serves.
pub(crate) struct Member<T> {
    pub(crate) node: Node<T>,
    policy: HealthPolicy,
    standing: Standing,
    /// Written by every call, and so on a line of their own.
    counts: CachePadded<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    picks: AtomicU64,
    ended: AtomicU64,
}

impl<T> Member<T> {
    pub(crate) fn new(node: Node<T>, policy: HealthPolicy) -> Self {
        Self { node, policy, standing: Standing::new(), counts: CachePadded::default() }
    }

    pub(crate) fn standing(&self) -> &Standing {
        &self.standing
    }

    pub(crate) fn report(&self, probe: Probe) -> Option<Health> {
        self.standing.observe(probe, &self.policy)
    }

    /// What a call found, which counts only where the policy says so.
    pub(crate) fn report_call(&self, probe: Probe) {
        if self.policy.passive {
            self.report(probe);
        }
    }

    pub(crate) fn in_flight(&self) -> u64 {
        // In this order a call that ends meanwhile is counted once too often, never below zero.
        let ended = self.counts.ended.load(Ordering::Acquire);
        self.counts.picks.load(Ordering::Acquire).saturating_sub(ended)
    }

    pub(crate) fn begin_call(&self) {
        self.counts.picks.fetch_add(1, Ordering::AcqRel);
    }

    pub(crate) fn end_call(&self) {
        self.counts.ended.fetch_add(1, Ordering::AcqRel);
    }

    pub(crate) fn status(&self) -> NodeStatus {
        let standing = self.standing.load();
        NodeStatus {
            id: Arc::clone(&self.node.id),
            health: standing.state.health(),
            draining: standing.draining,
            in_flight: usize::try_from(self.in_flight()).unwrap_or(usize::MAX),
            picks: self.counts.picks.load(Ordering::Relaxed),
        }
    }
}

/// A node's health and whether it drains, in one word:
///
/// ```text
///   31          30          29            0
/// ┌───────────┬───────────┬────────────────┐
/// │ unhealthy │ draining  │ streak         │
/// └───────────┴───────────┴────────────────┘
/// ```
#[derive(Debug)]
pub(crate) struct Standing(AtomicU32);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct View {
    pub(crate) state: HealthState,
    pub(crate) draining: bool,
}

const UNHEALTHY: u32 = 1 << 31;
const DRAINING: u32 = 1 << 30;

impl View {
    pub(crate) fn is_available(self) -> bool {
        !self.draining && self.state.health() == Health::Healthy
    }

    fn of(word: u32) -> Self {
        let health = if word & UNHEALTHY == 0 { Health::Healthy } else { Health::Unhealthy };
        let state = HealthState::new(health, word & HealthPolicy::MAX_STREAK);
        Self { state, draining: word & DRAINING != 0 }
    }

    fn word(self) -> u32 {
        let unhealthy = if self.state.health() == Health::Unhealthy { UNHEALTHY } else { 0 };
        let draining = if self.draining { DRAINING } else { 0 };
        unhealthy | draining | self.state.streak()
    }
}

impl Standing {
    fn new() -> Self {
        Self(AtomicU32::new(0))
    }

    pub(crate) fn load(&self) -> View {
        View::of(self.0.load(Ordering::Acquire))
    }

    /// Counts a probe, and tells the new health if it has changed by it.
    pub(crate) fn observe(&self, probe: Probe, policy: &HealthPolicy) -> Option<Health> {
        let (before, after) =
            self.change(|view| View { state: view.state.observe(probe, policy), ..view });
        let health = after.state.health();
        (health != before.state.health()).then_some(health)
    }

    /// Tells whether it drained before.
    pub(crate) fn set_draining(&self, draining: bool) -> bool {
        self.change(|view| View { draining, ..view }).0.draining
    }

    /// Writes only what differs, so that a healthy node's successes cost a load.
    fn change(&self, to: impl Fn(View) -> View) -> (View, View) {
        let mut word = self.0.load(Ordering::Acquire);
        loop {
            let before = View::of(word);
            let after = to(before);
            if after == before {
                return (before, after);
            }
            match self.0.compare_exchange_weak(
                word,
                after.word(),
                Ordering::AcqRel,
                Ordering::Acquire,
            ) {
                Ok(_) => return (before, after),
                Err(now) => word = now,
            }
        }
    }
}

#[cfg(all(test, voussoir_loom))]
mod models {
    use loom::sync::Arc;
    use loom::thread;

    use super::{Health, HealthPolicy, Probe, Standing};

    #[test]
    fn one_of_two_reports_changes_the_health_and_draining_is_not_lost() {
        loom::model(|| {
            let policy = HealthPolicy { unhealthy_after: 2, ..HealthPolicy::default() };
            let standing = Arc::new(Standing::new());
            let other = {
                let standing = Arc::clone(&standing);
                thread::spawn(move || {
                    let changed = standing.observe(Probe::Failure, &policy);
                    standing.set_draining(true);
                    changed
                })
            };
            let ours = standing.observe(Probe::Failure, &policy);
            let theirs = other.join().unwrap();
            assert!(ours.is_some() ^ theirs.is_some());
            assert_eq!(ours.or(theirs), Some(Health::Unhealthy));
            assert!(standing.load().draining);
        });
    }
}
