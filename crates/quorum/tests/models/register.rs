//! A register on three replicas, and clients that each run the coordinators of their own operations.

use std::collections::BTreeSet;

use stateright::semantics::register::{Register, RegisterOp, RegisterRet};
use stateright::semantics::{ConsistencyTester, LinearizabilityTester};
use stateright::{Model, Property};
use voussoir_quorum::{
    Hints, QueryOp, QueryStep, Quorum, ReadMode, ReadOp, ReadOutcome, ReadStep, Replicas, WriteOp,
    WriteOutcome, WriteStep,
};

pub(crate) const LINEARIZABLE: &str = "linearizable";
pub(crate) const EVERYBODY_IS_DONE: &str = "everybody is done";
pub(crate) const THE_READERS_ARE_DONE: &str = "the readers are done, and have seen the write";
pub(crate) const A_WRITE_WAS_COMMITTED: &str = "a write was committed";

/// A stamp and the value that was written with it: time, writer, value, a byte each. 0 is nothing.
type Version = u64;

const fn version(time: u64, writer: u64, value: u8) -> Version {
    time << 16 | writer << 8 | value as u64
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Step {
    Write(u8),
    Read,
}

#[derive(Clone, Debug)]
pub(crate) struct Script {
    steps: Vec<Step>,
    clock: u64,
    reaches: Replicas,
    deaf: bool,
}

impl Script {
    pub(crate) fn new<const N: usize>(steps: [Step; N]) -> Self {
        Self { steps: steps.to_vec(), clock: 1, reaches: Replicas::first(8), deaf: false }
    }

    /// No answer reaches this client: what it began never ends.
    pub(crate) fn deaf(self) -> Self {
        Self { deaf: true, ..self }
    }

    pub(crate) fn clock(self, clock: u64) -> Self {
        Self { clock, ..self }
    }

    pub(crate) fn reaches(self, reaches: Replicas) -> Self {
        Self { reaches, ..self }
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Disk {
    Kept,
    Lost,
}

/// Whether writers know that replica 3 is about to take the place of replica 0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Joining {
    Nobody,
    Counted,
    Ignored,
}

#[derive(Clone, Debug)]
pub(crate) struct World {
    quorum: Quorum,
    mode: ReadMode,
    query: bool,
    hints: Hints,
    crashes: u8,
    disk: Disk,
    joining: Joining,
    duplicating: bool,
    scripts: Vec<Script>,
}

impl World {
    pub(crate) fn new(quorum: Quorum, mode: ReadMode) -> Self {
        Self {
            quorum,
            mode,
            query: false,
            hints: Hints::Off,
            crashes: 0,
            disk: Disk::Kept,
            joining: Joining::Nobody,
            duplicating: false,
            scripts: Vec::new(),
        }
    }

    /// Every message may come again, at any later time.
    pub(crate) fn duplicating(self) -> Self {
        Self { duplicating: true, ..self }
    }

    pub(crate) fn client(mut self, script: Script) -> Self {
        self.scripts.push(script);
        self
    }

    pub(crate) fn query_before_write(self, query: bool) -> Self {
        Self { query, ..self }
    }

    pub(crate) fn hints(self, hints: Hints) -> Self {
        Self { hints, ..self }
    }

    pub(crate) fn crashes(self, crashes: u8, disk: Disk) -> Self {
        Self { crashes, disk, ..self }
    }

    pub(crate) fn joining(self, joining: Joining) -> Self {
        Self { joining, ..self }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Running {
    Idle,
    Query(QueryOp<Version>, u8),
    Write(WriteOp, Version),
    Read(ReadOp<Version>),
    /// Nobody knows how it ended.
    Stuck,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Client {
    next: usize,
    running: Running,
    /// Which operation it is: answers to an earlier one find nobody.
    operation: u8,
    committed: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Body {
    Ask,
    Tell(Version),
    Store(Version),
    Stored,
    Back(Version),
    BackStored,
    /// Not awaited.
    Repair(Version),
    /// For this replica.
    Hint(u8, Version),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Message {
    client: usize,
    operation: u8,
    place: u8,
    body: Body,
}

#[derive(Clone, Debug, PartialEq, Hash)]
pub(crate) struct State {
    replicas: [Version; 4],
    clients: Vec<Client>,
    network: BTreeSet<Message>,
    history: LinearizabilityTester<usize, Register<u8>>,
    crashes: u8,
    /// Replica 3 has taken the place of replica 0.
    switched: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Action {
    Begin(usize),
    Deliver(Message),
    Crash(usize),
    Switch,
}

impl State {
    /// Which replica stands behind a reader's place.
    fn behind(&self, place: u8) -> usize {
        match place {
            0 if self.switched => 3,
            _ => usize::from(place),
        }
    }

    fn send(&mut self, client: usize, to: Replicas, body: impl Fn(u8) -> Body) {
        let operation = self.clients[client].operation;
        for place in to {
            self.network.insert(Message { client, operation, place, body: body(place) });
        }
    }

    /// The operation is over; what can no longer matter is taken off the network.
    fn finish(&mut self, client: usize, running: Running) {
        let operation = self.clients[client].operation;
        self.network.retain(|message| {
            let of_this = message.client == client && message.operation == operation;
            let matters = matches!(
                message.body,
                Body::Store(_) | Body::Back(_) | Body::Repair(_) | Body::Hint(..)
            );
            !of_this || matters
        });
        self.clients[client].running = running;
    }

    fn returns(&mut self, client: usize, value: RegisterRet<u8>) {
        self.history.on_return(client, value).expect("it was invoked");
        self.finish(client, Running::Idle);
    }

    fn on_query(
        &mut self,
        world: &World,
        client: usize,
        query: QueryOp<Version>,
        step: QueryStep,
        value: u8,
    ) {
        match step {
            QueryStep::Send(to) => self.send(client, to, |_| Body::Ask),
            QueryStep::Wait => {}
            QueryStep::Write => {
                let newest = query.newest().copied().unwrap_or(0);
                let time = (newest >> 16).max(world.scripts[client].clock) + 1;
                self.finish(client, Running::Idle);
                return self.write(world, client, version(time, client as u64, value));
            }
            QueryStep::Unavailable { .. } => return self.finish(client, Running::Stuck),
        }
        self.clients[client].running = Running::Query(query, value);
    }

    fn write(&mut self, world: &World, client: usize, version: Version) {
        let pending = u8::from(world.joining == Joining::Counted);
        let stand_ins = if world.joining == Joining::Nobody { 2 } else { 0 };
        let mut write = WriteOp::new(&world.quorum).pending(pending).hints(world.hints, stand_ins);
        let step = write.start(world.scripts[client].reaches);
        self.on_write(client, write, version, step);
    }

    fn on_write(&mut self, client: usize, write: WriteOp, version: Version, step: WriteStep) {
        match step {
            WriteStep::Wait => {}
            WriteStep::Send(to) => {
                self.send(client, to, |place| match write.stands_in_for(place) {
                    Some(intended) => Body::Hint(intended, version),
                    None => Body::Store(version),
                });
            }
            WriteStep::Done(WriteOutcome::Committed { .. }) => {
                self.clients[client].committed = true;
                return self.returns(client, RegisterRet::WriteOk);
            }
            WriteStep::Done(_) => return self.finish(client, Running::Stuck),
        }
        self.clients[client].running = Running::Write(write, version);
    }

    fn on_read(&mut self, client: usize, read: ReadOp<Version>, step: ReadStep) {
        let newest = read.newest().copied().unwrap_or(0);
        match step {
            ReadStep::Wait => {}
            ReadStep::Send { data, digests } => self.send(client, data | digests, |_| Body::Ask),
            ReadStep::WriteBack(to) => self.send(client, to, |_| Body::Back(newest)),
            ReadStep::Repair(to) => self.send(client, to, |_| Body::Repair(newest)),
            ReadStep::Done(ReadOutcome::Found { behind, .. }) => {
                // The modes that await it have written back already.
                self.send(client, behind, |_| Body::Repair(newest));
                return self.returns(client, RegisterRet::ReadOk(newest as u8));
            }
            ReadStep::Done(ReadOutcome::Absent) => {
                return self.returns(client, RegisterRet::ReadOk(0));
            }
            ReadStep::Done(_) => return self.finish(client, Running::Stuck),
        }
        self.clients[client].running = Running::Read(read);
    }

    fn deliver(&mut self, world: &World, message: Message) {
        let Message { client, place, body, .. } = message;
        let reply = match body {
            Body::Ask => Some(Body::Tell(self.replicas[self.behind(place)])),
            Body::Store(version) | Body::Back(version) | Body::Repair(version) => {
                // Writers address replicas by their own plan, in which place 3 is the joining one.
                let known = &mut self.replicas[usize::from(place)];
                *known = version.max(*known);
                match body {
                    Body::Store(_) => Some(Body::Stored),
                    Body::Back(_) => Some(Body::BackStored),
                    _ => None,
                }
            }
            Body::Hint(..) => Some(Body::Stored),
            Body::Tell(_) | Body::Stored | Body::BackStored => return self.answer(world, message),
        };
        let current = self.clients[client].operation == message.operation;
        let running = &self.clients[client].running;
        let waits = !matches!(running, Running::Idle | Running::Stuck);
        let hears = !world.scripts[client].deaf;
        if let (Some(body), true) = (reply, current && waits && hears) {
            self.network.insert(Message { body, ..message });
        }
    }

    fn answer(&mut self, world: &World, Message { client, operation, place, body }: Message) {
        if self.clients[client].operation != operation {
            return;
        }
        match (self.clients[client].running.clone(), body) {
            (Running::Query(mut query, value), Body::Tell(version)) => {
                let step = query.on_version(place, Some(&version).filter(|&&version| version != 0));
                self.on_query(world, client, query, step, value);
            }
            (Running::Write(mut write, version), Body::Stored) => {
                let step = write.on_ack(place);
                self.on_write(client, write, version, step);
            }
            (Running::Read(mut read), Body::Tell(version)) => {
                let step = read.on_reply(place, Some(&version).filter(|&&version| version != 0));
                self.on_read(client, read, step);
            }
            (Running::Read(mut read), Body::BackStored) => {
                let step = read.on_written_back(place);
                self.on_read(client, read, step);
            }
            _ => {}
        }
    }

    fn begin(&mut self, world: &World, client: usize) {
        let script = &world.scripts[client];
        let step = script.steps[self.clients[client].next];
        self.clients[client].next += 1;
        self.clients[client].operation += 1;
        match step {
            Step::Read => {
                self.history.on_invoke(client, RegisterOp::Read).expect("idle");
                let mut read = ReadOp::new(&world.quorum, world.mode).expect("of this quorum");
                let step = read.start(script.reaches);
                self.on_read(client, read, step);
            }
            Step::Write(value) => {
                self.history.on_invoke(client, RegisterOp::Write(value)).expect("idle");
                if !world.query {
                    return self.write(world, client, version(script.clock, client as u64, value));
                }
                let mut query = QueryOp::new(&world.quorum);
                let step = query.start(script.reaches);
                self.on_query(world, client, query, step, value);
            }
        }
    }
}

impl Model for World {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        let client = Client { next: 0, running: Running::Idle, operation: 0, committed: false };
        vec![State {
            replicas: [0; 4],
            clients: vec![client; self.scripts.len()],
            network: BTreeSet::new(),
            history: LinearizabilityTester::new(Register(0)),
            crashes: 0,
            switched: false,
        }]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        for (at, (client, script)) in state.clients.iter().zip(&self.scripts).enumerate() {
            if client.running == Running::Idle && client.next < script.steps.len() {
                actions.push(Action::Begin(at));
            }
        }
        actions.extend(state.network.iter().copied().map(Action::Deliver));
        if state.crashes < self.crashes {
            actions.extend((0..3).map(Action::Crash));
        }
        if self.joining != Joining::Nobody && !state.switched {
            actions.push(Action::Switch);
        }
    }

    fn next_state(&self, state: &State, action: Action) -> Option<State> {
        let mut state = state.clone();
        match action {
            Action::Begin(client) => state.begin(self, client),
            Action::Deliver(message) => {
                if !self.duplicating {
                    state.network.remove(&message);
                }
                state.deliver(self, message);
            }
            Action::Crash(replica) => {
                state.crashes += 1;
                if self.disk == Disk::Lost {
                    state.replicas[replica] = 0;
                }
            }
            // The joining replica has been sent all that replica 0 had when it began, which was nothing;
            // operations under way finish before.
            Action::Switch => {
                if state.clients.iter().any(|client| client.running != Running::Idle) {
                    return None;
                }
                state.switched = true;
            }
        }
        Some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always(LINEARIZABLE, |_, state: &State| {
                state.history.serialized_history().is_some()
            }),
            Property::sometimes(EVERYBODY_IS_DONE, |world: &Self, state: &State| {
                state.clients.iter().zip(&world.scripts).all(|(client, script)| {
                    client.running == Running::Idle && client.next == script.steps.len()
                })
            }),
            Property::sometimes(THE_READERS_ARE_DONE, |world: &Self, state: &State| {
                let readers = state.clients.iter().zip(&world.scripts).skip(1);
                let over = |(client, script): (&Client, &Script)| {
                    client.running == Running::Idle && client.next == script.steps.len()
                };
                readers.into_iter().all(over) && state.replicas.contains(&version(1, 0, 1))
            }),
            Property::sometimes(A_WRITE_WAS_COMMITTED, |_, state: &State| {
                state.clients.iter().any(|client| client.committed)
            }),
        ]
    }
}
