use core::net::IpAddr;

use http::HeaderMap;

use super::{ClientKey, ClientSource};

/// From the fields of a request (feature `http`).
impl ClientSource {
    /// As [`key`](Self::key), with the lines of the field taken from `headers`.
    pub fn key_from(&self, peer: Option<IpAddr>, headers: &HeaderMap) -> Option<ClientKey> {
        self.address_from(peer, headers).map(|address| self.key_of(address))
    }

    /// As [`address`](Self::address), with the lines of the field taken from `headers`.
    pub fn address_from(&self, peer: Option<IpAddr>, headers: &HeaderMap) -> Option<IpAddr> {
        self.address(peer, &headers.get_all(self.field.name()))
    }
}
