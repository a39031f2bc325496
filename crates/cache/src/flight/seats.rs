use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::task::Waker;

use super::lead::Standing;
use super::outcome::{Abandoned, Failure};

/// Who waits for one flight, in the order in which they came, and what became of it: the pure part,
/// changed under the flight's lock. It calls no waker; it gives out those to be woken.
pub(super) struct Seats<V> {
    standing: Standing,
    landing: Option<Landing<V>>,
    /// By ticket. The waker is that of the last poll.
    waiting: BTreeMap<Ticket, Option<Waker>>,
    next_ticket: Ticket,
    /// The one that leads next and has not noticed yet.
    heir: Option<Ticket>,
    /// The one that gave the load to an executor: it cannot take over, for its loader is spent.
    starter: Option<Ticket>,
    /// What starters are to be told whose load was given up: the last load may be that of another.
    abandoned: BTreeMap<Ticket, Abandoned>,
}

/// Ascending: who has a lower one came earlier.
pub(super) type Ticket = u64;

/// What a flight brought.
pub(super) enum Landing<V> {
    Value(Arc<V>),
    Failed(Failure),
    LookAgain,
}

/// What one that waits is told.
pub(super) enum Turn<V> {
    Wait,
    Lead,
    Landed(Landing<V>),
    Abandoned(Abandoned),
}

/// What follows when the leader is gone.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Succession {
    /// Somebody leads next: the flight stays in the table.
    Heir,
    /// Nobody waits: it leaves the table.
    Nobody,
}

impl<V> Seats<V> {
    pub(super) fn new() -> Self {
        Self {
            standing: Standing::Wanted,
            landing: None,
            waiting: BTreeMap::new(),
            next_ticket: 0,
            heir: None,
            starter: None,
            abandoned: BTreeMap::new(),
        }
    }

    pub(super) fn standing(&self) -> Standing {
        self.standing
    }

    pub(super) fn waiting(&self) -> usize {
        self.waiting.len()
    }

    pub(super) fn join(&mut self) -> Ticket {
        let ticket = self.next_ticket;
        self.next_ticket += 1;
        self.waiting.insert(ticket, None);
        ticket
    }

    pub(super) fn join_as_starter(&mut self) -> Ticket {
        let ticket = self.join();
        self.starter = Some(ticket);
        ticket
    }

    /// What the holder of `ticket` is told. Unless it is to wait, it holds the ticket no more.
    /// `waker` comes back as the one that is no longer needed, to be dropped outside the lock.
    pub(super) fn turn(&mut self, ticket: Ticket, waker: &mut Option<Waker>) -> Turn<V> {
        if self.heir == Some(ticket) {
            self.heir = None;
            *waker = self.waiting.remove(&ticket).flatten();
            return Turn::Lead;
        }
        if let Some(landing) = &self.landing {
            let landing = landing.clone();
            *waker = self.waiting.remove(&ticket).flatten();
            return Turn::Landed(landing);
        }
        if let Some(seat) = self.waiting.get_mut(&ticket) {
            core::mem::swap(seat, waker);
            return Turn::Wait;
        }
        // Only a starter loses its seat while it holds the ticket.
        Turn::Abandoned(self.abandoned.remove(&ticket).unwrap_or(Abandoned::Cancelled))
    }

    /// The holder of `ticket` goes. Whether the lead goes with it, and the waker, to be dropped
    /// outside the lock.
    pub(super) fn leave(&mut self, ticket: Ticket) -> (bool, Option<Waker>) {
        let waker = self.waiting.remove(&ticket).flatten();
        self.abandoned.remove(&ticket);
        self.starter.take_if(|starter| *starter == ticket);
        (self.heir.take_if(|heir| *heir == ticket).is_some(), waker)
    }

    /// The starter's seat ends here: its load was given up.
    pub(super) fn dismiss_starter(&mut self, abandoned: Abandoned, wake: &mut Vec<Waker>) {
        let Some(ticket) = self.starter.take() else { return };
        if let Some(seat) = self.waiting.remove(&ticket) {
            self.abandoned.insert(ticket, abandoned);
            wake.extend(seat);
        }
    }

    /// The leader is gone: the one that waited longest is the heir. Of a flight that is not in the
    /// table nobody is, for writers would not find it; those that wait for it begin anew.
    pub(super) fn succeed(&mut self, in_table: bool, wake: &mut Vec<Waker>) -> Succession {
        if !in_table {
            self.land(Landing::LookAgain, wake);
            return Succession::Nobody;
        }
        let Some((&ticket, seat)) = self.waiting.iter_mut().next() else {
            return Succession::Nobody;
        };
        self.heir = Some(ticket);
        wake.extend(seat.take());
        Succession::Heir
    }

    /// An insertion won: all look again.
    pub(super) fn supersede(&mut self, wake: &mut Vec<Waker>) {
        self.standing = Standing::Superseded;
        self.heir = None;
        self.land(Landing::LookAgain, wake);
    }

    /// An invalidation came: the value is for those that wait already, and not for the cache.
    pub(super) fn discard(&mut self, wake: &mut Vec<Waker>) {
        self.standing = Standing::Discarded;
        // An heir has not begun to load: nobody will.
        if self.heir.take().is_some() {
            self.land(Landing::LookAgain, wake);
        }
    }

    /// The first landing counts.
    pub(super) fn land(&mut self, landing: Landing<V>, wake: &mut Vec<Waker>) {
        if self.landing.is_none() {
            self.landing = Some(landing);
            wake.extend(self.waiting.values_mut().filter_map(Option::take));
        }
    }
}

impl<V> Clone for Landing<V> {
    fn clone(&self) -> Self {
        match self {
            Self::Value(value) => Self::Value(Arc::clone(value)),
            Self::Failed(failure) => Self::Failed(failure.clone()),
            Self::LookAgain => Self::LookAgain,
        }
    }
}
