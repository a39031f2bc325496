//! Each primitive once, through the umbrella.

use std::time::Duration;

use voussoir::time::{Clock, ManualClock, Nanos};

#[cfg(feature = "ratelimit")]
#[test]
fn ratelimit_is_here() {
    use voussoir::ratelimit::{Limiter, TokenBucket};

    let clock = ManualClock::new();
    let limiter = Limiter::builder(TokenBucket::per_second(1)).clock(clock.clone()).build();
    let limiter = limiter.expect("valid");
    assert!(limiter.check().is_allowed());
    assert!(!limiter.check().is_allowed());
    clock.advance(Duration::from_secs(1));
    assert!(limiter.check().is_allowed());
}

#[cfg(feature = "breaker")]
#[test]
fn breaker_is_here() {
    use voussoir::breaker::{CircuitBreaker, State, Window};

    let breaker = CircuitBreaker::builder().window(Window::count(1)).build().expect("valid");
    assert!(breaker.call(|| Err::<(), _>("no")).is_err());
    assert_eq!(breaker.state(), State::Open);
}

#[cfg(all(feature = "breaker", feature = "std"))]
#[test]
fn bulkhead_is_here() {
    use voussoir::breaker::Bulkhead;

    let pool = Bulkhead::builder(1).build().expect("valid");
    let permit = pool.try_acquire().expect("free");
    assert!(pool.try_acquire().is_err());
    drop(permit);
    assert!(pool.try_acquire().is_ok());
}

#[cfg(feature = "breaker")]
#[test]
fn policy_is_here() {
    use voussoir::breaker::{Backoff, Policy, Retry};

    let retry = Retry::builder(Backoff::fixed(Duration::ZERO)).idempotent().build();
    let policy = Policy::builder().retry(retry.expect("valid")).build().expect("valid");
    let result = policy.call(|_| {}, |attempt| if attempt.number < 3 { Err(()) } else { Ok(3) });
    assert_eq!(result, Ok(3));
}

#[cfg(feature = "balance")]
#[test]
fn balance_is_here() {
    use voussoir::balance::{Algorithm, Balancer, Node};

    let balancer = Balancer::builder(Algorithm::RoundRobin).node(Node::new("a", 1)).build();
    assert_eq!(balancer.expect("valid").pick().expect("one node").id(), "a");
}

#[cfg(feature = "idgen")]
#[test]
fn idgen_is_here() {
    use voussoir::idgen::{Layout, Snowflake};

    let ids = Snowflake::builder(Layout::TWITTER).worker(7).build().expect("valid");
    assert!(ids.next().expect("the first") < ids.next().expect("the second"));
}

#[cfg(feature = "hashring")]
#[test]
fn hashring_is_here() {
    use voussoir::hashring::{Node, Ring};

    let ring = Ring::builder().nodes(["a", "b"]).build().expect("valid");
    let plan = ring.diff(&ring.remove("b").expect("there")).expect("the same hash function");
    assert!(plan.moves().all(|moved| moved.to().map(Node::id) == Some("a")));
}

#[cfg(feature = "trie")]
#[test]
fn trie_is_here() {
    use voussoir::trie::{Index, Overlay};

    let index = Index::build([("a", 1), ("ab", 2)]).expect("short strings");
    assert_eq!(index.complete("a").next().expect("two strings").key(), "ab");
    assert!(Overlay::default().is_empty());
}

#[cfg(feature = "quorum")]
#[test]
fn quorum_is_here() {
    use voussoir::quorum::{Quorum, Replicas, WriteOp, WriteStep};

    let mut write = WriteOp::new(&Quorum::majority(1).expect("valid"));
    assert_eq!(write.start(Replicas::first(1)), WriteStep::Send(Replicas::first(1)));
    assert!(matches!(write.on_ack(0), WriteStep::Done(_)));
}

#[test]
fn core_is_here_under_names_of_its_own() {
    assert_eq!(voussoir::duration::parse("1m30s"), Ok(Duration::from_secs(90)));
    assert_eq!(ManualClock::new().now(), Nanos::ZERO);
    let map = voussoir::map::ShardedMap::<_, _>::new();
    map.insert("ada", 1);
    assert_eq!(map.get("ada"), Some(1));
}

/// One reading of a clock serves all of them.
#[cfg(feature = "full")]
#[test]
fn one_reading_of_a_clock_serves_limiter_and_breaker() {
    use voussoir::breaker::CircuitBreaker;
    use voussoir::ratelimit::{KeyedLimiter, TokenBucket};

    let limiter = KeyedLimiter::<u64>::builder(TokenBucket::per_second(1)).build().expect("valid");
    let breaker = CircuitBreaker::builder().build().expect("valid");
    let now = voussoir::time::SystemClock.now();
    assert!(limiter.check_at(now, &7).is_allowed());
    breaker.try_acquire_at(now).expect("closed").success_at(now);
    assert_eq!(breaker.stats().calls, 1);
}
