//! The live page: one HTML file without a foreign byte, fed by server-sent events.

use std::sync::Arc;

use axum::extract;
use axum::response::sse::{KeepAlive, Sse};
use axum::response::{Html, IntoResponse, Redirect};
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY};

use crate::state::State;

/// The page.
const PAGE: &str = include_str!("dashboard.html");

/// All that the page may load, written so that the browser holds us to it.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; \
                      connect-src 'self'; img-src data:; frame-ancestors 'none'";

pub(crate) async fn page() -> impl IntoResponse {
    ([(CONTENT_SECURITY_POLICY, POLICY), (CACHE_CONTROL, "no-cache")], Html(PAGE))
}

/// Relative links of the page need the slash.
pub(crate) async fn redirect() -> Redirect {
    Redirect::permanent("/_gateway/")
}

pub(crate) async fn events(state: extract::State<Arc<State>>) -> impl IntoResponse {
    Sse::new(state.events.stream(state.lease.watcher())).keep_alive(KeepAlive::default())
}
