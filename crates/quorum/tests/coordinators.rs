//! The coordinators against what their sets say, in every order of events, and with every event at
//! every moment.

use proptest::prelude::*;
use voussoir_quorum::{
    Failure, Fanout, Hints, QueryOp, QueryStep, Quorum, ReadMode, ReadOp, ReadOutcome, ReadStep,
    Replicas, Rule, VectorClock, WriteOp, WriteOutcome, WriteStep,
};

fn permutations(n: u8) -> Vec<Vec<u8>> {
    if n == 0 {
        return vec![vec![]];
    }
    let shorter = permutations(n - 1);
    let insert = |order: &Vec<u8>, at: usize| {
        let mut order = order.clone();
        order.insert(at, n - 1);
        order
    };
    shorter.iter().flat_map(|order| (0..usize::from(n)).map(move |at| insert(order, at))).collect()
}

/// Exhaustive for up to five replicas: every rule by count, every set of acknowledgements, every order.
#[test]
fn a_write_is_decided_by_the_set_of_acknowledgements_and_once() {
    for n in 1..=5_u8 {
        let orders = permutations(n);
        for need in 1..=n {
            let quorum = Quorum::builder(n).write(need).reads_may_miss_writes().build().unwrap();
            for acks in 0..1_u64 << n {
                let acks = Replicas::from_bits(acks);
                for order in &orders {
                    let mut write = WriteOp::new(&quorum);
                    assert_eq!(write.start(Replicas::first(n)), WriteStep::Send(quorum.places()));
                    let mut outcome = None;
                    let (mut acked, mut failed) = (0, 0);
                    for &place in order {
                        let step = if acks.contains(place) {
                            acked += 1;
                            write.on_ack(place)
                        } else {
                            failed += 1;
                            write.on_fail(place, Failure::Unknown)
                        };
                        let decided = acked >= need || n - failed < need;
                        match step {
                            WriteStep::Done(done) => {
                                assert!(outcome.replace(done).is_none(), "one outcome");
                                assert!(decided, "not before its time");
                            }
                            WriteStep::Wait => assert_eq!(decided, outcome.is_some(), "at once"),
                            WriteStep::Send(_) => panic!("there are no stand-ins"),
                        }
                    }
                    let committed = matches!(outcome, Some(WriteOutcome::Committed { .. }));
                    assert_eq!(
                        committed,
                        acks.len() >= u32::from(need),
                        "{acks} of {n}, need {need}"
                    );
                    assert_eq!(write.acked(), acks);
                    assert_eq!(write.on_deadline(), WriteStep::Wait);
                }
            }
        }
    }
}

#[test]
fn acknowledgements_twice_or_from_strangers_count_once_or_not() {
    let mut write = WriteOp::new(&Quorum::nrw(3, 2, 2).unwrap());
    assert_eq!(write.on_ack(0), WriteStep::Wait, "before it was sent");
    let _ = write.start(Replicas::first(3));
    assert_eq!(write.on_ack(0), WriteStep::Wait);
    for place in [0, 3, 63, 64, 255] {
        assert_eq!(write.on_ack(place), WriteStep::Wait);
    }
    assert!(matches!(write.on_ack(1), WriteStep::Done(WriteOutcome::Committed { .. })));
}

#[test]
fn nothing_is_sent_when_too_few_are_up() {
    let mut write = WriteOp::new(&Quorum::nrw(3, 2, 2).unwrap());
    let step = write.start(Replicas::one(1));
    let outcome = WriteOutcome::NotSent { up: Replicas::one(1), refused: Replicas::NONE };
    assert_eq!(step, WriteStep::Done(outcome));
    assert_eq!(write.on_ack(1), WriteStep::Wait);
}

