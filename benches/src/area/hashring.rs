//! Placement of keys on nodes, against nine crates that do: keys of 16 bytes, hashing included; 160
//! virtual nodes where nothing else is said, as pingora and nginx have.

mod peers;

use alloc::sync::Arc;
use core::hash::BuildHasher;
use core::hint::black_box;

use arc_swap::ArcSwap;
use foldhash::fast::FixedState;
use voussoir::hashring::{
    BoundedLoads, Jump, Maglev, MultiProbe, Node, Placement, Rendezvous, Ring, SharedRing,
};

use super::Area;
use crate::harness::alloc::{Built, Weighed};
use crate::harness::case::{Case, Contestant, Timed};
use crate::harness::figure::{Figure, Figured};
use crate::harness::json::Unit;
use crate::inputs::{Asked, Inputs, numbers, uniform};

/// The area.
pub const AREA: Area = Area { name: "hashring", about: "placement of keys on nodes", cases };

const VNODES: u32 = 160;

/// How many nodes.
const SIZES: [u32; 3] = [10, 100, 1000];

type Key = [u8; 16];

fn cases(inputs: &Inputs) -> Vec<Case> {
    let keys = keys(inputs.small);
    let mut cases: Vec<Case> = Vec::new();
    for nodes in SIZES {
        cases.push(look_up(&keys, nodes).into());
    }
    cases.push(shared(&keys).into());
    for nodes in SIZES {
        cases.push(replicas(&keys, nodes).into());
    }
    cases.push(build(1000).into());
    cases.push(add_one().into());
    cases.push(memory().into());
    for nodes in SIZES {
        cases.push(maglev(&keys, nodes).into());
    }
    for nodes in SIZES {
        cases.push(maglev_of_equal_hash(&keys, nodes).into());
    }
    for nodes in SIZES {
        cases.push(maglev_build(nodes).into());
    }
    for nodes in SIZES {
        cases.push(jump(&keys, nodes).into());
    }
    for nodes in SIZES {
        cases.push(jump_of_equal_hash(&keys, nodes).into());
    }
    for nodes in [10, 100] {
        cases.push(rendezvous(&keys, nodes).into());
        cases.push(multi_probe(&keys, nodes).into());
    }
    cases.extend(imbalance().into_iter().map(Case::from));
    cases
}

/// Sixteen hexadecimal digits each.
fn keys(count: usize) -> Asked<Key> {
    let text = |number: &u64| {
        let mut key = [0; 16];
        key.copy_from_slice(format!("{number:016x}").as_bytes());
        key
    };
    let keys: Arc<[Key]> = numbers(count).iter().map(text).collect();
    Asked::new(&keys, &uniform(count))
}

fn named(nodes: u32) -> impl ExactSizeIterator<Item = Node> {
    let names: Vec<Node> = (0..nodes).map(|node| Node::new(format!("node-{node:04}"))).collect();
    names.into_iter()
}

fn ring(nodes: u32) -> Ring {
    Ring::builder().nodes(named(nodes)).vnodes(VNODES).build().expect("valid")
}

fn ours<P: Placement + Send + Sync + 'static>(keys: &Asked<Key>, placement: P) -> Contestant {
    keys.contestant("voussoir", move |key| black_box(placement.get(key)).is_some())
}

fn look_up(keys: &Asked<Key>, nodes: u32) -> Timed {
    let name = format!("look-up, {nodes} nodes");
    Timed::new(name, ours(keys, ring(nodes)), peers::rings(keys, nodes)).alone()
}

/// While it may be replaced: pingora's balancer keeps its continuum in an `ArcSwap` too.
fn shared(keys: &Asked<Key>) -> Timed {
    let shared = SharedRing::new(ring(100));
    let ours = keys.contestant("voussoir", move |key| black_box(shared.load().get(key)).is_some());
    let continuum = ArcSwap::from_pointee(peers::continuum(100));
    let ketama = keys.contestant("pingora-ketama in an ArcSwap", move |key| {
        black_box(continuum.load().node(key)).is_some()
    });
    let locked = std::sync::RwLock::new(peers::hash_ring(100));
    let locked = keys.contestant("hashring in a RwLock", move |key| {
        locked.read().is_ok_and(|ring| black_box(ring.get(key)).is_some())
    });
    Timed::new("look-up in a shared ring, 100 nodes", ours, vec![ketama, locked])
}

/// One look-up of ours stands among the peers, as the bar is about it.
fn replicas(keys: &Asked<Key>, nodes: u32) -> Timed {
    let (three, one) = (ring(nodes), ring(nodes));
    let ours = keys.contestant("voussoir", move |key| black_box(three.replicas(key, 3)).len() == 3);
    let mut peers =
        vec![keys.contestant("one look-up of ours", move |key| black_box(one.get(key)).is_some())];
    peers.extend(peers::replicas(keys, nodes));
    Timed::new(format!("3 replicas, {nodes} nodes"), ours, peers).alone().allocations()
}

fn building<T>(
    name: &str,
    nodes: u32,
    build: impl Fn(u32) -> T + Send + Sync + 'static,
) -> Contestant {
    Contestant::each(name, move |_| {
        black_box(build(black_box(nodes)));
        true
    })
}

fn build(nodes: u32) -> Timed {
    let given: Vec<Node> = named(nodes).collect();
    let ours = building("voussoir", nodes, move |_| {
        Ring::builder().nodes(given.iter().cloned()).vnodes(VNODES).build().expect("valid")
    });
    let case = Timed::new(
        format!("build, {nodes} nodes"),
        ours,
        vec![
            building("pingora-ketama", nodes, peers::continuum),
            building("hashring", nodes, peers::hash_ring),
            building("hash-rings", nodes, peers::consistent),
        ],
    );
    case.alone()
}

