//! Limiters against `governor`, `ratelimit` and `leaky-bucket`.
//!
//! All are given the same limit: so high that nothing is denied, or used up for an hour. The
//! harness checks that they answered so.

mod rules;

use core::fmt::Debug;
use core::hash::{BuildHasher, Hash};
use core::hint::black_box;
use core::num::NonZeroU32;
use core::sync::atomic::{AtomicU64, Ordering};
use core::time::Duration;
use std::hash::RandomState;

use governor::clock::{Clock as GovernorClock, DefaultClock, FakeRelativeClock, MonotonicClock};
use governor::middleware::NoOpMiddleware;
use governor::{Quota, RateLimiter};
use voussoir::ratelimit::{
    Algorithm, FixedWindow, KeyedLimiter, LeakyBucket, Limit, Limiter, SlidingWindowCounter,
    SlidingWindowLog, StripedLimiter, TokenBucket,
};
use voussoir::time::{Clock, Nanos, QuantaClock, SystemClock};

use super::Area;
use crate::harness::alloc::{Built, Weighed};
use crate::harness::case::{Case, Contestant, Timed};
use crate::harness::floor::Floor;
use crate::inputs::{Asked, Inputs, numbers, strings, zipf};

/// The area.
pub const AREA: Area =
    Area { name: "ratelimit", about: "one limiter, and one for each key", cases };

fn cases(inputs: &Inputs) -> Vec<Case> {
    let mut cases = direct(Rule::Plenty);
    cases.extend(direct(Rule::UsedUp));
    cases.extend(striped());
    cases.extend(five());
    cases.extend(rules::cases());

    let numbers = numbers(inputs.large);
    let by_number = Asked::new(&numbers, &zipf(inputs.large));
    let by_string = Asked::new(&strings(inputs.small), &zipf(inputs.small));
    for rule in [Rule::Plenty, Rule::UsedUp] {
        cases.extend(keyed("u64", &by_number, rule));
        cases.extend(keyed("String", &by_string, rule));
    }
    cases.push(memory("keyed u64, memory", &by_number));
    cases.push(memory("keyed String, memory", &by_string));
    cases
}

/// The limit, in the words of each crate.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Rule {
    /// 2^32 at once, which no thread uses up even where time stands still, and one a second, so
    /// that no key is ever as good as new: ours would forget it then, and the others would not.
    Plenty,
    /// One an hour, and that one is taken.
    UsedUp,
}

impl Rule {
    fn verb(self) -> &'static str {
        match self {
            Self::Plenty => "allow",
            Self::UsedUp => "deny",
        }
    }

    fn period(self) -> Duration {
        match self {
            Self::Plenty => Duration::from_secs(1),
            Self::UsedUp => Duration::from_hours(1),
        }
    }

    fn burst(self) -> NonZeroU32 {
        match self {
            Self::Plenty => NonZeroU32::MAX,
            Self::UsedUp => NonZeroU32::MIN,
        }
    }

    fn ours(self) -> TokenBucket {
        TokenBucket::new(1, self.period()).burst(self.burst().get())
    }

    fn governor(self) -> Quota {
        let quota = Quota::with_period(self.period()).expect("a period is not zero");
        quota.allow_burst(self.burst())
    }

    fn ratelimit<C: ratelimit::Clock>(self, clock: C) -> ratelimit::Ratelimiter<C> {
        let burst = self.burst().get().into();
        ratelimit::Builder::with_clock(1, clock)
            .period(self.period())
            .max_tokens(burst)
            .initial_available(burst)
            .build()
            .expect("the limit is one that it allows")
    }

    fn leaky_bucket(self, fair: bool) -> leaky_bucket::RateLimiter {
        let burst = self.burst().get() as usize;
        leaky_bucket::RateLimiter::builder()
            .max(burst)
            .initial(burst)
            .refill(1)
            .interval(self.period())
            .fair(fair)
            .build()
    }

    fn timed(self, name: String, ours: Contestant, peers: Vec<Contestant>) -> Timed {
        let case = Timed::new(name, ours, peers);
        match self {
            Self::Plenty => case,
            Self::UsedUp => case.denied(),
        }
    }
}

