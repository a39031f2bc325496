//! The peers, each in its best configuration: with `foldhash` where the hasher can be chosen, beside
//! its own where that is what people use.

use core::hash::Hasher;
use core::hint::black_box;
use core::net::{Ipv4Addr, SocketAddr};
use std::sync::LazyLock;

use conhash::ConsistentHash;
use consistent_hash_ring::RingBuilder;
use foldhash::fast::FixedState;
use hashring::HashRing;
use hrw_hash::HrwNodes;
use jumphash::{CustomJumpHasher, JumpHasher};
use maglev::{ConsistentHasher, Maglev};
use pingora_ketama::{Bucket, Continuum};

use super::{Key, SIZES, VNODES};
use crate::harness::case::Contestant;
use crate::harness::figure::Figure;
use crate::inputs::{Asked, numbers};

/// A point of a node, as `hashring` wants every one of them given.
#[derive(Clone, Copy, Debug, Hash, PartialEq)]
pub(super) struct Point {
    node: u32,
    number: u32,
}

/// A node by its name, as `conhash` wants it.
#[derive(Clone, Debug)]
pub(super) struct Named(String);

impl conhash::Node for Named {
    fn name(&self) -> String {
        self.0.clone()
    }
}

fn address(node: u32) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::from(0x0A00_0000 + node), 11211))
}

pub(super) fn continuum(nodes: u32) -> Continuum {
    let buckets: Vec<_> = (0..nodes).map(|node| Bucket::new(address(node), 1)).collect();
    Continuum::new(&buckets)
}

pub(super) fn hash_ring(nodes: u32) -> HashRing<Point, FixedState> {
    let points = (0..nodes).flat_map(|node| (0..VNODES).map(move |number| Point { node, number }));
    let mut ring = HashRing::with_hasher(FixedState::default());
    ring.batch_add(points.collect());
    ring
}

pub(super) fn con_hash(nodes: u32) -> ConsistentHash<Named> {
    let mut ring = ConsistentHash::new();
    for node in 0..nodes {
        ring.add(&Named(format!("node-{node:04}")), VNODES as usize);
    }
    ring
}

/// Nodes for those that borrow them.
static NUMBERS: LazyLock<Vec<u32>> = LazyLock::new(|| (0..1000).collect());

type Consistent = hash_rings::consistent::Ring<'static, u32, FixedState>;

pub(super) fn consistent(nodes: u32) -> Consistent {
    let mut ring = Consistent::with_hasher(FixedState::default());
    for node in &NUMBERS[..nodes as usize] {
        ring.insert_node(node, VNODES as usize);
    }
    ring
}

type Inserted = consistent_hash_ring::Ring<u32, FixedState>;

/// Built once: a thousand nodes take it three seconds.
static INSERTED: LazyLock<[Inserted; 3]> = LazyLock::new(|| {
    SIZES.map(|nodes| {
        let builder = RingBuilder::new(FixedState::default()).vnodes(VNODES as usize);
        builder.nodes_iter(0..nodes).build()
    })
});

fn inserted(nodes: u32) -> &'static Inserted {
    let at = SIZES.iter().position(|&size| size == nodes).expect("one of the sizes");
    &INSERTED[at]
}

pub(super) fn rings(keys: &Asked<Key>, nodes: u32) -> Vec<Contestant> {
    let (continuum, hash_ring, con_hash) = (continuum(nodes), hash_ring(nodes), con_hash(nodes));
    let consistent = consistent(nodes);
    let inserted = inserted(nodes);
    vec![
        keys.contestant("pingora-ketama", move |key| black_box(continuum.node(key)).is_some()),
        keys.contestant("hashring", move |key| black_box(hash_ring.get(key)).is_some()),
        keys.contestant("consistent_hash_ring", move |key| {
            black_box(inserted.try_get(key)).is_some()
        }),
        keys.contestant("conhash", move |key| black_box(con_hash.get(key)).is_some()),
        keys.contestant("hash-rings", move |key| *black_box(consistent.get_node(key)) < 1000),
    ]
}

/// What `hashring` returns are points, and so may be of one node; `pingora-ketama`'s may be too, and so
/// are sifted here, as its users have to.
pub(super) fn replicas(keys: &Asked<Key>, nodes: u32) -> Vec<Contestant> {
    let (continuum, inserted) = (continuum(nodes), inserted(nodes));
    vec![
        keys.contestant("pingora-ketama, sifted", move |key| {
            let mut found = [None; 3];
            let mut count = 0;
            for node in continuum.node_iter(key) {
                if !found[..count].contains(&Some(node)) {
                    found[count] = Some(node);
                    count += 1;
                    if count == 3 {
                        break;
                    }
                }
            }
            black_box(found)[2].is_some()
        }),
        keys.contestant("consistent_hash_ring", move |key| {
            let mut found = [None; 3];
            for (place, node) in found.iter_mut().zip(inserted.replicas(key)) {
                *place = Some(node);
            }
            black_box(found)[2].is_some()
        }),
    ]
}

