//! What was promised, in one table.
//!
//! The bars are those of the issues that ordered the work. They are never adjusted to what was
//! measured: a row that misses its bar says so until the code is better.

use core::fmt;

use crate::harness::json::Row;

/// One promise about a row.
#[derive(Clone, Copy, Debug)]
pub enum Bar {
    /// At most this, in the row's unit.
    AtMost(f64),
    /// At most this above the row's floor.
    AboveFloor(f64),
    /// This, give or take such a share of it.
    About(f64, f64),
    /// At most so many times the best peer whose name begins so.
    Times(f64, &'static str),
    /// At least so many times the best peer whose name begins so: for throughput.
    Throughput(f64, &'static str),
    /// So many times as fast as the best peer whose name begins so: for time.
    Faster(f64, &'static str),
    /// Two threads do at least so many times what one does.
    Scales(f64),
}

/// The bars of one row.
#[derive(Clone, Copy, Debug)]
pub struct Promise {
    /// The row's area.
    pub area: &'static str,
    /// The row's name.
    pub case: &'static str,
    /// What was promised, all of it.
    pub bars: &'static [Bar],
}

const fn promise(area: &'static str, case: &'static str, bars: &'static [Bar]) -> Promise {
    Promise { area, case, bars }
}

use Bar::{About, AboveFloor, AtMost, Faster, Scales, Throughput, Times};

/// Every bar.
#[rustfmt::skip]
pub const PROMISES: &[Promise] = &[
    // The sharded map: not slower on one thread, at least 1.2 times on two, no fatter.
    promise("core", "map u64 uniform, std hasher",               &[Times(1.00, "dashmap")]),
    promise("core", "map u64 uniform, std hasher, 2 threads",    &[Throughput(1.2, "dashmap")]),
    promise("core", "map u64 zipf, std hasher",                  &[Times(1.00, "dashmap")]),
    promise("core", "map u64 zipf, std hasher, 2 threads",       &[Throughput(1.2, "dashmap")]),
    promise("core", "map u64 uniform, foldhash",                 &[Times(1.00, "dashmap")]),
    promise("core", "map u64 uniform, foldhash, 2 threads",      &[Throughput(1.2, "dashmap")]),
    promise("core", "map u64 zipf, foldhash",                    &[Times(1.00, "dashmap")]),
    promise("core", "map u64 zipf, foldhash, 2 threads",         &[Throughput(1.2, "dashmap")]),
    promise("core", "map String uniform, std hasher",            &[Times(1.00, "dashmap")]),
    promise("core", "map String uniform, std hasher, 2 threads", &[Throughput(1.2, "dashmap")]),
    promise("core", "map String zipf, std hasher",               &[Times(1.00, "dashmap")]),
    promise("core", "map String zipf, std hasher, 2 threads",    &[Throughput(1.2, "dashmap")]),
    promise("core", "map String uniform, foldhash",              &[Times(1.00, "dashmap")]),
    promise("core", "map String uniform, foldhash, 2 threads",   &[Throughput(1.2, "dashmap")]),
    promise("core", "map String zipf, foldhash",                 &[Times(1.00, "dashmap")]),
    promise("core", "map String zipf, foldhash, 2 threads",      &[Throughput(1.2, "dashmap")]),
    promise("core", "map u64, memory",                           &[Times(1.03, "dashmap")]),
    promise("core", "map String, memory",                        &[Times(1.03, "dashmap")]),

    // Direct limiters: at the floor of any limiter that reads a clock; a denial writes nothing.
    promise("ratelimit", "direct allow, quanta clock",            &[Times(1.02, "governor")]),
    promise("ratelimit", "direct allow, quanta clock, 2 threads", &[Throughput(1.0, "governor")]),
    promise("ratelimit", "direct allow, std clock",               &[Times(1.0, "governor")]),
    promise("ratelimit", "direct allow, std clock, 2 threads",    &[Throughput(1.0, "governor")]),
    promise("ratelimit", "direct allow, time given",              &[Times(0.9, "governor")]),
    promise("ratelimit", "direct allow, time given, 2 threads",   &[Throughput(1.0, "governor")]),
    promise("ratelimit", "direct allow, quanta clock, allocations", &[AtMost(0.0)]),
    promise("ratelimit", "direct deny, quanta clock",             &[AboveFloor(2.0)]),
    promise("ratelimit", "direct deny, quanta clock, 2 threads",  &[Throughput(1.0, "governor")]),
    promise("ratelimit", "direct deny, std clock",                &[AboveFloor(2.0)]),
    promise("ratelimit", "direct deny, std clock, 2 threads",     &[Throughput(1.0, "governor")]),
    promise("ratelimit", "direct deny, time given",               &[AtMost(1.5)]),
    promise("ratelimit", "direct deny, time given, 2 threads",    &[Throughput(1.0, "governor")]),

    promise("ratelimit", "striped allow, quanta clock, 2 threads", &[Throughput(3.0, "governor")]),
    promise("ratelimit", "striped allow, time given, 2 threads",   &[Throughput(3.0, "governor")]),

    // The algorithms among themselves.
    promise("ratelimit", "direct allow, even requests, leaky meter",             &[Times(1.5, "token bucket")]),
    promise("ratelimit", "direct allow, even requests, leaky queue",             &[Times(1.5, "token bucket")]),
    promise("ratelimit", "direct allow, even requests, fixed window",            &[Times(1.5, "token bucket")]),
    promise("ratelimit", "direct allow, even requests, fixed window, anchored",  &[Times(1.5, "token bucket")]),
    promise("ratelimit", "direct allow, even requests, sliding counter",         &[Times(1.5, "token bucket")]),
    promise("ratelimit", "direct allow, even requests, sliding counter, strict", &[Times(1.5, "token bucket")]),
    promise("ratelimit", "direct allow, even requests, sliding log",             &[Times(3.0, "token bucket")]),

    // Keyed limiters: the gain is the map's, with the same hasher and with a fast one.
    promise("ratelimit", "keyed allow u64 zipf, std hasher",              &[Times(0.8, "governor dashmap")]),
    promise("ratelimit", "keyed allow u64 zipf, std hasher, 2 threads",   &[Throughput(1.25, "governor dashmap")]),
    promise("ratelimit", "keyed allow u64 zipf, fast hasher",             &[Times(0.6, "governor dashmap")]),
    promise("ratelimit", "keyed allow u64 zipf, fast hasher, 2 threads",  &[Throughput(1.5, "governor dashmap")]),
    promise("ratelimit", "keyed allow String zipf, std hasher",             &[Times(0.8, "governor dashmap")]),
    promise("ratelimit", "keyed allow String zipf, std hasher, 2 threads",  &[Throughput(1.25, "governor dashmap")]),
    promise("ratelimit", "keyed allow String zipf, fast hasher",            &[Times(0.6, "governor dashmap")]),
    promise("ratelimit", "keyed allow String zipf, fast hasher, 2 threads", &[Throughput(1.5, "governor dashmap")]),
    promise("ratelimit", "keyed allow u64 zipf, fast hasher on both",               &[Times(0.8, "governor dashmap")]),
    promise("ratelimit", "keyed allow u64 zipf, fast hasher on both, 2 threads",    &[Throughput(1.25, "governor dashmap")]),
    promise("ratelimit", "keyed allow String zipf, fast hasher on both",            &[Times(0.8, "governor dashmap")]),
    promise("ratelimit", "keyed allow String zipf, fast hasher on both, 2 threads", &[Throughput(1.25, "governor dashmap")]),
    promise("ratelimit", "keyed allow u64 zipf, std hasher, allocations",   &[AtMost(0.0)]),
    promise("ratelimit", "keyed allow String zipf, std hasher, allocations", &[AtMost(0.0)]),
    promise("ratelimit", "keyed u64, memory",                             &[AtMost(23.0)]),

    // Breakers: a healthy one writes nothing, so that it costs a load and scales.
    promise("breaker", "closed, success",                &[Times(0.6, "recloser"), AtMost(5.0)]),
    promise("breaker", "closed, success, 2 threads",     &[Scales(1.8), Throughput(10.0, "recloser")]),
    promise("breaker", "closed, success, allocations",   &[AtMost(0.0)]),
    promise("breaker", "closed, 1 % failures",           &[Faster(5.0, "recloser"), Faster(10.0, "tower-resilience")]),
    promise("breaker", "closed, 1 % failures, 2 threads", &[Throughput(4.0, "recloser")]),
    promise("breaker", "closed, time window, std clock", &[AboveFloor(6.0)]),
    promise("breaker", "open, std clock",                &[AboveFloor(3.0)]),
    promise("breaker", "open, quanta clock",             &[AboveFloor(3.0)]),

    // Bulkheads: one atomic operation to take and one to give back.
    promise("breaker", "bulkhead, acquire and release",              &[Times(0.8, "tokio")]),
    promise("breaker", "bulkhead, acquire and release, 2 threads",   &[Throughput(2.0, "tokio")]),
    promise("breaker", "bulkhead, acquire and release, allocations", &[AtMost(0.0)]),

    // Retries: a delay is a multiplication or two, and nothing is allocated.
    promise("retry", "jittered delay",                            &[Times(0.4, "backon")]),
    promise("retry", "jittered delay, allocations",               &[AtMost(0.0)]),
    promise("retry", "budget, a call and its retry, allocations", &[AtMost(0.0)]),
    promise("retry", "first attempt succeeds, allocations",       &[AtMost(0.0)]),
    promise("retry", "second attempt succeeds, allocations",      &[AtMost(0.0)]),
    promise("retry", "throttle, healthy, allocations",            &[AtMost(0.0)]),
    promise("retry", "policy, healthy, allocations",              &[AtMost(0.0)]),

    // Balancers: pick and done over ten nodes.
    promise("balance", "round robin",                            &[AtMost(15.0)]),
    promise("balance", "round robin, allocations",               &[AtMost(0.0)]),
    promise("balance", "weighted round robin, allocations",      &[AtMost(0.0)]),
    promise("balance", "least connections, idle",                &[AtMost(15.0)]),
    promise("balance", "least connections, idle, allocations",   &[AtMost(0.0)]),
    promise("balance", "least connections, busy",                &[AtMost(15.0)]),
    promise("balance", "power of two, idle",                     &[AtMost(15.0)]),
    promise("balance", "power of two, idle, allocations",        &[AtMost(0.0)]),
    promise("balance", "power of two, busy",                     &[AtMost(15.0)]),

    // Ids: the layout's limit where nothing is borrowed, one atomic operation where it is; text at
    // two digits a step.
    promise("idgen", "Twitter layout, nothing borrowed",      &[About(244.14, 0.02)]),
    promise("idgen", "shared, cached clock",                  &[Times(0.9, "ferroid atomic")]),
    promise("idgen", "shared, cached clock, 2 threads",       &[Throughput(1.0, "ferroid")]),
    promise("idgen", "shared, cached clock, allocations",     &[AtMost(0.0)]),
    promise("idgen", "shared, std clock",                     &[AboveFloor(4.0)]),
    promise("idgen", "batches of 1024",                       &[AtMost(1.0)]),
    promise("idgen", "base62 encode to buffer",               &[Times(0.75, "base62")]),
    promise("idgen", "base62 encode to buffer, allocations",  &[AtMost(0.0)]),
    promise("idgen", "base62 encode to String",               &[Times(0.9, "base62")]),
    promise("idgen", "base62 decode",                         &[Times(0.7, "base62")]),
    promise("idgen", "base62 decode, allocations",            &[AtMost(0.0)]),
    promise("idgen", "short code encode",                     &[AtMost(60.0)]),
    promise("idgen", "short code encode, allocations",        &[AtMost(0.0)]),
    promise("idgen", "short code decode",                     &[AtMost(60.0)]),

    // Causality: one pass over what is inside the value; nothing that a map, a lock or the heap costs.
    promise("quorum", "compare, less, 3 actors",              &[AtMost(6.0), Times(0.25, "crdts")]),
    promise("quorum", "compare, equal, 3 actors",             &[AtMost(6.0), Times(0.6, "crdts")]),
    promise("quorum", "compare, concurrent, 3 actors",        &[AtMost(6.0), Times(0.6, "crdts")]),
    promise("quorum", "compare, less, 10 actors",             &[Times(0.3, "crdts")]),
    promise("quorum", "compare, equal, 10 actors",            &[Times(0.7, "crdts")]),
    promise("quorum", "compare, concurrent, 10 actors",       &[Times(0.7, "crdts")]),
    promise("quorum", "increment, 3 actors",                  &[AtMost(4.0)]),
    promise("quorum", "increment, 10 actors",                 &[AtMost(4.0)]),
    promise("quorum", "merge in place, 3 actors",             &[AtMost(6.0)]),
    promise("quorum", "merge in place, 3 actors, allocations", &[AtMost(0.0)]),
    promise("quorum", "hybrid clock tick, zero clock",        &[Times(1.0, "uhlc")]),
    promise("quorum", "hybrid clock tick, real clock",        &[Times(1.0, "uhlc")]),
    promise("quorum", "write coordinator, whole life, N = 3", &[AtMost(40.0)]),
    promise("quorum", "write coordinator, whole life, N = 3, allocations", &[AtMost(0.0)]),
    promise("quorum", "phi, exponential",                     &[AtMost(15.0)]),
    promise("quorum", "phi, normal",                          &[AtMost(15.0)]),
    promise("quorum", "Merkle update",                        &[AtMost(120.0)]),
    promise("quorum", "token, written and read, 3 actors",    &[AtMost(60.0)]),

    // Placements: 16-byte keys, hashing included, 160 virtual nodes where nothing else is said.
    promise("hashring", "look-up, 10 nodes",               &[Times(0.8, "pingora-ketama")]),
    promise("hashring", "look-up, 100 nodes",              &[Times(0.8, "pingora-ketama")]),
    promise("hashring", "look-up, 1000 nodes",             &[Times(0.8, "pingora-ketama")]),
    promise("hashring", "3 replicas, 10 nodes",            &[Times(3.0, "one look-up of ours")]),
    promise("hashring", "3 replicas, 100 nodes",           &[Times(3.0, "one look-up of ours")]),
    promise("hashring", "3 replicas, 1000 nodes",          &[Times(3.0, "one look-up of ours")]),
    promise("hashring", "3 replicas, 10 nodes, allocations",   &[AtMost(0.0)]),
    promise("hashring", "3 replicas, 100 nodes, allocations",  &[AtMost(0.0)]),
    promise("hashring", "3 replicas, 1000 nodes, allocations", &[AtMost(0.0)]),
    promise("hashring", "build, 1000 nodes", &[Times(1.0, "pingora-ketama")]),
    promise("hashring", "memory, for each of 1000 nodes",  &[AtMost(2048.0)]),
    promise("hashring", "Maglev look-up, 10 nodes",        &[Times(0.8, "maglev")]),
    promise("hashring", "Maglev look-up, 100 nodes",       &[Times(0.8, "maglev")]),
    promise("hashring", "Maglev look-up, 1000 nodes",      &[Times(0.8, "maglev")]),
    promise("hashring", "Maglev look-up, foldhash on both, 10 nodes",   &[Times(0.8, "maglev")]),
    promise("hashring", "Maglev look-up, foldhash on both, 100 nodes",  &[Times(0.8, "maglev")]),
    promise("hashring", "Maglev look-up, foldhash on both, 1000 nodes", &[Times(0.8, "maglev")]),
    promise("hashring", "Maglev build, 10 nodes", &[Times(0.25, "maglev")]),
    promise("hashring", "Maglev build, 100 nodes", &[Times(0.25, "maglev")]),
    promise("hashring", "Maglev build, 1000 nodes", &[Times(0.25, "maglev")]),
    promise("hashring", "imbalance, 1000 nodes, 160 virtual",   &[AtMost(1.35)]),
    promise("hashring", "imbalance, 1000 nodes, default",       &[AtMost(1.25)]),
    promise("hashring", "imbalance, 1000 nodes, Maglev",        &[AtMost(1.02)]),
    promise("hashring", "imbalance, 1000 nodes, bounded to 1.25", &[AtMost(1.25)]),

    // Caches: as fast as the fastest, with policies that see more; five times as fast as the most used.
    promise("cache", "hit, S3-FIFO",                          &[Times(1.0, "quick_cache sync")]),
    promise("cache", "hit, S3-FIFO, 2 threads",               &[Throughput(1.0, "quick_cache sync")]),
    promise("cache", "hit, FIFO",                             &[Times(1.0, "quick_cache sync")]),
    promise("cache", "hit, FIFO, 2 threads",                  &[Throughput(1.0, "quick_cache sync")]),
    promise("cache", "hit, adaptive",                         &[Times(1.4, "quick_cache sync"), Faster(5.0, "moka")]),
    promise("cache", "hit, adaptive, 2 threads",              &[Throughput(5.0, "moka")]),
    promise("cache", "hit, adaptive, allocations",            &[AtMost(0.0)]),
    promise("cache", "hit, own S3-FIFO",                      &[Times(1.0, "quick_cache unsync")]),
    promise("cache", "hit, own FIFO",                         &[Times(1.0, "quick_cache unsync")]),
    promise("cache", "read-through, S3-FIFO",                 &[Times(1.0, "quick_cache sync")]),
    promise("cache", "read-through, S3-FIFO, 2 threads",      &[Throughput(1.0, "quick_cache sync")]),
    promise("cache", "read-through, FIFO",                    &[Times(1.0, "quick_cache sync")]),
    promise("cache", "read-through, FIFO, 2 threads",         &[Throughput(1.0, "quick_cache sync")]),
    promise("cache", "read-through, adaptive",                &[Faster(5.0, "moka")]),
    promise("cache", "read-through, adaptive, 2 threads",     &[Throughput(5.0, "moka")]),
    promise("cache", "read-through, own S3-FIFO",             &[Times(1.0, "quick_cache unsync")]),
    promise("cache", "read-through, own FIFO",                &[Times(1.0, "quick_cache unsync")]),
    promise("cache", "churn, S3-FIFO",                        &[Times(1.0, "quick_cache sync")]),
    promise("cache", "churn, S3-FIFO, 2 threads",             &[Throughput(1.0, "quick_cache sync")]),
    promise("cache", "churn, FIFO",                           &[Times(1.0, "quick_cache sync")]),
    promise("cache", "churn, FIFO, 2 threads",                &[Throughput(1.0, "quick_cache sync")]),
    promise("cache", "churn, adaptive",                       &[Faster(5.0, "moka")]),
    promise("cache", "churn, adaptive, 2 threads",            &[Throughput(5.0, "moka")]),
    promise("cache", "churn, own S3-FIFO",                    &[Times(1.0, "quick_cache unsync")]),
    promise("cache", "churn, own FIFO",                       &[Times(1.0, "quick_cache unsync")]),
    promise("cache", "hit, own LRU",                          &[Times(1.2, "schnellru")]),
    promise("cache", "hit, defaults",                         &[Faster(5.0, "moka")]),
    promise("cache", "hit, defaults, 2 threads",              &[Throughput(5.0, "moka")]),
    promise("cache", "memory, fifo",                          &[AtMost(52.0)]),
    promise("cache", "memory, lru",                           &[AtMost(52.0)]),
    promise("cache", "memory, s3-fifo",                       &[AtMost(52.0)]),
    promise("cache", "memory, adaptive",                      &[AtMost(64.0)]),

    // Completion: 1.9 million strings, the best ten.
    promise("trie", "prefix of 0, mean", &[AtMost(3500.0)]),
    promise("trie", "prefix of 0, p99",  &[AtMost(12_000.0)]),
    promise("trie", "prefix of 1, mean", &[AtMost(3500.0)]),
    promise("trie", "prefix of 1, p99",  &[AtMost(12_000.0)]),
    promise("trie", "prefix of 2, mean", &[AtMost(3500.0)]),
    promise("trie", "prefix of 2, p99",  &[AtMost(12_000.0)]),
    promise("trie", "prefix of 3, mean", &[AtMost(3500.0)]),
    promise("trie", "prefix of 3, p99",  &[AtMost(12_000.0)]),
    promise("trie", "prefix of 4, mean", &[AtMost(3500.0)]),
    promise("trie", "prefix of 4, p99",  &[AtMost(12_000.0)]),
    promise("trie", "prefix of 5, mean", &[AtMost(3500.0)]),
    promise("trie", "prefix of 5, p99",  &[AtMost(12_000.0)]),
    promise("trie", "prefix of 6, mean", &[AtMost(3500.0)]),
    promise("trie", "prefix of 6, p99",  &[AtMost(12_000.0)]),
    promise("trie", "prefix of 7, mean", &[AtMost(3500.0)]),
    promise("trie", "prefix of 7, p99",  &[AtMost(12_000.0)]),
    promise("trie", "prefix of 8, mean", &[AtMost(3500.0)]),
    promise("trie", "prefix of 8, p99",  &[AtMost(12_000.0)]),
    promise("trie", "memory, static",                                      &[AtMost(9.5)]),
    promise("trie", "build, for each string in order",                     &[AtMost(1e9 / 1.5e6)]),
    promise("trie", "each further result",                                 &[AtMost(500.0)]),
    promise("trie", "open",                                                &[AtMost(50_000.0)]),
    promise("trie", "suggester, upsert",                                   &[AtMost(2000.0)]),
    promise("trie", "suggester, delete",                                   &[AtMost(2000.0)]),
    promise("trie", "overlay, upsert",                                     &[AtMost(2000.0)]),
    promise("trie", "overlay, delete",                                     &[AtMost(2000.0)]),
    promise("trie", "memory, overlay",                                     &[AtMost(64.0)]),
    promise("trie", "overlay, query, worst mean of all lengths",           &[AtMost(8000.0)]),
    promise("trie", "query of two readers while indexes are swapped, p99", &[Times(1.2, "without swaps")]),
    promise("trie", "wrong answers while indexes are swapped",             &[AtMost(0.0)]),
    promise("trie", "1 typing error, mean",                                &[AtMost(150_000.0)]),
    promise("trie", "1 typing error, by weight, mean",                     &[AtMost(150_000.0)]),
    promise("trie", "1 typing error, p99",                                 &[AtMost(1e6)]),
    promise("trie", "1 typing error, by weight, p99",                      &[AtMost(1e6)]),
    promise("trie", "2 typing errors, p99",                                 &[AtMost(1e7)]),
    promise("trie", "2 typing errors, by weight, p99",                      &[AtMost(1e7)]),
    promise("trie", "misspellings not among the best ten, 1 typing error", &[AtMost(16.0)]),
    promise("trie", "misspellings not among the best ten, 2 typing errors", &[AtMost(5.0)]),
    promise("trie", "2 words, mean",                                       &[AtMost(15_000.0)]),
    promise("trie", "3 words, mean",                                       &[AtMost(40_000.0)]),
];

/// The bars of a row; none if nothing was promised.
pub fn of(area: &str, case: &str) -> &'static [Bar] {
    PROMISES
        .iter()
        .find(|promise| promise.area == area && promise.case == case)
        .map_or(&[], |promise| promise.bars)
}

impl Bar {
    /// Whether `row` keeps the promise. `single` is what ours did with one thread, in Mop/s; a
    /// promise about something that was not measured is not kept.
    pub fn met(self, row: &Row, single: f64) -> bool {
        match self {
            AtMost(limit) => row.ours <= limit,
            About(figure, share) => (row.ours - figure).abs() <= figure * share,
            AboveFloor(limit) => row.floor.is_some_and(|floor| row.ours <= floor + limit),
            Times(times, peer) => best(row, peer).is_some_and(|best| row.ours <= best * times),
            Throughput(times, peer) => best(row, peer).is_some_and(|best| row.ours >= best * times),
            Faster(times, peer) => best(row, peer).is_some_and(|best| row.ours * times <= best),
            Scales(times) => row.ours >= single * times,
        }
    }
}

impl fmt::Display for Bar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AtMost(limit) => write!(f, "≤ {limit}"),
            About(figure, share) => write!(f, "{figure} ± {} %", share * 100.0),
            AboveFloor(limit) => write!(f, "≤ floor + {limit}"),
            Times(times, peer) => write!(f, "≤ {times}× {peer}"),
            Throughput(times, peer) => write!(f, "≥ {times}× {peer}"),
            Faster(times, peer) => write!(f, "{times}× as fast as {peer}"),
            Scales(times) => write!(f, "≥ {times}× one thread"),
        }
    }
}

