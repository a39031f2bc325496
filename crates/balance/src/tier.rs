//! A choice among nodes of equal rank: all that are available, unless there are priorities and zones.

use alloc::sync::{Arc, Weak};
use alloc::vec::Vec;
use core::sync::atomic::{AtomicU64, Ordering};
use core::time::Duration;

use crossbeam_utils::CachePadded;
use parking_lot::Mutex;
use voussoir_core::{Nanos, Random};

use crate::alias::Alias;
use crate::member::{Member, Seat};
use crate::shared::Settings;
use crate::{Algorithm, smooth};

pub(crate) struct Tier<T, C> {
    /// In the order of their ranks, each with a weight above 0.
    seats: Vec<Placed<T, C>>,
    weights: Vec<u64>,
    order: Order,
    /// There where draws are not equally likely.
    alias: Option<Alias>,
    /// The turn of the desk that leads in the first tier, of all desks in the others. 0 before the
    /// first, then one more than the place in the round of whom the last one went to.
    turn: CachePadded<AtomicU64>,
}

struct Placed<T, C> {
    /// In the roster.
    place: usize,
    /// The seat's, here too because a pick would wait for the load.
    member: Weak<Member<T, C>>,
    seat: Arc<Seat<T, C>>,
}

enum Order {
    /// All weights are equal: the order of the seats.
    Equal,
    /// By weight, made beforehand.
    Made(smooth::Order),
    /// By weight, too long to be made beforehand: the current weights.
    Live(Mutex<Vec<i64>>),
}

/// Many times as long as a turn of some thousand nodes takes.
const PATIENCE: Duration = Duration::from_millis(1);

/// What a choice is made by, beside the tier.
pub(crate) struct Choice<'a, C> {
    pub(crate) settings: &'a Settings<C>,
    /// Read already if the algorithm is timed; else whatever.
    pub(crate) now: Nanos,
}

impl<T, C> Tier<T, C> {
    /// Goes on where `before` is, if there is one.
    pub(crate) fn new(
        seats: Vec<(usize, Arc<Seat<T, C>>)>,
        weights: Vec<u64>,
        settings: &Settings<C>,
        before: Option<&Self>,
    ) -> Self {
        let algorithm = settings.config.algorithm;
        let equal = weights.windows(2).all(|pair| pair[0] == pair[1]);
        let alias = (algorithm.is_drawn() && !equal).then(|| Alias::new(&weights));
        let current: Vec<_> =
            seats.iter().map(|(_, seat)| seat.turnover.current.load(Ordering::Relaxed)).collect();
        // Those that draw need no order. Those that weigh go on as they were.
        let by_weight = algorithm.is_weighted() && !algorithm.is_drawn();
        let plain = !by_weight || current.iter().all(|current| *current == 0);
        let order = if algorithm.is_drawn() || (equal && plain) {
            Order::Equal
        } else {
            match smooth::Order::new(&weights, &current) {
                Some(order) => Order::Made(order),
                None if equal => Order::Equal,
                None => Order::Live(current.into()),
            }
        };
        let last = if by_weight { None } else { before.and_then(Self::last_rank) };
        let turn = match &order {
            Order::Equal if last.is_some() => {
                seats.iter().position(|(_, seat)| Some(seat.rank) > last).unwrap_or(seats.len())
                    as u64
            }
            _ if before.is_some() || !settings.config.random_start => 0,
            Order::Equal => settings.dice.throw().below_u64(seats.len() as u64),
            Order::Made(order) => settings.dice.throw().below_u64(order.len()),
            Order::Live(_) => 0,
        };
        if let (Order::Live(current), None, true) = (&order, before, settings.config.random_start) {
            for _ in 0..settings.dice.throw().below(1024) {
                smooth::turn(&weights, &mut current.lock(), |_| true);
            }
        }
        let placed = |(place, seat): (usize, Arc<Seat<T, C>>)| Placed {
            place,
            member: seat.member().clone(),
            seat,
        };
        let seats = seats.into_iter().map(placed).collect();
        Self { seats, weights, order, alias, turn: CachePadded::new(AtomicU64::new(turn)) }
    }

    #[inline]
    pub(crate) fn member(&self, index: usize) -> (usize, &Weak<Member<T, C>>) {
        let placed = &self.seats[index];
        (placed.place, &placed.member)
    }

    pub(crate) fn turn(&self) -> u64 {
        self.turn.load(Ordering::Relaxed)
    }

    #[inline]
    pub(crate) fn set_turn(&self, turn: u64) {
        self.turn.store(turn, Ordering::Relaxed);
    }

