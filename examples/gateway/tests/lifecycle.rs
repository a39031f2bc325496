//! Starting with a good configuration, and stopping without breaking a promise.

mod support;

use std::sync::Arc;
use std::time::{Duration, Instant};

use gateway::{Config, ConfigFileError, Gateway};
use http::StatusCode;
use http_body_util::BodyExt;
use support::{Upstream, config, full, gateway, request, send, send_from, text};
use tokio::net::TcpStream;

#[tokio::test]
async fn stopping_lets_running_requests_end_and_takes_no_new_ones() {
    let entered = Arc::new(tokio::sync::Notify::new());
    let enter = Arc::clone(&entered);
    let upstream = Upstream::start(move |_| {
        enter.notify_one();
        async {
            tokio::time::sleep(Duration::from_millis(400)).await;
            text("done")
        }
    })
    .await;
    let gateway = gateway("", &[upstream.address]).await;
    let address = gateway.address();
    let asked = request("/").body(full("")).unwrap();
    let running = tokio::spawn(send_from([127, 0, 0, 1], address, asked));
    let idle = TcpStream::connect(address).await.unwrap();
    entered.notified().await;

    let begun = Instant::now();
    let stopping = tokio::spawn(gateway.stop());
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(TcpStream::connect(address).await.is_err(), "the door is closed");
    let answer = support::read(running.await.unwrap()).await;
    assert_eq!((answer.status, answer.body.as_str()), (StatusCode::OK, "done"));
    assert!(stopping.await.unwrap(), "all requests ended");
    assert!(begun.elapsed() < Duration::from_secs(5), "idle connections are not waited for");
    drop(idle);
}

#[tokio::test]
async fn stopping_cuts_what_does_not_end_in_time() {
    let upstream = Upstream::start(|_| async { std::future::pending().await }).await;
    let gateway = gateway("[timeouts]\nshutdown = \"200ms\"\n", &[upstream.address]).await;
    let address = gateway.address();
    let running = tokio::spawn(async move {
        let stream = TcpStream::connect(address).await.unwrap();
        let io = hyper_util::rt::TokioIo::new(stream);
        let (mut sender, connection) = hyper::client::conn::http1::handshake(io).await.unwrap();
        tokio::spawn(connection);
        sender.send_request(request("/").body(full("")).unwrap()).await
    });
    while upstream.calls() == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let begun = Instant::now();
    assert!(!gateway.stop().await);
    assert!(begun.elapsed() < Duration::from_secs(3));
    assert!(running.await.unwrap().is_err());
}

#[tokio::test]
async fn stopping_ends_the_dashboards_stream() {
    let upstream = Upstream::named("a").await;
    let gateway = gateway("", &[upstream.address]).await;
    let asked = request("/_gateway/events").body(full("")).unwrap();
    let mut events = send(&gateway, asked).await.into_body();
    let first = events.frame().await.unwrap().unwrap().into_data().unwrap();
    assert!(first.starts_with(b"event: history\n"), "{first:?}");
    let stopping = tokio::spawn(gateway.stop());
    let rest = tokio::time::timeout(Duration::from_secs(3), events.collect()).await;
    rest.expect("the stream ends").unwrap();
    assert!(stopping.await.unwrap());
}

#[tokio::test]
async fn a_taken_address_is_named() {
    let upstream = Upstream::named("a").await;
    let first = gateway("", &[upstream.address]).await;
    let mut second = config("", &[upstream.address]);
    second.listen = first.address();
    let error = Gateway::start(second).await.unwrap_err().to_string();
    assert!(error.contains(&first.address().to_string()), "{error}");
}

/// Refuses `source`, at `line` and key, saying all of `said`.
#[track_caller]
fn refuses(source: &str, line: usize, key: &str, said: &[&str]) {
    let error = Config::parse("gateway.toml", source).expect_err("it was taken");
    let text = error.to_string();
    let ConfigFileError::Refused(refusal) = error else { panic!("{text}") };
    assert_eq!(refusal.line(), line, "{text}");
    assert_eq!(refusal.key(), Some(key), "{text}");
    assert!(text.starts_with(&format!("gateway.toml:{line}:{}: ", refusal.column())), "{text}");
    for part in said {
        assert!(text.contains(part), "{part:?} is missing in:\n{text}");
    }
}

