//! Rules: which apply, what they take, what they say, and that nothing evades them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use voussoir_core::{ManualClock, Nanos};
use voussoir_ratelimit::Carry;
use voussoir_ratelimit::client_key::ClientKey;
use voussoir_ratelimit::observe::{Observation, Observer};
use voussoir_ratelimit::rules::{
    Facts, MissingKey, Order, PathPattern, Request, Rule, RuleKey, RuleLimiter, RuleSet,
};

fn rule(name: &str, limit: &str, key: &str) -> Rule {
    Rule::new(name, limit.parse().expect(limit), key.parse().expect(key))
}

fn path(text: &str) -> PathPattern {
    text.parse().expect(text)
}

fn limiter(order: Order, rules: impl IntoIterator<Item = Rule>) -> RuleLimiter<ManualClock> {
    let set = RuleSet::new(order, rules).expect("valid");
    RuleLimiter::builder(set).clock(ManualClock::new()).build().expect("valid")
}

fn client(text: &str) -> ClientKey {
    ClientKey::of(text.parse().expect(text))
}

fn to(path: &str) -> Facts<'_> {
    Facts { method: "GET", path, client: Some(client("203.0.113.7")), ..Facts::default() }
}

/// How many of ten requests pass.
fn passing(limiter: &RuleLimiter<ManualClock>, request: &Facts<'_>) -> usize {
    (0..10).filter(|_| limiter.check(request).is_allowed()).count()
}

#[test]
fn the_first_rule_that_applies_decides_alone() {
    let limiter = limiter(
        Order::FirstMatch,
        [
            rule("login", "2/h", "client").method("POST").path(path("/login")),
            rule("rest", "5/h", "client"),
        ],
    );
    let login = Facts { method: "POST", ..to("/login") };
    assert_eq!(limiter.check(&login).rule().map(Rule::name), Some("login"));
    assert_eq!((passing(&limiter, &login), passing(&limiter, &to("/login"))), (1, 5));
}

#[test]
fn a_request_without_a_rule_passes() {
    let limiter = limiter(Order::FirstMatch, [rule("a", "1/h", "all").path(path("/a"))]);
    let decision = limiter.check(&to("/b"));
    assert!(decision.is_allowed() && !decision.is_key_missing());
    assert!(decision.rule().is_none() && decision.decision().is_none());
    assert_eq!(decision.retry_after(), None);
}

#[test]
fn when_one_of_all_rules_refuses_nothing_is_taken_from_any() {
    for flip in [false, true] {
        let mut rules = [rule("5", "5/h", "client"), rule("2", "2/h", "client").path(path("/a"))];
        if flip {
            rules.reverse();
        }
        let limiter = limiter(Order::AllMatch, rules);
        let decision = limiter.check(&to("/a"));
        assert_eq!(decision.rule().map(Rule::name), Some("2"), "the fewest left");
        assert_eq!(decision.decision().map(|decision| decision.remaining()), Some(1));
        assert_eq!(passing(&limiter, &to("/a")), 1);
        assert_eq!(limiter.check(&to("/a")).rule().map(Rule::name), Some("2"));
        assert_eq!(passing(&limiter, &to("/b")), 3, "two of five were taken, and none refused");
        assert_eq!(limiter.rules().map(|(_, keys)| keys).sum::<usize>(), 2);
    }
}

#[test]
fn a_cost_that_one_of_all_rules_never_grants_is_not_told_to_come_back() {
    let limiter = limiter(Order::AllMatch, ["5/h", "2/h"].map(|limit| rule(limit, limit, "all")));
    assert!(limiter.check_n(&to("/"), 2).is_allowed());
    let never = limiter.check_n(&to("/"), 4);
    assert_eq!(never.rule().map(Rule::name), Some("2/h"));
    assert_eq!((never.is_allowed(), never.retry_after()), (false, None));
}