    /// The turn that is `part` of 2^32 of a round ahead.
    pub(crate) fn turn_ahead(&self, part: u32) -> u64 {
        let ahead = |round: u64| ((u128::from(part) * u128::from(round)) >> 32) as u64;
        let turn = self.turn();
        match &self.order {
            Order::Equal if part > 0 => {
                let nodes = self.seats.len() as u64;
                (turn + ahead(nodes)) % nodes
            }
            Order::Made(order) if part > 0 => order.slot(turn + ahead(order.len())) as u64,
            _ => turn,
        }
    }

    /// Puts the current weights of the smooth order back into the seats.
    pub(crate) fn save(&self) {
        let turn = self.turn.load(Ordering::Relaxed);
        let current = match &self.order {
            Order::Made(order) => {
                let load =
                    |placed: &Placed<T, C>| placed.seat.turnover.current.load(Ordering::Relaxed);
                let mut current: Vec<_> = self.seats.iter().map(load).collect();
                order.replay(&self.weights, &mut current, turn);
                current
            }
            // Held for longer only by a turn whose filter makes this very change: then the nodes go
            // on from where the plan before took them over.
            Order::Live(current) => match current.try_lock_for(PATIENCE) {
                Some(current) => current.clone(),
                None => return,
            },
            Order::Equal => {
                let (nodes, weight) = (self.seats.len() as u64, self.weights[0]);
                let taken = turn % nodes;
                let due = |index: u64| {
                    let surplus = if index < taken { nodes * weight } else { 0 };
                    (taken * weight).cast_signed() - surplus.cast_signed()
                };
                (0..nodes).map(due).collect()
            }
        };
        for (placed, current) in self.seats.iter().zip(current) {
            placed.seat.turnover.current.store(current, Ordering::Relaxed);
        }
    }

    /// The rank of whom the last turn went to.
    fn last_rank(&self) -> Option<u64> {
        let last = self.turn.load(Ordering::Relaxed).checked_sub(1)?;
        let index = match &self.order {
            Order::Equal => (last % self.seats.len() as u64) as usize,
            Order::Made(order) => order.at(last),
            Order::Live(_) => return None,
        };
        Some(self.seats[index].seat.rank)
    }

