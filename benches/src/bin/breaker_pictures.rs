//! Draws the picture of the crate `voussoir-breaker` from what its breaker does in an outage:
//!
//! ```text
//! cargo run --release -p voussoir-benches --bin breaker_pictures -- crates/breaker/docs
//! ```

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use voussoir::breaker::{CircuitBreaker, State, Window};
use voussoir::time::Nanos;
use voussoir_benches::svg::{Picture, WIDTH};

fn main() -> ExitCode {
    let Some(folder) = std::env::args_os().nth(1).map(PathBuf::from) else {
        eprintln!("which folder is the picture for?");
        return ExitCode::from(2);
    };
    match std::fs::write(folder.join("states.svg"), states()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(wrong) => {
            eprintln!("cannot write states.svg: {wrong}");
            ExitCode::FAILURE
        }
    }
}

const SECONDS: u64 = 100;
const CALLS_PER_SECOND: u64 = 20;
/// The callee fails from then to then.
const OUTAGE: (u64, u64) = (15, 55);

/// What became of the calls of one second, and the state at its end.
struct Second {
    succeeded: u64,
    failed: u64,
    refused: u64,
    state: State,
}

fn outage() -> Vec<Second> {
    let breaker = CircuitBreaker::builder()
        .window(Window::count(60))
        .open_for(Duration::from_secs(5))
        .open_growth(2.0, Duration::from_secs(20))
        .half_open_calls(5)
        .ramp_up(Duration::from_secs(15))
        .seed(7)
        .build()
        .expect("the options are legal");
    let second = |second| {
        let mut seen = Second { succeeded: 0, failed: 0, refused: 0, state: State::Closed };
        for call in 0..CALLS_PER_SECOND {
            let now = Nanos::from_millis(second * 1_000 + call * 1_000 / CALLS_PER_SECOND);
            let fails = (OUTAGE.0..OUTAGE.1).contains(&second);
            match breaker.try_acquire_at(now) {
                Err(_) => seen.refused += 1,
                Ok(permit) if fails => {
                    permit.failure_at(now);
                    seen.failed += 1;
                }
                Ok(permit) => {
                    permit.success_at(now);
                    seen.succeeded += 1;
                }
            }
        }
        seen.state = breaker.state();
        seen
    };
    (0..SECONDS).map(second).collect()
}

fn states() -> String {
    let seconds = outage();
    let total = |of: fn(&Second) -> u64| seconds.iter().map(of).sum::<u64>();
    let (failed, refused) = (total(|second| second.failed), total(|second| second.refused));
    let label = format!(
        "{CALLS_PER_SECOND} calls a second through an outage of {} seconds: the breaker opens, tries \
         5 calls after 5, 10 and 20 seconds, closes and ramps up. {failed} calls failed, {refused} \
         were spared.",
        OUTAGE.1 - OUTAGE.0
    );
    let mut picture = Picture::new(250.0, &label);
    let (left, right, base, height) = (10.0, WIDTH - 10.0, 160.0, 120.0);
    let x = |second: u64| left + (right - left) * second as f64 / SECONDS as f64;
    let unit = height / CALLS_PER_SECOND as f64;

    picture.words(
        left,
        20.0,
        "start",
        "calls in each second: made and failed ■, made and answered ▒, refused ░",
    );
    for (at, second) in (0..).zip(&seconds) {
        let width = x(at + 1) - x(at) - 1.0;
        let mut top = base;
        for (count, opacity) in
            [(second.failed, 0.9), (second.succeeded, 0.4), (second.refused, 0.1)]
        {
            let tall = unit * count as f64;
            top -= tall;
            if count > 0 {
                picture.filled(x(at), top, width, tall, opacity);
            }
        }
    }
    picture.rule((left, base), (right, base));

    let mut begin = 0;
    for at in 1..=SECONDS {
        let state = seconds[begin as usize].state;
        if at < SECONDS && seconds[at as usize].state == state {
            continue;
        }
        let (from, to) = (x(begin), x(at) - 1.0);
        let opacity = match state {
            State::Open => 0.9,
            State::Closed => 0.15,
            _ => 0.4,
        };
        picture.filled(from, base + 12.0, to - from, 10.0, opacity);
        let name = state.to_string();
        if to - from > 7.0 * name.len() as f64 {
            picture.words(f64::midpoint(from, to), base + 40.0, "middle", &name);
        }
        begin = at;
    }

    let (from, to) = (x(OUTAGE.0), x(OUTAGE.1));
    picture.rule((from, base + 62.0), (to, base + 62.0));
    for end in [from, to] {
        picture.rule((end, base + 56.0), (end, base + 68.0));
    }
    picture.words(f64::midpoint(from, to), base + 82.0, "middle", "the callee fails");
    picture.words(left, base + 82.0, "start", "0 s");
    picture.words(right, base + 82.0, "end", &format!("{SECONDS} s"));
    picture.finish()
}
