//! The structure that was tried beside the one that `Index` has: a sorted list, front-coded in blocks
//! of 16, with a tree of maxima of 16 children over the weights. No trie: a prefix is two binary
//! searches over the beginnings of the blocks.
//!
//! It is measured in the scoreboard as "front-coded blocks"; why it was left is in the page of
//! `voussoir-trie`.

use alloc::collections::BinaryHeap;
use core::cmp::Reverse;

use super::data::Weighted;

const BLOCK: usize = 16;
const FAN: usize = 16;

/// The list.
#[derive(Debug)]
pub struct Blocks {
    bytes: Vec<u8>,
    offsets: Vec<u32>,
    /// The first eight bytes of each block's first string.
    heads: Vec<u64>,
    codes: Vec<u8>,
    width: usize,
    table: Vec<u64>,
    /// The best code of each 16 below, from the blocks up.
    levels: Vec<Vec<u32>>,
    count: usize,
}

fn head(key: &[u8]) -> u64 {
    let mut first = [0; 8];
    let len = key.len().min(8);
    first[..len].copy_from_slice(&key[..len]);
    u64::from_be_bytes(first)
}

impl Blocks {
    /// From strings in order of their bytes, which differ, of at most 255 bytes.
    pub fn new(strings: &[Weighted]) -> Self {
        let mut table: Vec<u64> = strings.iter().map(|string| string.1).collect();
        table.sort_unstable();
        table.dedup();
        let codes: Vec<u32> = strings
            .iter()
            .map(|string| table.partition_point(|&weight| weight < string.1) as u32)
            .collect();
        let (mut bytes, mut offsets, mut heads) = (Vec::new(), Vec::new(), Vec::new());
        for (at, (key, _)) in strings.iter().enumerate() {
            let key = key.as_bytes();
            let same = if at % BLOCK == 0 {
                offsets.push(bytes.len() as u32);
                heads.push(head(key));
                0
            } else {
                key.iter().zip(strings[at - 1].0.as_bytes()).take_while(|(a, b)| a == b).count()
            };
            let rest = &key[same..];
            bytes.push((same.min(15) << 4 | rest.len().min(15)) as u8);
            bytes.extend((same >= 15).then_some(same as u8));
            bytes.extend((rest.len() >= 15).then_some(rest.len() as u8));
            bytes.extend(rest);
        }
        let width = (usize::BITS - (table.len() - 1).leading_zeros()) as usize;
        let mut packed = vec![0_u8; (codes.len() * width).div_ceil(8) + 8];
        for (at, &code) in codes.iter().enumerate() {
            let bit = at * width;
            let place: &mut [u8] = &mut packed[bit / 8..bit / 8 + 8];
            let mut word = u64::from_le_bytes(place.try_into().expect("eight bytes"));
            word |= u64::from(code) << (bit % 8);
            place.copy_from_slice(&word.to_le_bytes());
        }
        let best = |codes: &[u32]| -> Vec<u32> {
            codes.chunks(FAN).map(|chunk| chunk.iter().copied().max().unwrap_or(0)).collect()
        };
        let mut levels = vec![best(&codes)];
        while levels[levels.len() - 1].len() > 1 {
            levels.push(best(&levels[levels.len() - 1]));
        }
        bytes.shrink_to_fit();
        offsets.shrink_to_fit();
        heads.shrink_to_fit();
        table.shrink_to_fit();
        Self { bytes, offsets, heads, codes: packed, width, table, levels, count: strings.len() }
    }

    /// The bytes held.
    pub fn bytes_held(&self) -> usize {
        self.bytes.len()
            + 4 * self.offsets.len()
            + 8 * self.heads.len()
            + self.codes.len()
            + 8 * self.table.len()
            + self.levels.iter().map(|level| 4 * level.len()).sum::<usize>()
    }

    fn code(&self, rank: usize) -> u32 {
        let bit = rank * self.width;
        let word =
            self.codes[bit / 8..].first_chunk::<8>().map_or(0, |word| u64::from_le_bytes(*word));
        (word >> (bit % 8) & ((1 << self.width) - 1)) as u32
    }

