//! Ids and their parts.

use std::time::Duration;

use proptest::prelude::*;
use voussoir_core::Nanos;
use voussoir_idgen::{Layout, LayoutError, Parts, SnowflakeId, worker_of_host};

const ALL: [Layout; 4] = [Layout::TWITTER, Layout::DISCORD, Layout::INSTAGRAM, Layout::SONYFLAKE];

fn id(number: u64) -> SnowflakeId {
    SnowflakeId::new(number).expect("below 2^63")
}

/// A post of @Wikipedia's of 2022-06-28 16:07:40.105 UTC, taken apart in the article "Snowflake ID".
#[test]
fn the_documented_twitter_id_has_the_documented_parts() {
    let id = id(1_541_815_603_606_036_480);
    let parts = Parts { timestamp: 367_597_485_448, worker: 378, sequence: 0 };
    assert_eq!(Layout::TWITTER.parts(id), parts);
    assert_eq!(Layout::TWITTER.timestamp(id), Nanos::from_millis(1_656_432_460_105));
}

/// From "Convert Snowflake to `DateTime`" in Discord's reference: 2016-04-30 11:18:25.796 UTC.
#[test]
fn the_documented_discord_id_has_the_documented_parts() {
    let id = id(175_928_847_299_117_063);
    let parts = Parts { timestamp: 41_944_705_796, worker: 1 << 5, sequence: 7 };
    assert_eq!(Layout::DISCORD.parts(id), parts);
    assert_eq!(Layout::DISCORD.timestamp(id), Nanos::from_millis(1_462_015_105_796));
}

/// From "Sharding & IDs at Instagram": `1387263000 << 23 | 1341 << 10 | 5001 % 1024`.
#[test]
fn the_documented_instagram_id_has_the_documented_parts() {
    let id = id(1_387_263_000 << 23 | 1_341 << 10 | (5_001 % 1_024));
    let parts = Parts { timestamp: 1_387_263_000, worker: 1_341, sequence: 905 };
    assert_eq!(Layout::INSTAGRAM.parts(id), parts);
}

#[test]
fn presets_end_when_their_documents_say() {
    let ends = ALL.map(|layout| layout.end().as_nanos() / 1_000_000);
    assert_eq!(ends, [3_487_858_230_209, 3_619_093_655_552, 2_413_731_649_497, 6_907_087_738_880]);
}

#[test]
fn every_id_of_tiny_layouts_is_what_its_parts_make() {
    for (timestamp_bits, worker_bits, sequence_bits) in
        [(1, 0, 0), (3, 2, 4), (5, 4, 0), (4, 0, 5), (2, 6, 1)]
    {
        let layout = Layout::new(timestamp_bits, worker_bits, sequence_bits).expect("few bits");
        for layout in [layout, layout.worker_last()] {
            let mut seen = vec![false; 1 << (timestamp_bits + worker_bits + sequence_bits)];
            for timestamp in 0..1 << timestamp_bits {
                for worker in 0..=layout.max_worker() {
                    for sequence in 0..layout.sequences() {
                        let parts = Parts { timestamp, worker, sequence };
                        let id = layout.from_parts(parts).expect("in range");
                        assert_eq!(layout.parts(id), parts);
                        seen[id.to_u64() as usize] = true;
                    }
                }
            }
            assert!(seen.into_iter().all(|seen| seen));
        }
    }
}

#[test]
fn parts_that_do_not_fit_are_refused_by_name() {
    let layout = Layout::new(2, 3, 4).expect("few bits");
    let none = Parts { timestamp: 0, worker: 0, sequence: 0 };
    let refused = |parts| layout.from_parts(parts).expect_err("too large").to_string();
    let message = "timestamp 4 does not fit; allowed: 0 to 3";
    assert_eq!(refused(Parts { timestamp: 4, ..none }), message);
    assert_eq!(refused(Parts { worker: 8, ..none }), "worker 8 does not fit; allowed: 0 to 7");
    let message = "sequence 16 does not fit; allowed: 0 to 15";
    assert_eq!(refused(Parts { sequence: 16, ..none }), message);
}

#[test]
fn layouts_that_cannot_be_are_refused() {
    for (timestamp, worker, sequence) in [(0, 10, 12), (42, 10, 12), (64, 0, 0), (u32::MAX, 1, 1)] {
        let refused = Layout::new(timestamp, worker, sequence);
        assert_eq!(refused, Err(LayoutError::Bits { timestamp, worker, sequence }));
    }
    assert!(Layout::new(63, 0, 0).is_ok());
    for unit in [Duration::ZERO, Duration::MAX] {
        assert_eq!(Layout::TWITTER.unit(unit), Err(LayoutError::Unit { unit }));
    }
}

proptest! {
    #[test]
    fn an_id_is_what_its_parts_make(number in 0..1_u64 << 62) {
        for layout in ALL {
            let id = id(number & layout.max_id_at(Nanos::MAX).to_u64());
            prop_assert_eq!(layout.from_parts(layout.parts(id)), Ok(id));
        }
    }

    #[test]
    fn a_scan_from_min_to_max_holds_the_ids_of_that_step_and_no_other(
        millis in 0..4_000_000_000_000_u64,
        worker: u64,
        sequence: u64,
        timestamp: u64,
    ) {
        for layout in ALL {
            let instant = Nanos::from_millis(millis);
            let (min, max) = (layout.min_id_at(instant), layout.max_id_at(instant));
            let scanned = layout.parts(max).timestamp;
            let other = Parts {
                timestamp: timestamp & ((1 << 38) - 1),
                worker: worker & layout.max_worker(),
                sequence: sequence & (layout.sequences() - 1),
            };
            let same = layout.from_parts(Parts { timestamp: scanned, ..other }).expect("fits");
            prop_assert!((min..=max).contains(&same));
            let other_id = layout.from_parts(other).expect("fits");
            prop_assert_eq!((min..=max).contains(&other_id), other.timestamp == scanned);
        }
    }
}

#[test]
fn only_ordinals_as_a_numbered_set_writes_them_name_a_worker() {
    assert_eq!(worker_of_host("web-0"), Ok(0));
    assert_eq!(worker_of_host("my-web-1023.svc"), Ok(1_023));
    assert_eq!(worker_of_host("a-18446744073709551615"), Ok(u64::MAX));
    let others = ["", "web", "web-", "web-x", "web-1x", "web-+1", "web-007", "7"];
    for name in others.into_iter().chain(["a-18446744073709551616"]) {
        assert!(worker_of_host(name).is_err(), "{name:?}");
    }
}
