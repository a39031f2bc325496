use alloc::borrow::ToOwned;
use alloc::string::String;
use core::fmt;

use ::metrics::{Counter, counter, describe_counter};
use voussoir_core::ShardedMap;

use super::{Observation, Observer, Outcome};

/// Decisions as the counter [`MetricsObserver::COUNTER`], with the labels `limiter`, `outcome` and
/// `shadow`.
///
/// The counters of a limiter are looked up in the recorder once; install the recorder before the
/// first decision.
pub struct MetricsObserver {
    /// By limiter, of which there are as many as rules.
    counters: ShardedMap<String, Counters>,
}

/// The counters of one limiter. Labels that never occur make no series before they do.
#[derive(Default)]
struct Counters {
    by_label: [Option<Counter>; 8],
}

impl MetricsObserver {
    /// The name of the counter.
    pub const COUNTER: &str = "ratelimit_decisions_total";

    /// An observer that counts in the recorder which is installed.
    pub fn new() -> Self {
        describe_counter!(Self::COUNTER, "Decisions of rate limiters.");
        Self { counters: ShardedMap::with_shards_and_hasher(8, std::hash::RandomState::new()) }
    }
}

impl Default for MetricsObserver {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for MetricsObserver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MetricsObserver").field("limiters", &self.counters.len()).finish()
    }
}

impl Observer for MetricsObserver {
    fn on_decision(&self, seen: &Observation<'_>) {
        let outcome = match seen.outcome {
            Outcome::Allowed => 0,
            Outcome::Denied => 1,
            Outcome::ExceedsCapacity => 2,
            Outcome::KeyMissing => 3,
        };
        let label = 2 * outcome + usize::from(seen.shadow);
        self.counters.update_or_insert(seen.limiter, Counters::default, |counters| {
            counters.by_label[label].get_or_insert_with(|| register(seen)).increment(1);
        });
    }
}

fn register(seen: &Observation<'_>) -> Counter {
    counter!(
        MetricsObserver::COUNTER,
        "limiter" => seen.limiter.to_owned(),
        "outcome" => seen.outcome.name(),
        "shadow" => if seen.shadow { "true" } else { "false" },
    )
}
