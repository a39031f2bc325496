//! Draws what retries do to a server, from what the code of `voussoir-breaker` does:
//!
//! ```text
//! cargo run --release -p voussoir-benches --bin retry_pictures -- crates/breaker/docs
//! ```

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use voussoir::Random;
use voussoir::breaker::{Backoff, Retry, RetryBudget, Verdict};
use voussoir::time::Nanos;
use voussoir_benches::svg::{Picture, WIDTH};

fn main() -> ExitCode {
    let Some(folder) = std::env::args_os().nth(1).map(PathBuf::from) else {
        eprintln!("which folder are the pictures for?");
        return ExitCode::from(2);
    };
    for (name, picture) in [("herd.svg", herd()), ("outage.svg", outage())] {
        if let Err(wrong) = std::fs::write(folder.join(name), picture) {
            eprintln!("cannot write {name}: {wrong}");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

const BASE: Duration = Duration::from_millis(100);
const CAP: Duration = Duration::from_secs(10);

/// A thousand clients that fail together, and when they come back.
fn herd() -> String {
    const ROW: f64 = 62.0;
    const LEFT: f64 = 130.0;
    const RIGHT: f64 = WIDTH - 110.0;
    const MILLIS: u64 = 4_000;
    const BIN: u64 = 20;
    let exponential = Backoff::exponential(BASE).cap(CAP);
    let rows = [
        ("no jitter", exponential),
        ("equal jitter", exponential.equal_jitter()),
        ("full jitter", exponential.full_jitter()),
        ("decorrelated", Backoff::decorrelated(BASE).cap(CAP)),
    ];
    let height = 34.0 + ROW * rows.len() as f64 + 30.0;
    let mut picture = Picture::new(
        height,
        "Requests of 1,000 clients that failed together, over four seconds. Without jitter all come \
         back at the same moments; with equal, full and decorrelated jitter they spread out.",
    );
    picture.words(
        LEFT,
        20.0,
        "start",
        "1,000 clients fail at 0 s: who comes back when (scale: square root)",
    );
    picture.words(WIDTH, 20.0, "end", "most in 20 ms");
    for (row, (name, backoff)) in rows.into_iter().enumerate() {
        let bottom = 34.0 + ROW * (row + 1) as f64;
        let mut bins = vec![0_u32; (MILLIS / BIN) as usize];
        for client in 0..1_000 {
            let mut at = Duration::ZERO;
            for delay in backoff.delays(Random::seeded(client)) {
                at += delay;
                let Some(bin) = bins.get_mut((at.as_millis() as u64 / BIN) as usize) else { break };
                *bin += 1;
            }
        }
        let width = (RIGHT - LEFT) / bins.len() as f64;
        // A square root, so that a peak of 1,000 is ten times as high as one of 10, and both are seen.
        let tall = |count: u32| (f64::from(count) / 1_000.0).sqrt() * (ROW - 12.0);
        let mut outline = format!("M{LEFT:.0} {bottom:.0}");
        for &count in &bins {
            let _ = write!(outline, "V{:.1}h{width:.1}", bottom - tall(count));
        }
        picture.raw(&format!("<path d=\"{outline}V{bottom:.0}z\" fill-opacity=\"0.8\"/>"));
        picture.rule((LEFT, bottom), (RIGHT, bottom));
        picture.words(LEFT - 10.0, bottom - 4.0, "end", name);
        let most = bins.iter().max().copied().unwrap_or(0);
        picture.words(WIDTH, bottom - 4.0, "end", &most.to_string());
    }
    for second in 0..=MILLIS / 1_000 {
        let x = LEFT + (RIGHT - LEFT) * second as f64 * 1_000.0 / MILLIS as f64;
        picture.words(x, height - 10.0, "middle", &format!("{second} s"));
    }
    picture.finish()
}

const SECONDS: u64 = 60;

/// Attempts a second that reach a server with 100 calls a second, which fails from 15 s to 40 s.
fn attempts(retry: &Retry) -> Vec<u32> {
    let fails = 15..40;
    let mut seconds = vec![0_u32; SECONDS as usize];
    let mut events = BinaryHeap::new();
    let mut calls = Vec::new();
    for call in 0..SECONDS * 100 {
        events.push(Reverse((call * 10_000_000, call as usize)));
    }
    while let Some(Reverse((at, call))) = events.pop() {
        let now = Nanos::from_nanos(at);
        let second = at / 1_000_000_000;
        if let Some(count) = seconds.get_mut(second as usize) {
            *count += 1;
        }
        if call == calls.len() {
            calls.push(Some(retry.attempts_at(now)));
        }
        let Some(mut attempts) = calls[call].take() else { continue };
        if !fails.contains(&second) {
            attempts.succeeded_at(now);
        } else if let Ok(delay) = attempts.failed_at(now, Verdict::Transient) {
            events.push(Reverse((now.saturating_add(delay).as_nanos(), call)));
            calls[call] = Some(attempts);
        }
    }
    seconds
}

/// What a server that fails gets to do, with a budget for retries and without.
fn outage() -> String {
    const TOP: f64 = 40.0;
    const BOTTOM: f64 = 240.0;
    const LEFT: f64 = 60.0;
    const RIGHT: f64 = WIDTH - 110.0;
    const MOST: f64 = 400.0;
    let builder = || {
        let backoff = Backoff::exponential(BASE).full_jitter();
        Retry::builder(backoff).idempotent().max_attempts(4).seed(7)
    };
    let budget = RetryBudget::ratio(0.2).per_second(0).build().expect("legal");
    let without = attempts(&builder().build().expect("legal"));
    let with = attempts(&builder().budget(Arc::new(budget)).build().expect("legal"));

    let mut picture = Picture::new(
        BOTTOM + 36.0,
        "Attempts a second at a server with 100 calls a second, which fails from second 15 to 40. \
         Without a budget it gets about 400, with a budget of a fifth about 120.",
    );
    let x = |second: f64| LEFT + (RIGHT - LEFT) * second / SECONDS as f64;
    let y = |count: f64| BOTTOM - (BOTTOM - TOP) * count / MOST;
    picture.words(LEFT, 20.0, "start", "attempts a second at the server, of 100 calls a second");
    picture.filled(x(15.0), TOP, x(40.0) - x(15.0), BOTTOM - TOP, 0.08);
    picture.words(x(27.5), BOTTOM - 12.0, "middle", "it fails");
    for count in [0.0, 100.0, 200.0, 300.0, 400.0] {
        picture.rule((LEFT, y(count)), (RIGHT, y(count)));
        picture.words(LEFT - 8.0, y(count) + 4.0, "end", &format!("{count}"));
    }
    for (seconds, dashes) in [(&without, "6 4"), (&with, "")] {
        let points = seconds.iter().enumerate();
        let points =
            points.map(|(second, &count)| (x(second as f64 + 0.5), y(f64::from(count).min(MOST))));
        picture.line(points, dashes);
    }
    picture.words(RIGHT + 8.0, y(f64::from(without[38])) + 4.0, "start", "no budget");
    picture.words(RIGHT + 8.0, y(f64::from(with[38])) - 4.0, "start", "budget 0.2");
    for second in (0..=SECONDS).step_by(10) {
        picture.words(x(second as f64), BOTTOM + 22.0, "middle", &format!("{second} s"));
    }
    picture.finish()
}
