use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;
use core::sync::atomic::{AtomicU64, Ordering};

use arc_swap::ArcSwap;
use parking_lot::{Mutex, MutexGuard};
use voussoir_core::{Clock, Nanos};

use crate::desk::{Chosen, Desk, Desks, Taken};
use crate::dice::Dice;
use crate::member::{Member, Seat};
use crate::plan::{Plan, Roster};
use crate::tier::Choice;
use crate::{BalancerConfig, Event, Health, Node, Observer};

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
            observer.on_event(event);
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
    /// Held while a new plan is made from the old one, so that no change is lost. Holds the rank of
    /// the next node.
    planning: Mutex<u64>,
}

/// What a new plan brings that observers should know.
#[must_use = "observers wait for it"]
struct News<T, C> {
    returned: Vec<Arc<str>>,
    panic: Option<bool>,
    /// May hold the last of a removed node, whose drop is the caller's code as observers are.
    _before: Arc<Plan<T, C>>,
}

impl<T, C> Shared<T, C> {
    pub(crate) fn new(settings: Arc<Settings<C>>, nodes: Vec<Node<T>>) -> Arc<Self>
    where
        C: Clock,
    {
        let now = settings.clock.now();
        Arc::new_cyclic(|home| {
            let next_rank = nodes.len() as u64;
            let seat = |(node, rank)| Arc::new(Seat::new(node, rank, home.clone(), &settings));
            let roster = Roster::new(nodes.into_iter().zip(0..).map(seat).collect());
            let (plan, _) = Plan::new(Arc::new(roster), None, &settings, now);
            let plan = Arc::new(plan);
            let desks = Desks::new(&plan);
            let (plan, planning) = (ArcSwap::new(plan), Mutex::new(next_rank));
            Self { settings, plan, version: AtomicU64::new(0), desks, planning }
        })
    }

    /// Adds a node, unless its id is taken.
    pub(crate) fn add(self: &Arc<Self>, node: Node<T>, now: Nanos) -> Result<(), Node<T>> {
        let mut next_rank = self.planning.lock();
        let roster = Arc::clone(&self.plan.load().roster);
        if roster.get(node.id()).is_some() {
            return Err(node);
        }
        let seat = Seat::new(node, *next_rank, Arc::downgrade(self), &self.settings);
        *next_rank += 1;
        let mut seats = roster.seats.clone();
        seats.push(Arc::new(seat));
        self.replan(next_rank, Some(Roster::new(seats)), now);
        Ok(())
    }

    /// Removes a node, if it is there.
    pub(crate) fn remove(&self, id: &str, now: Nanos) -> bool {
        let planning = self.planning.lock();
        let roster = Arc::clone(&self.plan.load().roster);
        let Some(index) = roster.index(id) else { return false };
        let mut seats = roster.seats.clone();
        seats.remove(index);
        self.replan(planning, Some(Roster::new(seats)), now);
        true
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

    pub(crate) fn health_changed(&self, member: &Member<T, C>, health: Health, now: Nanos) {
        self.refresh(now);
        if self.has(member) {
            self.settings.tell(&Event::Health { id: member.node.id(), now: health });
        }
    }

    /// Ejects a node, if not too many are ejected.
    #[cold]
    pub(crate) fn eject(&self, member: &Member<T, C>, now: Nanos) {
        let (Some(state), Some(policy)) = (&member.ejection, &self.settings.config.ejection) else {
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
        if self.has(member) && self.has_room(policy.max_ejected(self.nodes())) {
            let mut state = state.lock();
            if !state.is_ejected_at(now) {
                away = Some(state.eject_at(now, policy));
                drop(state);
                member.standing.set_ejected(true);
                news.push(self.make_plan(None, now));
            }
        }
        drop(planning);
        for news in &news {
            self.tell_news(news);
        }
        if let Some(away) = away {
            self.settings.tell(&Event::Ejected { id: member.node.id(), away });
        }
    }

    /// Begins a call at a desk, by the plan in force. The clock is read only where time could have
    /// changed it.
    #[inline]
    pub(crate) fn begin_call(
        &self,
        now: impl Fn() -> Nanos,
        by: &Choice<'_, C>,
        choose: impl for<'p> FnOnce(&'p Plan<T, C>, &Choice<'_, C>, &mut u64) -> Chosen<'p, T, C>,
    ) -> Option<Arc<Member<T, C>>> {
        let mut desk = self.desk();
        if let Some(refresh_at) = desk.as_ref().and_then(|desk| desk.refresh_at()) {
            let now = now();
            if now >= refresh_at {
                drop(desk);
                self.refresh_in_time(now);
                desk = self.desk();
            }
        }
        match desk {
            Some(mut desk) => desk.begin_call(by, choose),
            None => self.begin_call_anyhow(now, by, choose),
        }
    }

    /// With all desks taken.
    #[cold]
    fn begin_call_anyhow(
        &self,
        now: impl Fn() -> Nanos,
        by: &Choice<'_, C>,
        choose: impl for<'p> FnOnce(&'p Plan<T, C>, &Choice<'_, C>, &mut u64) -> Chosen<'p, T, C>,
    ) -> Option<Arc<Member<T, C>>> {
        self.renew(now);
        Desk::for_one_pick(self.plan.load_full(), &self.settings).begin_call(by, choose)
    }

    /// A desk with the plan in force.
    #[inline]
    fn desk(&self) -> Option<Taken<'_, T, C>> {
        let mut desk = self.desks.free()?;
        if !desk.follows(self.version.load(Ordering::Acquire)) {
            self.catch_up(&mut desk);
        }
        Some(desk)
    }

    #[cold]
    fn catch_up(&self, desk: &mut Desk<T, C>) {
        desk.follow(self.plan.load_full());
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
        let is_ejected = |seat: &&Arc<Seat<T, C>>| seat.member.standing.load().ejected;
        self.plan.load().roster.seats.iter().filter(is_ejected).count() < most
    }

    fn has(&self, member: &Member<T, C>) -> bool {
        let plan = self.plan.load();
        let seat = plan.roster.get(member.node.id());
        seat.is_some_and(|seat| core::ptr::eq(&raw const *seat.member, member))
    }

    /// Makes a new plan, over other nodes if there are any given, then tells what it brings, without
    /// the lock.
    fn replan(&self, planning: MutexGuard<'_, u64>, roster: Option<Roster<T, C>>, now: Nanos) {
        let news = self.make_plan(roster, now);
        drop(planning);
        self.tell_news(&news);
    }

    fn make_plan(&self, roster: Option<Roster<T, C>>, now: Nanos) -> News<T, C> {
        let before = self.plan.load_full();
        let roster = roster.map_or_else(|| Arc::clone(&before.roster), Arc::new);
        let (plan, returned) = Plan::new(roster, Some(&before), &self.settings, now);
        let panic = (plan.panicking != before.panicking).then_some(plan.panicking);
        let plan = Arc::new(plan);
        self.plan.store(Arc::clone(&plan));
        self.version.store(plan.version, Ordering::Release);
        self.desks.bring(&plan);
        News { returned, panic, _before: before }
    }

    fn tell_news(&self, news: &News<T, C>) {
        for id in &news.returned {
            self.settings.tell(&Event::Returned { id });
        }
        if let Some(on) = news.panic {
            self.settings.tell(&Event::Panic { on });
        }
    }
}
