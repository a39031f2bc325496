use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;
use core::cell::{RefCell, RefMut};
use core::panic::AssertUnwindSafe;
use core::sync::atomic::{AtomicU64, Ordering, fence};
use std::panic::catch_unwind;

use arc_swap::ArcSwap;
use parking_lot::{Mutex, MutexGuard};
use voussoir_core::{Clock, Nanos};

use crate::desk::{Chosen, Desk, Desks};
use crate::dice::Dice;
use crate::member::{Member, Seat};
use crate::plan::{Plan, Roster};
use crate::tier::Choice;
use crate::{BalancerConfig, Event, Health, Node, Observer, Probe};

/// What a balancer was built with.
pub(crate) struct Settings<C> {
    pub(crate) config: BalancerConfig,
    pub(crate) clock: C,
    /// Whether anything is to be learned from how a call ended.
    pub(crate) learns: bool,
    observer: Option<Arc<dyn Observer>>,
    pub(crate) dice: Dice,
}

impl<C> Settings<C> {
    pub(crate) fn new(
        config: BalancerConfig,
        clock: C,
        observer: Option<Arc<dyn Observer>>,
        seed: Option<u64>,
    ) -> Self {
        let learns =
            config.algorithm.is_timed() || config.ejection.is_some() || config.health.passive;
        Self { config, clock, learns, observer, dice: Dice::new(seed) }
    }

    fn tell(&self, event: &Event<'_>) {
        if let Some(observer) = &self.observer {
            // The hook has reported a panic already, and the change is made: the call that made it
            // has nothing to do with who listens.
            let _ = catch_unwind(AssertUnwindSafe(|| observer.on_event(event)));
        }
    }
}

/// What all clones of a balancer have in common.
pub(crate) struct Shared<T, C> {
    pub(crate) settings: Arc<Settings<C>>,
    pub(crate) plan: ArcSwap<Plan<T, C>>,
    /// Of the plan, set after it: whoever reads it finds that plan or a later one.
    version: AtomicU64,
    pub(crate) desks: Desks<T, C>,
    /// Held while a new plan is made from the old one, so that no change is lost.
    planning: Mutex<Members<T, C>>,
}

/// The nodes themselves, in the order of the plan's roster.
struct Members<T, C> {
    members: Vec<Arc<Member<T, C>>>,
    next_rank: u64,
}

/// What a new plan brings that observers should know.
#[must_use = "observers wait for it"]
struct News {
    returned: Vec<Arc<str>>,
    panic: Option<bool>,
}

impl<T, C> Shared<T, C> {
    pub(crate) fn new(settings: Arc<Settings<C>>, nodes: Vec<Node<T>>) -> Arc<Self>
    where
        C: Clock,
    {
        let now = settings.clock.now();
        Arc::new_cyclic(|home| {
            let next_rank = nodes.len() as u64;
            let member = |(node, rank)| Member::new(node, rank, home.clone(), &settings);
            let members: Vec<_> = nodes.into_iter().zip(0..).map(member).collect();
            let roster =
                Roster::new(members.iter().map(|member| Arc::clone(member.seat())).collect());
            let (plan, _) = Plan::new(Arc::new(roster), None, &settings, now);
            Self {
                settings,
                plan: ArcSwap::from_pointee(plan),
                version: AtomicU64::new(0),
                desks: Desks::new(),
                planning: Mutex::new(Members { members, next_rank }),
            }
        })
    }

    /// Adds a node, unless its id is taken.
    pub(crate) fn add(self: &Arc<Self>, node: Node<T>, now: Nanos) -> Result<(), Node<T>> {
        let mut planning = self.planning.lock();
        let roster = Arc::clone(&self.plan.load().roster);
        if roster.get(node.id()).is_some() {
            return Err(node);
        }
        let home = Arc::downgrade(self);
        let member = Member::new(node, planning.next_rank, home, &self.settings);
        planning.next_rank += 1;
        let mut seats = roster.seats.clone();
        seats.push(Arc::clone(member.seat()));
        planning.members.push(member);
        self.replan(planning, Some(Roster::new(seats)), now);
        Ok(())
    }

