//! Active health checks: each upstream is asked on an interval whether it is well. What the calls
//! themselves show is reported where they end; both count in the same rows of failures and
//! successes.

use std::sync::Arc;
use std::time::Duration;

use http::header::{HOST, USER_AGENT};
use http::{HeaderValue, Method, Request, Uri};
use http_body_util::BodyExt;
use tokio::time::{MissedTickBehavior, interval, timeout};
use voussoir::balance::Probe;

use crate::body::RequestBody;
use crate::shutdown::Lease;
use crate::state::State;
use crate::upstream::Upstream;

/// How often connections that nobody needs are closed.
const TRIM_EVERY: Duration = Duration::from_secs(30);

/// Begins to watch all upstreams.
pub(crate) fn watch(state: &Arc<State>) {
    for upstream in &state.upstreams {
        tokio::spawn(probe_forever(Arc::clone(state), Arc::clone(upstream), state.lease.watcher()));
    }
    tokio::spawn(trim_forever(state.upstreams.clone(), state.lease.watcher()));
}

async fn probe_forever(state: Arc<State>, upstream: Arc<Upstream>, mut lease: Lease) {
    let mut ticks = interval(state.config.health.interval);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = lease.draining() => return,
        }
        let well = timeout(state.config.health.timeout, probe(&state, &upstream)).await;
        let verdict = if well == Ok(true) { Probe::Success } else { Probe::Failure };
        // The only error is that nobody knows the upstream any more.
        _ = state.balancer.report(upstream.id(), verdict);
    }
}

/// Whether the upstream answers 2xx, to the last byte.
async fn probe(state: &State, upstream: &Upstream) -> bool {
    let health = &state.config.health;
    let mut request = Request::new(RequestBody::Empty);
    *request.method_mut() = Method::GET;
    *request.uri_mut() = health.path.parse().unwrap_or_else(|_| Uri::from_static("/"));
    let Ok(host) = HeaderValue::from_str(upstream.authority().as_str()) else { return false };
    request.headers_mut().insert(HOST, host);
    request.headers_mut().insert(USER_AGENT, HeaderValue::from_static("voussoir-gateway-health"));
    let Ok((response, connection)) = upstream.pool().exchange(request, health.timeout).await else {
        return false;
    };
    let well = response.status().is_success();
    let mut body = response.into_body();
    while let Some(frame) = body.frame().await {
        if frame.is_err() {
            return false;
        }
    }
    connection.release();
    well
}

async fn trim_forever(upstreams: Vec<Arc<Upstream>>, mut lease: Lease) {
    let mut ticks = interval(TRIM_EVERY);
    loop {
        tokio::select! {
            _ = ticks.tick() => upstreams.iter().for_each(|upstream| upstream.pool().trim()),
            () = lease.draining() => return,
        }
    }
}
