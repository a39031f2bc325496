mod mode;

pub use mode::{Fanout, ReadMode, ReadOutcome, ReadStep};

use super::repair::absorb;
use crate::{Causality, ConfigError, Quorum, Replicas, Rule, Version};

/// One read, from its start to its answer, and the repair that follows from it.
///
/// `S` is what replies are compared by: a [`Stamp`](crate::Stamp), a
/// [`VectorClock`](crate::VectorClock), or the value itself where that is a
/// [`Version`], as a [`DvvSet`](crate::DvvSet) is; [`newest`](Self::newest) then is the answer.
///
/// Every event may come at any time, twice, or from a place that was never asked: nothing panics, and
/// there is exactly one outcome. At most 256 bytes where `S` is at most 72; no heap but that of `S`.
///
/// ```
/// use voussoir_quorum::{Quorum, ReadMode, ReadOp, ReadOutcome, ReadStep, Replicas};
///
/// let mut read = ReadOp::<u64>::new(&Quorum::nrw(3, 2, 2)?, ReadMode::Linearizable)?;
/// let all = Replicas::first(3);
/// assert_eq!(read.start(all), ReadStep::Send { data: all, digests: Replicas::NONE });
/// assert_eq!(read.on_reply(0, Some(&7)), ReadStep::Wait);
/// // One of the two is behind: the next read could ask it and another that is.
/// assert_eq!(read.on_reply(1, Some(&6)), ReadStep::WriteBack(Replicas::from([1, 2])));
/// let step = read.on_written_back(1);
/// assert!(matches!(step, ReadStep::Done(ReadOutcome::Found { .. })));
/// assert_eq!(read.newest(), Some(&7));
/// # Ok::<(), voussoir_quorum::ConfigError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ReadOp<S> {
    rule: Rule,
    /// How many there are without those that are joining.
    replicas: u8,
    /// Joining: they are not asked, and are written back to.
    pending: Replicas,
    newest: Option<S>,
    /// Up, and not asked yet.
    left: Replicas,
    sent: Replicas,
    answered: Replicas,
    failed: Replicas,
    /// Those that sent their value and not just its version.
    data: Replicas,
    /// Those that have the newest version, or while writing back, one at least as new.
    holders: Replicas,
    absent: Replicas,
    /// Those asked a second time: while fetching, for the value; while writing back, to store the newest
    /// version, which of these `holders` have done.
    again: Replicas,
    mode: ReadMode,
    fanout: Fanout,
    digests: bool,
    phase: Phase,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Phase {
    New,
    Asking,
    Fetching,
    WritingBack,
    Done,
}

impl<S: Version> ReadOp<S> {
    /// A read of the replicas of `quorum`, of all of them at once. No allocation.
    ///
    /// # Errors
    ///
    /// For [`ReadMode::Linearizable`], when reads of this quorum may miss writes.
    #[inline]
    pub fn new(quorum: &Quorum, mode: ReadMode) -> Result<Self, ConfigError> {
        if mode == ReadMode::Linearizable && !quorum.guarantees().reads_see_writes {
            let allowed = "a quorum whose reads see writes (R + W > N), or a weaker mode";
            return Err(ConfigError::new("mode", "Linearizable", allowed));
        }
        let none = Replicas::NONE;
        Ok(Self {
            rule: quorum.read().clone(),
            replicas: quorum.replicas(),
            pending: none,
            newest: None,
            left: none,
            sent: none,
            answered: none,
            failed: none,
            data: none,
            holders: none,
            absent: none,
            again: none,
            mode,
            fanout: Fanout::All,
            digests: false,
            phase: Phase::New,
        })
    }

    /// So many replicas are joining, in the places behind the present ones. They are not asked; but what
    /// is written back goes to them, too, so that readers of the coming set do not fall behind those of
    /// the present one ([scylladb#20458](https://github.com/scylladb/scylladb/issues/20458)).
    pub fn pending(mut self, joining: u8) -> Self {
        let end = self.replicas.saturating_add(joining);
        self.pending = Replicas::first(end) - Replicas::first(self.replicas);
        self
    }

