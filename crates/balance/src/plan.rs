//! Who serves at present, worked out anew whenever something changes, so that a pick only chooses.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;
use core::net::IpAddr;
use core::sync::atomic::{AtomicU32, Ordering};
use std::collections::HashMap;

use foldhash::fast::RandomState;
use voussoir_core::Nanos;

use crate::desk::Chosen;
use crate::member::{Seat, WARM};
use crate::shared::Settings;
use crate::tier::{Choice, Tier};
use crate::{Algorithm, NoNode, ip_hash};

/// All nodes, in the order in which they were added.
pub(crate) struct Roster<T, C> {
    pub(crate) seats: Vec<Arc<Seat<T, C>>>,
    /// The standard's hasher would take 4 ns more. The keys are the operator's, so nobody else can
    /// choose them to collide.
    by_id: HashMap<Arc<str>, usize, RandomState>,
}

impl<T, C> Roster<T, C> {
    pub(crate) fn new(seats: Vec<Arc<Seat<T, C>>>) -> Self {
        let ids = seats.iter().map(|seat| Arc::clone(&seat.id));
        let by_id = ids.zip(0..).collect();
        Self { seats, by_id }
    }

    pub(crate) fn index(&self, id: &str) -> Option<usize> {
        self.by_id.get(id).copied()
    }

    pub(crate) fn get(&self, id: &str) -> Option<&Arc<Seat<T, C>>> {
        self.index(id).map(|index| &self.seats[index])
    }
}

/// The nodes of one moment, sorted out.
pub(crate) struct Plan<T, C> {
    pub(crate) roster: Arc<Roster<T, C>>,
    /// Of each node of the roster, whether it is available.
    pub(crate) available: Box<[bool]>,
    /// None is empty. The first is tried first.
    tiers: Vec<Tier<T, C>>,
    /// Sums of the weights up to and with each node, where an address is hashed.
    ends: Box<[u64]>,
    pub(crate) panicking: bool,
    /// When time alone will change it, if it will: an ejection ends, a slow start goes on.
    pub(crate) refresh_at: Nanos,
    /// Grows from plan to plan.
    pub(crate) version: u64,
    /// Desks that have picked by it.
    pub(crate) arrivals: AtomicU32,
}

/// Slow start goes by twentieths of a weight, so that weights stay whole numbers and small.
const STEPS: u32 = 20;

impl<T, C> Plan<T, C> {
    /// The plan at `now`, and the ids of the nodes whose ejection is over. Only one thread at a time
    /// makes a plan. O(nodes), and some 1 ms at most for a smooth order made beforehand.
    pub(crate) fn new(
        roster: Arc<Roster<T, C>>,
        before: Option<&Self>,
        settings: &Settings<C>,
        now: Nanos,
    ) -> (Self, Vec<Arc<str>>) {
        let mut returned = Vec::new();
        let mut refresh_at = Nanos::MAX;
        for seat in &roster.seats {
            let Some(until) = ejected_until(seat) else { continue };
            if now >= until {
                seat.standing.set_ejected(false);
                returned.push(Arc::clone(&seat.id));
            } else {
                refresh_at = refresh_at.min(until);
            }
        }

        let views: Vec<_> = roster.seats.iter().map(|seat| seat.standing.load()).collect();
        let in_service = |index: usize| !views[index].draining && roster.seats[index].weight() > 0;
        let serving: Vec<usize> = (0..views.len()).filter(|&index| in_service(index)).collect();
        let well = serving.iter().filter(|&&index| views[index].is_well()).count();
        let panicking = (well as f64) < settings.config.panic_below * serving.len() as f64;
        let mut available = vec![false; views.len()].into_boxed_slice();
        for index in serving {
            // Panic overrules what is concluded, not what is commanded.
            let panicked = panicking && views[index].forced.is_none();
            available[index] = views[index].is_well() || panicked;
        }

        before.iter().flat_map(|before| &before.tiers).for_each(Tier::save);
        let mut weights = Vec::with_capacity(views.len());
        for (seat, &available) in roster.seats.iter().zip(&available) {
            let weighted = settings.config.algorithm.is_weighted();
            let full = if weighted { u64::from(seat.weight()) } else { 1 };
            let (weight, next) = warmed(seat, full, available, before.is_none(), settings, now);
            weights.push(weight);
            refresh_at = refresh_at.min(next);
        }
        let mut tiers = Vec::new();
        for members in grouped(&roster, &in_service, &available, settings) {
            let seat = |&index: &usize| (index, Arc::clone(&roster.seats[index]));
            let seats = members.iter().map(seat).collect();
            let weights = members.iter().map(|&index| weights[index]).collect();
            let goes_on = before.and_then(|before| before.tiers.get(tiers.len()));
            tiers.push(Tier::new(seats, weights, settings, goes_on));
        }
        let mut end = 0;
        let hashed = settings.config.algorithm == Algorithm::IpHash;
        let ends = roster.seats.iter().take(if hashed { usize::MAX } else { 0 }).map(|seat| {
            end += u64::from(seat.weight());
            end
        });
        let ends = ends.collect();
        let version = before.map_or(0, |before| before.version + 1);
        let arrivals = AtomicU32::new(0);
        let plan =
            Self { roster, available, tiers, ends, panicking, refresh_at, version, arrivals };
        (plan, returned)
    }

