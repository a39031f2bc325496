//! Draws the picture of `voussoir-quorum`'s page, from what its own predictor computes:
//!
//! ```text
//! cargo run --release -p voussoir-benches --bin quorum_pictures -- crates/quorum/docs
//! ```

use std::fmt::Write as _;
use std::path::PathBuf;

use voussoir::quorum::{Latencies, Pbs, Prediction};

const WIDTH: f64 = 560.0;
const LEFT: f64 = 60.0;
const TOP: f64 = 34.0;
const HEIGHT: f64 = 200.0;
/// The probability at the bottom.
const LEAST: f64 = 0.4;
/// Milliseconds at the left and the right end; the axis is logarithmic.
const ENDS: (f64, f64) = (0.1, 2000.0);

fn main() -> std::io::Result<()> {
    let folder = PathBuf::from(std::env::args().nth(1).unwrap_or_else(|| ".".into()));
    std::fs::write(folder.join("staleness.svg"), staleness())
}

fn x(millis: f64) -> f64 {
    LEFT + WIDTH * (millis / ENDS.0).ln() / (ENDS.1 / ENDS.0).ln()
}

fn y(probability: f64) -> f64 {
    TOP + HEIGHT * (1.0 - probability) / (1.0 - LEAST)
}

/// How probable it is that a read sees the last write, by the time that has passed since.
fn staleness() -> String {
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 760 290\" role=\"img\" \
         aria-label=\"Probability that a read sees the last acknowledged write, against the milliseconds \
         since: with three replicas and one reply each for read and write it grows from 44 % on spinning \
         disks, 89 % at Yammer and 97 % on solid-state disks; with R + W more than N it is always 1\" \
         font-family=\"sans-serif\" font-size=\"12\" fill=\"currentColor\" stroke=\"currentColor\" \
         style=\"max-width:100%\">\n<g stroke=\"none\">\n<text x=\"{LEFT}\" y=\"16\">probability that a read \
         sees the last acknowledged write, N = 3</text>\n"
    );
    for percent in [40, 60, 80, 100] {
        let at = y(f64::from(percent) / 100.0);
        writeln!(
            svg,
            "<text x=\"{}\" y=\"{:.0}\" text-anchor=\"end\">{percent} %</text>",
            LEFT - 8.0,
            at + 4.0
        )
        .expect("a string");
    }
    for millis in ["0.1", "1", "10", "100", "1000"] {
        let at = x(millis.parse().expect("a number"));
        writeln!(
            svg,
            "<text x=\"{at:.0}\" y=\"{:.0}\" text-anchor=\"middle\">{millis} ms</text>",
            TOP + HEIGHT + 18.0
        )
        .expect("a string");
    }
    svg.push_str("</g>\n<g fill=\"none\" stroke-opacity=\"0.2\">\n");
    for percent in [40, 60, 80, 100] {
        let at = y(f64::from(percent) / 100.0);
        writeln!(svg, "<path d=\"M{LEFT} {at:.1}h{WIDTH}\"/>").expect("a string");
    }
    svg.push_str("</g>\n");
    let curves = [
        ("R + W = 4", "", Pbs::new(3, 2, 2), Latencies::LINKEDIN_DISK),
        ("SSD, R = W = 1", "6 3", Pbs::new(3, 1, 1), Latencies::LINKEDIN_SSD),
        ("Yammer, R = W = 1", "2 3", Pbs::new(3, 1, 1), Latencies::YAMMER),
        ("disk, R = W = 1", "9 3 2 3", Pbs::new(3, 1, 1), Latencies::LINKEDIN_DISK),
    ];
    for (line, (name, dashes, pbs, latencies)) in curves.into_iter().enumerate() {
        let prediction = pbs.expect("sound").simulate(&latencies, 7, 200_000);
        let at = TOP + 12.0 + 20.0 * line as f64;
        let (from, to) = (LEFT + WIDTH + 10.0, LEFT + WIDTH + 36.0);
        writeln!(
            svg,
            "<g stroke-width=\"1.6\" stroke-dasharray=\"{dashes}\" fill=\"none\"><path d=\"{}\"/>\
             <path d=\"M{from} {at}H{to}\"/></g><text stroke=\"none\" x=\"{}\" y=\"{}\">{name}</text>",
            path(&prediction),
            to + 5.0,
            at + 4.0,
        )
        .expect("a string");
    }
    writeln!(
        svg,
        "<text stroke=\"none\" x=\"{:.0}\" y=\"{:.0}\" text-anchor=\"middle\">time since the \
         acknowledgement</text>\n</svg>",
        LEFT + WIDTH / 2.0,
        TOP + HEIGHT + 40.0
    )
    .expect("a string");
    svg
}

fn path(prediction: &Prediction) -> String {
    let points = (0..=80).map(|step| {
        let millis = ENDS.0 * (ENDS.1 / ENDS.0).powf(f64::from(step) / 80.0);
        format!("{:.1} {:.1}", x(millis), y(prediction.fresh_after(millis)))
    });
    format!("M{}", points.collect::<Vec<_>>().join("L"))
}
