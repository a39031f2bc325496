//! Waiting in line, under the runtime's paused time.
#![cfg(feature = "tokio")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::time::{self, Instant};
use voussoir_core::TokioClock;
use voussoir_ratelimit::{LeakyBucket, Limit, Limiter, Line, NotReady, TokenBucket};

fn limiter(limit: impl Into<Limit>) -> Arc<Limiter<Limit, TokioClock>> {
    Arc::new(Limiter::builder(limit.into()).clock(TokioClock).build().expect("valid"))
}

#[tokio::test(start_paused = true)]
async fn waiters_are_served_in_the_order_in_which_they_came() {
    let limits = ["5/s burst 1", "fixed 1/s", "sliding 1/s", "log 1/s", "leaky 5/s queue 3"];
    for limit in limits.map(|text| text.parse::<Limit>().expect(text)) {
        let (limiter, line) = (limiter(limit), Arc::new(Line::new()));
        let served = Arc::new(Mutex::new(Vec::new()));
        let tasks = (0..20).map(|number| {
            let (limiter, line, served) = (limiter.clone(), line.clone(), served.clone());
            tokio::spawn(async move {
                limiter.until_ready(&line).await.expect("within the capacity");
                served.lock().expect("nobody panics").push(number);
            })
        });
        for task in tasks.collect::<Vec<_>>() {
            task.await.expect("nobody panics");
        }
        assert_eq!(*served.lock().expect("nobody panics"), (0..20).collect::<Vec<_>>(), "{limit}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_large_request_is_not_passed_by_small_ones_behind_it() {
    let (limiter, line) = (limiter(TokenBucket::per_second(10)), Arc::new(Line::new()));
    limiter.charge(10);
    let (large, small) = (limiter.clone(), limiter.clone());
    let (in_line, behind) = (line.clone(), line);
    let start = Instant::now();
    let large = tokio::spawn(async move { large.until_ready_n(&in_line, 10).await });
    tokio::task::yield_now().await;
    let small = tokio::spawn(async move { small.until_ready(&behind).await });
    large.await.expect("no panic").expect("fits");
    assert_eq!(start.elapsed().as_millis() / 10, 100);
    small.await.expect("no panic").expect("fits");
    assert_eq!(start.elapsed().as_millis() / 10, 110);
}

#[tokio::test(start_paused = true)]
async fn who_gives_up_leaves_the_line_with_nothing_taken() {
    for limit in ["10/s burst 1", "leaky 10/s queue 1"].map(|text| text.parse::<Limit>().unwrap()) {
        let (limiter, line) = (limiter(limit), Line::new());
        limiter.until_ready(&line).await.expect("fits");
        for _ in 0..50 {
            let gave_up = time::timeout(Duration::ZERO, limiter.until_ready(&line)).await;
            assert!(gave_up.is_err());
        }
        let start = Instant::now();
        limiter.until_ready(&line).await.expect("fits");
        assert_eq!(start.elapsed(), Duration::from_millis(100), "{limit}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_deadline_that_cannot_be_met_is_refused_at_once_and_takes_nothing() {
    let buckets: [Limit; 2] =
        [TokenBucket::per_second(1).into(), LeakyBucket::per_second(1).queue(5).into()];
    for limit in buckets {
        let (limiter, line) = (limiter(limit), Line::new());
        limiter.until_ready(&line).await.expect("fits");
        let start = Instant::now();
        let second = Duration::from_secs(1);
        let refused = limiter.until_ready_within(&line, 1, Duration::from_nanos(999_999_999)).await;
        assert!(matches!(refused, Err(NotReady::TooLate { .. })), "{limit}");
        assert_eq!(start.elapsed(), Duration::ZERO);
        limiter.until_ready_within(&line, 1, second).await.expect("just in time");
        assert_eq!(start.elapsed(), second);
    }
}

#[tokio::test(start_paused = true)]
async fn a_deadline_also_counts_while_others_are_first() {
    let (limiter, line) =
        (limiter("1/min".parse::<Limit>().expect("valid")), Arc::new(Line::new()));
    limiter.charge(1);
    let (first, in_line) = (limiter.clone(), line.clone());
    let first = tokio::spawn(async move { first.until_ready(&in_line).await });
    tokio::task::yield_now().await;
    let start = Instant::now();
    let refused = limiter.until_ready_within(&line, 1, Duration::from_secs(5)).await;
    assert_eq!(refused.expect_err("not first").to_string(), "not ready within 5s");
    assert_eq!(start.elapsed(), Duration::from_secs(5));
    first.await.expect("no panic").expect("served in the end");
}

#[tokio::test]
async fn what_never_passes_is_refused_rather_than_waited_for() {
    let line = Line::new();
    let limiter = limiter(TokenBucket::per_second(2));
    assert!(
        limiter.until_ready_n(&line, 3).await.expect_err("never").decision().exceeds_capacity()
    );
    let refused = limiter.until_ready_within(&line, 3, Duration::from_secs(1)).await;
    assert!(matches!(refused, Err(NotReady::Denied(_))));
    let blocked = self::limiter(Limit::Blocked);
    assert!(blocked.until_ready(&line).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn jitter_delays_the_start_and_not_the_turn() {
    let limiter = Limiter::builder(TokenBucket::per_second(10).burst(1)).clock(TokioClock).build();
    let limiter = limiter.expect("valid");
    let line = Line::with_jitter(Duration::from_millis(50));
    let start = Instant::now();
    for turn in 0..20_u32 {
        limiter.until_ready(&line).await.expect("it comes");
        // One after the other, each begins up to 50 ms after its turn, and its turn is at most so
        // much later than the one before.
        let late = start.elapsed().saturating_sub(turn * Duration::from_millis(100));
        assert!(late <= Duration::from_millis(50) * (turn + 1), "turn {turn}: {late:?}");
    }
    assert!(start.elapsed() >= Duration::from_millis(1_900));
}

#[tokio::test(start_paused = true)]
async fn a_paced_stream_spends_nothing_while_it_has_no_items() {
    use futures_util::{StreamExt, stream};

    let limiter = Limiter::builder(TokenBucket::per_hour(1).burst(3)).clock(TokioClock).build();
    let limiter = limiter.expect("valid");
    let line = Line::new();
    let mut paced =
        limiter.pace(&line, stream::iter([1, 2]).chain(stream::pending())).expect("open");
    assert_eq!((paced.next().await, paced.next().await), (Some(1), Some(2)));
    let more = tokio::time::timeout(Duration::from_secs(1), paced.next()).await;
    assert!(more.is_err(), "the stream has no third item");
    assert_eq!(limiter.peek_n(0).remaining(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_limit_that_lets_nothing_through_paces_nothing() {
    let limiter = Limiter::builder(Limit::Blocked).clock(TokioClock).build().expect("valid");
    assert!(limiter.pace(&Line::new(), futures_util::stream::iter([1])).is_err());
}
