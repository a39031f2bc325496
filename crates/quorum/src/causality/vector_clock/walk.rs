//! Two sorted lists, walked side by side: for clocks that do not know the same actors.

use core::cmp::Ordering;

use super::entries::Entries;
use super::{Actor, Causality};

type Slice<A> = [(A, u64)];

#[cold]
pub(super) fn compare<A: Ord>(ours: &Slice<A>, theirs: &Slice<A>) -> Causality {
    let (mut ahead, mut behind) = (false, false);
    let (mut i, mut j) = (0, 0);
    while let (Some(our), Some(their)) = (ours.get(i), theirs.get(j)) {
        match our.0.cmp(&their.0) {
            Ordering::Less => {
                ahead = true;
                i += 1;
            }
            Ordering::Greater => {
                behind = true;
                j += 1;
            }
            Ordering::Equal => {
                ahead |= our.1 > their.1;
                behind |= our.1 < their.1;
                (i, j) = (i + 1, j + 1);
            }
        }
        if ahead && behind {
            return Causality::Concurrent;
        }
    }
    Causality::of(ahead || i < ours.len(), behind || j < theirs.len())
}

#[cold]
pub(super) fn union<A: Actor>(ours: &Slice<A>, theirs: &Slice<A>) -> Entries<A> {
    let mut union = Entries::with_capacity(ours.len().max(theirs.len()));
    let (mut i, mut j) = (0, 0);
    loop {
        let (actor, counter) = match (ours.get(i), theirs.get(j)) {
            (None, None) => return union,
            (Some(our), Some(their)) if our.0 == their.0 => {
                (i, j) = (i + 1, j + 1);
                (&our.0, our.1.max(their.1))
            }
            (Some(our), their) if their.is_none_or(|their| our.0 < their.0) => {
                i += 1;
                (&our.0, our.1)
            }
            (_, Some(their)) => {
                j += 1;
                (&their.0, their.1)
            }
            (Some(_), None) => unreachable!("the arm of ours takes what theirs lacks"),
        };
        union.push(actor.clone(), counter);
    }
}

pub(super) fn intersection<A: Actor>(ours: &Slice<A>, theirs: &Slice<A>) -> Entries<A> {
    let mut common = Entries::new();
    for (actor, counter) in ours {
        if let Ok(at) = theirs.binary_search_by(|(other, _)| other.cmp(actor)) {
            common.push(actor.clone(), (*counter).min(theirs[at].1));
        }
    }
    common
}
