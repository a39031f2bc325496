//! Several limits at once: composites, and rules that are looked through until they apply. There is no
//! peer to measure against and hence no bar: beside each stands the one limit that it ends at.

use core::net::Ipv4Addr;
use core::sync::atomic::{AtomicU64, Ordering};

use voussoir::ratelimit::client_key::ClientKey;
use voussoir::ratelimit::rules::{Facts, Order, Rule as OneRule, RuleKey, RuleLimiter, RuleSet};
use voussoir::ratelimit::{AllOf, KeyedLimiter, Limit, Limiter, TokenBucket};
use voussoir::time::Nanos;

use super::{Rule, stopped};
use crate::harness::case::{Case, Contestant, Timed};

/// As many clients ask in turn.
const CLIENTS: usize = 1_000;

pub(super) fn cases() -> Vec<Case> {
    let first = |rules| {
        let name = format!("rules, the last of {rules} applies");
        Timed::new(name, asking(Order::FirstMatch, looked_through(rules)), vec![one_keyed()])
    };
    let all = Timed::new(
        "rules, all of 3 apply",
        asking(Order::AllMatch, three_that_apply()),
        vec![one_keyed()],
    );
    vec![
        Timed::new("composite of 2 limits", composite(), vec![one_direct()]).alone().into(),
        first(1).alone().into(),
        first(10).alone().into(),
        first(100).alone().into(),
        all.allocations().into(),
    ]
}

fn limit() -> Limit {
    Rule::Plenty.ours().into()
}

fn at(time: &AtomicU64) -> Nanos {
    Nanos::from_nanos(time.load(Ordering::Relaxed))
}

/// Rules for other paths of the same API, and behind them the one that is for the requests.
fn looked_through(rules: usize) -> Vec<OneRule> {
    let path = |number| match number {
        1 => "/api/v1/orders/{id}".to_owned(),
        number => format!("/api/v1/resource-{number}/{{id}}"),
    };
    let rule = |number| {
        let path = path(number).parse().expect("a pattern");
        OneRule::new(number.to_string(), limit(), RuleKey::client()).path(path)
    };
    (1..=rules).rev().map(rule).collect()
}

fn three_that_apply() -> Vec<OneRule> {
    let keys = ["all", "client", "attribute:tenant"];
    keys.map(|key| OneRule::new(key, limit(), key.parse().expect("a key"))).into()
}

fn client(index: usize) -> ClientKey {
    ClientKey::of(Ipv4Addr::from_bits(0x0a00_0000 + (index % CLIENTS) as u32).into())
}

fn asking(order: Order, rules: Vec<OneRule>) -> Contestant {
    let set = RuleSet::new(order, rules).expect("the rules are legal");
    let limiter = RuleLimiter::builder(set).build().expect("the limits are legal");
    let time = stopped();
    let check = move |index| {
        let client = Some(client(index));
        let attributes = &[("tenant", "acme")];
        let path = "/api/v1/orders/7";
        let request = Facts { method: "GET", path, client, headers: &[], attributes };
        limiter.check_at(at(&time), &request).is_allowed()
    };
    asked_before("ours", check)
}

/// The same keys without rules.
fn one_keyed() -> Contestant {
    let limiter = KeyedLimiter::<ClientKey>::builder(limit()).build();
    let (limiter, time) = (limiter.expect("the limit is legal"), stopped());
    asked_before("one limit", move |index| limiter.check_at(at(&time), &client(index)).is_allowed())
}

/// Asks once for every client, so that none is new.
fn asked_before(name: &str, check: impl Fn(usize) -> bool + Send + Sync + 'static) -> Contestant {
    (0..CLIENTS).for_each(|index| assert!(check(index), "there is plenty"));
    Contestant::each(name, check)
}

fn composite() -> Contestant {
    let both = AllOf::new([Rule::Plenty.ours(), TokenBucket::per_hour(1).burst(u32::MAX)]);
    let limiter = Limiter::builder(both).build().expect("the limits are legal");
    let time = stopped();
    Contestant::each("ours", move |_| limiter.check_at(at(&time)).is_allowed())
}

fn one_direct() -> Contestant {
    let limiter = Limiter::builder(Rule::Plenty.ours()).build().expect("the limit is legal");
    let time = stopped();
    Contestant::each("one limit", move |_| limiter.check_at(at(&time)).is_allowed())
}