#[test]
fn a_write_that_everybody_refused_is_not_sent_and_any_silence_makes_it_indeterminate() {
    let quorum = Quorum::nrw(3, 1, 3).unwrap();
    let run = |failures: [Failure; 3]| {
        let mut write = WriteOp::new(&quorum);
        let _ = write.start(Replicas::first(3));
        // Impossible from the first failure on; who has not been heard of is unknown.
        write.on_fail(0, failures[0])
    };
    let WriteStep::Done(WriteOutcome::Indeterminate { acked, unknown, .. }) =
        run([Failure::Refused; 3])
    else {
        panic!("two may have it");
    };
    assert_eq!((acked, unknown), (Replicas::NONE, Replicas::from([1, 2])));

    let mut write = WriteOp::new(&Quorum::builder(1).build().unwrap());
    let _ = write.start(Replicas::first(1));
    let step = write.on_fail(0, Failure::Refused);
    assert!(matches!(step, WriteStep::Done(WriteOutcome::NotSent { .. })));
    let mut write = WriteOp::new(&Quorum::builder(1).build().unwrap());
    let _ = write.start(Replicas::first(1));
    assert!(matches!(write.on_deadline(), WriteStep::Done(WriteOutcome::Indeterminate { .. })));
}

#[test]
fn stand_ins_take_over_at_the_start_and_on_failure_and_count_only_if_told() {
    let quorum = Quorum::nrw(3, 2, 2).unwrap();
    for (hints, committed) in [(Hints::Count, true), (Hints::Keep, false)] {
        let mut write = WriteOp::new(&quorum).hints(hints, 2);
        // 2 is down: 3 stands in.
        assert_eq!(write.start(Replicas::from([0, 1, 3, 4])), WriteStep::Send([0, 1, 3].into()));
        assert_eq!(write.stands_in_for(3), Some(2));
        assert_eq!(write.stands_in_for(4), None);
        assert_eq!(write.on_ack(0), WriteStep::Wait);
        // 1 fails, too: 4 stands in for it.
        assert_eq!(write.on_fail(1, Failure::Unknown), WriteStep::Send(Replicas::one(4)));
        assert_eq!(write.stands_in_for(4), Some(1));
        // A stand-in that fails has none itself any more.
        let step = write.on_fail(3, Failure::Unknown);
        let over = matches!(step, WriteStep::Done(WriteOutcome::Indeterminate { .. }));
        assert_eq!(over, !committed, "{step:?}");
        let step = write.on_ack(4);
        let done = matches!(step, WriteStep::Done(WriteOutcome::Committed { .. }));
        assert_eq!(done, committed);
        assert_eq!(write.unheard(), Replicas::one(2));
    }
}

#[test]
fn joining_replicas_raise_what_a_write_needs() {
    let quorum = Quorum::nrw(3, 2, 2).unwrap();
    let mut write = WriteOp::new(&quorum).pending(1);
    assert_eq!(write.start(Replicas::first(4)), WriteStep::Send(Replicas::first(4)));
    assert_eq!(write.on_ack(3), WriteStep::Wait);
    assert_eq!(write.on_ack(0), WriteStep::Wait, "two of four are not enough");
    assert!(matches!(write.on_ack(1), WriteStep::Done(_)));
    let zones =
        Rule::all_of([Rule::at_least(1, [0].into()), Rule::at_least(1, [1].into())]).unwrap();
    assert!(!zones.raised_by([2].into()).is_met([0, 1].into()));
    assert!(zones.raised_by([2].into()).is_met([0, 1, 2].into()));
}

/// What is done with an operation and with whatever it answers.
#[derive(Clone, Copy, Debug)]
enum Event {
    Reply(u8, u8),
    Absent(u8),
    Digest(u8, u8),
    Fail(u8),
    Hedge,
    Back(u8),
    Deadline,
    Start(u8),
}

