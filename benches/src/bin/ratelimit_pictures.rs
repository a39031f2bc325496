//! Draws the pictures of the crate `voussoir-ratelimit` from what its code does:
//!
//! ```text
//! cargo run --release -p voussoir-benches --bin ratelimit_pictures -- crates/ratelimit/docs
//! ```

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use voussoir::Random;
use voussoir::ratelimit::{Limit, Limiter};
use voussoir::time::Nanos;
use voussoir_benches::svg::{Picture, WIDTH};

fn main() -> ExitCode {
    let Some(folder) = std::env::args_os().nth(1).map(PathBuf::from) else {
        eprintln!("which folder are the pictures for?");
        return ExitCode::from(2);
    };
    for (name, picture) in [("five.svg", five()), ("error.svg", error())] {
        if let Err(wrong) = std::fs::write(folder.join(name), picture) {
            eprintln!("cannot write {name}: {wrong}");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

/// The moments at which requests pass and those at which they are refused.
#[derive(Default)]
struct Answers {
    passed: Vec<Nanos>,
    refused: Vec<Nanos>,
}

fn ask(limit: &str, requests: &[Nanos]) -> Answers {
    let limit: Limit = limit.parse().expect("the limit is legal");
    let limiter = Limiter::builder(limit).build().expect("the limit is legal");
    let mut answers = Answers::default();
    for &now in requests {
        let decision = limiter.check_at(now);
        if decision.is_allowed() {
            answers.passed.push(now.saturating_add(decision.delay()));
        } else {
            answers.refused.push(now);
        }
    }
    answers
}

/// The most that lie in any time (t - period, t].
fn fullest(moments: &[Nanos], period: Duration) -> usize {
    let within = |to: usize| {
        let out = moments[..to].iter().filter(|then| then.saturating_add(period) <= moments[to]);
        to + 1 - out.count()
    };
    (0..moments.len()).map(within).max().unwrap_or(0)
}

/// What each algorithm lets through of the same requests.
fn five() -> String {
    const ROW: f64 = 50.0;
    const LEFT: f64 = 170.0;
    const BIN: u64 = 50;
    let mut requests: Vec<u64> = (0..16).map(|quarter| quarter * 250 + 3).collect();
    // Two bursts around the turn of a second, one in its middle.
    for (at, count) in [(910, 12), (1_060, 12), (2_500, 15)] {
        requests.extend((0..count).map(|request| at + request));
    }
    requests.sort_unstable();
    let requests: Vec<Nanos> = requests.into_iter().map(Nanos::from_millis).collect();
    let rows = [
        ("10/s", "token bucket"),
        ("leaky 10/s queue 10", "leaky queue"),
        ("fixed 10/s", "fixed window"),
        ("sliding 10/s", "sliding counter"),
        ("sliding 10/s strict 10", "the same, strict"),
        ("log 10/s", "sliding log"),
    ];
    let second = Duration::from_secs(1);
    let mut label =
        format!("What limits of 10 a second let through of {} requests.", requests.len());
    let mut told =
        vec![("offered".to_owned(), Answers { passed: requests.clone(), ..Answers::default() })];
    for (limit, name) in rows {
        let answers = ask(limit, &requests);
        let (passed, most) = (answers.passed.len(), fullest(&answers.passed, second));
        let _ = write!(label, " {name}: {passed}, at most {most} in a second.");
        println!("{limit}: {passed} passed, at most {most} in a second");
        told.push((name.to_owned(), answers));
    }
    let height = 60.0 + ROW * told.len() as f64;
    let mut picture = Picture::new(height, &label);
    picture.words(0.0, 16.0, "start", "10 a second: dark passes, light is refused");
    picture.words(WIDTH, 16.0, "end", "most in a second");
    let x = |millis: f64| LEFT + millis / 4_000.0 * 400.0;
    for seconds in 0..=4 {
        let x = x(f64::from(seconds) * 1_000.0);
        picture.rule((x, 30.0), (x, height - 24.0));
        picture.words(x, height - 8.0, "middle", &format!("{seconds} s"));
    }
    for (row, (name, answers)) in told.iter().enumerate() {
        let floor = 30.0 + ROW * (row as f64 + 1.0) - 6.0;
        picture.words(0.0, floor - 4.0, "start", name);
        picture.words(WIDTH, floor - 4.0, "end", &fullest(&answers.passed, second).to_string());
        picture.rule((LEFT, floor), (LEFT + 400.0, floor));
        for bin in 0..4_000 / BIN {
            let count = |moments: &[Nanos]| {
                let here = |then: &&Nanos| then.as_nanos() / 1_000_000 / BIN == bin;
                moments.iter().filter(here).count() as f64 * 2.4
            };
            let (dark, light) = (count(&answers.passed), count(&answers.refused));
            let (x, width) = (x((bin * BIN) as f64), 4.2);
            if dark > 0.0 {
                picture.filled(x, floor - dark, width, dark, 0.85);
            }
            if light > 0.0 {
                picture.filled(x, floor - dark - light, width, light, 0.25);
            }
        }
    }
    picture.finish()
}

/// Requests at random moments, `load` times as many as the limit of 100 a minute.
fn poisson(load: f64, random: &mut Random) -> Vec<Nanos> {
    let mean = 60.0 / (100.0 * load);
    let mut time = 0.0;
    let mut requests = Vec::new();
    while requests.len() < 20_000 {
        time += -mean * (1.0 - random.fraction()).ln();
        requests.push(Nanos::from_duration(Duration::from_secs_f64(time)));
    }
    requests
}

/// How far the limits by window let through more than they say, over the load.
fn error() -> String {
    const LOADS: [f64; 11] = [0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.2, 1.5, 2.0, 2.5, 3.0];
    let kinds = [
        ("fixed 100/min", "fixed window", "2 3"),
        ("sliding 100/min", "sliding counter", ""),
        ("sliding 100/min strict 10", "the same, strict", "7 3"),
        ("log 100/min", "sliding log", "1 4"),
    ];
    let mut label =
        String::from("The fullest minute of 20,000 random requests, in percent of the limit.");
    let mut lines = Vec::new();
    for (limit, name, dashes) in kinds {
        let mut points = Vec::new();
        let _ = write!(label, " {name}:");
        for load in LOADS {
            let requests = poisson(load, &mut Random::seeded(7));
            let passed = ask(limit, &requests).passed;
            let most = fullest(&passed, Duration::from_mins(1));
            println!("{limit} at {load}: fullest {most}, {} passed", passed.len());
            if [0.5, 1.0, 3.0].contains(&load) {
                let _ = write!(label, " {most} at a load of {load},");
            }
            points.push((load, most as f64));
        }
        label.pop();
        label.push('.');
        lines.push((name, dashes, points));
    }
    let (x, y) =
        (|load: f64| 50.0 + (load - 0.5) / 2.5 * 430.0, |most: f64| 270.0 - (most - 60.0) * 2.0);
    let mut picture = Picture::new(320.0, &label);
    picture.words(0.0, 16.0, "start", "the fullest minute, in % of the limit");
    for most in [60.0, 80.0, 100.0, 120.0, 140.0, 160.0] {
        picture.rule((50.0, y(most)), (480.0, y(most)));
        picture.words(42.0, y(most) + 4.0, "end", &format!("{most}"));
    }
    for load in [0.5, 1.0, 1.5, 2.0, 2.5, 3.0] {
        picture.words(x(load), 288.0, "middle", &format!("{load}"));
    }
    picture.words(265.0, 310.0, "middle", "requests offered, in multiples of the limit");
    let mut lowest = f64::INFINITY;
    for (name, dashes, points) in lines {
        let last = y(points.last().expect("there are loads").1);
        // Names one below the other where lines end together.
        lowest = if lowest.is_finite() { (lowest + 16.0).max(last + 4.0) } else { last + 4.0 };
        picture.words(488.0, lowest, "start", name);
        picture.line(points.into_iter().map(|(load, most)| (x(load), y(most))), dashes);
    }
    picture.finish()
}
