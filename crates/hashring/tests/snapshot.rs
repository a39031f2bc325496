//! Snapshots: the same ring comes back, or none.

mod common;

use common::{nodes, ring, size};
use proptest::prelude::*;
use voussoir_hashring::{HashFunction, Layout, Node, Ring, RingSnapshot, SnapshotError};

/// The body of the fuzz target `ring_snapshot`: no bytes panic, what is read is written back the same,
/// and a ring that is restored is the one that was kept.
fn decode(bytes: &[u8]) {
    let Ok(snapshot) = RingSnapshot::from_bytes(bytes) else { return };
    assert_eq!(snapshot.to_bytes(), bytes);
    if let Ok(ring) = snapshot.restore_within(1 << 12) {
        assert_eq!(ring.snapshot(), snapshot);
    }
}

fn some_ring() -> Ring {
    let hash = HashFunction::Xxh3 { seed: 7 };
    let zoned = Node::new("b").zone("z").label("seat").weight(3);
    Ring::builder().hash(hash).vnodes(5).nodes([Node::new("a"), zoned]).build().expect("valid")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(size(300, 20_000)))]

    #[test]
    fn any_ring_comes_back_the_same(nodes in nodes(10), vnodes in 1..10_u32, layout in 0..3_u8) {
        let ring = match layout {
            0 => ring(&nodes, vnodes),
            1 => Ring::builder().layout(Layout::Ketama).nodes(nodes).build().expect("valid"),
            _ => Ring::builder().layout(Layout::Nginx).nodes(nodes).build().expect("valid"),
        };
        let bytes = ring.snapshot().to_bytes();
        let snapshot = RingSnapshot::from_bytes(&bytes).expect("whole");
        prop_assert_eq!(&snapshot, &ring.snapshot());
        prop_assert_eq!(snapshot.restore().expect("valid"), ring);
        decode(&bytes);
    }

    #[test]
    fn bytes_of_any_kind_do_not_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        decode(&bytes);
        decode(&[b"VRNG\x01", &bytes[..]].concat());
    }

    /// A byte that is another makes another snapshot or none, but never the same ring under a changed
    /// description of it.
    #[test]
    fn a_changed_byte_is_noticed(at in any::<prop::sample::Index>(), to in any::<u8>()) {
        let ring = some_ring();
        let mut bytes = ring.snapshot().to_bytes();
        let at = at.index(bytes.len());
        prop_assume!(bytes[at] != to);
        bytes[at] = to;
        decode(&bytes);
        if let Ok(snapshot) = RingSnapshot::from_bytes(&bytes)
            && snapshot.nodes().iter().all(|node| node.weight_units() < 1000)
            && snapshot.to_bytes()[15..19] == ring.snapshot().to_bytes()[15..19]
            && let Ok(restored) = snapshot.restore()
        {
            // Zones move no points and so are not in the fingerprint.
            let same_points = restored.points().map(|point| point.0).eq(ring.points().map(|point| point.0));
            prop_assert!(same_points && restored.nodes()[1].zone_name() != Some("z"));
        }
    }
}

#[test]
fn what_is_wrong_with_bytes_is_named() {
    let whole = some_ring().snapshot().to_bytes();
    let error = |bytes: &[u8]| RingSnapshot::from_bytes(bytes).expect_err("refused");
    assert_eq!(error(b"GNRV"), SnapshotError::NoSnapshot);
    for end in 0..whole.len() {
        let cut = error(&whole[..end]);
        let expected =
            if end < 4 { SnapshotError::NoSnapshot } else { SnapshotError::Truncated { at: end } };
        assert_eq!(cut, expected);
    }
    assert_eq!(error(&[&whole[..], b"x"].concat()), SnapshotError::Trailing { more: 1 });
    let with = |at: usize, byte: u8| {
        let mut bytes = whole.clone();
        bytes[at] = byte;
        error(&bytes)
    };
    assert_eq!(with(4, 2), SnapshotError::Version { version: 2 });
    assert!(matches!(with(5, 3), SnapshotError::Byte { at: 5, found: 3, .. }));
    assert!(matches!(with(6, 9), SnapshotError::Byte { at: 6, found: 9, .. }));
    assert!(matches!(with(6, 2), SnapshotError::Byte { at: 6, .. }), "md5 has no seed");
    let (first, second) = (31, 31 + 4 + 1 + 2 + 1);
    assert!(matches!(with(first + 4, 4), SnapshotError::Byte { .. }));
    assert_eq!(with(first + 7, 0xFF), SnapshotError::Text { at: first + 7 });
    assert_eq!(with(first + 7, b'b'), SnapshotError::Order { at: second });
    assert_eq!(with(first + 7, b'c'), SnapshotError::Order { at: second });
}