fn direct(rule: Rule) -> Vec<Case> {
    let name = |clock| format!("direct {}, {clock}", rule.verb());
    // A denial writes nothing: all it needs is the time and a load.
    let floor = |allow, deny| if rule == Rule::Plenty { allow } else { deny };

    let counter = rule.timed(
        name("quanta clock"),
        ours(rule, QuantaClock::new()),
        vec![
            governor(rule, "governor", DefaultClock::default()),
            ratelimit(rule, "ratelimit", Counter(quanta::Clock::new(), quanta::Instant::now())),
        ],
    );
    let system = |unfair: Option<Contestant>| {
        let mut peers = vec![
            governor(rule, "governor", MonotonicClock),
            ratelimit(rule, "ratelimit", ratelimit::StdClock::new()),
            leaky_bucket(rule, "leaky-bucket", true),
        ];
        peers.extend(unfair);
        let case = rule.timed(name("std clock"), ours(rule, SystemClock), peers);
        case.floor(floor(Floor::InstantCas, Floor::Instant))
    };
    // Unfair, which is not its default, it has a path without a lock and without a clock. With two
    // threads on it it came to deny everything, tokens or not, so that only one asks it: a thread
    // that leaves that path stores the balance that it read before, over what others took.
    let unfair = leaky_bucket(rule, "leaky-bucket unfair", false);
    let given = rule.timed(
        name("time given"),
        {
            let limiter = Limiter::builder(rule.ours()).build().expect("the limit is legal");
            let time = stopped();
            used_up("ours", rule, move || {
                limiter.check_at(Nanos::from_nanos(time.load(Ordering::Relaxed))).is_allowed()
            })
        },
        vec![
            // Reads its time from an atomic word, as ours is made to: the nearest it has to an argument.
            governor(rule, "governor", FakeRelativeClock::default()),
            ratelimit(rule, "ratelimit", Stopped),
        ],
    );
    vec![
        counter.floor(floor(Floor::QuantaCas, Floor::Quanta)).allocations().into(),
        system(Some(unfair)).alone().into(),
        system(None).together().into(),
        given.floor(floor(Floor::Cas, Floor::Load)).into(),
    ]
}

/// A time that stands still, in a word that is read each time.
fn stopped() -> AtomicU64 {
    AtomicU64::new(Nanos::from_secs(1_000_000).as_nanos())
}

/// A bucket in parts, for many threads on one limit.
fn striped() -> Vec<Case> {
    let limiter = || StripedLimiter::builder(Rule::Plenty.ours());
    let counter = limiter().clock(QuantaClock::new()).build().expect("the limit is legal");
    let given = limiter().build().expect("the limit is legal");
    let time = stopped();
    vec![
        Timed::new(
            "striped allow, quanta clock",
            Contestant::each("ours", move |_| counter.check().is_ok()),
            vec![governor(Rule::Plenty, "governor", DefaultClock::default())],
        )
        .floor(Floor::QuantaCas)
        .into(),
        Timed::new(
            "striped allow, time given",
            Contestant::each("ours", move |_| {
                given.check_at(Nanos::from_nanos(time.load(Ordering::Relaxed))).is_ok()
            }),
            vec![governor(Rule::Plenty, "governor", FakeRelativeClock::default())],
        )
        .floor(Floor::Cas)
        .into(),
    ]
}

