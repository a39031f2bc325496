//! Who a request is counted for.
//!
//! A limit is worth what its key is worth. `X-Forwarded-For` is written by whoever sends it, so it
//! is read from the right, and only as long as the address that wrote the next entry is a proxy we
//! trust. IPv6 clients own whole networks, so their addresses are cut to a prefix. IPv4 addresses
//! that arrive as `::ffff:a.b.c.d` are IPv4 addresses; masking them as IPv6 would throw all of them
//! into one bucket.

use std::net::{IpAddr, Ipv6Addr};

use http::{HeaderMap, HeaderName};
use ipnet::IpNet;

use crate::config;

/// Longer header values are not worth remembering as a client's name.
const LONGEST_NAME: usize = 128;

/// Who a request is counted for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ClientKey {
    /// An address, IPv6 ones cut to their prefix.
    Address(IpAddr),
    /// The value of the header that names clients.
    Named(Box<str>),
}

/// How keys are found.
#[derive(Clone, Debug)]
pub struct KeyRule {
    header: Option<HeaderName>,
    trusted: Vec<IpNet>,
    ipv6_prefix: u8,
}

impl KeyRule {
    /// The rule of a configuration.
    pub fn new(config: &config::Client) -> Self {
        Self {
            header: config.header.clone(),
            trusted: config.trusted_proxies.clone(),
            ipv6_prefix: config.ipv6_prefix,
        }
    }

    /// Whether the entry that `address` appended to `X-Forwarded-For` is believed.
    pub fn trusts(&self, address: IpAddr) -> bool {
        self.trusted.iter().any(|net| net.contains(&address))
    }

    /// The address of the client: that of the peer, or what trusted proxies say of it.
    pub fn address(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut client = peer.to_canonical();
        if !self.trusts(client) {
            return client;
        }
        for line in headers.get_all("x-forwarded-for").iter().rev() {
            let Ok(line) = line.to_str() else { return client };
            for hop in line.rsplit(',') {
                let Some(address) = hop_address(hop.trim()) else { return client };
                client = address;
                if !self.trusts(client) {
                    return client;
                }
            }
        }
        client
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
        ClientKey::Address(match address.to_canonical() {
            IpAddr::V4(address) => IpAddr::V4(address),
            IpAddr::V6(address) => {
                let kept = u128::MAX.checked_shl(128 - u32::from(self.ipv6_prefix)).unwrap_or(0);
                IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & kept))
            }
        })
    }

    /// Whether keys depend on the peer's address alone, so that one connection has one key.
    pub fn is_fixed_for(&self, peer: IpAddr) -> bool {
        self.header.is_none() && !self.trusts(peer.to_canonical())
    }
}

/// An entry of `X-Forwarded-For`: an address, perhaps with a port, IPv6 perhaps in brackets.
fn hop_address(hop: &str) -> Option<IpAddr> {
    let address = hop
        .parse::<IpAddr>()
        .ok()
        .or_else(|| hop.parse::<std::net::SocketAddr>().ok().map(|with_port| with_port.ip()))
        .or_else(|| hop.strip_prefix('[')?.strip_suffix(']')?.parse().ok())?;
    Some(address.to_canonical())
}