#[test]
fn a_snapshot_whose_points_would_be_others_is_not_restored() {
    let ring = some_ring();
    let mut bytes = ring.snapshot().to_bytes();
    bytes[19] ^= 1; // of the fingerprint
    let error = RingSnapshot::from_bytes(&bytes).expect("whole").restore().expect_err("changed");
    assert!(matches!(error, SnapshotError::OtherPoints { kept, made }
        if made == ring.fingerprint() && kept == made ^ 1));

    let heavy = [Node::new("a"), Node::new("b")];
    let mut bytes = Ring::builder().nodes(heavy).build().expect("valid").snapshot().to_bytes();
    bytes[31..35].fill(0xFF); // the first weight
    let error = RingSnapshot::from_bytes(&bytes).expect("whole").restore().expect_err("too heavy");
    assert!(matches!(error, SnapshotError::Config(_)), "{error}");
}

#[cfg(feature = "serde")]
#[test]
fn json_is_for_people_and_comes_back_the_same() {
    let snapshot = some_ring().snapshot();
    let text = serde_json::to_string(&snapshot).expect("text");
    let fingerprint = format!("{:016x}", snapshot.fingerprint());
    assert_eq!(
        text,
        format!(
            r#"{{"layout":"absolute","hash":"xxh3 seed 7","vnodes":5,"fingerprint":"{fingerprint}","#
        ) + r#""nodes":[{"id":"a","weight":1},{"id":"b","weight":3,"zone":"z","label":"seat"}]}"#
    );
    let back: RingSnapshot = serde_json::from_str(&text).expect("the same");
    assert_eq!(back.restore().expect("valid"), some_ring());

    let by_hand = text.replace(r#"{"id":"a","weight":1},"#, "").replace("}]", r#"},{"id":"a"}]"#);
    assert_eq!(serde_json::from_str::<RingSnapshot>(&by_hand).expect("any order"), snapshot);
    for (from, to) in [
        ("absolute", "relative"),
        ("xxh3 seed 7", "xxh3 seed x"),
        ("\"vnodes\"", "\"vnode\""),
        ("{\"id\":\"a\"", "{\"id\":\"b\""),
        (&fingerprint[..], "f"),
    ] {
        let wrong = text.replacen(from, to, 1);
        assert!(serde_json::from_str::<RingSnapshot>(&wrong).is_err(), "{wrong}");
    }
}

#[cfg(feature = "serde")]
#[test]
fn nodes_and_reports_have_plain_forms() {
    let node: Node = serde_json::from_str(r#"{"id":"a","zone":"eu"}"#).expect("defaults");
    assert_eq!(node, Node::new("a").zone("eu"));
    assert!(serde_json::from_str::<Node>(r#"{"id":"a","wieght":2}"#).is_err());
    let report = serde_json::to_value(some_ring().balance_report()).expect("plain");
    assert_eq!(report["shares"].as_array().map(Vec::len), Some(2));
}

/// A few bytes can name 2^24 points. Who restores within a bound is told before any is made.
#[test]
fn a_bound_takes_the_ring_of_so_many_points_and_refuses_one_more() {
    for layout in [Layout::Absolute, Layout::Nginx, Layout::Ketama] {
        let nodes = [("a:1", 3), ("b:1", 1), ("c:1", 0)];
        let nodes = nodes.map(|(id, weight)| Node::new(id).weight(weight));
        let ring = Ring::builder().layout(layout).nodes(nodes).build().expect("valid");
        let (snapshot, points) = (ring.snapshot(), ring.points().count() as u64);
        // Ketama rounds each share down to whole digests.
        let most = if layout == Layout::Ketama { 320 } else { points };
        assert!(points <= most);
        assert_eq!(snapshot.restore_within(most), Ok(ring), "{layout}");
        let refused = Err(SnapshotError::TooLarge { points: most, most: most - 1 });
        assert_eq!(snapshot.restore_within(most - 1), refused, "{layout}");
    }
    let heavy = Ring::builder().vnodes(1 << 10).node("a").build().expect("valid").snapshot();
    let mut bytes = heavy.to_bytes();
    // The weight of the first node, behind magic, version, layout, hash, seed, vnodes, fingerprint, count.
    bytes[31..35].copy_from_slice(&u32::MAX.to_le_bytes());
    let refused = RingSnapshot::from_bytes(&bytes).expect("whole").restore_within(1 << 20);
    let points = u64::from(u32::MAX) << 10;
    assert_eq!(refused, Err(SnapshotError::TooLarge { points, most: 1 << 20 }));
}
