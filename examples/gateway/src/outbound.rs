//! A client's request made ready for an upstream, whichever it will be.

use http::header::{CONNECTION, UPGRADE};
use http::uri::Uri;
use http::{HeaderValue, Method, Request, Version};
use hyper::body::{Body, Incoming};
use hyper::upgrade::OnUpgrade;

use crate::body::RequestBody;
use crate::headers::{self, Origin};
use crate::problem::Problem;
use crate::proxy::Peer;
use crate::state::State;

/// A request without a trace of the client's connection.
#[derive(Debug)]
pub(crate) struct Outbound {
    pub(crate) request: Request<RequestBody>,
    /// The client's side of the tunnel, when it asked for one.
    pub(crate) upgrade: Option<OnUpgrade>,
}

impl Outbound {
    pub(crate) fn new(
        state: &State,
        peer: &Peer,
        mut request: Request<Incoming>,
    ) -> Result<Self, Problem> {
        if request.method() == Method::CONNECT {
            return Err(Problem::Unsupported("CONNECT is for forward proxies; this is a gateway"));
        }
        let received = request.version();
        let protocol = headers::upgrade(request.headers()).filter(|_| {
            received == Version::HTTP_11 && request.body().size_hint().exact() == Some(0)
        });
        let upgrade = protocol.as_ref().map(|_| hyper::upgrade::on(&mut request));

        let (mut head, body) = request.into_parts();
        let fields = &mut head.headers;
        headers::remove_hop_by_hop(fields);
        headers::settle_host(fields, head.uri.authority(), received, &state.own_host)
            .map_err(Problem::BadRequest)?;
        let origin = Origin { peer: peer.address, text: &peer.text, trusted: peer.trusted };
        headers::add_forwarded(fields, &origin);
        headers::add_via(fields, received);
        if let Some(protocol) = protocol {
            fields.insert(CONNECTION, HeaderValue::from_static("upgrade"));
            fields.insert(UPGRADE, protocol);
        }
        if head.uri.authority().is_some() {
            let path = head.uri.path_and_query().cloned();
            head.uri = path.map_or_else(Uri::default, Uri::from);
        }
        head.version = Version::HTTP_11;
        Ok(Self { request: Request::from_parts(head, RequestBody::of_client(body)), upgrade })
    }
}