    /// How many are asked at once. Default: all.
    pub fn fanout(self, fanout: Fanout) -> Self {
        Self { fanout, ..self }
    }

    /// Asks one replica for the value and the others for the version alone: worth an additional round
    /// trip, now and then, where values are much larger than 1 kB. Default: off.
    pub fn digests(self, digests: bool) -> Self {
        Self { digests, ..self }
    }

    /// Begins. `up` are the places that seem alive, preferred ones first.
    ///
    /// Answers [`ReadStep::Send`], or [`ReadOutcome::TooFew`] when those cannot be enough. Later calls
    /// answer [`ReadStep::Wait`].
    #[inline]
    pub fn start(&mut self, up: Replicas) -> ReadStep {
        if self.phase != Phase::New {
            return ReadStep::Wait;
        }
        self.phase = Phase::Asking;
        self.left = self.rule.replicas() & up;
        if !self.rule.is_met(self.left) {
            return self.too_few();
        }
        let first = match self.fanout {
            Fanout::All => self.left,
            Fanout::Fewest => self.fewest_beside(Replicas::NONE),
        };
        self.send(first)
    }

    /// A replica has sent its value, of this version; none if it has never seen the key.
    #[inline]
    pub fn on_reply(&mut self, place: u8, version: Option<&S>) -> ReadStep {
        if self.sent.contains(place) {
            self.data.insert(place);
        }
        self.reply(place, version)
    }

    /// A replica was asked for its version alone, and has told it; none if it has never seen the key.
    #[inline]
    pub fn on_digest(&mut self, place: u8, version: Option<&S>) -> ReadStep {
        self.reply(place, version)
    }

    /// A replica that was asked will not answer, or one to which the newest version was written back
    /// has not stored it.
    pub fn on_fail(&mut self, place: u8) -> ReadStep {
        let waited_for = match self.phase {
            Phase::Asking => self.sent - self.answered,
            Phase::Fetching => self.again,
            Phase::WritingBack => self.again - self.holders,
            Phase::New | Phase::Done => Replicas::NONE,
        };
        if !waited_for.contains(place) || !self.failed.insert(place) {
            return ReadStep::Wait;
        }
        match self.phase {
            Phase::Asking if self.rule.is_met(self.sent - self.failed) => ReadStep::Wait,
            Phase::Asking => self.ask_others(),
            Phase::Fetching => self.fetch_elsewhere(place),
            _ => self.settle_back(),
        }
    }

    /// An answer has been waited for long enough that one more replica is worth asking. Answers
    /// [`ReadStep::Wait`] when all have been asked.
    pub fn on_hedge(&mut self) -> ReadStep {
        match (self.phase, self.left.lowest()) {
            (Phase::Asking, Some(place)) => self.send(Replicas::one(place)),
            _ => ReadStep::Wait,
        }
    }

    /// A replica has stored the newest version, as [`ReadStep::WriteBack`] asked.
    #[inline]
    pub fn on_written_back(&mut self, place: u8) -> ReadStep {
        if self.phase != Phase::WritingBack || !self.again.contains(place) {
            return ReadStep::Wait;
        }
        self.holders.insert(place);
        self.failed.remove(place);
        self.settle_back()
    }

    /// The time that the caller allows is over. Answers the outcome, unless there was one.
    pub fn on_deadline(&mut self) -> ReadStep {
        match self.phase {
            Phase::Done => ReadStep::Wait,
            Phase::WritingBack => {
                self.finish(ReadOutcome::NotWrittenBack { holders: self.holders })
            }
            Phase::New | Phase::Asking | Phase::Fetching => self.too_few(),
        }
    }

