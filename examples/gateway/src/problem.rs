//! What the gateway itself answers when no upstream does: RFC 9457 problem details, one `kind` for
//! each thing that can go wrong, so that a reader of logs never has to guess.

use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderValue, Response, StatusCode};

use crate::body::ResponseBody;
use crate::limits;

/// What went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Problem {
    /// The request itself is refused, and why.
    BadRequest(&'static str),
    /// The method is none a gateway serves.
    Unsupported(&'static str),
    /// The client began a body and left it hanging.
    RequestTimeout,
    /// The client asked for too much; when it may ask again, if ever.
    RateLimited(Option<Duration>),
    /// Every upstream is unhealthy or draining.
    NoHealthyUpstream,
    /// Every upstream that could answer is being left alone by its breaker, and for how long.
    BreakerOpen(Duration),
    /// No connection to an upstream could be made.
    ConnectFailed,
    /// An upstream did not take the connection in time.
    ConnectTimeout,
    /// An upstream hung up, or did not speak HTTP.
    BadResponse,
    /// An upstream took the request and said nothing in time.
    ResponseTimeout,
    /// The console is not for this client.
    Forbidden(&'static str),
}

impl Problem {
    /// The name in metrics and in the problem's `type`.
    pub(crate) fn kind(self) -> &'static str {
        match self {
            Self::BadRequest(_) => "bad-request",
            Self::Unsupported(_) => "unsupported",
            Self::RequestTimeout => "request-timeout",
            Self::RateLimited(_) => "rate-limited",
            Self::NoHealthyUpstream => "no-healthy-upstream",
            Self::BreakerOpen(_) => "breaker-open",
            Self::ConnectFailed => "connect-failed",
            Self::ConnectTimeout => "connect-timeout",
            Self::BadResponse => "bad-response",
            Self::ResponseTimeout => "response-timeout",
            Self::Forbidden(_) => "forbidden",
        }
    }

    /// The status of the answer.
    pub(crate) fn status(self) -> StatusCode {
        match self {
            Self::BadRequest(_) => StatusCode::BAD_REQUEST,
            Self::Unsupported(_) => StatusCode::NOT_IMPLEMENTED,
            Self::RequestTimeout => StatusCode::REQUEST_TIMEOUT,
            Self::RateLimited(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::NoHealthyUpstream | Self::BreakerOpen(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::ConnectFailed | Self::BadResponse => StatusCode::BAD_GATEWAY,
            Self::ConnectTimeout | Self::ResponseTimeout => StatusCode::GATEWAY_TIMEOUT,
            Self::Forbidden(_) => StatusCode::FORBIDDEN,
        }
    }

    /// This, seen again after a breaker refused: the shortest wait when breakers are all there is,
    /// and otherwise what was met before.
    pub(crate) fn or_breaker_open(self, wait: Duration) -> Self {
        match self {
            Self::NoHealthyUpstream => Self::BreakerOpen(wait),
            Self::BreakerOpen(before) => Self::BreakerOpen(before.min(wait)),
            other => other,
        }
    }

    /// The whole answer.
    pub(crate) fn response(self) -> Response<ResponseBody> {
        let mut response = Response::new(ResponseBody::whole(self.body()));
        *response.status_mut() = self.status();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Self::RateLimited(Some(wait)) | Self::BreakerOpen(wait) = self {
            headers.insert(RETRY_AFTER, limits::whole_seconds(wait).into());
        }
        response
    }

    fn body(self) -> Bytes {
        let kind = match self {
            // The registered type of a refused quota, draft-ietf-httpapi-ratelimit-headers-11.
            Self::RateLimited(_) => {
                "https://iana.org/assignments/http-problem-types#quota-exceeded".to_owned()
            }
            other => format!("urn:voussoir:gateway:{}", other.kind()),
        };
        let problem = serde_json::json!({
            "type": kind,
            "title": self.title(),
            "status": self.status().as_u16(),
            "detail": self.detail(),
        });
        Bytes::from(problem.to_string())
    }

    fn title(self) -> &'static str {
        match self {
            Self::BadRequest(_) => "Bad request",
            Self::Unsupported(_) => "Not supported",
            Self::RequestTimeout => "Request timeout",
            Self::RateLimited(_) => "Too many requests",
            Self::NoHealthyUpstream => "No healthy upstream",
            Self::BreakerOpen(_) => "Circuit breaker open",
            Self::ConnectFailed => "Upstream unreachable",
            Self::ConnectTimeout => "Upstream did not accept the connection in time",
            Self::BadResponse => "Upstream hung up",
            Self::ResponseTimeout => "Upstream did not answer in time",
            Self::Forbidden(_) => "Not for you",
        }
    }

    fn detail(self) -> String {
        match self {
            Self::BadRequest(why) | Self::Unsupported(why) | Self::Forbidden(why) => why.to_owned(),
            Self::RateLimited(Some(wait)) => {
                format!("This client may ask again in {} s.", limits::whole_seconds(wait))
            }
            Self::RateLimited(None) => "This client may not ask for so much at all.".to_owned(),
            Self::NoHealthyUpstream => {
                "Every upstream is unhealthy or draining; health checks go on.".to_owned()
            }
            Self::BreakerOpen(wait) => format!(
                "Every upstream that could answer failed too often and is left alone; \
                 the next is tried in {} s.",
                limits::whole_seconds(wait)
            ),
            Self::RequestTimeout => "The body of the request stopped coming.".to_owned(),
            Self::ConnectFailed | Self::ConnectTimeout => "The request was not sent.".to_owned(),
            Self::BadResponse | Self::ResponseTimeout => {
                "The request was sent; what became of it is not known.".to_owned()
            }
        }
    }
}