    /// The strings of a block.
    fn each(&self, block: usize, mut on_string: impl FnMut(usize, &[u8]) -> bool) {
        let mut at = self.offsets[block] as usize;
        let mut key: [u8; 256] = [0; 256];
        let end = ((block + 1) * BLOCK).min(self.count);
        for rank in block * BLOCK..end {
            let lengths = self.bytes[at];
            at += 1;
            let mut length = |nibble: u8| {
                if nibble < 15 {
                    return usize::from(nibble);
                }
                at += 1;
                usize::from(self.bytes[at - 1])
            };
            let same = length(lengths >> 4);
            let rest = length(lengths & 15);
            key[same..same + rest].copy_from_slice(&self.bytes[at..at + rest]);
            at += rest;
            if !on_string(rank, &key[..same + rest]) {
                return;
            }
        }
    }

    /// How many strings are below `key`, or begin with it too if `past`.
    fn rank(&self, key: &[u8], past: bool) -> usize {
        let before = |other: &[u8]| other < key || (past && other.starts_with(key));
        let wanted = head(key);
        let (mut low, mut high) = (0, self.heads.len());
        while low < high {
            let middle = usize::midpoint(low, high);
            // Eight bytes decide most; the block itself decides the others.
            let is_before = if key.len() < 8 && past {
                self.heads[middle] >> (64 - 8 * key.len()).min(63)
                    <= wanted >> (64 - 8 * key.len()).min(63)
            } else if self.heads[middle] == wanted {
                let mut is_before = false;
                self.each(middle, |_, key| {
                    is_before = before(key);
                    false
                });
                is_before
            } else {
                self.heads[middle] < wanted
            };
            if is_before { low = middle + 1 } else { high = middle }
        }
        let Some(block) = low.checked_sub(1) else { return 0 };
        let mut rank = block * BLOCK;
        self.each(block, |_, key| {
            let is_before = before(key);
            rank += usize::from(is_before);
            is_before
        });
        rank
    }

    /// The best of a node of a level within `clip`, later than `after`: code and rank, or that of the
    /// child of which no rank is earlier.
    fn best(
        &self,
        level: usize,
        node: usize,
        clip: (usize, usize),
        after: Option<(u32, usize)>,
    ) -> Option<(u32, usize)> {
        let span = FAN.pow(level as u32);
        let mut best: Option<(u32, usize)> = None;
        let children = if level == 0 { self.count } else { self.levels[level - 1].len() };
        for child in node * FAN..((node + 1) * FAN).min(children) {
            let (first, end) = (child * span, (child + 1) * span);
            if end <= clip.0 || first >= clip.1 {
                continue;
            }
            let code = if level == 0 { self.code(child) } else { self.levels[level - 1][child] };
            let rank = first.max(clip.0);
            let later = after.is_none_or(|(c, r)| code < c || (code == c && rank > r));
            if later && best.is_none_or(|(most, _)| code > most) {
                best = Some((code, rank));
            }
        }
        best
    }

    /// The best `count` strings that begin with `prefix`: ranks and weights.
    pub fn top(&self, prefix: &str, count: usize) -> Vec<(usize, u64)> {
        let mut found = Vec::with_capacity(count);
        let prefix = prefix.as_bytes();
        let clip = if prefix.is_empty() {
            (0, self.count)
        } else {
            (self.rank(prefix, false), self.rank(prefix, true))
        };
        if clip.0 >= clip.1 {
            return found;
        }
        let mut heap = BinaryHeap::with_capacity(32);
        // The lowest node that has all of them.
        let (mut level, mut span) = (0, FAN);
        while clip.0 / span != (clip.1 - 1) / span {
            level += 1;
            span *= FAN;
        }
        if let Some((code, rank)) = self.best(level, clip.0 / span, clip, None) {
            heap.push((code, Reverse(rank), level, clip.0 / span));
        }
        while let Some((code, Reverse(rank), level, node)) = heap.pop() {
            if let Some((code, rank)) = self.best(level, node, clip, Some((code, rank))) {
                heap.push((code, Reverse(rank), level, node));
            }
            if level == 0 {
                found.push((rank, self.table[code as usize]));
                if found.len() == count {
                    break;
                }
                continue;
            }
            let child = rank / FAN.pow(level as u32);
            if let Some((code, rank)) = self.best(level - 1, child, clip, None) {
                heap.push((code, Reverse(rank), level - 1, child));
            }
        }
        found
    }

    /// The string of a rank.
    pub fn key(&self, rank: usize) -> String {
        let mut text = String::new();
        self.each(rank / BLOCK, |at, key| {
            if at == rank {
                text = String::from_utf8_lossy(key).into_owned();
            }
            at < rank
        });
        text
    }
}
