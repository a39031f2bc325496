//! The generators against one that keeps time and sequence apart, under clocks of every kind.

use std::time::Duration;

use proptest::prelude::*;
use voussoir_core::{ManualClock, Nanos};
use voussoir_idgen::{Layout, LocalSnowflake, NextError, Policy, Snowflake, SnowflakeId};

const EPOCH: Nanos = Nanos::from_millis(1_000);
const STEP: Duration = Duration::from_millis(1);

/// 64 steps of 8 ids: scripts reach the end.
fn tiny() -> Layout {
    Layout::new(6, 2, 3).expect("few bits").epoch(EPOCH)
}

#[derive(Clone, Copy, Debug)]
struct Steps {
    exhausted: u64,
    behind: u64,
}

impl Steps {
    fn policies(self) -> [Policy; 2] {
        [self.exhausted, self.behind].map(|steps| match steps {
            0 => Policy::Refuse,
            steps => Policy::Borrow { at_most: STEP * steps as u32 },
        })
    }
}

#[derive(Clone, Debug)]
enum Op {
    Next,
    Batch(u32),
    /// The clock, in tenths of a step from its origin: before the epoch, in range, and beyond.
    Set(u64),
    Advance(u64),
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        12 => Just(Op::Next),
        3 => (0..40_u32).prop_map(Op::Batch),
        1 => (9_950..10_700_u64).prop_map(Op::Set),
        4 => (0..25_u64).prop_map(Op::Advance),
    ]
}

fn steps() -> impl Strategy<Value = Steps> {
    (0..5_u64, 0..9_u64).prop_map(|(exhausted, behind)| Steps { exhausted, behind })
}

/// The last id as a step of time and a number in it.
#[derive(Clone, Debug)]
struct Oracle {
    last: Option<(u64, u64)>,
    steps: Steps,
}

impl Oracle {
    /// The first of `n` ids at `now`; `None` if that is refused.
    fn take(&mut self, now: Nanos, n: u64) -> Option<(u64, u64)> {
        let elapsed = now.as_nanos().checked_sub(EPOCH.as_nanos())?;
        let step = elapsed / 1_000_000;
        let Steps { exhausted, behind } = self.steps;
        let is_behind = self.last.is_some_and(|(last, _)| last > step + exhausted);
        let lead = if is_behind { exhausted.max(behind) } else { exhausted };
        let first = match self.last {
            Some((last, 7)) if last >= step => (last + 1, 0),
            Some((last, number)) if last >= step => (last, number + 1),
            _ => (step, 0),
        };
        let mut end = first;
        for _ in 1..n {
            end = if end.1 == 7 { (end.0 + 1, 0) } else { (end.0, end.1 + 1) };
        }
        if end.0 > 63 || step > 63 || end.0 > step + lead || n > 8 * (exhausted + 1) {
            return None;
        }
        self.last = Some(end);
        Some(first)
    }
}

/// Both shells, which must agree.
struct Pair {
    shared: Snowflake<ManualClock>,
    local: LocalSnowflake<ManualClock>,
}

impl Pair {
    fn new(steps: Steps) -> Self {
        let [exhausted, behind] = steps.policies();
        let builder = Snowflake::builder(tiny()).worker(2).clock(ManualClock::new());
        let builder = builder.when_exhausted(exhausted).when_clock_behind(behind);
        Self {
            shared: builder.clone().build().expect("valid"),
            local: builder.build_local().expect("valid"),
        }
    }

    fn take(&mut self, now: Nanos, n: u32) -> Result<Vec<SnowflakeId>, NextError> {
        let batch = self.shared.next_batch_at(now, n).map(Iterator::collect);
        assert_eq!(batch, self.local.next_batch_at(now, n).map(Iterator::collect));
        assert_eq!(self.shared.high_water(), self.local.high_water());
        batch
    }
}

/// 10^5 scripts in the long run.
fn cases() -> u32 {
    if std::env::var_os("VOUSSOIR_LONG").is_some() { 100_000 } else { 3_000 }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases()))]

    #[test]
    fn does_as_the_oracle_under_every_clock(
        steps in steps(),
        ops in prop::collection::vec(op(), 0..200),
    ) {
        let mut pair = Pair::new(steps);
        let mut oracle = Oracle { last: None, steps };
        let mut now = EPOCH;
        let mut last = None;
        for op in ops {
            let n = match op {
                Op::Next => 1,
                Op::Batch(n) => n,
                Op::Set(tenths) => {
                    now = Nanos::from_nanos(tenths * 100_000);
                    continue;
                }
                Op::Advance(tenths) => {
                    now = now.saturating_add(Duration::from_micros(tenths * 100));
                    continue;
                }
            };
            let mark = pair.shared.high_water();
            let taken = pair.take(now, n);
            if n == 0 {
                prop_assert_eq!(taken, Ok(Vec::new()));
                continue;
            }
            let expected = oracle.take(now, n.into());
            match taken {
                Ok(ids) => {
                    let first = tiny().parts(ids[0]);
                    prop_assert_eq!(Some((first.timestamp, first.sequence)), expected);
                    prop_assert_eq!(ids.len(), n as usize);
                    prop_assert!(last < Some(ids[0]) && ids.is_sorted_by(|a, b| a < b));
                    prop_assert!(ids.iter().all(|id| tiny().parts(*id).worker == 2));
                    last = ids.last().copied();
                    let after = tiny().timestamp(ids[ids.len() - 1]);
                    let lead = STEP * steps.exhausted.max(steps.behind) as u32;
                    prop_assert!(after <= now.saturating_add(lead));
                    prop_assert!(pair.shared.high_water() > after);
                }
                Err(error) => {
                    prop_assert_eq!(expected, None, "{}", error);
                    prop_assert_eq!(pair.shared.high_water(), mark);
                    comes_back_as_it_says(&oracle, now, n.into(), error)?;
                }
            }
        }
    }
}

