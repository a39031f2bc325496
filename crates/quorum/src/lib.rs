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
mod hlc;
mod lww;
mod op;
mod quorum;
mod replicas;
mod rule;
#[cfg(target_has_atomic = "64")]
mod sync;
mod version;
mod wire;

pub use causality::{
    Actor, ActorId, ActorIdError, Causality, CounterOverflow, Dot, EpochsExhausted, Pruned,
    Pruning, UnknownActor, VectorClock, WireActor,
};
pub use dvv::{DvvSet, PutError, PutRefusal};
#[cfg(target_has_atomic = "64")]
pub use hlc::{Hlc, HlcBuilder};
pub use hlc::{HlcError, HlcTime, HlcTimeError, Stamp};
pub use lww::{LwwRegister, StampReused};
pub use op::{
    Failure, Fanout, HedgeBudget, Hints, QueryOp, QueryStep, ReadMode, ReadOp, ReadOutcome,
    ReadRepair, ReadStep, WriteOp, WriteOutcome, WriteStep,
};
pub use quorum::{
    Availability, Delay, Guarantees, Latencies, Level, LevelError, Pbs, Prediction, Quorum,
    QuorumBuilder, Tolerance, Topology,
};
pub use replicas::{Places, Replicas};
pub use rule::Rule;
pub use version::Version;
pub use voussoir_core::ConfigError;
pub use wire::DecodeError;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
