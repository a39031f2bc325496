//! The line: who is answered, in what order, and what is lost when somebody gives up (nothing).

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

use voussoir_core::{Serve, Turn, WaitQueue, Waiter};

type Queue = WaitQueue<u32, &'static str>;

fn join(queue: &Queue, item: u32, turn: Turn) -> Waiter<'_, u32, &'static str> {
    queue.join(item, turn, |_| Ok::<_, Infallible>(())).unwrap_or_else(|never| match never {})
}

fn order(queue: &Queue) -> Vec<u32> {
    queue.with(|line| line.iter().copied().collect())
}

fn poll(waiter: &mut Waiter<'_, u32, &'static str>) -> Poll<&'static str> {
    Pin::new(waiter).poll(&mut Context::from_waker(Waker::noop()))
}

#[test]
fn first_come_first_served_and_higher_classes_before_lower() {
    let queue = Queue::new();
    let turns = [Turn::LAST, Turn::LAST.class(2), Turn::LAST, Turn::FIRST, Turn::LAST.class(1)];
    let waiters: Vec<_> = (0..).zip(turns).map(|(item, turn)| join(&queue, item, turn)).collect();
    // The newest first stand behind those of their class that came in order.
    assert_eq!(order(&queue), [1, 4, 0, 2, 3]);
    drop(waiters);
    assert!(queue.with(|line| line.is_empty()));
}

#[test]
fn last_come_first_served() {
    let queue = Queue::new();
    let _waiters = [0, 1, 2].map(|item| join(&queue, item, Turn::FIRST));
    assert_eq!(order(&queue), [2, 1, 0]);
}

#[test]
fn an_answer_goes_to_the_one_that_it_was_given_to() {
    let queue = Queue::new();
    let [mut first, mut second, mut third] = [1, 2, 3].map(|item| join(&queue, item, Turn::LAST));
    assert_eq!(poll(&mut second), Poll::Pending);
    queue.with(|line| {
        assert_eq!(line.answer_first("go"), Some(1));
        assert_eq!(line.answer_last("no room"), Some(3));
    });
    assert_eq!(poll(&mut first), Poll::Ready("go"));
    assert_eq!(poll(&mut second), Poll::Pending);
    assert_eq!(poll(&mut third), Poll::Ready("no room"));
    assert_eq!(poll(&mut third), Poll::Pending, "an answer is taken once");
}

#[test]
fn serving_can_skip_and_stop() {
    let queue = Queue::new();
    let waiters: Vec<_> = (0..6).map(|item| join(&queue, item, Turn::LAST)).collect();
    queue.with(|line| {
        line.serve(|item| match item {
            0 | 3 => Serve::Answer("go"),
            4 => Serve::Stop,
            _ => Serve::Skip,
        });
    });
    assert_eq!(order(&queue), [1, 2, 4, 5]);
    drop(waiters);
}

#[test]
fn who_leaves_takes_the_answer_along_or_leaves_none_behind() {
    let queue = Queue::new();
    let [first, second] = [1, 2].map(|item| join(&queue, item, Turn::LAST));
    queue.with(|line| line.answer_first("go"));
    assert_eq!(first.leave(), Some("go"));
    assert_eq!(second.leave(), None);
    assert_eq!(queue.with(|line| line.answer_first("nobody")), None);
}

#[test]
fn who_is_refused_does_not_join() {
    let queue = Queue::new();
    let refused = queue.join(1, Turn::LAST, |line| Err::<(), _>(line.len()));
    assert_eq!(refused.err(), Some(0));
    assert_eq!(order(&queue), []);
}

#[test]
fn a_thread_that_waited_long_enough_still_stands_in_line() {
    let queue = Queue::new();
    let mut waiter = join(&queue, 1, Turn::LAST);
    assert_eq!(waiter.wait_for(Duration::from_millis(5)), None);
    assert_eq!(order(&queue), [1]);
    queue.with(|line| line.answer_first("go"));
    assert_eq!(waiter.wait_for(Duration::ZERO), Some("go"));
}

/// Threads that wait, and give up at random; whatever is answered is taken or handed back.
#[test]
fn no_answer_is_lost_between_giving_and_giving_up() {
    let rounds = if std::env::var_os("VOUSSOIR_LONG").is_some() { 50_000 } else { 2_000 };
    let queue = WaitQueue::<(), ()>::new();
    let (given, taken) = (AtomicU64::new(0), AtomicU64::new(0));
    let running = AtomicUsize::new(4);
    thread::scope(|scope| {
        for thread in 0..4 {
            let (queue, taken, running) = (&queue, &taken, &running);
            scope.spawn(move || {
                for round in 0..rounds {
                    let joined = queue.join((), Turn::LAST, |_| Ok::<_, Infallible>(()));
                    let mut waiter = joined.expect("nothing refuses");
                    let patience = Duration::from_micros((round * 7 + thread * 3) % 20);
                    let answer = waiter.wait_for(patience).or_else(|| waiter.leave());
                    taken.fetch_add(u64::from(answer.is_some()), Ordering::Relaxed);
                }
                running.fetch_sub(1, Ordering::Release);
            });
        }
        while running.load(Ordering::Acquire) > 0 {
            let answered = queue.with(|line| line.answer_first(()).is_some());
            given.fetch_add(u64::from(answered), Ordering::Relaxed);
        }
    });
    assert_eq!(given.into_inner(), taken.into_inner());
    assert!(queue.with(|line| line.is_empty()));
}