#[test]
fn of_several_refusals_the_longest_is_told() {
    let rules = ["1/s", "1/h", "1/min"].map(|limit| rule(limit, limit, "all"));
    let limiter = limiter(Order::AllMatch, rules);
    assert!(limiter.check_at(Nanos::ZERO, &to("/")).is_allowed());
    let refused = limiter.check_at(Nanos::ZERO, &to("/"));
    assert_eq!(refused.rule().map(Rule::name), Some("1/h"));
    let wait = refused.retry_after().expect("an end");
    assert!(
        !limiter.check_at(Nanos::from_nanos(wait.as_nanos() as u64 - 1), &to("/")).is_allowed()
    );
    assert!(limiter.check_at(Nanos::from_duration(wait), &to("/")).is_allowed());
}

#[test]
fn shadow_rules_decide_and_report_and_never_refuse() {
    for order in [Order::FirstMatch, Order::AllMatch] {
        let seen = Arc::new(Seen::default());
        let rules = [
            rule("tried out", "1/h", "client").shadow(true),
            rule("refuses without a key", "1/h", "header:no")
                .missing(MissingKey::Refuse)
                .shadow(true),
            rule("in force", "3/h", "client"),
        ];
        let set = RuleSet::new(order, rules).expect("valid");
        let builder = RuleLimiter::builder(set).clock(ManualClock::new());
        let limiter = builder.observer(seen.clone()).build().expect("valid");
        assert_eq!(passing(&limiter, &to("/")), 3);
        assert_eq!(limiter.check(&to("/")).rule().map(Rule::name), Some("in force"));
        let expected = [
            ("in force: allowed", 3),
            ("in force: denied", 8),
            ("refuses without a key: key_missing, shadow", 11),
            ("tried out: allowed, shadow", 1),
            ("tried out: denied, shadow", 10),
        ];
        let expected = expected.map(|(line, count)| (line.to_owned(), count));
        assert_eq!(*seen.0.lock().expect("no panic before"), BTreeMap::from(expected), "{order:?}");
    }
}

/// How often each observation was made.
#[derive(Default)]
struct Seen(Mutex<BTreeMap<String, u32>>);

impl Observer for Seen {
    fn on_decision(&self, seen: &Observation<'_>) {
        let shadow = if seen.shadow { ", shadow" } else { "" };
        let line = format!("{}: {}{shadow}", seen.limiter, seen.outcome);
        *self.0.lock().expect("no panic before").entry(line).or_default() += 1;
    }
}

#[test]
fn keys_count_by_what_they_name() {
    let limiter = |key| limiter(Order::FirstMatch, [rule("r", "1/h", key).path(path("/{id}/*"))]);
    let plain = Facts { headers: &[("X-Key", "a")], attributes: &[("tenant", "a")], ..to("/a/1") };
    let other_client = Facts { client: Some(client("203.0.113.8")), ..plain };
    let other_header = Facts { headers: &[("x-key", "b")], ..plain };
    let other_attribute = Facts { attributes: &[("tenant", "b")], ..plain };
    let other_segment = Facts { path: "/b/1", ..plain };
    let others = [other_client, other_header, other_attribute, other_segment];
    for (key, own) in [
        ("all", [false; 4]),
        ("client", [true, false, false, false]),
        ("header:x-key", [false, true, false, false]),
        ("attribute:tenant", [false, false, true, false]),
        ("segment:id", [false, false, false, true]),
        ("client+segment:id", [true, false, false, true]),
        ("header:X-KEY+attribute:tenant", [false, true, true, false]),
    ] {
        for (other, own) in others.iter().zip(own) {
            let limiter = limiter(key);
            assert!(limiter.check(&plain).is_allowed());
            assert!(!limiter.check(&plain).is_allowed());
            assert_eq!(limiter.check(other).is_allowed(), own, "{key}: {other:?}");
        }
    }
}

#[test]
fn parts_of_a_key_do_not_run_into_each_other() {
    let limiter = limiter(Order::FirstMatch, [rule("r", "1/h", "header:a+header:b")]);
    for headers in [[("a", "xy"), ("b", "z")], [("a", "x"), ("b", "yz")], [("a", "xyz"), ("b", "")]]
    {
        assert!(limiter.check(&Facts { headers: &headers, ..to("/") }).is_allowed(), "{headers:?}");
    }
    let segments = rule("r", "1/h", "segment:a+segment:b").path(path("/{a}/{b}"));
    let limiter = self::limiter(Order::FirstMatch, [segments]);
    for path in ["/xy/z", "/x/yz"] {
        assert!(limiter.check(&to(path)).is_allowed(), "{path}");
    }
}

