//! A link shortener's ids, while its clock misbehaves, and its short codes. Run it:
//!
//! ```text
//! cargo run --example idgen --features idgen
//! ```

use std::error::Error;
use std::time::Duration;

use voussoir::idgen::{Layout, NextError, Policy, ShortCode, Snowflake, SnowflakeId};
use voussoir::time::{Clock, ManualClock, WallClock};

fn main() -> Result<(), Box<dyn Error>> {
    // Moved by hand from here on, as no real clock is asked to misbehave.
    let clock = ManualClock::at(WallClock.now());
    let ids = Snowflake::builder(Layout::TWITTER)
        .worker(7)
        .when_exhausted(Policy::Borrow { at_most: Duration::from_millis(10) })
        .when_clock_behind(Policy::Refuse)
        .clock(clock.clone())
        .build()?;

    println!("an id tells when, by whom, and which of that millisecond:");
    show(ids.next()?);
    show(ids.next()?);

    println!("\n10,000 at once are more than a millisecond holds; the rest is borrowed:");
    let batch: Vec<_> = ids.next_batch(10_000)?.collect();
    show(batch[9_999]);

    println!("\nthe clock is set back by a minute:");
    clock.rewind(Duration::from_mins(1));
    match ids.next() {
        Err(refused @ NextError::ClockBehind { .. }) => println!("  refused: {refused}"),
        other => println!("  {other:?}"),
    }
    clock.advance(Duration::from_secs(61));
    println!("it has caught up:");
    show(ids.next()?);

    println!("\nshort codes of a counter, and back:");
    let codes = ShortCode::new(7, 0x5EED)?;
    for number in 1..=4 {
        let code = codes.encode(number)?;
        println!("  {number} is /{code}, which is {}", codes.decode(code)?);
    }
    let Err(error) = codes.decode("l1nk-up") else { return Ok(()) };
    println!("  /l1nk-up is none: {error}");
    Ok(())
}

fn show(id: SnowflakeId) {
    let parts = Layout::TWITTER.parts(id);
    let at = Layout::TWITTER.timestamp(id).as_nanos() / 1_000_000;
    println!(
        "  {id}  {}  {at} ms, worker {}, no. {}",
        id.to_base62(),
        parts.worker,
        parts.sequence
    );
}
