//! The peers, each as its documentation says it hits best.

use core::num::NonZeroUsize;

use super::{Capacity, Contender, Simulated};

/// Those that `--peers` adds.
pub const CONTENDERS: &[Contender] = &[
    Contender { name: "moka", build: |size| Box::new(moka::sync::Cache::new(size.capacity)) },
    Contender {
        name: "mini-moka",
        build: |size| Box::new(mini_moka::unsync::Cache::new(size.capacity)),
    },
    Contender {
        name: "quick-cache",
        build: |size| Box::new(quick_cache::unsync::Cache::new(size.capacity as usize)),
    },
    Contender {
        name: "quick-cache-sync",
        build: |size| Box::new(quick_cache::sync::Cache::new(size.capacity as usize)),
    },
    Contender {
        name: "tinyufo",
        build: |size| Box::new(TinyUfo::new(size.capacity as usize, size.capacity as usize)),
    },
    Contender {
        name: "foyer-s3fifo",
        build: |size| foyer(size, foyer_memory::S3FifoConfig::default()),
    },
    Contender { name: "foyer-lfu", build: |size| foyer(size, foyer_memory::LfuConfig::default()) },
    Contender { name: "lru-crate", build: |size| Box::new(lru::LruCache::new(at_least_one(size))) },
];

type TinyUfo = tinyufo::TinyUfo<u64, ()>;

fn at_least_one(size: Capacity) -> NonZeroUsize {
    NonZeroUsize::MIN.saturating_add((size.capacity as usize).saturating_sub(1))
}

fn foyer(size: Capacity, policy: impl Into<foyer_memory::EvictionConfig>) -> Box<dyn Simulated> {
    let cache: foyer_memory::Cache<u64, ()> =
        foyer_memory::CacheBuilder::new(size.capacity as usize)
            .with_shards(1)
            .with_eviction_config(policy)
            .build();
    Box::new(cache)
}

impl Simulated for moka::sync::Cache<u64, ()> {
    fn access(&mut self, key: u64, _: u32) -> bool {
        let hit = self.get(&key).is_some();
        if !hit {
            self.insert(key, ());
        }
        // Without it, what is held depends on when a maintenance happens to run.
        self.run_pending_tasks();
        hit
    }
}

impl Simulated for mini_moka::unsync::Cache<u64, ()> {
    fn access(&mut self, key: u64, _: u32) -> bool {
        let hit = self.get(&key).is_some();
        if !hit {
            self.insert(key, ());
        }
        hit
    }
}

impl Simulated for quick_cache::unsync::Cache<u64, ()> {
    fn access(&mut self, key: u64, _: u32) -> bool {
        let hit = self.get(&key).is_some();
        if !hit {
            self.insert(key, ());
        }
        hit
    }
}

impl Simulated for quick_cache::sync::Cache<u64, ()> {
    fn access(&mut self, key: u64, _: u32) -> bool {
        let hit = self.get(&key).is_some();
        if !hit {
            self.insert(key, ());
        }
        hit
    }
}

impl Simulated for TinyUfo {
    fn access(&mut self, key: u64, _: u32) -> bool {
        let hit = self.get(&key).is_some();
        if !hit {
            self.put(key, (), 1);
        }
        hit
    }
}

impl Simulated for foyer_memory::Cache<u64, ()> {
    fn access(&mut self, key: u64, _: u32) -> bool {
        let hit = self.get(&key).is_some();
        if !hit {
            self.insert(key, ());
        }
        hit
    }
}

impl Simulated for lru::LruCache<u64, ()> {
    fn access(&mut self, key: u64, _: u32) -> bool {
        let hit = self.get(&key).is_some();
        if !hit {
            self.put(key, ());
        }
        hit
    }
}