fn event() -> impl Strategy<Value = Event> {
    let place = || 0..6_u8;
    prop_oneof![
        4 => (place(), 0..4_u8).prop_map(|(place, version)| Event::Reply(place, version)),
        1 => place().prop_map(Event::Absent),
        2 => (place(), 0..4_u8).prop_map(|(place, version)| Event::Digest(place, version)),
        2 => place().prop_map(Event::Fail),
        1 => Just(Event::Hedge),
        3 => place().prop_map(Event::Back),
        1 => Just(Event::Deadline),
        1 => any::<u8>().prop_map(Event::Start),
    ]
}

fn clock(version: u8) -> VectorClock<u64> {
    use voussoir_quorum::Dot;
    // 0 < 1, 2 < 3, and 1 and 2 are concurrent.
    let bits = [(0, version & 1), (1, version >> 1 & 1), (2, 1)];
    bits.into_iter().map(|(actor, counter)| Dot::new(actor, u64::from(counter))).collect()
}

fn quorums() -> impl Strategy<Value = Quorum> {
    prop_oneof![
        Just(Quorum::nrw(3, 2, 2).unwrap()),
        Just(Quorum::nrw(5, 3, 3).unwrap()),
        Just(Quorum::nrw(4, 1, 4).unwrap()),
        Just(Quorum::grid(2, 2).unwrap()),
        Just(Quorum::weighted(&[3, 1, 1, 1], 3, 4).unwrap()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if std::env::var_os("VOUSSOIR_LONG").is_some() { 100_000 } else { 3_000 }))]

    /// Whatever happens, in whatever order: no panic, one outcome, and the outcome is true.
    #[test]
    fn a_read_is_total_and_never_says_what_is_not_so(
        quorum in quorums(),
        mode in prop_oneof![Just(ReadMode::Fast), Just(ReadMode::RepairAsync), Just(ReadMode::Monotonic), Just(ReadMode::Linearizable)],
        fewest in any::<bool>(),
        digests in any::<bool>(),
        joining in 0..2_u8,
        events in prop::collection::vec(event(), 0..40),
    ) {
        let fanout = if fewest { Fanout::Fewest } else { Fanout::All };
        let mut read = ReadOp::new(&quorum, mode).unwrap().fanout(fanout).digests(digests).pending(joining);
        let (mut asked, mut heard, mut backed) = (Replicas::NONE, Replicas::NONE, Replicas::NONE);
        let mut told: std::collections::BTreeMap<u8, Option<VectorClock<u64>>> =
            std::collections::BTreeMap::default();
        let mut outcomes = 0;
        for event in events {
            let step = match event {
                Event::Start(bits) => read.start(Replicas::from_bits(u64::from(bits))),
                Event::Reply(place, version) | Event::Digest(place, version) => {
                    if asked.contains(place) {
                        heard.insert(place);
                        // What a replica said first is what it says.
                        told.entry(place).or_insert(Some(clock(version)));
                    }
                    let version = told.get(&place).cloned().flatten();
                    match event {
                        Event::Reply(..) => read.on_reply(place, version.as_ref()),
                        _ => read.on_digest(place, version.as_ref()),
                    }
                }
                Event::Absent(place) => {
                    if asked.contains(place) {
                        heard.insert(place);
                        told.entry(place).or_insert(None);
                    }
                    let version = told.get(&place).cloned().flatten();
                    read.on_reply(place, version.as_ref())
                }
                Event::Fail(place) => read.on_fail(place),
                Event::Hedge => read.on_hedge(),
                Event::Back(place) => {
                    backed.insert(place);
                    read.on_written_back(place)
                }
                Event::Deadline => read.on_deadline(),
            };
            match step {
                ReadStep::Send { data, digests } => {
                    prop_assert!((data & digests).is_empty() && !(data | digests).is_empty());
                    asked = asked | data | digests;
                }
                ReadStep::WriteBack(to) => {
                    prop_assert!(matches!(mode, ReadMode::Monotonic | ReadMode::Linearizable));
                    prop_assert!(!to.is_empty());
                }
                ReadStep::Repair(to) => {
                    prop_assert_eq!(mode, ReadMode::RepairAsync);
                    prop_assert!(outcomes == 1 && to.is_subset(heard));
                }
                ReadStep::Done(outcome) => {
                    outcomes += 1;
                    match outcome {
                        ReadOutcome::Found { holders, behind } => {
                            prop_assert!(quorum.read().is_met(read.answered()));
                            prop_assert!(read.answered().is_subset(heard));
                            prop_assert!((holders & behind).is_empty());
                            let newest = read.newest().unwrap();
                            if matches!(mode, ReadMode::Monotonic | ReadMode::Linearizable) {
                                prop_assert!(!quorum.read().is_met(quorum.places() - holders));
                            } else {
                                let answered = told.iter().filter(|(place, _)| read.answered().contains(**place));
                                let mut versions = answered.filter_map(|(_, version)| version.as_ref());
                                prop_assert!(versions.all(|version| newest.descends(version)));
                            }
                        }
                        ReadOutcome::Absent => {
                            prop_assert!(quorum.read().is_met(read.answered()));
                            prop_assert!(read.newest().is_none());
                        }
                        ReadOutcome::TooFew { .. } | ReadOutcome::NotWrittenBack { .. } => {}
                    }
                }
                ReadStep::Wait => {}
            }
            prop_assert!(outcomes <= 1);
        }
    }

    /// As reads: any event at any time, with stand-ins and joining replicas.
    #[test]
    fn a_write_is_total_and_never_says_what_is_not_so(
        quorum in quorums(),
        hints in prop_oneof![Just(Hints::Off), Just(Hints::Keep), Just(Hints::Count)],
        joining in 0..2_u8,
        stand_ins in 0..4_u8,
        events in prop::collection::vec((0..10_u8, 0..5_u8), 0..40),
    ) {
        let mut write = WriteOp::new(&quorum).pending(joining).hints(hints, stand_ins);
        let primaries = Replicas::first(quorum.replicas() + joining);
        let (mut sent, mut stored, mut outcomes) = (Replicas::NONE, Replicas::NONE, 0);
        for (place, what) in events {
            let step = match what {
                0 => write.start(Replicas::from_bits((u64::from(place) * 0x1B) | 0b1011)),
                1 | 2 => {
                    stored = if sent.contains(place) { stored | Replicas::one(place) } else { stored };
                    write.on_ack(place)
                }
                3 => write.on_fail(place, if place % 2 == 0 { Failure::Refused } else { Failure::Unknown }),
                _ if place == 0 => write.on_deadline(),
                _ => WriteStep::Wait,
            };
            match step {
                WriteStep::Send(to) => {
                    prop_assert!((to & sent).is_empty() && !to.is_empty());
                    sent = sent | to;
                    for place in to - primaries {
                        prop_assert!(hints != Hints::Off && write.stands_in_for(place).is_some());
                    }
                }
                WriteStep::Done(outcome) => {
                    outcomes += 1;
                    let counts = match hints {
                        Hints::Count => stored.iter().map(|place| write.stands_in_for(place).unwrap_or(place)).collect::<Replicas>() | stored,
                        _ => stored & primaries,
                    };
                    let committed = matches!(outcome, WriteOutcome::Committed { .. });
                    prop_assert_eq!(committed, write.rule().is_met(counts) );
                    if matches!(outcome, WriteOutcome::NotSent { .. }) {
                        prop_assert!(stored.is_empty());
                    }
                }
                WriteStep::Wait => {}
            }
            prop_assert!(outcomes <= 1);
        }
    }
}

