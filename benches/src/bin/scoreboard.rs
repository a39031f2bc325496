//! Ours against the peers, interleaved in one run.
//!
//! It never fails because of a number: it reports.

use std::path::PathBuf;
use std::process::ExitCode;

use voussoir_benches::area::{AREAS, Area};
use voussoir_benches::harness::report::Report;
use voussoir_benches::harness::round::Plan;
use voussoir_benches::harness::{board, json};
use voussoir_benches::inputs::Inputs;

const USAGE: &str = "\
scoreboard: ours against the peers

  --area NAME     only this area; may be repeated (default: all)
  --case TEXT     only the cases whose name contains this
  --quick         few short rounds, to see that everything runs
  --json FILE     write the rows there too
  --traces DIR    recorded cache traces, for the areas that use them
  --queries DIR   recorded queries, for the areas that use them";

struct Options {
    areas: Vec<&'static Area>,
    part: String,
    plan: Plan,
    json: Option<PathBuf>,
    inputs: Inputs,
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
    println!(
        "{}; medians of {} builds of {} rounds of {:?}",
        json::machine(),
        options.plan.builds,
        options.plan.rounds,
        options.plan.length
    );
    let mut rows = Vec::new();
    for area in options.areas {
        let board = board::run(area, &options.inputs, options.plan, &options.part);
        let title = format!("{}: {}", area.name, area.about);
        print!("{}", Report { title: &title, board: &board });
        rows.extend(board.rows);
    }
    if let Some(path) = options.json
        && let Err(wrong) = json::write(&path, &rows)
    {
        eprintln!("cannot write {}: {wrong}", path.display());
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

/// The options, or nothing if help was asked for.
fn parse(mut words: impl Iterator<Item = String>) -> Result<Option<Options>, String> {
    let mut options = Options {
        areas: Vec::new(),
        part: String::new(),
        plan: Plan::FULL,
        json: None,
        inputs: Inputs::FULL,
    };
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or_else(|| format!("{word} needs a value"));
        match word.as_str() {
            "--area" => options.areas.push(find(&value()?)?),
            "--case" => options.part = value()?,
            "--quick" => options.plan = Plan::QUICK,
            "--json" => options.json = Some(value()?.into()),
            "--traces" => options.inputs.traces = Some(value()?.into()),
            "--queries" => options.inputs.queries = Some(value()?.into()),
            "--help" | "-h" => return Ok(None),
            _ => return Err(format!("{word} is not an option")),
        }
    }
    if options.areas.is_empty() {
        options.areas.extend(AREAS);
    }
    Ok(Some(options))
}

fn find(name: &str) -> Result<&'static Area, String> {
    AREAS.iter().find(|area| area.name == name).ok_or_else(|| {
        let names: Vec<_> = AREAS.iter().map(|area| area.name).collect();
        format!("no area is called {name}; there are {}", names.join(", "))
    })
}
