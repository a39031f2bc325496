//! Holders of a worker, one after the other, make no id twice.

use std::collections::HashSet;
use std::time::Duration;

use proptest::prelude::*;
use voussoir_core::Nanos;
use voussoir_idgen::{
    Layout, Lease, LeaseError, LocalLeases, NextError, Policy, Snowflake, WorkerLease,
};

const TTL: Duration = Duration::from_secs(10);
const START: Nanos = Nanos::from_secs(1_700_000_000);

fn at(millis: u64) -> Nanos {
    START.saturating_add(Duration::from_millis(millis))
}

fn generator(lease: &Lease) -> Snowflake {
    let borrow = Policy::Borrow { at_most: Duration::from_secs(3) };
    let builder = Snowflake::builder(Layout::TWITTER).lease(lease).when_exhausted(borrow);
    builder.when_clock_behind(Policy::Refuse).build().expect("valid")
}

#[test]
fn an_expired_lease_is_an_error_also_in_the_middle_of_generation() {
    let leases = LocalLeases::new(1, TTL).expect("valid");
    let lease = leases.lease_at(START).expect("free");
    let ids = generator(&lease);
    assert!(ids.next_at(at(9_999)).is_ok());
    let expired = NextError::LeaseExpired { until: lease.until() };
    assert_eq!(ids.next_at(at(10_000)), Err(expired));
    assert_eq!(ids.next_at(at(60_000)), Err(expired));
    // Nothing is borrowed from beyond the end either.
    let ids = generator(&lease);
    assert!(ids.next_batch_at(at(9_999), 4_096).is_ok());
    assert_eq!(ids.next_at(at(9_999)), Err(expired));
}

#[test]
fn a_renewed_lease_goes_on_and_one_that_is_not_ones_own_does_not() {
    let leases = LocalLeases::new(2, TTL).expect("valid");
    let lease = leases.lease_at(START).expect("free");
    let other = leases.lease_at(START).expect("free");
    assert_ne!(lease.worker(), other.worker());
    let ids = generator(&lease);
    assert!(ids.extend(&other).is_err());
    let renewed = leases.renew_at(&lease, at(5_000)).expect("not ended");
    assert_eq!((renewed.fence(), renewed.until()), (lease.fence(), at(15_000)));
    ids.extend(&renewed).expect("its own");
    assert!(ids.next_at(at(14_999)).is_ok());
    // An older copy does not shorten it.
    ids.extend(&lease).expect("its own");
    assert!(ids.next_at(at(14_999)).is_ok());

    let refused = leases.renew_at(&lease, at(15_000)).expect_err("ended");
    assert_eq!(refused, LeaseError::Lost { worker: lease.worker(), fence: lease.fence() });
}

#[test]
fn a_worker_is_leased_once_at_a_time_with_growing_fences() {
    let leases = LocalLeases::new(3, TTL).expect("valid");
    let mut workers: Vec<_> =
        (0..3).map(|_| leases.lease_at(START).expect("free").worker()).collect();
    workers.sort_unstable();
    assert_eq!(workers, [0, 1, 2]);
    let refused = leases.lease_at(at(4_000)).expect_err("all are out");
    assert_eq!(refused, LeaseError::NoneFree { retry_after: Duration::from_secs(6) });
    let again = leases.lease_at(at(10_000)).expect("ended");
    assert_eq!((again.fence(), again.from()), (2, at(10_000)));
}

#[test]
fn a_lease_given_back_is_free_from_the_last_id_on() {
    let leases = LocalLeases::new(1, TTL).expect("valid");
    let lease = leases.lease_at(START).expect("free");
    let ids = generator(&lease);
    // 2 s of ids are borrowed.
    let _ = ids.next_batch_at(START, 4_096 * 2_000).expect("within 3 s");
    leases.release(&lease, ids.high_water()).expect("its own");
    assert!(leases.lease_at(at(1_999)).is_err());
    let next = leases.lease_at(at(2_000)).expect("free");
    assert!(next.fence() > lease.fence());
    assert!(leases.release(&lease, START).is_err(), "it has another holder");
    assert!(leases.renew_at(&lease, at(2_001)).is_err());
}

/// A holder that does not know that it has lost its lease, and whose clock is anywhere.
#[test]
fn a_deposed_holder_makes_nothing_that_its_successor_makes() {
    let leases = LocalLeases::new(1, TTL).expect("valid");
    let old = generator(&leases.lease_at(START).expect("free"));
    let new = generator(&leases.lease_at(at(10_000)).expect("ended"));
    let mut seen = HashSet::new();
    for millis in (0..30_000).step_by(7).chain((0..30_000).rev().step_by(11)) {
        for ids in [&old, &new] {
            if let Ok(id) = ids.next_at(at(millis)) {
                assert!(seen.insert(id), "{id} twice");
            }
        }
    }
    assert!(seen.len() > 2_000);
}

#[test]
fn a_lease_must_fit_the_layout_and_the_worker() {
    let lease = Lease::new(1_024, 1, START, at(1));
    assert!(Snowflake::builder(Layout::TWITTER).lease(&lease).build().is_err());
    let lease = Lease::new(7, 1, START, at(1));
    assert!(Snowflake::builder(Layout::TWITTER).worker(8).lease(&lease).build().is_err());
    assert!(Snowflake::builder(Layout::TWITTER).worker(7).lease(&lease).build().is_ok());
    assert!(LocalLeases::new(0, TTL).is_err());
    assert!(LocalLeases::new(1, Duration::ZERO).is_err());
}

proptest! {
    /// Processes that start, make ids by clocks that differ, renew, give back, or just end.
    #[test]
    fn no_history_of_holders_makes_an_id_twice(
        ops in prop::collection::vec((0..5_u8, 0..4_usize, -2_000..2_000_i64), 0..300),
    ) {
        let leases = LocalLeases::new(2, TTL).expect("valid");
        let mut holders: Vec<(Lease, Snowflake)> = Vec::new();
        let mut seen = HashSet::new();
        let mut now = 100_000;
        for (op, which, skew) in ops {
            now += 700;
            let theirs = at((now + skew).unsigned_abs());
            let which = which % holders.len().max(1);
            match op {
                0 => if let Ok(lease) = leases.lease_at(at(now.unsigned_abs())) {
                    holders.push((lease, generator(&lease)));
                },
                1 if !holders.is_empty() => {
                    let (lease, ids) = &mut holders[which];
                    if let Ok(renewed) = leases.renew_at(lease, at(now.unsigned_abs())) {
                        ids.extend(&renewed).expect("its own");
                        *lease = renewed;
                    }
                }
                2 if !holders.is_empty() && skew > 1_500 => {
                    let (lease, ids) = holders.swap_remove(which);
                    // Refused where the lease has ended long ago.
                    let _ = leases.release(&lease, ids.high_water());
                }
                _ => for (_, ids) in &holders {
                    for id in ids.next_batch_at(theirs, 3).into_iter().flatten() {
                        prop_assert!(seen.insert(id), "{id} twice");
                    }
                },
            }
        }
    }
}
