//! Rows, and the file that keeps them.

use alloc::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;
use std::thread;

use serde::Serialize;

/// What a row's numbers mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Unit {
    /// Nanoseconds an operation, on one thread.
    #[serde(rename = "ns/op")]
    NanosPerOperation,
    /// Million operations a second, of all threads together. More is better.
    #[serde(rename = "Mop/s")]
    MegaOperationsPerSecond,
    /// Bytes held for each entry.
    #[serde(rename = "B/entry")]
    BytesPerEntry,
    /// Allocations in each operation.
    #[serde(rename = "allocs/op")]
    AllocationsPerOperation,
    /// The load of the busiest, of which the average is 1.
    #[serde(rename = "peak/avg")]
    PeakToAverage,
    /// Of a hundred.
    #[serde(rename = "%")]
    Percent,
    /// How many.
    #[serde(rename = "count")]
    Count,
}

impl Unit {
    /// As it is written in the table and in the file.
    pub fn text(self) -> &'static str {
        match self {
            Self::NanosPerOperation => "ns/op",
            Self::MegaOperationsPerSecond => "Mop/s",
            Self::BytesPerEntry => "B/entry",
            Self::AllocationsPerOperation => "allocs/op",
            Self::PeakToAverage => "peak/avg",
            Self::Percent => "%",
            Self::Count => "count",
        }
    }

    /// Whether `a` is better than `b`.
    pub fn is_better(self, a: f64, b: f64) -> bool {
        if self == Self::MegaOperationsPerSecond { a > b } else { a < b }
    }
}

/// One line of the scoreboard. The fields are those of the file.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// The area.
    pub area: &'static str,
    /// What was done.
    pub case: String,
    /// What the numbers mean.
    pub unit: Unit,
    /// Ours.
    pub ours: f64,
    /// The best peer's.
    pub best: f64,
    /// Who that is.
    pub peer: String,
    /// `ours / best`; null where the best is zero.
    pub ratio: Option<f64>,
    /// What no implementation can do without.
    pub floor: Option<f64>,
    /// What was promised.
    pub bar: String,
    /// Whether it was kept; null where nothing was promised.
    pub met: Option<bool>,
    /// Every peer.
    pub all: BTreeMap<String, f64>,
}

/// The content of the file.
#[derive(Debug, Serialize)]
struct Board<'a> {
    machine: &'a str,
    rows: &'a [Row],
}

/// Writes the rows.
///
/// # Errors
///
/// What the file system says.
pub fn write(path: &Path, rows: &[Row]) -> io::Result<()> {
    let machine = machine();
    let board = Board { machine: &machine, rows };
    let mut text = serde_json::to_string_pretty(&board)?;
    text.push('\n');
    fs::write(path, text)
}

/// The processor, how many of them, the system, and how busy it was.
pub fn machine() -> String {
    let processors = thread::available_parallelism().map_or(1, usize::from);
    let model = fs::read_to_string("/proc/cpuinfo")
        .ok()
        .and_then(|text| {
            let line = text.lines().find(|line| line.starts_with("model name"))?;
            Some(line.split_once(':')?.1.trim().to_owned())
        })
        .unwrap_or_else(|| std::env::consts::ARCH.to_owned());
    let load = fs::read_to_string("/proc/loadavg")
        .ok()
        .and_then(|text| Some(format!(", load {}", text.split(' ').next()?)))
        .unwrap_or_default();
    format!("{processors} × {model}, {}{load}", std::env::consts::OS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_has_the_fields_of_the_design_and_no_others() {
        let row = Row {
            area: "core",
            case: "map".to_owned(),
            unit: Unit::NanosPerOperation,
            ours: 1.0,
            best: 2.0,
            peer: "them".to_owned(),
            ratio: Some(0.5),
            floor: None,
            bar: String::new(),
            met: None,
            all: BTreeMap::from([("them".to_owned(), 2.0)]),
        };
        let board = Board { machine: "m", rows: &[row] };
        assert_eq!(
            serde_json::to_string(&board).unwrap(),
            concat!(
                r#"{"machine":"m","rows":[{"area":"core","case":"map","unit":"ns/op","ours":1.0,"#,
                r#""best":2.0,"peer":"them","ratio":0.5,"floor":null,"bar":"","met":null,"#,
                r#""all":{"them":2.0}}]}"#
            )
        );
    }

    #[test]
    fn units_are_written_as_they_are_shown() {
        for unit in [
            Unit::NanosPerOperation,
            Unit::MegaOperationsPerSecond,
            Unit::BytesPerEntry,
            Unit::AllocationsPerOperation,
            Unit::PeakToAverage,
            Unit::Percent,
            Unit::Count,
        ] {
            assert_eq!(serde_json::to_value(unit).unwrap(), unit.text());
        }
    }
}
