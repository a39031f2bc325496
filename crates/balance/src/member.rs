use alloc::sync::{Arc, Weak};
use core::sync::atomic::{AtomicBool, AtomicI64, AtomicU32, AtomicU64, Ordering};
use core::time::Duration;

use crossbeam_utils::CachePadded;
use parking_lot::Mutex;
use voussoir_core::Nanos;

use crate::latency::Latency;
use crate::shared::{Settings, Shared};
use crate::standing::Standing;
use crate::{Algorithm, EjectionState, Health, Node, NodeStatus, Probe};

/// A node with what is known of it, shared by its [`Seat`] and the calls it serves, and by nobody
/// else: the reference count of a member, less one for the seat, **is** its number of calls in
/// flight. So a call counts by owning what it needs, and a count can neither be lost nor doubled.
pub(crate) struct Member<T, C> {
    pub(crate) node: Node<T>,
    settings: Arc<Settings<C>>,
    home: Weak<Shared<T, C>>,
    pub(crate) standing: Standing,
    /// Written by calls, and so on a line of its own. The padding keeps the reference count, which
    /// every call writes, off the lines that are only read.
    pub(crate) latency: CachePadded<Latency>,
    /// There where the configuration asks for it.
    pub(crate) ejection: Option<Mutex<EjectionState>>,
    /// Calls that were picked for it, but for those that a desk has still to tell of.
    picks: AtomicU64,
}

impl<T, C> Member<T, C> {
    /// A call, timed where `begun` is known, ended well or not. Tells the health that it changed.
    #[inline]
    pub(crate) fn call_ended(
        &self,
        now: impl Fn() -> Nanos,
        begun: Option<Nanos>,
        probe: Probe,
    ) -> Option<Health> {
        if self.settings.learns { self.learn(now, begun, probe) } else { None }
    }

    fn learn(&self, now: impl Fn() -> Nanos, begun: Option<Nanos>, probe: Probe) -> Option<Health> {
        let config = &self.settings.config;
        if let Some(begun) = begun {
            let now = now();
            let mut took = now.saturating_duration_since(begun);
            if probe == Probe::Failure {
                took = took.max(config.latency.failure_penalty);
            }
            let peak = config.algorithm == Algorithm::PeakEwma;
            self.latency.sample_at(now, took, peak, config.latency.decay);
        }
        if let (Some(state), Some(policy)) = (&self.ejection, &config.ejection) {
            let now = now();
            let deserved = state.lock().observe_at(now, probe, policy);
            if let Some(home) = deserved.then(|| self.home.upgrade()).flatten() {
                home.eject(self, now);
            }
        }
        if config.health.passive { self.observe(now, probe) } else { None }
    }

    /// Takes a probe into account, and tells the health that it changed.
    pub(crate) fn observe(&self, now: impl Fn() -> Nanos, probe: Probe) -> Option<Health> {
        let changed = self.standing.observe(probe, &self.settings.config.health)?;
        if let Some(home) = self.home.upgrade() {
            home.health_changed(self, changed, now());
        }
        Some(changed)
    }

    pub(crate) fn add_picks(&self, picks: u64) {
        self.picks.fetch_add(picks, Ordering::Relaxed);
    }

    /// The clock, for the calls.
    pub(crate) fn clock(&self) -> &C {
        &self.settings.clock
    }
}

/// A member's place in its balancer.
pub(crate) struct Seat<T, C> {
    pub(crate) member: Arc<Member<T, C>>,
    /// Grows from node to node: their order.
    pub(crate) rank: u64,
    pub(crate) weight: AtomicU32,
    /// The rest is read and written only while the balancer makes a new plan.
    pub(crate) turnover: Turnover,
}

/// What of a seat outlives a plan.
#[derive(Debug)]
pub(crate) struct Turnover {
    /// Whether the node was available in the last plan.
    pub(crate) serving: AtomicBool,
    /// When it came into service, in nanoseconds; all ones when that is not to be felt any more.
    pub(crate) since: AtomicU64,
    /// Its current weight in the smooth order.
    pub(crate) current: AtomicI64,
}

/// In service for so long that it has its full share.
pub(crate) const WARM: u64 = u64::MAX;

impl<T, C> Seat<T, C> {
    pub(crate) fn new(
        node: Node<T>,
        rank: u64,
        home: Weak<Shared<T, C>>,
        settings: &Arc<Settings<C>>,
    ) -> Self {
        let weight = AtomicU32::new(node.weight);
        let ejection = settings.config.ejection.is_some().then(Mutex::default);
        let member = Member {
            node,
            settings: Arc::clone(settings),
            home,
            standing: Standing::new(),
            latency: CachePadded::new(Latency::new()),
            ejection,
            picks: AtomicU64::new(0),
        };
        let turnover = Turnover {
            serving: AtomicBool::new(false),
            since: AtomicU64::new(WARM),
            current: AtomicI64::new(0),
        };
        Self { member: Arc::new(member), rank, weight, turnover }
    }

    /// One more call in flight, which ends when what is returned is dropped.
    #[inline]
    pub(crate) fn begin_call(&self) -> Arc<Member<T, C>> {
        Arc::clone(&self.member)
    }

    /// Calls in flight.
    #[inline]
    pub(crate) fn in_flight(&self) -> u64 {
        Arc::strong_count(&self.member) as u64 - 1
    }

    pub(crate) fn weight(&self) -> u32 {
        self.weight.load(Ordering::Relaxed)
    }

    #[expect(clippy::cast_sign_loss, reason = "a mean of durations is not negative")]
    pub(crate) fn status(&self, now: impl Fn() -> Nanos, available: bool) -> NodeStatus {
        let member = &*self.member;
        let view = member.standing.load();
        let config = &member.settings.config;
        let mean =
            config.algorithm.is_timed().then(|| member.latency.at(now(), config.latency.decay));
        NodeStatus {
            id: Arc::clone(member.node.shared_id()),
            weight: self.weight(),
            health: view.state.health(),
            draining: view.draining,
            ejected: view.ejected,
            forced: view.forced,
            available,
            in_flight: usize::try_from(self.in_flight()).unwrap_or(usize::MAX),
            picks: member.picks.load(Ordering::Relaxed),
            response_time: mean.flatten().map(|nanos| Duration::from_nanos(nanos as u64)),
        }
    }
}
