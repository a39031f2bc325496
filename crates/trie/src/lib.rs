//! Top-K completion: the best strings that begin with what was typed, out of millions, in a few
//! microseconds and about seven bytes a string; exact, also while the strings change.
//!
//! ```
//! use voussoir_trie::{Fuzzy, Index, Suggester};
//!
//! let index = Index::build([("system", 400), ("sysadmin", 700), ("symbol", 90)])?;
//! let suggest = Suggester::new(index).fuzzy(Fuzzy::auto());
//! suggest.upsert("system design", 1_000)?;
//!
//! let now = suggest.snapshot(); // one consistent state, for as long as it is kept
//! let best: Vec<_> = now.complete("sys").take(2).map(|hit| hit.key()).collect();
//! assert_eq!(best, ["system design", "sysadmin"]);
//! let typo = now.complete("sytsem").next().unwrap();
//! assert_eq!((typo.key(), typo.distance()), ("system design".into(), 1));
//! # Ok::<(), voussoir_trie::BuildError>(())
//! ```
#![doc = include_str!("../docs/latency.svg")]
//!
//! # Which one?
//!
//! | you need | take |
//! |---|---|
//! | strings that are built once, here or by another process | [`Index`]: one piece of bytes, opened without being read |
//! | the same, and changes that are seen at once | `Suggester`: an index, an overlay over it, snapshots for readers |
//! | few strings that change all the time | [`Overlay`] alone |
//! | the best that begin with what was typed | [`complete`](Index::complete); it is an iterator without end but the last string |
//! | typing errors forgiven | [`Completions::fuzzy`] with [`Fuzzy`] |
//! | words in any order, the last unfinished | [`search`](Index::search), of an index built with [`terms`](Builder::terms) |
//! | `é` found by `e`, `É` shown | [`Fold`], when the index is built |
//! | personal favourites, blocked strings, one form of each | [`Hits`] |
//! | what is read now before what was read last year | [`Decay`], whose scores are weights |
//! | the matched part in bold | [`Hit::spans`] |
//!
//! # Two phases
#![cfg_attr(feature = "std", doc = include_str!("../docs/phases.md"))]
//!
//! # Order
//!
//! Total and documented: without errors before one error before two (or [`Order::Weight`]), then by
//! weight, descending, then by the bytes of the key, ascending, then of the form that is shown. So pages
//! do not overlap, shards agree, and tests are golden.
//!
//! # What it does not do
//!
//! It reads no file and maps no memory. It ranks by the weights that it is given and knows no
//! relevance. It finds beginnings of strings, or words; not the middles of words. It does not
//! transliterate: `Ж` is not `zh`. Words of an overlay are searched one string after the other.
//!
//! # Limits
//!
//! | | |
//! |---|---|
//! | a string, and its folded key | [`MAX_LEN`], 4,096 bytes; longer ones are refused |
//! | strings of an index | 2^32 - 2, and 4 GiB of their differences |
//! | weights and payloads | all of `u64` |
//! | results | all there are; less than 0.5 µs for each after the tenth |
//! | a query that is forgiven errors | 63 characters; longer ones are taken as they are |
//! | typing errors | 2 |
//! | an index that was damaged and not verified | wrong answers; no panic, no endless loop |
//!
//! # Memory
//!
//! | | bytes |
//! |---|---|
//! | [`Index`] | 256; for each string what it does not share with the one before, 1, its weight in ⌈log2 of different weights⌉ bits, its payload in as many as the greatest takes; 8 for each different weight; about 1 a string for the trie above |
//! | of 1.9 million words, 9.9 bytes long on average, with weights | 7.0 a string |
//! | [`terms`](Builder::terms) | about 10 a string and 3 a word more |
//! | a form that is shown and differs from its key | its bytes and 1 |
//! | [`Overlay`], and what is changed in a `Suggester` | 32, the bytes of the key, about 8 |
//! | `Suggester` | a seventh of a byte for each string of its index, to mark what is changed |
#![doc = include_str!("../docs/memory.svg")]
//!
//! # Defaults
//!
//! | option | default | why |
//! |---|---|---|
//! | `fold` | [`Fold::NONE`] | what is stored should be what was given, until asked otherwise |
//! | `duplicates` | [`Duplicates::Max`] | the one rule that no order of input and no repetition changes |
//! | `terms` | off | they double the size |
//! | `fuzzy` | [`Fuzzy::OFF`] | its hits surprise where they were not asked for |
//! | [`Fuzzy::auto`] | one error from 4 characters, two from 8 | shorter texts are near to too many others; one error explains 86 % of misspellings, two 98 % |
//! | [`Order`] | by distance | who typed it right means it; and errors cost nothing where enough was right |
//!
//! # Why this structure
#![doc = include_str!("../docs/structure.md")]
#![forbid(unsafe_code)]
#![warn(clippy::alloc_instead_of_core, clippy::std_instead_of_alloc, clippy::std_instead_of_core)]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![no_std]

extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

mod best;
mod builder;
mod bytes;
mod completions;
mod decay;
mod error;
mod fold;
mod fuzzy;
mod header;
mod highlight;
mod hit;
mod hits;
mod index;
mod keys;
mod memory;
mod osa;
#[cfg_attr(not(feature = "std"), allow(dead_code, reason = "the suggester, of `std`, needs more"))]
mod overlay;
mod roots;
mod stored;
#[cfg(all(feature = "std", target_has_atomic = "64"))]
mod suggester;
#[cfg(all(feature = "std", target_has_atomic = "64"))]
mod sync;
mod terms;
mod tree;
mod write;

pub use builder::{Builder, Duplicates};
pub use completions::Completions;
pub use decay::Decay;
pub use error::{BuildError, OpenError, SwapError};
pub use fold::Fold;
pub use fuzzy::{Fuzzy, Order};
pub use hit::Hit;
pub use hits::{Blocklist, Boosted, Boosts, Dedup, Hits, Without};
pub use index::Index;
pub use memory::MemoryUse;
pub use overlay::Overlay;
#[cfg(all(feature = "std", target_has_atomic = "64"))]
pub use suggester::{Compacted, Keep, Snapshot, Suggester};
pub use terms::Matches;

/// The longest string, and the longest folded one, in bytes. No person types as much; a limit keeps
/// what one string can cost in bounds.
pub const MAX_LEN: usize = 4096;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