/// The algorithms among themselves: requests come evenly, a microsecond and more apart, just within the limit.
fn five() -> Vec<Case> {
    const LIMIT: u32 = 1_000;
    const PERIOD: Duration = Duration::from_millis(1);
    let even = |name: &str, limiter: Box<dyn Even>| {
        let bucket = Box::new(TokenBucket::new(LIMIT, PERIOD));
        let case = Timed::new(
            format!("direct allow, even requests, {name}"),
            limiter.contestant("ours"),
            vec![bucket.contestant("token bucket")],
        );
        Case::from(case.alone())
    };
    let limit = format!("{LIMIT}/1ms").parse::<Limit>().expect("the limit is legal");
    vec![
        even("leaky meter", Box::new(LeakyBucket::new(LIMIT, PERIOD).burst(LIMIT))),
        even("leaky queue", Box::new(LeakyBucket::new(LIMIT, PERIOD).queue(LIMIT))),
        even("fixed window", Box::new(FixedWindow::new(LIMIT, PERIOD))),
        even("fixed window, anchored", Box::new(FixedWindow::new(LIMIT, PERIOD).anchored())),
        even("sliding counter", Box::new(SlidingWindowCounter::new(LIMIT, PERIOD))),
        even(
            "sliding counter, strict",
            Box::new(SlidingWindowCounter::new(LIMIT, PERIOD).strict(10)),
        ),
        even("sliding log", Box::new(SlidingWindowLog::new(LIMIT, PERIOD))),
        even("chosen at run time", Box::new(limit)),
    ]
}

/// An algorithm that is asked every microsecond or so.
trait Even {
    fn contestant(self: Box<Self>, name: &str) -> Contestant;
}

impl<A> Even for A
where
    A: Algorithm + Debug + Send + Sync + 'static,
    Limiter<A>: Send + Sync,
{
    fn contestant(self: Box<Self>, name: &str) -> Contestant {
        let limiter = Limiter::builder(*self).build().expect("the limit is legal");
        // One thread asks, and time must not go back between its rounds.
        let time = AtomicU64::new(1 << 50);
        Contestant::each(name, move |_| {
            let now = time.load(Ordering::Relaxed) + 1_200;
            time.store(now, Ordering::Relaxed);
            limiter.check_at(Nanos::from_nanos(now)).is_allowed()
        })
    }
}

/// Takes the one token there is, if there is but one, and makes a contestant of what is left.
fn used_up(name: &str, rule: Rule, check: impl Fn() -> bool + Send + Sync + 'static) -> Contestant {
    if rule == Rule::UsedUp {
        check();
    }
    Contestant::each(name, move |_| check())
}

fn ours<C: Clock + Send + Sync + 'static>(rule: Rule, clock: C) -> Contestant {
    let limiter = Limiter::builder(rule.ours()).clock(clock).build();
    let limiter = limiter.expect("the limit is legal");
    used_up("ours", rule, move || limiter.check().is_allowed())
}

fn governor<C>(rule: Rule, name: &str, clock: C) -> Contestant
where
    C: GovernorClock + Send + Sync + 'static,
    C::Instant: Send + Sync,
{
    let limiter = RateLimiter::direct_with_clock(rule.governor(), clock);
    used_up(name, rule, move || limiter.check().is_ok())
}

fn ratelimit<C>(rule: Rule, name: &str, clock: C) -> Contestant
where
    C: ratelimit::Clock + Send + Sync + 'static,
{
    let limiter = rule.ratelimit(clock);
    used_up(name, rule, move || limiter.try_wait().is_ok())
}

fn leaky_bucket(rule: Rule, name: &str, fair: bool) -> Contestant {
    let limiter = rule.leaky_bucket(fair);
    used_up(name, rule, move || limiter.try_acquire(1))
}

/// The time-stamp counter for `ratelimit`, which comes with the system's clock only.
struct Counter(quanta::Clock, quanta::Instant);

impl ratelimit::Clock for Counter {
    fn elapsed(&self) -> Duration {
        self.0.now().duration_since(self.1)
    }
}

/// A time that is given, for `ratelimit`.
struct Stopped;

impl ratelimit::Clock for Stopped {
    fn elapsed(&self) -> Duration {
        black_box(Duration::from_secs(1_000_000))
    }
}

