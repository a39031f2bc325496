//! How much a client gets, what it is told, and who counts as one client.

mod support;

use std::net::IpAddr;
use std::time::{Duration, Instant};

use gateway::client_key::{ClientKey, KeyRule};
use gateway::config::Client;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use support::{Upstream, full, gateway, get, read, request, send_from};

#[tokio::test]
async fn a_burst_gets_the_burst_and_what_refills_meanwhile() {
    let upstream = Upstream::named("a").await;
    let gateway = gateway("[limit]\nrate = \"20/s burst 50\"\n", &[upstream.address]).await;

    let begun = Instant::now();
    let mut passed = 0;
    let mut refused = Vec::new();
    for _ in 0..200 {
        let answer = get(&gateway, "/").await;
        if answer.status == StatusCode::TOO_MANY_REQUESTS {
            refused.push(answer);
        } else {
            passed += 1;
        }
    }
    let took = begun.elapsed();
    let refilled = took.as_millis() / 50;
    assert!((50..=50 + refilled).contains(&passed), "{passed} passed in {took:?}");
    assert_eq!(upstream.calls(), u64::try_from(passed).unwrap(), "refused requests go nowhere");

    let last = refused.last().unwrap();
    assert_eq!(last.header("content-type"), Some("application/problem+json"));
    assert_eq!(last.header("ratelimit-policy"), Some("\"default\";q=50;w=3"));
    assert!(last.header("ratelimit").unwrap().starts_with("\"default\";r=0;t="), "{last:?}");
    let wait: u64 = last.header("retry-after").unwrap().parse().unwrap();
    assert_eq!(wait, 1, "a token is never further than 50 ms");
    tokio::time::sleep(Duration::from_secs(wait)).await;
    assert_eq!(get(&gateway, "/").await.status, StatusCode::OK);
}

#[tokio::test]
async fn retry_after_is_neither_too_early_nor_too_late() {
    let upstream = Upstream::named("a").await;
    let gateway = gateway("[limit]\nrate = \"1/2s burst 1\"\n", &[upstream.address]).await;
    assert_eq!(get(&gateway, "/").await.status, StatusCode::OK);
    let refused = get(&gateway, "/").await;
    let wait: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert_eq!(wait, 2, "two seconds less a moment, rounded up");
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(get(&gateway, "/").await.status, StatusCode::TOO_MANY_REQUESTS);
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(get(&gateway, "/").await.status, StatusCode::OK);
}

#[tokio::test]
async fn what_is_left_counts_down() {
    let upstream = Upstream::named("a").await;
    let gateway = gateway("[limit]\nname = \"free\"\nrate = \"60/h\"\n", &[upstream.address]).await;
    let first = get(&gateway, "/").await;
    assert_eq!(first.header("ratelimit-policy"), Some("\"free\";q=60;w=3600"));
    assert_eq!(first.header("ratelimit"), Some("\"free\";r=59;t=60"));
    assert!(get(&gateway, "/").await.header("ratelimit").unwrap().starts_with("\"free\";r=58;t="));
}

#[tokio::test]
async fn clients_do_not_spend_each_others_quota() {
    let upstream = Upstream::named("a").await;
    let gateway = gateway("[limit]\nrate = \"1/h\"\n", &[upstream.address]).await;
    let ask = async |client: [u8; 4], forwarded: &str| {
        let asked = request("/").header("x-forwarded-for", forwarded).body(full("")).unwrap();
        read(send_from(client, gateway.address(), asked).await).await.status.as_u16()
    };
    assert_eq!(ask([127, 0, 0, 2], "1.1.1.1").await, 200);
    assert_eq!(ask([127, 0, 0, 2], "2.2.2.2").await, 429, "a spoofed field makes no new client");
    assert_eq!(ask([127, 0, 0, 3], "1.1.1.1").await, 200);
}

#[tokio::test]
async fn a_header_names_the_client_when_told_so() {
    let upstream = Upstream::named("a").await;
    let rules = "[client]\nheader = \"X-Api-Key\"\n[limit]\nrate = \"1/h\"\n";
    let gateway = gateway(rules, &[upstream.address]).await;
    let ask = async |key: &str| {
        let asked = request("/").header("x-api-key", key).body(full("")).unwrap();
        support::send(&gateway, asked).await.status().as_u16()
    };
    assert_eq!(ask("ada").await, 200);
    assert_eq!(ask("ada").await, 429);
    assert_eq!(ask("bob").await, 200);
    assert_eq!(get(&gateway, "/").await.status, 200, "without it, the address");
    assert_eq!(get(&gateway, "/").await.status, 429);
}

fn rule(trusted: &[&str]) -> KeyRule {
    let trusted_proxies = trusted.iter().map(|net| net.parse().unwrap()).collect();
    KeyRule::new(&Client { trusted_proxies, ..Client::default() }).unwrap()
}

fn forwarded(lines: &[&str]) -> HeaderMap {
    let name = HeaderName::from_static("x-forwarded-for");
    lines.iter().map(|line| (name.clone(), HeaderValue::from_str(line).unwrap())).collect()
}

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

#[test]
fn forwarded_addresses_are_believed_from_the_right_while_proxies_are_ours() {
    let rule = rule(&["10.0.0.0/8"]);
    for (peer, lines, client) in [
        ("198.51.100.7", &["1.2.3.4"][..], "198.51.100.7"),
        ("10.0.0.1", &["1.2.3.4"], "1.2.3.4"),
        ("10.0.0.1", &["6.6.6.6, 1.2.3.4, 10.0.0.2"], "1.2.3.4"),
        ("10.0.0.1", &["6.6.6.6", "1.2.3.4", "10.0.0.2"], "1.2.3.4"),
        ("10.0.0.1", &["6.6.6.6, nonsense, 10.0.0.2"], "10.0.0.2"),
        ("10.0.0.1", &["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
        ("10.0.0.1", &["1.2.3.4:5678"], "1.2.3.4"),
        ("10.0.0.1", &["[2001:db8::1]:5678"], "2001:db8::1"),
        ("10.0.0.1", &["[2001:db8::1]"], "2001:db8::1"),
        ("::ffff:10.0.0.1", &["::ffff:1.2.3.4"], "1.2.3.4"),
        ("10.0.0.1", &[], "10.0.0.1"),
    ] {
        assert_eq!(rule.address(ip(peer), &forwarded(lines)), ip(client), "{peer} {lines:?}");
    }
}

#[test]
fn ipv6_clients_are_networks_and_mapped_ones_are_ipv4() {
    let rule = rule(&[]);
    let key = |text: &str| rule.key(ip(text), &HeaderMap::new());
    assert_eq!(key("2001:db8:1:2300::1"), key("2001:db8:1:23ff:ffff::9"));
    assert_ne!(key("2001:db8:1:2300::1"), key("2001:db8:1:2400::1"));
    assert_eq!(
        key("2001:db8:1:23ff::1"),
        ClientKey::Address(voussoir::ratelimit::client_key::ClientKey::of(ip("2001:db8:1:2300::")))
    );
    assert_eq!(key("::ffff:192.0.2.1"), key("192.0.2.1"));
    assert_ne!(key("::ffff:192.0.2.1"), key("::ffff:192.0.2.2"));
}