#[test]
fn escaping_a_path_neither_evades_a_rule_nor_gives_a_new_key() {
    let limiter = limiter(
        Order::FirstMatch,
        [
            rule("user", "1/h", "segment:id").path(path("/users/{id}")),
            rule("login", "1/h", "all").path(path("/login")),
        ],
    );
    let long = "x".repeat(100);
    let escaped = "%78".repeat(100);
    for (first, others) in [
        ("/users/7".to_owned(), vec!["/users/%37", "//users//7/", "/%75sers/7?x=1", "/users/7#x"]),
        (
            "/login".to_owned(),
            vec!["/%6Cogin", "/%6cogin", "//login", "/login/", "/login?", "login"],
        ),
        (format!("/users/{long}"), vec![&format!("/users/{escaped}")]),
    ] {
        assert!(limiter.check(&to(&first)).is_allowed());
        for other in others {
            assert!(!limiter.check(&to(other)).is_allowed(), "{other}");
        }
    }
    for different in ["/users/70", "/users/%377", "/Users/7", "/users/7%2F"] {
        assert!(limiter.check(&to(different)).is_allowed(), "{different}");
    }
}

#[test]
fn a_missing_key_is_shared_refused_or_skipped_as_asked() {
    let with = |missing| {
        let special = rule("special", "2/h", "header:x-key").missing(missing);
        // Where the special one applies to every request, the rest could never be reached.
        let rest = rule("rest", "5/h", "all");
        let rest = (missing == MissingKey::Skip).then_some(rest);
        limiter(Order::FirstMatch, [special].into_iter().chain(rest))
    };
    let shared = with(MissingKey::Share);
    assert_eq!(passing(&shared, &to("/")), 2);
    assert_eq!(
        passing(&shared, &Facts { headers: &[("x-key", "")], ..to("/") }),
        2,
        "empty is a key"
    );
    assert_eq!(passing(&with(MissingKey::Skip), &to("/")), 5);

    for order in [Order::FirstMatch, Order::AllMatch] {
        let special = rule("special", "2/h", "header:x-key").missing(MissingKey::Refuse);
        let refusing = limiter(order, [rule("rest", "5/h", "all").path(path("/a")), special]);
        let refused = refusing.check(&to("/"));
        assert!(!refused.is_allowed() && refused.is_key_missing());
        assert_eq!(refused.rule().map(Rule::name), Some("special"));
        assert_eq!((refused.decision().is_none(), refused.retry_after()), (true, None));
    }
}

#[test]
fn headers_and_attributes_are_conditions() {
    let limiter = limiter(
        Order::FirstMatch,
        [rule("free", "1/h", "all").header("x-plan", "free").attribute("region", "eu")],
    );
    let free = Facts { headers: &[("X-Plan", "free")], attributes: &[("region", "eu")], ..to("/") };
    assert_eq!(passing(&limiter, &free), 1);
    assert_eq!(passing(&limiter, &Facts { headers: &[("x-plan", "paid")], ..free }), 10);
    assert_eq!(passing(&limiter, &Facts { headers: &[], ..free }), 10);
    assert_eq!(passing(&limiter, &Facts { attributes: &[("region", "us")], ..free }), 10);
}

