//! Completion to be felt: builds an index of a file and answers what is typed.

use core::time::Duration;
use std::io::{self, BufRead, IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use indicatif::{HumanCount, ProgressBar, ProgressStyle};
use voussoir::trie::{Fold, Fuzzy, Hit, Index};
use voussoir_benches::completion::data;

const USAGE: &str = "\
suggest: the best completions of what is typed

  suggest FILE.tsv[.zst] [OPTIONS] [QUERY ...]

  FILE            lines of string<TAB>weight; without one, 500,000 made-up words
  QUERY           answers these and ends; without any, asks until an empty line

  --fuzzy         forgives typing errors, by the length of the query
  --edits N       forgives N, 0 to 2, whatever the length
  --fold          ignores case, diacritics and width
  --words         finds the words of the query anywhere, in any order
  --top N         shows so many (default: 10)";

struct Options {
    file: Option<PathBuf>,
    queries: Vec<String>,
    fuzzy: Fuzzy,
    fold: Fold,
    words: bool,
    top: usize,
}

fn main() -> ExitCode {
    let options = match parse(std::env::args().skip(1)) {
        Ok(Some(options)) => options,
        Ok(None) => {
            println!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        Err(wrong) => {
            eprintln!("{wrong}\n\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    let index = match build(&options) {
        Ok(index) => index,
        Err(wrong) => {
            eprintln!("{wrong}");
            return ExitCode::FAILURE;
        }
    };
    for query in &options.queries {
        answer(&index, query, &options);
    }
    if options.queries.is_empty()
        && let Err(wrong) = ask(&index, &options)
    {
        eprintln!("{wrong}");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

fn build(options: &Options) -> Result<Index, Box<dyn std::error::Error>> {
    let reading = Instant::now();
    let waiting = ProgressBar::new_spinner();
    waiting.enable_steady_tick(Duration::from_millis(80));
    let strings = if let Some(path) = &options.file {
        waiting.set_message(format!("reading {}", path.display()));
        let strings =
            data::read(path).map_err(|wrong| format!("cannot read {}: {wrong}", path.display()))?;
        if strings.is_empty() {
            return Err(format!("no line of string<TAB>weight in {}", path.display()).into());
        }
        strings
    } else {
        waiting.set_message("making up words");
        data::made_up(500_000)
    };
    waiting.finish_and_clear();
    let read = reading.elapsed();
    let style = ProgressStyle::with_template("{msg} {bar:40} {human_pos}/{human_len} {elapsed}")?;
    let bar = ProgressBar::new(strings.len() as u64).with_style(style).with_message("adding");
    let begun = Instant::now();
    let mut builder = Index::builder().fold(options.fold).terms(options.words);
    for (at, (text, weight)) in strings.iter().enumerate() {
        builder.add(text, *weight)?;
        if at % 65_536 == 0 {
            bar.set_position(at as u64);
        }
    }
    bar.set_position(strings.len() as u64);
    bar.set_message("building");
    let index = builder.build()?;
    let took = begun.elapsed();
    bar.finish_and_clear();
    let memory = index.memory();
    eprintln!(
        "{} strings: read in {read:.2?}, built in {took:.2?} ({:.1} million a second), {:.1} MB, {:.2} bytes each",
        HumanCount(memory.strings as u64),
        memory.strings as f64 / took.as_secs_f64() / 1e6,
        memory.bytes as f64 / 1e6,
        memory.per_string(),
    );
    Ok(index)
}

fn ask(index: &Index, options: &Options) -> io::Result<()> {
    let prompts = io::stdin().is_terminal();
    if prompts {
        println!("type a beginning; an empty line ends");
    }
    let mut lines = io::stdin().lock().lines();
    loop {
        if prompts {
            print!("> ");
            io::stdout().flush()?;
        }
        match lines.next().transpose()? {
            Some(query) if !query.is_empty() => answer(index, &query, options),
            _ => return Ok(()),
        }
    }
}

fn answer(index: &Index, query: &str, options: &Options) {
    // Once for the caches, once for the clock.
    find(index, query, options);
    let begun = Instant::now();
    let hits = find(index, query, options);
    let took = begun.elapsed();
    for hit in &hits {
        println!("  {:>14}  {}", hit.weight(), marked(hit));
    }
    println!("  {} of {query:?} in {}", hits.len(), micros(took));
}

fn find<'a>(index: &'a Index, query: &'a str, options: &Options) -> Vec<Hit<'a>> {
    if options.words {
        index.search(query).take(options.top).collect()
    } else {
        index.complete(query).fuzzy(options.fuzzy).take(options.top).collect()
    }
}

fn micros(took: Duration) -> String {
    format!("{:.1} µs", took.as_nanos() as f64 / 1e3)
}

/// What the query stands for in brackets, and how many errors were forgiven.
fn marked(hit: &Hit<'_>) -> String {
    let display = hit.display();
    let mut text = String::new();
    let mut at = 0;
    for span in hit.spans() {
        text.push_str(&display[at..span.start]);
        text.push('[');
        text.push_str(&display[span.clone()]);
        text.push(']');
        at = span.end;
    }
    text.push_str(&display[at..]);
    match hit.distance() {
        0 => text,
        1 => text + "  (1 error)",
        errors => format!("{text}  ({errors} errors)"),
    }
}

/// The options, or nothing if help was asked for.
fn parse(mut words: impl Iterator<Item = String>) -> Result<Option<Options>, String> {
    let mut options = Options {
        file: None,
        queries: Vec::new(),
        fuzzy: Fuzzy::OFF,
        fold: Fold::NONE,
        words: false,
        top: 10,
    };
    while let Some(word) = words.next() {
        let mut number = || -> Result<usize, String> {
            let value = words.next().ok_or_else(|| format!("{word} needs a value"))?;
            value.parse().map_err(|_| format!("{word} needs a number, not {value}"))
        };
        match word.as_str() {
            "--help" | "-h" => return Ok(None),
            "--fuzzy" => options.fuzzy = Fuzzy::auto(),
            "--edits" => match number()? {
                edits @ 0..=2 => options.fuzzy = Fuzzy::edits(edits as u8),
                more => return Err(format!("--edits takes 0 to 2, not {more}")),
            },
            "--fold" => options.fold = Fold::ALL,
            "--words" => options.words = true,
            "--top" => options.top = number()?,
            _ if word.starts_with("--") => return Err(format!("{word} is not an option")),
            _ if options.file.is_none() => options.file = Some(word.into()),
            _ => options.queries.push(word),
        }
    }
    Ok(Some(options))
}
