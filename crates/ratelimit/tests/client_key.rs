//! Who a request is counted for: nobody gets another's bucket, and nobody gets many.

use std::net::IpAddr;

use proptest::prelude::*;
use voussoir_ratelimit::client_key::{
    ClientKey, ClientSource, ForwardedField, Network, NetworkErrorKind, TrustedProxies,
};

fn ip(text: &str) -> IpAddr {
    text.parse().expect(text)
}

/// Proxies stand in `10.0.0.0/8` and `fd00::/8`.
fn source(field: ForwardedField) -> ClientSource {
    let networks = ["10.0.0.0/8", "fd00::/8"].map(|text| text.parse().expect(text));
    let trusted = TrustedProxies::networks(networks);
    ClientSource::builder().field(field).trust(trusted).build().expect("valid")
}

fn counted_hops(field: ForwardedField, hops: u8) -> ClientSource {
    let trusted = TrustedProxies::Hops(hops);
    ClientSource::builder().field(field).trust(trusted).build().expect("valid")
}

fn client(source: &ClientSource, peer: &str, lines: &[&str]) -> String {
    source.address(Some(ip(peer)), lines).expect("a peer").to_string()
}

/// `tower_governor`'s `SmartIpKeyExtractor` takes the leftmost entry, which the client wrote.
#[test]
fn the_leftmost_entry_of_a_client_is_not_believed() {
    let plain = source(ForwardedField::XForwardedFor);
    assert_eq!(client(&plain, "10.0.0.1", &["6.6.6.6, 203.0.113.7"]), "203.0.113.7");
    assert_eq!(client(&plain, "10.0.0.1", &["6.6.6.6", "203.0.113.7"]), "203.0.113.7");
    assert_eq!(client(&plain, "10.0.0.1", &["6.6.6.6, 10.9.9.9, 203.0.113.7"]), "203.0.113.7");
    let named = source(ForwardedField::Forwarded);
    assert_eq!(client(&named, "10.0.0.1", &["for=6.6.6.6, for=203.0.113.7"]), "203.0.113.7");
}

#[test]
fn a_peer_that_is_not_trusted_is_the_client() {
    let plain = source(ForwardedField::XForwardedFor);
    assert_eq!(client(&plain, "203.0.113.9", &["6.6.6.6"]), "203.0.113.9");
    assert_eq!(client(&ClientSource::default(), "10.0.0.1", &["6.6.6.6"]), "10.0.0.1");
}

#[test]
fn the_walk_goes_on_through_trusted_proxies_only() {
    let plain = source(ForwardedField::XForwardedFor);
    let chain = "6.6.6.6, 203.0.113.7, 10.0.0.3,10.0.0.2";
    assert_eq!(client(&plain, "10.0.0.1", &[chain]), "203.0.113.7");
    assert_eq!(client(&plain, "10.0.0.1", &["10.0.0.3, 10.0.0.2"]), "10.0.0.3");
    assert_eq!(client(&plain, "10.0.0.1", &[]), "10.0.0.1");
    assert_eq!(client(&plain, "::ffff:10.0.0.1", &["::ffff:10.0.0.2, fd00::1"]), "10.0.0.2");
}

#[test]
fn proxies_trusted_by_number_are_counted_from_the_peer() {
    let field = ForwardedField::XForwardedFor;
    let chain = ["6.6.6.6, 203.0.113.7, 198.51.100.1"];
    assert_eq!(client(&counted_hops(field, 0), "192.0.2.1", &chain), "192.0.2.1");
    assert_eq!(client(&counted_hops(field, 1), "192.0.2.1", &chain), "198.51.100.1");
    assert_eq!(client(&counted_hops(field, 2), "192.0.2.1", &chain), "203.0.113.7");
    assert_eq!(client(&counted_hops(field, 9), "192.0.2.1", &chain), "6.6.6.6");
}

#[test]
fn a_malformed_entry_counts_for_the_proxy_that_passed_it_on() {
    let plain = source(ForwardedField::XForwardedFor);
    for entry in
        ["", " ", "unknown", "nonsense", "1.2.3", "1.2.3.4:port", "[::1", "::1]", "1.2.3.4 5"]
    {
        let line = format!("6.6.6.6, {entry}, 10.0.0.2");
        assert_eq!(client(&plain, "10.0.0.1", &[&line]), "10.0.0.2", "{entry:?}");
    }
    let named = source(ForwardedField::Forwarded);
    for element in [
        "",
        "for",
        "for=",
        "for=unknown",
        "for=_hidden",
        "by=203.0.113.7",
        "for=203.0.113.7;for=6.6.6.6",
        "for=203.0.113.7 6.6.6.6",
        "for=203.0.113.7;proto",
        "for=203.0.113.7;=x",
        "for=\"203.0.113.7",
        "for=203.0.113.7\"",
        "for=\"203.0.113.7\"x",
        "for=\"203.0.113.7\\\"",
        "for =203.0.113.7",
    ] {
        let line = format!("for=6.6.6.6, {element}, for=10.0.0.2");
        assert_eq!(client(&named, "10.0.0.1", &[&line]), "10.0.0.2", "{element:?}");
    }
    assert_eq!(plain.address(Some(ip("10.0.0.1")), [b"\xff\xfe"]), Some(ip("10.0.0.1")));
}

