//! Runs the cases of an area and turns what they showed into rows.

use super::alloc::{Weighed, allocations_per_operation};
use super::case::{Case, Contestant, Expect, Timed};
use super::figure::Figured;
use super::floor::Floor;
use super::json::{Row, Unit};
use super::round::{Lane, Plan, Showing, measure};
use crate::area::Area;
use crate::bars;
use crate::inputs::{Inputs, SplitMix};

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

/// Builds, weighs and runs those cases of `area` whose name contains `part`, which is all of them
/// where it is empty.
pub fn run(area: &Area, inputs: &Inputs, plan: Plan, part: &str) -> Board {
    let mut random = SplitMix::new(plan.builds as u64);
    let mut shift = Vec::new();
    let (mut cases, mut showings) = build_and_measure(area, inputs, plan, part);
    for _ in 1..plan.builds {
        drop(cases);
        // Small blocks that stay, so that the next build does not get the places of this one.
        shift.extend((0..random.below(64)).map(|_| vec![1_u8; 1 << 14]));
        let (built, shown) = build_and_measure(area, inputs, plan, part);
        cases = built;
        showings.iter_mut().zip(shown).for_each(|(all, more)| all.extend(more));
    }

    let breaches = showings.iter().filter_map(Showing::breach).map(str::to_owned).collect();
    let mut showings = showings.into_iter();
    let mut take = |count: usize| showings.by_ref().take(count).collect::<Vec<_>>();
    let floors = Floors(take(Floor::ALL.len() * FLOOR_THREADS.len()));
    let mut rows = Vec::new();
    for case in &cases {
        match case {
            Case::Timed(case) => {
                let mut single = f64::NAN;
                for &threads in case.threads {
                    let shown = take(1 + case.peers.len());
                    if threads == 1 {
                        single = shown[0].rate();
                    }
                    let floor = case.floor.map(|floor| floors.figure(floor, threads));
                    let row = timed(area, timed_name(case, threads), threads, &shown);
                    let row = judged(Row { floor, ..row }, single);
                    let met = row.met.map(|met| met && shown[0].breach().is_none());
                    rows.push(Row { met, ..row });
                }
                if case.allocations {
                    rows.push(judged(counted(area, case), f64::NAN));
                }
            }
            Case::Weighed(case) => rows.push(judged(weighed(area, case), f64::NAN)),
            Case::Figured(case) => rows.push(judged(figured(area, case), f64::NAN)),
        }
    }
    Board { rows, floors: floors.table(), breaches }
}

fn build_and_measure(
    area: &Area,
    inputs: &Inputs,
    plan: Plan,
    part: &str,
) -> (Vec<Case>, Vec<Showing>) {
    let mut cases = (area.cases)(inputs);
    cases.retain(|case| case.name().contains(part));
    let floors = Floor::ALL.map(Floor::contestant);
    let mut lanes = lanes(&cases, &floors);
    measure(&mut lanes, plan);
    let showings = lanes.into_iter().map(Lane::into_showing).collect();
    (cases, showings)
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
            Case::Figured(case) => names.push(case.name.clone()),
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
                let lane = |who| Lane::new(who, threads, case.expect).at_least(case.at_least);
                lanes.extend(case.contestants().map(lane));
            }
        }
    }
    lanes
}

struct Floors(Vec<Showing>);

impl Floors {
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

fn figure(showing: &Showing, threads: usize) -> f64 {
    match unit(threads) {
        Unit::NanosPerOperation => showing.nanos(),
        _ => showing.rate(),
    }
}

fn timed(area: &Area, name: String, threads: usize, shown: &[Showing]) -> Row {
    let peers = shown[1..]
        .iter()
        .filter(|peer| peer.breach().is_none())
        .map(|peer| (peer.name().to_owned(), figure(peer, threads)));
    row(area, name, unit(threads), figure(&shown[0], threads), peers.collect())
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

fn figured(area: &Area, case: &Figured) -> Row {
    let peers = case.peers.iter().map(|peer| (peer.name().to_owned(), peer.work_out()));
    row(area, case.name.clone(), case.unit, case.ours.work_out(), peers.collect())
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