/// A node that joins a thousand. The others build anew, but for `hashring`, which sorts anew.
fn add_one() -> Timed {
    let before = ring(1000);
    let ours = Contestant::each("voussoir", move |_| black_box(before.add("new")).is_ok());
    let whole = Contestant::each("pingora-ketama", |_| {
        black_box(peers::continuum(1001)).node(b"").is_some()
    });
    Timed::new("one node more, 1000 nodes", ours, vec![whole]).alone()
}

fn memory() -> Weighed {
    let nodes = 1000;
    Weighed {
        name: format!("memory, for each of {nodes} nodes"),
        entries: nodes as usize,
        ours: Built::new("voussoir", move || ring(nodes)),
        peers: vec![
            Built::new("pingora-ketama", move || peers::continuum(nodes)),
            Built::new("hashring", move || peers::hash_ring(nodes)),
            Built::new("conhash", move || peers::con_hash(nodes)),
            Built::new("hash-rings", move || peers::consistent(nodes)),
        ],
    }
}

/// Tables of the size that the `maglev` crate chooses: the first prime after a hundred a node.
fn table(nodes: impl ExactSizeIterator<Item = Node>) -> Maglev {
    let slots = match nodes.len() {
        10 => 1_009,
        100 => 10_007,
        _ => 100_003,
    };
    Maglev::builder().nodes(nodes).slots(slots).build().expect("valid")
}

fn maglev(keys: &Asked<Key>, nodes: u32) -> Timed {
    let name = format!("Maglev look-up, {nodes} nodes");
    Timed::new(name, ours(keys, table(named(nodes))), peers::maglevs(keys, nodes)).alone()
}

/// What remains where both hash keys alike, with what is fastest within one process.
fn maglev_of_equal_hash(keys: &Asked<Key>, nodes: u32) -> Timed {
    let ours = hashed_by_foldhash(keys, table(named(nodes)));
    let peers = vec![peers::maglev_of_foldhash(keys, nodes)];
    Timed::new(format!("Maglev look-up, foldhash on both, {nodes} nodes"), ours, peers).alone()
}

fn hashed_by_foldhash<P: Placement + Send + Sync + 'static>(
    keys: &Asked<Key>,
    placement: P,
) -> Contestant {
    let hasher = FixedState::default();
    keys.contestant("voussoir", move |key| {
        black_box(placement.get_hashed(hasher.hash_one(key))).is_some()
    })
}

fn maglev_build(nodes: u32) -> Timed {
    let given: Vec<Node> = named(nodes).collect();
    let ours = building("voussoir", nodes, move |_| table(given.iter().cloned()));
    let peers = vec![building("maglev", nodes, peers::maglev)];
    let name = format!("Maglev build, {nodes} nodes");
    Timed::new(name, ours, peers).alone()
}

fn jump(keys: &Asked<Key>, nodes: u32) -> Timed {
    let buckets = Jump::builder().nodes(named(nodes)).build().expect("valid");
    let name = format!("jump look-up, {nodes} nodes");
    Timed::new(name, ours(keys, buckets), peers::jumps(keys, nodes)).alone()
}

fn jump_of_equal_hash(keys: &Asked<Key>, nodes: u32) -> Timed {
    let buckets = Jump::builder().nodes(named(nodes)).build().expect("valid");
    let ours = hashed_by_foldhash(keys, buckets);
    let peers = vec![peers::jump_of_foldhash(keys, nodes)];
    Timed::new(format!("jump look-up, foldhash on both, {nodes} nodes"), ours, peers).alone()
}

fn rendezvous(keys: &Asked<Key>, nodes: u32) -> Timed {
    let lots = Rendezvous::builder().nodes(named(nodes)).build().expect("valid");
    let name = format!("rendezvous look-up, {nodes} nodes");
    Timed::new(name, ours(keys, lots), peers::rendezvous(keys, nodes)).alone()
}

fn multi_probe(keys: &Asked<Key>, nodes: u32) -> Timed {
    let probes = MultiProbe::builder().nodes(named(nodes)).build().expect("valid");
    let name = format!("multi-probe look-up, {nodes} nodes");
    Timed::new(name, ours(keys, probes), peers::multi_probes(keys, nodes)).alone()
}

/// Ours by exact arcs and slots; the peers' by four million keys, which adds some 3 % to their peaks.
fn imbalance() -> Vec<Figured> {
    let figured = |name: &str, ours: Figure, peers: Vec<Figure>| Figured {
        name: format!("imbalance, 1000 nodes, {name}"),
        unit: Unit::PeakToAverage,
        ours,
        peers,
    };
    let exact = |placement: fn() -> Box<dyn Placement>| {
        Figure::new("voussoir", move || placement().balance_report().peak_to_average())
    };
    vec![
        figured("160 virtual", exact(|| Box::new(ring(1000))), peers::peaks()),
        figured(
            "default",
            exact(|| Box::new(Ring::builder().nodes(named(1000)).build().expect("valid"))),
            Vec::new(),
        ),
        figured(
            "Maglev",
            exact(|| Box::new(Maglev::builder().nodes(named(1000)).build().expect("valid"))),
            peers::maglev_peaks(),
        ),
        figured("bounded to 1.25", Figure::new("voussoir", bounded_peak), Vec::new()),
    ]
}

/// A thousand keys for each node, so that the bound is a whole number of them.
fn bounded_peak() -> f64 {
    let mut bounded = BoundedLoads::new(ring(1000), 125).expect("valid");
    for number in numbers(1_000_000).iter() {
        bounded.assign(&number.to_le_bytes());
    }
    let peak = bounded.loads().map(|(_, load)| load).max().unwrap_or(0);
    peak as f64 / 1000.0
}
