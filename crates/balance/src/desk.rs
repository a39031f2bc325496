//! Where picks are made. Each thread has a desk of its own, with the plan in force, its own place in
//! the round and its own count of picks, so that a pick writes nothing that another thread writes but
//! the count of calls in flight of the node it takes; and as nobody else comes to a desk, it needs no
//! lock.
//!
//! What brings the plan to the desk is its next pick. So a thread that picks no more keeps an old
//! plan, which owns none of the caller's values.

use alloc::boxed::Box;
use alloc::sync::{Arc, Weak};
use alloc::vec::Vec;
use core::cell::RefCell;
use core::sync::atomic::{AtomicU64, Ordering};

use crossbeam_utils::CachePadded;
use parking_lot::Mutex;
use voussoir_core::{Nanos, PerThread};

use crate::member::Member;
use crate::plan::{Plan, Roster};
use crate::shared::Settings;
use crate::tier::Choice;

/// A node of the plan by its place in the roster, if there is one to choose.
pub(crate) type Chosen<'p, T, C> = Option<(usize, &'p Weak<Member<T, C>>)>;

pub(crate) struct Desk<T, C> {
    plan: Arc<Plan<T, C>>,
    /// Where this desk is in the round of the first tier.
    turn: u64,
    /// There from the first pick by this plan on.
    place: Option<Place>,
    /// None at a desk for one pick.
    tally: Option<Arc<Tally<T, C>>>,
}

/// How a desk came to this plan.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// First: the next plan goes on where this desk is.
    Lead,
    Other,
}

impl<T, C> Desk<T, C> {
    /// For one pick, made while another one is under way at the thread's own desk: from anywhere in
    /// the round, which keeps the shares.
    #[cold]
    pub(crate) fn for_one_pick(plan: Arc<Plan<T, C>>, settings: &Settings<C>) -> Self {
        let turn = plan.any_turn(settings);
        Self { plan, turn, place: Some(Place::Other), tally: None }
    }

    #[inline]
    pub(crate) fn follows(&self, version: u64) -> bool {
        self.plan.version == version
    }

    /// When time alone will change the plan; never, mostly.
    #[inline]
    pub(crate) fn refresh_at(&self) -> Nanos {
        self.plan.refresh_at
    }

    #[inline(always)]
    #[expect(
        clippy::inline_always,
        reason = "a frame's registers are stores that a pick waits for"
    )]
    pub(crate) fn choose(
        &mut self,
        by: &Choice<'_, C>,
        choose: &mut impl for<'p> FnMut(&'p Plan<T, C>, &Choice<'_, C>, &mut u64) -> Chosen<'p, T, C>,
    ) -> Option<&Weak<Member<T, C>>> {
        let place = match self.place {
            Some(place) => place,
            None => self.take_place(),
        };
        let (index, member) = choose(&self.plan, by, &mut self.turn)?;
        if place == Place::Lead {
            self.plan.publish(self.turn);
        }
        match &self.tally {
            Some(tally) => tally.add_pick(index),
            None => self.plan.roster.seats[index].add_picks(1),
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
}

/// The picks of one desk, by place in the roster.
struct Tally<T, C> {
    roster: Arc<Roster<T, C>>,
    /// In lines that no other desk writes.
    lines: Box<[CachePadded<[Picks; LINE]>]>,
}

/// Nodes whose picks fill a line.
const LINE: usize = 8;

#[derive(Default)]
struct Picks {
    /// Written by the desk alone.
    made: AtomicU64,
    /// Those of them that the seat knows of. Written under the lock of all tallies.
    told: AtomicU64,
}

impl<T, C> Tally<T, C> {
    fn new(roster: &Arc<Roster<T, C>>) -> Arc<Self> {
        let lines = roster.seats.chunks(LINE).map(|_| CachePadded::default()).collect();
        Arc::new(Self { roster: Arc::clone(roster), lines })
    }

    #[inline]
    fn add_pick(&self, index: usize) {
        let made = &self.lines[index / LINE][index % LINE].made;
        // With one writer an addition needs no atomic operation, which would take 5 ns.
        made.store(made.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
    }

    /// Tells the seats of what was picked since the last time.
    fn settle(&self) {
        for (picks, seat) in self.lines.iter().flat_map(|line| &**line).zip(&self.roster.seats) {
            let made = picks.made.load(Ordering::Relaxed);
            seat.add_picks(made - picks.told.swap(made, Ordering::Relaxed));
        }
    }
}

pub(crate) struct Desks<T, C> {
    desks: PerThread<RefCell<Desk<T, C>>>,
    /// Of each desk.
    tallies: Mutex<Vec<Arc<Tally<T, C>>>>,
}

impl<T, C> Desks<T, C> {
    pub(crate) fn new() -> Self {
        Self { desks: PerThread::new(), tallies: Mutex::default() }
    }

    /// Calls `act` with the thread's own.
    #[inline]
    pub(crate) fn with_own<R>(
        &self,
        plan: impl FnOnce() -> Arc<Plan<T, C>>,
        act: impl FnOnce(&RefCell<Desk<T, C>>) -> R,
    ) -> R {
        let begin = || {
            let plan = plan();
            let tally = Tally::new(&plan.roster);
            self.tallies.lock().push(Arc::clone(&tally));
            RefCell::new(Desk { plan, turn: 0, place: None, tally: Some(tally) })
        };
        self.desks.with(begin, act)
    }

    /// Brings a plan to a desk.
    #[cold]
    pub(crate) fn bring(&self, plan: Arc<Plan<T, C>>, desk: &mut Desk<T, C>) {
        let Some(tally) = &mut desk.tally else {
            desk.plan = plan;
            return;
        };
        if !Arc::ptr_eq(&tally.roster, &plan.roster) {
            let next = Tally::new(&plan.roster);
            let mut tallies = self.tallies.lock();
            tally.settle();
            if let Some(listed) = tallies.iter_mut().find(|listed| Arc::ptr_eq(listed, tally)) {
                *listed = Arc::clone(&next);
            }
            *tally = next;
        }
        desk.place = None;
        desk.plan = plan;
    }

    /// Tells the seats of all picks.
    pub(crate) fn settle(&self) {
        self.tallies.lock().iter().for_each(|tally| tally.settle());
    }
}

#[cfg(all(test, not(voussoir_loom)))]
mod tests {
    use super::{Arc, Settings};
    use crate::shared::Shared;
    use crate::{Algorithm, BalancerConfig, Node};

    #[test]
    fn threads_that_come_one_after_the_other_share_a_few_desks() {
        let config = BalancerConfig::new(Algorithm::RoundRobin);
        let settings = Settings::new(config, voussoir_core::SystemClock, None, None);
        let shared = Shared::new(Arc::new(settings), alloc::vec![Node::new("a", ())]);
        for _ in 0..1_000 {
            std::thread::scope(|scope| {
                let desks = &shared.desks;
                let sit = || desks.with_own(|| shared.plan.load_full(), |_| ());
                let thread = scope.spawn(sit);
                thread.join().unwrap();
            });
        }
        // Threads of other tests run at the same time, and a desk is for one thread at a time.
        assert!(shared.desks.tallies.lock().len() < 100);
    }
}
