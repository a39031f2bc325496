use alloc::borrow::ToOwned;
use alloc::string::String;
use core::fmt;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use core::str::FromStr;

use thiserror::Error;

use super::address::mask;

/// A range of addresses, as `10.0.0.0/8`, `2001:db8::/32`, or a single address.
///
/// Bits behind the prefix are dropped: `10.1.2.3/8` is `10.0.0.0/8`. IPv4 and IPv6 are kept apart:
/// `::/0` holds no IPv4 address, and an IPv4 address written as `::ffff:a.b.c.d` is one of IPv4.
///
/// ```
/// use voussoir_ratelimit::client_key::Network;
///
/// let inside: Network = "10.0.0.0/8".parse()?;
/// assert!(inside.contains("::ffff:10.1.2.3".parse()?));
///
/// let error = "10.0.0.0/33".parse::<Network>().unwrap_err();
/// assert_eq!(error.to_string(), "network `10.0.0.0/33`: prefix; allowed: 0 to 32");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Network {
    /// The lowest address, never an IPv4 address written as IPv6.
    lowest: IpAddr,
    /// Up to 32 for IPv4, up to 128 for IPv6.
    prefix: u8,
}

impl Network {
    /// The addresses that share their first `prefix` bits with `address`. `None` when the address
    /// has fewer bits; and when it is `::ffff:a.b.c.d` and the prefix ends before the IPv4 address, which
    /// is counted from the first of all 128 bits there: such a network would hold none of IPv4, and much
    /// that nobody meant.
    pub fn new(address: IpAddr, prefix: u8) -> Option<Self> {
        let lowest = address.to_canonical();
        let prefix = prefix.checked_sub(least(address))?;
        (prefix <= bits(lowest)).then(|| Self { lowest: cut(lowest, prefix), prefix })
    }

    /// Whether `address` lies within.
    ///
    /// Complexity: O(1).
    #[inline]
    pub fn contains(&self, address: IpAddr) -> bool {
        cut(address.to_canonical(), self.prefix) == self.lowest
    }
}

/// The one address.
impl From<IpAddr> for Network {
    fn from(address: IpAddr) -> Self {
        let lowest = address.to_canonical();
        Self { lowest, prefix: bits(lowest) }
    }
}

impl FromStr for Network {
    type Err = NetworkError;

    /// # Errors
    ///
    /// Which part was wrong and what is allowed.
    fn from_str(text: &str) -> Result<Self, NetworkError> {
        let error = |kind| NetworkError { text: text.to_owned(), kind };
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| error(NetworkErrorKind::Address))?;
        let Some(prefix) = prefix else { return Ok(address.into()) };
        // `parse` alone would take `+8`.
        let digits = prefix.bytes().all(|byte| byte.is_ascii_digit());
        digits
            .then(|| prefix.parse().ok())
            .flatten()
            .and_then(|prefix| Self::new(address, prefix))
            .ok_or_else(|| {
                let (least, most) = (least(address), bits(address));
                error(NetworkErrorKind::Prefix { least, most })
            })
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.lowest, self.prefix)
    }
}

/// A text that is no network.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("network `{text}`: {kind}")]
pub struct NetworkError {
    text: String,
    kind: NetworkErrorKind,
}

impl NetworkError {
    /// What was wrong.
    pub fn kind(&self) -> NetworkErrorKind {
        self.kind
    }
}

/// What was wrong with a network's text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum NetworkErrorKind {
    /// What stands before the `/` is no address.
    #[error("no address; allowed: an IPv4 or IPv6 address, and a prefix as in 10.0.0.0/8")]
    Address,
    /// What stands behind the `/` is no number of bits that the address has.
    #[error("prefix; allowed: {least} to {most}")]
    Prefix {
        /// 0, or 96 for an IPv4 address that is written as `::ffff:a.b.c.d`.
        least: u8,
        /// How many bits the address has.
        most: u8,
    },
}

fn bits(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

/// How many bits stand before the address itself.
fn least(address: IpAddr) -> u8 {
    if address.is_ipv6() && address.to_canonical().is_ipv4() { 96 } else { 0 }
}

/// `address` without the bits behind `prefix`.
fn cut(address: IpAddr, prefix: u8) -> IpAddr {
    match address {
        IpAddr::V4(address) => {
            let mask = (mask(prefix) >> 96) as u32;
            IpAddr::V4(Ipv4Addr::from_bits(address.to_bits() & mask))
        }
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & mask(prefix))),
    }
}
