//! What is put to the test: a case is one piece of work, done by ours and by each peer.
//!
//! A contestant brings its own loop, compiled for its own operation: the harness makes one
//! dynamic call for thousands of operations and none for a single one. The same list of cases
//! feeds the scoreboard and the criterion benches.

use core::fmt;
use core::hint::black_box;
use core::ops::Range;
use core::time::Duration;

use super::alloc::Weighed;
use super::figure::Figured;
use super::floor::Floor;

/// A part of the work: operations `first .. first + count`, in the order of the inputs.
#[derive(Clone, Copy, Debug)]
pub struct Span {
    /// Index of the first operation. Threads start at different places.
    pub first: usize,
    /// How many operations.
    pub count: usize,
}

impl Span {
    /// The indices of the operations.
    pub fn indices(self) -> Range<usize> {
        self.first..self.first + self.count
    }
}

/// How many of the operations have to answer "yes": a limiter that starts to deny, or a breaker
/// that trips, would be timed on another path than the one the case names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expect {
    /// Every one.
    All,
    /// Not one.
    None,
}

impl Expect {
    /// Whether `yes` of `count` answers is what was expected.
    pub fn holds(self, yes: u64, count: u64) -> bool {
        match self {
            Self::All => yes == count,
            Self::None => yes == 0,
        }
    }
}

/// One implementation, ready to do the work of a case from any number of threads.
pub struct Contestant {
    name: String,
    run: Box<dyn Fn(Span) -> u64 + Send + Sync>,
}

impl Contestant {
    /// From a function that loops by itself and returns how many operations answered "yes":
    /// for contestants that need state of their own in each thread.
    pub fn looping(
        name: impl Into<String>,
        run: impl Fn(Span) -> u64 + Send + Sync + 'static,
    ) -> Self {
        Self { name: name.into(), run: Box::new(run) }
    }

    /// From a single operation. The loop around it is compiled for this operation alone.
    pub fn each(
        name: impl Into<String>,
        operation: impl Fn(usize) -> bool + Send + Sync + 'static,
    ) -> Self {
        Self::looping(name, move |span| {
            let mut yes = 0;
            for index in span.indices() {
                yes += u64::from(black_box(operation(index)));
            }
            yes
        })
    }

    /// Its name in the table.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Does the work and says how many operations answered "yes".
    pub fn run(&self, span: Span) -> u64 {
        (self.run)(span)
    }
}

impl fmt::Debug for Contestant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Contestant").field(&self.name).finish()
    }
}

/// Work that is timed.
#[derive(Debug)]
pub struct Timed {
    /// The name of its row.
    pub name: String,
    /// Ours.
    pub ours: Contestant,
    /// The same work done by others.
    pub peers: Vec<Contestant>,
    /// With how many threads it is run, each count a row.
    pub threads: &'static [usize],
    /// What the operations have to answer.
    pub expect: Expect,
    /// What no implementation of this work can do without.
    pub floor: Option<Floor>,
    /// Whether allocations are a row of their own.
    pub allocations: bool,
    /// How long a round is at least.
    pub at_least: Duration,
}

impl Timed {
    /// With one thread and with two, all answers "yes".
    pub fn new(name: impl Into<String>, ours: Contestant, peers: Vec<Contestant>) -> Self {
        Self {
            name: name.into(),
            ours,
            peers,
            threads: &[1, 2],
            expect: Expect::All,
            floor: None,
            allocations: false,
            at_least: Duration::ZERO,
        }
    }

    /// All answers "no".
    pub fn denied(mut self) -> Self {
        self.expect = Expect::None;
        self
    }

    /// One thread is enough.
    pub fn alone(mut self) -> Self {
        self.threads = &[1];
        self
    }

    /// Two threads only.
    pub fn together(mut self) -> Self {
        self.threads = &[2];
        self
    }

    /// Shows this floor beside it.
    pub fn floor(mut self, floor: Floor) -> Self {
        self.floor = Some(floor);
        self
    }

    /// Counts the allocations of an operation too.
    pub fn allocations(mut self) -> Self {
        self.allocations = true;
        self
    }

    /// Works so long in a round at least: for what goes by steps of the clock, of which a short round
    /// would see too few.
    pub fn at_least(mut self, length: Duration) -> Self {
        self.at_least = length;
        self
    }

    /// Ours, then the peers.
    pub fn contestants(&self) -> impl Iterator<Item = &Contestant> {
        core::iter::once(&self.ours).chain(&self.peers)
    }
}

/// A case of an area.
#[derive(Debug)]
pub enum Case {
    /// Work that is timed.
    Timed(Timed),
    /// Something built and weighed.
    Weighed(Weighed),
    /// Something worked out.
    Figured(Figured),
}

impl Case {
    /// The name that its rows begin with.
    pub fn name(&self) -> &str {
        match self {
            Self::Timed(case) => &case.name,
            Self::Weighed(case) => &case.name,
            Self::Figured(case) => &case.name,
        }
    }
}

impl From<Figured> for Case {
    fn from(case: Figured) -> Self {
        Self::Figured(case)
    }
}

impl From<Timed> for Case {
    fn from(case: Timed) -> Self {
        Self::Timed(case)
    }
}

impl From<Weighed> for Case {
    fn from(case: Weighed) -> Self {
        Self::Weighed(case)
    }
}