#[test]
fn other_rules_keep_what_was_counted_by_the_same_name_and_key() {
    for order in [Order::FirstMatch, Order::AllMatch] {
        let before = [
            rule("kept", "10/h", "client").path(path("/kept")),
            rule("by another key", "10/h", "client").path(path("/key/{id}")),
            rule("moved", "10/h", "segment:id").path(path("/old/{id}")),
            rule("gone", "10/h", "client").path(path("/gone")),
        ];
        let mut limiter = limiter(order, before);
        let paths = ["/kept", "/key/7", "/old/7", "/gone"];
        for path in paths {
            assert!(limiter.check_n(&to(path), 7).is_allowed());
        }
        let now = [
            rule("new", "5/h", "client").path(path("/gone")),
            rule("kept", "20/h", "client").path(path("/kept/*")).max_keys(1),
            rule("by another key", "10/h", "all").path(path("/key/{id}")),
            rule("moved", "10/h", "segment:id").path(path("/old/{id}/*")),
        ];
        let set = RuleSet::new(order, now).expect("valid");
        limiter.reconfigure(set, Carry::Additive).expect("valid");
        let left = paths.map(|path| {
            let decision = limiter.check_n(&to(path), 0).decision().expect("a rule applies");
            (decision.limit(), decision.remaining())
        });
        assert_eq!(left, [(20, 13), (10, 10), (10, 10), (5, 5)], "{order:?}");
        let other = Facts { client: Some(client("203.0.113.8")), ..to("/kept") };
        assert_eq!(limiter.check(&other).decision().expect("a rule").remaining(), 19);
        assert!(limiter.rules().any(|(rule, keys)| rule.name() == "kept" && keys == 1), "no room");
        let set = RuleSet::new(Order::AllMatch, [rule("a", "1/h", "all")]).expect("valid");
        limiter.reconfigure(set, Carry::AsIs).expect("valid");
        assert_eq!((limiter.order(), passing(&limiter, &to("/"))), (Order::AllMatch, 1));
    }
}

/// How many of rules that all apply are asked; a set with more is refused.
fn asked(order: Order) -> usize {
    if order == Order::FirstMatch { 1 } else { usize::MAX }
}

#[test]
fn a_clock_set_back_locks_nobody_out() {
    for order in [Order::FirstMatch, Order::AllMatch] {
        let clock = ManualClock::at(Nanos::from_secs(100_000));
        let rules = ["2/s", "3/s"].map(|limit| rule(limit, limit, "client"));
        let set = RuleSet::new(order, rules.into_iter().take(asked(order))).expect("valid");
        let limiter = RuleLimiter::builder(set).clock(clock.clone()).build().expect("valid");
        assert!(limiter.check_n(&to("/"), 2).is_allowed());
        clock.rewind(Duration::from_hours(24));
        // Each refusal mends the state of the rule that it tells of.
        assert!(!limiter.check(&to("/")).is_allowed());
        assert!(!limiter.check(&to("/")).is_allowed());
        clock.advance(Duration::from_secs(1));
        assert!(limiter.check_n(&to("/"), 2).is_allowed(), "{order:?}");
    }
}

#[test]
fn a_rule_begins_with_what_it_says() {
    for order in [Order::FirstMatch, Order::AllMatch] {
        let clock = ManualClock::at(Nanos::from_secs(50));
        let rules =
            [rule("few", "10/s", "client").initial(2), rule("none", "20/s", "all").initial(0)];
        let set = RuleSet::new(order, rules.into_iter().take(asked(order))).expect("valid");
        let limiter = RuleLimiter::builder(set).clock(clock.clone()).build().expect("valid");
        assert_eq!(passing(&limiter, &to("/")), if order == Order::FirstMatch { 2 } else { 0 });
        clock.advance(Duration::from_millis(500));
        // By then the first has 7, or 5 where 2 were taken, and the other 10.
        assert_eq!(passing(&limiter, &to("/")), if order == Order::FirstMatch { 5 } else { 7 });
    }
}

#[test]
fn threads_admit_exactly_what_the_tightest_rule_allows() {
    for threads in [2, 4, 8, 16] {
        for order in [Order::FirstMatch, Order::AllMatch] {
            let rules = ["100/h", "1000/h"].map(|limit| rule(limit, limit, "all"));
            let limiter = limiter(order, rules.into_iter().take(asked(order)));
            let admitted = on_threads(threads, |_| {
                (0..500).filter(|_| limiter.check(&to("/")).is_allowed()).count()
            });
            assert_eq!(admitted, 100, "{order:?}, {threads} threads");
        }
    }
}

/// The sum of what `work` gives on threads that begin together, each with its number.
fn on_threads(threads: usize, work: impl Fn(usize) -> usize + Sync) -> usize {
    let (work, start) = (&work, &std::sync::Barrier::new(threads));
    std::thread::scope(|scope| {
        let begin = |number| {
            move || {
                start.wait();
                work(number)
            }
        };
        let threads: Vec<_> = (0..threads).map(|number| scope.spawn(begin(number))).collect();
        threads.into_iter().map(|thread| thread.join().expect("no panic")).sum()
    })
}

