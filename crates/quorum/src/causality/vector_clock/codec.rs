use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::str::FromStr;

use super::entries::Entries;
use super::{Actor, VectorClock};
use crate::wire::{self, DecodeError, Reader, Writer, base64};

/// An actor that is written as eight bytes: `u64` and [`ActorId`](crate::ActorId).
pub trait WireActor: Actor + Copy + Into<u64> + From<u64> {}

impl<A: Actor + Copy + Into<u64> + From<u64>> WireActor for A {}

/// Pieces of text that four actors take at most; what is larger is written and read by way of the heap.
const SMALL: usize =
    (wire::HEAD + 1 + 4 * (LEAST - 1 + wire::VARINT) + wire::TAIL).div_ceil(base64::PIECE);

/// Least bytes of an entry: an actor, and a counter below 128.
const LEAST: usize = 8 + 1;

/// The first byte: what follows, in which version.
const KIND: u8 = 0x11;

/// As bytes and as text, each clock in exactly one form.
///
/// ```text
/// 0x11  count  (actor: 8 bytes, little endian   counter: varint) × count  checksum: 4 bytes
/// ```
///
/// Actors are in order, counters at least 1, varints (LEB128) as short as can be; anything else is
/// refused. The text is base64url (RFC 4648, section 5) without padding: 44 characters for three
/// replicas with counters below 128. The checksum finds accidents, not forgers: a token that clients
/// hold and may not edit is to be authenticated, and its actors checked by
/// [`require_members`](Self::require_members).
///
/// Bytes are what replicas store and send each other: whatever was written is read. Text is what clients
/// hand in: of that, no more than [`MOST_ACTORS`](Self::MOST_ACTORS) are taken. A key whose clock has
/// grown beyond them has actors that the membership has retired: [`forget`](Self::forget) them.
///
/// ```
/// use voussoir_quorum::{DecodeError, VectorClock};
///
/// let mut clock = VectorClock::<u64>::new();
/// clock.increment(&7)?;
/// let token = clock.to_text();
/// assert_eq!(token.parse::<VectorClock<u64>>()?, clock);
/// assert!(token.replacen('E', "F", 1).parse::<VectorClock<u64>>().is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
impl<A: WireActor> VectorClock<A> {
    /// Most actors that are read from text: far more than a key has replicas.
    pub const MOST_ACTORS: usize = 64;

    /// How many bytes [`to_bytes`](Self::to_bytes) writes.
    pub fn encoded_len(&self) -> usize {
        wire::HEAD + entries_len(self) + wire::TAIL
    }

    /// The canonical bytes. Complexity: O(actors), one allocation.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.write_bytes(&mut bytes);
        bytes
    }

    /// Appends the canonical bytes. Allocates only what `bytes` lacks in capacity.
    pub fn write_bytes(&self, bytes: &mut Vec<u8>) {
        let (start, len) = (bytes.len(), self.encoded_len());
        bytes.resize(start + len, 0);
        self.fill(&mut bytes[start..]);
    }

    /// Reads what [`to_bytes`](Self::to_bytes) wrote, and nothing else.
    ///
    /// Complexity: O(actors); allocates from five actors.
    ///
    /// # Errors
    ///
    /// As [`DecodeError`] says: cut off, changed, or not canonical.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::checked(bytes, KIND)?;
        let clock = decode_entries(&mut reader)?;
        reader.finish()?;
        Ok(clock)
    }

    /// The bytes as base64url, for a header or a cookie.
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        self.write_text(&mut text);
        text
    }

    /// Appends the bytes as base64url. Allocates only what `text` lacks in capacity, up to four actors.
    pub fn write_text(&self, text: &mut String) {
        let len = self.encoded_len();
        let pieces = len.div_ceil(base64::PIECE);
        let (mut small, mut large) = ([[0; base64::PIECE]; SMALL], Vec::new());
        let pieces = small.get_mut(..pieces).unwrap_or_else(|| {
            large.resize(pieces, [0; base64::PIECE]);
            &mut large
        });
        self.fill(&mut pieces.as_flattened_mut()[..len]);
        base64::encode(pieces, len, text);
    }

    /// As [`FromStr`] reads it, with another limit of actors.
    pub(crate) fn from_text(text: &str, most_actors: usize) -> Result<Self, DecodeError> {
        let (mut small, mut large) = ([[0; base64::PIECE]; SMALL], Vec::new());
        let pieces = base64::pieces_of(text);
        let pieces = small.get_mut(..pieces).unwrap_or_else(|| {
            large.resize(pieces, [0; base64::PIECE]);
            &mut large
        });
        base64::decode(text, pieces)?;
        let clock = Self::from_bytes(&pieces.as_flattened()[..base64::decoded_len(text)])?;
        if clock.len() > most_actors {
            return Err(DecodeError::TooMany { found: clock.len() as u64, most: most_actors });
        }
        Ok(clock)
    }

    fn fill(&self, bytes: &mut [u8]) {
        Writer::fill(bytes, KIND, |writer| encode_entries(self, writer));
    }
}

impl<A: WireActor> FromStr for VectorClock<A> {
    type Err = DecodeError;

    fn from_str(text: &str) -> Result<Self, DecodeError> {
        // Before it is decoded: a header can be as long as its sender likes.
        let most = wire::HEAD + 1 + Self::MOST_ACTORS * (8 + wire::VARINT) + wire::TAIL;
        let found = base64::decoded_len(text);
        if found > most {
            return Err(DecodeError::TooMany { found: found as u64, most });
        }
        Self::from_text(text, Self::MOST_ACTORS)
    }
}

/// [`to_text`](VectorClock::to_text).
impl<A: WireActor> fmt::Display for VectorClock<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.to_text())
    }
}

pub(crate) fn entries_len<A: WireActor>(clock: &VectorClock<A>) -> usize {
    let counters: usize = clock.iter().map(|(_, counter)| wire::varint_len(counter)).sum();
    wire::varint_len(clock.len() as u64) + 8 * clock.len() + counters
}

#[inline]
pub(crate) fn encode_entries<A: WireActor>(clock: &VectorClock<A>, writer: &mut Writer<'_>) {
    writer.varint(clock.len() as u64);
    for (&actor, counter) in clock.iter() {
        writer.word(actor.into());
        writer.varint(counter);
    }
}

#[inline]
pub(crate) fn decode_entries<A: WireActor>(
    reader: &mut Reader<'_>,
) -> Result<VectorClock<A>, DecodeError> {
    let count = reader.count(LEAST)?;
    let mut last = None;
    let entries = Entries::try_from_fn(count, || {
        let at = reader.at();
        let actor = A::from(reader.word()?);
        if last.is_some_and(|last| last >= actor) {
            return Err(DecodeError::NotCanonical { at, rule: "actors in increasing order" });
        }
        let at = reader.at();
        let counter = reader.varint()?;
        if counter == 0 {
            return Err(DecodeError::NotCanonical { at, rule: "no counter of zero" });
        }
        last = Some(actor);
        Ok((actor, counter))
    })?;
    Ok(VectorClock { entries })
}
