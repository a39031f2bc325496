//! In-process caches: adaptive eviction, expiry without threads, loads that happen once, writes behind.
//!
//! ```
//! use std::time::Duration;
//! use voussoir_cache::Cache;
//!
//! let users = Cache::<u32, String>::builder(10_000).ttl(Duration::from_secs(300)).build()?;
//! // However many ask for user 7 at once, one of them asks the database.
//! let user = users.get_or_load(&7, || Ok::<_, std::io::Error>("Ada".to_owned()))?;
//! assert_eq!(user, "Ada");
//!
//! users.insert(7, "Ada Lovelace".to_owned());
//! assert_eq!(users.get(&7).as_deref(), Some("Ada Lovelace"));
//! assert_eq!(users.stats().hits, 1);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Which one?
//!
//! | you need | take |
//! |---|---|
//! | a cache for threads and tasks | [`Cache`], a cheap clone; [`UnsyncCache`] within one thread, whose `get` borrows |
//! | what is missing to be loaded once | [`get_or_load`](Cache::get_or_load), [`get_or_load_async`](Cache::get_or_load_async), [`get_many_or_load`](Cache::get_many_or_load); [`flight`] without a cache |
//! | no caller to wait for a reload | [`stale_while_revalidate`](CacheBuilder::stale_while_revalidate), [`refresh_ahead`](CacheBuilder::refresh_ahead), [`early_refresh`](CacheBuilder::early_refresh) |
//! | a store behind it | [`store`]: read and write through, write behind, for threads and for tasks |
//! | entries to go together | [`Terms::tag`], [`bump_version`](Cache::bump_version), [`invalidate_if`](Cache::invalidate_if) |
//!
//! A key that a caller a millisecond asks for, whose value lives one second and takes 200 ms to load:
//!
#![doc = include_str!("../docs/stampede.svg")]
//! | [`Policy`] | mean hit ratio | take it |
//! |---|---|---|
//! | `Adaptive` | 46.8 % | by default |
//! | `S3Fifo` | 45.6 % | where threads are many and hits must not write |
//! | `Lfu` | 43.6 % | where popularity changes slowly |
//! | `Lru` | 42.0 % | where what was used last is what matters |
//! | `Random` | 40.3 % | against patterns made to defeat the others |
//! | `Fifo` | 40.2 % | where age is all that matters |
//!
//! Means of 13 recorded traces at three sizes; the best of eight other crates had 45.2 %, the best
//! possible is 53.6 %. How large should yours be? Record the keys of some hours, one a line, and play
//! them to all policies at several sizes, in the repository of this crate:
//!
//! ```text
//! cargo run --release -p voussoir-benches --bin hit-ratio -- keys.txt --sizes 1%,5%,10% --svg curves.svg
//! ```
//!
//! Hit ratio over the size of the cache, on four of the traces:
//!
#![doc = include_str!("../docs/hit-ratio.svg")]
//! # What it does not do
//!
//! It spawns no thread and owns no timer: expired entries are found by no read, and their memory comes
//! back with later insertions or [`run_pending`](Cache::run_pending). It stores nothing outside the
//! process. A value in it is a copy: nobody tells it that the original has changed.
//!
//! # Limits
//!
//! | | |
//! |---|---|
//! | entries, weight | never above the capacity, at no moment; 2^31 − 1 entries a shard |
//! | weight of one entry | [`max_entry_weight`](Cache::max_entry_weight): the capacity by the shards; more is [`Inserted::Rejected`] |
//! | times | to the nanosecond; 584 years |
//! | a hit | no allocation; one lock, of one atomic operation; no clock where nothing expires |
//! | memory | `size_of::<(K, V)>() + 16` bytes an entry, and 5 × 8/7 … 16/7 for its index |
//! | and | 8 for `Adaptive`, 2 for `S3Fifo`, 4 for `Random`; 16 with a time to live, 16 more with a time to idle; 20 a tag |
//! | and | in use, up to 100 KiB for the shadows of `Adaptive`, whatever its size |
//! | empty | 512 bytes a shard, 712 with `Adaptive`, 1536 with `Lfu`, at any capacity |
//!
//! # Defaults
//!
//! | option | default | why |
//! |---|---|---|
//! | `policy` | [`Policy::Adaptive`] | best or near it on every trace, worst on none |
//! | `ttl`, `tti` | none | only you know how long your data is true |
//! | shards | 16 a processor, of 512 entries or more; 16 at most where entries are weighed | so that two threads seldom want the same one; smaller ones cost hits, and refuse what is heavy |
//! | errors | shared by those that wait, then forgotten | to remember them is a choice: `negative_ttl` |
//! | hasher | the standard library's | keys come from users, who must not choose the collisions |
//! | clock | [`SystemClock`](voussoir_core::SystemClock) | monotonic everywhere |

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