#[test]
fn a_write_is_not_written_back_where_enough_have_it_already() {
    let quorum = Quorum::nrw(3, 2, 2).unwrap();
    let mut read = ReadOp::new(&quorum, ReadMode::Linearizable).unwrap();
    let _ = read.start(Replicas::first(3));
    let _ = read.on_reply(0, Some(&7_u64));
    let found = ReadOutcome::Found { holders: [0, 2].into(), behind: Replicas::NONE };
    assert_eq!(read.on_reply(2, Some(&7)), ReadStep::Done(found));
}

/// One full disk must not fail reads: scylladb#28125 and #29387.
#[test]
fn one_replica_that_refuses_the_repair_does_not_fail_the_read() {
    let quorum = Quorum::nrw(3, 2, 2).unwrap();
    let mut read = ReadOp::new(&quorum, ReadMode::Linearizable).unwrap();
    let _ = read.start(Replicas::first(3));
    let _ = read.on_reply(0, Some(&7_u64));
    assert_eq!(read.on_reply(1, Some(&6)), ReadStep::WriteBack([1, 2].into()));
    assert_eq!(read.on_fail(1), ReadStep::Wait);
    assert!(matches!(read.on_written_back(2), ReadStep::Done(ReadOutcome::Found { .. })));
}

#[test]
fn a_late_reply_that_already_has_it_stands_for_a_write_back() {
    let quorum = Quorum::nrw(3, 2, 2).unwrap();
    let mut read = ReadOp::new(&quorum, ReadMode::Monotonic).unwrap();
    let _ = read.start(Replicas::first(3));
    let _ = read.on_reply(0, Some(&7_u64));
    let _ = read.on_reply(1, None);
    // Newer than what is returned: it does not change the answer, and covers it.
    assert!(matches!(read.on_reply(2, Some(&9)), ReadStep::Done(ReadOutcome::Found { .. })));
    assert_eq!(read.newest(), Some(&7));
}

