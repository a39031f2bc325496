//! The points of libmemcached's weighted ketama, checked against version 1.1.4.

use alloc::format;
use alloc::vec::Vec;

use super::COMPATIBLE_VNODES;
use crate::Node;
use crate::hash::{md5_words, upper};
use crate::members::Members;

/// A digest of 16 bytes gives four points of 32 bits.
const POINTS_PER_DIGEST: u32 = 4;

/// The port that libmemcached leaves out of the text it hashes.
const DEFAULT_PORT: &str = ":11211";

pub(super) fn extend(hashes: &mut Vec<u64>, members: &Members, node: &Node) {
    let label = node.label_text();
    let server = label.strip_suffix(DEFAULT_PORT).unwrap_or(label);
    for digest in 0..digests(members, node) {
        let words = md5_words(format!("{server}-{digest}").as_bytes());
        hashes.extend(words.map(upper));
    }
}

/// A node's share of 40 digests for each node, rounded down.
///
/// In `f32`, as libmemcached has it, and in its order of operations: where the share is a whole number
/// this often falls just below it, and a digest is missing. A light node may get none at all.
#[expect(clippy::cast_sign_loss, reason = "a product of numbers that are not negative")]
fn digests(members: &Members, node: &Node) -> u32 {
    if node.weight_units() == 0 {
        return 0;
    }
    let share = node.weight_units() as f32 / members.total_weight() as f32;
    let each = COMPATIBLE_VNODES as f32;
    (share * each / POINTS_PER_DIGEST as f32 * members.weighty() as f32 + 1e-10) as u32
}
