//! Writes the trie of a snapshot from sorted keys: level after level, so that the children of a node
//! are neighbours and one index finds them all.

use alloc::vec::Vec;

use crate::bytes::{byte_width, common, put_varint};
use crate::tree::{BUCKET, LONG};

/// The sections of a trie, as [`Tree`](crate::tree::Tree) reads them.
#[derive(Debug, Default)]
pub(crate) struct Sections {
    pub(crate) node_offsets: Vec<u8>,
    pub(crate) nodes: Vec<u8>,
    pub(crate) bucket_offsets: Vec<u8>,
    pub(crate) strings: Vec<u8>,
}

/// A section outgrew the 32 bits of its offsets.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TooLarge;

/// Keys that become a node: which, and how many bytes lead there.
struct Run {
    first: usize,
    end: usize,
    depth: usize,
}

struct Edge {
    first: usize,
    label: u8,
    is_node: bool,
    best: u64,
}

/// Writes the trie of keys that are sorted and differ.
pub(crate) fn write<'k>(
    count: usize,
    key: impl Fn(usize) -> &'k [u8],
    codes: &[u64],
) -> Result<Sections, TooLarge> {
    let mut to = Sections::default();
    if count == 0 {
        return Ok(to);
    }
    let same: Vec<u16> =
        (0..count).map(|i| if i == 0 { 0 } else { common(key(i - 1), key(i)) as u16 }).collect();
    let mut runs = Vec::from([Run { first: 0, end: count, depth: 0 }]);
    let mut next = 0;
    let mut edges = Vec::new();
    while next < runs.len() {
        let Run { first, end, depth: from } = runs[next];
        next += 1;
        let (low, high) = (key(first), key(end - 1));
        let depth = from + common(&low[from..], &high[from..]);
        edges.clear();
        let (first_node, first_bucket) = (runs.len(), to.bucket_offsets.len() / 4);
        let mut open: Option<usize> = None;
        let mut at = first;
        while at < end {
            let stop = same[at + 1..end]
                .iter()
                .position(|&same| usize::from(same) <= depth)
                .map_or(end, |more| at + 1 + more);
            if stop - at > BUCKET as usize {
                if let Some(start) = open.take() {
                    edges.push(bucket(&mut to, &key, &same, start, at, depth)?);
                }
                runs.push(Run { first: at, end: stop, depth: depth + 1 });
                edges.push(Edge { first: at, label: key(at)[depth], is_node: true, best: 0 });
            } else if let Some(start) = open
                && stop - start > BUCKET as usize
            {
                edges.push(bucket(&mut to, &key, &same, start, at, depth)?);
                open = Some(at);
            } else {
                open = open.or(Some(at));
            }
            at = stop;
        }
        if let Some(start) = open {
            edges.push(bucket(&mut to, &key, &same, start, end, depth)?);
        }
        for at in 0..edges.len() {
            let stop = edges.get(at + 1).map_or(end, |edge| edge.first);
            edges[at].best = codes[edges[at].first..stop].iter().copied().max().unwrap_or(0);
        }
        let at = u32::try_from(to.nodes.len()).map_err(|_| TooLarge)?;
        to.node_offsets.extend(at.to_le_bytes());
        node(&mut to.nodes, &low[from..depth], &edges, first, first_node, first_bucket);
    }
    to.nodes.extend([0; 8]);
    Ok(to)
}

fn node(
    to: &mut Vec<u8>,
    common: &[u8],
    edges: &[Edge],
    first: usize,
    first_node: usize,
    first_bucket: usize,
) {
    let most_rank = edges.last().map_or(0, |edge| edge.first - first) as u64;
    let best = edges.iter().map(|edge| edge.best).max().unwrap_or(0);
    let (rank_width, code_width) = (byte_width(most_rank), byte_width(best));
    to.push((edges.len() - 1) as u8);
    to.push((code_width << 4 | rank_width) as u8);
    to.extend((common.len() as u16).to_le_bytes());
    to.extend((first_node as u32).to_le_bytes());
    to.extend((first_bucket as u32).to_le_bytes());
    to.extend(common);
    to.extend(edges.iter().map(|edge| edge.label));
    to.extend(edges.chunks(8).map(|edges| {
        edges.iter().enumerate().fold(0, |bits, (i, edge)| bits | u8::from(edge.is_node) << i)
    }));
    let mut order: Vec<u8> = (0..edges.len()).map(|child| child as u8).collect();
    order.sort_by(|&a, &b| edges[usize::from(b)].best.cmp(&edges[usize::from(a)].best));
    to.extend(order);
    for edge in edges {
        to.extend(&((edge.first - first) as u64).to_le_bytes()[..rank_width]);
    }
    for edge in edges {
        to.extend(&edge.best.to_le_bytes()[..code_width]);
    }
}

fn bucket<'k>(
    to: &mut Sections,
    key: impl Fn(usize) -> &'k [u8],
    same: &[u16],
    first: usize,
    end: usize,
    depth: usize,
) -> Result<Edge, TooLarge> {
    let at = u32::try_from(to.strings.len()).map_err(|_| TooLarge)?;
    to.bucket_offsets.extend(at.to_le_bytes());
    for at in first..end {
        let same = if at == first { 0 } else { usize::from(same[at]) - depth };
        let rest = &key(at)[depth + same..];
        let long = usize::from(LONG);
        to.strings.push((same.min(long) << 4 | rest.len().min(long)) as u8);
        for length in [same, rest.len()] {
            if let Some(more) = length.checked_sub(long) {
                put_varint(&mut to.strings, more as u64);
            }
        }
        to.strings.extend(rest);
    }
    let label = key(first).get(depth).copied().unwrap_or(0);
    Ok(Edge { first, label, is_node: false, best: 0 })
}
