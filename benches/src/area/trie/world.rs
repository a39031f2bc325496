//! The strings, and what is built of them when it is first asked for.

use core::hint::black_box;
use std::path::PathBuf;
use std::sync::{Arc, LazyLock, Mutex, OnceLock};
use std::time::Instant;

use pruning_radix_trie::PruningRadixTrie;
use voussoir::trie::{Hit, Index, Overlay, Suggester};
use weighted_trie::{WeightedString, WeightedTrie};

use crate::completion::blocks::Blocks;
use crate::completion::data::{self, Weighted};
use crate::completion::peers;
use crate::completion::timing::Latency;
use crate::harness::case::Case;
use crate::harness::figure::{Figure, Figured};
use crate::harness::json::Unit;
use crate::inputs::Inputs;

/// How many prefixes there are of each length.
const PREFIXES: usize = 250;

/// The longest prefix that is asked for.
pub(super) const LONGEST: usize = 8;

/// The strings, and what is built of them when it is first asked for.
pub(super) struct World {
    pub(super) strings: Arc<[Weighted]>,
    pub(super) folder: Option<PathBuf>,
    pub(super) prefixes: Vec<Vec<String>>,
    pub(super) index: LazyLock<Index, Box<dyn FnOnce() -> Index + Send>>,
    suggester: OnceLock<Suggester>,
    overlay: OnceLock<Overlay>,
    fst: OnceLock<fst::Map<Vec<u8>>>,
    sorted: OnceLock<Vec<(Box<str>, u64)>>,
    blocks: OnceLock<Blocks>,
    pruning: OnceLock<PruningRadixTrie<(), u64>>,
    weighted: OnceLock<WeightedTrie>,
    patricia: OnceLock<patricia_tree::StringPatriciaMap<u64>>,
    measured: Mutex<std::collections::BTreeMap<String, Latency>>,
}

impl World {
    /// One for the whole run: the harness builds its cases several times.
    pub(super) fn of(inputs: &Inputs) -> Arc<Self> {
        static WORLDS: Mutex<Vec<(String, Arc<World>)>> = Mutex::new(Vec::new());
        let name = format!("{:?} {}", inputs.queries, inputs.large);
        let mut worlds = WORLDS.lock().expect("no panic while it is held");
        if let Some((_, world)) = worlds.iter().find(|(other, _)| *other == name) {
            return Arc::clone(world);
        }
        let world = Arc::new(Self::new(inputs));
        worlds.push((name, Arc::clone(&world)));
        world
    }

    fn new(inputs: &Inputs) -> Self {
        let recorded = inputs.queries.as_ref().map(|folder| folder.join("queries-large.tsv.zst"));
        let strings = recorded
            .and_then(|path| data::read(&path).ok())
            .unwrap_or_else(|| data::made_up(5 * inputs.large));
        let strings: Arc<[Weighted]> = strings.into();
        let prefixes =
            (0..=LONGEST).map(|length| data::prefixes(&strings, length, PREFIXES)).collect();
        let for_index = Arc::clone(&strings);
        Self {
            prefixes,
            folder: inputs.queries.clone(),
            index: LazyLock::new(Box::new(move || index_of(&for_index))),
            strings,
            suggester: OnceLock::new(),
            overlay: OnceLock::new(),
            fst: OnceLock::new(),
            sorted: OnceLock::new(),
            blocks: OnceLock::new(),
            pruning: OnceLock::new(),
            weighted: OnceLock::new(),
            patricia: OnceLock::new(),
            measured: Mutex::default(),
        }
    }

    /// Strings of a file of the folder, or made-up ones.
    pub(super) fn read(&self, name: &str) -> Option<Vec<Weighted>> {
        data::read(&self.folder.as_ref()?.join(name)).ok()
    }

    pub(super) fn fst(&self) -> &fst::Map<Vec<u8>> {
        self.fst.get_or_init(|| peers::fst_of(&self.strings))
    }

    pub(super) fn sorted(&self) -> &[(Box<str>, u64)] {
        self.sorted.get_or_init(|| sorted_of(&self.strings))
    }

