//! What clients see when upstreams fail: as little as possible.

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use http::{Response, StatusCode};
use http_body_util::BodyExt;
use support::{Upstream, full, gateway, get, post, request, send, status, text, until};

#[tokio::test]
async fn killing_an_upstream_loses_no_request_once_it_is_unhealthy() {
    let (a, b) = (Upstream::named("a").await, Upstream::named("b").await);
    let gateway = gateway("", &[a.address, b.address]).await;
    for _ in 0..20 {
        assert_eq!(get(&gateway, "/").await.status, StatusCode::OK);
    }
    assert!(a.calls() > 0 && b.calls() > 0, "both work");
    drop(a);
    until(&gateway, "a", |upstream| upstream["healthy"] == false).await;
    for _ in 0..200 {
        let answer = get(&gateway, "/").await;
        assert_eq!((answer.status, answer.body.as_str()), (StatusCode::OK, "b"));
    }
}

#[tokio::test]
async fn a_connection_that_cannot_be_made_is_retried_elsewhere_even_with_a_body() {
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let echo =
        Upstream::start(|request| async { Response::new(request.into_body().boxed()) }).await;
    let rules = "[health]\ninterval = \"1h\"\nunhealthy_after = 1000\n[breaker]\nwindow = 63\nmin_calls = 63\n";
    let with_retry = gateway(rules, &[nobody, echo.address]).await;
    for _ in 0..20 {
        let asked = request("/").method("POST").body(full("the body")).unwrap();
        let answer = support::read(send(&with_retry, asked).await).await;
        assert_eq!((answer.status, answer.body.as_str()), (StatusCode::OK, "the body"));
    }
    let metrics = get(&with_retry, "/_gateway/metrics").await.body;
    assert!(!metrics.contains("gateway_retries_total 0\n"), "the dead one was tried");

    let rules = format!("{rules}[balance]\nretries = 0\n");
    let without = gateway(&rules, &[nobody, echo.address]).await;
    let mut failed = 0;
    for _ in 0..20 {
        failed += usize::from(get(&without, "/").await.status == StatusCode::BAD_GATEWAY);
    }
    assert!(failed > 0);
}

#[tokio::test]
async fn the_breaker_opens_on_failures_and_closes_on_recovery() {
    let ill = Arc::new(AtomicBool::new(true));
    let state = Arc::clone(&ill);
    let upstream = Upstream::start(move |_| {
        let ill = state.load(Ordering::SeqCst);
        async move { if ill { status(StatusCode::INTERNAL_SERVER_ERROR) } else { text("well") } }
    })
    .await;
    let rules = "[health]\ninterval = \"1h\"\nunhealthy_after = 1000\n\
                 [breaker]\nwindow = 10\nmin_calls = 4\nopen_for = \"300ms\"\nhalf_open_calls = 2\n";
    let gateway = gateway(rules, &[upstream.address]).await;
    for _ in 0..4 {
        assert_eq!(get(&gateway, "/").await.status, StatusCode::INTERNAL_SERVER_ERROR);
    }
    assert_eq!(support::upstream(&gateway, "a").await["breaker"]["state"], "open");
    let calls = upstream.calls();
    let answer = get(&gateway, "/").await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(answer.body.contains("breaker-open"), "{}", answer.body);
    assert_eq!(answer.header("retry-after"), Some("1"));
    assert_eq!(upstream.calls(), calls, "an open breaker lets nothing through");

    ill.store(false, Ordering::SeqCst);
    tokio::time::sleep(Duration::from_millis(350)).await;
    for _ in 0..5 {
        assert_eq!(get(&gateway, "/").await.status, StatusCode::OK);
    }
    assert_eq!(support::upstream(&gateway, "a").await["breaker"]["state"], "closed");
}

#[tokio::test]
async fn an_open_breaker_sends_requests_elsewhere() {
    let ill = Upstream::start(|_| async { status(StatusCode::BAD_GATEWAY) }).await;
    let well = Upstream::named("well").await;
    let rules = "[health]\ninterval = \"1h\"\nunhealthy_after = 1000\n\
                 [breaker]\nwindow = 10\nmin_calls = 4\nopen_for = \"1h\"\n[balance]\nretries = 0\n";
    let gateway = gateway(rules, &[ill.address, well.address]).await;
    while support::upstream(&gateway, "a").await["breaker"]["state"] != "open" {
        get(&gateway, "/").await;
    }
    for _ in 0..50 {
        assert_eq!(get(&gateway, "/").await.body, "well");
    }
}

#[tokio::test]
async fn four_hundreds_are_the_clients_fault() {
    let upstream = Upstream::start(|_| async { status(StatusCode::NOT_FOUND) }).await;
    let rules =
        "[health]\ninterval = \"1h\"\nunhealthy_after = 2\n[breaker]\nwindow = 10\nmin_calls = 2\n";
    let gateway = gateway(rules, &[upstream.address]).await;
    for _ in 0..20 {
        assert_eq!(get(&gateway, "/").await.status, StatusCode::NOT_FOUND);
    }
    let now = support::upstream(&gateway, "a").await;
    assert_eq!((&now["healthy"], &now["breaker"]["state"]), (&true.into(), &"closed".into()));
}

#[tokio::test]
async fn draining_ends_new_work_and_lets_old_work_end() {
    let (release, wait) = tokio::sync::watch::channel(false);
    let slow = Upstream::start(move |_| {
        let mut wait = wait.clone();
        async move {
            wait.wait_for(|released| *released).await.unwrap();
            text("slow")
        }
    })
    .await;
    let gateway = Arc::new(gateway("", &[slow.address]).await);
    let running = tokio::spawn({
        let gateway = Arc::clone(&gateway);
        async move { get(&gateway, "/").await }
    });
    until(&gateway, "a", |upstream| upstream["in_flight"] == 1).await;

    assert_eq!(post(&gateway, "/_gateway/upstreams/a/drain").await.status, StatusCode::OK);
    let refused = get(&gateway, "/").await;
    assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(refused.body.contains("no-healthy-upstream"));
    release.send(true).unwrap();
    assert_eq!(running.await.unwrap().body, "slow", "what ran goes on");

    post(&gateway, "/_gateway/upstreams/a/undrain").await;
    assert_eq!(get(&gateway, "/").await.body, "slow");
}

#[tokio::test]
async fn least_connections_sees_bodies_that_still_stream() {
    let endless = |name: &'static str| {
        Upstream::start(move |_| async move {
            let first = futures_util::stream::iter([Ok(http_body::Frame::data(name.into()))]);
            let never = futures_util::stream::pending();
            let body = futures_util::StreamExt::chain(first, never);
            Response::new(http_body_util::BodyExt::boxed(http_body_util::StreamBody::new(body)))
        })
    };
    let (a, b) = (endless("a").await, endless("b").await);
    let gateway = gateway("", &[a.address, b.address]).await;
    let mut open = Vec::new();
    for _ in 0..6 {
        open.push(send(&gateway, request("/").body(full("")).unwrap()).await);
    }
    assert_eq!((a.calls(), b.calls()), (3, 3));
    open.clear();
    until(&gateway, "a", |upstream| upstream["in_flight"] == 0).await;
    until(&gateway, "b", |upstream| upstream["in_flight"] == 0).await;
    let now = support::upstream(&gateway, "a").await;
    assert_eq!(now["healthy"], true, "clients that leave say nothing about health");
}
