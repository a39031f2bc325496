//! A path as its segments, and a segment as its bytes.

use smallvec::SmallVec;

/// The segments of `path` that are not empty, up to a query or fragment.
fn segments(path: &str) -> impl Iterator<Item = &str> {
    let end = path.bytes().position(|byte| matches!(byte, b'?' | b'#')).unwrap_or(path.len());
    path[..end].split('/').filter(|segment| !segment.is_empty())
}

/// The first segments of a path: one more than the longest pattern has that is asked about them.
pub(in crate::rules) type Split<'p> = SmallVec<[&'p str; 8]>;

/// Reads `path` as far as patterns of up to `longest` segments look.
pub(in crate::rules) fn split(path: &str, longest: usize) -> Split<'_> {
    segments(path).take(longest + 1).collect()
}

/// Whether two segments are the same, however they are escaped.
pub(super) fn same(one: &str, other: &str) -> bool {
    // Nearly always nothing is escaped.
    let is_escaped = |segment: &str| segment.as_bytes().contains(&b'%');
    one == other || ((is_escaped(one) || is_escaped(other)) && decoded(one).eq(decoded(other)))
}

/// The bytes of `segment`, with its percent escapes resolved. What is no escape stands for itself.
pub(in crate::rules) fn decoded(segment: &str) -> impl Iterator<Item = u8> {
    let mut rest = segment.as_bytes();
    core::iter::from_fn(move || {
        let (byte, after) = match rest {
            [b'%', high, low, after @ ..] if let Some(byte) = escaped(*high, *low) => (byte, after),
            [byte, after @ ..] => (*byte, after),
            [] => return None,
        };
        rest = after;
        Some(byte)
    })
}

fn escaped(high: u8, low: u8) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    Some((digit(high)? * 16 + digit(low)?) as u8)
}
