//! Arithmetic on addresses that keys and networks share.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The network of IPv4 addresses behind a translator, `64:ff9b::/96` (RFC 6052 §2.1).
const TRANSLATED: Ipv6Addr = Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0, 0);

/// The IPv4 address that `address` carries, if any, or `address`.
pub(super) fn embedded_ipv4(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) if v6.to_bits() & mask(96) == TRANSLATED.to_bits() => {
            IpAddr::V4(Ipv4Addr::from_bits(v6.to_bits() as u32))
        }
        canonical => canonical,
    }
}

/// The highest `prefix` of 128 bits, at most all of them.
pub(super) const fn mask(prefix: u8) -> u128 {
    match u128::MAX.checked_shr(prefix as u32) {
        Some(host) => !host,
        None => u128::MAX,
    }
}