fn best(row: &Row, peer: &str) -> Option<f64> {
    row.all
        .iter()
        .filter(|(name, _)| name.starts_with(peer))
        .map(|(_, &figure)| figure)
        .reduce(|a, b| if row.unit.is_better(b, a) { b } else { a })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::area::AREAS;
    use crate::harness::board::row_names;
    use crate::harness::json::Unit;
    use crate::inputs::Inputs;

    fn row(unit: Unit, ours: f64, floor: Option<f64>) -> Row {
        Row {
            area: "area",
            case: "case".to_owned(),
            unit,
            ours,
            best: 10.0,
            peer: "them two".to_owned(),
            ratio: None,
            floor,
            bar: String::new(),
            met: None,
            all: [("them one", 20.0), ("them two", 10.0), ("others", 1.0)]
                .map(|(name, figure)| (name.to_owned(), figure))
                .into(),
        }
    }

    #[test]
    fn every_promise_is_about_a_row_that_exists() {
        let names: Vec<_> = AREAS
            .iter()
            .flat_map(|area| {
                let cases = (area.cases)(&Inputs::TINY);
                row_names(&cases).into_iter().map(|row| (area.name, row))
            })
            .collect();
        for promise in PROMISES {
            let found = names
                .iter()
                .filter(|(area, row)| *area == promise.area && row == promise.case)
                .count();
            assert_eq!(found, 1, "{promise:?}");
        }
    }

    #[test]
    fn a_bar_is_about_the_named_peer_in_its_best_form() {
        let time = Unit::NanosPerOperation;
        assert!(Times(1.0, "them").met(&row(time, 10.0, None), 0.0));
        assert!(!Times(1.0, "them").met(&row(time, 10.1, None), 0.0));
        assert!(Faster(5.0, "them").met(&row(time, 2.0, None), 0.0));
        assert!(!Faster(5.0, "them").met(&row(time, 2.1, None), 0.0));
        let rate = Unit::MegaOperationsPerSecond;
        assert!(Throughput(1.2, "them").met(&row(rate, 24.0, None), 0.0));
        assert!(!Throughput(1.2, "them").met(&row(rate, 23.9, None), 0.0));
    }

    #[test]
    fn a_bar_without_its_measurement_is_not_met() {
        let row = row(Unit::NanosPerOperation, 0.0, None);
        assert!(!AboveFloor(5.0).met(&row, 0.0));
        assert!(!Times(1.0, "absent").met(&row, 0.0));
    }

    #[test]
    fn limits_are_met_at_the_limit() {
        let time = Unit::NanosPerOperation;
        assert!(AtMost(5.0).met(&row(time, 5.0, None), 0.0));
        assert!(!AtMost(5.0).met(&row(time, 5.1, None), 0.0));
        assert!(About(5.0, 0.02).met(&row(time, 4.91, None), 0.0));
        assert!(!About(5.0, 0.02).met(&row(time, 5.11, None), 0.0));
        assert!(!About(5.0, 0.02).met(&row(time, 4.89, None), 0.0));
        assert!(AboveFloor(2.0).met(&row(time, 5.0, Some(3.0)), 0.0));
        assert!(!AboveFloor(2.0).met(&row(time, 5.1, Some(3.0)), 0.0));
        let rate = Unit::MegaOperationsPerSecond;
        assert!(Scales(1.8).met(&row(rate, 18.0, None), 10.0));
        assert!(!Scales(1.8).met(&row(rate, 17.9, None), 10.0));
    }
}
