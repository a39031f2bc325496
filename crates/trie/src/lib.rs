//! Top-K completion: the best strings that begin with what was typed, from a compact index that never
//! changes and an overlay that does.

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
mod overlay;
mod roots;
mod stored;
#[cfg(feature = "std")]
mod suggester;
mod terms;
mod tree;
mod write;

pub use builder::{Builder, Duplicates};
pub use completions::Completions;
pub use decay::Decay;
pub use error::{BuildError, OpenError};
pub use fold::Fold;
pub use fuzzy::{Fuzzy, Order};
pub use hit::Hit;
pub use hits::{Blocklist, Boosted, Boosts, Dedup, Hits, Without};
pub use index::Index;
pub use memory::MemoryUse;
pub use overlay::Overlay;
#[cfg(feature = "std")]
pub use suggester::{Compacted, Keep, OtherFold, Snapshot, Suggester};
pub use terms::Matches;

/// The longest string, and the longest folded one, in bytes. No person types as much; a limit keeps
/// what one string can cost in bounds.
pub const MAX_LEN: usize = 4096;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
