//! Vector clocks against `crdts` and `vclock`, hybrid clocks against `uhlc`; coordinators, failure
//! detectors, Merkle trees and tokens, which have no peer.

use core::hint::black_box;
use core::time::Duration;

use crdts::{CmRDT, CvRDT};
use voussoir::Random;
use voussoir::quorum::{
    Exponential, Hlc, Merkle, Normal, PhiAccrual, PhiModel, Quorum, Replicas, VectorClock, WriteOp,
    WriteStep,
};
use voussoir::time::{Clock, Nanos};

use super::Area;
use crate::harness::case::{Case, Contestant, Span, Timed};
use crate::inputs::Inputs;

/// The area.
pub const AREA: Area =
    Area { name: "quorum", about: "causality, coordinators, failure detection", cases };

/// Pairs of clocks that each contestant goes round: more than a predictor learns by heart.
const PAIRS: usize = 64;

fn cases(_: &Inputs) -> Vec<Case> {
    let mut cases = Vec::new();
    for actors in [3, 10] {
        cases.extend(Relation::ALL.map(|relation| compare(actors, relation)));
        cases.push(increment(actors));
        cases.push(merge(actors));
        cases.push(copy(actors));
    }
    cases.extend([tick_zero(), tick_real(), write_op(), phi("exponential", Exponential)]);
    cases.extend([phi("normal", Normal::default()), merkle(), token()]);
    cases.into_iter().map(Case::from).collect()
}

/// Actors and their counters.
type Dots = Vec<(u64, u64)>;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Relation {
    Equal,
    Less,
    Concurrent,
}

impl Relation {
    const ALL: [Self; 3] = [Self::Less, Self::Equal, Self::Concurrent];

    const fn name(self) -> &'static str {
        match self {
            Self::Equal => "equal",
            Self::Less => "less",
            Self::Concurrent => "concurrent",
        }
    }

    const fn ordering(self) -> Option<core::cmp::Ordering> {
        match self {
            Self::Equal => Some(core::cmp::Ordering::Equal),
            Self::Less => Some(core::cmp::Ordering::Less),
            Self::Concurrent => None,
        }
    }
}

/// Pairs of clocks over the same actors, related as asked.
fn pairs(actors: usize, relation: Relation) -> Vec<(Dots, Dots)> {
    let mut random = Random::seeded(actors as u64);
    let mut pair = || {
        let one: Dots =
            (0..actors).map(|_| (random.next_u64(), 10 + random.next_u64() % 90)).collect();
        let mut other = one.clone();
        match relation {
            Relation::Equal => {}
            Relation::Less => {
                let at = random.next_u64() as usize % actors;
                other[at].1 += 1;
            }
            Relation::Concurrent => {
                let at = random.next_u64() as usize % actors;
                other[at].1 += 1;
                other[(at + 1) % actors].1 -= 1;
            }
        }
        (one, other)
    };
    (0..PAIRS).map(|_| pair()).collect()
}

trait Peer: Clone + PartialOrd + Send + Sync + 'static {
    fn from_dots(dots: &Dots) -> Self;
    fn count(&mut self, actor: u64);
    fn take_over(&mut self, other: &Self);
}

impl Peer for VectorClock<u64> {
    fn from_dots(dots: &Dots) -> Self {
        dots.iter().map(|&(actor, counter)| voussoir::quorum::Dot::new(actor, counter)).collect()
    }

    #[inline]
    fn count(&mut self, actor: u64) {
        // An error is what is looked at, so that it is not left out.
        black_box(self.increment(&actor).is_ok());
    }

    #[inline]
    fn take_over(&mut self, other: &Self) {
        self.merge(other);
    }
}

impl Peer for crdts::VClock<u64> {
    fn from_dots(dots: &Dots) -> Self {
        let mut clock = Self::new();
        for &(actor, counter) in dots {
            clock.apply(crdts::Dot::new(actor, counter));
        }
        clock
    }

    #[inline]
    fn count(&mut self, actor: u64) {
        let dot = self.inc(actor);
        self.apply(dot);
    }

    /// It takes its argument by value: who keeps the other clock, as a reply that is to be kept, clones it.
    #[inline]
    fn take_over(&mut self, other: &Self) {
        CvRDT::merge(self, other.clone());
    }
}

