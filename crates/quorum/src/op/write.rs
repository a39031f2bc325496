mod outcome;

pub use outcome::{Failure, Hints, WriteOutcome, WriteStep};

use crate::{Quorum, Replicas, Rule};

/// Most replicas that can stand in for others in one write.
const STAND_INS: usize = 16;

/// One write, from its start to its outcome: whom to send it to, when it is done, what that means.
///
/// Places `0..n` of the preference list are the replicas; behind them come those that are joining
/// ([`pending`](Self::pending)), then those that may stand in ([`hints`](Self::hints)). The write goes
/// to **all** replicas; the rule says how many have to acknowledge it.
///
/// Every event may come at any time, twice, or from a place that was never asked: nothing panics, and
/// there is exactly one outcome. Acknowledgements count as sets, so that their order does not matter.
/// At most 256 bytes, no heap.
///
/// ```
/// use voussoir_quorum::{Quorum, Replicas, WriteOp, WriteOutcome, WriteStep};
///
/// let mut write = WriteOp::new(&Quorum::nrw(3, 2, 2)?);
/// let WriteStep::Send(to) = write.start(Replicas::first(3)) else { panic!("all are up") };
/// assert_eq!(to.iter().collect::<Vec<_>>(), [0, 1, 2]);
/// assert_eq!(write.on_ack(2), WriteStep::Wait);
/// let WriteStep::Done(outcome) = write.on_ack(0) else { panic!("two are enough") };
/// assert!(matches!(outcome, WriteOutcome::Committed { .. }));
/// # Ok::<(), voussoir_quorum::ConfigError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct WriteOp {
    rule: Rule,
    sent: Replicas,
    acked: Replicas,
    /// Those that certainly did not store it.
    refused: Replicas,
    /// Those that are silent for good, and may have stored it.
    lost: Replicas,
    /// Places of replicas for which a stand-in has stored a hint.
    hinted: Replicas,
    /// Stand-ins that are left, once it has begun.
    spare: Replicas,
    /// How many there are at the most.
    stand_ins: u8,
    /// The place of the first stand-in.
    first_spare: u8,
    /// For whom each stand-in stands in.
    intended: [u8; STAND_INS],
    hints: Hints,
    /// Not over yet; nothing else may start.
    phase: Phase,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Phase {
    New,
    Waiting,
    Done,
}

impl WriteOp {
    /// A write to the replicas of `quorum`, to all of them, without stand-ins.
    ///
    /// Complexity: O(1), no allocation.
    #[inline]
    pub fn new(quorum: &Quorum) -> Self {
        Self {
            rule: quorum.write().clone(),
            sent: Replicas::NONE,
            acked: Replicas::NONE,
            refused: Replicas::NONE,
            lost: Replicas::NONE,
            hinted: Replicas::NONE,
            spare: Replicas::NONE,
            stand_ins: 0,
            first_spare: quorum.replicas(),
            intended: [0; STAND_INS],
            hints: Hints::Off,
            phase: Phase::New,
        }
    }

    /// So many replicas are joining, in the places behind the present ones. The write goes to them,
    /// too, and each raises the need by one, so that it is there for the readers of before and of
    /// after. Changes nothing once the write has begun.
    pub fn pending(mut self, joining: u8) -> Self {
        if self.phase != Phase::New {
            return self;
        }
        let first = self.first_spare;
        self.first_spare = first.saturating_add(joining).min(Replicas::MOST);
        let pending = Replicas::first(self.first_spare) - Replicas::first(first);
        self.rule = self.rule.raised_by(pending);
        self
    }

    /// So many others, in the places behind, may stand in for replicas that are down: each stores a
    /// hint and hands it over later. At most 16 are used. `hints` says whether a stored hint counts as
    /// the replica's acknowledgement. Changes nothing once the write has begun.
    pub fn hints(mut self, hints: Hints, stand_ins: u8) -> Self {
        if self.phase == Phase::New {
            self.stand_ins = if hints == Hints::Off { 0 } else { stand_ins.min(STAND_INS as u8) };
            self.hints = hints;
        }
        self
    }

    /// Begins. `up` are the places that seem alive; the others are not sent to, and stand-ins take
    /// their part.
    ///
    /// Answers [`WriteStep::Send`], or [`WriteOutcome::NotSent`] when those that are up cannot be
    /// enough. Later calls answer [`WriteStep::Wait`].
    #[inline]
    pub fn start(&mut self, up: Replicas) -> WriteStep {
        if self.phase != Phase::New {
            return WriteStep::Wait;
        }
        self.phase = Phase::Waiting;
        let primaries = Replicas::first(self.first_spare);
        self.sent = primaries & up;
        let end = self.first_spare.saturating_add(self.stand_ins);
        self.spare = (Replicas::first(end) - primaries) & up;
        // Before anything is sent, so that a write without a chance leaves no trace.
        let mut plan = self.sent;
        for down in primaries - up {
            match self.stand_in(down) {
                Some(place) => plan = plan | Replicas::one(place),
                None => break,
            }
        }
        if !self.rule.is_met(self.reachable()) {
            self.sent = Replicas::NONE;
            return self.finish(WriteOutcome::NotSent { up, refused: Replicas::NONE });
        }
        WriteStep::Send(plan)
    }

