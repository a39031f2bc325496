use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;

use crate::HashFunction;
use crate::members::Members;

/// Nobody's slot. No node has this number: there are at most 2^22.
const FREE: u32 = u32::MAX;

/// A node's order of slots: from `next` on in steps of `skip`, round the table. As its size is a prime,
/// every slot is met once.
struct Order {
    node: u32,
    next: u32,
    skip: u32,
    /// `skip - slots`, negative, as the wrapping number that is added instead where the table ends.
    back: u32,
    weight: u32,
    /// What it has saved up. A turn costs the weight of the heaviest node.
    credit: u64,
}

/// The table: nodes take turns, and in its turn each takes the next free slot of its order.
///
/// Every round each node saves up its weight and takes a turn once it has the weight of the heaviest.
/// All start one short of a turn, so that each has one in the first round.
pub(super) fn table(members: &Members, hash: HashFunction, slots: u32) -> Box<[u32]> {
    let turn = u64::from(members.max_weight());
    let mut orders: Vec<Order> = members
        .with_weight()
        .map(|(node, about)| {
            let mut hashes = hash.sequence(about.label_text());
            let mut below = |end: u32| (hashes.next().unwrap_or(0) % u64::from(end)) as u32;
            let next = below(slots);
            let skip = below(slots - 1) + 1;
            let back = skip.wrapping_sub(slots);
            Order { node, next, skip, back, weight: about.weight_units(), credit: turn - 1 }
        })
        .collect();
    if orders.is_empty() {
        return Box::default();
    }
    let mut table = vec![FREE; slots as usize];
    let mut left = slots;
    loop {
        for order in &mut orders {
            order.credit += u64::from(order.weight);
            if order.credit < turn {
                continue;
            }
            order.credit -= turn;
            let mut slot = order.next;
            while table[slot as usize] != FREE {
                slot = order.after(slot);
            }
            table[slot as usize] = order.node;
            left -= 1;
            if left == 0 {
                return table.into();
            }
            order.next = order.after(slot);
        }
    }
}

impl Order {
    /// The next slot. Both sums are made at once, and the carry of the second chooses: a step waits for
    /// two instructions, and a table of `n` slots takes about `n ln n` steps.
    #[inline]
    fn after(&self, slot: u32) -> u32 {
        let (round, is_round) = slot.overflowing_add(self.back);
        if is_round { round } else { slot + self.skip }
    }
}
