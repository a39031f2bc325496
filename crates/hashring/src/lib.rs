//! Placement of keys on nodes: which node owns a key, which others keep it too, and exactly what moves
//! when nodes come, go or change their weight.
//!
//! ```
//! use voussoir_hashring::{Node, Ring};
//!
//! let ring = Ring::builder().node("a").node(Node::new("b").weight(2)).node("c").build()?;
//! let owner = ring.get(b"user:42").map(Node::id);
//! let kept = ring.replicas(b"user:42", 2); // different nodes, of different zones first
//! assert_eq!((kept.len(), Some(kept[0].id())), (2, owner));
//!
//! let next = ring.add("d")?;
//! let plan = ring.diff(&next)?; // exact ranges of hashes, from whom and to whom
//! assert!(plan.moves().all(|moved| moved.to().map(Node::id) == Some("d")));
//! assert!((0.15..0.25).contains(&plan.fraction())); // one of five parts
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Which one?
//!
//! | you | take | a look-up | memory a node | moves on a change |
//! |---|---|---|---|---|
//! | keep data, with replicas and migrations | [`Ring`] | O(1) | 4.3 KiB | the least, exactly known |
//! | spread requests or flows | [`Maglev`] | O(1), fastest | 400 B or more | 0.2 to 1 % more than the least |
//! | have shards with numbers | [`Jump`] | O(log n) | none | the least; at the end only |
//! | have a few tens of nodes | [`Rendezvous`] | O(n) | 24 B | the least |
//! | have no memory for a ring | [`MultiProbe`] | 21 look-ups | 20 B | the least |
//! | must not overload any node | [`BoundedLoads`] of one of these | as that | 8 B more | the least and some |
//! | talk to memcached or stand behind nginx | [`Ring`] with a [`Layout`] | O(1) | 1.8 KiB | as theirs |
//!
//! All are a [`Placement`]: an owner, then candidates in order of preference, each node once.
#![doc = include_str!("../docs/balance.svg")]
//!
#![doc = include_str!("../docs/movement.svg")]
//!
//! # Many threads
//!
//! Placements never change, so that any number of threads read them. `SharedRing` (feature `std`) puts
//! another ring in the place of one that is being read, without a lock and without a pause.
//!
//! # What it does not do
//!
//! It moves no data and knows nobody's health: a [`Plan`] says what is to be copied, a balancer skips
//! who is down among the [`Candidates`]. It does not find out which nodes there are; processes that
//! were told the same nodes agree, and [`Ring::fingerprint`] shows whether they were. It is no defence
//! against clients who choose their keys: the hash functions have seeds but no secrets.
//!
//! # Limits
//!
//! | | |
//! |---|---|
//! | ids, labels and zones | 1 to 1,024 bytes; no id and no label twice |
//! | weights | whole numbers; 0 owns nothing and is listed; every other owns at least one point, slot or lot |
//! | points of a [`Ring`], slots of a [`Maglev`] | 2^24 |
//! | nodes | 2^22 |
//! | equal points | the smaller id owns; the other stays next in line |
//! | order of nodes | decides nothing, but for [`Jump`] |
//! | memory of a [`Ring`] | 8 bytes a point, 4 for 1 to 2 points, 56 and its texts a node |
//!
//! # Defaults
//!
//! | option | default | why |
//! |---|---|---|
//! | hash function | [`HashFunction::XXH3`] | the fastest of named ones: 2.8 ns for 16 bytes |
//! | layout | [`Layout::Absolute`] | a change of one node concerns no key between others |
//! | `vnodes` | 400 | the busiest of 1,000 nodes owns at most 1.22 of the average in 99 of 100 rings, 1.17 in most; 160, as elsewhere, gives 1.40 and 1.28 |
//! | `slots` of [`Maglev`] | 65,537 up to 655 nodes, then 655,373, then 6,553,621 | the paper's; 100 a node, so that shares differ by 1 % |
//! | `probes` | 21 | the paper's, for a peak of 1.05 |
//! | weight of a node | 1 | |
//!
//! The same nodes, options and keys give the same owners on every platform and in every version of
//! this crate: golden files in its tests see to that.

#![forbid(unsafe_code)]
#![warn(clippy::alloc_instead_of_core, clippy::std_instead_of_alloc, clippy::std_instead_of_core)]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![no_std]

extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

mod bounded;
mod builder;
mod candidates;
mod hash;
mod jump;
mod maglev;
mod members;
mod multi_probe;
mod node;
mod placement;
mod plan;
mod rendezvous;
mod replicas;
mod report;
mod ring;
mod seen;
#[cfg(feature = "std")]
mod shared;
mod snapshot;

pub use bounded::{BoundedLoads, first_with_room};
pub use builder::{
    JumpOptions, MaglevOptions, MultiProbeOptions, PlacementBuilder, RendezvousOptions, RingOptions,
};
pub use candidates::Candidates;
pub use hash::{HashFunction, HashFunctionError};
pub use jump::Jump;
pub use maglev::Maglev;
pub use multi_probe::MultiProbe;
pub use node::Node;
pub use placement::Placement;
pub use plan::{HashRange, Move, Plan, Transfer};
pub use rendezvous::Rendezvous;
pub use replicas::{Replicas, ReplicasIntoIter};
pub use report::BalanceReport;
pub use ring::{ChangeError, DiffError, Layout, LayoutError, Ring};
#[cfg(feature = "std")]
pub use shared::{RingChange, RingGuard, SharedRing};
pub use snapshot::{RingSnapshot, SnapshotError};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
