//! One request from the client's socket to an upstream and back.
//!
//! The clock is read twice: when the request is here, for limiter and breaker, and when the head of
//! the response is, for the latency.

use std::net::IpAddr;
use std::sync::Arc;

use http::{HeaderValue, Request, Response};
use hyper::body::Incoming;
use voussoir::time::{Clock, Nanos, SystemClock};

use crate::arrival::Arrival;
use crate::body::ResponseBody;
use crate::client_key::ClientKey;
use crate::connection::ExchangeError;
use crate::outbound::Outbound;
use crate::problem::Problem;
use crate::request_id::REQUEST_ID;
use crate::state::State;
use crate::upstream::Upstream;

/// The other end of a client's connection: what is worth knowing once for all its requests.
#[derive(Debug)]
pub(crate) struct Peer {
    pub(crate) address: IpAddr,
    pub(crate) text: HeaderValue,
    pub(crate) trusted: bool,
    /// The key of every request on this connection, when no field can change it.
    key: Option<ClientKey>,
}

impl Peer {
    pub(crate) fn new(address: IpAddr, state: &State) -> Self {
        let address = address.to_canonical();
        let text = HeaderValue::from_maybe_shared(bytes::Bytes::from(address.to_string()))
            .unwrap_or_else(|_| HeaderValue::from_static("unknown"));
        Self {
            address,
            text,
            trusted: state.keys.trusts(address),
            key: state.keys.is_fixed_for(address).then(|| state.keys.address_key(address)),
        }
    }
}

/// Answers a request that is not for the console.
pub(crate) async fn answer(
    state: &Arc<State>,
    peer: &Peer,
    mut request: Request<Incoming>,
) -> Response<ResponseBody> {
    let now = SystemClock.now();
    let id = state.request_ids.settle(request.headers_mut());
    let (client, decision) = if let Some(key) = &peer.key {
        (peer.address, state.limiter.check_at(now, key))
    } else {
        let address = state.keys.address(peer.address, request.headers());
        let key = state.keys.key(address, request.headers());
        (address, state.limiter.check_at(now, &key))
    };
    let answer = if decision.is_allowed() {
        state.metrics.allowed.inc();
        pass_on(state, peer, client, request, now).await
    } else {
        state.metrics.denied.inc();
        Err(Problem::RateLimited(decision.retry_after()))
    };
    let mut response = answer.unwrap_or_else(|problem| {
        tracing::debug!(?id, kind = problem.kind(), "answered with a problem");
        state.metrics.problem(problem);
        problem.response()
    });
    state.limit_fields.add(response.headers_mut(), &decision);
    response.headers_mut().insert(REQUEST_ID, id);
    response
}

/// Finds an upstream for a request that is within its client's limit.
async fn pass_on(
    state: &Arc<State>,
    peer: &Peer,
    client: IpAddr,
    request: Request<Incoming>,
    begun: Nanos,
) -> Result<Response<ResponseBody>, Problem> {
    let Outbound { mut request, mut upgrade } = Outbound::new(state, peer, request)?;
    let mut retries = state.config.balance.retries;
    let mut passed_over: Vec<Arc<Upstream>> = Vec::new();
    let mut trouble = Problem::NoHealthyUpstream;
    let mut now = begun;
    loop {
        let untried = |id: &str| !passed_over.iter().any(|upstream| upstream.id() == id);
        let pick = state.balancer.pick_for_ip_at(now, client, untried).map_err(|_| trouble)?;
        let upstream = Arc::clone(pick.value());
        // A breaker's refusal costs nothing and sends nothing: it takes no retry.
        let permit = match upstream.breaker().try_acquire_at(now) {
            Ok(permit) => permit,
            Err(open) => {
                pick.ignore();
                upstream.figures().refused();
                trouble =
                    trouble.or_breaker_open(open.retry_after().unwrap_or(std::time::Duration::MAX));
                passed_over.push(Arc::clone(&upstream));
                continue;
            }
        };
        let patience = state.config.timeouts.response;
        let error = match upstream.pool().exchange(request, patience).await {
            Ok((response, connection)) => {
                let arrival = Arrival { pick, permit, connection, upgrade: upgrade.take() };
                let after = SystemClock.now().saturating_duration_since(now);
                return Ok(arrival.receive(state, response, after));
            }
            Err(error) => error,
        };
        match error {
            ExchangeError::ClientBroke => {
                return Err(Problem::BadRequest("the request's body broke off"));
            }
            ExchangeError::ClientSilent => return Err(Problem::RequestTimeout),
            ExchangeError::Unsent { .. } | ExchangeError::Broken(_) | ExchangeError::Silent => {
                tracing::debug!(upstream = upstream.id(), %error, "no answer");
                upstream.figures().failed();
                permit.failure();
                pick.failure();
            }
        }
        match error {
            ExchangeError::Unsent { request: unsent, timed_out, .. } => {
                trouble = if timed_out { Problem::ConnectTimeout } else { Problem::ConnectFailed };
                if retries == 0 {
                    return Err(trouble);
                }
                retries -= 1;
                state.metrics.retries.inc();
                request = *unsent;
                passed_over.push(upstream);
                now = SystemClock.now();
            }
            ExchangeError::Silent => return Err(Problem::ResponseTimeout),
            _ => return Err(Problem::BadResponse),
        }
    }
}
