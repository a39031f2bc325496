//! The first 256 bytes of a snapshot: what it is, where its sections are, and two checksums.

use alloc::vec::Vec;
use core::ops::Range;

use xxhash_rust::xxh3::xxh3_64;

use crate::bytes::{Packed, u32_at, u64_at};
use crate::error::OpenError;
use crate::fold::Fold;

const MAGIC: &[u8; 8] = b"voussTRI";
/// Changes whenever a snapshot would be read differently, so also with the tables of [`Fold`].
const VERSION: u32 = 1;
const LEN: usize = 256;
const SECTIONS_AT: usize = 48;
const CHECKSUM_AT: usize = LEN - 8;

/// The sections, in their order.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Section {
    NodeOffsets,
    Nodes,
    BucketOffsets,
    Strings,
    Codes,
    Weights,
    Payloads,
    /// A snapshot of its own: the terms of all keys.
    Terms,
    Postings,
    /// The ranks, in order of the answers.
    Ranking,
    ForwardOffsets,
    Forward,
}

pub(crate) const SECTIONS: usize = 12;

/// What the header says, checked against the length of the snapshot.
#[derive(Clone, Debug)]
pub(crate) struct Header {
    pub(crate) count: u32,
    pub(crate) fold: Fold,
    pub(crate) code_width: u32,
    pub(crate) payload_width: u32,
    sections: [Range<usize>; SECTIONS],
}

impl Header {
    /// Reads and checks the header; touches nothing else.
    pub(crate) fn open(bytes: &[u8]) -> Result<Self, OpenError> {
        if !bytes.starts_with(MAGIC) {
            return Err(OpenError::NotASnapshot);
        }
        let version = u32_at(bytes, 8);
        if version != VERSION {
            return Err(OpenError::Version { found: version, known: VERSION });
        }
        let head = bytes.get(..LEN).ok_or(OpenError::Header)?;
        if u64_at(head, CHECKSUM_AT) != xxh3_64(&head[..CHECKSUM_AT]) {
            return Err(OpenError::Header);
        }
        let (expected, found) = (u64_at(head, 32), bytes.len() as u64);
        if expected != found {
            return Err(OpenError::Length { expected, found });
        }
        let mut sections = [const { 0..0 }; SECTIONS];
        for (at, section) in sections.iter_mut().enumerate() {
            let start = u64_at(head, SECTIONS_AT + 16 * at);
            let end = start.checked_add(u64_at(head, SECTIONS_AT + 16 * at + 8));
            let end = end.filter(|&end| end <= found).ok_or(OpenError::Header)?;
            *section = start as usize..end as usize;
        }
        let count = u32::try_from(u64_at(head, 16)).map_err(|_| OpenError::Header)?;
        let (code_width, payload_width) = (u32_at(head, 24), u32_at(head, 28));
        if count == u32::MAX || code_width > 64 || payload_width > 64 {
            return Err(OpenError::Header);
        }
        Ok(Self {
            count,
            fold: Fold::from_bits(u32_at(head, 12)),
            code_width,
            payload_width,
            sections,
        })
    }

    /// Whether what follows the header is what was written.
    pub(crate) fn verify(bytes: &[u8]) -> Result<(), OpenError> {
        let head = bytes.get(..LEN).ok_or(OpenError::Header)?;
        if u64_at(head, 40) == xxh3_64(&bytes[LEN..]) { Ok(()) } else { Err(OpenError::Content) }
    }

    #[inline]
    pub(crate) fn section<'a>(&self, bytes: &'a [u8], section: Section) -> &'a [u8] {
        bytes.get(self.sections[section as usize].clone()).unwrap_or_default()
    }

    pub(crate) fn packed<'a>(&self, bytes: &'a [u8], section: Section, width: u32) -> Packed<'a> {
        Packed::new(self.section(bytes, section), width)
    }
}

/// Puts a header before the sections.
pub(crate) fn write(
    count: u32,
    fold: Fold,
    code_width: u32,
    payload_width: u32,
    sections: &[Vec<u8>; SECTIONS],
) -> Vec<u8> {
    let len = LEN + sections.iter().map(Vec::len).sum::<usize>();
    let mut bytes = Vec::with_capacity(len);
    bytes.resize(LEN, 0);
    for (at, section) in sections.iter().enumerate() {
        let (start, len) = (bytes.len() as u64, section.len() as u64);
        let at = SECTIONS_AT + 16 * at;
        bytes[at..at + 8].copy_from_slice(&start.to_le_bytes());
        bytes[at + 8..at + 16].copy_from_slice(&len.to_le_bytes());
        bytes.extend_from_slice(section);
    }
    let body = xxh3_64(&bytes[LEN..]);
    bytes[..8].copy_from_slice(MAGIC);
    bytes[8..12].copy_from_slice(&VERSION.to_le_bytes());
    bytes[12..16].copy_from_slice(&fold.bits().to_le_bytes());
    bytes[16..24].copy_from_slice(&u64::from(count).to_le_bytes());
    bytes[24..28].copy_from_slice(&code_width.to_le_bytes());
    bytes[28..32].copy_from_slice(&payload_width.to_le_bytes());
    bytes[32..40].copy_from_slice(&(len as u64).to_le_bytes());
    bytes[40..48].copy_from_slice(&body.to_le_bytes());
    let head = xxh3_64(&bytes[..CHECKSUM_AT]);
    bytes[CHECKSUM_AT..LEN].copy_from_slice(&head.to_le_bytes());
    bytes
}
