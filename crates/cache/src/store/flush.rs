use alloc::vec::Vec;

/// A flush that was asked for, see [`WriteQueue::flush`](super::WriteQueue::flush).
#[derive(Debug, PartialEq, Eq)]
#[must_use = "a flush is done when `flushed` says so"]
pub struct FlushTicket {
    pub(super) id: u64,
}

/// What a flush proves.
///
/// Every change accepted before it is in the store, or was replaced by a later one that is, or is
/// among the dead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "it says whether all was written"]
pub struct FlushReport {
    /// How many changes had ever been accepted when it was asked for.
    pub accepted: u64,
    /// How many writes it had to wait for, and the store confirmed.
    pub written: u64,
    /// How many of those it waited for were given up.
    pub dead: u64,
}

impl FlushReport {
    /// Whether nothing was given up.
    pub fn is_clean(&self) -> bool {
        self.dead == 0
    }
}

/// The flushes that are not done.
#[derive(Debug, Default)]
pub(super) struct Flushes {
    open: Vec<(u64, FlushReport)>,
    next_id: u64,
}

impl Flushes {
    pub(super) fn open(&mut self, accepted: u64) -> FlushTicket {
        let id = self.next_id;
        self.next_id += 1;
        self.open.push((id, FlushReport { accepted, written: 0, dead: 0 }));
        FlushTicket { id }
    }

    /// All changes numbered below this are to be written at once.
    pub(super) fn below(&self) -> u64 {
        self.open.iter().map(|(_, report)| report.accepted).max().unwrap_or(0)
    }

    /// A change that stands for those from number `first` on met its end.
    pub(super) fn settle(&mut self, first: u64, dead: bool) {
        for (_, report) in self.open.iter_mut().filter(|(_, report)| first < report.accepted) {
            *(if dead { &mut report.dead } else { &mut report.written }) += 1;
        }
    }

    /// The report of a flush, if none of its changes is outstanding: the first that is, is `oldest`.
    pub(super) fn close(
        &mut self,
        ticket: &FlushTicket,
        oldest: Option<u64>,
    ) -> Option<FlushReport> {
        if !self.is_done(ticket, oldest) {
            return None;
        }
        let at = self.open.iter().position(|(id, _)| *id == ticket.id)?;
        Some(self.open.swap_remove(at).1)
    }

    pub(super) fn is_done(&self, ticket: &FlushTicket, oldest: Option<u64>) -> bool {
        let report = self.open.iter().find(|(id, _)| *id == ticket.id);
        report.is_none_or(|(_, report)| oldest.is_none_or(|oldest| oldest >= report.accepted))
    }

    /// How many changes had been accepted when it was asked for; 0 once it is closed.
    pub(super) fn accepted(&self, ticket: &FlushTicket) -> u64 {
        let report = self.open.iter().find(|(id, _)| *id == ticket.id);
        report.map_or(0, |(_, report)| report.accepted)
    }

    pub(super) fn cancel(&mut self, ticket: &FlushTicket) {
        self.open.retain(|(id, _)| *id != ticket.id);
    }
}
