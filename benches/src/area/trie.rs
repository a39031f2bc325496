//! Completion, against `fst`, a sorted list, `pruning_radix_trie`, `weighted_trie`, `patricia_tree`, and
//! the structure that was tried beside ours.
//!
//! The strings are those of `queries-large.tsv.zst` in the folder of `--queries`, or made up. Every
//! contestant answers with the best ten; a latency is that of single queries, so that there is a
//! ninety-ninth percentile to show.

use core::hint::black_box;
use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::path::PathBuf;
use std::sync::{Arc, LazyLock, Mutex, OnceLock};
use std::thread;
use std::time::Instant;

use fst::Automaton;
use levenshtein_automata::LevenshteinAutomatonBuilder;
use pruning_radix_trie::PruningRadixTrie;
use voussoir::trie::{Fuzzy, Index, Order, Overlay, Suggester};
use weighted_trie::{WeightedString, WeightedTrie};

use super::Area;
use crate::completion::blocks::Blocks;
use crate::completion::data::{self, Weighted};
use crate::completion::peers::{self, Typed};
use crate::completion::timing::{Latency, latency, of};
use crate::harness::alloc::{Built, Weighed};
use crate::harness::case::{Case, Contestant, Timed};
use crate::harness::figure::{Figure, Figured};
use crate::harness::json::Unit;
use crate::inputs::Inputs;

/// The area.
pub const AREA: Area = Area { name: "trie", about: "the best ten completions", cases };

/// How many prefixes there are of each length.
const PREFIXES: usize = 250;

/// The longest prefix that is asked for.
const LONGEST: usize = 8;

fn cases(inputs: &Inputs) -> Vec<Case> {
    let world = World::of(inputs);
    let mut cases = Vec::new();
    for length in 0..=LONGEST {
        cases.extend(exact(&world, length));
    }
    cases.extend(size_and_time(&world));
    cases.extend(changing(&world));
    cases.extend(fuzzy(&world));
    cases.extend(recall(&world));
    cases.extend(words(&world));
    cases.push(timed(&world).into());
    cases
}

