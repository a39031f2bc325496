//! Replication decisions, causality and failure detection.
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
pub use view::{Member, MemberState, NotLater, Plan, TooFewMembers, View};
pub use voussoir_core::ConfigError;
pub use wire::DecodeError;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
