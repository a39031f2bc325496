//! Replication that does not lose writes: quorum coordinators, vector clocks, sibling sets, hybrid
//! clocks, failure detection. State machines without I/O.
//!
//! ```
//! use voussoir_quorum::{Quorum, Replicas, WriteOp, WriteOutcome, WriteStep};
//!
//! let quorum = Quorum::nrw(3, 2, 2)?; // refuses what promises nothing
//! let mut write = WriteOp::new(&quorum);
//! let WriteStep::Send(to) = write.start(Replicas::first(3)) else { panic!("all are up") };
//! assert_eq!(to, Replicas::from([0, 1, 2])); // send the value to these three
//!
//! assert_eq!(write.on_ack(2), WriteStep::Wait);
//! let committed = WriteOutcome::Committed { acked: [0, 2].into(), hinted: Replicas::NONE };
//! assert_eq!(write.on_ack(0), WriteStep::Done(committed)); // two are enough
//! # Ok::<(), voussoir_quorum::ConfigError>(())
//! ```
#![doc = include_str!("../docs/staleness.svg")]
//!
//! # Which one?
//!
//! | you need | take |
//! |---|---|
//! | every acknowledged write, also of writers at once | [`DvvSet`]: siblings, for the reader to merge |
//! | the last write alone, others may be lost | [`LwwRegister`] with [`Stamp`]s of a [`Hlc`] |
//! | one register that behaves as if there were one copy | [`QueryOp`], then [`WriteOp`]; reads in [`ReadMode::Linearizable`] |
//! | reads that never go back | [`ReadMode::Monotonic`] |
//! | to know whether one state has seen another | [`VectorClock`] |
//! | writes while most replicas are down | [`Hints::Count`]; reads may then miss them |
//! | who is to answer | [`Quorum`]: counts, votes, zones, grids, trees of [`Rule`]s; [`Level`]s under Cassandra's names |
//! | to know how stale reads of few replicas are | [`Pbs`] |
//! | what is deleted to stay deleted | a tombstone until [`Grace`] lets it go, then [`DvvSet::count_from`] |
//! | writes for a replica that is away | [`HintStore`]; [`Merkle`] when it was away for long |
//! | who is alive | [`PhiAccrual`]; [`Gossip`] for a whole cluster |
//!
//! # What R + W > N does not promise
//!
//! A read then meets a replica that has the last acknowledged write. While a write is under way, one
//! read may see it and the next one not; an [`Indeterminate`](WriteOutcome::Indeterminate) write may
//! show up later, and a slow clock's write may lose against an earlier one. The tests search every
//! interleaving of the shipped coordinators, and find a violation when one of these is left out: the
//! awaited write-back of reads, the query before writes, strict quorums, disks that are kept, a need
//! raised by joining replicas ([`View::plan`]).
//!
//! # What it does not do
//!
//! It sends, stores and times nothing: you tell it what happened, it tells you what to do. **No
//! consensus**: read-modify-write is not atomic at any level; take `openraft` for that. Counters, sets
//! and maps that merge by themselves are in `crdts`, SWIM membership in `foca`. Who serves strong
//! reads to most clients is better off with a leader for each partition than with quorums.
//!
//! # Failure detectors: what a threshold means
//!
//! | φ | [`Exponential`]: silent for so many mean intervals | [`Normal`]: so many deviations beyond mean and pause |
//! |---|---|---|
//! | 1 | 2.3 | 1.3 |
//! | 3 | 6.9 | 3.1 |
//! | 5 | 11.5 | 4.3 |
//! | 8 | 18.4 | 5.6 |
//! | 12 | 27.6 | 7.0 |
//!
//! # Limits
//!
//! | | |
//! |---|---|
//! | replicas of an operation | 64, joining ones and stand-ins included; 16 stand-ins |
//! | replicas of a rule that names one twice, or of rules of different shape | 20 |
//! | actors of a token, as text | 64; as bytes, as many as they hold |
//! | siblings | 100, or as [`put_within`](DvvSet::put_within) says |
//! | epochs of a node, events of an actor | 65,535; 2^64 − 1: errors after that, never a wrap |
//! | hybrid time | until the year 10889; 65,536 readings a millisecond, then borrowed from the next |
//!
//! Memory: an operation at most 256 bytes and no heap; a clock 72 bytes for up to four actors, and
//! 16 for each on the heap from the fifth on; a detector 4 bytes an interval of its window; a Merkle
//! tree 17 bytes a leaf.
//!
//! # Defaults
//!
//! | option | default | why |
//! |---|---|---|
//! | [`Quorum::builder`] | majorities | the least that sees every write and every other writer |
//! | [`Fanout`] | all replicas | the slowest does not matter; costs N − R reads more |
//! | [`Hints`] | off | what counts as stored should be where it is read |
//! | [`Pruning`] | never | it loses causality; clocks of replicas are short |
//! | [`HlcBuilder::max_drift`] | 500 ms | ten times what NTP keeps; a clock beyond is broken |
//! | [`GossipConfig::phi`] | 8, exponential | Cassandra's: one false alarm in 10^8 looks |
//! | [`LocalPause`] | 5 s | Cassandra's: whoever was stopped itself convicts nobody |
//! | [`HintLimits::window`], [`Grace`] | 3 h, 10 days | Cassandra's; hints must end before tombstones |

#![forbid(unsafe_code)]
#![warn(clippy::alloc_instead_of_core, clippy::std_instead_of_alloc, clippy::std_instead_of_core)]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![no_std]

extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

mod causality;
mod dvv;
mod gossip;
mod hints;
mod hlc;
mod lww;
mod merkle;
mod op;
mod phi;
mod quorum;
mod replicas;
mod rule;
#[cfg(feature = "serde")]
mod serde;
#[cfg(target_has_atomic = "64")]
mod sync;
mod tombstone;
mod version;
mod view;
mod wire;

pub use causality::{
    Actor, ActorId, ActorIdError, Causality, CounterOverflow, Dot, EpochsExhausted, Pruned,
    Pruning, UnknownActor, VectorClock, WireActor,
};
pub use dvv::{DvvSet, PutError, PutRefusal};
pub use gossip::{Delta, Digest, Gossip, GossipConfig, GossipEvent, Record, Reply};
pub use hints::{HintError, HintId, HintLimits, HintStore};
#[cfg(target_has_atomic = "64")]
pub use hlc::{Hlc, HlcBuilder};
pub use hlc::{HlcError, HlcTime, HlcTimeError, Stamp};
pub use lww::{LwwRegister, StampReused};
pub use merkle::{
    KeyRange, Merkle, MerkleDiff, MerkleEntry, MerkleExchange, MerkleMismatch, MerkleNode,
};
pub use op::{
    Failure, Fanout, HedgeBudget, Hints, QueryOp, QueryStep, ReadMode, ReadOp, ReadOutcome,
    ReadRepair, ReadStep, WriteOp, WriteOutcome, WriteStep,
};
pub use phi::{Exponential, LocalPause, Normal, PhiAccrual, PhiModel};
pub use quorum::{
    Availability, Delay, Guarantees, Latencies, Level, LevelError, Pbs, Prediction, Quorum,
    QuorumBuilder, Tolerance, Topology,
};
pub use replicas::{Places, Replicas};
pub use rule::Rule;
pub use tombstone::{Grace, TombstoneKept};
pub use version::Version;
pub use view::{Member, MemberState, NotLater, Plan, PlanError, View};
pub use voussoir_core::ConfigError;
pub use wire::DecodeError;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
