//! One line of `Forwarded` (RFC 7239 §4), read from the right.
//!
//! What a proxy appended must be read the same whatever stands to its left, for that was written by
//! the client. Read from the left, a quote that the client opened would swallow the proxy's entry;
//! read from the right, it spoils only the client's own.

use super::hop::Hop;

/// Longer values than any address with a port, even if each of its characters is escaped, are none.
const LONGEST_NODE: usize = 64;

/// The elements of a line, the last one first, with what stands around them.
pub(super) fn elements_from_the_right(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(line);
    core::iter::from_fn(move || {
        let line = rest?;
        let (before, element) = split_last(line);
        rest = before;
        Some(element)
    })
}

/// Cuts `line` at its last comma outside of quotes.
fn split_last(line: &[u8]) -> (Option<&[u8]>, &[u8]) {
    let mut quoted = false;
    for (at, byte) in line.iter().enumerate().rev() {
        match byte {
            b'"' if !is_escaped(&line[..at]) => quoted = !quoted,
            b',' if !quoted => return (Some(&line[..at]), &line[at + 1..]),
            _ => {}
        }
    }
    (None, line)
}

/// Whether what follows `before` is escaped: an odd number of backslashes stands before it.
fn is_escaped(before: &[u8]) -> bool {
    before.iter().rev().take_while(|byte| **byte == b'\\').count() % 2 == 1
}

/// What an element, `for=192.0.2.1;proto=https`, says of the hop. An element that is malformed
/// anywhere says nothing.
pub(super) fn hop(element: &[u8]) -> Hop {
    let mut rest = element.trim_ascii();
    let mut hop = None;
    while !rest.is_empty() {
        let Some((name, value, after)) = pair(rest) else { return Hop::Unknown };
        if name.eq_ignore_ascii_case(b"for") {
            // Who says two things says nothing (RFC 7239 §4: each parameter at most once).
            if hop.is_some() {
                return Hop::Unknown;
            }
            hop = Some(value.hop());
        }
        rest = match after.trim_ascii_start() {
            [] => break,
            // Blanks around the semicolon are not allowed by the grammar, and common.
            [b';', after @ ..] => after.trim_ascii_start(),
            _ => return Hop::Unknown,
        };
    }
    hop.unwrap_or(Hop::Unknown)
}

/// The value of a parameter.
enum Value<'a> {
    Plain(&'a [u8]),
    /// What stands between the quotes, still escaped.
    Quoted(&'a [u8]),
}

impl Value<'_> {
    fn hop(&self) -> Hop {
        let mut room = [0; LONGEST_NODE];
        let plain = match self {
            Self::Plain(plain) => Some(*plain),
            Self::Quoted(quoted) => unescape(quoted, &mut room),
        };
        plain.and_then(|plain| core::str::from_utf8(plain).ok()).map_or(Hop::Unknown, Hop::read)
    }
}

/// The first `name=value` and what follows it.
fn pair(text: &[u8]) -> Option<(&[u8], Value<'_>, &[u8])> {
    let equals = text.iter().position(|byte| *byte == b'=')?;
    let (name, value) = (&text[..equals], &text[equals + 1..]);
    if name.is_empty() || !name.iter().copied().all(is_token) {
        return None;
    }
    if let [b'"', quoted @ ..] = value {
        let end =
            (0..quoted.len()).find(|at| quoted[*at] == b'"' && !is_escaped(&quoted[..*at]))?;
        return Some((name, Value::Quoted(&quoted[..end]), &quoted[end + 1..]));
    }
    // `:`, `[` and `]` belong into quotes; many proxies leave them bare, and nothing else is meant.
    let in_value = |byte: &u8| is_token(*byte) || b":[]".contains(byte);
    let end = value.iter().position(|byte| !in_value(byte)).unwrap_or(value.len());
    (end > 0).then(|| (name, Value::Plain(&value[..end]), &value[end..]))
}

/// `tchar` of RFC 9110 §5.6.2.
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// Drops the backslashes of `quoted`. `None` when it does not fit.
fn unescape<'a>(quoted: &[u8], room: &'a mut [u8; LONGEST_NODE]) -> Option<&'a [u8]> {
    let mut length = 0;
    let mut bytes = quoted.iter();
    while let Some(byte) = bytes.next() {
        let plain = if *byte == b'\\' { bytes.next()? } else { byte };
        *room.get_mut(length)? = *plain;
        length += 1;
    }
    Some(&room[..length])
}
