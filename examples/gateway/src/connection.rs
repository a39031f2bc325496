//! Connections to one upstream, kept open between requests.
//!
//! A pool of our own, rather than hyper-util's client, for one reason: here the connection exists
//! before the request is given away. When none can be made the request is still ours, whole, and
//! may go to another upstream whatever its method and body.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use http::uri::Authority;
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use parking_lot::Mutex;
use thiserror::Error;
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

use crate::body::RequestBody;

/// How long a finished exchange may take to free its connection before the connection is closed.
const SETTLE: Duration = Duration::from_secs(1);

/// The connections to one upstream.
#[derive(Debug)]
pub(crate) struct Pool {
    host: String,
    port: u16,
    connect_timeout: Duration,
    /// The address to connect from; the system's choice when absent.
    source: Option<IpAddr>,
    idle: Mutex<Idle>,
}

#[derive(Debug, Default)]
struct Idle {
    connections: Vec<SendRequest<RequestBody>>,
    /// The fewest that lay here since the last trim: so many nobody needed.
    unneeded: usize,
}

/// A connection that is ours alone until it is released.
#[derive(Debug)]
pub(crate) struct Connection {
    sender: SendRequest<RequestBody>,
    pool: Arc<Pool>,
    reused: bool,
}

/// Why there is no response.
#[derive(Debug, Error)]
pub(crate) enum ExchangeError {
    /// The request is given back.
    #[error("no connection could be made: {cause}")]
    Unsent { request: Box<Request<RequestBody>>, timed_out: bool, cause: io::Error },
    #[error("the upstream hung up or spoke no HTTP: {0}")]
    Broken(hyper::Error),
    #[error("the upstream said nothing in time")]
    Silent,
    #[error("the client broke its body off")]
    ClientBroke,
    #[error("the client left its body hanging")]
    ClientSilent,
}

impl Pool {
    pub(crate) fn new(upstream: &Authority, connect_timeout: Duration) -> Self {
        Self {
            host: upstream.host().trim_matches(['[', ']']).to_owned(),
            port: upstream.port_u16().unwrap_or(80),
            connect_timeout,
            source: None,
            idle: Mutex::default(),
        }
    }

    /// The same, from an address of this machine.
    pub(crate) fn from(mut self, source: IpAddr) -> Self {
        self.source = Some(source);
        self
    }

    /// Sends a request and waits for the head of the response, at most `patience` after the last
    /// byte of the request.
    ///
    /// # Errors
    ///
    /// See [`ExchangeError`].
    pub(crate) async fn exchange(
        self: &Arc<Self>,
        mut request: Request<RequestBody>,
        patience: Duration,
    ) -> Result<(Response<Incoming>, Connection), ExchangeError> {
        loop {
            let mut connection = match self.acquire().await {
                Ok(connection) => connection,
                Err(cause) => {
                    let timed_out = cause.kind() == io::ErrorKind::TimedOut;
                    let request = Box::new(request);
                    return Err(ExchangeError::Unsent { request, timed_out, cause });
                }
            };
            let upload = request.body().upload();
            let mut sending = std::pin::pin!(connection.sender.try_send_request(request));
            let answer = loop {
                let before = upload.as_ref().map(|upload| upload.moved());
                if let Ok(answer) = timeout(patience, sending.as_mut()).await {
                    break answer;
                }
                match &upload {
                    Some(upload) if Some(upload.moved()) != before => {}
                    Some(upload) if upload.waits_for_client() => {
                        return Err(ExchangeError::ClientSilent);
                    }
                    _ => return Err(ExchangeError::Silent),
                }
            };
            match answer {
                Ok(response) => return Ok((response, connection)),
                Err(mut error) => match error.take_message() {
                    // The upstream had closed the idle connection before it saw our request.
                    Some(unsent) if connection.reused => request = unsent,
                    _ if upload.is_some_and(|upload| upload.is_broken()) => {
                        return Err(ExchangeError::ClientBroke);
                    }
                    _ => return Err(ExchangeError::Broken(error.into_error())),
                },
            }
        }
    }

    /// Closes the connections that nobody needed since the last call.
    pub(crate) fn trim(&self) {
        let mut idle = self.idle.lock();
        let unneeded = idle.unneeded.min(idle.connections.len());
        idle.connections.drain(..unneeded);
        idle.unneeded = idle.connections.len();
    }

    async fn acquire(self: &Arc<Self>) -> io::Result<Connection> {
        while let Some(sender) = self.pop() {
            if sender.is_ready() {
                return Ok(Connection { sender, pool: Arc::clone(self), reused: true });
            }
        }
        let sender = timeout(self.connect_timeout, self.connect()).await??;
        Ok(Connection { sender, pool: Arc::clone(self), reused: false })
    }

    /// The connection used last: the others rest until they are trimmed.
    fn pop(&self) -> Option<SendRequest<RequestBody>> {
        let mut idle = self.idle.lock();
        let sender = idle.connections.pop();
        idle.unneeded = idle.unneeded.min(idle.connections.len());
        sender
    }

    async fn connect(&self) -> io::Result<SendRequest<RequestBody>> {
        let stream = match self.source {
            None => TcpStream::connect((self.host.as_str(), self.port)).await?,
            Some(source) => self.connect_from(source).await?,
        };
        stream.set_nodelay(true)?;
        let (sender, connection) =
            http1::handshake(TokioIo::new(stream)).await.map_err(io::Error::other)?;
        tokio::spawn(async move {
            if let Err(error) = connection.with_upgrades().await {
                tracing::debug!(%error, "a connection to an upstream ended badly");
            }
        });
        Ok(sender)
    }

    async fn connect_from(&self, source: IpAddr) -> io::Result<TcpStream> {
        let mut hosts = tokio::net::lookup_host((self.host.as_str(), self.port)).await?;
        let target = hosts
            .find(|target| target.is_ipv4() == source.is_ipv4())
            .ok_or(io::ErrorKind::AddrNotAvailable)?;
        let socket = if source.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        socket.bind(SocketAddr::new(source, 0))?;
        socket.connect(target).await
    }
}

impl Connection {
    /// Gives it back, once the response's body has ended.
    pub(crate) fn release(self) {
        let Self { mut sender, pool, .. } = self;
        if sender.is_ready() {
            pool.idle.lock().connections.push(sender);
            return;
        }
        // On another thread hyper may be a moment behind us; or the client still uploads to an
        // upstream that has already answered.
        tokio::spawn(async move {
            if let Ok(Ok(())) = timeout(SETTLE, sender.ready()).await {
                pool.idle.lock().connections.push(sender);
            }
        });
    }
}
