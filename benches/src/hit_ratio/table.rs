//! The results as a table for people, as tab-separated values for programs, and in sum.

use core::fmt::{self, Write as _};

/// What came out for one trace and one size.
#[derive(Clone, Debug)]
pub struct Row {
    /// The trace.
    pub trace: String,
    /// Its requests.
    pub requests: u64,
    /// Its different keys.
    pub unique: u64,
    /// Entries of the caches.
    pub capacity: u64,
    /// Hits, in the order of the columns.
    pub hits: Vec<Option<u64>>,
}

/// All rows.
#[derive(Clone, Debug)]
pub struct Table {
    /// The names of the contenders.
    pub columns: Vec<String>,
    /// One for each trace and size.
    pub rows: Vec<Row>,
}

impl Row {
    /// The hits of a column in percent of the requests.
    pub fn percent(&self, column: usize) -> Option<f64> {
        let hits = self.hits[column]?;
        Some(hits as f64 / self.requests.max(1) as f64 * 100.0)
    }
}

impl Table {
    /// The mean of a column, each row as much as any other. None where one is missing.
    pub fn mean(&self, column: usize) -> Option<f64> {
        let sum = self.rows.iter().map(|row| row.percent(column)).sum::<Option<f64>>()?;
        (!self.rows.is_empty()).then(|| sum / self.rows.len() as f64)
    }

    /// By how many points a column is below the best of `others`, at worst, and in which row.
    /// Negative where it is above in all.
    pub fn worst_against(&self, column: usize, others: &[usize]) -> Option<(f64, &Row)> {
        let behind = |row: &Row| {
            let best = others.iter().filter_map(|&other| row.percent(other)).reduce(f64::max)?;
            Some(best - row.percent(column)?)
        };
        self.rows
            .iter()
            .filter_map(|row| Some((behind(row)?, row)))
            .max_by(|(one, _), (other, _)| one.total_cmp(other))
    }

    /// Hits in numbers, for programs.
    pub fn tab_separated(&self) -> String {
        let mut text = format!("trace\trequests\tunique\tcapacity\t{}\n", self.columns.join("\t"));
        for row in &self.rows {
            let _ =
                write!(text, "{}\t{}\t{}\t{}", row.trace, row.requests, row.unique, row.capacity);
            for hits in &row.hits {
                text.push('\t');
                text.extend(hits.map(|hits| hits.to_string()));
            }
            text.push('\n');
        }
        text
    }
}

/// Percent, with the means below.
impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.rows.iter().map(|row| row.trace.len()).chain([5]).max().unwrap_or(5);
        let widths: Vec<usize> = self.columns.iter().map(|name| name.len().max(6)).collect();
        write!(f, "{:names$} {:>9}", "trace", "entries")?;
        for (name, width) in self.columns.iter().zip(&widths) {
            write!(f, "  {name:>width$}")?;
        }
        writeln!(f)?;
        let cell = |f: &mut fmt::Formatter<'_>, percent: Option<f64>, width: usize| match percent {
            Some(percent) => write!(f, "  {percent:>width$.2}"),
            None => write!(f, "  {:>width$}", ""),
        };
        for row in &self.rows {
            write!(f, "{:names$} {:>9}", row.trace, row.capacity)?;
            for (column, width) in widths.iter().enumerate() {
                cell(f, row.percent(column), *width)?;
            }
            writeln!(f)?;
        }
        if self.rows.len() > 1 {
            write!(f, "{:names$} {:>9}", "mean", "")?;
            for (column, width) in widths.iter().enumerate() {
                cell(f, self.mean(column), *width)?;
            }
            writeln!(f)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let row = |capacity, hits: [u64; 2]| Row {
            trace: "t".to_owned(),
            requests: 100,
            unique: 10,
            capacity,
            hits: hits.into_iter().map(Some).collect(),
        };
        Table {
            columns: vec!["a".into(), "b".into()],
            rows: vec![row(1, [10, 20]), row(2, [50, 30])],
        }
    }

    #[test]
    fn means_and_distances_are_of_percents() {
        let table = table();
        assert_eq!((table.mean(0), table.mean(1)), (Some(30.0), Some(25.0)));
        let (behind, row) = table.worst_against(0, &[1]).unwrap();
        assert_eq!((behind, row.capacity), (10.0, 1));
    }

    #[test]
    fn both_forms_hold_every_row() {
        assert_eq!(table().tab_separated().lines().count(), 3);
        assert_eq!(table().to_string().lines().count(), 4);
        assert!(table().to_string().ends_with(" 30.00   25.00\n"));
    }
}