/// What is left of each rule, as the observer is told.
#[derive(Default)]
struct Left(Mutex<BTreeMap<String, u32>>);

impl Observer for Left {
    fn on_decision(&self, seen: &Observation<'_>) {
        let left = seen.decision.expect("no key is missing").remaining();
        self.0.lock().expect("no panic before").insert(seen.limiter.to_owned(), left);
    }
}

/// A request that lets other threads go first whenever it is asked for something: between any two
/// steps of a decision.
struct Dawdling<'a>(Facts<'a>);

impl Request for Dawdling<'_> {
    fn method(&self) -> &str {
        self.0.method
    }

    fn path(&self) -> &str {
        self.0.path
    }

    fn client(&self) -> Option<ClientKey> {
        std::thread::yield_now();
        self.0.client
    }

    fn attribute(&self, name: &str) -> Option<&str> {
        std::thread::yield_now();
        self.0.attribute(name)
    }
}

/// Rules that have some keys in common and some not, in conflicting orders: what is counted by each
/// is what was let through, to the request, with nothing left behind by the refused ones.
#[test]
fn threads_that_meet_at_several_rules_leave_nothing_of_refused_requests() {
    for round in 0..rounds() {
        let threads = [2, 4, 8, 16][round % 4];
        let left = Arc::new(Left::default());
        let rules = [
            rule("by client", "40/h", "client"),
            rule("of all", "90/h", "all"),
            rule("by tenant", "sliding 55/h strict 3", "attribute:tenant"),
            rule("by both", "log 30/h", "client+attribute:tenant"),
        ];
        let set = RuleSet::new(Order::AllMatch, rules).expect("valid");
        let builder = RuleLimiter::builder(set).clock(ManualClock::new());
        let limiter = builder.observer(left.clone()).build().expect("valid");
        let request = |client: &str, tenant| {
            let client = Some(self::client(client));
            Dawdling(Facts { client, attributes: tenant, ..to("/") })
        };
        let who = [
            ("203.0.113.1", &[("tenant", "a")]),
            ("203.0.113.1", &[("tenant", "b")]),
            ("203.0.113.2", &[("tenant", "a")]),
            ("203.0.113.2", &[("tenant", "b")]),
        ];
        let passed = [const { std::sync::atomic::AtomicU32::new(0) }; 4];
        on_threads(threads, |number| {
            (0..200).map(|turn| (number + turn) % who.len()).for_each(|of| {
                let cost = 1 + (number % 2) as u32;
                if limiter.check_n(&request(who[of].0, who[of].1), cost).is_allowed() {
                    passed[of].fetch_add(cost, std::sync::atomic::Ordering::Relaxed);
                }
            });
            0
        });
        let [a1, b1, a2, b2] = passed.map(std::sync::atomic::AtomicU32::into_inner);
        let expected = [
            (0, [40 - (a1 + b1), 55 - (a1 + a2), 30 - a1]),
            (1, [40 - (a1 + b1), 55 - (b1 + b2), 30 - b1]),
            (2, [40 - (a2 + b2), 55 - (a1 + a2), 30 - a2]),
            (3, [40 - (a2 + b2), 55 - (b1 + b2), 30 - b2]),
        ];
        for (of, [by_client, by_tenant, by_both]) in expected {
            assert!(limiter.check_n(&request(who[of].0, who[of].1), 0).is_allowed());
            let left = left.0.lock().expect("no panic before");
            assert_eq!(left["by client"], by_client, "{threads} threads");
            assert_eq!(left["of all"], 90 - (a1 + b1 + a2 + b2), "{threads} threads");
            assert_eq!(left["by tenant"], by_tenant, "{threads} threads");
            assert_eq!(left["by both"], by_both, "{threads} threads");
        }
        // Nobody who could pass is turned away: of each request one of its limits is used up.
        for (of, [by_client, by_tenant, by_both]) in expected {
            let all = 90 - (a1 + b1 + a2 + b2);
            let least = by_client.min(by_tenant).min(by_both).min(all);
            assert_eq!(least, 0, "{:?}, {threads} threads", who[of]);
        }
    }
}

