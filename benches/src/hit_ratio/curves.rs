//! Hit ratio over size, a panel for each trace.

use core::fmt::Write as _;

use super::table::{Row, Table};
use crate::svg::{Picture, WIDTH};

const PANEL: (f64, f64) = (300.0, 190.0);
const PLOT: (f64, f64) = (230.0, 140.0);

/// The dashes of the lines, in the order of the columns; then they begin again.
const DASHES: [&str; 7] = ["", "7 3", "2 3", "7 3 2 3", "1 4", "12 4", "4 2 1 2"];

/// Draws all rows of `table`; sizes on a logarithmic scale.
pub fn draw(table: &Table) -> String {
    let mut traces: Vec<&str> = Vec::new();
    for row in &table.rows {
        if !traces.contains(&&*row.trace) {
            traces.push(&row.trace);
        }
    }
    let legend = table.columns.len().div_ceil(4) as f64 * 20.0 + 10.0;
    let height = traces.len().div_ceil(2) as f64 * (PANEL.1 + 10.0) + legend;
    let mut picture = Picture::new(height, &label(table, &traces));
    for (place, name) in table.columns.iter().enumerate() {
        let (x, y) = ((place % 4) as f64 * 160.0, (place / 4) as f64 * 20.0 + 14.0);
        picture.line([(x, y - 4.0), (x + 34.0, y - 4.0)], DASHES[place % DASHES.len()]);
        picture.words(x + 40.0, y, "start", name);
    }
    for (place, trace) in traces.iter().enumerate() {
        let rows: Vec<&Row> = table.rows.iter().filter(|row| row.trace == **trace).collect();
        let left = (place % 2) as f64 * (WIDTH - PANEL.0);
        let top = (place / 2) as f64 * (PANEL.1 + 10.0) + legend;
        panel(&mut picture, (left + 36.0, top + 20.0), trace, &rows, table.columns.len());
    }
    picture.finish()
}

fn panel(
    picture: &mut Picture,
    (left, top): (f64, f64),
    trace: &str,
    rows: &[&Row],
    columns: usize,
) {
    let sizes = || rows.iter().map(|row| (row.capacity as f64).ln());
    let (least, most) = (sizes().fold(f64::MAX, f64::min), sizes().fold(f64::MIN, f64::max));
    let percents =
        rows.iter().flat_map(|row| (0..columns).filter_map(|column| row.percent(column)));
    // To the next ten above.
    let ceiling = (percents.fold(1.0, f64::max) / 10.0).ceil() * 10.0;
    let x = |capacity: u64| {
        let share = ((capacity as f64).ln() - least) / (most - least).max(f64::MIN_POSITIVE);
        left + share * PLOT.0
    };
    let y = |percent: f64| top + PLOT.1 * (1.0 - percent / ceiling);
    picture.words(left, top - 8.0, "start", trace);
    for percent in [0.0, ceiling / 2.0, ceiling] {
        picture.rule((left, y(percent)), (left + PLOT.0, y(percent)));
        picture.words(left - 6.0, y(percent) + 4.0, "end", &format!("{percent:.0}%"));
    }
    for (row, anchor) in [(rows.first(), "start"), (rows.last(), "end")] {
        if let Some(row) = row {
            picture.words(x(row.capacity), top + PLOT.1 + 18.0, anchor, &row.capacity.to_string());
        }
    }
    for column in 0..columns {
        let points = rows.iter().filter_map(|row| Some((x(row.capacity), y(row.percent(column)?))));
        picture.line(points, DASHES[column % DASHES.len()]);
    }
}

fn label(table: &Table, traces: &[&str]) -> String {
    let mut label = String::from("Hit ratio over the size of the cache.");
    for trace in traces {
        let Some(row) = table.rows.iter().rfind(|row| row.trace == **trace) else { continue };
        let _ = write!(label, " {trace} with {} entries:", row.capacity);
        for (column, name) in table.columns.iter().enumerate() {
            if let Some(percent) = row.percent(column) {
                let _ = write!(label, " {name} {percent:.0}%");
            }
        }
        label.push('.');
    }
    label
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_has_a_line_for_each_column_and_panel_and_no_blank_line() {
        let row = |trace: &str, capacity, hits| Row {
            trace: trace.to_owned(),
            requests: 100,
            unique: 50,
            capacity,
            hits: vec![Some(hits), Some(hits / 2)],
        };
        let rows = vec![row("a", 1, 10), row("a", 10, 60), row("b", 1, 10), row("b", 10, 0)];
        let picture = draw(&Table { columns: vec!["x".into(), "y".into()], rows });
        assert_eq!(picture.matches("stroke-width").count(), 2 + 2 * 2);
        assert!(picture.contains("role=\"img\"") && picture.contains("b with 10 entries"));
        assert!(!picture.contains("NaN") && !picture.contains("\n\n"));
    }
}
