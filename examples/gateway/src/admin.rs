//! The commands of the console: look at upstreams, take one out of service and back, and in the
//! demo stop and start its server.

use std::sync::Arc;

use axum::Json;
use axum::extract::{self, Path};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::CONTENT_TYPE;
use serde_json::{Value, json};
use voussoir::balance::Health;

use crate::demo::{Traffic, WhyNot};
use crate::state::{State, breaker_state};

/// What Prometheus expects, by the `OpenMetrics` specification.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

pub(crate) async fn metrics(state: extract::State<Arc<State>>) -> Response {
    match state.metrics_text() {
        Ok(text) => ([(CONTENT_TYPE, OPEN_METRICS)], text).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

pub(crate) async fn list(state: extract::State<Arc<State>>) -> Json<Value> {
    let upstreams = state.statuses().into_iter().map(|(upstream, node)| {
        let breaker = upstream.breaker().stats();
        json!({
            "id": upstream.id(),
            "address": upstream.authority().as_str(),
            "healthy": node.health == Health::Healthy,
            "draining": node.draining,
            "in_flight": node.in_flight,
            "picks": node.picks,
            "breaker": {
                "state": breaker_state(upstream).name(),
                "failure_rate": breaker.failure_rate(),
                "refused": upstream.figures().refusals(),
            },
            "running": state.demo.as_ref().and_then(|demo| demo.is_running(upstream.id())),
        })
    });
    Json(json!({ "upstreams": upstreams.collect::<Vec<_>>() }))
}

pub(crate) async fn act(
    state: extract::State<Arc<State>>,
    Path((id, act)): Path<(String, String)>,
) -> Response {
    if !state.upstreams.iter().any(|upstream| upstream.id() == id) {
        let known: Vec<&str> = state.upstreams.iter().map(|upstream| upstream.id()).collect();
        return refusal(StatusCode::NOT_FOUND, &format!("no upstream `{id}`; known: {known:?}"));
    }
    let done = match act.as_str() {
        "drain" => state.balancer.drain(&id).map_err(WhyNot::from),
        "undrain" => state.balancer.undrain(&id).map_err(WhyNot::from),
        "kill" => state.demo.as_ref().map_or(Err(WhyNot::NoDemo), |demo| demo.kill(&id)),
        "revive" => match &state.demo {
            Some(demo) => demo.revive(&id).await,
            None => Err(WhyNot::NoDemo),
        },
        other => {
            let why = format!("no act `{other}`; allowed: drain, undrain, kill, revive");
            return refusal(StatusCode::NOT_FOUND, &why);
        }
    };
    match done {
        Ok(()) => {
            tracing::info!(upstream = id, act, "told through the console");
            Json(json!({ "upstream": id, "done": act })).into_response()
        }
        Err(why) => refusal(StatusCode::CONFLICT, &why.to_string()),
    }
}

pub(crate) async fn traffic(
    state: extract::State<Arc<State>>,
    Path(level): Path<String>,
) -> Response {
    let Some(demo) = &state.demo else {
        return refusal(StatusCode::CONFLICT, &WhyNot::NoDemo.to_string());
    };
    let Some(level) = Traffic::named(&level) else {
        let why = format!("no traffic `{level}`; allowed: off, calm, busy");
        return refusal(StatusCode::NOT_FOUND, &why);
    };
    demo.set_traffic(level);
    Json(json!({ "traffic": level.name() })).into_response()
}

fn refusal(status: StatusCode, why: &str) -> Response {
    (status, Json(json!({ "title": why, "status": status.as_u16() }))).into_response()
}
