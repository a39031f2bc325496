//! A server of the demo. It has a manner, and it can be killed.

use std::convert::Infallible;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Request, Response, StatusCode};
use http_body_util::{BodyExt, Either, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use parking_lot::Mutex;
use tokio::net::TcpListener;
use tokio::task::{AbortHandle, JoinSet};

/// How a server behaves.
#[derive(Clone, Copy, Debug)]
pub(super) enum Manner {
    /// Answers within a few milliseconds.
    Good,
    /// Answers, but takes its time.
    Slow,
    /// Fails once in fifty times, and has a bad spell now and then in which it fails two times of
    /// three.
    Flaky,
}

/// A bad spell begins this often …
const SPELL_EVERY: Duration = Duration::from_secs(30);
/// … after a start of good behaviour …
const SPELL_FROM: Duration = Duration::from_secs(12);
/// … and ends here.
const SPELL_TO: Duration = Duration::from_secs(19);

/// One server.
#[derive(Debug)]
pub(super) struct Server {
    id: &'static str,
    address: SocketAddr,
    life: Arc<Life>,
    running: Mutex<Option<AbortHandle>>,
}

/// What its requests share.
#[derive(Debug)]
struct Life {
    id: &'static str,
    manner: Manner,
    born: Instant,
    asked: AtomicU64,
}

impl Server {
    pub(super) async fn start(id: &'static str, manner: Manner) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let life = Arc::new(Life { id, manner, born: Instant::now(), asked: AtomicU64::new(0) });
        let running = Mutex::new(Some(run(listener, Arc::clone(&life))));
        Ok(Self { id, address, life, running })
    }

    pub(super) fn id(&self) -> &'static str {
        self.id
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(super) fn is_running(&self) -> bool {
        self.running.lock().is_some()
    }

    /// Dropping the task drops the listener and every connection with it.
    pub(super) fn kill(&self) {
        if let Some(task) = self.running.lock().take() {
            task.abort();
        }
    }

    pub(super) async fn revive(&self) -> io::Result<()> {
        if self.is_running() {
            return Ok(());
        }
        let listener = TcpListener::bind(self.address).await?;
        *self.running.lock() = Some(run(listener, Arc::clone(&self.life)));
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

fn run(listener: TcpListener, life: Arc<Life>) -> AbortHandle {
    let accept = async move {
        let mut connections = JoinSet::new();
        while let Ok((stream, _)) = listener.accept().await {
            while connections.try_join_next().is_some() {}
            let life = Arc::clone(&life);
            let answer = service_fn(move |request| answer(Arc::clone(&life), request));
            let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), answer);
            connections.spawn(connection);
        }
    };
    tokio::spawn(accept).abort_handle()
}

/// Answers: `/healthz` well, `/echo` with what it was sent, anything else with a greeting.
async fn answer(
    life: Arc<Life>,
    request: Request<Incoming>,
) -> Result<Response<Either<Incoming, Full<Bytes>>>, Infallible> {
    let path = request.uri().path().to_owned();
    match path.as_str() {
        "/healthz" => return Ok(json(&serde_json::json!({ "status": "ok" })).map(Either::Right)),
        "/echo" => return Ok(Response::new(Either::Left(request.into_body()))),
        _ => {}
    }
    let count = life.asked.fetch_add(1, Ordering::Relaxed);
    tokio::time::sleep(life.delay(count)).await;
    // A body left unread would end the connection.
    let mut body = request.into_body();
    while let Some(Ok(_)) = body.frame().await {}
    let fails = life.fails(count);
    let said = if fails { "sorry" } else { "hello" };
    let answer = serde_json::json!({ "upstream": life.id, "path": path, "says": said });
    let mut response = json(&answer);
    if fails {
        *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
    }
    Ok(response.map(Either::Right))
}

fn json(value: &serde_json::Value) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(format!("{value}\n"))));
    let kind = HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}

impl Life {
    /// Delays that look alive and need no randomness: the count, stirred.
    fn delay(&self, count: u64) -> Duration {
        let stirred = count.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56;
        Duration::from_millis(match self.manner {
            Manner::Good => 2 + stirred / 40,
            Manner::Slow => 40 + stirred / 3,
            Manner::Flaky => 8 + stirred / 12,
        })
    }

    fn fails(&self, count: u64) -> bool {
        if !matches!(self.manner, Manner::Flaky) {
            return false;
        }
        let within = self.born.elapsed().as_millis() % SPELL_EVERY.as_millis();
        let spell = SPELL_FROM.as_millis()..SPELL_TO.as_millis();
        if spell.contains(&within) { !count.is_multiple_of(3) } else { count % 50 == 49 }
    }
}
