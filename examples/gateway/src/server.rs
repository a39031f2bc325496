//! The listening socket, the connections it yields, and the end of both.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use thiserror::Error;
use tokio::net::{TcpListener, TcpStream};
use voussoir::ConfigError;

use crate::body::ResponseBody;
use crate::config::Config;
use crate::console::Console;
use crate::demo::Demo;
use crate::proxy::{self, Peer};
use crate::shutdown::{Lease, Shutdown};
use crate::state::State;
use crate::{events, health};

/// A gateway that runs.
#[derive(Debug)]
pub struct Gateway {
    address: SocketAddr,
    patience: Duration,
    shutdown: Shutdown,
}

/// Why a gateway did not start.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StartError {
    /// The socket is not to be had.
    #[error("cannot listen on {address}: {cause}")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// What the system said.
        #[source]
        cause: io::Error,
    },
    /// The configuration was not checked before.
    #[error(transparent)]
    Config(#[from] ConfigError),
}

impl Gateway {
    /// Starts a gateway over the upstreams of a configuration.
    ///
    /// # Errors
    ///
    /// The address is taken, or the configuration does not hold together.
    pub async fn start(config: Config) -> Result<Self, StartError> {
        Self::start_with(config, None).await
    }

    /// Starts a gateway over the demo's upstreams, whatever those of the configuration are.
    ///
    /// # Errors
    ///
    /// The address is taken, or the configuration does not hold together.
    pub async fn start_demo(mut config: Config, demo: Demo) -> Result<Self, StartError> {
        config.upstreams = demo.upstreams();
        Self::start_with(config, Some(demo)).await
    }

    async fn start_with(config: Config, demo: Option<Demo>) -> Result<Self, StartError> {
        let address = config.listen;
        let listen = |cause| StartError::Listen { address, cause };
        let listener = TcpListener::bind(address).await.map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;
        let patience = config.timeouts.shutdown;

        let shutdown = Shutdown::new();
        let state = Arc::new(State::new(config, demo, shutdown.watcher())?);
        health::watch(&state);
        events::watch(&state);
        if let Some(demo) = &state.demo {
            demo.open_to_visitors(address, &shutdown.watcher());
        }
        tokio::spawn(accept(listener, state, shutdown.lease()));
        Ok(Self { address, patience, shutdown })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Stops: no new connections, running requests may end within the configured time, the rest is
    /// cut. Whether all of them ended.
    pub async fn stop(self) -> bool {
        self.shutdown.run(self.patience).await
    }
}

/// Takes connections until the gateway drains.
async fn accept(listener: TcpListener, state: Arc<State>, mut lease: Lease) {
    let console = Console::new(&state);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = lease.draining() => return,
        };
        match accepted {
            Ok((stream, peer)) => {
                let (state, console, lease) = (Arc::clone(&state), console.clone(), lease.clone());
                tokio::spawn(serve(stream, peer, state, console, lease));
            }
            // Out of file descriptors, most likely: others will be closed soon.
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

/// Serves one connection.
async fn serve(
    stream: TcpStream,
    peer: SocketAddr,
    state: Arc<State>,
    console: Console,
    mut lease: Lease,
) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a connection ended before it began");
        return;
    }
    let peer = Arc::new(Peer::new(peer.ip(), &state));
    let request_head = state.config.timeouts.request_head;
    let service = service_fn(move |request| {
        let (state, peer, console) = (Arc::clone(&state), Arc::clone(&peer), console.clone());
        async move { Ok::<_, Infallible>(route(&state, &peer, &console, request).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(request_head)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    let mut connection = pin!(connection);
    let served = tokio::select! {
        biased;
        served = connection.as_mut() => served,
        () = lease.draining() => {
            connection.as_mut().graceful_shutdown();
            tokio::select! {
                served = connection => served,
                () = lease.cut() => Ok(()),
            }
        }
    };
    if let Err(error) = served {
        tracing::debug!(%error, "a client's connection ended badly");
    }
}

async fn route(
    state: &Arc<State>,
    peer: &Peer,
    console: &Console,
    request: Request<Incoming>,
) -> Response<ResponseBody> {
    if Console::serves(request.uri().path()) {
        console.answer(state, peer, request).await
    } else {
        proxy::answer(state, peer, request).await
    }
}
