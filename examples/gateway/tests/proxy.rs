//! What arrives at an upstream and what comes back.

mod support;

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use http::{HeaderMap, Request, Response, StatusCode};
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use hyper_util::rt::TokioIo;
use support::{Upstream, full, gateway, get, read, request, send, text};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{Mutex, mpsc};
use tokio_stream::wrappers::ReceiverStream;

/// A body that is fed by hand.
fn fed() -> (mpsc::Sender<&'static str>, support::Body) {
    let (feed, food) = mpsc::channel::<&'static str>(1);
    let frames = ReceiverStream::new(food)
        .map(|part| Ok::<_, Infallible>(Frame::data(Bytes::from_static(part.as_bytes()))));
    (feed, StreamBody::new(frames).map_err(|never| match never {}).boxed())
}

#[tokio::test]
async fn bodies_stream_both_ways_piece_by_piece() {
    let echo =
        Upstream::start(|request| async { Response::new(request.into_body().boxed()) }).await;
    let gateway = gateway("", &[echo.address]).await;
    let (feed, body) = fed();

    feed.send("one").await.unwrap();
    let response = send(&gateway, request("/echo").method("POST").body(body).unwrap()).await;
    assert_eq!(response.status(), StatusCode::OK);
    let mut back = response.into_body();
    // Each piece is back before the next is sent: nobody in between waits for the end.
    for piece in ["one", "two", "three"] {
        if piece != "one" {
            feed.send(piece).await.unwrap();
        }
        let frame = tokio::time::timeout(Duration::from_secs(5), back.frame()).await;
        let data = frame.expect("the piece is buffered somewhere").unwrap().unwrap().into_data();
        assert_eq!(data.unwrap(), piece);
    }
    drop(feed);
    assert!(back.frame().await.is_none());
}

/// An upstream that keeps the head of the last request.
async fn recorder() -> (Upstream, Arc<Mutex<HeaderMap>>) {
    let seen = Arc::new(Mutex::new(HeaderMap::new()));
    let record = Arc::clone(&seen);
    let upstream = Upstream::start(move |request: Request<_>| {
        let record = Arc::clone(&record);
        async move {
            *record.lock().await = request.headers().clone();
            let mut response = text("seen");
            for (name, value) in [
                ("connection", "x-secret, close"),
                ("x-secret", "of this hop"),
                ("keep-alive", "timeout=5"),
                ("proxy-authenticate", "Basic"),
                ("x-kept", "yes"),
                ("x-request-id", "not-the-clients"),
            ] {
                response.headers_mut().append(name, value.parse().unwrap());
            }
            response
        }
    })
    .await;
    (upstream, seen)
}

#[tokio::test]
async fn fields_of_one_hop_stay_on_that_hop() {
    let (upstream, seen) = recorder().await;
    let gateway = gateway("", &[upstream.address]).await;
    let asked = request("/")
        .header("connection", "X-Private, keep-alive")
        .header("x-private", "1")
        .header("keep-alive", "timeout=9")
        .header("proxy-connection", "keep-alive")
        .header("proxy-authorization", "Basic eA==")
        .header("te", "trailers")
        .header("x-kept", "1")
        .body(full(""))
        .unwrap();
    let answer = read(send(&gateway, asked).await).await;

    let seen = seen.lock().await;
    for gone in ["x-private", "keep-alive", "proxy-connection", "proxy-authorization", "connection"]
    {
        assert!(!seen.contains_key(gone), "{gone} reached the upstream: {seen:?}");
    }
    assert_eq!(seen["te"], "trailers");
    assert_eq!(seen["x-kept"], "1");
    assert_eq!(seen["via"], "1.1 voussoir");
    for gone in ["x-secret", "keep-alive", "proxy-authenticate"] {
        assert_eq!(answer.header(gone), None, "{gone} reached the client");
    }
    assert_eq!(answer.header("x-kept"), Some("yes"));
    assert_eq!(answer.header("via"), Some("1.1 voussoir"));
}

