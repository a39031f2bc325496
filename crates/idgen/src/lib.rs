//! Ids that stay unique when the clock does not behave: Snowflake generators, Base62, short codes,
//! key ranges, worker leases.
//!
//! ```
//! use voussoir_idgen::{Layout, ShortCode, Snowflake, SnowflakeId};
//!
//! let ids = Snowflake::builder(Layout::TWITTER).worker(7).build()?;
//! let (first, second) = (ids.next()?, ids.next()?);
//! assert!(first < second);
//!
//! let text = first.to_base62(); // 11 characters that sort like the id
//! assert_eq!(SnowflakeId::from_base62(text)?, first);
//!
//! let codes = ShortCode::new(7, 0x5EED)?;
//! assert_eq!(codes.decode(codes.encode(125)?)?, 125);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![doc = include_str!("../docs/layouts.svg")]
//!
//! # Which one?
//!
//! | you need | take |
//! |---|---|
//! | ids of 63 bits in order of time, without asking anyone | [`Snowflake`]; [`LocalSnowflake`] within one thread; `StripedSnowflake` where one shared word is too slow |
//! | ids for a thousand rows at once | [`Snowflake::next_batch`] |
//! | a number as text in an address | [`SnowflakeId::to_base62`], or [`Base62`] for any `u64` and `u128` |
//! | short codes from a counter, none twice, not in order | [`ShortCode`] |
//! | that counter, for many processes | `RangeAllocator` over your store |
//! | worker ids for processes that come and go | [`WorkerLease`], or [`worker_of_host`] in a numbered set |
//! | ids of 128 bits without worker ids, from anywhere | `uuid` (version 7): a type of every database, 74 random bits |
//! | the same as 26 characters, in order within a process | `ulid` (its monotonic generator) |
//! | ids that tell neither time nor number | `uuid` (version 4) |
//!
//! The last three are left to those crates: 128 bits of time and chance need no coordination, and so
//! nothing of what is here.
//!
//! # When the clock does not behave
//!
//! The state is one word, time and sequence, that only grows: ids are unique and increasing by
//! construction. Where the next id would carry a time that the clock has not reached, a [`Policy`]
//! says what happens: one for a sequence that is used up, one for a clock that was set back.
//!
//! | policy | what happens |
//! |---|---|
//! | [`Policy::Refuse`] | an error that says when to come back |
//! | [`Policy::Wait`] | the same after a bounded wait: spinning, or asleep in `next_async` (feature `tokio`) |
//! | [`Policy::Borrow`] | ids from the near future, by a bounded time; no wait, and `fetch_add` instead of compare-and-swap |
//!
#![doc = include_str!("../docs/policies.svg")]
//!
//! Across restarts, [`high_water_in`](Snowflake::high_water_in) and
//! [`resume_at`](SnowflakeBuilder::resume_at) do the same; across holders of a worker, a [`Lease`].
//!
//! # What it does not do
//!
//! It finds no worker id by itself: two generators with the same one make the same ids. It hides
//! nothing: who sees a Snowflake id knows when and by whom it was made, and a [`ShortCode`] is no
//! cipher. It stores nothing; marks, leases and ranges are written by you.
//!
//! # Limits
//!
//! | | |
//! |---|---|
//! | bits of a [`Layout`] | 63 in all; the top bit stays 0, so that an `i64` is never negative |
//! | ids a second and worker, [`Layout::TWITTER`] | 4,096,000 (244 ns each) on average, whatever the policy |
//! | ids at once | what a step holds, times the steps that may be borrowed and one |
//! | lead over the clock | at most what [`Policy::Borrow`] says |
//! | [`Base62`] | 11 digits for a `u64`, 22 for a `u128` |
//! | [`ShortCode`] | 1 to 10 characters, 62 to 8.4 × 10^17 codes |
//! | memory | 384 bytes a [`Snowflake`] and a part of a `StripedSnowflake`, 23 an [`Encoded`] |
//!
//! Every call is O(1) and allocates nothing, but those that return a `String`.
//!
//! # Defaults
//!
//! | option | default | why |
//! |---|---|---|
//! | `worker` | none: it must be given | a default would be everybody's |
//! | `when_exhausted` | wait, up to 100 ms | ten steps of the coarsest preset: only a stopped clock takes longer |
//! | `when_clock_behind` | wait, up to 100 ms | NTP's steps are larger (ntpd: 128 ms) and should be heard of |
//! | clock | [`WallClock`](voussoir_core::WallClock) | ids must mean the same elsewhere and after a restart |
//! | alphabet | `0-9A-Za-z` | the order of ASCII, so that texts sort like numbers |
//! | scramble | [`Scramble::Feistel`] | the linear one shows its key to whom knows three codes |

#![forbid(unsafe_code)]
#![warn(clippy::alloc_instead_of_core, clippy::std_instead_of_alloc, clippy::std_instead_of_core)]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![no_std]

extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

mod base62;
mod batch;
#[cfg(target_has_atomic = "64")]
mod builder;
mod code_error;
mod crockford;
mod decimal;
mod encoded;
mod error;
mod hex;
mod id;
mod layout;
mod lease;
mod local;
mod policy;
#[cfg(feature = "std")]
mod range;
mod rules;
mod short_code;
#[cfg(target_has_atomic = "64")]
mod snowflake;
#[cfg(all(feature = "std", target_has_atomic = "64"))]
mod striped;
#[cfg(target_has_atomic = "64")]
mod sync;
mod wait;
mod worker;

pub use base62::Base62;
pub use batch::Batch;
#[cfg(target_has_atomic = "64")]
pub use builder::SnowflakeBuilder;
pub use code_error::{CodeError, CodeErrorKind};
pub use encoded::Encoded;
pub use error::NextError;
pub use id::{IdRangeError, SnowflakeId};
#[cfg(feature = "serde")]
pub use id::{as_base62, as_number};
pub use layout::{Layout, LayoutError, Parts, PartsError};
pub use lease::{Lease, LeaseMismatch, WorkerLease};
#[cfg(feature = "std")]
pub use lease::{LeaseError, LocalLeases};
pub use local::LocalSnowflake;
pub use policy::Policy;
#[cfg(feature = "std")]
pub use range::{
    AsyncRangeAllocator, AsyncRangeSource, Block, BlockError, RangeAllocator,
    RangeAllocatorBuilder, RangeError, RangeSource,
};
pub use short_code::{CodeAlphabet, Scramble, ShortCode, ShortCodeBuilder, ShortCodeError};
#[cfg(target_has_atomic = "64")]
pub use snowflake::Snowflake;
#[cfg(all(feature = "std", target_has_atomic = "64"))]
pub use striped::StripedSnowflake;
pub use worker::{HostNameError, worker_of_host};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
