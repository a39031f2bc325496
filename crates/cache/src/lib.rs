//! In-process caches: adaptive eviction, expiry without threads, loads that happen once, writes behind.
//!
//! Being built.

#![forbid(unsafe_code)]
#![warn(clippy::alloc_instead_of_core, clippy::std_instead_of_alloc, clippy::std_instead_of_core)]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![no_std]

extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

#[cfg(feature = "std")]
pub mod flight;
#[cfg(feature = "std")]
pub mod policy;
#[cfg(feature = "std")]
pub mod refresh;

#[cfg(feature = "std")]
mod builder;
#[cfg(feature = "std")]
mod cache;
mod cause;
#[cfg(feature = "std")]
mod compute;
#[cfg(feature = "std")]
mod engine;
mod inserted;
#[cfg(feature = "std")]
mod options;
#[cfg(feature = "std")]
mod snapshot;
#[cfg(feature = "std")]
mod stats;
#[cfg(feature = "std")]
pub mod store;
#[cfg(feature = "std")]
mod sync;
mod terms;
#[cfg(feature = "std")]
mod time;
#[cfg(feature = "std")]
mod unsync;

#[cfg(feature = "std")]
pub use builder::CacheBuilder;
#[cfg(feature = "std")]
pub use cache::{Cache, Entry};
pub use cause::Cause;
#[cfg(feature = "std")]
pub use compute::Compute;
#[cfg(feature = "std")]
pub use flight::{Executor, LoadError};
pub use inserted::Inserted;
#[cfg(feature = "std")]
pub use policy::Policy;
#[cfg(feature = "std")]
pub use snapshot::{Snapshot, SnapshotEntry};
#[cfg(feature = "std")]
pub use stats::Stats;
pub use terms::Terms;
#[cfg(feature = "std")]
pub use time::Expiry;
#[cfg(feature = "std")]
pub use unsync::{UnsyncCache, UnsyncEntry};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
