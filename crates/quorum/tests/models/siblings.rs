//! Two clients write to two replicas with whatever context they last read; replicas synchronize and one
//! of them may lose its disk. No acknowledged value may disappear unless a later write has read it.

use stateright::{Checker, Model, Property};
use voussoir_quorum::{ActorId, DvvSet, VectorClock};

const NOTHING_LOST: &str = "an acknowledged value stands somewhere, or was read and replaced";
const FEW: &str = "no more siblings than writes at once";
const CONVERGE: &str = "replicas that have synchronized are equal";

/// What a replica does after it has lost its disk.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Lives {
    NewActor,
    SameActor,
}

#[derive(Clone, Debug)]
struct World {
    lives: Lives,
}

type Key = DvvSet<u8>;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct State {
    replicas: [Key; 2],
    actors: [ActorId; 2],
    contexts: [(VectorClock, u8); 2],
    /// For each write the writes that it replaced, as bits, and whether it is on both replicas' disks.
    writes: Vec<u8>,
    wiped: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Action {
    Read(usize, usize),
    Write(usize, usize),
    Sync(usize, usize),
    Wipe,
}

impl Model for World {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        vec![State {
            replicas: [Key::new(), Key::new()],
            actors: [1, 2].map(|node| ActorId::new(node, 0).expect("small")),
            contexts: [(VectorClock::new(), 0), (VectorClock::new(), 0)],
            writes: Vec::new(),
            wiped: false,
        }]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        for client in 0..2 {
            for replica in 0..2 {
                actions.push(Action::Read(client, replica));
                if state.writes.len() < 4 {
                    actions.push(Action::Write(client, replica));
                }
            }
        }
        actions.extend([Action::Sync(0, 1), Action::Sync(1, 0)]);
        if !state.wiped {
            actions.push(Action::Wipe);
        }
    }

    fn next_state(&self, state: &State, action: Action) -> Option<State> {
        let mut state = state.clone();
        match action {
            Action::Read(client, replica) => {
                let key = &state.replicas[replica];
                let seen = key.values().fold(0, |seen, value| seen | 1 << value);
                state.contexts[client] = (key.context().clone(), state.contexts[client].1 | seen);
            }
            Action::Write(client, replica) => {
                let (context, replaced) = state.contexts[client].clone();
                let value = state.writes.len() as u8;
                // Refused when the replica has lost its disk and not taken a new epoch: what the type
                // can see, it does not let pass.
                let actor = state.actors[replica];
                state.replicas[replica].put(&context, &actor, value).ok()?;
                state.writes.push(replaced);
            }
            Action::Sync(from, to) => {
                let other = state.replicas[from].clone();
                state.replicas[to].sync(&other);
            }
            // Only once the other has everything: what was on one disk alone is gone with it.
            Action::Wipe => {
                let mut both = state.replicas[1].clone();
                both.sync(&state.replicas[0]);
                if both != state.replicas[1] {
                    return None;
                }
                state.wiped = true;
                state.replicas[0] = Key::new();
                if self.lives == Lives::NewActor {
                    state.actors[0] = state.actors[0].next_epoch().expect("the first");
                }
            }
        }
        Some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always(NOTHING_LOST, |_, state: &State| {
                let replaced = state.writes.iter().fold(0, |all, replaced| all | replaced);
                let mut both = state.replicas[0].clone();
                both.sync(&state.replicas[1]);
                let stands = both.values().fold(0_u8, |all, value| all | 1 << value);
                (0..state.writes.len()).all(|write| (stands | replaced) & 1 << write != 0)
            }),
            Property::always(FEW, |_, state: &State| {
                state.replicas.iter().all(|key| key.len() <= state.writes.len().min(4))
            }),
            Property::always(CONVERGE, |_, state: &State| {
                let [mut one, mut other] = state.replicas.clone();
                one.sync(&other);
                other.sync(&one);
                one == other
            }),
        ]
    }
}

pub(crate) fn assert_nothing_lost(lives: Lives) {
    let checker = World { lives }.checker().target_max_depth(9).spawn_bfs().join();
    checker.assert_no_discovery(NOTHING_LOST);
    checker.assert_no_discovery(FEW);
    checker.assert_no_discovery(CONVERGE);
}

pub(crate) fn assert_lost(lives: Lives) {
    let checker = World { lives }.checker().target_max_depth(9).spawn_bfs().join();
    checker.assert_any_discovery(NOTHING_LOST);
}
