use core::fmt;
use core::net::{IpAddr, Ipv6Addr};

use super::address;

/// A client's address as the key of a limiter: an IPv4 address, or the network that an IPv6 client
/// owns.
///
/// A customer's IPv6 network is a /56 as a rule (RIPE-690 §4.2); one who is limited by single
/// addresses picks another of 2^72 for each request
/// ([express-rate-limit#502](https://github.com/express-rate-limit/express-rate-limit/issues/502)).
///
/// IPv4 addresses that are written as IPv6, `::ffff:a.b.c.d` (RFC 4291 §2.5.5.2) and
/// `64:ff9b::a.b.c.d` (RFC 6052 §2.1), count as IPv4: cut to a prefix, all of them would be one
/// client (CVE-2026-30827).
///
/// ```
/// use voussoir_ratelimit::client_key::ClientKey;
///
/// let key = ClientKey::of("2001:db8:7:1234::9".parse()?);
/// assert_eq!(key.to_string(), "2001:db8:7:1200::/56");
/// assert_eq!(ClientKey::of("::ffff:192.0.2.1".parse()?), ClientKey::of("192.0.2.1".parse()?));
/// # Ok::<(), std::net::AddrParseError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClientKey {
    /// The lowest address of the network.
    network: IpAddr,
    prefix: u8,
}

impl ClientKey {
    /// The bits of an IPv6 address that name a client, unless another number is given.
    pub const IPV6_PREFIX: u8 = 56;

    /// The key of `address`, IPv6 cut to 56 bits.
    pub fn of(address: IpAddr) -> Self {
        Self::with_ipv6_prefix(address, Self::IPV6_PREFIX)
    }

    /// The key of `address`, IPv6 cut to `ipv6_prefix` bits, 128 at most.
    pub fn with_ipv6_prefix(address: IpAddr, ipv6_prefix: u8) -> Self {
        match address::embedded_ipv4(address) {
            IpAddr::V4(address) => Self { network: IpAddr::V4(address), prefix: 32 },
            IpAddr::V6(address) => {
                let prefix = ipv6_prefix.min(128);
                let network = Ipv6Addr::from_bits(address.to_bits() & address::mask(prefix));
                Self { network: IpAddr::V6(network), prefix }
            }
        }
    }

    /// The address, or the lowest one of the client's network.
    pub fn network(&self) -> IpAddr {
        self.network
    }

    /// How many bits of it name the client.
    pub fn prefix(&self) -> u8 {
        self.prefix
    }
}

/// `192.0.2.1`, or `2001:db8:7:1200::/56`.
impl fmt::Display for ClientKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.network {
            IpAddr::V4(address) => address.fmt(f),
            IpAddr::V6(address) => write!(f, "{address}/{}", self.prefix),
        }
    }
}