    /// A replica has stored the value, or a stand-in its hint. Durably: an acknowledgement before that
    /// makes the outcome a lie.
    ///
    /// Complexity: O(1) for counts, no allocation.
    #[inline]
    pub fn on_ack(&mut self, place: u8) -> WriteStep {
        if !self.sent.contains(place) || !self.acked.insert(place) {
            return WriteStep::Wait;
        }
        if let Some(intended) = self.stands_in_for(place) {
            self.hinted.insert(intended);
        }
        self.lost.remove(place);
        self.refused.remove(place);
        self.decide()
    }

    /// A replica or a stand-in did not acknowledge, and will not.
    ///
    /// Answers [`WriteStep::Send`] when a stand-in takes over: after the outcome, too, so that the
    /// replica hears of the write before the next anti-entropy.
    #[inline]
    pub fn on_fail(&mut self, place: u8, failure: Failure) -> WriteStep {
        let over = self.acked | self.refused | self.lost;
        if !self.sent.contains(place) || over.contains(place) {
            return WriteStep::Wait;
        }
        match failure {
            Failure::Refused => self.refused.insert(place),
            Failure::Unknown => self.lost.insert(place),
        };
        let intended = self.stands_in_for(place).unwrap_or(place);
        if let Some(place) = self.stand_in(intended) {
            return WriteStep::Send(Replicas::one(place));
        }
        self.decide()
    }

    /// The time that the caller allows is over: what is not known now is not waited for.
    ///
    /// Answers the outcome, unless there was one.
    pub fn on_deadline(&mut self) -> WriteStep {
        if self.phase == Phase::Done {
            return WriteStep::Wait;
        }
        let outcome = self.without_quorum();
        self.finish(outcome)
    }

    /// For whom a stand-in stores a hint; none for a place that is no stand-in in use.
    #[inline]
    pub fn stands_in_for(&self, place: u8) -> Option<u8> {
        let index = place.checked_sub(self.first_spare)?;
        let used = self.sent.contains(place);
        self.intended.get(usize::from(index)).copied().filter(|_| used)
    }

    /// The replicas that have acknowledged, stand-ins included.
    pub const fn acked(&self) -> Replicas {
        self.acked
    }

    /// The replicas, present and joining, that have not acknowledged and for which nobody has stored a
    /// hint: what hints of the coordinator's own or the next anti-entropy have to bring the value to.
    pub fn unheard(&self) -> Replicas {
        Replicas::first(self.first_spare) - self.acked - self.hinted
    }

    /// What is needed, joining replicas included.
    pub const fn rule(&self) -> &Rule {
        &self.rule
    }

    /// Gives a stand-in the part of `intended`; none if none is left.
    fn stand_in(&mut self, intended: u8) -> Option<u8> {
        let place = self.spare.lowest()?;
        self.spare.remove(place);
        self.intended[usize::from(place - self.first_spare)] = intended;
        self.sent.insert(place);
        Some(place)
    }

    /// What counts towards the rule.
    #[inline]
    fn stored(&self) -> Replicas {
        match self.hints {
            Hints::Count => self.acked | self.hinted,
            Hints::Off | Hints::Keep => self.acked,
        }
    }

    /// What could still come to count.
    #[inline]
    fn reachable(&self) -> Replicas {
        let open = self.sent - self.refused - self.lost;
        if self.hints != Hints::Count {
            return open;
        }
        let stood_in: Replicas =
            open.iter().filter_map(|place| self.stands_in_for(place)).collect();
        open | self.hinted | stood_in
    }

    #[inline]
    fn decide(&mut self) -> WriteStep {
        if self.phase != Phase::Waiting {
            return WriteStep::Wait;
        }
        if self.rule.is_met(self.stored()) {
            let outcome = WriteOutcome::Committed { acked: self.acked, hinted: self.hinted };
            return self.finish(outcome);
        }
        if !self.rule.is_met(self.reachable()) {
            let outcome = self.without_quorum();
            return self.finish(outcome);
        }
        WriteStep::Wait
    }

    /// What it means that it did not come to enough: nothing, if every replica said that it has not.
    #[cold]
    fn without_quorum(&self) -> WriteOutcome {
        let (acked, hinted, refused) = (self.acked, self.hinted, self.refused);
        if self.sent == refused {
            return WriteOutcome::NotSent { up: self.sent, refused };
        }
        WriteOutcome::Indeterminate { acked, hinted, unknown: self.sent - acked - refused }
    }

    #[inline]
    fn finish(&mut self, outcome: WriteOutcome) -> WriteStep {
        self.phase = Phase::Done;
        WriteStep::Done(outcome)
    }
}
