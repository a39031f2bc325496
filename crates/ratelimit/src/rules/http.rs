use ::http::{HeaderMap, request};

use super::{Request, RuleDecision};
use crate::client_key::ClientKey;
use crate::http::HeaderStyle;

/// An HTTP request, as rules see it (feature `http`).
///
/// A field whose value is not text is missing; of several lines the first counts.
#[derive(Clone, Copy, Debug)]
pub struct HttpRequest<'a> {
    method: &'a str,
    path: &'a str,
    headers: &'a HeaderMap,
    client: Option<ClientKey>,
    attributes: &'a [(&'a str, &'a str)],
}

impl<'a> HttpRequest<'a> {
    /// `request`, sent by `client`.
    pub fn new<B>(request: &'a ::http::Request<B>, client: Option<ClientKey>) -> Self {
        let (method, path) = (request.method().as_str(), request.uri().path());
        Self { method, path, headers: request.headers(), client, attributes: &[] }
    }

    /// The request whose head is `parts`, sent by `client`.
    pub fn of_parts(parts: &'a request::Parts, client: Option<ClientKey>) -> Self {
        let (method, path) = (parts.method.as_str(), parts.uri.path());
        Self { method, path, headers: &parts.headers, client, attributes: &[] }
    }

    /// What else is known of it.
    pub fn attributes(self, attributes: &'a [(&'a str, &'a str)]) -> Self {
        Self { attributes, ..self }
    }
}

impl Request for HttpRequest<'_> {
    fn method(&self) -> &str {
        self.method
    }

    fn path(&self) -> &str {
        self.path
    }

    fn client(&self) -> Option<ClientKey> {
        self.client
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(found, _)| *found == name).map(|(_, value)| *value)
    }
}

impl RuleDecision<'_> {
    /// Writes what the rule that bound says to the client (feature `http`); nothing when none did.
    pub fn write_headers(&self, style: HeaderStyle, headers: &mut HeaderMap) {
        if let Some((bound, decision)) = self.bound.and_then(|b| Some((b, b.decision?))) {
            style.write(headers, &[(bound.policy, decision)]);
        }
    }
}