    /// The newest version: the least that descends all replies; none while no replica had the key.
    #[inline]
    pub const fn newest(&self) -> Option<&S> {
        self.newest.as_ref()
    }

    /// Who has answered.
    pub const fn answered(&self) -> Replicas {
        self.answered
    }

    /// Who has the newest version.
    pub const fn holders(&self) -> Replicas {
        self.holders
    }

    /// Who has answered and is behind, or has never seen the key that another has: the repair set.
    #[inline]
    pub fn behind(&self) -> Replicas {
        if self.newest.is_none() { Replicas::NONE } else { self.answered - self.holders }
    }

    fn reply(&mut self, place: u8, version: Option<&S>) -> ReadStep {
        // Its value, after its version alone.
        let fetched =
            self.phase == Phase::Fetching && self.data.contains(place) && self.again.remove(place);
        if !self.sent.contains(place) || (self.answered.contains(place) && !fetched) {
            return ReadStep::Wait;
        }
        if fetched && self.has_gone_back(place, version) {
            self.failed.insert(place);
            return self.fetch_elsewhere(place);
        }
        self.answered.insert(place);
        match self.phase {
            Phase::New => ReadStep::Wait,
            Phase::Asking | Phase::Fetching => {
                self.failed.remove(place);
                self.absorb(place, version);
                self.settle()
            }
            // What is being returned must not change any more; who has it already is one less to write to.
            Phase::WritingBack => {
                self.note_holder(place, version);
                self.settle_back()
            }
            Phase::Done => self.late(place, version),
        }
    }

    #[inline]
    fn absorb(&mut self, place: u8, version: Option<&S>) {
        let Some(version) = version else {
            self.absent.insert(place);
            return;
        };
        self.absent.remove(place);
        self.holders.remove(place);
        absorb(&mut self.newest, &mut self.holders, place, version);
    }

    fn note_holder(&mut self, place: u8, version: Option<&S>) {
        if let (Some(version), Some(newest)) = (version, &self.newest)
            && matches!(version.compare(newest), Causality::Equal | Causality::After)
        {
            self.holders.insert(place);
        }
    }

    /// Enough replies, or not yet?
    #[inline]
    fn settle(&mut self) -> ReadStep {
        if !self.rule.is_met(self.answered) {
            return ReadStep::Wait;
        }
        if self.newest.is_none() {
            return self.finish(ReadOutcome::Absent);
        }
        if self.digests && !self.has_value() {
            return self.fetch();
        }
        match self.mode {
            ReadMode::Fast | ReadMode::RepairAsync => self.found(),
            ReadMode::Monotonic | ReadMode::Linearizable if self.is_safe(self.holders) => {
                self.found()
            }
            ReadMode::Monotonic | ReadMode::Linearizable => {
                self.phase = Phase::WritingBack;
                self.failed = Replicas::NONE;
                self.again = (self.left | self.sent | self.pending) - self.holders;
                if !self.is_safe(self.holders | self.again) {
                    return self.finish(ReadOutcome::NotWrittenBack { holders: self.holders });
                }
                ReadStep::WriteBack(self.again)
            }
        }
    }

    /// Whether no later read can miss all of these.
    #[inline]
    fn is_safe(&self, holders: Replicas) -> bool {
        let others = self.rule.replicas() - holders;
        if self.pending.is_empty() {
            return !self.rule.is_met(others);
        }
        match self.rule.count() {
            // The coming set is any of all these.
            Some(need) => ((others | self.pending) - holders).len() < u32::from(need),
            None => !self.rule.is_met(others) && self.pending.is_subset(holders),
        }
    }

    fn settle_back(&mut self) -> ReadStep {
        if self.is_safe(self.holders) {
            return self.found();
        }
        if !self.is_safe(self.holders | (self.again - self.failed)) {
            return self.finish(ReadOutcome::NotWrittenBack { holders: self.holders });
        }
        ReadStep::Wait
    }