    /// Removes a node, and returns it if it was there.
    pub(crate) fn remove(&self, id: &str, now: Nanos) -> Option<Arc<Member<T, C>>> {
        let mut planning = self.planning.lock();
        let roster = Arc::clone(&self.plan.load().roster);
        let index = roster.index(id)?;
        let mut seats = roster.seats.clone();
        seats.remove(index);
        let member = planning.members.remove(index);
        self.replan(planning, Some(Roster::new(seats)), now);
        Some(member)
    }

    /// Makes a new plan, as something has changed.
    pub(crate) fn refresh(&self, now: Nanos) {
        self.replan(self.planning.lock(), None, now);
    }

    /// Makes a new plan, as time has come to. Where another thread makes one, the old one will do.
    #[cold]
    fn refresh_in_time(&self, now: Nanos) {
        if let Some(planning) = self.planning.try_lock()
            && now >= self.plan.load().refresh_at
        {
            self.replan(planning, None, now);
        }
    }

    /// Takes a probe of a node into account, and tells the health that it changed.
    pub(crate) fn observe(
        &self,
        seat: &Seat<T, C>,
        now: impl Fn() -> Nanos,
        probe: Probe,
    ) -> Option<Health> {
        let changed = seat.standing.observe(probe, &self.settings.config.health)?;
        self.health_changed(seat, changed, now());
        Some(changed)
    }

    pub(crate) fn health_changed(&self, seat: &Seat<T, C>, health: Health, now: Nanos) {
        self.refresh(now);
        if self.has(seat) {
            self.settings.tell(&Event::Health { id: &seat.id, now: health });
        }
    }

    /// Ejects a node, if not too many are ejected.
    #[cold]
    pub(crate) fn eject(&self, seat: &Seat<T, C>, now: Nanos) {
        let (Some(state), Some(policy)) = (&seat.ejection, &self.settings.config.ejection) else {
            return;
        };
        // Without the lock first: a bad node that may not be ejected asks with each of its calls.
        if now < self.plan.load().refresh_at && !self.has_room(policy.max_ejected(self.nodes())) {
            return;
        }
        let planning = self.planning.lock();
        // Those whose time is over make room.
        let mut news = vec![self.make_plan(None, now)];
        let mut away = None;
        if self.has(seat) && self.has_room(policy.max_ejected(self.nodes())) {
            let mut state = state.lock();
            if !state.is_ejected_at(now) {
                away = Some(state.eject_at(now, policy));
                drop(state);
                seat.standing.set_ejected(true);
                news.push(self.make_plan(None, now));
            }
        }
        drop(planning);
        for news in &news {
            self.tell_news(news);
        }
        if let Some(away) = away {
            self.settings.tell(&Event::Ejected { id: &seat.id, away });
        }
    }

    /// Begins a call at the thread's desk, by the plan in force. The clock is read only where time
    /// could have changed it.
    #[inline]
    pub(crate) fn begin_call(
        &self,
        now: impl Fn() -> Nanos,
        by: &Choice<'_, C>,
        choose: impl for<'p> FnMut(&'p Plan<T, C>, &Choice<'_, C>, &mut u64) -> Chosen<'p, T, C>,
    ) -> Option<Arc<Member<T, C>>> {
        self.desks
            .with_own(|| self.plan.load_full(), |own| self.begin_call_at(own, now, by, choose))
    }