    /// Chooses one of those accepted, by index; none if none is.
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
    ) -> Option<usize> {
        let accepts = |index: usize| accepts(&self.seats[index].seat.id);
        match by.settings.config.algorithm {
            Algorithm::RoundRobin | Algorithm::WeightedRoundRobin | Algorithm::IpHash => {
                self.in_turn(by, turn, accepts)
            }
            Algorithm::Random | Algorithm::WeightedRandom => self.drawn(by, accepts),
            Algorithm::LeastConnections | Algorithm::WeightedLeastConnections => {
                self.least_loaded(turn, accepts)
            }
            Algorithm::LeastResponseTime => self.least_costly(by, turn, accepts),
            Algorithm::PowerOfTwo => self.lighter_of_two(by, accepts),
            Algorithm::PeakEwma => self.cheaper_of_two(by, accepts),
        }
    }

    #[inline(always)]
    #[expect(clippy::inline_always, reason = "as above")]
    fn in_turn(
        &self,
        by: &Choice<'_, C>,
        turn: &mut u64,
        accepts: impl Fn(usize) -> bool,
    ) -> Option<usize> {
        match &self.order {
            Order::Equal => {
                let index = self.index_of(*turn);
                let index = if accepts(index) { index } else { self.next_after(index, accepts)? };
                *turn = index as u64 + 1;
                Some(index)
            }
            Order::Made(order) => {
                let slot = order.slot(*turn);
                *turn = slot as u64 + 1;
                let index = order.at_slot(slot);
                if accepts(index) {
                    return Some(index);
                }
                // Not the next turn of one accepted: a light node's may be a thousand turns away,
                // and those of the others in between would be lost.
                self.anyone(by, accepts)
            }
            Order::Live(current) => self.live_turn(current, by, accepts),
        }
    }

    /// Who meets another's turn does not wait, which may be its own in what accepts a node: it draws.
    #[inline(never)]
    fn live_turn(
        &self,
        current: &Mutex<Vec<i64>>,
        by: &Choice<'_, C>,
        accepts: impl Fn(usize) -> bool,
    ) -> Option<usize> {
        match current.try_lock() {
            Some(mut current) => smooth::turn(&self.weights, &mut current, accepts),
            None => self.anyone(by, accepts),
        }
    }

    #[inline(never)]
    fn drawn(&self, by: &Choice<'_, C>, accepts: impl Fn(usize) -> bool) -> Option<usize> {
        let mut random = by.settings.dice.throw();
        let drawn = self.draw(&mut random);
        if accepts(drawn) { Some(drawn) } else { self.draw_among(&mut random, accepts) }
    }

    #[inline(never)]
    fn lighter_of_two(&self, by: &Choice<'_, C>, accepts: impl Fn(usize) -> bool) -> Option<usize> {
        let (one, other, random) = self.two(by, accepts)?;
        Some(self.lighter(one, other, random))
    }

    #[inline(never)]
    fn cheaper_of_two(&self, by: &Choice<'_, C>, accepts: impl Fn(usize) -> bool) -> Option<usize> {
        let (one, other, random) = self.two(by, accepts)?;
        let (cost, other_cost) = (self.cost(by, one), self.cost(by, other));
        let tied = cost.total_cmp(&other_cost).is_eq();
        let first = if tied { random & 1 == 0 } else { cost < other_cost };
        Some(if first { one } else { other })
    }

    /// Whose turn it is where all are alike: without a division, which would take longer than the
    /// rest.
    #[inline]
    fn index_of(&self, turn: u64) -> usize {
        if turn < self.seats.len() as u64 { turn as usize } else { 0 }
    }

    /// The first of those accepted that comes after `index`.
    #[cold]
    fn next_after(&self, index: usize, accepts: impl Fn(usize) -> bool) -> Option<usize> {
        (index + 1..self.seats.len()).chain(0..index).find(|&index| accepts(index))
    }

    /// The fewest calls in flight per weight; of equals, whose turn comes first.
    #[inline]
    fn least_loaded(&self, turn: &mut u64, accepts: impl Fn(usize) -> bool) -> Option<usize> {
        match &self.order {
            Order::Made(order) => self.least_loaded_by_weight(order, turn, accepts),
            Order::Equal => {
                let index = self.index_of(*turn);
                if self.in_flight(index) == 0 && accepts(index) {
                    *turn = index as u64 + 1;
                    return Some(index);
                }
                self.least_loaded_of_equals(turn, accepts)
            }
            Order::Live(_) => self.least_by(
                turn,
                accepts,
                |index| (self.in_flight(index), self.weights[index]),
                |&(load, weight), &(least, of)| is_less(load, weight, least, of),
            ),
        }
    }

    #[inline(never)]
    fn least_loaded_of_equals(
        &self,
        turn: &mut u64,
        accepts: impl Fn(usize) -> bool,
    ) -> Option<usize> {
        let (before, from) = self.seats.split_at(self.index_of(*turn));
        let (mut least, mut least_at) = (u64::MAX, None);
        let in_turn = from.iter().zip(before.len()..).chain(before.iter().zip(0..));
        for (placed, index) in in_turn {
            let in_flight = Member::in_flight(&placed.member);
            if in_flight < least && accepts(index) {
                (least, least_at) = (in_flight, Some(index));
                if in_flight == 0 {
                    break;
                }
            }
        }
        *turn = least_at? as u64 + 1;
        least_at
    }

    #[inline(never)]
    fn least_loaded_by_weight(
        &self,
        order: &smooth::Order,
        turn: &mut u64,
        accepts: impl Fn(usize) -> bool,
    ) -> Option<usize> {
        let mut least: Option<(u64, usize)> = None;
        for index in 0..self.seats.len() {
            let in_flight = self.in_flight(index);
            let fewer = least.is_none_or(|(least, at)| {
                is_less(in_flight, self.weights[index], least, self.weights[at])
            });
            if fewer && accepts(index) {
                least = Some((in_flight, index));
            }
        }
        let (least, at) = least?;
        let tied = |index: usize| {
            let in_flight = self.in_flight(index);
            !is_less(least, self.weights[at], in_flight, self.weights[index]) && accepts(index)
        };
        // Four rounds of the nodes find a tied one but for the lightest, which `at` may be.
        let turns = *turn..turn.saturating_add(4 * self.seats.len() as u64).max(*turn + 16);
        let mut slots = turns.map(|turn| order.slot(turn));
        let Some(taken) = slots.find(|slot| tied(order.at_slot(*slot))) else { return Some(at) };
        *turn = taken as u64 + 1;
        Some(order.at_slot(taken))
    }

    fn least_costly(
        &self,
        by: &Choice<'_, C>,
        turn: &mut u64,
        accepts: impl Fn(usize) -> bool,
    ) -> Option<usize> {
        self.least_by(turn, accepts, |index| self.cost(by, index), |cost, least| cost < least)
    }

    /// The least by some measure; of equals, whose turn comes first.
    #[inline(never)]
    fn least_by<M>(
        &self,
        turn: &mut u64,
        accepts: impl Fn(usize) -> bool,
        measure: impl Fn(usize) -> M,
        is_less: impl Fn(&M, &M) -> bool,
    ) -> Option<usize> {
        let start = self.index_of(*turn);
        let mut least: Option<(M, usize)> = None;
        for index in (start..self.seats.len()).chain(0..start) {
            let measured = measure(index);
            if least.as_ref().is_none_or(|(least, _)| is_less(&measured, least)) && accepts(index) {
                least = Some((measured, index));
            }
        }
        let (_, index) = least?;
        *turn = index as u64 + 1;
        Some(index)
    }

    #[inline]
    fn in_flight(&self, index: usize) -> u64 {
        Member::in_flight(&self.seats[index].member)
    }

    #[inline]
    fn cost(&self, by: &Choice<'_, C>, index: usize) -> f64 {
        let (seat, decay) = (&self.seats[index].seat, by.settings.config.latency.decay);
        seat.latency.cost_at(by.now, decay, self.in_flight(index), self.weights[index])
    }

    /// Of two the one with fewer calls in flight per weight; of equals, either by chance, so that
    /// many callers do not fall on the same one (brpc#3367).
    #[inline]
    fn lighter(&self, one: usize, other: usize, random: u64) -> usize {
        let (first, second) = (self.in_flight(one), self.in_flight(other));
        let less = is_less(first, self.weights[one], second, self.weights[other]);
        let more = is_less(second, self.weights[other], first, self.weights[one]);
        // Without a branch, which could not be foretold.
        let takes_other = usize::from(more) | (usize::from(!less) & random as usize & 1);
        one ^ ((one ^ other) & takes_other.wrapping_neg())
    }

    /// Two distinct ones of those accepted, or the only one twice, and random bits.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "three words through memory would cost 2 ns")]
    fn two(
        &self,
        by: &Choice<'_, C>,
        accepts: impl Fn(usize) -> bool,
    ) -> Option<(usize, usize, u64)> {
        let number = by.settings.dice.number();
        if self.alias.is_none() && self.seats.len() > 1 {
            let (one, other) = self.two_alike(number);
            if accepts(one) && accepts(other) {
                return Some((one, other, number));
            }
        }
        self.two_drawn(number, accepts)
    }

    #[inline(never)]
    fn two_drawn(
        &self,
        number: u64,
        accepts: impl Fn(usize) -> bool,
    ) -> Option<(usize, usize, u64)> {
        let mut random = Random::seeded(number);
        if self.alias.is_some() && self.seats.len() > 1 {
            let one = self.draw(&mut random);
            let other = self.draw_other(&mut random, one);
            if accepts(one) && accepts(other) {
                return Some((one, other, random.next_u64()));
            }
        }
        let one = self.draw_among(&mut random, &accepts)?;
        let other = self.draw_among(&mut random, |index| index != one && accepts(index));
        Some((one, other.unwrap_or(one), random.next_u64()))
    }

    /// Two distinct ones by equal chances, out of the halves of one number. Its lowest bit sways the
    /// second of 2^32 / nodes numbers at most.
    #[inline]
    fn two_alike(&self, bits: u64) -> (usize, usize) {
        let nodes = self.seats.len() as u64;
        let one = ((bits >> 32) * nodes) >> 32;
        let other = ((bits & u64::from(u32::MAX)) * (nodes - 1)) >> 32;
        (one as usize, (other + u64::from(other >= one)) as usize)
    }

    #[inline]
    fn draw(&self, random: &mut Random) -> usize {
        match &self.alias {
            None => random.below(self.seats.len() as u32) as usize,
            Some(alias) => alias.draw(random),
        }
    }

    /// Another than `one`, of two or more, by weight.
    fn draw_other(&self, random: &mut Random, one: usize) -> usize {
        // With one node that weighs nearly all, the other would be long in coming.
        let drawn = (0..8).map(|_| self.draw(random)).find(|other| *other != one);
        drawn.or_else(|| self.draw_among(random, |index| index != one)).unwrap_or(one)
    }

    #[cold]
    fn anyone(&self, by: &Choice<'_, C>, accepts: impl Fn(usize) -> bool) -> Option<usize> {
        self.draw_among(&mut by.settings.dice.throw(), accepts)
    }

    /// One of those accepted, by weight. O(nodes).
    #[cold]
    fn draw_among(&self, random: &mut Random, accepts: impl Fn(usize) -> bool) -> Option<usize> {
        let accepted = || (0..self.seats.len()).filter(|&index| accepts(index));
        let total: u64 = accepted().map(|index| self.weights[index]).sum();
        let mut left = random.below_u64(total);
        accepted().find(|&index| {
            let weight = self.weights[index];
            let here = left < weight;
            left = left.saturating_sub(weight);
            here
        })
    }
}

/// Whether `load / weight` is less than `other / other_weight`.
#[inline]
fn is_less(load: u64, weight: u64, other: u64, other_weight: u64) -> bool {
    if weight == other_weight {
        return load < other;
    }
    u128::from(load) * u128::from(other_weight) < u128::from(other) * u128::from(weight)
}
