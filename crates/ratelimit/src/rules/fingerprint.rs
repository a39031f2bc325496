use core::hash::{BuildHasher, Hash, Hasher};

use super::path::decoded;
use super::{KeyPart, Request, Rule};

/// What a rule's key found in a request, in 64 bits.
///
/// A keyed hash (`SipHash` with a secret of the process), so that its values are as good as random to
/// everybody outside; it is therefore also its own hash in the map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fingerprint(u64);

impl Fingerprint {
    /// That of `request`, whose path was split, by the key of `rule`. `None` when a part of it is missing.
    pub(super) fn of(
        rule: &Rule,
        request: &(impl Request + ?Sized),
        path: &[&str],
        secret: &impl BuildHasher,
    ) -> Option<Self> {
        let mut hasher = secret.build_hasher();
        for part in rule.key().parts() {
            match part {
                KeyPart::Client => request.client()?.hash(&mut hasher),
                KeyPart::Header(name) => request.header(name)?.hash(&mut hasher),
                KeyPart::Attribute(name) => request.attribute(name)?.hash(&mut hasher),
                KeyPart::Segment(name) => {
                    hash_decoded(path.get(rule.pattern()?.place(name)?)?, &mut hasher);
                }
            }
        }
        Some(Self(hasher.finish()))
    }

    /// A number for it as a key of the rule `rule`, so that one key does not have the same for all.
    pub(super) fn spread_over(self, rule: usize) -> u64 {
        self.0.wrapping_add((rule as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15)) >> 32
    }

    /// That of all requests that lack a part: of nothing, which no value is.
    pub(super) fn of_missing(secret: &impl BuildHasher) -> Self {
        Self(secret.build_hasher().finish())
    }
}

/// The same for every way to escape the same text: in blocks of the decoded bytes.
fn hash_decoded(segment: &str, hasher: &mut impl Hasher) {
    let mut block = [0; 32];
    let mut length = 0_usize;
    for byte in decoded(segment) {
        block[length % block.len()] = byte;
        length += 1;
        if length.is_multiple_of(block.len()) {
            hasher.write(&block);
        }
    }
    hasher.write(&block[..length % block.len()]);
    hasher.write_usize(length);
}

impl Hash for Fingerprint {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        hasher.write_u64(self.0);
    }
}

/// Hands a [`Fingerprint`] on as its own hash.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct AsIs(u64);

impl Hasher for AsIs {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, fingerprint: u64) {
        self.0 = fingerprint;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}
