//! How large a cache should be, and which policy it should have: requests that were recorded, played
//! to caches of several sizes. The `hit-ratio` binary prints the table and draws the curves.

pub mod curves;
pub mod ours;
pub mod peers;
pub mod reference;
pub mod size;
pub mod table;
pub mod trace;

use trace::Request;

/// A cache that is played a trace.
pub trait Simulated {
    /// Asks for `key`, and puts it in with `weight` where it is not there. Whether it was.
    fn access(&mut self, key: u64, weight: u32) -> bool;

    /// How many of `requests` were hits.
    fn play(&mut self, requests: &[Request]) -> u64 {
        let hits = requests.iter().filter(|request| self.access(request.key, request.weight));
        hits.count() as u64
    }
}

/// A kind of cache that can be played a trace.
#[derive(Clone, Copy, Debug)]
pub struct Contender {
    /// As it is named on the command line and in the table.
    pub name: &'static str,
    /// Builds an empty one.
    pub build: fn(Capacity) -> Box<dyn Simulated>,
}

/// What a cache may hold.
#[derive(Clone, Copy, Debug)]
pub struct Capacity {
    /// So many entries, or this weight.
    pub capacity: u64,
    /// Whether it is a weight. Only ours weigh.
    pub weighted: bool,
}

/// Steele, Lea and Flood's finalizer: numbers in a row become such that look random, none twice.
///
/// Traces are often numbered in the order of first appearance, which no real key is, and which
/// some hashers are better with than they deserve.
pub(crate) const fn scrambled(key: u64) -> u64 {
    let z = key.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
