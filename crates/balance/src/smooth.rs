//! The smooth weighted round robin of nginx (commit 52327e0, 2012), and its order made beforehand.
//!
//! Each turn adds every node's weight to its *current* weight, takes the node whose current weight
//! is largest, the first of equals, and takes the sum of all weights off it. From rest, the order
//! repeats after sum / gcd turns, so that it can be written down once and followed by one counter.

use alloc::boxed::Box;
use alloc::vec::Vec;

/// One turn among those accepted; none if none is. The others are as if they were not there, and
/// keep their current weights.
pub(crate) fn turn(
    weights: &[u64],
    current: &mut [i64],
    accepts: impl Fn(usize) -> bool,
) -> Option<usize> {
    let mut total = 0_i64;
    let mut best: Option<(usize, i64)> = None;
    for (index, (weight, current)) in weights.iter().zip(&mut *current).enumerate() {
        if !accepts(index) {
            continue;
        }
        let weight = i64::try_from(*weight).unwrap_or(i64::MAX);
        total = total.saturating_add(weight);
        *current = current.saturating_add(weight);
        if best.is_none_or(|(_, most)| *current > most) {
            best = Some((index, *current));
        }
    }
    let (best, most) = best?;
    current[best] = most.saturating_sub(total);
    Some(best)
}

/// The order from some current weights on: first the lead, once, then the rest for ever.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Order {
    slots: Box<[u32]>,
    lead: usize,
}

/// Slots × nodes to which an order is made beforehand: some 1 ms of work.
const MOST_WORK: u64 = 1 << 20;
/// Rounds after which current weights are expected to repeat. From rest they do after one; after a
/// change of nodes the largest surpluses need a few.
const MOST_ROUNDS: u64 = 4;

impl Order {
    /// None if it would be too long, or does not begin to repeat.
    pub(crate) fn new(weights: &[u64], current: &[i64]) -> Option<Self> {
        let divisor = weights.iter().copied().fold(0, gcd).max(1);
        let round = weights.iter().fold(0_u64, |sum, weight| sum.saturating_add(weight / divisor));
        let work = round.saturating_mul(weights.len() as u64);
        if work == 0 || work > MOST_WORK {
            return None;
        }
        let mut current = current.to_vec();
        let mut slots = Vec::with_capacity(round as usize);
        for lead in 0..(MOST_WORK / work).min(MOST_ROUNDS) {
            let before = current.clone();
            for _ in 0..round {
                slots.push(turn(weights, &mut current, |_| true)? as u32);
            }
            if current == before {
                let lead = (lead * round) as usize;
                return Some(Self { slots: slots.into(), lead });
            }
        }
        None
    }

    /// Whose turn number `turn` is.
    #[inline]
    pub(crate) fn at(&self, turn: u64) -> usize {
        self.at_slot(self.slot(turn))
    }

    /// Whose turn it is in this slot.
    #[inline]
    pub(crate) fn at_slot(&self, slot: usize) -> usize {
        self.slots[slot] as usize
    }

    /// How many turns there are before all repeats.
    pub(crate) fn len(&self) -> u64 {
        self.slots.len() as u64
    }

    /// The current weights after `turns`, from those before the first.
    pub(crate) fn replay(&self, weights: &[u64], current: &mut [i64], turns: u64) {
        for _ in 0..self.slot(turns) {
            turn(weights, current, |_| true);
        }
    }

    /// Where in the order turn number `turn` is. The turn after a slot's is the number of the slot + 1.
    #[inline]
    pub(crate) fn slot(&self, turn: u64) -> usize {
        let len = self.slots.len() as u64;
        if turn < len {
            return turn as usize;
        }
        let lead = self.lead as u64;
        (lead + (turn - lead) % (len - lead)) as usize
    }
}

fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

#[cfg(test)]
mod tests {
    use alloc::string::String;
    use alloc::vec::Vec;

    use proptest::prelude::*;

    use super::{Order, turn};

    fn letters(order: &Order, turns: u64) -> String {
        (0..turns).map(|turn| char::from(b'a' + order.at(turn) as u8)).collect()
    }

    /// The order that the message of nginx's commit of this algorithm shows.
    #[test]
    fn the_order_is_that_of_nginx() {
        let order = |weights: &[u64], turns| {
            letters(&Order::new(weights, &alloc::vec![0; weights.len()]).unwrap(), turns)
        };
        assert_eq!(order(&[5, 1, 1], 14), "aabacaaaabacaa");
        assert_eq!(order(&[1, 2, 3], 6), "cbacbc");
        assert_eq!(order(&[1, 1, 1], 6), "abcabc");
        assert_eq!(order(&[4, 2], 6), "abaaba");
    }

    proptest! {
        #[test]
        fn the_order_made_beforehand_is_the_live_one(
            weights in prop::collection::vec(1..20_u64, 1..7),
            skipped in 0..200_u64,
            without in any::<prop::sample::Index>(),
        ) {
            let mut live = alloc::vec![0; weights.len()];
            let order = Order::new(&weights, &live).unwrap();
            let mut replayed = live.clone();
            for at in 0..skipped {
                prop_assert_eq!(turn(&weights, &mut live, |_| true), Some(order.at(at)));
            }
            order.replay(&weights, &mut replayed, skipped);
            prop_assert_eq!(&replayed, &live);

            // One goes amid a round; the rest keep their current weights.
            let gone = without.index(weights.len());
            let keep = |index: &usize| *index != gone;
            let rest: Vec<u64> = (0..weights.len()).filter(keep).map(|at| weights[at]).collect();
            let mut live: Vec<i64> = (0..weights.len()).filter(keep).map(|at| live[at]).collect();
            if let Some(order) = Order::new(&rest, &live) {
                for at in 0..2 * order.len() {
                    prop_assert_eq!(turn(&rest, &mut live, |_| true), Some(order.at(at)));
                }
            }
        }
    }
}
