//! What the tests share: upstreams that do as they are told, a gateway in front of them, a client
//! that sees every byte.

#![allow(dead_code, reason = "each test file uses its part")]

use std::convert::Infallible;
use std::fmt::Write;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use gateway::{Config, Gateway};
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpSocket};
use tokio::task::JoinSet;

pub(crate) type Body = BoxBody<Bytes, hyper::Error>;

/// An upstream of a test. Dropping it kills it, connections and all.
#[derive(Debug)]
pub(crate) struct Upstream {
    pub(crate) address: SocketAddr,
    calls: Arc<AtomicU64>,
    task: tokio::task::JoinHandle<()>,
}

impl Upstream {
    /// One that answers `/healthz` by itself and all else as `answer` says.
    pub(crate) async fn start<A, F>(answer: A) -> Self
    where
        A: Fn(Request<Incoming>) -> F + Send + Sync + 'static,
        F: Future<Output = Response<Body>> + Send + 'static,
    {
        Self::start_at(SocketAddr::from(([127, 0, 0, 1], 0)), answer).await
    }

    pub(crate) async fn start_at<A, F>(address: SocketAddr, answer: A) -> Self
    where
        A: Fn(Request<Incoming>) -> F + Send + Sync + 'static,
        F: Future<Output = Response<Body>> + Send + 'static,
    {
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let calls = Arc::new(AtomicU64::new(0));
        let (answer, counted) = (Arc::new(answer), Arc::clone(&calls));
        let task = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (answer, counted) = (Arc::clone(&answer), Arc::clone(&counted));
                let service = service_fn(move |request: Request<Incoming>| {
                    let answer = Arc::clone(&answer);
                    let counted = Arc::clone(&counted);
                    async move {
                        if request.uri().path() == "/healthz" {
                            return Ok::<_, Infallible>(text("ok"));
                        }
                        counted.fetch_add(1, Ordering::SeqCst);
                        Ok(answer(request).await)
                    }
                });
                let connection = http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), service)
                    .with_upgrades();
                connections.spawn(connection);
            }
        });
        Self { address, calls, task }
    }

    /// One that says its name.
    pub(crate) async fn named(name: &'static str) -> Self {
        Self::start(move |_| async move { text(name) }).await
    }

    /// Requests so far, but for health checks.
    pub(crate) fn calls(&self) -> u64 {
        self.calls.load(Ordering::SeqCst)
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        self.task.abort();
    }
}

pub(crate) fn text(text: &'static str) -> Response<Body> {
    Response::new(full(text))
}

pub(crate) fn full(bytes: impl Into<Bytes>) -> Body {
    Full::new(bytes.into()).map_err(|never| match never {}).boxed()
}

pub(crate) fn status(status: StatusCode) -> Response<Body> {
    let mut response = text("");
    *response.status_mut() = status;
    response
}

/// A gateway on a free port with a limit nobody meets, before upstreams `a`, `b`, … and with
/// `more` lines of configuration.
pub(crate) async fn gateway(more: &str, upstreams: &[SocketAddr]) -> Gateway {
    Gateway::start(config(more, upstreams)).await.unwrap()
}

pub(crate) fn config(more: &str, upstreams: &[SocketAddr]) -> Config {
    let mut source = "listen = \"127.0.0.1:0\"\n".to_owned();
    if !more.contains("[limit]") {
        source.push_str("[limit]\nrate = \"100000/s\"\n");
    }
    if !more.contains("[health]") {
        source.push_str("[health]\ninterval = \"50ms\"\n");
    }
    source.push_str(more);
    for (id, address) in ('a'..).zip(upstreams) {
        write!(source, "\n[[upstream]]\nid = \"{id}\"\nurl = \"http://{address}\"\n").unwrap();
    }
    Config::parse("test.toml", &source).unwrap_or_else(|error| panic!("{error}"))
}

/// A response, read whole.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}

pub(crate) fn request(path: &str) -> http::request::Builder {
    Request::builder().uri(path).header("host", "gateway.test")
}

/// Sends over a connection of its own, from `127.0.0.1`.
pub(crate) async fn send(gateway: &Gateway, request: Request<Body>) -> Response<Incoming> {
    send_from([127, 0, 0, 1], gateway.address(), request).await
}

/// The same from another loopback address, as another client.
pub(crate) async fn send_from(
    client: [u8; 4],
    to: SocketAddr,
    request: Request<Body>,
) -> Response<Incoming> {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(SocketAddr::from((client, 0))).unwrap();
    let stream = socket.connect(to).await.unwrap();
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection.with_upgrades());
    sender.send_request(request).await.unwrap()
}

pub(crate) async fn read(response: Response<Incoming>) -> Answer {
    let (head, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    Answer {
        status: head.status,
        headers: head.headers,
        body: String::from_utf8(body.to_vec()).unwrap(),
    }
}

pub(crate) async fn get(gateway: &Gateway, path: &str) -> Answer {
    read(send(gateway, request(path).body(full("")).unwrap()).await).await
}

pub(crate) async fn post(gateway: &Gateway, path: &str) -> Answer {
    let request = request(path).method("POST").body(full("")).unwrap();
    read(send(gateway, request).await).await
}

/// What `/_gateway/upstreams` says of the upstream `id`.
pub(crate) async fn upstream(gateway: &Gateway, id: &str) -> serde_json::Value {
    let all: serde_json::Value =
        serde_json::from_str(&get(gateway, "/_gateway/upstreams").await.body).unwrap();
    let found = all["upstreams"].as_array().unwrap().iter().find(|one| one["id"] == id);
    found.unwrap_or_else(|| panic!("no upstream {id}")).clone()
}

/// Asks until the upstream `id` is as wanted, for at most ten seconds.
pub(crate) async fn until(
    gateway: &Gateway,
    id: &str,
    wanted: impl Fn(&serde_json::Value) -> bool,
) {
    let begun = Instant::now();
    loop {
        let now = upstream(gateway, id).await;
        if wanted(&now) {
            return;
        }
        assert!(begun.elapsed() < Duration::from_secs(10), "upstream {id} stays {now}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
