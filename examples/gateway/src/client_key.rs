//! Who a request is counted for: the client that `voussoir::ratelimit::client_key` finds behind
//! trusted proxies, or one that a header names.

use std::net::IpAddr;

use http::{HeaderMap, HeaderName};
use voussoir::ConfigError;
use voussoir::ratelimit::client_key::{self, ClientSource, TrustedProxies};

use crate::config;

/// Longer header values are not worth remembering as a client's name.
const LONGEST_NAME: usize = 128;

/// Who a request is counted for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ClientKey {
    /// An address, IPv6 ones by their network.
    Address(client_key::ClientKey),
    /// The value of the header that names clients.
    Named(Box<str>),
}

/// How keys are found.
#[derive(Clone, Debug)]
pub struct KeyRule {
    header: Option<HeaderName>,
    source: ClientSource,
}

impl KeyRule {
    /// The rule of a configuration.
    ///
    /// # Errors
    ///
    /// An IPv6 prefix that names nobody.
    pub fn new(config: &config::Client) -> Result<Self, ConfigError> {
        let trusted = TrustedProxies::networks(config.trusted_proxies.iter().copied());
        let source = ClientSource::builder().trust(trusted).ipv6_prefix(config.ipv6_prefix);
        Ok(Self { header: config.header.clone(), source: source.build()? })
    }

    /// Whether the entry that `address` appended to `X-Forwarded-For` is believed.
    pub fn trusts(&self, address: IpAddr) -> bool {
        self.source.trusted().trusts(address)
    }

    /// The address of the client: that of the peer, or what trusted proxies say of it.
    pub fn address(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        self.source.address_from(Some(peer), headers).unwrap_or(peer)
    }

    /// The key of a request that came from the client at `address`.
    pub fn key(&self, address: IpAddr, headers: &HeaderMap) -> ClientKey {
        let named = self.header.as_ref().and_then(|header| headers.get(header));
        if let Some(Ok(name)) = named.map(http::HeaderValue::to_str)
            && (1..=LONGEST_NAME).contains(&name.len())
        {
            return ClientKey::Named(name.into());
        }
        self.address_key(address)
    }

    /// The key of an address alone.
    pub fn address_key(&self, address: IpAddr) -> ClientKey {
        ClientKey::Address(self.source.key_of(address))
    }

    /// Whether keys depend on the peer's address alone, so that one connection has one key.
    pub fn is_fixed_for(&self, peer: IpAddr) -> bool {
        self.header.is_none() && !self.trusts(peer)
    }
}
