//! Everything under `/_gateway/`: who may open it, and what is where.

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};
use http::header::{HOST, ORIGIN};
use http::{HeaderMap, Method, Request, Response};
use hyper::body::Incoming;
use hyper::service::Service;
use hyper_util::service::TowerToHyperService;

use crate::body::ResponseBody;
use crate::problem::Problem;
use crate::proxy::Peer;
use crate::state::State;
use crate::{admin, dashboard};

/// The gateway's own pages.
#[derive(Clone, Debug)]
pub(crate) struct Console {
    pages: TowerToHyperService<Router>,
}

impl Console {
    pub(crate) fn new(state: &Arc<State>) -> Self {
        let pages = Router::new()
            .route("/_gateway", get(dashboard::redirect))
            .route("/_gateway/", get(dashboard::page))
            .route("/_gateway/events", get(dashboard::events))
            .route("/_gateway/metrics", get(admin::metrics))
            .route("/_gateway/upstreams", get(admin::list))
            .route("/_gateway/upstreams/{id}/{act}", post(admin::act))
            .route("/_gateway/traffic/{level}", post(admin::traffic))
            .with_state(Arc::clone(state));
        Self { pages: TowerToHyperService::new(pages) }
    }

    /// Whether a path is ours rather than an upstream's.
    pub(crate) fn serves(path: &str) -> bool {
        path.strip_prefix("/_gateway").is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    /// Answers, if the client may ask.
    pub(crate) async fn answer(
        &self,
        state: &State,
        peer: &Peer,
        request: Request<Incoming>,
    ) -> Response<ResponseBody> {
        let client = state.keys.address(peer.address, request.headers());
        if !state.config.console.allow.iter().any(|net| net.contains(client)) {
            let why = "this address is not in `console.allow`";
            return Problem::Forbidden(why).response();
        }
        if request.method() == Method::POST && is_from_elsewhere(request.headers()) {
            let why = "a page of another origin may not command this gateway";
            return Problem::Forbidden(why).response();
        }
        match self.pages.call(request).await {
            Ok(response) => response.map(ResponseBody::console),
            Err(never) => match never {},
        }
    }
}

/// Whether a browser sends this on behalf of a page that is not ours. Other clients send no
/// `Origin`.
fn is_from_elsewhere(headers: &HeaderMap) -> bool {
    let Some(origin) = headers.get(ORIGIN) else { return false };
    let ours = headers.get(HOST).map(http::HeaderValue::as_bytes);
    origin.as_bytes().strip_prefix(b"http://") != ours || ours.is_none()
}
