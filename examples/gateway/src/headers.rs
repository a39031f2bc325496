//! What a proxy owes to RFC 9110 and to the next hop: fields that end at this connection are
//! removed, fields that say where the request came from are added, and nothing a stranger claims
//! about its own origin survives.

use std::net::IpAddr;

use bytes::{BufMut, BytesMut};
use http::header::{
    CONNECTION, HOST, PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, TE, TRANSFER_ENCODING, UPGRADE, VIA,
};
use http::uri::Authority;
use http::{HeaderMap, HeaderName, HeaderValue, Version};

/// `Forwarded` of RFC 7239.
const FORWARDED: HeaderName = HeaderName::from_static("forwarded");
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");
const PROXY_CONNECTION: HeaderName = HeaderName::from_static("proxy-connection");
const REAL_IP: HeaderName = HeaderName::from_static("x-real-ip");

/// Under what name we appear in `Via`.
const VIA_11: HeaderValue = HeaderValue::from_static("1.1 voussoir");
const VIA_10: HeaderValue = HeaderValue::from_static("1.0 voussoir");

/// Removes what concerns this connection only: the fields of RFC 9110 §7.6.1 and all that
/// `Connection` names. `TE: trailers` stays, since we pass trailers on.
pub(crate) fn remove_hop_by_hop(headers: &mut HeaderMap) {
    if headers.contains_key(CONNECTION) {
        let named: Vec<HeaderName> = headers
            .get_all(CONNECTION)
            .iter()
            .filter_map(|line| line.to_str().ok())
            .flat_map(|line| line.split(','))
            .filter_map(|name| name.trim().parse().ok())
            .filter(|name| name != TE)
            .collect();
        for name in named {
            headers.remove(name);
        }
        headers.remove(CONNECTION);
    }
    for name in [
        KEEP_ALIVE,
        PROXY_CONNECTION,
        PROXY_AUTHENTICATE,
        PROXY_AUTHORIZATION,
        TRANSFER_ENCODING,
        UPGRADE,
    ] {
        headers.remove(name);
    }
    if headers.contains_key(TE) && !headers.get_all(TE).iter().any(|te| te == "trailers") {
        headers.remove(TE);
    }
}

/// The protocol that a request asks to switch to, when it asks properly.
pub(crate) fn upgrade(headers: &HeaderMap) -> Option<HeaderValue> {
    let protocol = headers.get(UPGRADE)?;
    let asked = headers
        .get_all(CONNECTION)
        .iter()
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(','))
        .any(|name| name.trim().eq_ignore_ascii_case("upgrade"));
    asked.then(|| protocol.clone())
}

/// Where a request came from, as far as we know ourselves.
#[derive(Debug)]
pub(crate) struct Origin<'a> {
    /// The other end of the connection.
    pub(crate) peer: IpAddr,
    /// Its text, made once a connection.
    pub(crate) text: &'a HeaderValue,
    /// Whether what it says of the hops before it is believed.
    pub(crate) trusted: bool,
}

/// Says to the upstream where the request came from. The claims of peers that are not trusted are
/// replaced; those of trusted ones are completed.
pub(crate) fn add_forwarded(headers: &mut HeaderMap, origin: &Origin<'_>) {
    let host = headers.get(HOST).cloned();
    if origin.trusted {
        append(headers, FORWARDED_FOR, origin.text);
        headers.entry(FORWARDED_PROTO).or_insert(HeaderValue::from_static("http"));
        if headers.contains_key(FORWARDED) {
            append(headers, FORWARDED, &forwarded_element(origin.peer));
        }
        if let Some(host) = host {
            headers.entry(FORWARDED_HOST).or_insert(host);
        }
        return;
    }
    headers.remove(FORWARDED);
    headers.remove(REAL_IP);
    headers.insert(FORWARDED_FOR, origin.text.clone());
    headers.insert(FORWARDED_PROTO, HeaderValue::from_static("http"));
    match host {
        Some(host) => headers.insert(FORWARDED_HOST, host),
        None => headers.remove(FORWARDED_HOST),
    };
}

/// Adds us to the hops in `Via`; `received` is the version the message came in.
pub(crate) fn add_via(headers: &mut HeaderMap, received: Version) {
    let via = if received == Version::HTTP_10 { VIA_10 } else { VIA_11 };
    append(headers, VIA, &via);
}

/// Makes `Host` what RFC 9112 §3.2.2 says it is: the authority of an absolute request target, then
/// the field; only a client of HTTP/1.0 may leave it out, and then it meant us.
///
/// # Errors
///
/// The request names no host, or several.
pub(crate) fn settle_host(
    headers: &mut HeaderMap,
    target: Option<&Authority>,
    version: Version,
    own: &HeaderValue,
) -> Result<(), &'static str> {
    let mut given = headers.get_all(HOST).iter();
    match (given.next(), given.next()) {
        (_, Some(_)) => return Err("the request has more than one Host field"),
        (None, _) if version != Version::HTTP_10 => return Err("the request has no Host field"),
        (Some(_), None) if target.is_none() => return Ok(()),
        _ => {}
    }
    let host = match target.map(Authority::as_str) {
        None => own.clone(),
        Some(target) => {
            HeaderValue::from_str(target.rsplit_once('@').map_or(target, |(_, host)| host))
                .map_err(|_| "the request target has no proper host")?
        }
    };
    headers.insert(HOST, host);
    Ok(())
}

/// Appends to a list that may be spread over several fields, as one field.
fn append(headers: &mut HeaderMap, name: HeaderName, last: &HeaderValue) {
    if !headers.contains_key(&name) {
        headers.insert(name, last.clone());
        return;
    }
    let mut joined = BytesMut::with_capacity(64);
    for item in headers.get_all(&name) {
        joined.put_slice(item.as_bytes());
        joined.put_slice(b", ");
    }
    joined.put_slice(last.as_bytes());
    // Joined header values are a header value, so the fallback is never used; it would drop the
    // list rather than the request.
    let whole = HeaderValue::from_maybe_shared(joined.freeze()).unwrap_or_else(|_| last.clone());
    headers.insert(name, whole);
}

fn forwarded_element(peer: IpAddr) -> HeaderValue {
    let element = match peer {
        IpAddr::V4(address) => format!("for={address};proto=http"),
        IpAddr::V6(address) => format!("for=\"[{address}]\";proto=http"),
    };
    HeaderValue::from_maybe_shared(bytes::Bytes::from(element))
        .unwrap_or_else(|_| HeaderValue::from_static("for=unknown"))
}
