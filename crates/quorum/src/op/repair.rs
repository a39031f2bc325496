use crate::{Causality, Replicas, Version};

/// Who is to be sent the newest version after a read: for readers that hold the replies themselves;
/// [`ReadOp`](crate::ReadOp) does the same as replies come.
///
/// ```
/// use voussoir_quorum::{ReadRepair, Replicas};
///
/// let repair = ReadRepair::of([(0, Some(&3_u64)), (1, Some(&2)), (2, None)]);
/// assert_eq!(repair.newest, Some(3));
/// assert_eq!(repair.to, Replicas::from([1, 2]));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "replicas that are behind stay behind until they are sent the newest version"]
pub struct ReadRepair<S> {
    /// The least version that descends all replies; none if no replica has the key.
    pub newest: Option<S>,
    /// Who has it.
    pub holders: Replicas,
    /// Who is behind it, or has never seen the key. With siblings, every replica that lacks one; if no
    /// replica has the key, none.
    pub to: Replicas,
}

impl<S: Version> ReadRepair<S> {
    /// From the replies: the version that each place told, none if it has never seen the key. Of two
    /// replies of one place the last counts.
    ///
    /// Complexity: O(replies).
    pub fn of<'a>(replies: impl IntoIterator<Item = (u8, Option<&'a S>)>) -> Self
    where
        S: 'a,
    {
        let mut repair = Self { newest: None, holders: Replicas::NONE, to: Replicas::NONE };
        let mut answered = Replicas::NONE;
        for (place, version) in replies {
            answered.insert(place);
            repair.holders.remove(place);
            if let Some(version) = version {
                absorb(&mut repair.newest, &mut repair.holders, place, version);
            }
        }
        if repair.newest.is_some() {
            repair.to = answered - repair.holders;
        }
        repair
    }
}

/// Takes a reply into what is known: the join of all, and who holds exactly that.
#[inline]
pub(super) fn absorb<S: Version>(
    newest: &mut Option<S>,
    holders: &mut Replicas,
    place: u8,
    version: &S,
) {
    let Some(known) = newest else {
        *newest = Some(version.clone());
        *holders = Replicas::one(place);
        return;
    };
    match version.compare(known) {
        Causality::Equal => {
            holders.insert(place);
        }
        Causality::Before => {}
        Causality::After => {
            *newest = Some(version.clone());
            *holders = Replicas::one(place);
        }
        // Nobody holds what both make together.
        Causality::Concurrent => {
            known.join(version);
            *holders = Replicas::NONE;
        }
    }
}
