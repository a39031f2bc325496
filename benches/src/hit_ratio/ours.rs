//! Our policies, each in a cache for one thread and in one of shards.

use foldhash::quality::FixedState;
use voussoir::cache::{Cache, CacheBuilder, Policy, UnsyncCache};
use voussoir::time::SystemClock;

use super::{Capacity, Contender, Simulated};

/// In a cache for one thread: those that are played unless others are asked for.
pub const CONTENDERS: &[Contender] = &[
    Contender { name: "adaptive", build: |size| unsync(Policy::Adaptive, size) },
    Contender { name: "s3-fifo", build: |size| unsync(Policy::S3Fifo, size) },
    Contender { name: "lru", build: |size| unsync(Policy::Lru, size) },
    Contender { name: "lfu", build: |size| unsync(Policy::Lfu, size) },
    Contender { name: "fifo", build: |size| unsync(Policy::Fifo, size) },
    Contender { name: "random", build: |size| unsync(Policy::Random, size) },
];

/// In a cache of eight shards, fewer where it is too small for that.
pub const SHARDED: &[Contender] = &[
    Contender { name: "adaptive-sharded", build: |size| sharded(Policy::Adaptive, size) },
    Contender { name: "s3-fifo-sharded", build: |size| sharded(Policy::S3Fifo, size) },
    Contender { name: "lru-sharded", build: |size| sharded(Policy::Lru, size) },
    Contender { name: "lfu-sharded", build: |size| sharded(Policy::Lfu, size) },
];

/// The same in every run.
const SEED: u64 = 0x0076_6f75_7373_6f69;

type Hashed = FixedState;
type Unsync = UnsyncCache<u64, u32, Hashed, SystemClock>;
type Sharded = Cache<u64, u32, Hashed, SystemClock>;

fn unsync(policy: Policy, size: Capacity) -> Box<dyn Simulated> {
    let builder = weighing(UnsyncCache::builder(size.capacity), size).policy(policy).seed(SEED);
    let cache: Unsync =
        builder.hasher(FixedState::with_seed(SEED)).build_unsync().expect("a size is 1 or more");
    Box::new(cache)
}

fn sharded(policy: Policy, size: Capacity) -> Box<dyn Simulated> {
    let shards = if size.capacity >= 1000 { 8 } else { 1 };
    let builder =
        weighing(Cache::builder(size.capacity), size).policy(policy).seed(SEED).shards(shards);
    let cache: Sharded =
        builder.hasher(FixedState::with_seed(SEED)).build().expect("a size is 1 or more");
    Box::new(cache)
}

fn weighing(builder: CacheBuilder<u64, u32>, size: Capacity) -> CacheBuilder<u64, u32> {
    if size.weighted { builder.weigher(|_, weight| u64::from(*weight)) } else { builder }
}

impl Simulated for Unsync {
    fn access(&mut self, key: u64, weight: u32) -> bool {
        let hit = self.get(&key).is_some();
        if !hit {
            self.insert(key, weight);
        }
        hit
    }
}

impl Simulated for Sharded {
    fn access(&mut self, key: u64, weight: u32) -> bool {
        let hit = self.get(&key).is_some();
        if !hit {
            self.insert(key, weight);
        }
        hit
    }
}
