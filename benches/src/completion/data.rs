//! Strings with weights: recorded ones from a folder, or made up.

use std::fs;
use std::io::{self, Read};
use std::path::Path;

use crate::inputs::SplitMix;

/// A string and its weight.
pub type Weighted = (String, u64);

/// Reads lines of `string<TAB>weight`; compressed, if the name ends in `.zst`.
///
/// # Errors
///
/// What the file system says, or that the content is no text.
pub fn read(path: &Path) -> io::Result<Vec<Weighted>> {
    let text = read_text(path)?;
    Ok(text
        .lines()
        .filter_map(|line| {
            let (text, weight) = line.rsplit_once('\t')?;
            Some((text.to_owned(), weight.trim().parse().ok()?))
        })
        .collect())
}

/// Reads a text; compressed, if the name ends in `.zst`.
///
/// # Errors
///
/// What the file system says, or that the content is no text.
pub fn read_text(path: &Path) -> io::Result<String> {
    let bytes = fs::read(path)?;
    let mut text = String::new();
    if path.extension().is_some_and(|extension| extension == "zst") {
        zstd::Decoder::new(&bytes[..])?.read_to_string(&mut text)?;
    } else {
        text = String::from_utf8(bytes).map_err(io::Error::other)?;
    }
    Ok(text)
}

/// Made-up words in order of their bytes: syllables that follow each other unevenly, weights as rare
/// as those of words are (Zipf's law with exponent 1, in bins, so that many are equal).
pub fn made_up(count: usize) -> Vec<Weighted> {
    const SYLLABLES: [&str; 32] = [
        "an", "ber", "con", "de", "en", "for", "ge", "ha", "in", "ka", "le", "li", "ma", "ne",
        "no", "o", "per", "ra", "re", "ri", "s", "sch", "se", "st", "ta", "te", "ti", "tion", "un",
        "ver", "é", "z",
    ];
    let mut random = SplitMix::new(8);
    let mut words = std::collections::BTreeMap::new();
    while words.len() < count {
        let mut word = String::new();
        let length = 1 + random.below(2) + random.below(3) + random.below(3);
        for _ in 0..length {
            // The product of two numbers: early syllables are the likelier ones.
            let at = random.below(33) * random.below(33) / 33;
            word.push_str(SYLLABLES[at as usize % SYLLABLES.len()]);
        }
        let rank = 1 + random.below(count as u64);
        let exact = 1e10 / rank as f64;
        let bin = (exact.ln() * 50.0).round() / 50.0;
        words.entry(word).or_insert(bin.exp() as u64);
    }
    words.into_iter().collect()
}

/// Prefixes of so many characters of strings drawn by the root of their weights, as research on
/// completion does: 250 of each length.
pub fn prefixes(strings: &[Weighted], characters: usize, count: usize) -> Vec<String> {
    let mut random = SplitMix::new(characters as u64 + 1);
    let mut total = 0.0;
    let below: Vec<f64> = strings
        .iter()
        .map(|(_, weight)| {
            total += (*weight as f64).sqrt();
            total
        })
        .collect();
    let mut found = Vec::new();
    for _ in 0..count * 100 {
        if found.len() == count {
            break;
        }
        let at = random.below(1 << 53) as f64 / (1_u64 << 53) as f64 * total;
        let drawn = below.partition_point(|&sum| sum <= at).min(strings.len() - 1);
        let text = &strings[drawn].0;
        if text.chars().count() >= characters {
            found.push(text.chars().take(characters).collect());
        }
    }
    found
}

/// Another spelling of `text`, one or two errors away.
pub fn misspelt(text: &str, errors: usize, seed: u64) -> String {
    let mut random = SplitMix::new(seed);
    let mut letters: Vec<char> = text.chars().collect();
    for _ in 0..errors {
        let at = random.below(letters.len().max(1) as u64) as usize;
        let letter = char::from(b'a' + random.below(26) as u8);
        match random.below(4) {
            0 if letters.len() > 1 => drop(letters.remove(at)),
            1 => letters.insert(at.min(letters.len()), letter),
            2 if at + 1 < letters.len() => letters.swap(at, at + 1),
            _ if at < letters.len() => letters[at] = letter,
            _ => letters.push(letter),
        }
    }
    letters.into_iter().collect()
}
