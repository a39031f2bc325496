//! How large should a cache be, and which policy should it have? Plays recorded requests to caches.

use std::fs::File;
use std::io::{self, Read};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

use clap::Parser;
use indicatif::{ProgressBar, ProgressStyle};
use voussoir_benches::hit_ratio::size::Size;
use voussoir_benches::hit_ratio::table::{Row, Table};
use voussoir_benches::hit_ratio::trace::{Columns, Trace};
use voussoir_benches::hit_ratio::{Capacity, Contender, curves, ours, peers, reference};

/// Plays recorded requests to caches of several sizes and policies, and tells how many were hits.
///
/// A request is a look-up, and an insertion where it finds nothing. Files end in `.u64` (raw
/// little-endian numbers of 8 bytes), `.csv`, `.tsv`, or anything else with one key a line; each may
/// end in `.gz` as well.
#[derive(Debug, Parser)]
#[command(name = "hit-ratio")]
struct Options {
    /// The recorded requests.
    #[arg(required = true, value_name = "TRACE")]
    traces: Vec<PathBuf>,
    /// Sizes of caches: entries (1000, 64k, 2M), or percent of the different keys of a trace.
    #[arg(long, value_delimiter = ',', default_value = "1%,5%,10%")]
    sizes: Vec<Size>,
    /// Which of: see `--list`. Default: ours, each in a cache for one thread.
    #[arg(long, value_delimiter = ',')]
    policies: Vec<String>,
    /// Adds other caches, as they come.
    #[arg(long)]
    peers: bool,
    /// Leaves out what a cache would reach that knows the future.
    #[arg(long)]
    no_optimum: bool,
    /// The column of keys, by name or number from 1. Files with columns have theirs in the first
    /// unless it is named.
    #[arg(long, value_name = "COLUMN")]
    key: Option<String>,
    /// The column of weights; the sizes are weights then, and in numbers. Only ours weigh.
    #[arg(long, value_name = "COLUMN", requires = "no_optimum", conflicts_with = "peers")]
    weight: Option<String>,
    /// What is between columns, if neither a comma nor, in `.tsv`, a tab.
    #[arg(long, value_name = "CHARACTER")]
    delimiter: Option<char>,
    /// Draws the curves there, as SVG.
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
    /// Writes the numbers of hits there, separated by tabs.
    #[arg(long, value_name = "FILE")]
    tsv: Option<PathBuf>,
    /// How many caches are played at once; all processors by default.
    #[arg(long, value_name = "THREADS")]
    jobs: Option<usize>,
    /// Lists what `--policies` takes, and ends.
    #[arg(long, exclusive = true)]
    list: bool,
}

fn main() -> ExitCode {
    if std::env::args().nth(1).as_deref() == Some("--list") {
        for contender in all() {
            println!("{}", contender.name);
        }
        return ExitCode::SUCCESS;
    }
    match run(&Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(wrong) => {
            eprintln!("{wrong}");
            ExitCode::FAILURE
        }
    }
}

fn all() -> impl Iterator<Item = Contender> {
    [ours::CONTENDERS, ours::SHARDED, reference::CONTENDERS, peers::CONTENDERS].concat().into_iter()
}

fn run(options: &Options) -> io::Result<()> {
    let contenders = chosen(options)?;
    let mut columns: Vec<String> = contenders.iter().map(|one| one.name.to_owned()).collect();
    if !options.no_optimum {
        columns.push("optimum".to_owned());
    }
    let mut table = Table { columns, rows: Vec::new() };
    for path in &options.traces {
        let columns = Columns {
            key: options.key.clone(),
            weight: options.weight.clone(),
            delimiter: options.delimiter,
        };
        let trace = Trace::read(path, &columns, |file| reading(path, file)).map_err(|wrong| {
            io::Error::new(wrong.kind(), format!("{}: {wrong}", path.display()))
        })?;
        table.rows.extend(play(&trace, options, &contenders));
    }
    print!("{table}");
    summarize(&table, &contenders);
    if let Some(path) = &options.tsv {
        std::fs::write(path, table.tab_separated())?;
    }
    if let Some(path) = &options.svg {
        std::fs::write(path, curves::draw(&table))?;
    }
    Ok(())
}

