//! Where a query with errors leads in an overlay: runs of ranks in which every key matches.

use alloc::vec::Vec;

use super::node::Node;
use crate::bytes::common;
use crate::osa::Osa;
use crate::roots::Walk;
use crate::tree::Ranks;

/// The runs, in order, outer before inner, each with its number of errors. Keys that share a beginning
/// share the walk over it; where the walk has died, all keys with that beginning are left out.
pub(crate) fn find(root: &Node, osa: &Osa, edits: u8, separated: bool) -> Vec<(Ranks, u8)> {
    let mut runs = Vec::new();
    let (mut walks, mut before) = (Vec::new(), Vec::new());
    let start = Walk::new(osa, edits);
    if start.best <= edits {
        runs.push((Ranks { first: 0, end: root.count() }, start.best));
    }
    walks.push(start);
    let mut rank = 0;
    while let Some((leaf, at)) = root.at(rank) {
        let key = leaf.key(at);
        walks.truncate(common(&before, key) + 1);
        let mut last = walks[walks.len() - 1];
        while last.alive && walks.len() <= key.len() {
            let best = last.best;
            let len = walks.len();
            last.feed(osa, key[len - 1], separated);
            walks.push(last);
            if last.best < best {
                runs.push((root.ranks(&key[..len]), last.best));
            }
        }
        if last.alive {
            rank += 1;
        } else {
            rank = root.rank(&key[..walks.len() - 1], true).max(rank + 1);
        }
        before.clear();
        before.extend_from_slice(&key[..key.len().min(walks.len() - 1)]);
    }
    runs
}

/// The ranks of all runs with at most `distance` errors, in order and without overlap.
pub(crate) fn within(runs: &[(Ranks, u8)], distance: u8) -> Vec<Ranks> {
    let mut joined: Vec<Ranks> = Vec::new();
    for &(ranks, _) in runs.iter().filter(|&&(_, found)| found <= distance) {
        match joined.last_mut() {
            Some(last) if ranks.first <= last.end => last.end = last.end.max(ranks.end),
            _ => joined.push(ranks),
        }
    }
    joined
}
