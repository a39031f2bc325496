use alloc::borrow::ToOwned;
use alloc::vec::Vec;

use super::{PathError, PathErrorKind, PathPattern, Segment};

/// `/`, or one or more of `"/" segment`, the last of which may be `*`.
pub(super) fn pattern(text: &str) -> Result<PathPattern, PathError> {
    let column = |byte: usize| text[..byte].chars().count() + 1;
    let error = |byte, kind| PathError { column: column(byte), kind };
    let Some(path) = text.strip_prefix('/') else {
        return Err(error(0, PathErrorKind::NoSlash));
    };
    if let Some(at) = text.find(['?', '#']) {
        return Err(error(at, PathErrorKind::Query));
    }
    let mut segments = Vec::new();
    let mut open = false;
    let mut start = 1;
    for part in path.split('/').filter(|_| !path.is_empty()) {
        if open {
            // The star before this was not the last.
            return Err(error(start - 2, PathErrorKind::Star));
        }
        if part == "*" {
            open = true;
        } else {
            let parsed = segment(part, &segments);
            segments.push(parsed.map_err(|(at, kind)| error(start + at, kind))?);
        }
        start += part.len() + 1;
    }
    Ok(PathPattern { text: text.to_owned(), segments, open })
}

/// One segment behind `before`, or the byte in it that is wrong.
fn segment(part: &str, before: &[Segment]) -> Result<Segment, (usize, PathErrorKind)> {
    if part.is_empty() {
        return Err((0, PathErrorKind::EmptySegment));
    }
    if let Some(at) = part.find('*') {
        return Err((at, PathErrorKind::Star));
    }
    if let Some(name) = part.strip_prefix('{').and_then(|part| part.strip_suffix('}')) {
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        if name.is_empty() || !name.bytes().all(is_name) {
            return Err((1, PathErrorKind::Name));
        }
        let named = Segment::Named(name.to_owned());
        return if before.contains(&named) { Err((1, PathErrorKind::Repeated)) } else { Ok(named) };
    }
    match part.find(['{', '}']) {
        Some(at) => Err((at, PathErrorKind::Brace)),
        None => Ok(Segment::Literal(part.to_owned())),
    }
}
