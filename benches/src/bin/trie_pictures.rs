//! Draws the picture of the crate `voussoir-trie` from what the scoreboard measured:
//!
//! ```text
//! scoreboard --area trie --queries DIR --json rows.json
//! cargo run --release -p voussoir-benches --bin trie_pictures -- rows.json crates/trie/docs
//! ```

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use serde_json::Value;

const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 300.0;

/// Who is shown: its name in the rows and in the picture, and how its line is dashed.
const SHOWN: [(&str, &str, &str); 5] = [
    ("ours", "voussoir-trie", ""),
    ("weighted_trie", "weighted_trie", "2 3"),
    ("pruning_radix_trie", "pruning_radix_trie", "8 4"),
    ("sorted Vec", "sorted Vec", "4 4"),
    ("fst", "fst", "1 5"),
];

fn main() -> ExitCode {
    let mut words = std::env::args_os().skip(1).map(PathBuf::from);
    let (Some(rows), Some(folder)) = (words.next(), words.next()) else {
        eprintln!("which rows, and which folder are the pictures for?");
        return ExitCode::from(2);
    };
    let read = std::fs::read_to_string(rows).map_err(|wrong| wrong.to_string());
    let drawn = read.and_then(|text| {
        let board: Value = serde_json::from_str(&text).map_err(|wrong| wrong.to_string())?;
        for (name, picture) in [("latency.svg", latency(&board)), ("memory.svg", memory(&board))] {
            std::fs::write(folder.join(name), picture).map_err(|wrong| wrong.to_string())?;
        }
        Ok(())
    });
    if let Err(wrong) = drawn {
        eprintln!("{wrong}");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

fn figure(board: &Value, case: &str, who: &str) -> Option<f64> {
    let rows = board["rows"].as_array()?;
    let row = rows.iter().find(|row| row["area"] == "trie" && row["case"] == case)?;
    if who == "ours" { row["ours"].as_f64() } else { row["all"][who].as_f64() }
}

fn head(label: &str) -> String {
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" width=\"100%\" \
         style=\"max-width:{WIDTH}px\" role=\"img\" aria-label=\"{label}\" \
         font-family=\"sans-serif\" font-size=\"12\" fill=\"currentColor\">\n"
    )
}

/// The picture as rustdoc takes it: an underscore would be read as a name in code.
fn finished(picture: &str) -> String {
    picture.replace('_', "&#95;") + "</svg>\n"
}

/// Nanoseconds, from a tenth of a microsecond to a second.
fn height(nanos: f64) -> f64 {
    let share = (nanos.max(100.0).log10() - 2.0) / 7.0;
    262.0 - share * 240.0
}

const TIMES: [(f64, &str); 8] = [
    (1e2, "0.1 µs"),
    (1e3, "1 µs"),
    (1e4, "10 µs"),
    (1e5, "0.1 ms"),
    (1e6, "1 ms"),
    (1e7, "10 ms"),
    (1e8, "0.1 s"),
    (1e9, "1 s"),
];

fn grid(picture: &mut String) {
    for (nanos, name) in TIMES {
        let y = height(nanos);
        let _ = writeln!(
            picture,
            "<path d=\"M56 {y:.0}H470\" stroke=\"currentColor\" opacity=\".15\"/>\
             <text x=\"50\" y=\"{:.0}\" text-anchor=\"end\">{name}</text>",
            y + 4.0
        );
    }
}

/// The mean time of the best ten against the length of the prefix.
fn latency(board: &Value) -> String {
    let mut picture = head(
        "Mean time of the best ten of 1.9 million words against the length of the prefix, 0 to 8, \
         both on one machine: voussoir-trie stays at about one microsecond; weighted_trie, which \
         keeps ready lists at every node, takes a third of one; pruning_radix_trie about five; a \
         sorted list and fst fall from a tenth of a second to half of one and six.",
    );
    grid(&mut picture);
    let x = |length: usize| 70.0 + 48.0 * length as f64;
    for length in 0..=8 {
        let _ = writeln!(
            picture,
            "<text x=\"{:.0}\" y=\"280\" text-anchor=\"middle\">{length}</text>",
            x(length)
        );
    }
    let _ = writeln!(
        picture,
        "<text x=\"262\" y=\"297\" text-anchor=\"middle\">characters typed</text>"
    );
    let mut ends: Vec<(f64, &str)> = Vec::new();
    for (who, name, dash) in SHOWN {
        let points: Vec<(f64, f64)> = (0..=8)
            .filter_map(|length| {
                let mean = figure(board, &format!("prefix of {length}, mean"), who)?;
                Some((x(length), height(mean)))
            })
            .collect();
        let Some(&(_, end)) = points.last() else { continue };
        let path: Vec<String> = points.iter().map(|(x, y)| format!("{x:.0} {y:.0}")).collect();
        let stroke = if who == "ours" { 2.5 } else { 1.3 };
        let _ = writeln!(
            picture,
            "<path d=\"M{}\" fill=\"none\" stroke=\"currentColor\" stroke-width=\"{stroke}\" \
             stroke-dasharray=\"{dash}\"/>",
            path.join("L")
        );
        ends.push((end, name));
    }
    // From the lowest up, each label above the one before.
    ends.sort_by(|a, b| b.0.total_cmp(&a.0));
    let mut above = f64::INFINITY;
    for (end, name) in ends {
        let y = end.min(above - 14.0);
        let _ = writeln!(picture, "<text x=\"478\" y=\"{:.0}\">{name}</text>", y + 4.0);
        above = y;
    }
    finished(&picture)
}

/// Bytes a string against the mean time of a prefix of three.
fn memory(board: &Value) -> String {
    let mut picture = head(
        "Bytes a string against the mean time of a prefix of three characters, 1.9 million words: \
         voussoir-trie is the smallest; only weighted_trie is faster, at some fifty times the size.",
    );
    grid(&mut picture);
    let x = |bytes: f64| 56.0 + (bytes.max(4.0).log10() - 0.6) / 2.2 * 400.0;
    for bytes in [5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0] {
        let _ = writeln!(
            picture,
            "<text x=\"{:.0}\" y=\"280\" text-anchor=\"middle\">{bytes}</text>",
            x(bytes)
        );
    }
    let _ =
        writeln!(picture, "<text x=\"262\" y=\"297\" text-anchor=\"middle\">bytes a string</text>");
    for who in [
        "ours",
        "fst",
        "sorted Vec",
        "patricia_tree",
        "pruning_radix_trie",
        "weighted_trie",
        "front-coded blocks",
    ] {
        let (Some(bytes), Some(time)) =
            (figure(board, "memory, static", who), figure(board, "prefix of 3, mean", who))
        else {
            continue;
        };
        let name = if who == "ours" { "voussoir-trie" } else { who };
        let size = if who == "ours" { 5 } else { 3 };
        let _ = writeln!(
            picture,
            "<circle cx=\"{:.0}\" cy=\"{:.0}\" r=\"{size}\"/><text x=\"{:.0}\" y=\"{:.0}\">{name}</text>",
            x(bytes),
            height(time),
            x(bytes) + 8.0,
            height(time) + if who == "ours" { 18.0 } else { -4.0 }
        );
    }
    finished(&picture)
}
