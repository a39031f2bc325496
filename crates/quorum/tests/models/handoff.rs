//! A write for a replica that is down: a stand-in stores a hint, may crash at any moment, and hands it
//! over. The store's memory is what was flushed to disk when it crashes.

use stateright::{Checker, Model, Property};
use voussoir_core::Nanos;
use voussoir_quorum::{
    HintLimits, HintStore, Hints, Quorum, Replicas, WriteOp, WriteOutcome, WriteStep,
};

const LOST: &str = "no acknowledged write is lost";
const DELIVERED: &str = "it arrives";

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Ack {
    AfterStored,
    BeforeStored,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Delete {
    AfterAcknowledged,
    WhenSent,
}

#[derive(Clone, Debug)]
struct World {
    ack: Ack,
    delete: Delete,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a fact of its own in the state searched"
)]
struct State {
    write: WriteOp,
    committed: bool,
    /// How the stand-in has got on: hint received, stored, sent to the replica.
    received: bool,
    acked: bool,
    stored: bool,
    under_way: bool,
    deliveries: u8,
    crashes: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Action {
    Store,
    Ack,
    Send,
    Deliver,
    Lose,
    Crash,
}

/// What the shipped store does with a hint that was, or was not, acknowledged by its target.
fn still_stored(acknowledged: bool) -> bool {
    let mut hints = HintStore::new(HintLimits::default()).expect("valid");
    let id = hints.push("replica", (), 1, Nanos::ZERO).expect("it fits");
    if acknowledged {
        assert_eq!(hints.acknowledge(&"replica", id), 1);
        assert_eq!(hints.acknowledge(&"replica", id), 0, "again changes nothing");
    }
    !hints.is_empty()
}

impl Model for World {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        let mut write = WriteOp::new(&Quorum::majority(1).expect("valid")).hints(Hints::Count, 1);
        // The replica is down: everything depends on the stand-in.
        let step = write.start(Replicas::one(1));
        assert_eq!(step, WriteStep::Send(Replicas::one(1)));
        vec![State {
            write,
            committed: false,
            received: true,
            acked: false,
            stored: false,
            under_way: false,
            deliveries: 0,
            crashes: 0,
        }]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        let may_ack = match self.ack {
            Ack::AfterStored => state.stored,
            Ack::BeforeStored => state.received,
        };
        if state.received && !state.stored && state.deliveries == 0 {
            actions.push(Action::Store);
        }
        if may_ack && !state.acked {
            actions.push(Action::Ack);
        }
        if state.stored && !state.under_way {
            actions.push(Action::Send);
        }
        if state.under_way {
            actions.extend([Action::Deliver, Action::Lose]);
        }
        if state.crashes < 2 {
            actions.push(Action::Crash);
        }
    }

    fn next_state(&self, state: &State, action: Action) -> Option<State> {
        let mut state = state.clone();
        match action {
            Action::Store => state.stored = true,
            Action::Ack => {
                state.acked = true;
                let step = state.write.on_ack(1);
                state.committed |= matches!(step, WriteStep::Done(WriteOutcome::Committed { .. }));
            }
            Action::Send => {
                state.under_way = true;
                if self.delete == Delete::WhenSent {
                    state.stored = still_stored(true);
                }
            }
            // The replica has it. Its acknowledgement may be lost: then it comes again.
            Action::Deliver => {
                state.under_way = false;
                state.deliveries = 1;
                if state.crashes == 0 {
                    state.stored = still_stored(true);
                }
            }
            Action::Lose => {
                state.under_way = false;
            }
            // Memory is gone; what was stored is not, nor what is on the network.
            Action::Crash => {
                state.crashes += 1;
                state.received = false;
            }
        }
        Some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always(LOST, |_, state: &State| {
                let somewhere =
                    state.stored || state.received || state.under_way || state.deliveries > 0;
                !state.committed || somewhere
            }),
            Property::sometimes(DELIVERED, |_, state: &State| {
                state.committed && state.deliveries > 0
            }),
        ]
    }
}

pub(crate) fn assert_never_lost(ack: Ack, delete: Delete) {
    let checker = World { ack, delete }.checker().spawn_bfs().join();
    checker.assert_no_discovery(LOST);
    checker.assert_any_discovery(DELIVERED);
}

pub(crate) fn assert_lost(ack: Ack, delete: Delete) {
    World { ack, delete }.checker().spawn_bfs().join().assert_any_discovery(LOST);
}
