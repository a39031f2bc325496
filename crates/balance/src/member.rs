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

/// A node with the caller's value, which the balancer owns and the calls that it serves, and nobody
/// else: the reference count of a member, less one for the balancer, **is** its number of calls in
/// flight. So a call counts by owning what it needs, and a count can neither be lost nor doubled.
pub(crate) struct Member<T, C> {
    pub(crate) node: Node<T>,
    seat: Arc<Seat<T, C>>,
    settings: Arc<Settings<C>>,
    home: Weak<Shared<T, C>>,
    /// Keeps the reference count, which every call writes, off the lines that are only read.
    _apart: CachePadded<()>,
}

impl<T, C> Member<T, C> {
    pub(crate) fn new(
        node: Node<T>,
        rank: u64,
        home: Weak<Shared<T, C>>,
        settings: &Arc<Settings<C>>,
    ) -> Arc<Self> {
        Arc::new_cyclic(|member| {
            let seat = Arc::new(Seat::new(&node, member.clone(), rank, settings));
            let settings = Arc::clone(settings);
            Self { node, seat, settings, home, _apart: CachePadded::new(()) }
        })
    }

    pub(crate) fn seat(&self) -> &Arc<Seat<T, C>> {
        &self.seat
    }

    /// Calls in flight.
    #[inline]
    pub(crate) fn in_flight(member: &Weak<Self>) -> u64 {
        // None, if the node was removed meanwhile: who chooses it finds out.
        (member.strong_count() as u64).saturating_sub(1)
    }

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

    #[inline(never)]
    fn learn(&self, now: impl Fn() -> Nanos, begun: Option<Nanos>, probe: Probe) -> Option<Health> {
        let (config, seat) = (&self.settings.config, &self.seat);
        if let Some(begun) = begun {
            let now = now();
            let mut took = now.saturating_duration_since(begun);
            if probe == Probe::Failure {
                took = took.max(config.latency.failure_penalty);
            }
            let peak = config.algorithm == Algorithm::PeakEwma;
            seat.latency.sample_at(now, took, peak, config.latency.decay);
        }
        if let (Some(state), Some(policy)) = (&seat.ejection, &config.ejection) {
            let now = now();
            let deserved = state.lock().observe_at(now, probe, policy);
            if let Some(home) = deserved.then(|| self.home.upgrade()).flatten() {
                home.eject(seat, now);
            }
        }
        let changed =
            config.health.passive.then(|| seat.standing.observe(probe, &config.health))??;
        if let Some(home) = self.home.upgrade() {
            home.health_changed(seat, changed, now());
        }
        Some(changed)
    }

    /// The clock, for the calls.
    pub(crate) fn clock(&self) -> &C {
        &self.settings.clock
    }
}

/// What is known of a member, and its place in the balancer. Plans hold seats, and each thread a
/// plan, perhaps for long after a node has gone: so a seat does not own the caller's value.
pub(crate) struct Seat<T, C> {
    member: Weak<Member<T, C>>,
    pub(crate) id: Arc<str>,
    /// Grows from node to node: their order.
    pub(crate) rank: u64,
    pub(crate) priority: u8,
    pub(crate) zone: Option<Arc<str>>,
    pub(crate) weight: AtomicU32,
    pub(crate) standing: Standing,
    /// Written by calls, and so on a line of its own.
    pub(crate) latency: CachePadded<Latency>,
    /// There where the configuration asks for it.
    pub(crate) ejection: Option<Mutex<EjectionState>>,
    /// Calls that were picked for it, but for those that a desk has still to tell of.
    picks: AtomicU64,
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
    fn new(node: &Node<T>, member: Weak<Member<T, C>>, rank: u64, settings: &Settings<C>) -> Self {
        Self {
            member,
            id: Arc::clone(node.shared_id()),
            rank,
            priority: node.priority,
            zone: node.zone.clone(),
            weight: AtomicU32::new(node.weight),
            standing: Standing::new(),
            latency: CachePadded::new(Latency::new()),
            ejection: settings.config.ejection.is_some().then(Mutex::default),
            picks: AtomicU64::new(0),
            turnover: Turnover {
                serving: AtomicBool::new(false),
                since: AtomicU64::new(WARM),
                current: AtomicI64::new(0),
            },
        }
    }

    /// The node itself, unless it was removed and no call is in flight.
    pub(crate) fn member(&self) -> &Weak<Member<T, C>> {
        &self.member
    }

    /// Calls in flight.
    pub(crate) fn in_flight(&self) -> u64 {
        Member::in_flight(&self.member)
    }

    pub(crate) fn weight(&self) -> u32 {
        self.weight.load(Ordering::Relaxed)
    }

    pub(crate) fn add_picks(&self, picks: u64) {
        self.picks.fetch_add(picks, Ordering::Relaxed);
    }

    #[expect(clippy::cast_sign_loss, reason = "a mean of durations is not negative")]
    pub(crate) fn status(
        &self,
        settings: &Settings<C>,
        now: impl Fn() -> Nanos,
        available: bool,
    ) -> NodeStatus {
        let view = self.standing.load();
        let config = &settings.config;
        let mean =
            config.algorithm.is_timed().then(|| self.latency.at(now(), config.latency.decay));
        NodeStatus {
            id: Arc::clone(&self.id),
            weight: self.weight(),
            health: view.state.health(),
            draining: view.draining,
            ejected: view.ejected,
            forced: view.forced,
            available,
            in_flight: usize::try_from(self.in_flight()).unwrap_or(usize::MAX),
            picks: self.picks.load(Ordering::Relaxed),
            response_time: mean.flatten().map(|nanos| Duration::from_nanos(nanos as u64)),
        }
    }
}