    /// Where the desk begins that is the `arrival`th to pick by this plan: the first where the plan
    /// before was left, the others far from each other, lest they go round in step.
    pub(crate) fn turn_of_arrival(&self, arrival: u32) -> u64 {
        self.tiers.first().map_or(0, |tier| tier.turn_ahead(arrival.reverse_bits()))
    }

    /// Anywhere in the round of the first tier.
    pub(crate) fn any_turn(&self, settings: &Settings<C>) -> u64 {
        self.tiers.first().map_or(0, |tier| tier.turn_ahead((settings.dice.number() >> 32) as u32))
    }

    /// Notes where the leading desk is.
    #[inline]
    pub(crate) fn publish(&self, turn: u64) {
        if let Some(tier) = self.tiers.first() {
            tier.set_turn(turn);
        }
    }

    /// Chooses among those available whose id is accepted. The turn is that of the first tier; the
    /// others are seldom asked, and their turns are everybody's.
    #[inline(always)]
    #[expect(
        clippy::inline_always,
        reason = "a frame's registers are stores that a pick waits for"
    )]
    pub(crate) fn choose(
        &self,
        by: &Choice<'_, C>,
        turn: &mut u64,
        accepts: impl Fn(&str) -> bool,
    ) -> Chosen<'_, T, C> {
        let (first, others) = self.tiers.split_first()?;
        match first.choose(by, turn, &accepts) {
            Some(index) => Some(first.member(index)),
            None => Self::choose_later(others, by, &accepts),
        }
    }

    #[cold]
    fn choose_later<'p>(
        tiers: &'p [Tier<T, C>],
        by: &Choice<'_, C>,
        accepts: &impl Fn(&str) -> bool,
    ) -> Chosen<'p, T, C> {
        tiers.iter().find_map(|tier| {
            let mut turn = tier.turn();
            let chosen = tier.choose(by, &mut turn, accepts);
            tier.set_turn(turn);
            chosen.map(|index| tier.member(index))
        })
    }

    /// The node of this address, or as [`choose`](Self::choose) if none of those that nginx tries is
    /// available or the algorithm is another.
    pub(crate) fn choose_for_ip(
        &self,
        by: &Choice<'_, C>,
        turn: &mut u64,
        ip: IpAddr,
        accepts: impl Fn(&str) -> bool,
    ) -> Chosen<'_, T, C> {
        let mut tries = ip_hash::tries(ip, &self.ends);
        let found =
            tries.find(|&index| self.available[index] && accepts(&self.roster.seats[index].id));
        match found {
            Some(index) => Some((index, self.roster.seats[index].member())),
            None => self.choose(by, turn, &accepts),
        }
    }

    /// The first of the candidates that is available and, if there is a bound, below it.
    pub(crate) fn choose_ordered<I>(
        &self,
        candidates: impl IntoIterator<Item = I>,
        bound: Option<f64>,
    ) -> Chosen<'_, T, C>
    where
        I: AsRef<str>,
    {
        let bound = bound.map(|factor| self.bound(factor));
        let mut first = None;
        for candidate in candidates {
            let Some(index) = self.roster.index(candidate.as_ref()) else { continue };
            let seat = &self.roster.seats[index];
            if !self.available[index] {
                continue;
            }
            if bound.is_none_or(|bound| bound.admits(seat)) {
                return Some((index, seat.member()));
            }
            // All could be at their bounds only if the list leaves some out.
            first = first.or(Some((index, seat.member())));
        }
        first
    }

    /// Apart, as the compiler would round the factor in advance also where there is none: 10 ns.
    #[inline(never)]
    #[expect(clippy::cast_sign_loss, reason = "the factor is 1 or more")]
    fn bound(&self, factor: f64) -> Bound {
        let seats = self.roster.seats.iter().zip(&self.available).filter(|(_, is)| **is);
        let (calls, weight) = seats.fold((0, 0), |(calls, weight), (seat, _)| {
            (calls + u128::from(seat.in_flight()), weight + u128::from(seat.weight()))
        });
        Bound { per_mille: (factor * 1000.0).round() as u128, calls: calls + 1, weight }
    }

    /// Why nothing was chosen.
    #[cold]
    pub(crate) fn why_none(&self) -> NoNode {
        let mut why = NoNode {
            nodes: self.available.len(),
            unhealthy: 0,
            ejected: 0,
            draining: 0,
            excluded: 0,
        };
        for (seat, available) in self.roster.seats.iter().zip(&self.available) {
            let view = seat.standing.load();
            if view.draining || seat.weight() == 0 {
                why.draining += 1;
            } else if *available {
                why.excluded += 1;
            } else if view.ejected && view.forced.is_none() {
                why.ejected += 1;
            } else {
                why.unhealthy += 1;
            }
        }
        why
    }
}