/// A late answer to the question is none to the write-back.
#[test]
fn a_late_reply_does_not_undo_a_failed_write_back() {
    let mut read = ReadOp::new(&Quorum::nrw(3, 2, 2).unwrap(), ReadMode::Monotonic).unwrap();
    let _ = read.start(Replicas::first(3));
    let _ = read.on_reply(0, Some(&7_u64));
    assert_eq!(read.on_reply(1, Some(&6)), ReadStep::WriteBack([1, 2].into()));
    assert_eq!(read.on_fail(2), ReadStep::Wait);
    assert_eq!(read.on_reply(2, Some(&6)), ReadStep::Wait);
    let outcome = ReadOutcome::NotWrittenBack { holders: Replicas::one(0) };
    assert_eq!(read.on_fail(1), ReadStep::Done(outcome));
}

#[test]
fn digests_cost_one_more_trip_when_the_newest_is_elsewhere() {
    let quorum = Quorum::nrw(3, 2, 2).unwrap();
    let read =
        || ReadOp::new(&quorum, ReadMode::Fast).unwrap().digests(true).fanout(Fanout::Fewest);
    let mut same = read();
    let sent = ReadStep::Send { data: Replicas::one(0), digests: Replicas::one(1) };
    assert_eq!(same.start(Replicas::first(3)), sent);
    let _ = same.on_reply(0, Some(&7_u64));
    assert!(matches!(same.on_digest(1, Some(&7)), ReadStep::Done(_)));

    let mut newer = read();
    let _ = newer.start(Replicas::first(3));
    let _ = newer.on_reply(0, Some(&7_u64));
    let fetch = ReadStep::Send { data: Replicas::one(1), digests: Replicas::NONE };
    assert_eq!(newer.on_digest(1, Some(&8)), fetch);
    assert!(matches!(newer.on_reply(1, Some(&8)), ReadStep::Done(ReadOutcome::Found { .. })));
    assert_eq!(newer.newest(), Some(&8));
}

