//! `X-Request-Id`: one name for a request in every log it passes through.

use std::fmt::Write;
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};

use http::{HeaderMap, HeaderName, HeaderValue};

/// The field's name.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Makes ids that differ within the process and, but for bad luck with 64 random bits, between
/// processes. They name requests; they are no secret.
#[derive(Debug, Default)]
pub(crate) struct RequestIds {
    seed: RandomState,
    next: AtomicU64,
}

impl RequestIds {
    /// The id a request came with, when it is fit to be written in a log; else a new one. Either
    /// way the request carries it afterwards.
    pub(crate) fn settle(&self, headers: &mut HeaderMap) -> HeaderValue {
        let mut given = headers.get_all(REQUEST_ID).iter();
        if let (Some(id), None) = (given.next(), given.next())
            && is_fit(id.as_bytes())
        {
            return id.clone();
        }
        let id = self.make();
        headers.insert(REQUEST_ID, id.clone());
        id
    }

    fn make(&self) -> HeaderValue {
        let count = self.next.fetch_add(1, Ordering::Relaxed);
        let mut text = String::with_capacity(32);
        // The first half tells processes apart and hides the count, the second never repeats.
        let written = write!(text, "{:016x}{count:016x}", self.seed.hash_one(count));
        debug_assert!(written.is_ok(), "a String takes all that is written to it");
        HeaderValue::from_maybe_shared(bytes::Bytes::from(text))
            .unwrap_or_else(|_| HeaderValue::from_static("unknown"))
    }
}

/// 1 to 128 characters that need no quoting anywhere.
fn is_fit(id: &[u8]) -> bool {
    let fit = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.:+/=@~".contains(byte);
    (1..=128).contains(&id.len()) && id.iter().all(fit)
}
