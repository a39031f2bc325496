//! The points of nginx's `hash … consistent`, checked against version 1.22.1.

use alloc::vec::Vec;

use crc32fast::Hasher;

use super::COMPATIBLE_VNODES;
use crate::Node;
use crate::hash::upper;

/// Each point is the CRC-32 of the host, a zero byte, the port, and the point before it, little end
/// first; the first follows a zero.
pub(super) fn extend(hashes: &mut Vec<u64>, node: &Node) {
    let (host, port) = host_and_port(node.label_text());
    let mut base = Hasher::new();
    base.update(host.as_bytes());
    base.update(&[0]);
    base.update(port.as_bytes());
    let mut before = 0_u32;
    for _ in 0..u64::from(node.weight_units()) * u64::from(COMPATIBLE_VNODES) {
        let mut point = base.clone();
        point.update(&before.to_le_bytes());
        before = point.finalize();
        hashes.push(upper(before));
    }
}

/// What stands before and behind the last colon, if only digits are behind it. A socket's path has no
/// port.
fn host_and_port(server: &str) -> (&str, &str) {
    if let Some((scheme, path)) = server.split_at_checked(5)
        && scheme.eq_ignore_ascii_case("unix:")
    {
        return (path, "");
    }
    match server.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => (host, port),
        _ => (server, ""),
    }
}
