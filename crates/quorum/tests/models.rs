//! The coordinators that ship, in every interleaving of messages: models for `stateright`, with
//! negative controls. A control that finds no counterexample fails: it would mean that the models are
//! blind.

mod models {
    pub(crate) mod deletion;
    pub(crate) mod handoff;
    pub(crate) mod register;
    pub(crate) mod siblings;
}

use models::{deletion, handoff, register::*, siblings};
use stateright::{Checker, Model};
use voussoir_quorum::{Hints, Quorum, ReadMode, Replicas};

fn strict() -> Quorum {
    Quorum::nrw(3, 2, 2).expect("valid")
}

fn one_writer_one_reader(mode: ReadMode) -> World {
    World::new(strict(), mode)
        .client(Script::new([Step::Write(1)]))
        .client(Script::new([Step::Read, Step::Read]))
}

fn two_writers(query: bool) -> World {
    World::new(strict(), ReadMode::Linearizable)
        .query_before_write(query)
        .client(Script::new([Step::Write(1)]).clock(10))
        .client(Script::new([Step::Write(2), Step::Read]).clock(5))
}

/// The whole space is searched and every state of it is linearizable.
fn assert_linearizable(world: World) {
    let checker = world.checker().spawn_bfs().join();
    assert!(checker.discovery(LINEARIZABLE).is_none(), "{:?}", checker.discovery(LINEARIZABLE));
    checker.assert_any_discovery(EVERYBODY_IS_DONE);
    eprintln!("{} states, all linearizable", checker.unique_state_count());
}

/// There is a run that is not linearizable. Breadth first: the shortest one.
fn assert_violated(world: World, at_most: usize) {
    let checker = world.checker().spawn_bfs().join();
    let path = checker.discovery(LINEARIZABLE).expect("the control finds its counterexample");
    let steps = path.into_actions().len();
    eprintln!("violated after {steps} steps");
    assert!(steps <= at_most, "{steps}");
}

#[test]
fn linearizable_reads_with_one_writer_are() {
    assert_linearizable(one_writer_one_reader(ReadMode::Linearizable));
}

#[test]
fn without_write_back_a_read_goes_back_to_the_old_value() {
    assert_violated(one_writer_one_reader(ReadMode::Fast), 14);
}

#[test]
fn with_repair_that_nobody_awaits_a_read_goes_back_all_the_same() {
    assert_violated(one_writer_one_reader(ReadMode::RepairAsync), 14);
}

#[test]
fn messages_that_come_twice_change_nothing() {
    assert_linearizable(one_writer_one_reader(ReadMode::Linearizable).duplicating());
}

fn small(read: u8, write: u8) -> Quorum {
    Quorum::builder(3).read(read).write(write).reads_may_miss_writes().build().expect("asked for")
}

#[test]
fn with_too_small_a_quorum_a_read_misses_an_acknowledged_write() {
    for (read, write) in [(1, 2), (2, 1)] {
        let world = World::new(small(read, write), ReadMode::Monotonic)
            .client(Script::new([Step::Write(1), Step::Read]));
        assert_violated(world, 12);
    }
}

/// A write is under way for ever; reads of one replica each may see it or not, but never go back.
fn reads_of_one(mode: ReadMode) -> World {
    World::new(small(1, 1), mode)
        .client(Script::new([Step::Write(1)]).deaf())
        .client(Script::new([Step::Read]))
        .client(Script::new([Step::Read]))
}

#[test]
fn monotonic_reads_never_go_back_even_where_they_may_miss_writes() {
    let checker = reads_of_one(ReadMode::Monotonic).checker().spawn_bfs().join();
    assert!(checker.discovery(LINEARIZABLE).is_none(), "{:?}", checker.discovery(LINEARIZABLE));
    checker.assert_any_discovery(THE_READERS_ARE_DONE);
    eprintln!("{} states, no read goes back", checker.unique_state_count());
}

#[test]
fn reads_of_one_that_nobody_awaits_the_repair_of_go_back() {
    assert_violated(reads_of_one(ReadMode::RepairAsync), 14);
}

#[test]
fn two_writers_with_the_query_phase_are_linearizable() {
    assert_linearizable(two_writers(true));
}

#[test]
fn without_the_query_phase_a_slow_clock_loses_an_acknowledged_write() {
    assert_violated(two_writers(false), 20);
}

fn half_unreachable(hints: Hints) -> World {
    World::new(strict(), ReadMode::Linearizable)
        .hints(hints)
        .client(Script::new([Step::Write(1)]).reaches(Replicas::from([0, 3, 4])))
        .client(Script::new([Step::Read]).reaches(Replicas::from([1, 2])))
}

#[test]
fn a_sloppy_quorum_lets_a_read_miss_an_acknowledged_write() {
    assert_violated(half_unreachable(Hints::Count), 12);
}

#[test]
fn a_strict_quorum_is_unavailable_instead() {
    for hints in [Hints::Off, Hints::Keep] {
        let checker = half_unreachable(hints).checker().spawn_bfs().join();
        assert!(checker.discovery(LINEARIZABLE).is_none());
        assert!(checker.discovery(A_WRITE_WAS_COMMITTED).is_none(), "one of three is no quorum");
    }
}

#[test]
fn a_replica_that_keeps_its_disk_may_crash() {
    assert_linearizable(one_writer_one_reader(ReadMode::Linearizable).crashes(1, Disk::Kept));
}

#[test]
fn a_replica_that_loses_its_disk_and_answers_loses_an_acknowledged_write() {
    let world = one_writer_one_reader(ReadMode::Linearizable).crashes(1, Disk::Lost);
    assert_violated(world, 16);
}

#[test]
fn a_replica_that_joins_raises_what_writes_need_and_nothing_is_missed() {
    let world = World::new(strict(), ReadMode::Linearizable)
        .joining(Joining::Counted)
        .client(Script::new([Step::Write(1)]))
        .client(Script::new([Step::Read]));
    assert_linearizable(world);
}

#[test]
fn a_replica_that_joins_without_raising_the_need_loses_an_acknowledged_write() {
    let world = World::new(strict(), ReadMode::Linearizable)
        .joining(Joining::Ignored)
        .client(Script::new([Step::Write(1)]))
        .client(Script::new([Step::Read]));
    assert_violated(world, 16);
}

#[test]
fn hints_handed_over_in_any_order_of_crashes_lose_nothing() {
    handoff::assert_never_lost(handoff::Ack::AfterStored, handoff::Delete::AfterAcknowledged);
}

#[test]
fn a_hint_that_counts_before_it_is_stored_is_lost() {
    handoff::assert_lost(handoff::Ack::BeforeStored, handoff::Delete::AfterAcknowledged);
}

#[test]
fn a_hint_that_is_deleted_when_it_is_sent_is_lost() {
    handoff::assert_lost(handoff::Ack::AfterStored, handoff::Delete::WhenSent);
}

#[test]
fn a_tombstone_that_waits_for_all_replicas_never_lets_the_deleted_return() {
    deletion::assert_stays_deleted(deletion::Collect::WhenAllHaveIt);
}

#[test]
fn a_tombstone_collected_by_age_alone_lets_the_deleted_return() {
    deletion::assert_resurrected(deletion::Collect::ByAge);
}

#[test]
fn no_acknowledged_value_disappears_from_siblings_unless_it_was_read_and_replaced() {
    siblings::assert_nothing_lost(siblings::Lives::NewActor);
}

#[test]
fn a_replica_that_counts_on_after_losing_its_disk_makes_siblings_disappear() {
    siblings::assert_lost(siblings::Lives::SameActor);
}