#[tokio::test]
async fn request_ids_are_kept_when_fit_and_made_when_not() {
    let (upstream, seen) = recorder().await;
    let gateway = gateway("", &[upstream.address]).await;
    let ask = async |id: Option<&str>| {
        let mut asked = request("/");
        if let Some(id) = id {
            asked = asked.header("x-request-id", id);
        }
        let answer = read(send(&gateway, asked.body(full("")).unwrap()).await).await;
        let there = seen.lock().await["x-request-id"].to_str().unwrap().to_owned();
        assert_eq!(answer.header("x-request-id"), Some(there.as_str()), "both sides see one id");
        there
    };
    assert_eq!(ask(Some("order-17.a")).await, "order-17.a");
    let made = ask(None).await;
    assert_eq!(made.len(), 32);
    assert_ne!(made, ask(None).await);
    assert_eq!(ask(Some("has spaces; and more")).await.len(), 32);
    assert_eq!(ask(Some(&"x".repeat(200))).await.len(), 32);
}

#[tokio::test]
async fn a_strangers_claims_about_its_origin_are_replaced() {
    let (upstream, seen) = recorder().await;
    let gateway = gateway("", &[upstream.address]).await;
    let asked = request("/")
        .header("x-forwarded-for", "203.0.113.9")
        .header("x-forwarded-proto", "https")
        .header("x-forwarded-host", "bank.example")
        .header("x-real-ip", "203.0.113.9")
        .header("forwarded", "for=203.0.113.9")
        .body(full(""))
        .unwrap();
    read(send(&gateway, asked).await).await;
    let seen = seen.lock().await;
    assert_eq!(seen["x-forwarded-for"], "127.0.0.1");
    assert_eq!(seen["x-forwarded-proto"], "http");
    assert_eq!(seen["x-forwarded-host"], "gateway.test");
    assert_eq!(seen["host"], "gateway.test");
    assert!(!seen.contains_key("forwarded") && !seen.contains_key("x-real-ip"));
}

#[tokio::test]
async fn a_trusted_proxys_claims_are_completed() {
    let (upstream, seen) = recorder().await;
    let trust = "[client]\ntrusted_proxies = [\"127.0.0.1/32\"]\n";
    let gateway = gateway(trust, &[upstream.address]).await;
    let asked = request("/")
        .header("x-forwarded-for", "203.0.113.9")
        .header("x-forwarded-proto", "https")
        .header("forwarded", "for=203.0.113.9")
        .body(full(""))
        .unwrap();
    read(send(&gateway, asked).await).await;
    let seen = seen.lock().await;
    assert_eq!(seen["x-forwarded-for"], "203.0.113.9, 127.0.0.1");
    assert_eq!(seen["x-forwarded-proto"], "https");
    assert_eq!(seen["forwarded"], "for=203.0.113.9, for=127.0.0.1;proto=http");
}

/// Writes bytes and reads all that comes back.
async fn raw(gateway: &gateway::Gateway, bytes: &str) -> String {
    let mut stream = TcpStream::connect(gateway.address()).await.unwrap();
    stream.write_all(bytes.as_bytes()).await.unwrap();
    let mut back = String::new();
    let reading = stream.read_to_string(&mut back);
    tokio::time::timeout(Duration::from_secs(5), reading).await.unwrap().unwrap();
    back
}

#[tokio::test]
async fn the_host_is_the_targets_and_there_is_one() {
    let (upstream, seen) = recorder().await;
    let gateway = gateway("", &[upstream.address]).await;
    let none = raw(&gateway, "GET / HTTP/1.1\r\nConnection: close\r\n\r\n").await;
    assert!(none.starts_with("HTTP/1.1 400 "), "{none}");
    let two = "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n";
    assert!(raw(&gateway, two).await.starts_with("HTTP/1.1 400 "));
    let absolute = "GET http://real.test/x HTTP/1.1\r\nHost: other\r\nConnection: close\r\n\r\n";
    assert!(raw(&gateway, absolute).await.starts_with("HTTP/1.1 200 "));
    assert_eq!(seen.lock().await["host"], "real.test");
    let old = raw(&gateway, "GET / HTTP/1.0\r\n\r\n").await;
    assert!(old.starts_with("HTTP/1.0 200 ") && old.ends_with("seen"), "{old}");
    assert_eq!(seen.lock().await["via"], "1.0 voussoir");
}