/// Three requests of one client, of which its own limit lets one pass, and one of another: were what
/// the refused ones take from the common limit seen before they give it back, the other client would
/// be refused at times.
#[test]
fn nobody_is_refused_by_what_a_refused_request_is_about_to_give_back() {
    for round in 0..20 * rounds() {
        let rules = [rule("of all", "2/h", "all"), rule("by client", "1/h", "client")];
        let limiter = limiter(Order::AllMatch, rules);
        let admitted = on_threads(4, |number| {
            let address = if number == round % 4 { "203.0.113.2" } else { "203.0.113.1" };
            let client = Some(client(address));
            usize::from(limiter.check(&Dawdling(Facts { client, ..to("/") })).is_allowed())
        });
        assert_eq!(admitted, 2, "round {round}");
    }
}

/// Where keys have no room and share a state, no rule lets more through than its limit, and what a
/// refused request had taken is given back.
#[test]
fn keys_without_room_are_counted_exactly_once_the_threads_are_done() {
    for round in 0..rounds() {
        let threads = [2, 4, 8, 16][round % 4];
        let left = Arc::new(Left::default());
        let rules = [
            rule("of each", "1000/h", "client"),
            rule("without room", "40/h", "client").max_keys(1),
        ];
        let set = RuleSet::new(Order::AllMatch, rules).expect("valid");
        let builder = RuleLimiter::builder(set).clock(ManualClock::new());
        let limiter = builder.observer(left.clone()).build().expect("valid");
        let request = |last| {
            let address = std::net::Ipv4Addr::new(203, 0, 113, last);
            Facts { client: Some(ClientKey::of(address.into())), ..to("/") }
        };
        // Takes the only place.
        assert!(limiter.check(&request(0)).is_allowed());
        let admitted = on_threads(threads, |number| {
            let request = Dawdling(request(1 + number as u8));
            (0..100).filter(|_| limiter.check(&request).is_allowed()).count()
        });
        assert_eq!(admitted, 40, "{threads} threads");
        let counted = (1..=threads as u8).map(|client| {
            assert!(limiter.check_n(&request(client), 0).is_allowed());
            let left = left.0.lock().expect("no panic before");
            assert_eq!(left["without room"], 0);
            1000 - left["of each"]
        });
        assert_eq!(counted.sum::<u32>(), 40, "{threads} threads");
    }
}

fn rounds() -> usize {
    if std::env::var_os("VOUSSOIR_LONG").is_some() { 400 } else { 40 }
}

/// An observer may ask the limiter that tells it, and refuse to return for long.
#[test]
fn an_observer_is_told_when_nothing_is_locked() {
    struct Asks(std::sync::OnceLock<RuleLimiter<ManualClock>>, Mutex<u32>);
    impl Observer for Asks {
        fn on_decision(&self, _: &Observation<'_>) {
            let depth = {
                let mut depth = self.1.lock().expect("no panic before");
                *depth += 1;
                *depth
            };
            if depth < 5 {
                let limiter = self.0.get().expect("built");
                let _ = limiter.check(&to("/"));
            }
        }
    }
    let asks = Arc::new(Asks(std::sync::OnceLock::new(), Mutex::new(0)));
    let set = RuleSet::new(Order::AllMatch, [rule("all", "10/h", "all")]).expect("valid");
    let builder = RuleLimiter::builder(set).clock(ManualClock::new()).observer(asks.clone());
    asks.0.set(builder.build().expect("valid")).expect("once");
    assert!(asks.0.get().expect("built").check(&to("/")).is_allowed());
    assert_eq!(*asks.1.lock().expect("no panic"), 5);
}

/// A clock that another thread moves between two looks at it.
#[test]
fn a_request_is_counted_once_though_time_goes_on_while_it_is_decided() {
    #[derive(Clone, Debug, Default)]
    struct Hasty(Arc<std::sync::atomic::AtomicU64>);
    impl voussoir_core::Clock for Hasty {
        fn now(&self) -> Nanos {
            Nanos::from_millis(self.0.fetch_add(500, std::sync::atomic::Ordering::Relaxed))
        }
    }
    let rules = ["1/s burst 3", "1000/h"].map(|limit| rule(limit, limit, "all"));
    let set = RuleSet::new(Order::AllMatch, rules).expect("valid");
    let limiter = RuleLimiter::builder(set).clock(Hasty::default()).build().expect("valid");
    let admitted = (0..200).filter(|_| limiter.check(&to("/")).is_allowed()).count();
    // One reading a request, 500 ms apart: a burst of 3, and one a second.
    assert_eq!(admitted, 3 + 99);
}