/// What is refused until later is granted then and, by the oracle that agrees, no step earlier.
fn comes_back_as_it_says(
    oracle: &Oracle,
    now: Nanos,
    n: u64,
    error: NextError,
) -> Result<(), TestCaseError> {
    let granted = |now| oracle.clone().take(now, n).is_some();
    let Some(wait) = error.retry_after() else {
        let ever = (0..70).any(|step| granted(now.saturating_add(STEP * step)));
        prop_assert!(!ever, "{error}");
        return Ok(());
    };
    let then = now.saturating_add(wait);
    if let NextError::BeforeEpoch { .. } = error {
        prop_assert_eq!(then, EPOCH);
        return Ok(());
    }
    // Where the layout ends meanwhile, nothing is.
    let ends = oracle.last.is_some_and(|(step, number)| step * 8 + number + n >= 64 * 8);
    prop_assert!(granted(then) || ends, "{error}");
    let earlier = then.saturating_sub(Duration::from_nanos(1));
    prop_assert!(earlier < now || !granted(earlier), "{error}");
    Ok(())
}

/// twitter-archive/snowflake#6, bwmarrin/snowflake#20: what was made during a step back is made again.
#[test]
fn a_clock_set_back_makes_no_id_twice() {
    let builder = Snowflake::builder(Layout::TWITTER).worker(1).when_clock_behind(Policy::Refuse);
    let ids = builder.when_exhausted(Policy::Refuse).build().expect("valid");
    let at = |millis: u64| Nanos::from_millis(1_700_000_000_000 + millis);
    let first = ids.next_at(at(10)).expect("the first");
    let refused = ids.next_at(at(5)).expect_err("set back");
    let wait = Duration::from_millis(5);
    assert_eq!(refused, NextError::ClockBehind { by: wait, retry_after: wait });
    assert!(ids.next_at(at(10)).expect("caught up") > first);
}

#[test]
fn the_sequence_of_a_step_is_used_to_its_last_number_and_then_refused() {
    let builder = Snowflake::builder(Layout::TWITTER).worker(1).when_exhausted(Policy::Refuse);
    let ids = builder.build().expect("valid");
    let now = Nanos::from_millis(1_700_000_000_000).saturating_add(Duration::from_micros(400));
    let step: Vec<_> = (0..4_096).map(|_| ids.next_at(now).expect("in the step")).collect();
    assert!(step.iter().all(|id| Layout::TWITTER.timestamp(*id) <= now));
    assert!(step.is_sorted_by(|a, b| a < b));
    let retry_after = Duration::from_micros(600);
    assert_eq!(ids.next_at(now), Err(NextError::Exhausted { retry_after }));
    assert!(ids.next_at(now.saturating_add(retry_after)).is_ok());
}

#[test]
fn the_end_of_the_timestamps_is_a_typed_error_and_nothing_wraps() {
    let borrow = Policy::Borrow { at_most: Duration::MAX };
    for policy in [Policy::Refuse, borrow] {
        let builder = Snowflake::builder(tiny()).worker(3).when_exhausted(policy);
        let ids = builder.when_clock_behind(policy).build().expect("valid");
        let end = tiny().end();
        let last_step = end.saturating_sub(Duration::from_nanos(1));
        let made: Vec<_> = (0..8).map(|_| ids.next_at(last_step).expect("in range")).collect();
        assert_eq!(tiny().parts(made[7]).sequence, 7);
        for now in [last_step, end, Nanos::MAX] {
            assert_eq!(ids.next_at(now), Err(NextError::EndOfTime { end }));
        }
        assert_eq!(ids.high_water(), end);
    }
}

#[test]
fn a_clock_before_the_epoch_is_told_by_how_much() {
    let ids = Snowflake::builder(tiny()).worker(0).build().expect("valid");
    let by = Duration::from_secs(1);
    assert_eq!(ids.next_at(Nanos::ZERO), Err(NextError::BeforeEpoch { by }));
}

