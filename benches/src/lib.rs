//! voussoir measured against its peers.
//!
//! * [`area`]: one file for each primitive, with the cases that ours and the peers are put to;
//! * [`bars`]: what we promised, in one table;
//! * [`completion`]: strings and peers of the area `trie` and of the `suggest` command;
//! * [`harness`]: how a case is run, judged and shown;
//! * [`hit_ratio`]: recorded requests, and what caches would have held of them;
//! * [`inputs`]: the keys, and the order in which they are asked for.
//!
//! The `scoreboard` binary prints the table; the criterion benches run the same cases.
#![forbid(unsafe_code)]

extern crate alloc;

pub mod area;
pub mod bars;
pub mod completion;
pub mod harness;
pub mod hit_ratio;
pub mod inputs;
pub mod svg;