/// The strings, and what is built of them when it is first asked for.
struct World {
    strings: Arc<[Weighted]>,
    folder: Option<PathBuf>,
    prefixes: Vec<Vec<String>>,
    index: LazyLock<Index, Box<dyn FnOnce() -> Index + Send>>,
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
    fn of(inputs: &Inputs) -> Arc<Self> {
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
    fn read(&self, name: &str) -> Option<Vec<Weighted>> {
        data::read(&self.folder.as_ref()?.join(name)).ok()
    }

    fn fst(&self) -> &fst::Map<Vec<u8>> {
        self.fst.get_or_init(|| peers::fst_of(&self.strings))
    }

    fn sorted(&self) -> &[(Box<str>, u64)] {
        self.sorted.get_or_init(|| {
            self.strings.iter().map(|(text, weight)| (text.as_str().into(), *weight)).collect()
        })
    }

    fn overlay(&self) -> &Overlay {
        self.overlay.get_or_init(|| overlay_of(&self.strings))
    }

    /// The index with every hundredth string changed.
    fn suggester(&self) -> &Suggester {
        self.suggester.get_or_init(|| {
            let suggest = Suggester::new(self.index.clone());
            for (text, weight) in self.strings.iter().step_by(100) {
                suggest.upsert(text, weight + 1).expect("short strings");
            }
            suggest
        })
    }

    /// The latency of a contestant, measured when one of its figures is first asked for.
    fn latency(&self, name: &str, measure: impl FnOnce() -> Latency) -> Latency {
        let known = self.measured.lock().expect("no panic while it is held").get(name).copied();
        known.unwrap_or_else(|| {
            let found = measure();
            let mut measured = self.measured.lock().expect("no panic while it is held");
            measured.insert(name.to_owned(), found);
            found
        })
    }
}

fn index_of(strings: &[Weighted]) -> Index {
    Index::build(strings.iter().map(|(text, weight)| (text, *weight))).expect("short strings")
}

fn overlay_of(strings: &[Weighted]) -> Overlay {
    let mut overlay = Overlay::default();
    for (text, weight) in shuffled(strings) {
        overlay.upsert(text, *weight).expect("short strings");
    }
    overlay
}

fn shuffled(strings: &[Weighted]) -> Vec<&Weighted> {
    let mut shuffled: Vec<_> = strings.iter().collect();
    crate::inputs::SplitMix::new(1).shuffle(&mut shuffled);
    shuffled
}

type Query = fn(&World, &str) -> usize;

/// Who answers, and how: the number of answers says that there were some.
const EXACT: &[(&str, Query)] = &[
    ("fst", |world, prefix| {
        let automaton = fst::automaton::Str::new(prefix).starts_with();
        peers::fst_top(world.fst(), automaton).len()
    }),
    ("sorted Vec", |world, prefix| peers::sorted_top(world.sorted(), prefix).len()),
    ("pruning_radix_trie", |world, prefix| {
        let trie = world.pruning.get_or_init(|| {
            let mut trie = PruningRadixTrie::new();
            world.strings.iter().for_each(|(text, weight)| trie.add(text, (), *weight));
            trie
        });
        trie.find(prefix, 10).len()
    }),
    ("weighted_trie", |world, prefix| {
        let trie = world.weighted.get_or_init(|| {
            let weighted = |(text, weight): &Weighted| {
                WeightedString::new(text.as_str(), u32::try_from(*weight).unwrap_or(u32::MAX))
            };
            WeightedTrie::build(world.strings.iter().map(weighted).collect())
        });
        trie.search(prefix).len()
    }),
    ("patricia_tree", |world, prefix| {
        let map = world.patricia.get_or_init(|| peers::patricia_of(&world.strings));
        peers::patricia_top(map, prefix).len()
    }),
    ("front-coded blocks", |world, prefix| {
        world.blocks.get_or_init(|| Blocks::new(&world.strings)).top(prefix, 10).len()
    }),
];

const BORROWED: (&str, Query) = ("ours", |world, prefix| {
    world.index.complete(prefix).take(10).map(|hit| black_box(hit.weight())).count()
});

const OWNED: (&str, Query) = ("ours, owned", |world, prefix| {
    world.index.complete(prefix).take(10).map(|hit| black_box(hit.key())).count()
});

const OVERLAID: (&str, Query) = ("ours, 1 % changed", |world, prefix| {
    let now = world.suggester().snapshot();
    now.complete(prefix).take(10).map(|hit| black_box(hit.weight())).count()
});

const OVERLAY: (&str, Query) = ("ours, overlay", |world, prefix| {
    world.overlay().complete(prefix).take(10).map(|hit| black_box(hit.weight())).count()
});

/// The latency of one of them at one length.
fn of_length(world: &World, (name, query): (&'static str, Query), length: usize) -> Latency {
    let prefixes = if length == 0 { &world.prefixes[0][..1] } else { &world.prefixes[length][..] };
    world.latency(&format!("{name} {length}"), || {
        // What is built at the first query is not timed.
        query(world, "zzzzzzzz");
        latency(prefixes, |prefix| query(world, prefix))
    })
}

type Part = fn(Latency) -> f64;

const PARTS: &[(&str, Part)] =
    &[("mean", |found| found.mean), ("p50", |found| found.p50), ("p99", |found| found.p99)];

fn exact(world: &Arc<World>, length: usize) -> Vec<Case> {
    let figure = |who: (&'static str, Query), part: Part| {
        let world = Arc::clone(world);
        Figure::new(who.0, move || part(of_length(&world, who, length)))
    };
    let mut cases = Vec::new();
    for &(form, ours) in &[("", BORROWED), (", owned", OWNED)] {
        for &(name, part) in PARTS {
            let peers = if form.is_empty() { EXACT } else { &[] };
            cases.push(Case::from(Figured {
                name: format!("prefix of {length}{form}, {name}"),
                unit: Unit::NanosPerOperation,
                ours: figure(ours, part),
                peers: peers
                    .iter()
                    // It answers an empty prefix with nothing.
                    .filter(|peer| length > 0 || peer.0 != "weighted_trie")
                    .map(|&peer| figure(peer, part))
                    .collect(),
            }));
        }
    }
    cases
}

/// The mean of all lengths, or the worst of them.
fn over_lengths(world: &World, who: (&'static str, Query), worst: bool) -> f64 {
    let means = (0..=LONGEST).map(|length| of_length(world, who, length).mean);
    if worst { means.fold(0.0, f64::max) } else { means.sum::<f64>() / (LONGEST + 1) as f64 }
}

fn figure(name: &str, world: &Arc<World>, work: impl Fn(&World) -> f64 + 'static) -> Figure {
    let world = Arc::clone(world);
    Figure::new(name, move || work(&world))
}

fn nanos(name: &str, ours: Figure, peers: Vec<Figure>) -> Case {
    Figured { name: name.to_owned(), unit: Unit::NanosPerOperation, ours, peers }.into()
}

/// The least of three times.
fn fastest<T>(mut work: impl FnMut() -> T) -> f64 {
    let times = (0..3).map(|_| {
        let start = Instant::now();
        black_box(work());
        start.elapsed().as_nanos() as f64
    });
    times.fold(f64::INFINITY, f64::min)
}

fn size_and_time(world: &Arc<World>) -> Vec<Case> {
    let entries = world.strings.len();
    let strings = Arc::clone(&world.strings);
    let weigh = |build: Box<dyn Fn(&[Weighted]) -> Box<dyn core::any::Any>>, name: &str| {
        let strings = Arc::clone(&strings);
        Built::new(name, move || build(&strings))
    };
    let memory = Weighed {
        name: "memory, static".to_owned(),
        entries,
        ours: weigh(Box::new(|strings| Box::new(index_of(strings))), "ours"),
        peers: vec![
            weigh(Box::new(|strings| Box::new(peers::fst_of(strings))), "fst"),
            weigh(Box::new(|strings| Box::new(Blocks::new(strings))), "front-coded blocks"),
            weigh(Box::new(|strings| Box::new(peers::patricia_of(strings))), "patricia_tree"),
            weigh(
                Box::new(|strings| {
                    let sorted = strings
                        .iter()
                        .map(|(text, weight)| (text.clone().into_boxed_str(), *weight));
                    Box::new(sorted.collect::<Vec<_>>())
                }),
                "sorted Vec",
            ),
            weigh(
                Box::new(|strings| {
                    let mut trie = PruningRadixTrie::<(), u64>::new();
                    strings.iter().for_each(|(text, weight)| trie.add(text, (), *weight));
                    Box::new(trie)
                }),
                "pruning_radix_trie",
            ),
            weigh(
                Box::new(|strings| {
                    let strings = strings.iter().map(|(text, weight)| {
                        WeightedString::new(
                            text.as_str(),
                            u32::try_from(*weight).unwrap_or(u32::MAX),
                        )
                    });
                    Box::new(WeightedTrie::build(strings.collect()))
                }),
                "weighted_trie",
            ),
        ],
    };
    let per = move |time: f64| time / entries as f64;
    vec![
        memory.into(),
        nanos(
            "build, for each string in order",
            figure("ours", world, move |world| per(fastest(|| index_of(&world.strings)))),
            vec![
                figure("fst", world, move |world| per(fastest(|| peers::fst_of(&world.strings)))),
                figure("front-coded blocks", world, move |world| {
                    per(fastest(|| Blocks::new(&world.strings)))
                }),
            ],
        ),
        nanos(
            "each further result",
            figure("ours", world, |world| {
                let mut times: Vec<f64> = world.prefixes[1..=3]
                    .iter()
                    .flatten()
                    .filter(|prefix| world.index.count(prefix) >= 1000)
                    .map(|prefix| {
                        let mut hits = world.index.complete(prefix);
                        hits.by_ref().take(10).for_each(|hit| drop(black_box(hit)));
                        let start = Instant::now();
                        hits.take(990).for_each(|hit| drop(black_box(hit)));
                        start.elapsed().as_nanos() as f64 / 990.0
                    })
                    .collect();
                of(&mut times).mean
            }),
            Vec::new(),
        ),
        nanos(
            "open",
            figure("ours", world, |world| {
                fastest(|| Index::from_bytes(world.index.as_bytes()).map(drop))
            }),
            vec![figure("fst", world, |world| {
                let bytes = world.fst().as_fst().as_bytes();
                fastest(|| fst::Map::new(bytes).map(drop))
            })],
        ),
        nanos(
            "verify",
            figure("ours", world, |world| fastest(|| world.index.verify())),
            vec![figure("fst", world, |world| fastest(|| world.fst().as_fst().verify()))],
        ),
    ]
}

fn changing(world: &Arc<World>) -> Vec<Case> {
    let weighed = Arc::clone(&world.strings);
    let entries = world.strings.len();
    vec![
        nanos(
            "suggester, upsert",
            figure("ours", world, |world| {
                let suggest = Suggester::new(world.index.clone());
                let strings = &shuffled(&world.strings)[..world.strings.len() / 20];
                let start = Instant::now();
                for (text, weight) in strings {
                    suggest.upsert(text, weight + 1).expect("short strings");
                }
                start.elapsed().as_nanos() as f64 / strings.len() as f64
            }),
            Vec::new(),
        ),
        nanos(
            "suggester, delete",
            figure("ours", world, |world| {
                let suggest = Suggester::new(world.index.clone());
                let strings = &shuffled(&world.strings)[..world.strings.len() / 20];
                let start = Instant::now();
                for (text, _) in strings {
                    suggest.remove(text).expect("short strings");
                }
                start.elapsed().as_nanos() as f64 / strings.len() as f64
            }),
            Vec::new(),
        ),
        nanos(
            "overlay, upsert",
            figure("ours", world, |world| {
                let start = Instant::now();
                let overlay = overlay_of(&world.strings);
                start.elapsed().as_nanos() as f64 / overlay.len() as f64
            }),
            Vec::new(),
        ),
        nanos(
            "overlay, delete",
            figure("ours", world, |world| {
                // Not a clone, which would have it copy what the two share.
                let mut overlay = overlay_of(&world.strings);
                let strings = &shuffled(&world.strings)[..world.strings.len() / 20];
                let start = Instant::now();
                for (text, _) in strings {
                    overlay.remove(text).expect("short strings");
                }
                start.elapsed().as_nanos() as f64 / strings.len() as f64
            }),
            Vec::new(),
        ),
        Weighed {
            name: "memory, overlay".to_owned(),
            entries,
            ours: Built::new("ours", move || overlay_of(&weighed)),
            peers: Vec::new(),
        }
        .into(),
        nanos(
            "overlay, query, worst mean of all lengths",
            figure("ours", world, |world| over_lengths(world, OVERLAY, true)),
            Vec::new(),
        ),
        nanos(
            "index with 1 % changed, query",
            figure("ours", world, |world| over_lengths(world, OVERLAID, false)),
            vec![figure("the index alone", world, |world| over_lengths(world, BORROWED, false))],
        ),
        nanos(
            "query of two readers while indexes are swapped, p99",
            figure("ours", world, |world| swapped(world, true).0),
            vec![figure("without swaps", world, |world| swapped(world, false).0)],
        ),
        Figured {
            name: "wrong answers while indexes are swapped".to_owned(),
            unit: Unit::Count,
            ours: figure("ours", world, |world| swapped(world, true).1),
            peers: Vec::new(),
        }
        .into(),
    ]
}

/// Two threads ask for 200 ms, one swaps two indexes whose weights differ in their lowest bit. The
/// ninety-ninth percentile of their times, and how many answers were of both.
fn swapped(world: &World, swaps: bool) -> (f64, f64) {
    let count = world.strings.len().min(50_000);
    let version = |bit: u64| {
        let strings = world.strings[..count].iter();
        Index::build(strings.map(|(text, weight)| (text, weight << 1 | bit)))
            .expect("short strings")
    };
    let versions = [version(0), version(1)];
    let suggest = Suggester::new(versions[0].clone());
    let (done, wrong) = (AtomicBool::new(false), AtomicU64::new(0));
    let ask = || {
        let mut times = Vec::new();
        let mut at = 0;
        while !done.load(Ordering::Relaxed) {
            let prefix = &world.prefixes[1 + at % 3][at % world.prefixes[1 + at % 3].len()];
            let start = Instant::now();
            let now = suggest.snapshot();
            let mut bits = now.complete(prefix).take(10).map(|hit| hit.weight() & 1);
            let first = bits.next();
            if bits.any(|bit| Some(bit) != first) {
                wrong.fetch_add(1, Ordering::Relaxed);
            }
            times.push(start.elapsed().as_nanos() as f64);
            at += 1;
        }
        times
    };
    let mut times = thread::scope(|scope| {
        let readers = [scope.spawn(ask), scope.spawn(ask)];
        let start = Instant::now();
        let mut turn = 0;
        while start.elapsed().as_millis() < 200 {
            if swaps {
                turn += 1;
                let next = versions[turn % 2].clone();
                suggest.swap_index(next, voussoir::trie::Keep::Clear).expect("one folding");
            }
            thread::sleep(core::time::Duration::from_millis(5));
        }
        done.store(true, Ordering::Relaxed);
        readers.into_iter().flat_map(|reader| reader.join().expect("no panic")).collect::<Vec<_>>()
    });
    (of(&mut times).p99, wrong.load(Ordering::Relaxed) as f64)
}

/// What was typed of strings that people ask for, half of it with errors.
fn typed_prefixes(
    world: &World,
    lengths: core::ops::RangeInclusive<usize>,
    errors: usize,
) -> Vec<String> {
    let mut found = Vec::new();
    for length in lengths {
        let prefixes = data::prefixes(&world.strings, length, 40);
        found.extend(prefixes.into_iter().enumerate().map(|(at, prefix)| {
            if at % 2 == 0 { data::misspelt(&prefix, errors, at as u64) } else { prefix }
        }));
    }
    found
}

fn typing_errors(edits: u8) -> &'static str {
    if edits == 1 { "1 typing error" } else { "2 typing errors" }
}

fn fuzzy(world: &Arc<World>) -> Vec<Case> {
    let ours = |edits: u8, order: Order, part: Part| {
        let name = format!("fuzzy {edits} {order:?}");
        move |world: &World| {
            let lengths = if edits == 1 { 3..=8 } else { 5..=12 };
            part(world.latency(&name, || {
                let fuzzy = Fuzzy::edits(edits).order(order);
                latency(&typed_prefixes(world, lengths, edits.into()), |query| {
                    let hits = world.index.complete(query).fuzzy(fuzzy).take(10);
                    hits.map(|hit| black_box(hit.weight())).count()
                })
            }))
        }
    };
    let peer = |edits: u8, part: Part| {
        let name = format!("levenshtein_automata {edits}");
        move |world: &World| {
            let lengths = if edits == 1 { 3..=8 } else { 5..=12 };
            part(world.latency(&name, || {
                let builder = LevenshteinAutomatonBuilder::new(edits, true);
                latency(&typed_prefixes(world, lengths, edits.into()), |query| {
                    peers::fst_top(world.fst(), Typed::new(&builder, query)).len()
                })
            }))
        }
    };
    let mut cases = Vec::new();
    for edits in 1..=2 {
        for &(name, part) in PARTS {
            for (form, order) in [("", Order::Distance), (", by weight", Order::Weight)] {
                let mut peers = Vec::new();
                if order == Order::Weight {
                    peers.push(figure("fst + levenshtein_automata", world, peer(edits, part)));
                }
                cases.push(nanos(
                    &format!("{}{form}, {name}", typing_errors(edits)),
                    figure("ours", world, ours(edits, order, part)),
                    peers,
                ));
            }
        }
    }
    cases
}

/// Of misspellings whose correction is in the dictionary, the share whose first ten answers do not
/// have it.
fn missed(world: &World, edits: u8) -> f64 {
    let words = world.read("english-words-phrases.tsv.zst");
    let pairs = world
        .folder
        .as_ref()
        .and_then(|folder| data::read_text(&folder.join("misspellings-wikipedia.tsv.zst")).ok());
    let (Some(words), Some(pairs)) = (words, pairs) else { return f64::NAN };
    let index = index_of(&words);
    let (mut asked, mut missed) = (0_u32, 0_u32);
    for (typed, meant) in pairs.lines().filter_map(|line| line.split_once('\t')) {
        let meant: Vec<&str> =
            meant.split('|').filter(|meant| index.get(meant).is_some()).collect();
        if meant.is_empty() {
            continue;
        }
        asked += 1;
        let mut hits = index.complete(typed).fuzzy(Fuzzy::edits(edits)).take(10);
        missed += u32::from(!hits.any(|hit| meant.contains(&hit.key().as_str())));
    }
    100.0 * f64::from(missed) / f64::from(asked.max(1))
}

fn recall(world: &Arc<World>) -> Vec<Case> {
    [1, 2]
        .map(|edits| {
            Case::from(Figured {
                name: format!("misspellings not among the best ten, {}", typing_errors(edits)),
                unit: Unit::Percent,
                ours: figure("ours", world, move |world| missed(world, edits)),
                peers: Vec::new(),
            })
        })
        .into()
}

fn words(world: &Arc<World>) -> Vec<Case> {
    fn search(world: &World, terms: usize) -> Latency {
        world.latency(&format!("words {terms}"), || {
            let phrases = world.read("phrases-trec05.tsv.zst").unwrap_or_else(|| {
                let strings = world.strings.chunks(3).map(|chunk| {
                    let words: Vec<&str> = chunk.iter().map(|(text, _)| text.as_str()).collect();
                    (words.join(" "), chunk[0].1)
                });
                strings.collect()
            });
            let mut builder = Index::builder().terms(true);
            for (text, weight) in &phrases {
                builder.add(text, *weight).expect("short strings");
            }
            let index = builder.build().expect("few strings");
            let queries: Vec<String> = phrases
                .iter()
                .filter(|(text, _)| text.split(' ').count() >= terms)
                .step_by(31)
                .take(500)
                .map(|(text, _)| {
                    let mut words: Vec<&str> = text.split(' ').take(terms).collect();
                    words.reverse();
                    let last = words.pop().unwrap_or_default();
                    let half =
                        last.chars().take(last.chars().count().div_ceil(2)).collect::<String>();
                    format!("{} {half}", words.join(" "))
                })
                .collect();
            latency(&queries, |query| {
                index.search(query).take(10).map(|hit| black_box(hit.weight())).count()
            })
        })
    }
    let mut cases = Vec::new();
    for terms in [2, 3] {
        for &(name, part) in PARTS {
            cases.push(nanos(
                &format!("{terms} words, {name}"),
                figure("ours", world, move |world| part(search(world, terms))),
                Vec::new(),
            ));
        }
    }
    cases
}

/// The prefixes of three letters, for criterion.
fn timed(world: &Arc<World>) -> Timed {
    let contestant = |(name, query): (&'static str, Query)| {
        let world = Arc::clone(world);
        Contestant::each(name, move |at| {
            query(&world, &world.prefixes[3][at % world.prefixes[3].len()]) > 0
        })
    };
    Timed::new(
        "prefixes of 3, one after the other",
        contestant(BORROWED),
        vec![contestant(EXACT[3]), contestant(EXACT[5])],
    )
    .alone()
    .allocations()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_structure_that_was_left_answers_as_ours_does() {
        let world = World::of(&Inputs { large: 1000, ..Inputs::TINY });
        let blocks = Blocks::new(&world.strings);
        for prefix in world.prefixes.iter().flatten() {
            let ours: Vec<_> = world
                .index
                .complete(prefix)
                .take(10)
                .map(|hit| (hit.key(), hit.weight()))
                .collect();
            let theirs =
                blocks.top(prefix, 10).into_iter().map(|(rank, weight)| (blocks.key(rank), weight));
            assert_eq!(theirs.collect::<Vec<_>>(), ours, "{prefix}");
        }
    }
}