#[test]
fn a_hedge_asks_one_more_and_a_failure_the_next() {
    let quorum = Quorum::nrw(5, 3, 3).unwrap();
    let mut read = ReadOp::<u64>::new(&quorum, ReadMode::Fast).unwrap().fanout(Fanout::Fewest);
    let to = |places: &[u8]| ReadStep::Send {
        data: places.iter().copied().collect(),
        digests: Replicas::NONE,
    };
    assert_eq!(read.start([0, 2, 3, 4].into()), to(&[0, 2, 3]), "1 is down");
    assert_eq!(read.on_hedge(), to(&[4]));
    assert_eq!(read.on_hedge(), ReadStep::Wait, "all have been asked");
    assert_eq!(read.on_fail(0), ReadStep::Wait, "the hedge makes up for it");
    assert!(matches!(read.on_fail(2), ReadStep::Done(ReadOutcome::TooFew { .. })));
}

#[test]
fn siblings_of_two_replicas_leave_both_to_be_repaired() {
    let quorum = Quorum::nrw(3, 2, 2).unwrap();
    let mut read = ReadOp::new(&quorum, ReadMode::RepairAsync).unwrap();
    let _ = read.start(Replicas::first(3));
    let _ = read.on_reply(0, Some(&clock(1)));
    let found = ReadOutcome::Found { holders: Replicas::NONE, behind: [0, 1].into() };
    assert_eq!(read.on_reply(1, Some(&clock(2))), ReadStep::Done(found));
    assert_eq!(read.newest(), Some(&clock(3)));
    assert_eq!(read.on_reply(2, None), ReadStep::Repair(Replicas::one(2)));
}

#[test]
fn a_linearizable_read_of_too_few_is_refused_when_it_is_made() {
    let few = Quorum::builder(3).read(1).write(1).reads_may_miss_writes().build().unwrap();
    assert!(ReadOp::<u64>::new(&few, ReadMode::Linearizable).is_err());
    assert!(ReadOp::<u64>::new(&few, ReadMode::Monotonic).is_ok());
}

#[test]
fn a_query_ends_with_the_latest_or_with_too_few() {
    let mut query = QueryOp::<u64>::new(&Quorum::majority(3).unwrap());
    let _ = query.start(Replicas::first(3));
    assert_eq!(query.on_version(0, Some(&3)), QueryStep::Wait);
    assert_eq!(query.on_version(0, Some(&9)), QueryStep::Wait, "it has answered");
    assert_eq!(query.on_fail(1), QueryStep::Wait);
    assert_eq!(query.on_fail(2), QueryStep::Unavailable { answered: Replicas::one(0) });
    assert_eq!(query.on_version(2, Some(&9)), QueryStep::Wait);
}

#[test]
fn a_query_takes_an_answer_that_comes_after_its_replica_was_given_up() {
    let mut query = QueryOp::<u64>::new(&Quorum::majority(3).unwrap());
    let _ = query.start(Replicas::first(3));
    assert_eq!(query.on_fail(0), QueryStep::Wait);
    assert_eq!(query.on_version(0, Some(&3)), QueryStep::Wait);
    assert_eq!(query.on_fail(1), QueryStep::Wait, "0 has answered, and 2 still may");
    assert_eq!(query.on_version(2, Some(&4)), QueryStep::Write);
}

/// The joining replicas are behind those of the quorum, even where reads ask some of these alone.
#[test]
fn a_read_of_one_zone_writes_back_to_the_replicas_that_join_and_not_to_the_other_zone() {
    let local = Rule::at_least(2, [0, 1, 2].into());
    let write = Rule::all_of([local.clone(), Rule::at_least(2, [3, 4, 5].into())]).unwrap();
    let quorum = Quorum::of(6, local, write).unwrap();
    let mut read = ReadOp::new(&quorum, ReadMode::Monotonic).unwrap().pending(1);
    let _ = read.start(Replicas::first(6));
    let _ = read.on_reply(0, Some(&7_u64));
    assert_eq!(read.on_reply(1, Some(&6)), ReadStep::WriteBack([1, 2, 6].into()));
}