impl Peer for vclock::VClock<u64, u64> {
    fn from_dots(dots: &Dots) -> Self {
        let mut clock = Self::default();
        for &(actor, counter) in dots {
            (0..counter).for_each(|_| clock.incr(&actor));
        }
        clock
    }

    #[inline]
    fn count(&mut self, actor: u64) {
        self.incr(&actor);
    }

    #[inline]
    fn take_over(&mut self, other: &Self) {
        self.merge(other);
    }
}

fn built<P: Peer>(pairs: &[(Dots, Dots)]) -> Vec<(P, P)> {
    pairs.iter().map(|(one, other)| (P::from_dots(one), P::from_dots(other))).collect()
}

fn compare(actors: usize, relation: Relation) -> Timed {
    fn contestant<P: Peer>(name: &str, actors: usize, relation: Relation) -> Contestant {
        let pairs = built::<P>(&pairs(actors, relation));
        Contestant::each(name, move |index| {
            let (one, other) = &pairs[index % PAIRS];
            black_box(one).partial_cmp(black_box(other)) == relation.ordering()
        })
    }
    let name = format!("compare, {}, {actors} actors", relation.name());
    let ours = contestant::<VectorClock<u64>>("voussoir", actors, relation);
    let peers = vec![
        contestant::<crdts::VClock<u64>>("crdts", actors, relation),
        contestant::<vclock::VClock<u64, u64>>("vclock", actors, relation),
    ];
    Timed::new(name, ours, peers).alone()
}

fn increment(actors: usize) -> Timed {
    fn contestant<P: Peer>(name: &str, actors: usize) -> Contestant {
        let dots = pairs(actors, Relation::Equal).swap_remove(0).0;
        Contestant::looping(name, move |span: Span| {
            let mut clock = P::from_dots(&dots);
            for index in span.indices() {
                clock.count(black_box(dots[index % actors].0));
            }
            black_box(&clock);
            span.count as u64
        })
    }
    let ours = contestant::<VectorClock<u64>>("voussoir", actors);
    let peers = vec![
        contestant::<crdts::VClock<u64>>("crdts", actors),
        contestant::<vclock::VClock<u64, u64>>("vclock", actors),
    ];
    Timed::new(format!("increment, {actors} actors"), ours, peers).alone()
}

fn merge(actors: usize) -> Timed {
    fn contestant<P: Peer>(name: &str, actors: usize) -> Contestant {
        // Clocks over the same actors, each of them ahead of the last somewhere.
        let first = pairs(actors, Relation::Equal).swap_remove(0).0;
        let others: Vec<P> = (0..PAIRS)
            .map(|pair| {
                let mut dots = first.clone();
                dots[pair % actors].1 += 1 + pair as u64;
                P::from_dots(&dots)
            })
            .collect();
        Contestant::looping(name, move |span: Span| {
            let mut clock = P::from_dots(&first);
            for index in span.indices() {
                clock.take_over(black_box(&others[index % PAIRS]));
                black_box(&mut clock);
            }
            span.count as u64
        })
    }
    let ours = contestant::<VectorClock<u64>>("voussoir", actors);
    let peers = vec![
        contestant::<crdts::VClock<u64>>("crdts", actors),
        contestant::<vclock::VClock<u64, u64>>("vclock", actors),
    ];
    let case = Timed::new(format!("merge in place, {actors} actors"), ours, peers).alone();
    if actors <= 4 { case.allocations() } else { case }
}

fn copy(actors: usize) -> Timed {
    fn contestant<P: Peer>(name: &str, actors: usize) -> Contestant {
        let pairs = built::<P>(&pairs(actors, Relation::Equal));
        Contestant::each(name, move |index| {
            black_box(&pairs[index % PAIRS].0.clone());
            true
        })
    }
    let ours = contestant::<VectorClock<u64>>("voussoir", actors);
    let peers = vec![
        contestant::<crdts::VClock<u64>>("crdts", actors),
        contestant::<vclock::VClock<u64, u64>>("vclock", actors),
    ];
    Timed::new(format!("clone, {actors} actors"), ours, peers).alone()
}

/// A wall clock that has stopped.
#[derive(Clone, Copy, Debug)]
struct Zero;

impl Clock for Zero {
    #[inline]
    fn now(&self) -> Nanos {
        Nanos::ZERO
    }
}