/// `⌈c × (calls + 1) × w / W⌉` calls in flight at most for a node of weight `w`: Mirrokni, Thorup
/// and Zadimoghaddam, "Consistent hashing with bounded loads", 2016. In whole numbers; their sum is
/// at least `calls + 1`, so that one of all nodes always has room.
#[derive(Clone, Copy)]
struct Bound {
    per_mille: u128,
    calls: u128,
    weight: u128,
}

impl Bound {
    fn admits<T, C>(self, seat: &Seat<T, C>) -> bool {
        let share = self.per_mille * self.calls * u128::from(seat.weight());
        u128::from(seat.in_flight()) < share.div_ceil(1000 * self.weight)
    }
}

/// When the ejection of a node ends that is ejected.
fn ejected_until<T, C>(seat: &Seat<T, C>) -> Option<Nanos> {
    let state = seat.ejection.as_ref()?;
    seat.standing.load().ejected.then(|| state.lock().until())
}

/// The weight of a node as slow start makes it, and when it will be another.
#[expect(clippy::cast_sign_loss, reason = "a share is not negative")]
fn warmed<T, C>(
    seat: &Seat<T, C>,
    full: u64,
    available: bool,
    is_first: bool,
    settings: &Settings<C>,
    now: Nanos,
) -> (u64, Nanos) {
    let was = seat.turnover.serving.swap(available, Ordering::Relaxed);
    let Some(slow_start) = &settings.config.slow_start else { return (full, Nanos::MAX) };
    let full_steps = full * u64::from(STEPS);
    let since = if available && !was && !is_first {
        now.as_nanos()
    } else if available {
        seat.turnover.since.load(Ordering::Relaxed)
    } else {
        WARM
    };
    let share =
        if since == WARM { 1.0 } else { slow_start.share_at(now, Nanos::from_nanos(since)) };
    let is_warm = share >= 1.0;
    seat.turnover.since.store(if is_warm { WARM } else { since }, Ordering::Relaxed);
    if is_warm {
        return (full_steps, Nanos::MAX);
    }
    let steps = (share * f64::from(STEPS)).round().max(1.0) as u64;
    let step = (slow_start.window / STEPS).max(core::time::Duration::from_nanos(1));
    (full * steps, now.saturating_add(step))
}

/// Which nodes are tried first, which next: by priority level; within a level those of the caller's
/// zone. A level, or a zone in it, of which less than the configured share is available does not
/// stand alone: the level comes after those that do, the zone is served by the whole level.
fn grouped<T, C>(
    roster: &Roster<T, C>,
    in_service: &impl Fn(usize) -> bool,
    available: &[bool],
    settings: &Settings<C>,
) -> Vec<Vec<usize>> {
    let config = &settings.config;
    let node = |index: usize| &roster.seats[index];
    let suffices = |members: &[usize]| {
        let up = members.iter().filter(|&&index| available[index]).count();
        up as f64 >= config.min_available * members.len() as f64
    };
    let mut levels: Vec<u8> = (0..available.len()).map(|index| node(index).priority).collect();
    levels.sort_unstable();
    levels.dedup();
    let (mut groups, mut reserves) = (Vec::new(), Vec::new());
    for level in levels {
        let of_level = |index: &usize| node(*index).priority == level && in_service(*index);
        let members: Vec<usize> = (0..available.len()).filter(of_level).collect();
        let is_local = |index: &usize| {
            config.zone.is_some() && node(*index).zone.as_deref() == config.zone.as_deref()
        };
        let (local, remote): (Vec<usize>, Vec<usize>) = members.iter().partition(|at| is_local(at));
        let to = if suffices(&members) { &mut groups } else { &mut reserves };
        if suffices(&local) {
            to.extend([local, remote]);
        } else {
            to.push(members);
        }
    }
    groups.append(&mut reserves);
    for group in &mut groups {
        group.retain(|&index| available[index]);
    }
    groups.retain(|group| !group.is_empty());
    groups
}