pub(super) fn maglev(nodes: u32) -> Maglev<u32> {
    Maglev::new(0..nodes)
}

pub(super) fn maglev_foldhash(nodes: u32) -> Maglev<u32, FixedState> {
    Maglev::with_hasher(0..nodes, FixedState::default())
}

pub(super) fn maglevs(keys: &Asked<Key>, nodes: u32) -> Vec<Contestant> {
    let own = maglev(nodes);
    vec![keys.contestant("maglev", move |key| black_box(own.get(key)).is_some())]
}

pub(super) fn maglev_of_foldhash(keys: &Asked<Key>, nodes: u32) -> Contestant {
    let fast = maglev_foldhash(nodes);
    keys.contestant("maglev, foldhash", move |key| black_box(fast.get(key)).is_some())
}

/// `foldhash` as a hasher that can be cloned, which `jumphash` wants.
#[derive(Clone)]
struct Fold(foldhash::fast::FoldHasher<'static>);

impl Hasher for Fold {
    fn finish(&self) -> u64 {
        self.0.finish()
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0.write(bytes);
    }

    fn write_usize(&mut self, number: usize) {
        self.0.write_usize(number);
    }
}

pub(super) fn jumps(keys: &Asked<Key>, nodes: u32) -> Vec<Contestant> {
    let own = JumpHasher::new_with_keys(1, 2);
    vec![keys.contestant("jumphash", move |key| black_box(own.slot(key, nodes)) < nodes)]
}

pub(super) fn jump_of_foldhash(keys: &Asked<Key>, nodes: u32) -> Contestant {
    let hasher = core::hash::BuildHasher::build_hasher(&FixedState::default());
    let fast = CustomJumpHasher::new(Fold(hasher));
    keys.contestant("jumphash, foldhash", move |key| black_box(fast.slot(key, nodes)) < nodes)
}

pub(super) fn rendezvous(keys: &Asked<Key>, nodes: u32) -> Vec<Contestant> {
    let hrw = HrwNodes::new(0..nodes);
    let mut rings = hash_rings::rendezvous::Ring::with_hasher(FixedState::default());
    for node in &NUMBERS[..nodes as usize] {
        rings.insert_node(node, 1);
    }
    vec![
        keys.contestant("hrw-hash", move |key| black_box(hrw.sorted(key).next()).is_some()),
        keys.contestant("hash-rings rendezvous", move |key| *black_box(rings.get_node(key)) < 1000),
    ]
}

pub(super) fn multi_probes(keys: &Asked<Key>, nodes: u32) -> Vec<Contestant> {
    let mpc = mpchash::HashRing::new();
    let mut rings = hash_rings::mpc::Ring::with_hasher(FixedState::default(), 21);
    for node in &NUMBERS[..nodes as usize] {
        mpc.add(*node);
        rings.insert_node(node);
    }
    vec![
        keys.contestant("mpchash", move |key| black_box(mpc.node(key)).is_some()),
        keys.contestant("hash-rings mpc", move |key| *black_box(rings.get_node(key)) < 1000),
    ]
}

/// The load of the busiest of a thousand, by four million keys.
fn peak(owner: impl Fn(&Key) -> usize) -> f64 {
    let mut counts = vec![0_u32; 1000];
    for number in numbers(4_000_000).iter() {
        let mut key = [0; 16];
        key[..8].copy_from_slice(&number.to_le_bytes());
        counts[owner(&key)] += 1;
    }
    f64::from(counts.into_iter().max().unwrap_or(0)) / 4000.0
}

fn number_of(address: SocketAddr) -> usize {
    match address {
        SocketAddr::V4(address) => (u32::from(*address.ip()) - 0x0A00_0000) as usize,
        SocketAddr::V6(_) => 0,
    }
}

pub(super) fn peaks() -> Vec<Figure> {
    vec![
        Figure::new("pingora-ketama", || {
            let ring = continuum(1000);
            peak(|key| ring.node(key).map_or(0, number_of))
        }),
        Figure::new("hashring", || {
            let ring = hash_ring(1000);
            peak(|key| ring.get(key).map_or(0, |point| point.node as usize))
        }),
        Figure::new("consistent_hash_ring", || {
            peak(|key| inserted(1000).try_get(key).map_or(0, |&node| node as usize))
        }),
        Figure::new("conhash", || {
            let ring = con_hash(1000);
            peak(|key| ring.get(key).and_then(|node| node.0[5..].parse().ok()).unwrap_or(0))
        }),
        Figure::new("hash-rings", || {
            let ring = consistent(1000);
            peak(|key| *ring.get_node(key) as usize)
        }),
    ]
}

pub(super) fn maglev_peaks() -> Vec<Figure> {
    vec![Figure::new("maglev", || {
        let table = maglev(1000);
        peak(|key| table.get(key).map_or(0, |&node| node as usize))
    })]
}