#[test]
fn rules_that_cannot_be_meant_are_refused_by_name() {
    for (rules, message) in [
        (vec![rule("", "1/s", "all")], "rule ``: `name` is \"\"; allowed: 1 to 128 printable"),
        (vec![rule("é", "1/s", "all")], "rule `é`: `name` is \"é\"; allowed: 1 to 128 printable"),
        (
            vec![rule("a", "1/s", "all"), rule("a", "2/s", "all")],
            "rule `a`: `name` is given twice; allowed: each name once",
        ),
        (
            vec![rule("a", "1/s", "all").max_keys(0)],
            "rule `a`: `max_keys` is 0; allowed: 1 or more",
        ),
        (
            vec![rule("a", "1/s", "segment:id")],
            "rule `a`: `key` is segment:id; allowed: segments of `path`; it has no {id}",
        ),
        (
            vec![rule("a", "1/s", "segment:id").path(path("/{user}"))],
            "rule `a`: `key` is segment:id; allowed: segments of `path`; it has no {id}",
        ),
        (
            vec![rule("a", "1/s", "all").method("GET, POST")],
            "rule `a`: `methods` is \"GET, POST\"; allowed: a method, as GET",
        ),
        (
            vec![rule("a", "1/s", "all").header("x plan", "free")],
            "rule `a`: `headers` is \"x plan\"; allowed: a name of visible ASCII characters, as x-plan",
        ),
        (
            vec![rule("a", "1/s", "all").header("x-plan", "free").header("X-Plan", "paid")],
            "rule `a`: `headers` is \"x-plan\", given twice; allowed: each name once",
        ),
        (
            vec![Rule::new("a", "1/s".parse().expect("valid"), RuleKey::header("a b"))],
            "rule `a`: `key` is header:a b; allowed: header:NAME, a name of visible ASCII",
        ),
    ] {
        let error = RuleSet::new(Order::FirstMatch, rules).unwrap_err().to_string();
        assert!(error.starts_with(message), "{error}");
    }
}

/// A limit that is written down and never asked is worse than none.
#[test]
fn a_rule_that_is_never_reached_is_refused() {
    let all = || rule("before", "1/s", "client");
    let one = || rule("a", "1/s", "client");
    let api = || all().path(path("/api/*"));
    for (before, behind) in [
        (all(), one()),
        (all(), one().method("GET").path(path("/a")).header("x", "y").attribute("a", "b")),
        (all(), one().shadow(true)),
        (api(), one().path(path("/api"))),
        (api(), one().path(path("/%61pi/{x}/*"))),
        (all().path(path("/{a}/b")), one().path(path("/{b}/b"))),
        (all().path(path("/{a}")), one().path(path("/b")).method("POST")),
        (all().method("get").method("HEAD"), one().method("Head")),
        (all().header("X-Plan", "free"), one().header("x-plan", "free").attribute("a", "b")),
        (all().attribute("a", "b"), one().attribute("a", "b").attribute("c", "d")),
        (rule("before", "1/s", "all").missing(MissingKey::Skip), one()),
    ] {
        let rules = || [before.clone(), behind.clone()];
        let error = RuleSet::new(Order::FirstMatch, rules()).unwrap_err().to_string();
        assert_eq!(
            error,
            "rule `a`: `position` is behind `before`, which decides on all that it applies to; \
             allowed: one before it",
        );
        assert!(RuleSet::new(Order::AllMatch, rules()).is_ok());
    }
    for (before, behind) in [
        (all().shadow(true), one()),
        (rule("before", "1/s", "header:x").missing(MissingKey::Skip), one()),
        (api(), one()),
        (api(), one().path(path("/*"))),
        (api(), one().path(path("/{api}/*"))),
        (all().path(path("/a/{b}/*")), one().path(path("/a/*"))),
        (all().path(path("/a/{b}")), one().path(path("/a/*"))),
        (all().path(path("/a")), one().path(path("/a/{b}"))),
        (all().method("GET"), one()),
        (all().method("GET"), one().method("GET").method("POST")),
        (all().header("x", "y"), one().header("x", "z")),
        (all().header("x", "y"), one().attribute("x", "y")),
        (all().attribute("x", "y"), one()),
    ] {
        let rules = [before.clone(), behind.clone()];
        assert!(RuleSet::new(Order::FirstMatch, rules).is_ok(), "{before:?} {behind:?}");
    }
}

