use core::time::Duration;

use voussoir_core::Nanos;

use super::Record;
use crate::{PhiAccrual, PhiModel};

/// What is known of another node.
#[derive(Clone, Debug)]
pub(super) struct Peer<V, M> {
    pub(super) generation: u64,
    pub(super) version: u64,
    changed: u64,
    pub(super) value: V,
    phi: PhiAccrual<M>,
    state: State,
}

#[derive(Clone, Copy, Debug)]
enum State {
    /// Heard of once, which proves only that it was there once.
    Rumoured {
        since: Nanos,
    },
    Heard,
    Up,
    Down {
        since: Nanos,
        hushed: bool,
    },
}

impl<V: Clone, M: PhiModel> Peer<V, M> {
    pub(super) fn new<N>(record: &Record<N, V>, mut phi: PhiAccrual<M>, now: Nanos) -> Self {
        phi.heartbeat(now);
        Self {
            generation: record.generation,
            version: record.version,
            changed: record.changed,
            value: record.value.clone(),
            phi,
            state: State::Rumoured { since: now },
        }
    }

    /// Takes over what is later than what is known: that it is, is a heartbeat.
    pub(super) fn hear<N>(&mut self, record: &Record<N, V>, now: Nanos) {
        if (record.generation, record.version) <= (self.generation, self.version) {
            return;
        }
        if record.generation > self.generation || record.changed > self.changed {
            self.value = record.value.clone();
            self.changed = record.changed;
        }
        // Another life, or life after death: the intervals of before say nothing.
        if record.generation > self.generation || matches!(self.state, State::Down { .. }) {
            self.phi.reset();
        }
        (self.generation, self.version) = (record.generation, record.version);
        self.phi.heartbeat(now);
        self.state = match self.state {
            State::Up => State::Up,
            State::Rumoured { .. } | State::Heard => State::Heard,
            State::Down { .. } => State::Rumoured { since: now },
        };
    }

    /// Tells whether it came up (`true`) or went down.
    pub(super) fn judge(&mut self, now: Nanos, limit: f64, may_convict: bool) -> Option<bool> {
        let overdue = self.phi.phi(now) >= limit;
        match self.state {
            State::Heard if !overdue => {
                self.state = State::Up;
                Some(true)
            }
            State::Up if overdue && may_convict => {
                self.state = State::Down { since: now, hushed: false };
                Some(false)
            }
            // Never seen alive: nobody is told that it is not. The time counts from when it was heard of.
            State::Rumoured { since } if overdue && may_convict => {
                self.state = State::Down { since, hushed: false };
                None
            }
            State::Heard if may_convict => {
                self.state = State::Down { since: now, hushed: false };
                None
            }
            _ => None,
        }
    }

    /// No longer tells others of it once it has been down for half of `forget_after`: they would keep
    /// each other's memory of it alive for ever.
    pub(super) fn hush(&mut self, now: Nanos, forget_after: Duration) {
        if let State::Down { since, hushed } = &mut self.state {
            *hushed = now.saturating_duration_since(*since) >= forget_after / 2;
        }
    }

    pub(super) const fn is_hushed(&self) -> bool {
        matches!(self.state, State::Down { hushed: true, .. })
    }

    pub(super) const fn is_up(&self) -> bool {
        matches!(self.state, State::Up)
    }

    /// Set once: looking again does not make it later.
    pub(super) const fn down_since(&self) -> Option<Nanos> {
        match self.state {
            State::Down { since, .. } => Some(since),
            _ => None,
        }
    }

    pub(super) fn phi(&self, now: Nanos) -> f64 {
        self.phi.phi(now)
    }

    pub(super) fn record<N: Clone>(&self, node: &N) -> Record<N, V> {
        Record {
            node: node.clone(),
            generation: self.generation,
            version: self.version,
            changed: self.changed,
            value: self.value.clone(),
        }
    }
}
