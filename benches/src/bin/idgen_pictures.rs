//! Draws the pictures of `voussoir-idgen`'s page: how layouts share the bits of an id, as the layouts
//! themselves say, and what a generator does under each policy.
//!
//! ```text
//! cargo run --release -p voussoir-benches --bin idgen_pictures -- crates/idgen/docs
//! ```

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use voussoir::idgen::{Layout, Parts, Policy, Snowflake};
use voussoir::time::Nanos;
use voussoir_benches::svg::{Picture, WIDTH};

fn main() -> ExitCode {
    let Some(folder) = std::env::args_os().nth(1).map(PathBuf::from) else {
        eprintln!("which folder are the pictures for?");
        return ExitCode::from(2);
    };
    for (name, picture) in [("layouts.svg", layouts()), ("policies.svg", policies())] {
        if let Err(wrong) = std::fs::write(folder.join(name), picture) {
            eprintln!("cannot write {name}: {wrong}");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

const PRESETS: [(&str, Layout); 4] = [
    ("Twitter", Layout::TWITTER),
    ("Discord", Layout::DISCORD),
    ("Instagram", Layout::INSTAGRAM),
    ("Sonyflake", Layout::SONYFLAKE),
];

/// What stands in an id, from the highest bit on, and in how many bits.
fn fields(layout: Layout) -> [(&'static str, u32); 3] {
    let bits = |largest: u64| u64::BITS - largest.leading_zeros();
    let time = bits(layout.parts(layout.max_id_at(Nanos::MAX)).timestamp);
    let worker = ("worker", bits(layout.max_worker()));
    let sequence = ("sequence", bits(layout.sequences() - 1));
    let first_worker = layout.from_parts(Parts { timestamp: 0, worker: 1, sequence: 0 });
    if first_worker.is_ok_and(|id| id.to_u64() == 1) {
        [("time", time), sequence, worker]
    } else {
        [("time", time), worker, sequence]
    }
}

fn layouts() -> String {
    let text_of = |(name, layout)| {
        let [first, second, third] = fields(layout).map(|(name, bits)| format!("{bits} of {name}"));
        format!("{name}: {first}, {second}, {third}.")
    };
    let label = format!(
        "How four layouts share the 63 bits of an id, from the highest to the lowest. {}",
        PRESETS.map(text_of).join(" ")
    );
    let mut picture = Picture::new(190.0, &label);
    let left = 90.0;
    let bit = (WIDTH - left - 2.0) / 63.0;
    picture.words(left, 18.0, "start", "bit 62");
    picture.words(WIDTH - 2.0, 18.0, "end", "bit 0");
    for (line, (name, layout)) in PRESETS.into_iter().enumerate() {
        let top = 28.0 + 40.0 * line as f64;
        picture.words(0.0, top + 18.0, "start", name);
        let mut x = left;
        for ((name, bits), opacity) in fields(layout).into_iter().zip([0.3, 0.08, 0.16]) {
            let width = bit * f64::from(bits);
            picture.filled(x + 1.0, top, width - 2.0, 26.0, opacity);
            let step = layout.step().as_millis();
            let words = match name {
                "time" => format!("time: {bits} bits of {step} ms"),
                // A narrow one has no room for the word.
                "sequence" if bits < 12 => format!("seq. {bits}"),
                _ => format!("{name} {bits}"),
            };
            picture.words(x + width / 2.0, top + 18.0, "middle", &words);
            x += width;
        }
    }
    picture.finish()
}

/// Milliseconds that are shown.
const SPAN: u64 = 48;
/// Ids that a step of 2 ms holds.
const SEQUENCE_BITS: u32 = 3;
const STEP: Duration = Duration::from_millis(2);
/// More ids are asked for than there are, from then to then.
const BURST: (u64, u64) = (8, 16);
/// The clock is set back there, by so much.
const SET_BACK: (u64, u64) = (30, 10);
const ORIGIN: u64 = 1_000_000;

/// What the clock shows, in nanoseconds.
fn clock(at: u64) -> u64 {
    let back = if at >= SET_BACK.0 * 1_000_000 { SET_BACK.1 * 1_000_000 } else { 0 };
    ORIGIN * 1_000_000 + at - back
}

/// One caller, who asks for an id, and again a while later; what became of each call.
struct Run {
    /// When an id was made, and the time it carries.
    made: Vec<(f64, f64)>,
    refused: Vec<f64>,
}

fn run(policy: Policy) -> Run {
    let layout = Layout::new(41, 1, SEQUENCE_BITS).and_then(|layout| layout.unit(STEP));
    let layout = layout.expect("few bits");
    let builder = Snowflake::builder(layout).worker(1).when_exhausted(policy);
    let ids = builder.when_clock_behind(policy).build().expect("valid");
    let millis = |nanos: u64| nanos as f64 / 1e6;
    let mut run = Run { made: Vec::new(), refused: Vec::new() };
    let mut at = 0;
    while at < SPAN * 1_000_000 {
        match ids.next_at(Nanos::from_nanos(clock(at))) {
            Ok(id) => {
                let carried = layout.timestamp(id).as_nanos() - ORIGIN * 1_000_000;
                let part = layout.parts(id).sequence as f64 / layout.sequences() as f64;
                run.made.push((millis(at), millis(carried) + 2.0 * part));
            }
            Err(refused) => match (policy, refused.retry_after()) {
                // As `next` waits, with a clock that can be waited for here.
                (Policy::Wait { at_most }, Some(wait)) if wait <= at_most => {
                    at += wait.as_nanos() as u64;
                    continue;
                }
                _ => run.refused.push(millis(at)),
            },
        }
        let in_burst = (BURST.0..BURST.1).contains(&(at / 1_000_000));
        at += if in_burst { 125_000 } else { 1_000_000 };
    }
    run
}

fn policies() -> String {
    let at_most = Duration::from_millis(20);
    let runs = [
        ("Refuse", Policy::Refuse),
        ("Wait", Policy::Wait { at_most }),
        ("Borrow", Policy::Borrow { at_most }),
    ]
    .map(|(name, policy)| (name, run(policy)));
    let counts = runs.each_ref().map(|(name, run)| {
        format!("{name}: {} ids, {} refused.", run.made.len(), run.refused.len())
    });
    let label = format!(
        "The time that ids carry against the time at which they are made, under three policies of at \
         most 20 ms. From {} to {} ms twice as many ids are asked for as a step holds, at {} ms the \
         clock is set back by {} ms. {} No id is ever below an earlier one.",
        BURST.0,
        BURST.1,
        SET_BACK.0,
        SET_BACK.1,
        counts.join(" ")
    );
    let mut picture = Picture::new(270.0, &label);
    let (gap, top, height) = (16.0, 40.0, 170.0);
    let width = (WIDTH - 2.0 * gap) / 3.0;
    picture.words(0.0, 16.0, "start", "time that ids carry ●, clock ─, refused ×");
    for (panel, (name, run)) in runs.iter().enumerate() {
        let left = panel as f64 * (width + gap);
        let x = |millis: f64| left + width * millis / SPAN as f64;
        // What the clock shows at the end is the most.
        let y = |millis: f64| top + height * (1.0 - millis / (SPAN - SET_BACK.1) as f64);
        picture.rule((left, top + height), (left + width, top + height));
        picture.rule((left, top), (left, top + height));
        let shown = |at: u64| (clock(at) - ORIGIN * 1_000_000) as f64 / 1e6;
        let back = SET_BACK.0 * 1_000_000;
        let clock =
            [0, back - 1, back, SPAN * 1_000_000].map(|at| (x(at as f64 / 1e6), y(shown(at))));
        for ends in clock.windows(2) {
            picture.rule(ends[0], ends[1]);
        }
        let dot = |(at, carried): &(f64, f64)| format!("M{:.1} {:.1}h0", x(*at), y(*carried));
        let dots: String = run.made.iter().map(dot).collect();
        picture.raw(&format!(
            "<path d=\"{dots}\" stroke=\"currentColor\" stroke-width=\"2.6\" stroke-linecap=\"round\"/>"
        ));
        for at in &run.refused {
            let (x, y) = (x(*at), top + height + 10.0);
            picture.line([(x - 2.0, y - 2.0), (x + 2.0, y + 2.0)], "");
            picture.line([(x - 2.0, y + 2.0), (x + 2.0, y - 2.0)], "");
        }
        let word = format!("{name}: {} made, {} refused", run.made.len(), run.refused.len());
        picture.words(left + width / 2.0, top + height + 34.0, "middle", &word);
        let ((from, to), under) = (BURST, top + height + 52.0);
        picture.words(x((from + to) as f64 / 2.0), under, "middle", "burst");
        picture.words(x(SET_BACK.0 as f64), under, "middle", "set back");
    }
    picture.finish()
}