#[tokio::test]
async fn each_way_of_having_no_answer_has_its_own_name() {
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let sleepy = Upstream::start(|_| async { std::future::pending().await }).await;
    let rude = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let rude_address = rude.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = rude.accept().await {
            stream.write_all(b"what?\r\n\r\n").await.unwrap();
        }
    });
    let rules =
        "[health]\ninterval = \"1h\"\nunhealthy_after = 2\n[timeouts]\nresponse = \"100ms\"\n";
    for (address, status, kind) in [
        (nobody, 502, "connect-failed"),
        (rude_address, 502, "bad-response"),
        (sleepy.address, 504, "response-timeout"),
    ] {
        let gateway = gateway(rules, &[address]).await;
        for _ in 0..3 {
            let answer = get(&gateway, "/").await;
            if answer.status == StatusCode::SERVICE_UNAVAILABLE {
                break;
            }
            assert_eq!(answer.status.as_u16(), status, "{}", answer.body);
            assert_eq!(answer.header("content-type"), Some("application/problem+json"));
            let problem: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
            assert_eq!(problem["type"], format!("urn:voussoir:gateway:{kind}"));
            assert_eq!(problem["status"], status);
        }
        let answer = get(&gateway, "/").await;
        assert_eq!(answer.status.as_u16(), 503);
        assert!(answer.body.contains("no-healthy-upstream"), "{}", answer.body);
    }
}

#[tokio::test]
async fn a_client_that_stops_uploading_is_no_fault_of_the_upstream() {
    let echo = Upstream::start(|request: Request<hyper::body::Incoming>| async {
        request.into_body().collect().await.unwrap();
        text("all of it")
    })
    .await;
    let rules =
        "[health]\ninterval = \"1h\"\nunhealthy_after = 1\n[timeouts]\nresponse = \"100ms\"\n";
    let gateway = gateway(rules, &[echo.address]).await;
    let (_feed, body) = fed();
    let response = send(&gateway, request("/").method("POST").body(body).unwrap()).await;
    assert_eq!(response.status(), StatusCode::REQUEST_TIMEOUT);
    assert_eq!(support::upstream(&gateway, "a").await["healthy"], true);
}

#[tokio::test]
async fn switched_connections_carry_bytes_both_ways() {
    let upstream = Upstream::start(|mut request: Request<hyper::body::Incoming>| async move {
        assert_eq!(request.headers()["upgrade"], "shout");
        tokio::spawn(async move {
            let upgraded = hyper::upgrade::on(&mut request).await.unwrap();
            let mut stream = TokioIo::new(upgraded);
            let mut heard = [0; 5];
            stream.read_exact(&mut heard).await.unwrap();
            stream.write_all(&heard.to_ascii_uppercase()).await.unwrap();
        });
        let mut response = text("");
        *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        response.headers_mut().insert("connection", "upgrade".parse().unwrap());
        response.headers_mut().insert("upgrade", "shout".parse().unwrap());
        response
    })
    .await;
    let gateway = gateway("", &[upstream.address]).await;
    let asked = request("/")
        .header("connection", "upgrade")
        .header("upgrade", "shout")
        .body(full(""))
        .unwrap();
    let mut response = send(&gateway, asked).await;
    assert_eq!(response.status(), StatusCode::SWITCHING_PROTOCOLS);
    assert_eq!(response.headers()["upgrade"], "shout");
    let mut stream = TokioIo::new(hyper::upgrade::on(&mut response).await.unwrap());
    assert_eq!(support::upstream(&gateway, "a").await["in_flight"], 1);
    stream.write_all(b"hello").await.unwrap();
    let mut heard = String::new();
    stream.read_to_string(&mut heard).await.unwrap();
    assert_eq!(heard, "HELLO");
    drop(stream);
    support::until(&gateway, "a", |upstream| upstream["in_flight"] == 0).await;
}