#[test]
fn a_batch_that_can_never_be_had_is_refused_with_the_most() {
    let builder = Snowflake::builder(Layout::TWITTER).worker(0);
    let now = Nanos::from_millis(1_700_000_000_000);
    let refusing = builder.build().expect("valid");
    let refused = NextError::BatchTooLarge { asked: 4_097, most: 4_096 };
    assert_eq!(refusing.next_batch_at(now, 4_097).expect_err("too large"), refused);
    assert_eq!(refusing.next_batch_at(now, 4_096).expect("a whole step").len(), 4_096);
    let borrow = Policy::Borrow { at_most: Duration::from_secs(1) };
    let borrowing = builder.when_exhausted(borrow).build().expect("valid");
    assert_eq!(borrowing.next_batch_at(now, 1_001 * 4_096).expect("1,001 steps").len(), 4_100_096);
}

#[test]
fn a_wait_ends_even_if_the_clock_stands_still() {
    let wait = Policy::Wait { at_most: Duration::from_millis(5) };
    let clock = ManualClock::at(EPOCH);
    let builder = Snowflake::builder(tiny()).worker(0).when_exhausted(wait).clock(clock);
    let ids = builder.clone().build().expect("valid");
    let mut local = builder.build_local().expect("valid");
    for _ in 0..8 {
        ids.next().expect("in the step");
        local.next().expect("in the step");
    }
    assert_eq!(ids.next(), Err(NextError::Exhausted { retry_after: STEP }));
    assert_eq!(local.next(), Err(NextError::Exhausted { retry_after: STEP }));
}

#[test]
fn a_wait_longer_than_allowed_is_refused_at_once() {
    let clock = ManualClock::at(EPOCH.saturating_add(STEP * 50));
    let ids = Snowflake::builder(tiny()).worker(0).clock(clock.clone()).build().expect("valid");
    ids.next().expect("the first");
    clock.set(EPOCH);
    let behind = Policy::Wait { at_most: STEP };
    let builder = Snowflake::builder(tiny()).worker(0).when_clock_behind(behind);
    let mark = EPOCH.saturating_add(STEP * 50);
    let ids = builder.resume_at(mark).clock(clock).build().expect("valid");
    assert!(matches!(ids.next(), Err(NextError::ClockBehind { .. })));
}

#[test]
fn a_resumed_generator_makes_nothing_that_the_first_could_have_made() {
    for millis in 0..60 {
        let now = EPOCH.saturating_add(STEP * millis).saturating_add(Duration::from_micros(300));
        let first = Snowflake::builder(tiny()).worker(1).build().expect("valid");
        let last = first.next_batch_at(now, 5).expect("in the step").last().expect("five");
        let mark = first.high_water();
        let resumed = Snowflake::builder(tiny()).worker(1).resume_at(mark).build().expect("valid");
        assert!(resumed.next_at(now).is_err(), "the step may have more ids than the mark knows");
        assert!(resumed.next_at(mark).expect("from the mark on") > last);
    }
}

/// A mark is stored, ids are made for as long as it covers, and the clock of the next process is
/// anywhere: set back, or ahead.
#[test]
fn a_mark_for_a_span_covers_what_is_made_in_it_borrowed_or_not() {
    let span = STEP * 5;
    for steps in
        [0, 1, 3].into_iter().flat_map(|a| [0, 2, 6].map(|b| Steps { exhausted: a, behind: b }))
    {
        let [exhausted, behind] = steps.policies();
        let clock = ManualClock::at(EPOCH.saturating_add(STEP * 10));
        let builder = Snowflake::builder(tiny()).worker(1).when_exhausted(exhausted);
        let builder = builder.when_clock_behind(behind);
        let ids = builder.clock(clock.clone()).build().expect("valid");
        // Made long ago: the mark must not be the last id's.
        ids.next_at(EPOCH).expect("the first");
        let mark = ids.high_water_in(span);
        let resumed = builder.resume_at(mark).build().expect("valid");
        let first = resumed.next_at(mark).expect("from the mark on");
        for millis in [10, 12, 9, 15, 11] {
            let now = EPOCH.saturating_add(STEP * millis);
            while let Ok(id) = ids.next_at(now) {
                assert!(id < first, "{steps:?}");
            }
        }
    }
}

#[test]
fn workers_out_of_range_or_missing_are_refused() {
    let builder = Snowflake::builder(Layout::TWITTER);
    let refused = builder.worker(1_024).build().expect_err("too large");
    assert_eq!(refused.to_string(), "`worker` is 1024; allowed: 0 to 1023");
    let refused = builder.build().expect_err("missing");
    assert_eq!(refused.to_string(), "`worker` is not given; allowed: 0 to 1023");
    assert!(builder.worker(1_023).build_local().is_ok());
    let without_workers = Layout::new(41, 0, 12).expect("53 bits");
    assert!(Snowflake::builder(without_workers).build().is_ok());
    let refused = builder.worker(1).build_striped(3).expect_err("three");
    assert_eq!(refused.to_string(), "`stripes` is 3; allowed: a power of two, at most 4096");
    assert!(builder.worker(1).build_striped(8_192).is_err());
}