    #[inline]
    fn begin_call_at(
        &self,
        own: &RefCell<Desk<T, C>>,
        now: impl Fn() -> Nanos,
        by: &Choice<'_, C>,
        mut choose: impl for<'p> FnMut(&'p Plan<T, C>, &Choice<'_, C>, &mut u64) -> Chosen<'p, T, C>,
    ) -> Option<Arc<Member<T, C>>> {
        let apart;
        // Taken where code of the caller that runs at a desk (what accepts a node, a clock) picks.
        let (place, mut desk) = if let Ok(desk) = own.try_borrow_mut() {
            (own, desk)
        } else {
            apart = self.desk_apart();
            (&apart, apart.borrow_mut())
        };
        loop {
            if !desk.follows(self.version.load(Ordering::Acquire)) {
                self.bring_plan(&mut desk);
            }
            if desk.refresh_at() != Nanos::MAX {
                desk = self.refreshed(place, desk, &now);
            }
            if let Some(member) = desk.choose(by, &mut choose)?.upgrade() {
                return Some(member);
            }
            Self::node_is_gone();
        }
    }

    /// The node was removed while it was chosen: then the next plan is there.
    #[cold]
    fn node_is_gone() {
        fence(Ordering::Acquire);
    }

    /// With the thread's own taken.
    #[cold]
    fn desk_apart(&self) -> RefCell<Desk<T, C>> {
        RefCell::new(Desk::for_one_pick(self.plan.load_full(), &self.settings))
    }

    #[cold]
    fn bring_plan(&self, desk: &mut Desk<T, C>) {
        self.desks.bring(self.plan.load_full(), desk);
    }

    /// The desk, after a new plan was made if time has come to.
    #[inline(never)]
    fn refreshed<'a>(
        &self,
        place: &'a RefCell<Desk<T, C>>,
        mut desk: RefMut<'a, Desk<T, C>>,
        now: impl Fn() -> Nanos,
    ) -> RefMut<'a, Desk<T, C>> {
        let now = now();
        if now >= desk.refresh_at() {
            // Observers are told, and may pick.
            drop(desk);
            self.refresh_in_time(now);
            desk = place.borrow_mut();
            if !desk.follows(self.version.load(Ordering::Acquire)) {
                self.bring_plan(&mut desk);
            }
        }
        desk
    }

    /// Makes a new plan if time has come to.
    pub(crate) fn renew(&self, now: impl Fn() -> Nanos) {
        let refresh_at = self.plan.load().refresh_at;
        if refresh_at != Nanos::MAX {
            let now = now();
            if now >= refresh_at {
                self.refresh_in_time(now);
            }
        }
    }

    fn nodes(&self) -> usize {
        self.plan.load().roster.seats.len()
    }

    fn has_room(&self, most: usize) -> bool {
        let is_ejected = |seat: &&Arc<Seat<T, C>>| seat.standing.load().ejected;
        self.plan.load().roster.seats.iter().filter(is_ejected).count() < most
    }

    fn has(&self, seat: &Seat<T, C>) -> bool {
        let plan = self.plan.load();
        plan.roster.get(&seat.id).is_some_and(|has| core::ptr::eq(&raw const **has, seat))
    }

    /// Makes a new plan, over other nodes if there are any given, then tells what it brings, without
    /// the lock.
    fn replan(
        &self,
        planning: MutexGuard<'_, Members<T, C>>,
        roster: Option<Roster<T, C>>,
        now: Nanos,
    ) {
        let news = self.make_plan(roster, now);
        drop(planning);
        self.tell_news(&news);
    }

    fn make_plan(&self, roster: Option<Roster<T, C>>, now: Nanos) -> News {
        let before = self.plan.load_full();
        let roster = roster.map_or_else(|| Arc::clone(&before.roster), Arc::new);
        let (plan, returned) = Plan::new(roster, Some(&before), &self.settings, now);
        let panic = (plan.panicking != before.panicking).then_some(plan.panicking);
        let version = plan.version;
        self.plan.store(Arc::new(plan));
        self.version.store(version, Ordering::Release);
        News { returned, panic }
    }

    fn tell_news(&self, news: &News) {
        for id in &news.returned {
            self.settings.tell(&Event::Returned { id });
        }
        if let Some(on) = news.panic {
            self.settings.tell(&Event::Panic { on });
        }
    }
}
