//! The head of a response is here: the verdict on the upstream falls, and the response is made
//! ready for the client.

use std::sync::Arc;
use std::time::Duration;

use http::header::{CONNECTION, UPGRADE};
use http::{HeaderValue, Response, StatusCode};
use hyper::body::Incoming;
use hyper::upgrade::OnUpgrade;
use voussoir::balance::{Pick, Probe};
use voussoir::breaker::Permit;

use crate::body::ResponseBody;
use crate::connection::Connection;
use crate::flight::Flight;
use crate::headers;
use crate::state::State;
use crate::tunnel::Tunnel;
use crate::upstream::Upstream;

/// What came with the head.
#[derive(Debug)]
pub(crate) struct Arrival<'a> {
    pub(crate) pick: Pick<Arc<Upstream>>,
    pub(crate) permit: Permit<'a>,
    pub(crate) connection: Connection,
    /// The client's side of the tunnel, when it asked for one.
    pub(crate) upgrade: Option<OnUpgrade>,
}

impl Arrival<'_> {
    /// Judges the upstream and hands the response on. Only 500 and above is its fault: 4xx says
    /// that it works, and the client erred.
    pub(crate) fn receive(
        self,
        state: &State,
        mut response: Response<Incoming>,
        after: Duration,
    ) -> Response<ResponseBody> {
        let Self { mut pick, permit, connection, upgrade } = self;
        pick.value().figures().answered(response.status(), after);
        let verdict = if response.status().is_server_error() {
            permit.failure();
            Probe::Failure
        } else {
            permit.success();
            Probe::Success
        };
        pick.report(verdict);

        let received = response.version();
        let protocol = response.headers().get(UPGRADE).cloned();
        headers::remove_hop_by_hop(response.headers_mut());
        headers::add_via(response.headers_mut(), received);
        let flight = Flight::new(pick, connection);
        match (upgrade, protocol) {
            (Some(client), Some(protocol))
                if response.status() == StatusCode::SWITCHING_PROTOCOLS =>
            {
                let upstream = hyper::upgrade::on(&mut response);
                Tunnel::new(client, upstream, flight).open(state.lease.clone());
                let fields = response.headers_mut();
                fields.insert(CONNECTION, HeaderValue::from_static("upgrade"));
                fields.insert(UPGRADE, protocol);
                response.map(|_| ResponseBody::whole(bytes::Bytes::new()))
            }
            _ => response.map(|body| ResponseBody::upstream(body, flight)),
        }
    }
}
