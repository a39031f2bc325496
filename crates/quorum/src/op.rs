//! The coordinators: state machines that are told what happened and answer what to do next. They hold
//! no socket, no timer and no value.

mod hedge;
mod query;
mod read;
mod repair;
mod write;

pub use hedge::HedgeBudget;
pub use query::{QueryOp, QueryStep};
pub use read::{Fanout, ReadMode, ReadOp, ReadOutcome, ReadStep};
pub use repair::ReadRepair;
pub use write::{Failure, Hints, WriteOp, WriteOutcome, WriteStep};
