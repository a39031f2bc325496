//! The live page: one HTML page without a foreign byte, fed by server-sent events.

use std::sync::Arc;

use axum::extract;
use axum::response::sse::{KeepAlive, Sse};
use axum::response::{Html, IntoResponse, Redirect};
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY};

use crate::state::State;

/// The page, put together by the compiler.
const PAGE: &str = concat!(
    "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
     <meta name=\"viewport\" content=\"width=device-width\">\n<title>voussoir gateway</title>\n\
     <link rel=\"icon\" href=\"data:,\">\n<style>\n",
    include_str!("dashboard/style.css"),
    "</style>\n</head>\n<body>\n",
    include_str!("dashboard/page.html"),
    "<script type=\"module\">\n",
    include_str!("dashboard/paint.js"),
    include_str!("dashboard/flow.js"),
    include_str!("dashboard/live.js"),
    "</script>\n</body>\n</html>\n",
);

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