#[test]
fn nodes_are_read_with_ports_brackets_quotes_and_escapes() {
    for node in
        ["203.0.113.7", "203.0.113.7:4711", "[2001:db8::7]", "[2001:db8::7]:4711", "2001:db8::7"]
    {
        let expected = if node.contains("db8") { "2001:db8::7" } else { "203.0.113.7" };
        let plain = source(ForwardedField::XForwardedFor);
        assert_eq!(client(&plain, "10.0.0.1", &[node]), expected);

        let named = source(ForwardedField::Forwarded);
        let escaped: String = node.chars().flat_map(|c| ['\\', c]).collect();
        for element in [
            format!("for={node}"),
            format!("For=\"{node}\""),
            format!("for=\"{escaped}\""),
            format!("proto=https;FOR=\"{node}\" ; by=\"_a,b;for=6.6.6.6\""),
        ] {
            assert_eq!(client(&named, "10.0.0.1", &[&element]), expected, "{element}");
        }
    }
    let named = source(ForwardedField::Forwarded);
    assert_eq!(client(&named, "10.0.0.1", &["for=\"[2001:db8::7]:_p\""]), "2001:db8::7");
}

#[test]
fn a_hidden_hop_can_be_passed_only_where_proxies_are_counted() {
    let line = ["for=203.0.113.7, for=_edge"];
    let field = ForwardedField::Forwarded;
    assert_eq!(client(&source(field), "10.0.0.1", &line), "10.0.0.1");
    assert_eq!(client(&counted_hops(field, 2), "10.0.0.1", &line), "203.0.113.7");
    assert_eq!(client(&counted_hops(field, 1), "10.0.0.1", &line), "10.0.0.1");
}

#[test]
fn a_peer_without_an_address_is_a_proxy_where_any_is_trusted() {
    let plain = source(ForwardedField::XForwardedFor);
    assert_eq!(plain.address(None, ["6.6.6.6, 203.0.113.7"]), Some(ip("203.0.113.7")));
    assert_eq!(plain.key(None, ["nonsense"]), None);
    assert_eq!(ClientSource::default().key(None, ["203.0.113.7"]), None);
}

/// CVE-2026-30827 and express-rate-limit#667: masked as IPv6, all of IPv4 is one client.
#[test]
fn ipv4_written_as_ipv6_is_ipv4() {
    for (text, shown) in [
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.2", "192.0.2.2"),
        ("64:ff9b::192.0.2.1", "192.0.2.1"),
        ("192.0.2.1", "192.0.2.1"),
    ] {
        assert_eq!(ClientKey::of(ip(text)).to_string(), shown);
    }
    let translated = ip("64:ff9b:1::192.0.2.1");
    assert_eq!(ClientKey::of(translated).prefix(), 56, "a local prefix, of which nothing is known");
}

/// express-rate-limit#502: one who is counted by single IPv6 addresses has 2^72 buckets.
#[test]
fn ipv6_clients_are_counted_by_their_network() {
    let keys = ["2001:db8:0:1::1", "2001:db8:0:ff:9::2"].map(|text| ClientKey::of(ip(text)));
    assert_eq!(keys[0], keys[1]);
    assert_ne!(keys[0], ClientKey::of(ip("2001:db8:0:100::1")));
    let exact = |text| ClientKey::with_ipv6_prefix(ip(text), 128);
    assert_ne!(exact("2001:db8::1"), exact("2001:db8::2"));
    assert_eq!(ClientKey::with_ipv6_prefix(ip("2001:db8::1"), 200), exact("2001:db8::1"));
    assert_eq!(ClientKey::with_ipv6_prefix(ip("2001:db8::1"), 0).to_string(), "::/0");
    for prefix in [0, 129] {
        let error = ClientSource::builder().ipv6_prefix(prefix).build().unwrap_err();
        assert_eq!((error.option(), error.allowed()), ("ipv6_prefix", "1 to 128"));
    }
}