/// What the maps under the limiters need of a hasher.
trait Hasher: BuildHasher + Clone + Default + Send + Sync + 'static {}
impl<S: BuildHasher + Clone + Default + Send + Sync + 'static> Hasher for S {}

/// What the limiters need of a key.
trait Key: Clone + Debug + Eq + Hash + Send + Sync + 'static {}
impl<K: Clone + Debug + Eq + Hash + Send + Sync + 'static> Key for K {}

/// All read the time-stamp counter, which is what `governor` does unless told otherwise. Every key
/// is there already.
fn keyed<K: Key>(kind: &str, asked: &Asked<K>, rule: Rule) -> Vec<Case> {
    let name = |hasher| format!("keyed {} {kind} zipf, {hasher}", rule.verb());
    let (std, fast) = (RandomState::new(), foldhash::fast::RandomState::default());

    let same = rule.timed(
        name("std hasher"),
        ours_keyed(asked, rule, &std),
        vec![governor_dashmap(asked, rule, &std), governor_hashmap(asked, rule, &std)],
    );
    let best = rule.timed(
        name("fast hasher"),
        ours_keyed(asked, rule, &fast),
        vec![governor_dashmap(asked, rule, &std)],
    );
    let fair = rule.timed(
        name("fast hasher on both"),
        ours_keyed(asked, rule, &fast),
        vec![governor_dashmap(asked, rule, &fast)],
    );
    [same.allocations(), best, fair].map(|case| case.floor(Floor::QuantaCas).into()).into()
}

/// Asks once about every key, which uses up what may be used up, and makes a contestant of it.
fn asked_before<K: Key>(
    asked: &Asked<K>,
    name: &str,
    check: impl Fn(&K) -> bool + Send + Sync + 'static,
) -> Contestant {
    for key in asked.keys() {
        check(key);
    }
    asked.contestant(name, check)
}

fn ours_keyed<K: Key, S: Hasher>(asked: &Asked<K>, rule: Rule, hasher: &S) -> Contestant {
    let builder = KeyedLimiter::<K>::builder(rule.ours()).hasher(hasher.clone());
    let limiter = builder.clock(QuantaClock::new()).build().expect("the limit is legal");
    asked_before(asked, "ours", move |key| limiter.check(key).is_allowed())
}

fn governor_dashmap<K: Key, S: Hasher>(asked: &Asked<K>, rule: Rule, hasher: &S) -> Contestant {
    let limiter = RateLimiter::dashmap_with_hasher(rule.governor(), hasher.clone());
    asked_before(asked, "governor dashmap", move |key| limiter.check_key(key).is_ok())
}

fn governor_hashmap<K: Key, S: Hasher>(asked: &Asked<K>, rule: Rule, hasher: &S) -> Contestant {
    let limiter = RateLimiter::hashmap_with_hasher(rule.governor(), hasher.clone());
    asked_before(asked, "governor hashmap", move |key| limiter.check_key(key).is_ok())
}

/// Every key has asked once. What a key owns on the heap is the same for all.
fn memory<K: Key>(name: &str, asked: &Asked<K>) -> Case {
    let peer = {
        let asked = asked.clone();
        Built::new("governor dashmap", move || {
            let limiter =
                RateLimiter::<K, _, _, NoOpMiddleware<_>>::dashmap(Rule::UsedUp.governor());
            for key in asked.keys() {
                let _ = limiter.check_key(key);
            }
            limiter
        })
    };
    let asked = asked.clone();
    Weighed {
        name: name.to_owned(),
        entries: asked.keys().len(),
        ours: Built::new("ours", move || {
            let limiter = KeyedLimiter::<K>::builder(Rule::UsedUp.ours()).build();
            let limiter = limiter.expect("the limit is legal");
            for key in asked.keys() {
                let _ = limiter.check(key);
            }
            limiter
        }),
        peers: vec![peer],
    }
    .into()
}
