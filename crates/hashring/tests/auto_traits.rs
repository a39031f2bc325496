//! What may cross threads, what may be copied, and how large it is: part of the contract, so tested.

use voussoir_hashring::{
    BalanceReport, BoundedLoads, Candidates, ChangeError, DiffError, HashFunction,
    HashFunctionError, HashRange, Jump, JumpOptions, Layout, LayoutError, Maglev, MaglevOptions,
    Move, MultiProbe, MultiProbeOptions, Node, Placement, PlacementBuilder, Plan, Rendezvous,
    RendezvousOptions, Replicas, ReplicasIntoIter, Ring, RingOptions, RingSnapshot, SnapshotError,
    Transfer,
};
#[cfg(feature = "std")]
use voussoir_hashring::{RingChange, RingGuard, SharedRing};

const fn shared<T: Send + Sync + Unpin + 'static>() {}
const fn borrowed<T: Send + Sync + Unpin + Clone>() {}
const fn copy<T: Copy + Send + Sync + Unpin>() {}
#[cfg(feature = "std")]
const fn pinned<T: 'static>() {}
const fn error<T: std::error::Error + Send + Sync>() {}
const fn placement<T: Placement + Clone>() {}

const _: () = {
    shared::<Ring>();
    shared::<Maglev>();
    shared::<Jump>();
    shared::<Rendezvous>();
    shared::<MultiProbe>();
    shared::<BoundedLoads<Ring>>();
    shared::<Node>();
    shared::<Plan>();
    shared::<RingSnapshot>();
    shared::<BalanceReport>();
    shared::<PlacementBuilder<RingOptions>>();
    shared::<PlacementBuilder<MaglevOptions>>();
    shared::<PlacementBuilder<JumpOptions>>();
    shared::<PlacementBuilder<RendezvousOptions>>();
    shared::<PlacementBuilder<MultiProbeOptions>>();

    borrowed::<Candidates<'_>>();
    borrowed::<Replicas<'_>>();
    borrowed::<ReplicasIntoIter<'_>>();

    copy::<HashFunction>();
    copy::<HashRange>();
    copy::<Layout>();
    copy::<Move<'_>>();
    copy::<Transfer<'_>>();
    copy::<DiffError>();

    error::<ChangeError>();
    error::<DiffError>();
    error::<HashFunctionError>();
    error::<LayoutError>();
    error::<SnapshotError>();

    placement::<Ring>();
    placement::<Maglev>();
    placement::<Jump>();
    placement::<Rendezvous>();
    placement::<MultiProbe>();
    placement::<&Ring>();
    placement::<std::sync::Arc<dyn Placement + Send + Sync>>();
};

#[cfg(feature = "std")]
const _: () = {
    shared::<SharedRing>();
    shared::<RingChange>();
    pinned::<RingGuard>();
};

#[test]
fn sizes_are_as_the_page_says() {
    assert_eq!(size_of::<Node>(), 56);
    assert_eq!(size_of::<HashRange>(), 16);
    assert_eq!(size_of::<HashFunction>(), 16);
}
