//! Quorum systems against every set of replicas, and predictions against published figures.

use std::time::Instant;

use proptest::prelude::*;
use voussoir_quorum::{Latencies, Level, Pbs, Quorum, Replicas, Rule, Topology};

fn sets(n: u8) -> impl Iterator<Item = Replicas> {
    (0..1_u64 << n).map(Replicas::from_bits)
}

/// A tree of counts and votes over up to eight replicas, which may stand in several places.
fn rule() -> impl Strategy<Value = Rule> {
    let leaf = (1..3_u8, any::<u8>())
        .prop_map(|(need, of)| Rule::at_least(need, Replicas::from_bits(u64::from(of))));
    leaf.prop_recursive(2, 8, 3, |inner| {
        (prop::collection::vec((1..4_u32, inner), 1..4), any::<prop::sample::Index>()).prop_map(
            |(parts, need)| {
                let sum: u32 = parts.iter().map(|(weight, _)| weight).sum();
                Rule::threshold(1 + need.index(sum as usize) as u32, parts).unwrap()
            },
        )
    })
}

/// The same over parts of which no two share a replica.
fn apart() -> impl Strategy<Value = (Rule, Rule)> {
    let parts = || prop::collection::vec((1..4_u32, 1..3_u8), 4);
    let build = |parts: Vec<(u32, u8)>, need: prop::sample::Index| {
        let sum: u32 = parts.iter().map(|(weight, _)| weight).sum();
        let rules = parts.into_iter().zip(0..).map(|((weight, need), at)| {
            (weight, Rule::at_least(need, [2 * at, 2 * at + 1].into()))
        });
        Rule::threshold(1 + need.index(sum as usize) as u32, rules).unwrap()
    };
    let side = move || {
        (parts(), any::<prop::sample::Index>()).prop_map(move |(parts, need)| build(parts, need))
    };
    (side(), side())
}

fn check_analysis(rule: &Rule) -> Result<(), TestCaseError> {
    let enough: Vec<_> = sets(8).filter(|set| rule.is_met(*set)).collect();
    prop_assert_eq!(rule.smallest(), enough.iter().map(|set| set.len()).min());
    let all = rule.replicas();
    let breaks = sets(8).filter(|set| set.is_subset(all) && !rule.is_met(all - *set));
    let tolerates = rule.is_met(all).then(|| {
        breaks.map(Replicas::len).min().map_or(all.len(), |least| least.saturating_sub(1))
    });
    prop_assert_eq!(rule.tolerates(), tolerates);
    let chance = |set: &Replicas| {
        0.9_f64.powf(f64::from(set.len())) * 0.1_f64.powf(f64::from(8 - set.len()))
    };
    let expected: f64 = enough.iter().map(chance).sum();
    prop_assert!((rule.availability(0.9) - expected).abs() < 1e-12);
    Ok(())
}

fn check_meets(one: &Rule, other: &Rule) -> Result<(), TestCaseError> {
    let all = Replicas::first(8);
    let apart = sets(8).any(|set| one.is_met(set) && other.is_met(all - set));
    prop_assert_eq!(one.meets(other).unwrap(), !apart, "{} and {}", one, other);
    Ok(())
}

proptest! {
    #[test]
    fn what_a_rule_costs_and_withstands_is_what_all_its_sets_say(rule in rule(), (apart, other) in apart()) {
        check_analysis(&rule)?;
        check_analysis(&apart)?;
        check_analysis(&other)?;
    }

    #[test]
    fn two_rules_meet_exactly_if_no_two_of_their_sets_are_apart(one in rule(), other in rule(), (first, second) in apart()) {
        check_meets(&one, &other)?;
        check_meets(&first, &second)?;
        check_meets(&one, &second)?;
    }

    #[test]
    fn rules_are_monotone(rule in rule(), set in any::<u8>(), more in any::<u8>()) {
        let set = Replicas::from_bits(u64::from(set));
        let more = set | Replicas::from_bits(u64::from(more));
        prop_assert!(!rule.is_met(set) || rule.is_met(more));
    }
}

#[test]
fn counts_are_refused_as_r_plus_w_says() {
    for n in 1..=9 {
        for r in 0..=10 {
            for w in 0..=10 {
                let sound = (1..=n).contains(&r) && (1..=n).contains(&w);
                assert_eq!(Quorum::nrw(n, r, w).is_ok(), sound && r + w > n, "{n} {r} {w}");
                let asked = Quorum::builder(n).read(r).write(w).reads_may_miss_writes().build();
                assert_eq!(asked.is_ok(), sound);
                if let Ok(quorum) = asked {
                    assert_eq!(quorum.guarantees().reads_see_writes, r + w > n);
                    assert_eq!(quorum.guarantees().writes_see_writes, 2 * w > n);
                    let tolerates = quorum.tolerates();
                    assert_eq!(
                        (tolerates.reads, tolerates.writes),
                        (u32::from(n - r), u32::from(n - w))
                    );
                }
            }
        }
    }
    assert!(
        Quorum::majority(0).is_err()
            && Quorum::majority(65).is_err()
            && Quorum::majority(64).is_ok()
    );
}

