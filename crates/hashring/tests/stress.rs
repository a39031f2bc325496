//! Readers of a shared ring, while it changes under them.
#![cfg(feature = "std")]

use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use voussoir_core::Random;
use voussoir_hashring::{Node, Ring, SharedRing};

const FIXED: u32 = 8;
const WRITERS: u32 = 4;
const CHANGES: u32 = if cfg!(miri) { 2 } else { 200 };

/// Each writer adds and removes a node of its own. Every look-up finds a node of the very ring that
/// the guard holds, a key owned by somebody who stayed never moves between such, and no change is lost.
#[test]
fn readers_see_whole_rings_and_no_change_is_lost() {
    let fixed = (0..FIXED).map(|n| Node::new(format!("fixed-{n}")));
    let first = Ring::builder().nodes(fixed).vnodes(20).build().expect("valid");
    let shared = SharedRing::new(first.clone());
    let (done, looked) = (AtomicBool::new(false), AtomicU64::new(0));
    let barrier = Barrier::new(WRITERS as usize + 2);
    thread::scope(|scope| {
        for reader in 0..2 {
            let (shared, first, done, looked, barrier) =
                (&shared, &first, &done, &looked, &barrier);
            scope.spawn(move || {
                let mut random = Random::seeded(reader);
                barrier.wait();
                while !done.load(Ordering::Relaxed) {
                    let ring = shared.load();
                    for _ in 0..16 {
                        let hash = random.next_u64();
                        let owner = ring.get_hashed(hash).expect("nodes that stay");
                        assert_eq!(ring.node(owner.id()), Some(owner));
                        assert!(
                            !owner.id().starts_with("fixed")
                                || first.get_hashed(hash) == Some(owner)
                        );
                    }
                    looked.fetch_add(16, Ordering::Relaxed);
                }
            });
        }
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| {
                let (shared, barrier) = (&shared, &barrier);
                scope.spawn(move || {
                    let id = format!("writer-{writer}");
                    barrier.wait();
                    for _ in 0..CHANGES {
                        let added = shared.update(|ring| ring.add(id.as_str())).expect("new");
                        assert!(
                            added.after().node(&id).is_some() && added.before().node(&id).is_none()
                        );
                        shared.update(|ring| ring.remove(&id)).expect("there");
                    }
                    shared.update(|ring| ring.add(id.as_str())).expect("new");
                })
            })
            .collect();
        for writer in writers {
            writer.join().expect("no panic");
        }
        done.store(true, Ordering::Relaxed);
    });
    let ring = shared.load_full();
    assert_eq!(ring.nodes().len() as u32, FIXED + WRITERS);
    let mut rebuilt = first;
    for writer in 0..WRITERS {
        rebuilt = rebuilt.add(format!("writer-{writer}")).expect("new");
    }
    assert_eq!(*ring, rebuilt);
    assert!(looked.load(Ordering::Relaxed) > 0);
}

#[test]
fn a_refused_change_leaves_the_ring() {
    let shared = SharedRing::from(Ring::builder().node("a").build().expect("valid"));
    let before = shared.load_full();
    assert!(shared.update(|ring| ring.add("a")).is_err());
    assert!(std::sync::Arc::ptr_eq(&before, &shared.load_full()));
    let old = shared.swap(before.add("b").expect("new"));
    assert_eq!((old.nodes().len(), shared.load().nodes().len()), (1, 2));
    assert!(format!("{shared:?}").starts_with("SharedRing(Ring"));
}