const UPSTREAM: &str = "[[upstream]]\nid = \"a\"\nurl = \"http://127.0.0.1:9000\"\n";

#[test]
fn configuration_errors_name_line_key_and_what_is_allowed() {
    let with = |more: &str| format!("{UPSTREAM}{more}\n");
    refuses(&with("[limit]\nrate = \"10/foo\""), 5, "rate", &["10/foo", "^"]);
    refuses(&with("[limit]\nrat = \"10/s\""), 5, "rat", &["unknown field `rat`", "`rate`"]);
    refuses(&with("[health]\ninterval = \"0s\""), 5, "interval", &["zero", "250ms"]);
    refuses(&with("[health]\ninterval = \"5 parsecs\""), 5, "interval", &["unknown unit", "ms"]);
    refuses(&with("[health]\npath = \"healthz\""), 5, "path", &["/healthz"]);
    refuses(&with("[balance]\nalgorithm = \"best\""), 5, "algorithm", &["least-connections"]);
    refuses(&with("[client]\nipv6_prefix = 8"), 5, "ipv6_prefix", &["32 to 128"]);
    refuses(&with("[client]\ntrusted_proxies = [\"10.0.0.0/99\"]"), 5, "trusted_proxies", &[]);
    refuses(&with("[client]\nheader = \"X Key\""), 5, "header", &["X-Api-Key"]);
    refuses(&with("[balance]\nretries = \"one\""), 5, "retries", &["string", "u32"]);
    refuses(&format!("listen = \"8080\"\n{UPSTREAM}"), 1, "listen", &["socket address"]);
}

#[test]
fn what_only_shows_in_the_whole_points_to_its_line() {
    let twice = format!("{UPSTREAM}\n[[upstream]]\nid = \"a\"\nurl = \"http://127.0.0.1:9001\"\n");
    refuses(&twice, 6, "id", &["`a` is taken", "allowed"]);
    let with = |more: &str| format!("{UPSTREAM}{more}\n");
    refuses(&with("[breaker]\nfailure_rate = 1.5"), 5, "failure_rate", &["1.5", "allowed"]);
    refuses(&with("[breaker]\nwindow = 5\nmin_calls = 6"), 6, "min_calls", &["6", "allowed"]);
    refuses(&with("[limit]\nmax_keys = 0"), 5, "max_keys", &["0", "allowed"]);
    refuses(&with("[health]\nunhealthy_after = 0"), 5, "unhealthy_after", &["0", "allowed"]);
}

#[test]
fn upstream_urls_are_plain_http_without_a_path() {
    for (url, why) in [
        ("https://a:1", "TLS"),
        ("http://a:1/api", "path"),
        ("http://me@a:1", "user"),
        ("a:1", "allowed: `http://host:port`"),
        ("ftp://a", "http://"),
    ] {
        let source = format!("[[upstream]]\nid = \"a\"\nurl = \"{url}\"\n");
        refuses(&source, 3, "url", &[why]);
    }
}

#[test]
fn a_missing_key_or_file_is_named() {
    let error =
        Config::parse("gateway.toml", "[[upstream]]\nid = \"a\"\n").unwrap_err().to_string();
    assert!(
        error.starts_with("gateway.toml:1:") && error.contains("missing field `url`"),
        "{error}"
    );
    let error = Config::parse("gateway.toml", "").unwrap_err().to_string();
    assert!(error.contains("no `[[upstream]]`; allowed: one or more"), "{error}");
    let error = Config::load("no/such.toml".as_ref()).unwrap_err().to_string();
    assert!(error.contains("no/such.toml"), "{error}");
}

#[test]
fn the_annotated_example_is_well_formed_and_shows_the_defaults() {
    let source = include_str!("../gateway.toml");
    let shown = Config::parse("gateway.toml", source).unwrap_or_else(|error| panic!("{error}"));
    let default = Config { upstreams: shown.upstreams.clone(), ..Config::default() };
    assert_eq!(format!("{shown:?}"), format!("{default:?}"));
}
