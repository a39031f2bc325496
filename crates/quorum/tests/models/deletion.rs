//! A key is deleted while a replica is away; tombstones are collected; the replica returns, and
//! replicas synchronize.

use std::time::Duration;

use stateright::{Checker, Model, Property};
use voussoir_core::Nanos;
use voussoir_quorum::{DvvSet, Grace, Replicas, VectorClock};

const STAYS_DELETED: &str = "what was deleted and collected does not return";

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Collect {
    WhenAllHaveIt,
    ByAge,
}

#[derive(Clone, Debug)]
struct World {
    collect: Collect,
    grace: Grace,
}

type Key = DvvSet<u8, u64>;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct State {
    replicas: [Key; 3],
    hours: u8,
    deleted: Option<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Action {
    Delete,
    Sync(usize, usize),
    Collect(usize),
    Hour,
}

impl Model for World {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        let mut key = Key::new();
        key.put(&VectorClock::new(), &1, 7).expect("the first");
        vec![State { replicas: [(); 3].map(|()| key.clone()), hours: 0, deleted: None }]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        if state.deleted.is_none() {
            actions.push(Action::Delete);
        }
        for (from, to) in [(0, 1), (1, 0), (0, 2), (2, 0), (1, 2), (2, 1)] {
            actions.push(Action::Sync(from, to));
        }
        actions.extend((0..3).map(Action::Collect));
        if state.hours < 3 {
            actions.push(Action::Hour);
        }
    }

    fn next_state(&self, state: &State, action: Action) -> Option<State> {
        let mut state = state.clone();
        match action {
            Action::Delete => {
                let context = state.replicas[0].context().clone();
                state.replicas[0].delete(&context);
                state.deleted = Some(state.hours);
            }
            Action::Sync(from, to) => {
                let other = state.replicas[from].clone();
                state.replicas[to].sync(&other);
            }
            Action::Collect(at) => {
                let hour = |hours: u8| Nanos::from_secs(3600 * u64::from(hours));
                let (deleted, now) = (hour(state.deleted?), hour(state.hours));
                if !state.replicas[at].is_tombstone() {
                    return None;
                }
                // Collected in one go where all have it: as one replica asks the others and tells them.
                match self.collect {
                    Collect::WhenAllHaveIt => {
                        let holders = (0..3_u8)
                            .filter(|&place| state.replicas[usize::from(place)].is_tombstone())
                            .collect();
                        self.grace.collect(deleted, now, holders, Replicas::first(3)).ok()?;
                        state.replicas = [(); 3].map(|()| Key::new());
                    }
                    Collect::ByAge => {
                        self.grace.collect_by_age(deleted, now).ok()?;
                        state.replicas[at] = Key::new();
                    }
                }
            }
            Action::Hour => state.hours += 1,
        }
        Some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![Property::always(STAYS_DELETED, |_, state: &State| {
            // A replica that has collected it, or never heard of it, is empty. It must not then show
            // the value while it was deleted, which is seen as: no replica may have forgotten the
            // deletion while another still has the value.
            let forgotten = state.replicas.iter().any(|key| key.context().is_empty());
            let alive = state.replicas.iter().any(|key| !key.is_empty());
            !(forgotten && alive)
        })]
    }
}

fn world(collect: Collect) -> World {
    let grace = Grace::new(Duration::from_hours(1), Duration::from_mins(30)).expect("valid");
    World { collect, grace }
}

pub(crate) fn assert_stays_deleted(collect: Collect) {
    world(collect).checker().spawn_bfs().join().assert_no_discovery(STAYS_DELETED);
}

pub(crate) fn assert_resurrected(collect: Collect) {
    world(collect).checker().spawn_bfs().join().assert_any_discovery(STAYS_DELETED);
}