    pub(super) fn pruning(&self) -> &PruningRadixTrie<(), u64> {
        self.pruning.get_or_init(|| pruning_of(&self.strings))
    }

    pub(super) fn weighted(&self) -> &WeightedTrie {
        self.weighted.get_or_init(|| weighted_of(&self.strings))
    }

    pub(super) fn patricia(&self) -> &patricia_tree::StringPatriciaMap<u64> {
        self.patricia.get_or_init(|| peers::patricia_of(&self.strings))
    }

    pub(super) fn blocks(&self) -> &Blocks {
        self.blocks.get_or_init(|| Blocks::new(&self.strings))
    }

    pub(super) fn overlay(&self) -> &Overlay {
        self.overlay.get_or_init(|| overlay_of(&shuffled(&self.strings, 1)))
    }

    /// The index with every hundredth string changed.
    pub(super) fn suggester(&self) -> &Suggester {
        self.suggester.get_or_init(|| {
            let suggest = Suggester::new(self.index.clone());
            for (text, weight) in self.strings.iter().step_by(100) {
                suggest.upsert(text, weight + 1).expect("short strings");
            }
            suggest
        })
    }

    /// The latency of a contestant, measured when one of its figures is first asked for.
    pub(super) fn latency(&self, name: &str, measure: impl FnOnce() -> Latency) -> Latency {
        let known = self.measured.lock().expect("no panic while it is held").get(name).copied();
        known.unwrap_or_else(|| {
            let found = measure();
            let mut measured = self.measured.lock().expect("no panic while it is held");
            measured.insert(name.to_owned(), found);
            found
        })
    }
}

pub(super) fn index_of(strings: &[Weighted]) -> Index {
    Index::build(strings.iter().map(|(text, weight)| (text, *weight))).expect("short strings")
}

pub(super) fn sorted_of(strings: &[Weighted]) -> Vec<(Box<str>, u64)> {
    strings.iter().map(|(text, weight)| (text.as_str().into(), *weight)).collect()
}

pub(super) fn pruning_of(strings: &[Weighted]) -> PruningRadixTrie<(), u64> {
    let mut trie = PruningRadixTrie::new();
    for (text, weight) in strings {
        trie.add(text, (), *weight);
    }
    trie
}

/// Its weights have 32 bits.
pub(super) fn weighted_of(strings: &[Weighted]) -> WeightedTrie {
    let weighted = |(text, weight): &Weighted| {
        WeightedString::new(text.as_str(), u32::try_from(*weight).unwrap_or(u32::MAX))
    };
    WeightedTrie::build(strings.iter().map(weighted).collect())
}

pub(super) fn overlay_of(strings: &[Weighted]) -> Overlay {
    let mut overlay = Overlay::default();
    for (text, weight) in strings {
        overlay.upsert(text, *weight).expect("short strings");
    }
    overlay
}

/// One of so many strings, in any order and in memory of their own: who changes a string has just
/// received it.
pub(super) fn shuffled(strings: &[Weighted], one_of: usize) -> Vec<Weighted> {
    let mut shuffled: Vec<_> = strings.iter().collect();
    crate::inputs::SplitMix::new(1).shuffle(&mut shuffled);
    shuffled.into_iter().take(strings.len() / one_of).cloned().collect()
}

pub(super) fn figure(
    name: &str,
    world: &Arc<World>,
    work: impl Fn(&World) -> f64 + 'static,
) -> Figure {
    let world = Arc::clone(world);
    Figure::new(name, move || work(&world))
}

pub(super) fn nanos(name: &str, ours: Figure, peers: Vec<Figure>) -> Case {
    Figured { name: name.to_owned(), unit: Unit::NanosPerOperation, ours, peers }.into()
}

/// The least of three times.
pub(super) fn fastest<T>(mut work: impl FnMut() -> T) -> f64 {
    let times = (0..3).map(|_| {
        let start = Instant::now();
        black_box(work());
        start.elapsed().as_nanos() as f64
    });
    times.fold(f64::INFINITY, f64::min)
}

/// Counts a hit whose weight is read.
pub(super) fn weighed(count: usize, hit: Hit<'_>) -> usize {
    black_box(hit.weight());
    count + 1
}