fn chosen(options: &Options) -> io::Result<Vec<Contender>> {
    let mut contenders = Vec::new();
    for name in &options.policies {
        contenders.push(all().find(|one| one.name == *name).ok_or_else(|| {
            let names: Vec<_> = all().map(|one| one.name).collect();
            let wrong = format!("no policy `{name}`; there are: {}", names.join(", "));
            io::Error::new(io::ErrorKind::InvalidInput, wrong)
        })?);
    }
    if contenders.is_empty() {
        contenders.extend_from_slice(ours::CONTENDERS);
    }
    if options.peers {
        contenders.extend_from_slice(peers::CONTENDERS);
    }
    Ok(contenders)
}

/// A file whose reading is shown.
fn reading(path: &std::path::Path, file: File) -> Box<dyn Read> {
    let bytes = file.metadata().map_or(0, |data| data.len());
    let bar = ProgressBar::new(bytes).with_style(style("{bytes}/{total_bytes}"));
    bar.set_message(format!("reading {}", path.display()));
    Box::new(bar.wrap_read(file))
}

fn style(unit: &str) -> ProgressStyle {
    ProgressStyle::with_template(&format!("{{bar:30}} {unit} {{msg}} {{eta}}"))
        .unwrap_or_else(|_| ProgressStyle::default_bar())
}

/// Each size with each contender, several at once.
fn play(trace: &Trace, options: &Options, contenders: &[Contender]) -> Vec<Row> {
    let columns = contenders.len() + usize::from(!options.no_optimum);
    let mut rows: Vec<Row> = options
        .sizes
        .iter()
        .map(|size| Row {
            trace: trace.name.clone(),
            requests: trace.requests.len() as u64,
            unique: trace.unique,
            capacity: size.of(trace.unique),
            hits: vec![None; columns],
        })
        .collect();
    let jobs = rows.len() * columns;
    let capacities: Vec<u64> = rows.iter().map(|row| row.capacity).collect();
    let bar = ProgressBar::new(jobs as u64).with_style(style("{pos}/{len}"));
    bar.set_message(format!("playing {}", trace.name));
    let next = AtomicUsize::new(0);
    let (done, results) = mpsc::channel();
    let available = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for _ in 0..options.jobs.unwrap_or(available).clamp(1, jobs.max(1)) {
            let (next, capacities, done) = (&next, &capacities, done.clone());
            scope.spawn(move || {
                loop {
                    let job = next.fetch_add(1, Ordering::Relaxed);
                    if job >= jobs {
                        break;
                    }
                    let (row, column) = (job / columns, job % columns);
                    let hits = match contenders.get(column) {
                        Some(contender) => {
                            let (capacity, weighted) = (capacities[row], options.weight.is_some());
                            (contender.build)(Capacity { capacity, weighted }).play(&trace.requests)
                        }
                        None => reference::optimum(&trace.requests, capacities[row]),
                    };
                    let _ = done.send((row, column, hits));
                }
            });
        }
        drop(done);
        for (row, column, hits) in results {
            rows[row].hits[column] = Some(hits);
            bar.inc(1);
        }
    });
    bar.finish_and_clear();
    rows
}

/// Where ours are behind the best peer, and behind LRU, at worst.
fn summarize(table: &Table, contenders: &[Contender]) {
    let is_peer = |name: &str| peers::CONTENDERS.iter().any(|peer| peer.name == name);
    let of = |wanted: &dyn Fn(&str) -> bool| -> Vec<usize> {
        (0..contenders.len()).filter(|&column| wanted(contenders[column].name)).collect()
    };
    let (ours, peers) = (of(&|name| !is_peer(name)), of(&is_peer));
    let lru = of(&|name| name == "lru");
    for (others, what) in [(&peers, "the best peer"), (&lru, "lru")] {
        for &column in &ours {
            if others.is_empty() || lru.contains(&column) {
                continue;
            }
            if let Some((behind, row)) = table.worst_against(column, others) {
                let name = contenders[column].name;
                let (off, side) = (behind.abs(), if behind > 0.0 { "below" } else { "above" });
                println!(
                    "{name}: at worst {off:.2} points {side} {what} ({} {})",
                    row.trace, row.capacity
                );
            }
        }
    }
}
