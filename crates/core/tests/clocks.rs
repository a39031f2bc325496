//! Clocks agree where they say so, and no arithmetic on their readings can wrap.

use std::time::Duration;

use proptest::prelude::*;
use voussoir_core::{Clock, ManualClock, Nanos, SystemClock, WallClock};

proptest! {
    #[test]
    fn points_in_time_saturate(a in any::<u64>(), b in any::<u64>(), secs in any::<u64>()) {
        let (earlier, later) = (Nanos::from_nanos(a.min(b)), Nanos::from_nanos(a.max(b)));
        let step = later.saturating_duration_since(earlier);
        prop_assert_eq!(earlier.saturating_add(step), later);
        prop_assert_eq!(later.saturating_sub(step), earlier);
        if earlier < later {
            prop_assert_eq!(earlier.saturating_duration_since(later), Duration::ZERO);
        }
        let far = Duration::from_secs(secs);
        prop_assert!(earlier.saturating_add(far) >= earlier);
        prop_assert!(earlier.saturating_sub(far) <= earlier);
    }
}

#[test]
fn the_ends_of_time_hold() {
    assert_eq!(Nanos::MAX.saturating_add(Duration::from_nanos(1)), Nanos::MAX);
    assert_eq!(Nanos::ZERO.saturating_sub(Duration::from_nanos(1)), Nanos::ZERO);
    assert_eq!(Nanos::ZERO.saturating_add(Duration::MAX), Nanos::MAX);
    assert_eq!(Nanos::from_secs(u64::MAX), Nanos::MAX);
    assert_eq!(Nanos::from_millis(u64::MAX), Nanos::MAX);
    assert_eq!(Nanos::from_duration(Duration::MAX), Nanos::MAX);
}

#[test]
fn a_manual_clock_moves_when_told_and_its_clones_with_it() {
    let clock = ManualClock::at(Nanos::from_secs(5));
    let same = clock.clone();
    clock.advance(Duration::from_secs(2));
    assert_eq!(same.now(), Nanos::from_secs(7));
    same.rewind(Duration::from_secs(3));
    assert_eq!(clock.now(), Nanos::from_secs(4));
    clock.rewind(Duration::from_mins(1));
    assert_eq!(clock.now(), Nanos::ZERO);
    clock.set(Nanos::MAX);
    clock.advance(Duration::from_secs(1));
    assert_eq!(clock.now(), Nanos::MAX);
}

#[test]
fn the_system_clock_does_not_go_back() {
    let mut last = SystemClock.now();
    for _ in 0..10_000 {
        let now = SystemClock.now();
        assert!(now >= last);
        last = now;
    }
}

#[test]
fn the_wall_clock_counts_from_1970() {
    let days = WallClock.now().as_duration().as_secs() / 86_400;
    let (from_2026, to_2126) = (20_454, 56_978);
    assert!((from_2026..to_2126).contains(&days), "{days} days since 1970");
}

#[test]
fn a_borrowed_or_boxed_clock_is_a_clock() {
    fn reading(clock: impl Clock) -> Nanos {
        clock.now()
    }
    let clock = ManualClock::at(Nanos::from_secs(1));
    let boxed: Box<dyn Clock> = Box::new(clock.clone());
    assert_eq!(reading(&clock), reading(boxed));
}

#[cfg(feature = "quanta")]
#[test]
fn the_counter_stands_on_the_time_line_of_the_system_clock() {
    let counter = voussoir_core::QuantaClock::new();
    // Readings of one bracket the other, but for what the calibration is wrong: far below 1 %.
    let before = SystemClock.now().saturating_sub(Duration::from_secs(1));
    let now = counter.now();
    let after = SystemClock.now().saturating_add(Duration::from_secs(1));
    assert!(before <= now && now <= after, "{before} <= {now} <= {after}");
}

#[cfg(feature = "tokio")]
#[test]
fn paused_time_moves_the_tokio_clock() {
    use voussoir_core::TokioClock;

    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime without I/O");
    runtime.block_on(async {
        let start = TokioClock.now();
        assert_eq!(TokioClock.now(), start);
        tokio::time::advance(Duration::from_mins(1)).await;
        assert_eq!(TokioClock.now().saturating_duration_since(start), Duration::from_mins(1));
    });
}
