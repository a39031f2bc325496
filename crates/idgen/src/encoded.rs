use alloc::borrow::ToOwned;
use alloc::string::String;
use core::fmt;
use core::hash::{Hash, Hasher};
use core::ops::Deref;

/// A short text of ASCII that lives where it stands: 23 bytes, no allocation, `Copy`.
///
/// Dereferences to `str`. Compares as text, also with `str`.
///
/// ```
/// use voussoir_idgen::Base62;
///
/// let text = Base62::SORTABLE.encode(123_456_789);
/// assert_eq!(text, "8M0kX");
/// assert_eq!(text.len(), 5);
/// assert_eq!(format!("/{text}"), "/8M0kX");
/// ```
#[derive(Clone, Copy)]
pub struct Encoded {
    /// The text is at the end, behind `start`: digits are made from the last to the first.
    bytes: [u8; Self::CAPACITY],
    start: u8,
}

impl Encoded {
    /// The digits of a `u128` in base 62.
    pub(crate) const CAPACITY: usize = 22;

    /// The text that `write` puts at the end of the buffer and whose length it returns. ASCII only.
    #[inline]
    pub(crate) fn written(write: impl FnOnce(&mut [u8; Self::CAPACITY]) -> usize) -> Self {
        let mut bytes = [b'0'; Self::CAPACITY];
        let len = write(&mut bytes);
        Self { bytes, start: (Self::CAPACITY - len) as u8 }
    }

    /// The last `len` characters, at most those there are.
    #[inline]
    pub(crate) fn last(self, len: usize) -> Self {
        let start = Self::CAPACITY.saturating_sub(len) as u8;
        Self { start: start.max(self.start), ..self }
    }

    /// The text as bytes.
    ///
    /// Complexity: O(1).
    #[inline]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[usize::from(self.start)..]
    }

    /// The text.
    ///
    /// Complexity: O(length), some ns: that it is UTF-8 is checked anew.
    #[inline]
    pub fn as_str(&self) -> &str {
        // Only ASCII is ever written, so that the default is never taken.
        core::str::from_utf8(self.as_bytes()).unwrap_or_default()
    }
}

impl Deref for Encoded {
    type Target = str;

    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl AsRef<str> for Encoded {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl AsRef<[u8]> for Encoded {
    fn as_ref(&self) -> &[u8] {
        self.as_bytes()
    }
}

impl From<Encoded> for String {
    fn from(text: Encoded) -> Self {
        text.as_str().to_owned()
    }
}

impl fmt::Display for Encoded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for Encoded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_str().fmt(f)
    }
}

impl PartialEq for Encoded {
    fn eq(&self, other: &Self) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl Eq for Encoded {}

impl PartialEq<str> for Encoded {
    fn eq(&self, other: &str) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl PartialEq<&str> for Encoded {
    fn eq(&self, other: &&str) -> bool {
        *self == **other
    }
}

impl PartialOrd for Encoded {
    fn partial_cmp(&self, other: &Self) -> Option<core::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Encoded {
    fn cmp(&self, other: &Self) -> core::cmp::Ordering {
        self.as_bytes().cmp(other.as_bytes())
    }
}

impl Hash for Encoded {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}