#[test]
fn systems_are_as_large_as_their_papers_say() {
    for (depth, replicas, size) in [(1, 3, 2), (2, 9, 4), (3, 27, 8)] {
        let quorum = Quorum::hierarchical(depth).unwrap();
        assert_eq!((quorum.replicas(), quorum.read().smallest()), (replicas, Some(size)));
        assert!(quorum.guarantees().writes_see_writes);
    }
    let grid = Quorum::grid(3, 4).unwrap();
    assert_eq!((grid.read().smallest(), grid.write().smallest()), (Some(4), Some(3)));
    assert!(grid.guarantees().reads_see_writes && !grid.guarantees().writes_see_writes);
    let weighted = Quorum::weighted(&[2, 1, 1], 2, 3).unwrap();
    assert!(weighted.read().is_met([0].into()) && !weighted.write().is_met([1, 2].into()));
    assert!(Quorum::weighted(&[2, 1, 1], 2, 2).is_err());
    let all = Replicas::first(4);
    let apart = Rule::distinct_machines(2, &[7, 7, 8, 9]).unwrap();
    let write = Rule::all_of([Rule::at_least(2, all), apart.clone()]).unwrap();
    assert!(!write.is_met([0, 1].into()), "two of one machine count once");
    assert!(write.is_met([0, 2].into()));
    assert!(Quorum::of(4, Rule::at_least(3, all), write).unwrap().guarantees().reads_see_writes);
    assert!(Quorum::of(4, apart.clone(), apart).is_err(), "0 and 1 are on one machine, and apart");
    let same = Quorum::majority(5).unwrap().availability(0.99);
    assert!((same.write - 0.999_990_149_4).abs() < 1e-10);
}

#[test]
fn levels_need_as_many_as_in_cassandra() {
    let zones = Topology::new(&[0, 0, 0, 1, 1, 1, 1, 1], 1).unwrap();
    let size = |level: Level| level.rule(&zones).unwrap().smallest();
    let sizes = [
        Level::One,
        Level::Two,
        Level::Three,
        Level::Quorum,
        Level::All,
        Level::LocalOne,
        Level::LocalQuorum,
        Level::EachQuorum,
    ];
    assert_eq!(sizes.map(size), [1, 2, 3, 5, 8, 1, 3, 5].map(Some));
    let each = Level::EachQuorum.rule(&zones).unwrap();
    assert!(!each.is_met([2, 3, 4, 5, 6, 7].into()), "a majority of all, but not of zone 0");
    let local = Level::LocalQuorum.rule(&zones).unwrap();
    assert!(!local.is_met([0, 1, 2].into()), "replies from elsewhere do not count");
    let pair = Topology::new(&[0, 0], 0).unwrap();
    assert!(
        Level::Three.rule(&pair).is_err()
            && Topology::new(&[0, 0], 1).map(|far| Level::LocalOne.rule(&far).is_err()).unwrap()
    );
}

#[test]
fn staleness_in_closed_form_is_as_published() {
    let one = Pbs::new(3, 1, 1).unwrap();
    for (versions, fresh) in [(1, 1.0 / 3.0), (2, 5.0 / 9.0), (3, 19.0 / 27.0), (5, 211.0 / 243.0)]
    {
        assert!((one.fresh_within_versions(versions) - fresh).abs() < 1e-12);
    }
    assert!(Pbs::new(3, 2, 2).unwrap().stale().abs() < 1e-12);
    assert!((one.monotonic(1.0) - 5.0 / 9.0).abs() < 1e-12);
}

/// Our own table, of two and a half million trials by another program, within 5 % (Yammer: 8 %).
#[test]
fn staleness_by_simulation_is_as_the_fits_say() {
    let begun = Instant::now();
    let check = |read: u8, latencies: &Latencies, fresh: f64, at: f64, tolerance: f64| {
        let prediction = Pbs::new(3, read, 1).unwrap().simulate(latencies, 7, 1_000_000);
        let (found, found_at) = (prediction.fresh_after(0.0), prediction.fresh_with(0.999));
        assert!((found / fresh - 1.0).abs() < 0.02, "{found} for {fresh}");
        assert!((found_at / at - 1.0).abs() < tolerance, "{found_at} ms for {at}");
    };
    check(1, &Latencies::LINKEDIN_SSD, 0.974, 1.94, 0.05);
    check(1, &Latencies::LINKEDIN_DISK, 0.436, 51.9, 0.05);
    check(1, &Latencies::YAMMER, 0.887, 1460.0, 0.08);
    check(2, &Latencies::YAMMER, 0.990, 222.0, 0.08);
    let disk = Pbs::new(3, 1, 1).unwrap();
    let (once, again) = (
        disk.simulate(&Latencies::LINKEDIN_DISK, 1, 1_000),
        disk.simulate(&Latencies::LINKEDIN_DISK, 1, 1_000),
    );
    assert_eq!(once, again);
    assert!(once.write_latency(0.999) > once.write_latency(0.5) && once.read_latency(1.0) > 0.0);
    eprintln!("{:?}", begun.elapsed());
}
