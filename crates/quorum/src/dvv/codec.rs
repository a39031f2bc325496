use alloc::vec::Vec;

use super::DvvSet;
use crate::Dot;
use crate::causality::{WireActor, decode_entries, encode_entries, entries_len};
use crate::wire::{self, DecodeError, Reader, Writer};

/// The first byte: what follows, in which version.
const KIND: u8 = 0x21;

/// Least bytes of a sibling: its place, its counter, the length of nothing.
const LEAST: usize = 3;

/// As bytes, each set in exactly one form: the clock as in [`VectorClock`](crate::VectorClock), then
/// the siblings in the order of their dots.
///
/// ```text
/// 0x21  clock  count  (actor: its place in the clock   counter   length   value) × count  checksum
/// ```
impl<V: AsRef<[u8]> + From<Vec<u8>>, A: WireActor> DvvSet<V, A> {
    /// The canonical bytes. Complexity: O(bytes), one allocation.
    pub fn to_bytes(&self) -> Vec<u8> {
        let rows: Vec<_> = self
            .siblings
            .iter()
            .filter_map(|(dot, value)| {
                let place = self.clock.iter().position(|(actor, _)| *actor == dot.actor)?;
                Some((place as u64, dot.counter, value.as_ref()))
            })
            .collect();
        let values: usize = rows
            .iter()
            .map(|(place, counter, value)| {
                let head = [*place, *counter, value.len() as u64].map(wire::varint_len);
                head.iter().sum::<usize>() + value.len()
            })
            .sum();
        let count = wire::varint_len(rows.len() as u64);
        let len = wire::HEAD + entries_len(&self.clock) + count + values + wire::TAIL;
        let mut bytes = alloc::vec![0; len];
        Writer::fill(&mut bytes, KIND, |writer| {
            encode_entries(&self.clock, writer);
            writer.varint(rows.len() as u64);
            for (place, counter, value) in rows {
                writer.varint(place);
                writer.varint(counter);
                writer.varint(value.len() as u64);
                writer.slice(value);
            }
        });
        bytes
    }

    /// Reads what [`to_bytes`](Self::to_bytes) wrote, all of it and nothing else.
    ///
    /// Complexity: O(bytes). A sibling takes at least three of them, so that whoever bounds the bytes
    /// bounds the memory, too.
    ///
    /// # Errors
    ///
    /// As [`DecodeError`] says.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::checked(bytes, KIND)?;
        let clock = decode_entries::<A>(&mut reader)?;
        let count = reader.count(LEAST)?;
        let mut siblings: Vec<(Dot<A>, V)> = Vec::new();
        for _ in 0..count {
            let at = reader.at();
            let place = usize::try_from(reader.varint()?).unwrap_or(usize::MAX);
            let rule = "the dot of an actor in the clock, within what the clock has seen";
            let not_seen = DecodeError::NotCanonical { at, rule };
            let (&actor, seen) = clock.iter().nth(place).ok_or(not_seen)?;
            let dot = Dot { actor, counter: reader.varint()? };
            if dot.counter == 0 || dot.counter > seen {
                return Err(not_seen);
            }
            if siblings.last().is_some_and(|(last, _)| *last >= dot) {
                return Err(DecodeError::NotCanonical { at, rule: "dots in increasing order" });
            }
            let len = reader.varint()?;
            let len = usize::try_from(len).unwrap_or(usize::MAX);
            siblings.push((dot, V::from(reader.slice(len)?.to_vec())));
        }
        reader.finish()?;
        Ok(Self { clock, siblings })
    }
}
