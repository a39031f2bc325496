//! Which bytes of what is shown the query stands for.

use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use core::ops::Range;

use unicode_segmentation::UnicodeSegmentation;

use crate::fold::Fold;
use crate::terms;

/// What is shown, with the piece of the key that each grapheme cluster folds to.
struct Clusters {
    /// The bytes of the cluster and its folded characters.
    clusters: Vec<(Range<usize>, Vec<char>)>,
}

impl Clusters {
    fn new(fold: Fold, display: &str) -> Self {
        let clusters = display
            .grapheme_indices(true)
            .map(|(at, cluster)| (at..at + cluster.len(), fold.fold(cluster).chars().collect()))
            .collect();
        Self { clusters }
    }

    fn characters(&self) -> Vec<char> {
        self.clusters.iter().flat_map(|(_, folded)| folded.iter().copied()).collect()
    }

    /// The bytes of the clusters that have a marked character.
    fn spans(&self, marked: &[bool]) -> Vec<Range<usize>> {
        let mut spans: Vec<Range<usize>> = Vec::new();
        let mut at = 0;
        for (bytes, folded) in &self.clusters {
            let end = (at + folded.len()).min(marked.len());
            let is_marked = marked.get(at..end).is_some_and(|marks| marks.contains(&true));
            at += folded.len();
            if !is_marked {
                continue;
            }
            match spans.last_mut() {
                Some(last) if last.end == bytes.start => last.end = bytes.end,
                _ => spans.push(bytes.clone()),
            }
        }
        spans
    }
}

/// The beginning of `display` that `query` stands for.
pub(crate) fn prefix(fold: Fold, display: &str, query: &str, distance: u8) -> Vec<Range<usize>> {
    let clusters = Clusters::new(fold, display);
    let key = clusters.characters();
    let query: Vec<char> = fold.fold(query).chars().collect();
    if distance == 0 {
        let len = query.len().min(key.len());
        return clusters.spans(&vec![true; len]);
    }
    clusters.spans(&typed_right(&query, &key, distance))
}

/// The words of `display` that begin with a word of `query`.
pub(crate) fn terms(fold: Fold, display: &str, query: &str) -> Vec<Range<usize>> {
    let clusters = Clusters::new(fold, display);
    let key: String = clusters.characters().into_iter().collect();
    let query = fold.fold(query);
    let mut marked = vec![false; key.chars().count()];
    let (whole, last) = terms::of_query(&query);
    for (at, word) in terms::words(&key) {
        let len = if whole.contains(&word) {
            word.chars().count()
        } else if let Some(last) = last.filter(|last| word.starts_with(last)) {
            last.chars().count()
        } else {
            continue;
        };
        let first = key[..at].chars().count();
        marked[first..first + len].fill(true);
    }
    clusters.spans(&marked)
}

/// The characters at the beginning of `key` that `query` has too, in the alignment with the fewest
/// errors and, of these, with the longest beginning: `cat` marks `ca` and `t` of `cart`, not `ca` alone.
fn typed_right(query: &[char], key: &[char], distance: u8) -> Vec<bool> {
    let key = &key[..key.len().min(query.len() + usize::from(distance))];
    let width = key.len() + 1;
    let mut table = vec![0_usize; (query.len() + 1) * width];
    let exchanged = |i: usize, j: usize| {
        i > 1 && j > 1 && query[i - 1] == key[j - 2] && query[i - 2] == key[j - 1]
    };
    for i in 0..=query.len() {
        for j in 0..=key.len() {
            table[i * width + j] = if i == 0 || j == 0 {
                i + j
            } else {
                let at = |i: usize, j: usize| table[i * width + j];
                let replaced = at(i - 1, j - 1) + usize::from(query[i - 1] != key[j - 1]);
                let mut least = replaced.min(at(i - 1, j) + 1).min(at(i, j - 1) + 1);
                if exchanged(i, j) {
                    least = least.min(at(i - 2, j - 2) + 1);
                }
                least
            };
        }
    }
    let at = |i: usize, j: usize| table[i * width + j];
    let mut i = query.len();
    let mut j = (0..=key.len()).rev().min_by_key(|&j| at(i, j)).unwrap_or(0);
    let mut marked = vec![false; j];
    while i > 0 && j > 0 {
        if query[i - 1] == key[j - 1] && at(i, j) == at(i - 1, j - 1) {
            marked[j - 1] = true;
            (i, j) = (i - 1, j - 1);
        } else if exchanged(i, j) && at(i, j) == at(i - 2, j - 2) + 1 {
            marked[j - 2..j].fill(true);
            (i, j) = (i - 2, j - 2);
        } else if at(i, j) == at(i - 1, j - 1) + 1 {
            (i, j) = (i - 1, j - 1);
        } else if at(i, j) == at(i - 1, j) + 1 {
            i -= 1;
        } else {
            j -= 1;
        }
    }
    marked
}