#[test]
fn joining_replicas_and_stand_ins_may_be_named_in_any_order() {
    let quorum = Quorum::nrw(3, 2, 2).unwrap();
    let one = WriteOp::new(&quorum).pending(1).hints(Hints::Count, 2);
    let other = WriteOp::new(&quorum).hints(Hints::Count, 2).pending(1);
    for mut write in [one, other] {
        let up = Replicas::from([0, 1, 3, 4, 5]);
        assert_eq!(write.start(up), WriteStep::Send([0, 1, 3, 4].into()));
        assert_eq!(write.stands_in_for(4), Some(2));
        assert_eq!(write.clone().pending(1), write, "it has begun");
    }
}

/// A row of a grid takes two: when one fails, both of the other row are asked.
#[test]
fn a_read_asks_as_many_others_as_it_needs_when_one_fails() {
    let quorum = Quorum::grid(2, 2).unwrap();
    let mut read = ReadOp::<u64>::new(&quorum, ReadMode::Fast).unwrap().fanout(Fanout::Fewest);
    let to = |places: [u8; 2]| ReadStep::Send { data: places.into(), digests: Replicas::NONE };
    assert_eq!(read.start(Replicas::first(4)), to([0, 1]));
    assert_eq!(read.on_fail(0), to([2, 3]));
}

#[test]
fn what_was_asked_for_once_is_not_asked_for_again() {
    let mut read =
        ReadOp::new(&Quorum::nrw(3, 2, 2).unwrap(), ReadMode::Fast).unwrap().digests(true);
    let _ = read.start(Replicas::first(3));
    let _ = read.on_reply(0, Some(&7_u64));
    let fetch = ReadStep::Send { data: Replicas::one(1), digests: Replicas::NONE };
    assert_eq!(read.on_digest(1, Some(&8)), fetch);
    assert_eq!(read.on_reply(0, Some(&7)), ReadStep::Wait, "twice");
    assert_eq!(read.on_digest(2, Some(&8)), ReadStep::Wait, "1 is on its way");
    // 1 will not: 2 has it, too, and what 1 told of its version stays true.
    let other = ReadStep::Send { data: Replicas::one(2), digests: Replicas::NONE };
    assert_eq!(read.on_fail(1), other);
    assert!(matches!(read.on_reply(2, Some(&8)), ReadStep::Done(ReadOutcome::Found { .. })));
}

/// Between telling its version and sending its value, a replica has lost its disk.
#[test]
fn a_version_whose_value_nobody_has_any_more_is_not_found() {
    for now in [None, Some(&6_u64)] {
        let mut read =
            ReadOp::new(&Quorum::nrw(3, 2, 2).unwrap(), ReadMode::Fast).unwrap().digests(true);
        let _ = read.start(Replicas::first(3));
        let _ = read.on_reply(0, Some(&7_u64));
        let _ = read.on_digest(1, Some(&8));
        let step = read.on_reply(1, now);
        assert!(matches!(step, ReadStep::Done(ReadOutcome::TooFew { .. })), "{now:?}: {step:?}");
    }
}

#[test]
fn a_late_digest_asks_for_no_repair_with_a_value_that_nobody_has_sent() {
    let mut read =
        ReadOp::new(&Quorum::nrw(3, 2, 2).unwrap(), ReadMode::RepairAsync).unwrap().digests(true);
    let _ = read.start(Replicas::first(3));
    let _ = read.on_reply(0, Some(&7_u64));
    assert!(matches!(read.on_digest(1, Some(&7)), ReadStep::Done(_)));
    assert_eq!(read.on_digest(2, Some(&9)), ReadStep::Wait);
}

