//! The pages under `/_gateway/`: what they show and whom they obey.

mod support;

use gateway::{Config, Demo, Gateway, Traffic};
use http::StatusCode;
use support::{Upstream, full, gateway, get, post, read, request, send, until};

async fn demo() -> Gateway {
    let config = Config { listen: ([127, 0, 0, 1], 0).into(), ..Config::default() };
    Gateway::start_demo(config, Demo::start(Traffic::Off).await.unwrap()).await.unwrap()
}

#[tokio::test]
async fn the_page_is_whole_in_itself() {
    let upstream = Upstream::named("a").await;
    let gateway = gateway("", &[upstream.address]).await;
    let page = get(&gateway, "/_gateway/").await;
    assert_eq!(page.status, StatusCode::OK);
    assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
    assert!(page.body.starts_with("<!doctype html>") && page.body.contains("EventSource"));
    let foreign = ["src=\"http", "href=\"http", "@import", "url(http"];
    assert!(foreign.iter().all(|link| !page.body.contains(link)), "nothing is loaded from afar");
    assert_eq!(get(&gateway, "/_gateway").await.header("location"), Some("/_gateway/"));
    assert_eq!(upstream.calls(), 0, "the console is nobody else's");
}

#[tokio::test]
async fn metrics_count_what_happened() {
    let upstream = Upstream::named("a").await;
    let gateway = gateway("[limit]\nrate = \"3/h\"\n", &[upstream.address]).await;
    for _ in 0..5 {
        get(&gateway, "/").await;
    }
    let metrics = get(&gateway, "/_gateway/metrics").await;
    assert!(metrics.header("content-type").unwrap().starts_with("application/openmetrics-text"));
    for line in [
        "gateway_requests_allowed_total 3\n",
        "gateway_requests_denied_total 2\n",
        "gateway_problems_total{kind=\"rate-limited\"} 2\n",
        "gateway_upstream_answers_total{upstream=\"a\",class=\"2xx\"} 3\n",
        "gateway_upstream_latency_seconds_count{upstream=\"a\"} 3\n",
        "gateway_upstream_in_flight{upstream=\"a\"} 0\n",
        "gateway_upstream_healthy{upstream=\"a\"} 1\n",
        "gateway_upstream_breaker{upstream=\"a\",state=\"Closed\"} 1\n",
        "gateway_upstream_breaker{upstream=\"a\",state=\"Open\"} 0\n",
        "gateway_clients 1\n",
        "# EOF\n",
    ] {
        assert!(metrics.body.contains(line), "{line:?} is missing in:\n{}", metrics.body);
    }
}

#[tokio::test]
async fn the_demo_greets_and_its_servers_die_and_rise() {
    let gateway = demo().await;
    let hello = get(&gateway, "/hello").await;
    assert!(hello.body.contains("\"path\":\"/hello\""), "{}", hello.body);

    assert_eq!(post(&gateway, "/_gateway/upstreams/good/kill").await.status, StatusCode::OK);
    until(&gateway, "good", |one| one["healthy"] == false && one["running"] == false).await;
    for _ in 0..20 {
        assert!(!get(&gateway, "/").await.body.contains("\"good\""));
    }
    assert_eq!(post(&gateway, "/_gateway/upstreams/good/revive").await.status, StatusCode::OK);
    until(&gateway, "good", |one| one["healthy"] == true && one["running"] == true).await;
}

#[tokio::test]
async fn commands_that_make_no_sense_say_what_does() {
    let gateway = demo().await;
    let answer = post(&gateway, "/_gateway/upstreams/best/kill").await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    assert!(answer.body.contains("flaky"), "{}", answer.body);
    let answer = post(&gateway, "/_gateway/upstreams/good/tickle").await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    assert!(answer.body.contains("undrain"), "{}", answer.body);

    let upstream = Upstream::named("a").await;
    let real = support::gateway("", &[upstream.address]).await;
    let answer = post(&real, "/_gateway/upstreams/a/kill").await;
    assert_eq!(answer.status, StatusCode::CONFLICT, "only the demo's servers can be killed");
}

#[tokio::test]
async fn strangers_and_foreign_pages_are_turned_away() {
    let upstream = Upstream::named("a").await;
    let closed = gateway("[console]\nallow = [\"192.0.2.0/24\"]\n", &[upstream.address]).await;
    for path in ["/_gateway/", "/_gateway/metrics", "/_gateway/upstreams"] {
        assert_eq!(get(&closed, path).await.status, StatusCode::FORBIDDEN);
    }
    let open = gateway("", &[upstream.address]).await;
    let drain = async |origin: &str| {
        let path = "/_gateway/upstreams/a/drain";
        let asked = request(path).method("POST").header("origin", origin).body(full("")).unwrap();
        read(send(&open, asked).await).await.status
    };
    assert_eq!(drain("http://evil.test").await, StatusCode::FORBIDDEN);
    assert_eq!(drain("null").await, StatusCode::FORBIDDEN);
    assert_eq!(drain("http://gateway.test").await, StatusCode::OK);
}
