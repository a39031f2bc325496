//! The same cases under criterion: one thread, each contestant a benchmark of its own.

use core::time::Duration;
use std::time::Instant;

use criterion::Criterion;

use super::alloc::uncounted;
use super::case::{Case, Span};
use crate::area::Area;
use crate::inputs::Inputs;

/// Runs the timed cases of `area` as the command line asks.
pub fn run(area: &Area) {
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1))
        .configure_from_args();
    for case in (area.cases)(&Inputs::FULL) {
        let Case::Timed(case) = case else { continue };
        let mut group = criterion.benchmark_group(format!("{}/{}", area.name, case.name));
        for contestant in case.contestants() {
            group.bench_function(contestant.name(), |bencher| {
                bencher.iter_custom(|iterations| {
                    let span = Span { first: 0, count: iterations as usize };
                    uncounted(|| {
                        let begun = Instant::now();
                        contestant.run(span);
                        begun.elapsed()
                    })
                });
            });
        }
        group.finish();
    }
    criterion.final_summary();
}
