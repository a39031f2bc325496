//! Where picks are made. Each thread has a desk of its own, with the plan in force, its own place in
//! the round and its own count of picks, so that a pick writes nothing that another thread writes but
//! the count of calls in flight of the node it takes.
//!
//! A desk is only ever *tried*: who finds it taken goes to the next one, and with all taken makes do
//! without. So nobody waits here, and code of the caller that runs at a desk (what accepts a node, a
//! clock) may use the balancer.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::hint::spin_loop;
use core::sync::atomic::Ordering;

use voussoir_core::{Lock, Nanos, Striped};

use crate::member::{Member, Seat};
use crate::plan::Plan;
use crate::shared::Settings;
use crate::tier::Choice;

/// A node of the plan by its place in the roster, if there is one to choose.
pub(crate) type Chosen<'p, T, C> = Option<(usize, &'p Arc<Seat<T, C>>)>;

pub(crate) struct Desk<T, C> {
    plan: Arc<Plan<T, C>>,
    /// Where this desk is in the round of the first tier.
    turn: u64,
    /// There from the first pick by this plan on.
    place: Option<Place>,
    /// By place in the roster, picks that their nodes do not know of yet. Empty at a desk for one pick.
    picks: Vec<u64>,
}

/// How a desk came to this plan.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// First: the next plan goes on where this desk is.
    Lead,
    Other,
}

impl<T, C> Desk<T, C> {
    fn new(plan: Arc<Plan<T, C>>) -> Self {
        let picks = alloc::vec![0; plan.roster.seats.len()];
        Self { plan, turn: 0, place: None, picks }
    }

    /// For one pick, with all others taken: from anywhere in the round, which keeps the shares.
    #[cold]
    pub(crate) fn for_one_pick(plan: Arc<Plan<T, C>>, settings: &Settings<C>) -> Self {
        let turn = plan.any_turn(settings);
        Self { plan, turn, place: Some(Place::Other), picks: Vec::new() }
    }

    #[inline]
    pub(crate) fn follows(&self, version: u64) -> bool {
        self.plan.version == version
    }

    /// When time alone will change the plan, if it will.
    #[inline]
    pub(crate) fn refresh_at(&self) -> Option<Nanos> {
        Some(self.plan.refresh_at).filter(|at| *at != Nanos::MAX)
    }

    /// Begins a call of whom `choose` chooses.
    #[inline]
    pub(crate) fn begin_call(
        &mut self,
        by: &Choice<'_, C>,
        choose: impl for<'p> FnOnce(&'p Plan<T, C>, &Choice<'_, C>, &mut u64) -> Chosen<'p, T, C>,
    ) -> Option<Arc<Member<T, C>>> {
        let place = match self.place {
            Some(place) => place,
            None => self.take_place(),
        };
        let (index, seat) = choose(&self.plan, by, &mut self.turn)?;
        if place == Place::Lead {
            self.plan.publish(self.turn);
        }
        let member = seat.begin_call();
        match self.picks.get_mut(index) {
            Some(picks) => *picks += 1,
            None => member.add_picks(1),
        }
        Some(member)
    }

    #[cold]
    fn take_place(&mut self) -> Place {
        let arrival = self.plan.arrivals.fetch_add(1, Ordering::Relaxed);
        self.turn = self.plan.turn_of_arrival(arrival);
        let place = if arrival == 0 { Place::Lead } else { Place::Other };
        self.place = Some(place);
        place
    }

    /// Tells the nodes of the picks made here.
    fn settle(&mut self) {
        for (picks, seat) in self.picks.iter_mut().zip(&self.plan.roster.seats) {
            if *picks > 0 {
                seat.member.add_picks(core::mem::take(picks));
            }
        }
    }

    /// Goes over to another plan; returns the one before.
    pub(crate) fn follow(&mut self, plan: Arc<Plan<T, C>>) -> Arc<Plan<T, C>> {
        if !Arc::ptr_eq(&self.plan.roster, &plan.roster) {
            self.settle();
            self.picks.clear();
            self.picks.resize(plan.roster.seats.len(), 0);
        }
        self.place = None;
        core::mem::replace(&mut self.plan, plan)
    }
}

pub(crate) struct Desks<T, C>(Striped<Lock<Desk<T, C>>>);

/// Tries of a change at a desk where somebody is: some 100 ns, many times what a pick takes.
const PATIENCE: u32 = 50;

impl<T, C> Desks<T, C> {
    pub(crate) fn new(plan: &Arc<Plan<T, C>>) -> Self {
        Self(Striped::new(|| Lock::new(Desk::new(Arc::clone(plan)))))
    }

    /// The thread's own, or one that nobody is at.
    #[inline]
    pub(crate) fn free(&self) -> Option<Taken<'_, T, C>> {
        match self.0.local().try_lock() {
            None => self.another(),
            own => own,
        }
    }

    #[cold]
    fn another(&self) -> Option<Taken<'_, T, C>> {
        self.0.iter().find_map(Lock::try_lock)
    }

    /// Brings the plan to all desks, so that none keeps what the old one held. One that is busy for
    /// long finds out by itself at its next pick.
    pub(crate) fn bring(&self, plan: &Arc<Plan<T, C>>) {
        for desk in self.0.iter() {
            if let Some(mut desk) = patiently(desk) {
                let before = desk.follow(Arc::clone(plan));
                drop(desk);
                drop(before);
            }
        }
    }

    /// Tells the nodes of all picks.
    pub(crate) fn settle(&self) {
        self.0.iter().filter_map(patiently).for_each(|mut desk| desk.settle());
    }
}

/// A desk with somebody at it.
#[cfg(not(voussoir_loom))]
pub(crate) type Taken<'a, T, C> = lock_api::MutexGuard<'a, voussoir_core::RawLock, Desk<T, C>>;
#[cfg(voussoir_loom)]
pub(crate) type Taken<'a, T, C> = parking_lot::MutexGuard<'a, Desk<T, C>>;

fn patiently<T, C>(desk: &Lock<Desk<T, C>>) -> Option<Taken<'_, T, C>> {
    (0..PATIENCE).find_map(|_| {
        let taken = desk.try_lock();
        if taken.is_none() {
            spin_loop();
        }
        taken
    })
}