#[test]
fn keys_are_shown_as_they_are_read() {
    for text in ["all", "client", "header:x-api-key", "attribute:a:b", "client+segment:id"] {
        assert_eq!(text.parse::<RuleKey>().expect(text).to_string(), text);
    }
    assert_eq!(" client + header:a ".parse(), Ok(RuleKey::client().and(RuleKey::header("a"))));
    for (text, given) in [
        ("", "``"),
        ("ip", "`ip`"),
        ("client+", "``"),
        ("client+all", "`all`"),
        ("header:", "`header:`"),
        ("hedaer:a", "`hedaer:a`"),
    ] {
        let error = text.parse::<RuleKey>().unwrap_err();
        assert_eq!((error.given(), error.option()), (given, "key"), "{text}");
        assert!(error.allowed().starts_with("all, or one or more of client"), "{error}");
    }
}

#[cfg(feature = "http")]
#[test]
fn an_http_request_is_limited_and_told() {
    use voussoir_ratelimit::http::HeaderStyle;
    use voussoir_ratelimit::rules::HttpRequest;

    let limiter = limiter(
        Order::FirstMatch,
        [rule("login", "1/h", "client+header:x-key").method("POST").path(path("/login"))],
    );
    let request = http::Request::post("https://example.org/login?next=/").header("X-Key", "a");
    let (parts, ()) = request.body(()).expect("a request").into_parts();
    let request = HttpRequest::of_parts(&parts, Some(client("203.0.113.7"))).attributes(&[]);
    let mut headers = http::HeaderMap::new();
    assert!(limiter.check(&request).is_allowed());
    limiter.check(&request).write_headers(HeaderStyle::Draft11, &mut headers);
    assert_eq!(headers["ratelimit-policy"], "\"login\";q=1;w=3600");
    assert_eq!(headers["ratelimit"], "\"login\";r=0;t=3600");
    assert_eq!(headers["retry-after"], "3600");

    let free = http::Request::get("/other").body(()).expect("a request");
    let mut headers = http::HeaderMap::new();
    limiter.check(&HttpRequest::new(&free, None)).write_headers(HeaderStyle::Draft11, &mut headers);
    assert!(headers.is_empty());
}

/// Two rules whose keys have no room share a state each: what one gives back of a request that the other
/// refuses must come back to the state from which it was taken.
#[test]
fn what_two_rules_without_room_refuse_is_counted_by_neither() {
    const TENANTS: [&[(&str, &str)]; 5] =
        [&[("x-t", "0")], &[("x-t", "1")], &[("x-t", "2")], &[("x-t", "3")], &[("x-t", "4")]];
    for _ in 0..rounds() {
        let left = Arc::new(Left::default());
        let rules = [
            rule("by tenant", "100000/h", "header:x-t").max_keys(1),
            rule("by client", "40/h", "client").max_keys(1),
        ];
        let set = RuleSet::new(Order::AllMatch, rules).expect("valid");
        let builder = RuleLimiter::builder(set).clock(ManualClock::new()).observer(left.clone());
        let limiter = builder.build().expect("valid");
        let request = |one: usize| Facts {
            client: Some(ClientKey::of(std::net::Ipv4Addr::new(203, 0, 113, one as u8).into())),
            headers: TENANTS[one],
            ..to("/")
        };
        assert!(limiter.check(&request(4)).is_allowed(), "the only one for whom there is room");
        let tries =
            |one: usize| (0..100).filter(|_| limiter.check(&request(one)).is_allowed()).count();
        assert_eq!(on_threads(4, tries), 40);
        assert!(limiter.check_n(&request(0), 0).is_allowed());
        assert_eq!(left.0.lock().expect("no panic")["by tenant"], 100_000 - 40);
    }
}