#[test]
fn networks_hold_what_their_prefix_says() {
    let network = |text: &str| text.parse::<Network>().expect(text);
    assert!(network("10.0.0.0/8").contains(ip("10.255.0.1")));
    assert!(network("10.7.7.7/8").contains(ip("10.255.0.1")));
    assert!(!network("10.0.0.0/8").contains(ip("11.0.0.1")));
    assert!(network("0.0.0.0/0").contains(ip("::ffff:1.2.3.4")));
    assert!(!network("::/0").contains(ip("1.2.3.4")), "families are kept apart");
    assert!(!network("0.0.0.0/0").contains(ip("2001:db8::1")));
    assert!(network("::ffff:10.0.0.0/104").contains(ip("10.1.1.1")));
    assert!(network("192.0.2.1").contains(ip("192.0.2.1")));
    assert_eq!(network("10.7.7.7/8").to_string(), "10.0.0.0/8");
    assert_eq!(network("::1").to_string(), "::1/128");
    for (text, kind) in [
        ("", NetworkErrorKind::Address),
        ("10.0.0/8", NetworkErrorKind::Address),
        ("10.0.0.0/", NetworkErrorKind::Prefix { least: 0, most: 32 }),
        ("10.0.0.0/+8", NetworkErrorKind::Prefix { least: 0, most: 32 }),
        ("10.0.0.0/33", NetworkErrorKind::Prefix { least: 0, most: 32 }),
        ("::/129", NetworkErrorKind::Prefix { least: 0, most: 128 }),
        // Meant is 10.0.0.0/8; as eight bits of IPv6 it would hold every translated IPv4 address.
        ("::ffff:10.0.0.0/8", NetworkErrorKind::Prefix { least: 96, most: 128 }),
        ("::ffff:10.0.0.0/129", NetworkErrorKind::Prefix { least: 96, most: 128 }),
    ] {
        assert_eq!(text.parse::<Network>().expect_err(text).kind(), kind, "{text}");
    }
}

proptest! {
    /// The body of the fuzz target `forwarded`.
    #[test]
    fn what_a_client_writes_never_moves_what_proxies_wrote(
        written in prop_oneof![
            prop::collection::vec(any::<u8>(), 0..60),
            "[\"\\\\,;= \\[\\]:a-f0-9.]{0,60}".prop_map(String::into_bytes),
            "(for=\"?[0-9.]{0,9}\"?[,;] ?){0,6}".prop_map(String::into_bytes),
        ],
        own_line: bool,
    ) {
        for (field, appended, seen) in [
            (ForwardedField::XForwardedFor, "203.0.113.7, 10.0.0.2", "203.0.113.7"),
            (ForwardedField::XForwardedFor, "[2001:db8::7]:80,fd00::2", "2001:db8::7"),
            (ForwardedField::Forwarded, "for=203.0.113.7, for=10.0.0.2", "203.0.113.7"),
            (ForwardedField::Forwarded, "for=\"[2001:db8::7]\";by=\"a,\\\"b\",for=10.0.0.2", "2001:db8::7"),
        ] {
            let mut lines = vec![written.clone()];
            if own_line {
                lines.push(appended.into());
            } else {
                lines[0].extend_from_slice(b", ");
                lines[0].extend_from_slice(appended.as_bytes());
            }
            let found = source(field).address(Some(ip("10.0.0.1")), &lines);
            prop_assert_eq!(found, Some(ip(seen)));
            prop_assert_eq!(counted_hops(field, 2).address(None, &lines), Some(ip(seen)));
        }
    }

    #[test]
    fn no_text_panics_and_the_client_of_a_known_peer_is_known(
        line in prop::collection::vec(any::<u8>(), 0..80),
        hops: u8,
    ) {
        for field in [ForwardedField::XForwardedFor, ForwardedField::Forwarded] {
            prop_assert!(counted_hops(field, hops).address(Some(ip("10.0.0.1")), [&line]).is_some());
        }
    }

    #[test]
    fn networks_are_shown_as_they_are_read(bits: u128, v4: bool, prefix in 0_u8..=128) {
        let address = if v4 { IpAddr::V4((bits as u32).into()) } else { IpAddr::V6(bits.into()) };
        if let Some(network) = Network::new(address, prefix) {
            prop_assert_eq!(network.to_string().parse(), Ok(network));
            prop_assert!(network.contains(address));
        }
    }
}

#[cfg(feature = "http")]
#[test]
fn lines_are_taken_from_headers() {
    let mut headers = http::HeaderMap::new();
    headers.append("x-forwarded-for", http::HeaderValue::from_static("6.6.6.6, 203.0.113.7"));
    headers.append("x-forwarded-for", http::HeaderValue::from_static("10.0.0.2"));
    headers.append("forwarded", http::HeaderValue::from_static("for=6.6.6.6"));
    let plain = source(ForwardedField::XForwardedFor);
    let key = plain.key_from(Some(ip("10.0.0.1")), &headers);
    assert_eq!(key, Some(ClientKey::of(ip("203.0.113.7"))));
}