fn tick<C: Clock + Send + Sync + 'static>(clock: C) -> Contestant {
    let clock = Hlc::builder().clock(clock).build().expect("valid");
    Contestant::each("voussoir", move |_| clock.tick().is_ok())
}

fn uhlc_tick(clock: uhlc::HLC) -> Contestant {
    Contestant::each("uhlc", move |_| {
        black_box(clock.new_timestamp());
        true
    })
}

fn tick_zero() -> Timed {
    let peer = uhlc::HLCBuilder::new().with_clock(uhlc::zero_clock).build();
    Timed::new("hybrid clock tick, zero clock", tick(Zero), vec![uhlc_tick(peer)])
}

fn tick_real() -> Timed {
    let ours = tick(voussoir::time::WallClock);
    let peer = uhlc::HLCBuilder::new().build();
    Timed::new("hybrid clock tick, real clock", ours, vec![uhlc_tick(peer)])
}

/// Made, started, acknowledged three times.
fn write_op() -> Timed {
    let quorum = Quorum::nrw(3, 2, 2).expect("valid");
    let ours = Contestant::each("voussoir", move |index| {
        let mut write = WriteOp::new(black_box(&quorum));
        let sent = write.start(black_box(Replicas::first(3)));
        let first = (index % 3) as u8;
        let _ = black_box(write.on_ack(black_box(first)));
        let done = write.on_ack(black_box((first + 1) % 3));
        let _ = black_box(write.on_ack(black_box((first + 2) % 3)));
        matches!(sent, WriteStep::Send(_)) && matches!(done, WriteStep::Done(_))
    });
    Timed::new("write coordinator, whole life, N = 3", ours, Vec::new()).alone().allocations()
}

fn phi<M: PhiModel + Send + Sync + 'static>(name: &str, model: M) -> Timed {
    let mut phi = PhiAccrual::new(model, 100, Duration::from_secs(1)).expect("valid");
    let mut random = Random::seeded(1);
    let mut now = Nanos::ZERO;
    for _ in 0..100 {
        now = now.saturating_add(Duration::from_millis(900 + random.next_u64() % 200));
        phi.heartbeat(now);
    }
    // From none to ten seconds after the last one.
    let asked: Vec<Nanos> =
        (0..1024).map(|i| now.saturating_add(Duration::from_millis(10 * i))).collect();
    let ours = Contestant::each("voussoir", move |index| {
        black_box(phi.phi(asked[index.wrapping_mul(17) % asked.len()])) >= 0.0
    });
    Timed::new(format!("phi, {name}"), ours, Vec::new()).alone()
}

/// A key of 16 bytes goes from one version to the next: two summaries, five sums.
fn merkle() -> Timed {
    let tree = Merkle::new(4, *b"sixteen of bytes").expect("valid");
    let mut random = Random::seeded(1);
    let keys: Vec<([u8; 16], u64)> = (0..1024)
        .map(|_| {
            let mut key = [0; 16];
            key[..8].copy_from_slice(&random.next_u64().to_le_bytes());
            (key, random.next_u64())
        })
        .collect();
    let ours = Contestant::looping("voussoir", move |span: Span| {
        let mut tree = tree.clone();
        for index in span.indices() {
            let (key, position) = &keys[index % keys.len()];
            let (old, new) = ((index as u64).to_le_bytes(), (index as u64 + 1).to_le_bytes());
            let (old, new) = (tree.entry(key, &old), tree.entry(key, &new));
            tree.update(*position, Some(old), Some(new));
        }
        black_box(tree.root());
        span.count as u64
    });
    Timed::new("Merkle update", ours, Vec::new()).alone().at_least(Duration::from_millis(30))
}

fn token() -> Timed {
    let clocks: Vec<VectorClock<u64>> =
        pairs(3, Relation::Equal).iter().map(|(dots, _)| Peer::from_dots(dots)).collect();
    let ours = Contestant::looping("voussoir", move |span: Span| {
        let mut text = String::new();
        let mut yes = 0;
        for index in span.indices() {
            let clock = &clocks[index % PAIRS];
            text.clear();
            clock.write_text(&mut text);
            let read = black_box(text.as_str()).parse::<VectorClock<u64>>();
            yes += u64::from(read.is_ok_and(|read| black_box(read).len() == 3));
        }
        yes
    });
    Timed::new("token, written and read, 3 actors", ours, Vec::new()).alone()
}
