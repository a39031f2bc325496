use crate::{Quorum, Replicas, Rule, Version};

/// What a query is to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[must_use = "a step not taken leaves the operation waiting for ever"]
pub enum QueryStep {
    /// Nothing: wait for the next event.
    Wait,
    /// Ask these for the key's version.
    Send(Replicas),
    /// Enough have answered: write with a version later than [`newest`](QueryOp::newest).
    Write,
    /// Too few can answer.
    Unavailable {
        /// Who answered.
        answered: Replicas,
    },
}

/// The first phase of a linearizable write: what is the latest version that a quorum of readers knows?
///
/// Attiya, Bar-Noy and Dolev ("Sharing memory robustly in message-passing systems", 1995), for several
/// writers (Lynch and Shvartsman, 1997). Without it, a writer whose clock is behind stamps its write
/// earlier than one that was acknowledged before, and the write is lost although it was acknowledged.
///
/// It sees every write only where reads do: over a quorum that [lets reads miss
/// writes](crate::QuorumBuilder::reads_may_miss_writes) nothing is linearizable.
///
/// The version that follows must be **unique and later than the newest**: observe the newest with the
/// actor's [`Hlc`](crate::Hlc), and tick; then write it with a [`WriteOp`](crate::WriteOp). Two writes
/// of one actor that both took "the newest and one" would share a stamp.
///
/// ```
/// use voussoir_quorum::{QueryOp, QueryStep, Quorum, Replicas};
///
/// let mut query = QueryOp::<u64>::new(&Quorum::majority(3)?);
/// assert_eq!(query.start(Replicas::first(3)), QueryStep::Send(Replicas::first(3)));
/// assert_eq!(query.on_version(0, Some(&4)), QueryStep::Wait);
/// assert_eq!(query.on_version(2, None), QueryStep::Write); // it has never seen the key
/// assert_eq!(query.newest(), Some(&4));
/// # Ok::<(), voussoir_quorum::ConfigError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct QueryOp<S> {
    rule: Rule,
    sent: Replicas,
    answered: Replicas,
    failed: Replicas,
    newest: Option<S>,
    done: bool,
}

impl<S: Version> QueryOp<S> {
    /// A query of the replicas of `quorum`. No allocation.
    pub fn new(quorum: &Quorum) -> Self {
        let none = Replicas::NONE;
        let rule = quorum.read().clone();
        Self { rule, sent: none, answered: none, failed: none, newest: None, done: false }
    }

    /// Begins: asks all that are `up`.
    pub fn start(&mut self, up: Replicas) -> QueryStep {
        if self.done || !self.sent.is_empty() {
            return QueryStep::Wait;
        }
        self.sent = self.rule.replicas() & up;
        match self.decide() {
            QueryStep::Wait => QueryStep::Send(self.sent),
            over => over,
        }
    }

    /// A replica has told its version of the key; none if it has never seen it.
    pub fn on_version(&mut self, place: u8, version: Option<&S>) -> QueryStep {
        if self.done || !self.sent.contains(place) || !self.answered.insert(place) {
            return QueryStep::Wait;
        }
        // Late is not never.
        self.failed.remove(place);
        match (&mut self.newest, version) {
            (Some(newest), Some(version)) => newest.join(version),
            (newest @ None, version) => *newest = version.cloned(),
            (Some(_), None) => {}
        }
        self.decide()
    }

    /// A replica will not answer.
    pub fn on_fail(&mut self, place: u8) -> QueryStep {
        if self.sent.contains(place) && !self.answered.contains(place) {
            self.failed.insert(place);
        }
        self.decide()
    }

    /// The time that the caller allows is over.
    pub fn on_deadline(&mut self) -> QueryStep {
        self.failed = self.sent - self.answered;
        self.decide()
    }

    /// The latest version that was told.
    pub const fn newest(&self) -> Option<&S> {
        self.newest.as_ref()
    }

    fn decide(&mut self) -> QueryStep {
        if self.done {
            return QueryStep::Wait;
        }
        if self.rule.is_met(self.answered) {
            self.done = true;
            return QueryStep::Write;
        }
        if !self.rule.is_met(self.sent - self.failed) {
            self.done = true;
            return QueryStep::Unavailable { answered: self.answered };
        }
        QueryStep::Wait
    }
}
