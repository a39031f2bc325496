//! The table, for people.

use core::fmt::{self, Display, Formatter};

use super::board::Board;
use super::json::{Row, Unit};

/// Widest name of a case.
const CASE: usize = 48;

/// What an area showed, ready to be printed.
#[derive(Debug)]
pub struct Report<'a> {
    /// The area's name and what it is about.
    pub title: &'a str,
    /// What it showed.
    pub board: &'a Board,
}

impl Display for Report<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "\n{}\n", self.title)?;
        writeln!(f, "  {:<24} {:>8}  {:>14}", "floor", "1 thread", "2 threads")?;
        for (name, single, double) in &self.board.floors {
            let (single, double) = (number(*single), number(*double));
            writeln!(f, "  {name:<24} {single:>5} ns  {double:>8} Mop/s")?;
        }
        writeln!(
            f,
            "\n  {:<CASE$} {:>9}  {:>7}  {:>7}  {:<30} {:>5}  {:>6}  bar",
            "case", "unit", "ours", "best", "peer", "ratio", "floor"
        )?;
        for row in &self.board.rows {
            line(f, row)?;
        }
        for breach in &self.board.breaches {
            writeln!(f, "  INVALID: {breach}")?;
        }
        let judged = self.board.rows.iter().filter_map(|row| row.met);
        let (met, all) = judged.fold((0, 0), |(met, all), kept| (met + u32::from(kept), all + 1));
        writeln!(f, "\n  {met} of {all} bars met")
    }
}

fn line(f: &mut Formatter<'_>, row: &Row) -> fmt::Result {
    let verdict = match row.met {
        None => "",
        Some(true) => "✓ ",
        Some(false) => "✗ ",
    };
    writeln!(
        f,
        "  {:<CASE$} {:>9}  {:>7}  {:>7}  {:<30} {:>5}  {:>6}  {verdict}{}",
        row.case,
        row.unit.text(),
        number(row.ours),
        number(row.best),
        row.peer,
        row.ratio.map(|ratio| format!("{ratio:.2}")).unwrap_or_default(),
        row.floor.map(number).unwrap_or_default(),
        row.bar,
    )?;
    let mut others: Vec<_> = row.all.iter().filter(|(name, _)| **name != row.peer).collect();
    others.sort_by(|a, b| a.1.total_cmp(b.1));
    if row.unit == Unit::MegaOperationsPerSecond {
        others.reverse();
    }
    if others.is_empty() {
        return Ok(());
    }
    let others: Vec<_> =
        others.into_iter().map(|(name, &figure)| format!("{name} {}", number(figure))).collect();
    writeln!(f, "  {:<CASE$} {}", "", others.join(" · "))
}

/// Three significant digits, which is what the measurement carries.
fn number(figure: f64) -> String {
    match figure.abs() {
        size if size >= 100.0 => format!("{figure:.0}"),
        size if size >= 10.0 => format!("{figure:.1}"),
        _ => format!("{figure:.2}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_three_digits() {
        assert_eq!([0.277, 9.62, 22.34, 1904.2].map(number), ["0.28", "9.62", "22.3", "1904"]);
    }
}