    /// A reply after the answer: repairs whoever it shows to be behind, and changes no answer.
    fn late(&mut self, place: u8, version: Option<&S>) -> ReadStep {
        if self.mode != ReadMode::RepairAsync {
            return ReadStep::Wait;
        }
        let before = self.behind() - Replicas::one(place);
        self.absorb(place, version);
        // Should this reply be newer than the answer, those that were thought up to date are not.
        let news = self.behind() - before;
        // A digest of something newer has no value to repair anybody with.
        let known = !self.digests || self.has_value();
        if news.is_empty() || !known { ReadStep::Wait } else { ReadStep::Repair(news) }
    }

    /// Whether the value of the newest version has come, and not its version alone.
    fn has_value(&self) -> bool {
        if self.holders.is_empty() {
            return (self.answered - self.absent).is_subset(self.data);
        }
        !(self.holders & self.data).is_empty()
    }

    /// The value from one that has it all, or from each that has a part.
    fn fetch(&mut self) -> ReadStep {
        if self.phase != Phase::Fetching {
            self.phase = Phase::Fetching;
            self.again = Replicas::NONE;
        }
        let from = match self.holders.lowest() {
            // It is on its way.
            Some(_) if !(self.holders & self.again).is_empty() => Replicas::NONE,
            Some(holder) => Replicas::one(holder),
            None => self.answered - self.absent - self.data - self.again,
        };
        if from.is_empty() {
            return ReadStep::Wait;
        }
        self.again = self.again | from;
        ReadStep::Send { data: from, digests: Replicas::NONE }
    }

    /// This one will not send its value. What it told of its version stays told.
    fn fetch_elsewhere(&mut self, place: u8) -> ReadStep {
        self.again.remove(place);
        self.holders.remove(place);
        if !self.holders.is_empty() {
            return self.fetch();
        }
        self.answered = self.answered - self.failed;
        self.too_few()
    }

    /// Whether a replica that told its version has less now: it has lost what it had.
    fn has_gone_back(&self, place: u8, version: Option<&S>) -> bool {
        let (Some(version), Some(newest)) = (version, &self.newest) else { return true };
        let ahead = matches!(version.compare(newest), Causality::Equal | Causality::After);
        self.holders.contains(place) && !ahead
    }

    fn ask_others(&mut self) -> ReadStep {
        let expected = self.sent - self.failed;
        if !self.rule.is_met(expected | self.left) {
            return self.too_few();
        }
        let others = self.fewest_beside(expected);
        self.send(others)
    }

    fn send(&mut self, to: Replicas) -> ReadStep {
        let first = self.sent.is_empty();
        self.sent = self.sent | to;
        self.left = self.left - to;
        let data = match to.lowest() {
            Some(place) if self.digests && first => Replicas::one(place),
            _ if self.digests => Replicas::NONE,
            _ => to,
        };
        ReadStep::Send { data, digests: to - data }
    }

    /// The most preferred that are enough together with those expected, and none of them too many.
    fn fewest_beside(&self, expected: Replicas) -> Replicas {
        let mut chosen = Replicas::NONE;
        for place in self.left {
            chosen.insert(place);
            if self.rule.is_met(expected | chosen) {
                break;
            }
        }
        for place in chosen {
            if self.rule.is_met(expected | (chosen - Replicas::one(place))) {
                chosen.remove(place);
            }
        }
        chosen
    }

    #[inline]
    fn found(&mut self) -> ReadStep {
        self.finish(ReadOutcome::Found { holders: self.holders, behind: self.behind() })
    }

    #[cold]
    fn too_few(&mut self) -> ReadStep {
        self.finish(ReadOutcome::TooFew { answered: self.answered, failed: self.failed })
    }

    #[inline]
    fn finish(&mut self, outcome: ReadOutcome) -> ReadStep {
        self.phase = Phase::Done;
        ReadStep::Done(outcome)
    }
}
