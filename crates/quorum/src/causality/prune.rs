use alloc::vec::Vec;
use core::time::Duration;

use voussoir_core::Nanos;

use super::vector_clock::Actor;
use super::{Dot, VectorClock};

/// When entries of a clock are dropped although nobody has retired their actors. Never, unless you
/// say so.
///
/// Pruning loses causality. A clock without an entry that another replica still has looks concurrent
/// to it: values that one client wrote in turn become siblings. And an actor that counts again after
/// its entry was dropped starts over at 1, which old clocks cover: **its new writes vanish**. Two
/// clusters that prune at different moments never agree on the clocks of equal data
/// ([riak_kv#1864](https://github.com/basho/riak_kv/issues/1864)). With replicas as actors, clocks
/// stay short by themselves; then retire actors by [`VectorClock::forget`] instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pruning {
    /// A clock with this many entries or fewer is left alone.
    pub small: usize,
    /// One with more than this loses its oldest entries until it has no more.
    pub big: usize,
    /// As long as the oldest entry is younger than this, nothing is dropped.
    pub young: Duration,
    /// An entry older than this is dropped.
    pub old: Duration,
}

/// What was dropped from a clock. Log it: each of these dots can come back as a sibling.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use = "what was pruned can come back as false siblings: log it"]
pub struct Pruned<A> {
    /// The last dot of each actor dropped, oldest first.
    pub dots: Vec<Dot<A>>,
}

impl Pruning {
    /// Drops nothing.
    pub const NEVER: Self =
        Self { small: usize::MAX, big: usize::MAX, young: Duration::MAX, old: Duration::MAX };

    /// What Riak does: 50 entries, 20 seconds, one day.
    pub const RIAK: Self =
        Self { small: 50, big: 50, young: Duration::from_secs(20), old: Duration::from_hours(24) };
}

impl Default for Pruning {
    fn default() -> Self {
        Self::NEVER
    }
}

impl<A: Actor> VectorClock<A> {
    /// Drops what `pruning` says, oldest first, equal ages in the order of the actors, so that all
    /// replicas drop the same. The clock knows no time: `last_event` tells when an actor last counted
    /// here.
    ///
    /// Complexity: O(actors · log actors), and O(actors) for each that is dropped.
    pub fn prune(
        &mut self,
        pruning: &Pruning,
        now: Nanos,
        last_event: impl Fn(&A) -> Nanos,
    ) -> Pruned<A> {
        let mut dots = Vec::new();
        if self.len() <= pruning.small {
            return Pruned { dots };
        }
        let mut by_age: Vec<_> =
            self.iter().map(|(actor, _)| (last_event(actor), actor.clone())).collect();
        by_age.sort_unstable();
        for (at, actor) in by_age {
            let age = now.saturating_duration_since(at);
            let keep = age < pruning.young || (self.len() <= pruning.big && age <= pruning.old);
            if keep || self.len() <= pruning.small {
                break;
            }
            dots.extend(self.forget(&actor));
        }
        Pruned { dots }
    }
}
