//! Draws a stampede, from what the code of `voussoir-cache` does:
//!
//! ```text
//! cargo run --release -p voussoir-benches --bin cache_pictures -- crates/cache/docs
//! ```
//!
//! The curves beside it are drawn from recorded requests, in a folder `TRACES`:
//!
//! ```text
//! cargo run --release -p voussoir-benches --bin hit-ratio -- \
//!     TRACES/{oltp,web07,multi3,scarab-recs}.u64.gz --sizes 0.5%,1%,2%,5%,10%,20% \
//!     --policies adaptive,s3-fifo,lru,moka,quick-cache-sync --svg crates/cache/docs/hit-ratio.svg
//! ```

use std::cell::Cell;
use std::convert::Infallible;
use std::fmt::Write as _;
use std::future::{Future, poll_fn};
use std::path::PathBuf;
use std::pin::Pin;
use std::process::ExitCode;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use voussoir::cache::{Cache, CacheBuilder};
use voussoir::time::ManualClock;
use voussoir_benches::svg::{Picture, WIDTH};

fn main() -> ExitCode {
    let Some(folder) = std::env::args_os().nth(1).map(PathBuf::from) else {
        eprintln!("which folder is the picture for?");
        return ExitCode::from(2);
    };
    if let Err(wrong) = std::fs::write(folder.join("stampede.svg"), stampede()) {
        eprintln!("cannot write stampede.svg: {wrong}");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

/// Milliseconds: the whole, a life of the value, a load, a bar of the picture.
const WHOLE: u64 = 4_000;
const TTL: Duration = Duration::from_secs(1);
const LOAD: u64 = 200;
const BIN: u64 = 20;

/// How callers keep the store from harm.
#[derive(Clone, Copy, PartialEq)]
enum Protection {
    /// Look, load, insert, each for itself.
    None,
    OneFlight,
    StaleWhileRevalidate,
}

/// What was seen: the most loads under way in each bar, and how many callers waited.
struct Seen {
    loads: Vec<u32>,
    waited: u32,
}

type Caller = Pin<Box<dyn Future<Output = ()>>>;

/// A caller each millisecond for one key, whose load takes 200 of them.
fn play(protection: Protection) -> Seen {
    let clock = ManualClock::new();
    let builder: CacheBuilder<u8, u8, _, _> = Cache::builder(10).ttl(TTL).clock(clock.clone());
    let builder = match protection {
        Protection::StaleWhileRevalidate => builder.stale_while_revalidate(TTL),
        _ => builder,
    };
    let cache = builder.build().expect("legal");
    let (now, under_way) = (Rc::new(Cell::new(0_u64)), Rc::new(Cell::new(0_u32)));
    let load = {
        let (now, under_way) = (Rc::clone(&now), Rc::clone(&under_way));
        move || {
            let (now, under_way) = (Rc::clone(&now), Rc::clone(&under_way));
            async move {
                under_way.set(under_way.get() + 1);
                let done = now.get() + LOAD;
                poll_fn(|_| if now.get() < done { Poll::Pending } else { Poll::Ready(()) }).await;
                under_way.set(under_way.get() - 1);
                1
            }
        }
    };
    let mut seen = Seen { loads: vec![0; (WHOLE / BIN) as usize], waited: 0 };
    let mut callers: Vec<Caller> = Vec::new();
    let mut context = Context::from_waker(Waker::noop());
    for millis in 0..WHOLE {
        now.set(millis);
        // Those that wait go first: what they have loaded is there for the one that comes.
        callers.retain_mut(|caller| caller.as_mut().poll(&mut context).is_pending());
        let (cache, load) = (cache.clone(), load.clone());
        let mut caller: Caller = Box::pin(async move {
            if protection != Protection::None {
                let loaded = async || Ok::<_, Infallible>(load().await);
                assert_eq!(cache.get_or_load_async(&0, loaded).await.ok(), Some(1));
            } else if cache.get(&0).is_none() {
                let value = load().await;
                cache.insert(0, value);
            }
        });
        if caller.as_mut().poll(&mut context).is_pending() {
            seen.waited += 1;
            callers.push(caller);
        }
        let bin = &mut seen.loads[(millis / BIN) as usize];
        *bin = under_way.get().max(*bin);
        clock.advance(Duration::from_millis(1));
    }
    seen
}

fn stampede() -> String {
    const ROW: f64 = 76.0;
    const LEFT: f64 = 150.0;
    const RIGHT: f64 = WIDTH - 120.0;
    let rows = [
        ("get, then insert", Protection::None),
        ("get_or_load", Protection::OneFlight),
        ("… and stale ones", Protection::StaleWhileRevalidate),
    ];
    let seen = rows.map(|(name, protection)| (name, play(protection)));
    let mut label = String::from(
        "Loads under way at a store, over four seconds, for one key that a caller a millisecond asks \
         for, whose value lives one second and takes 200 milliseconds to load.",
    );
    for (name, seen) in &seen {
        let most = seen.loads.iter().max().copied().unwrap_or(0);
        let _ =
            write!(label, " {name}: at most {most} loads at once, {} callers wait.", seen.waited);
    }
    let height = 34.0 + ROW * rows.len() as f64 + 30.0;
    let mut picture = Picture::new(height, &label);
    picture.words(
        LEFT,
        20.0,
        "start",
        "loads at once of one value that lives 1 s (scale: square root)",
    );
    for (row, (name, seen)) in seen.iter().enumerate() {
        let bottom = 34.0 + ROW * (row + 1) as f64;
        let width = (RIGHT - LEFT) / seen.loads.len() as f64;
        // A square root, so that one load is seen beside two hundred.
        let tall = |count: u32| (f64::from(count) / LOAD as f64).sqrt() * (ROW - 20.0);
        let mut outline = format!("M{LEFT:.0} {bottom:.0}");
        for &count in &seen.loads {
            let _ = write!(outline, "V{:.1}h{width:.1}", bottom - tall(count));
        }
        picture.raw(&format!("<path d=\"{outline}V{bottom:.0}z\" fill-opacity=\"0.8\"/>"));
        picture.rule((LEFT, bottom), (RIGHT, bottom));
        picture.words(LEFT - 10.0, bottom - 4.0, "end", name);
        let most = seen.loads.iter().max().copied().unwrap_or(0);
        picture.words(WIDTH, bottom - 22.0, "end", &format!("{most} at once"));
        picture.words(WIDTH, bottom - 4.0, "end", &format!("{} wait", seen.waited));
    }
    for second in 0..=WHOLE / 1_000 {
        let x = LEFT + (RIGHT - LEFT) * second as f64 * 1_000.0 / WHOLE as f64;
        picture.words(x, height - 10.0, "middle", &format!("{second} s"));
    }
    picture.finish()
}
