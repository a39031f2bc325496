//! Completion, against `fst`, a sorted list, `pruning_radix_trie`, `weighted_trie`, `patricia_tree`, and
//! the structure that was tried beside ours.
//!
//! The strings are those of `queries-large.tsv.zst` in the folder of `--queries`, or made up. Every
//! contestant answers with the best ten; a latency is that of single queries, so that there is a
//! ninety-ninth percentile to show.

mod changing;
mod exact;
mod fuzzy;
mod size;
mod swapping;
mod words;
mod world;

use super::Area;
use crate::harness::case::Case;
use crate::inputs::Inputs;
use world::{LONGEST, World};

/// The area.
pub const AREA: Area = Area { name: "trie", about: "the best ten completions", cases };

fn cases(inputs: &Inputs) -> Vec<Case> {
    let world = World::of(inputs);
    let mut cases = Vec::new();
    for length in 0..=LONGEST {
        cases.extend(exact::of_length(&world, length));
    }
    cases.extend(size::cases(&world));
    cases.extend(changing::cases(&world));
    cases.extend(swapping::cases(&world));
    cases.extend(fuzzy::cases(&world));
    cases.extend(words::cases(&world));
    cases.push(exact::timed(&world).into());
    cases
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::completion::blocks::Blocks;

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
