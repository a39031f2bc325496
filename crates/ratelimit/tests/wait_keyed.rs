//! Waiting in line by key, under the runtime's paused time.
#![cfg(feature = "tokio")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::{Stream, StreamExt, stream};
use tokio::time::{self, Instant};
use voussoir_core::TokioClock;
use voussoir_ratelimit::{
    Carry, Decision, KeyedLimiter, LeakyBucket, Limit, Lines, NotReady, Overflow, Tiers,
    TokenBucket,
};

type Limiter = Arc<KeyedLimiter<String, Limit, std::hash::RandomState, TokioClock>>;

fn limiter(limit: impl Into<Limit>) -> Limiter {
    let builder = KeyedLimiter::<String>::builder(limit.into()).clock(TokioClock);
    Arc::new(builder.build().expect("valid"))
}

fn parsed(text: &str) -> Limit {
    text.parse().expect(text)
}

fn lines() -> Arc<Lines<String>> {
    Arc::new(Lines::new())
}

#[tokio::test(start_paused = true)]
async fn waiters_of_each_key_are_served_in_the_order_in_which_they_came() {
    for limit in ["5/s burst 1", "fixed 1/s", "sliding 1/s", "log 1/s", "leaky 5/s queue 3"] {
        let (limiter, lines) = (limiter(parsed(limit)), lines());
        let served = Arc::new(Mutex::new(vec![Vec::new(); 3]));
        let tasks = (0..30).map(|number| {
            let (limiter, lines, served) = (limiter.clone(), lines.clone(), served.clone());
            tokio::spawn(async move {
                let key = (number % 3).to_string();
                limiter.until_ready(&lines, key.as_str()).await.expect("within the capacity");
                served.lock().expect("nobody panics")[number % 3].push(number / 3);
            })
        });
        for task in tasks.collect::<Vec<_>>() {
            task.await.expect("nobody panics");
        }
        for served in &*served.lock().expect("nobody panics") {
            assert_eq!(*served, (0..10).collect::<Vec<_>>(), "{limit}");
        }
        assert!(lines.is_empty(), "{limit}: {lines:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_key_does_not_wait_for_another() {
    let (limiter, lines) = (limiter(parsed("1/min")), lines());
    limiter.until_ready(&lines, "slow").await.expect("fits");
    let (slow, in_line) = (limiter.clone(), lines.clone());
    let slow = tokio::spawn(async move { slow.until_ready(&in_line, "slow").await });
    tokio::task::yield_now().await;
    assert_eq!(lines.len(), 1);
    let start = Instant::now();
    limiter.until_ready(&lines, "quick").await.expect("fits");
    assert_eq!(start.elapsed(), Duration::ZERO);
    slow.await.expect("no panic").expect("served in the end");
    assert_eq!(start.elapsed().as_secs(), 60);
}

#[tokio::test(start_paused = true)]
async fn a_large_request_is_not_passed_by_small_ones_behind_it() {
    let (limiter, lines) = (limiter(TokenBucket::per_second(10)), lines());
    limiter.charge("key", 10);
    let (large, small) = (limiter.clone(), limiter.clone());
    let (in_line, behind) = (lines.clone(), lines);
    let start = Instant::now();
    let large = tokio::spawn(async move { large.until_ready_n(&in_line, "key", 10).await });
    tokio::task::yield_now().await;
    let small = tokio::spawn(async move { small.until_ready(&behind, "key").await });
    large.await.expect("no panic").expect("fits");
    assert_eq!(start.elapsed().as_millis() / 10, 100);
    small.await.expect("no panic").expect("fits");
    assert_eq!(start.elapsed().as_millis() / 10, 110);
}

#[tokio::test(start_paused = true)]
async fn who_gives_up_leaves_the_line_with_nothing_taken() {
    for limit in ["10/s burst 1", "leaky 10/s queue 1", "fixed 1/100ms anchored"] {
        let (limiter, lines) = (limiter(parsed(limit)), lines());
        limiter.until_ready(&lines, "key").await.expect("fits");
        for _ in 0..50 {
            let gave_up = time::timeout(Duration::ZERO, limiter.until_ready(&lines, "key")).await;
            assert!(gave_up.is_err());
            assert!(lines.is_empty(), "{limit}: the line ends with those in it");
        }
        let start = Instant::now();
        limiter.until_ready(&lines, "key").await.expect("fits");
        assert_eq!(start.elapsed(), Duration::from_millis(100), "{limit}");
    }
}

#[tokio::test(start_paused = true)]
async fn who_gives_up_in_the_middle_of_a_line_is_passed_over() {
    let (limiter, lines) = (limiter(parsed("10/s burst 1")), lines());
    limiter.charge("key", 1);
    let start = Instant::now();
    let wait = |patience: u64| {
        let (limiter, lines) = (limiter.clone(), lines.clone());
        tokio::spawn(async move {
            let patience = Duration::from_millis(patience);
            let served = time::timeout(patience, limiter.until_ready(&lines, "key")).await.is_ok();
            served.then(|| start.elapsed().as_millis())
        })
    };
    // The first gives up while it watches the time, the third while others do.
    let waiters = [50, 10_000, 120, 10_000].map(wait);
    let mut served = Vec::new();
    for waiter in waiters {
        served.push(waiter.await.expect("no panic"));
    }
    assert_eq!(served, [None, Some(100), None, Some(200)]);
    assert!(lines.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_deadline_that_cannot_be_met_is_refused_at_once_and_takes_nothing() {
    let buckets: [Limit; 2] =
        [TokenBucket::per_second(1).into(), LeakyBucket::per_second(1).queue(5).into()];
    for limit in buckets {
        let (limiter, lines) = (limiter(limit), lines());
        limiter.until_ready(&lines, "key").await.expect("fits");
        let start = Instant::now();
        let second = Duration::from_secs(1);
        let refused =
            limiter.until_ready_within(&lines, "key", 1, Duration::from_nanos(999_999_999)).await;
        assert!(matches!(refused, Err(NotReady::TooLate { .. })), "{limit}");
        assert_eq!(start.elapsed(), Duration::ZERO);
        limiter.until_ready_within(&lines, "key", 1, second).await.expect("just in time");
        assert_eq!(start.elapsed(), second);
    }
}

#[tokio::test(start_paused = true)]
async fn a_deadline_also_counts_while_others_are_first() {
    let (limiter, lines) = (limiter(parsed("1/min")), lines());
    limiter.charge("key", 1);
    let (first, in_line) = (limiter.clone(), lines.clone());
    let first = tokio::spawn(async move { first.until_ready(&in_line, "key").await });
    tokio::task::yield_now().await;
    let start = Instant::now();
    let refused = limiter.until_ready_within(&lines, "key", 1, Duration::from_secs(5)).await;
    assert_eq!(refused.expect_err("not first").to_string(), "not ready within 5s");
    assert_eq!(start.elapsed(), Duration::from_secs(5));
    first.await.expect("no panic").expect("served in the end");
}

#[tokio::test]
async fn what_never_passes_is_refused_rather_than_waited_for() {
    let lines = lines();
    let limiter = limiter(TokenBucket::per_second(2));
    let never = limiter.until_ready_n(&lines, "key", 3).await.expect_err("never");
    assert!(never.decision().exceeds_capacity());
    let refused = limiter.until_ready_within(&lines, "key", 3, Duration::from_secs(1)).await;
    assert!(matches!(refused, Err(NotReady::Denied(_))));
    let blocked = self::limiter(Limit::Blocked);
    assert!(blocked.until_ready(&lines, "key").await.is_err());
    assert!(lines.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_key_without_room_waits_for_room_or_for_what_is_shared() {
    for overflow in [Overflow::Share, Overflow::Deny] {
        let builder = KeyedLimiter::<String>::builder(TokenBucket::per_second(1));
        let limiter = builder.max_keys(1).overflow(overflow).clock(TokioClock).build();
        let (limiter, lines) = (limiter.expect("valid"), Lines::new());
        let start = Instant::now();
        limiter.until_ready(&lines, "held").await.expect("fits");
        limiter.until_ready(&lines, "new").await.expect("it comes");
        limiter.until_ready(&lines, "newer").await.expect("it comes");
        assert!(start.elapsed() <= Duration::from_millis(2_001), "{:?}", start.elapsed());
        assert_eq!(limiter.len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_is_paced_by_the_keys_of_its_items() {
    let (limiter, lines) = (limiter(parsed("10/s burst 1")), lines());
    let start = Instant::now();
    let items = ["a", "b", "a", "c", "a", "a"];
    let paced = limiter.pace(&lines, stream::iter(items), |item| (*item).to_owned());
    assert_eq!(paced.size_hint(), (6, Some(6)));
    let came = paced.map(|item| (item.expect("passes"), start.elapsed().as_millis()));
    let expected = [("a", 0), ("b", 0), ("a", 100), ("c", 100), ("a", 200), ("a", 300)];
    assert_eq!(came.collect::<Vec<_>>().await, expected);
    assert!(lines.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_paced_item_whose_key_is_blocked_is_given_back_and_the_next_follows() {
    let tiers = Tiers::new([parsed("10/s burst 1"), Limit::Blocked]);
    let builder = KeyedLimiter::<String>::builder(tiers).clock(TokioClock);
    let (limiter, lines) = (builder.build().expect("valid"), Lines::new());
    limiter.set_tier("bad", 1, Carry::Reset).expect("a tier");
    let paced = limiter.pace(&lines, stream::iter(["a", "bad", "a"]), |item| (*item).to_owned());
    let came = paced.map(|item| item.map_err(|refused| (refused.item, refused.to_string())));
    let why = "rate limited: cost 1 exceeds the capacity of 0".to_owned();
    assert_eq!(came.collect::<Vec<_>>().await, [Ok("a"), Err(("bad", why)), Ok("a")]);
}

#[tokio::test(start_paused = true)]
async fn a_dropped_pace_leaves_the_line_with_nothing_taken() {
    let (limiter, lines) = (limiter(parsed("10/s burst 1")), lines());
    let mut paced = limiter.pace(&lines, stream::repeat(()), |()| "key".to_owned());
    assert!(paced.next().await.is_some());
    assert!(time::timeout(Duration::from_millis(50), paced.next()).await.is_err());
    assert_eq!(lines.len(), 1, "the item still waits");
    drop(paced);
    assert!(lines.is_empty());
    let start = Instant::now();
    limiter.until_ready(&lines, "key").await.expect("fits");
    assert_eq!(start.elapsed().as_millis(), 50);
}

#[tokio::test(start_paused = true)]
async fn jitter_delays_the_start_and_not_the_turn() {
    let limiter = limiter(parsed("10/s burst 1"));
    let lines = Lines::with_jitter(Duration::from_millis(50));
    let start = Instant::now();
    for turn in 0..20_u32 {
        limiter.until_ready(&lines, "key").await.expect("it comes");
        let late = start.elapsed().saturating_sub(turn * Duration::from_millis(100));
        assert!(late <= Duration::from_millis(50) * (turn + 1), "turn {turn}: {late:?}");
    }
    assert!(start.elapsed() >= Duration::from_millis(1_900));
}

/// On threads that run at once: what is admitted at one moment is the limit, and no line is left.
#[test]
fn threads_that_wait_and_give_up_leave_no_line_behind() {
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.worker_threads(4).enable_time().build().expect("a runtime");
    let builder = KeyedLimiter::<u8>::builder(TokenBucket::per_hour(10));
    let limiter = Arc::new(builder.build().expect("valid"));
    let lines = Arc::new(Lines::<u8>::new());
    let tasks = (0..400_u16).map(|number| {
        let (limiter, lines) = (limiter.clone(), lines.clone());
        runtime.spawn(async move {
            let wait = Duration::from_millis(u64::from(number % 7));
            limiter.until_ready_within(&lines, &((number % 4) as u8), 1, wait).await.is_ok()
        })
    });
    let tasks = tasks.collect::<Vec<_>>();
    let served = runtime.block_on(async {
        let mut served = 0;
        for task in tasks {
            served += usize::from(task.await.expect("no panic"));
        }
        served
    });
    assert_eq!(served, 4 * 10);
    assert!(lines.is_empty());
    let left = (0..4).map(|key| limiter.peek_n(&key, 0)).map(|left: Decision| left.remaining());
    assert_eq!(left.sum::<u32>(), 0);
}
