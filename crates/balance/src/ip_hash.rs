//! The order in which `ip_hash` of nginx tries its servers.

use core::net::IpAddr;

/// Tries after which nginx falls back to round robin.
const TRIES: usize = 20;

/// The indices that nginx would try for `ip`, where `ends[i]` is the sum of the weights up to and
/// with node `i`. Endless repetitions are cut at twenty tries.
///
/// Of an IPv4 address the first three octets count, of an IPv6 address all. The hash is below 6271,
/// so that weights of a larger sum leave the last nodes without clients.
pub(crate) fn tries(ip: IpAddr, ends: &[u64]) -> impl Iterator<Item = usize> {
    let total = ends.last().copied().unwrap_or(0);
    let mut hash = 89;
    (0..if total == 0 { 0 } else { TRIES }).map(move |_| {
        hash = match ip {
            IpAddr::V4(ip) => stir(hash, &ip.octets()[..3]),
            IpAddr::V6(ip) => stir(hash, &ip.octets()),
        };
        ends.partition_point(|end| *end <= u64::from(hash) % total)
    })
}

fn stir(hash: u32, octets: &[u8]) -> u32 {
    octets.iter().fold(hash, |hash, octet| (hash * 113 + u32::from(*octet)) % 6271)
}
