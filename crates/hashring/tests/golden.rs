//! Placements that must never change: those of other programs, and our own.

use std::fmt::Write as _;

use voussoir_hashring::{
    HashFunction, Jump, Layout, Maglev, MultiProbe, Node, Placement, Rendezvous, Ring, RingSnapshot,
};

/// Nodes and, behind them, keys with their owners: as often as the file says.
fn check(file: &str, layout: Layout) -> usize {
    let mut ring = None;
    let mut keys = 0;
    for line in file.lines().filter(|line| !line.starts_with('#')) {
        if let Some(nodes) = line.strip_prefix("nodes ") {
            let node = |text: &str| {
                let (id, weight) = text.split_once('=').expect("a weight");
                Node::new(id).weight(weight.parse().expect("a number"))
            };
            let built = Ring::builder().layout(layout).nodes(nodes.split(' ').map(node)).build();
            ring = Some(built.expect("valid"));
        } else {
            let (key, owner) = line.split_once('\t').expect("a key and its owner");
            let ring = ring.as_ref().expect("nodes first");
            assert_eq!(ring.get(key.as_bytes()).map(Node::id), Some(owner), "{key} in {ring:?}");
            keys += 1;
        }
    }
    keys
}

#[test]
fn ketama_places_keys_where_libmemcached_does() {
    assert_eq!(check(include_str!("golden/ketama.tsv"), Layout::Ketama), 1000);
}

#[test]
fn nginx_places_keys_where_nginx_does() {
    assert_eq!(check(include_str!("golden/nginx.tsv"), Layout::Nginx), 800);
}

/// libmemcached gives a light server no point at all; so does this layout, and says so.
#[test]
fn ketama_leaves_a_light_node_without_points_as_libmemcached_does() {
    let nodes = [Node::new("light").weight(1), Node::new("heavy").weight(1000)];
    let ring = Ring::builder().layout(Layout::Ketama).nodes(nodes).build().expect("valid");
    assert!(ring.points().all(|(_, node)| node.id() == "heavy"));
    assert!(!ring.replicas(b"key", 2).is_complete());
}

fn nodes() -> Vec<Node> {
    let node = |n: u32| {
        let node = Node::new(format!("node-{n}")).weight(1 + n % 3);
        if n.is_multiple_of(2) { node.zone(format!("zone-{}", n % 4)) } else { node }
    };
    (0..10)
        .map(node)
        .chain([Node::new("ünïcode").label("seat 7"), Node::new("idle").weight(0)])
        .collect()
}

fn placements() -> Vec<(String, Box<dyn Placement>)> {
    let level = || nodes().into_iter().map(|node| node.weight(1));
    let mut all: Vec<(String, Box<dyn Placement>)> = Vec::new();
    for hash in [
        HashFunction::XXH3,
        HashFunction::Xxh3 { seed: 42 },
        HashFunction::MURMUR3,
        HashFunction::Murmur3 { seed: 7 },
    ] {
        let ring = Ring::builder().hash(hash).vnodes(40).nodes(nodes()).build();
        all.push((format!("ring {hash}"), Box::new(ring.expect("valid"))));
        let maglev = Maglev::builder().hash(hash).slots(1009).nodes(nodes()).build();
        all.push((format!("maglev {hash}"), Box::new(maglev.expect("valid"))));
        let jump = Jump::builder().hash(hash).nodes(level()).build();
        all.push((format!("jump {hash}"), Box::new(jump.expect("valid"))));
        let rendezvous = Rendezvous::builder().hash(hash).nodes(nodes()).build();
        all.push((format!("rendezvous {hash}"), Box::new(rendezvous.expect("valid"))));
        let level_lots = Rendezvous::builder().hash(hash).nodes(level()).build();
        all.push((format!("rendezvous of equals {hash}"), Box::new(level_lots.expect("valid"))));
        let probes = MultiProbe::builder().hash(hash).nodes(nodes()).build();
        all.push((format!("multi-probe {hash}"), Box::new(probes.expect("valid"))));
    }
    all
}

/// With `VOUSSOIR_BLESS=1` the files are written instead: for new algorithms only, since every change
/// of a line moves somebody's data.
fn same_as_kept(name: &str, made: &[u8]) {
    let path = format!("{}/tests/golden/{name}", env!("CARGO_MANIFEST_DIR"));
    if std::env::var_os("VOUSSOIR_BLESS").is_some() {
        std::fs::write(&path, made).expect("a place to write");
    }
    let kept = std::fs::read(&path).expect("kept in the repository");
    assert!(kept == made, "{name} differs from what this version makes");
}

#[test]
fn every_placement_is_what_it_was_in_the_first_version() {
    let mut text = String::from("# Each key's first three candidates.\n");
    for (name, placement) in placements() {
        writeln!(text, "{name}").expect("text");
        for key in ["", "a", "user:42", "a key that is longer than the short path of every hash"] {
            let ids: Vec<_> = placement.candidates(key.as_bytes()).take(3).map(Node::id).collect();
            writeln!(text, "{key}\t{}", ids.join(" ")).expect("text");
        }
        for key in 0..30_u32 {
            let ids: Vec<_> =
                placement.candidates(&key.to_le_bytes()).take(3).map(Node::id).collect();
            writeln!(text, "{key} in 4 bytes\t{}", ids.join(" ")).expect("text");
        }
    }
    same_as_kept("placements.tsv", text.as_bytes());
}

#[test]
fn a_snapshot_has_the_bytes_of_the_first_version_and_is_read_back() {
    let hash = HashFunction::Xxh3 { seed: 42 };
    let ring = Ring::builder().hash(hash).vnodes(40).nodes(nodes()).build().expect("valid");
    same_as_kept("ring-v1.snapshot", &ring.snapshot().to_bytes());
    let kept = include_bytes!("golden/ring-v1.snapshot");
    let restored = RingSnapshot::from_bytes(kept).expect("whole").restore().expect("valid");
    assert_eq!(restored, ring);
}

/// What other implementations are tested with, and two more by the paper's program.
#[test]
fn jump_puts_keys_where_others_put_them() {
    let known = [
        (1, 1, 0),
        (42, 57, 43),
        (0xDEAD_10CC, 1, 0),
        (0xDEAD_10CC, 666, 361),
        (256, 1_024, 520),
        (0, 1_000_000, 0),
        (u64::MAX, 65_536, 18_311),
    ];
    for (key, buckets, bucket) in known {
        assert_eq!(Jump::bucket(key, buckets), Some(bucket), "{key} among {buckets}");
    }
    assert_eq!(Jump::bucket(1, 0), None);
}
