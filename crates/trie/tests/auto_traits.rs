//! What may cross threads.

use voussoir_trie::{
    Blocklist, Boosts, BuildError, Builder, Compacted, Completions, Decay, Duplicates, Fold, Fuzzy,
    Hit, Index, Keep, Matches, MemoryUse, OpenError, Order, Overlay, Snapshot, Suggester,
    SwapError,
};

fn shared<T: Send + Sync + std::panic::UnwindSafe>() {}
fn copied<T: Copy>() {}

#[test]
fn everything_may_be_shared_among_threads() {
    shared::<Index>();
    shared::<Index<&'static [u8]>>();
    shared::<Builder>();
    shared::<Overlay>();
    shared::<Suggester>();
    shared::<Snapshot>();
    shared::<Compacted>();
    shared::<Completions<'static>>();
    shared::<Matches<'static>>();
    shared::<Hit<'static>>();
    shared::<Blocklist>();
    shared::<Boosts>();
    shared::<BuildError>();
    shared::<OpenError>();
    shared::<SwapError>();
}

#[test]
fn options_and_hits_are_copied() {
    copied::<Fuzzy>();
    copied::<Order>();
    copied::<Fold>();
    copied::<Duplicates>();
    copied::<Decay>();
    copied::<Keep>();
    copied::<MemoryUse>();
    copied::<Hit<'static>>();
}

#[test]
fn snapshots_and_overlays_are_cheap_clones() {
    assert!(size_of::<Snapshot>() <= 16, "{}", size_of::<Snapshot>());
    assert!(size_of::<Overlay>() <= 40, "{}", size_of::<Overlay>());
}
