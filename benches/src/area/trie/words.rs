//! Words in any order, the last unfinished.

use std::sync::Arc;

use voussoir::trie::Index;

use super::exact::PARTS;
use super::world::{World, figure, nanos, weighed};
use crate::completion::timing::{Latency, latency};
use crate::harness::case::Case;

pub(super) fn cases(world: &Arc<World>) -> Vec<Case> {
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
            latency(&queries, |query| index.search(query).take(10).fold(0, weighed))
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
