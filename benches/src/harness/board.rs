//! Runs the cases of an area and turns what they showed into rows.

use super::alloc::{Weighed, allocations_per_operation};
use super::case::{Case, Contestant, Expect, Timed};
use super::floor::Floor;
use super::json::{Row, Unit};
use super::round::{Lane, Plan, measure};
use crate::area::Area;
use crate::bars;
use crate::inputs::Inputs;

/// With how many threads the floors are measured.
const FLOOR_THREADS: [usize; 2] = [1, 2];

/// What an area showed.
#[derive(Debug)]
pub struct Board {
    /// Its rows, in the order of its cases.
    pub rows: Vec<Row>,
    /// The floors: with one thread in ns/op, with two in Mop/s.
    pub floors: Vec<(&'static str, f64, f64)>,
    /// Answers that were not what the case expects, so that something else was timed. The figures
    /// of such a peer are left out, and such a row of ours keeps no promise.
    pub breaches: Vec<String>,
}

/// Builds, weighs and runs everything of `area`.
pub fn run(area: &Area, inputs: &Inputs, plan: Plan) -> Board {
    let cases = (area.cases)(inputs);
    let floors = Floor::ALL.map(Floor::contestant);
    let mut lanes = lanes(&cases, &floors);
    measure(&mut lanes, plan);

    let breaches = lanes.iter().filter_map(Lane::breach).map(str::to_owned).collect();
    let mut lanes = lanes.into_iter();
    let mut take = |count: usize| lanes.by_ref().take(count).collect::<Vec<_>>();
    let floors = Floors(take(floors.len() * FLOOR_THREADS.len()));
    let mut rows = Vec::new();
    for case in &cases {
        match case {
            Case::Timed(case) => {
                let mut single = f64::NAN;
                for &threads in case.threads {
                    let lanes = take(1 + case.peers.len());
                    if threads == 1 {
                        single = lanes[0].rate();
                    }
                    let floor = case.floor.map(|floor| floors.figure(floor, threads));
                    let row = timed(area, timed_name(case, threads), threads, &lanes);
                    let row = judged(Row { floor, ..row }, single);
                    let met = row.met.map(|met| met && lanes[0].breach().is_none());
                    rows.push(Row { met, ..row });
                }
                if case.allocations {
                    rows.push(judged(counted(area, case), f64::NAN));
                }
            }
            Case::Weighed(case) => rows.push(judged(weighed(area, case), f64::NAN)),
        }
    }
    Board { rows, floors: floors.table(), breaches }
}

/// The names of the rows that these cases will give.
pub fn row_names(cases: &[Case]) -> Vec<String> {
    let mut names = Vec::new();
    for case in cases {
        match case {
            Case::Timed(case) => {
                names.extend(case.threads.iter().map(|&threads| timed_name(case, threads)));
                names.extend(case.allocations.then(|| allocations_name(case)));
            }
            Case::Weighed(case) => names.push(case.name.clone()),
        }
    }
    names
}

/// The floors first, then each case with each number of threads, ours before the peers.
fn lanes<'a>(cases: &'a [Case], floors: &'a [Contestant]) -> Vec<Lane<'a>> {
    let mut lanes = Vec::new();
    for threads in FLOOR_THREADS {
        lanes.extend(floors.iter().map(|floor| Lane::new(floor, threads, Expect::All)));
    }
    for case in cases {
        if let Case::Timed(case) = case {
            for &threads in case.threads {
                lanes.extend(case.contestants().map(|who| Lane::new(who, threads, case.expect)));
            }
        }
    }
    lanes
}

struct Floors<'a>(Vec<Lane<'a>>);

impl Floors<'_> {
    fn figure(&self, floor: Floor, threads: usize) -> f64 {
        let block = FLOOR_THREADS.iter().position(|&count| count == threads);
        let place = Floor::ALL.iter().position(|&other| other == floor);
        match (block, place) {
            (Some(block), Some(place)) => {
                figure(&self.0[block * Floor::ALL.len() + place], threads)
            }
            _ => f64::NAN,
        }
    }

    fn table(&self) -> Vec<(&'static str, f64, f64)> {
        Floor::ALL
            .iter()
            .map(|&floor| (floor.name(), self.figure(floor, 1), self.figure(floor, 2)))
            .collect()
    }
}

fn timed_name(case: &Timed, threads: usize) -> String {
    match threads {
        1 => case.name.clone(),
        _ => format!("{}, {threads} threads", case.name),
    }
}

fn allocations_name(case: &Timed) -> String {
    format!("{}, allocations", case.name)
}

fn unit(threads: usize) -> Unit {
    match threads {
        1 => Unit::NanosPerOperation,
        _ => Unit::MegaOperationsPerSecond,
    }
}

fn figure(lane: &Lane<'_>, threads: usize) -> f64 {
    match unit(threads) {
        Unit::NanosPerOperation => lane.nanos(),
        _ => lane.rate(),
    }
}

fn timed(area: &Area, name: String, threads: usize, lanes: &[Lane<'_>]) -> Row {
    let peers = lanes[1..]
        .iter()
        .filter(|lane| lane.breach().is_none())
        .map(|lane| (lane.name().to_owned(), figure(lane, threads)));
    row(area, name, unit(threads), figure(&lanes[0], threads), peers.collect())
}

fn counted(area: &Area, case: &Timed) -> Row {
    let peers =
        case.peers.iter().map(|peer| (peer.name().to_owned(), allocations_per_operation(peer)));
    let ours = allocations_per_operation(&case.ours);
    row(area, allocations_name(case), Unit::AllocationsPerOperation, ours, peers.collect())
}

fn weighed(area: &Area, case: &Weighed) -> Row {
    let per_entry = |bytes: i64| bytes as f64 / case.entries as f64;
    let peers = case.peers.iter().map(|peer| (peer.name().to_owned(), per_entry(peer.weigh())));
    let ours = per_entry(case.ours.weigh());
    row(area, case.name.clone(), Unit::BytesPerEntry, ours, peers.collect())
}

fn row(area: &Area, case: String, unit: Unit, ours: f64, peers: Vec<(String, f64)>) -> Row {
    let (peer, best) = peers
        .iter()
        .cloned()
        .reduce(|a, b| if unit.is_better(b.1, a.1) { b } else { a })
        .unwrap_or_else(|| (String::new(), f64::NAN));
    Row {
        area: area.name,
        case,
        unit,
        ours,
        best,
        peer,
        ratio: (best != 0.0).then(|| ours / best),
        floor: None,
        bar: String::new(),
        met: None,
        all: peers.into_iter().collect(),
    }
}

fn judged(row: Row, single: f64) -> Row {
    let bars = bars::of(row.area, &row.case);
    let texts: Vec<_> = bars.iter().map(ToString::to_string).collect();
    let met = bars.iter().all(|bar| bar.met(&row, single));
    Row { bar: texts.join(", "), met: (!bars.is_empty()).then_some(met), ..row }
}