/// What becomes of whoever is asked, in the order of the numbers.
fn fates() -> impl Strategy<Value = Vec<(u8, bool, u8)>> {
    prop::collection::vec((any::<u8>(), prop::bool::weighted(0.7), 0..4_u8), 16)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if std::env::var_os("VOUSSOIR_LONG").is_some() { 100_000 } else { 3_000 }))]

    /// Nobody has to wait for a deadline when all that were asked have answered or failed.
    #[test]
    fn operations_end_when_everybody_has_been_heard_of(
        quorum in quorums(),
        mode in prop_oneof![Just(ReadMode::Fast), Just(ReadMode::Monotonic), Just(ReadMode::Linearizable)],
        (fewest, digests) in any::<(bool, bool)>(),
        up in any::<u8>(),
        joining in 0..2_u8,
        fates in fates(),
    ) {
        let up = Replicas::from_bits(u64::from(up));
        let fanout = if fewest { Fanout::Fewest } else { Fanout::All };
        let mut read = ReadOp::new(&quorum, mode).unwrap().fanout(fanout).digests(digests).pending(joining);
        let mut values = Replicas::NONE;
        // Whom, and what for: 0 the value, 1 the version, 2 to write it back.
        let mut asked: Vec<(u8, u8)> = Vec::new();
        let mut step = read.start(up);
        for turn in 0.. {
            match step {
                ReadStep::Done(ReadOutcome::Found { holders, .. }) => {
                    let all_parts = holders.is_empty() && read.answered().is_subset(values);
                    let whole = !(holders & values).is_empty();
                    prop_assert!(mode != ReadMode::Fast || all_parts || whole, "the value has come");
                    break;
                }
                ReadStep::Done(_) => break,
                ReadStep::Wait => {}
                ReadStep::Send { data, digests } => {
                    asked.extend(data.iter().map(|place| (place, 0)));
                    asked.extend(digests.iter().map(|place| (place, 1)));
                }
                ReadStep::WriteBack(to) => asked.extend(to.iter().map(|place| (place, 2))),
                ReadStep::Repair(_) => unreachable!("not in these modes"),
            }
            prop_assert!(!asked.is_empty(), "it waits for nobody: {read:?}");
            let (which, well, _) = fates[turn % fates.len()];
            let (place, what) = asked.swap_remove(usize::from(which) % asked.len());
            let version = clock(fates[usize::from(place)].2);
            step = match what {
                _ if !well => read.on_fail(place),
                0 => {
                    values.insert(place);
                    read.on_reply(place, Some(&version))
                }
                1 => read.on_digest(place, Some(&version)),
                _ => read.on_written_back(place),
            };
        }

        let mut query = QueryOp::new(&quorum);
        let mut step = query.start(up);
        let sent = if let QueryStep::Send(sent) = step { sent } else { Replicas::NONE };
        for (place, (_, well, version)) in sent.iter().zip(&fates) {
            if !matches!(step, QueryStep::Wait | QueryStep::Send(_)) { break; }
            step = if *well { query.on_version(place, Some(&clock(*version))) } else { query.on_fail(place) };
        }
        prop_assert!(matches!(step, QueryStep::Write | QueryStep::Unavailable { .. }), "{step:?}");
    }

    #[test]
    fn a_write_ends_when_everybody_has_been_heard_of(
        quorum in quorums(),
        hints in prop_oneof![Just(Hints::Off), Just(Hints::Keep), Just(Hints::Count)],
        joining in 0..2_u8,
        up in any::<u8>(),
        fates in fates(),
    ) {
        let mut write = WriteOp::new(&quorum).hints(hints, 3).pending(joining);
        let mut asked: Vec<u8> = Vec::new();
        let mut step = write.start(Replicas::from_bits(u64::from(up)));
        for turn in 0.. {
            match step {
                WriteStep::Done(_) => break,
                WriteStep::Wait => {}
                WriteStep::Send(to) => asked.extend(to.iter()),
            }
            prop_assert!(!asked.is_empty(), "it waits for nobody: {write:?}");
            let (which, well, _) = fates[turn % fates.len()];
            let place = asked.swap_remove(usize::from(which) % asked.len());
            step = if well { write.on_ack(place) } else { write.on_fail(place, Failure::Unknown) };
        }
    }
}
