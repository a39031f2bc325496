//! A burst, then the steady rate, and what a client is told. Run it:
//!
//! ```text
//! cargo run --example ratelimit --features ratelimit -- "5/s burst 10"
//! ```

use std::error::Error;
use std::thread;
use std::time::{Duration, Instant};

use voussoir::ratelimit::{KeyedLimiter, Limit};

fn main() -> Result<(), Box<dyn Error>> {
    let text = std::env::args().nth(1).unwrap_or_else(|| "5/s burst 10".to_owned());
    let limit: Limit = text.parse().map_err(|error| format!("{text:?}: {error}"))?;
    let limiter = KeyedLimiter::<String>::builder(limit).max_keys(1_000).build()?;
    println!("each client may make {limit}; ada asks every 50 ms\n");

    let start = Instant::now();
    for request in 1..=30 {
        let decision = limiter.check("ada");
        print!("{:>5} ms  request {request:>2}  ", start.elapsed().as_millis());
        match decision.retry_after() {
            None => println!("passes, {} left", decision.remaining()),
            Some(wait) => println!("refused: come back in {} ms", wait.as_millis()),
        }
        thread::sleep(Duration::from_millis(50));
    }

    println!("\ngrace asks for the first time: {} left", limiter.check("grace").remaining());
    println!("{} clients are held, in {} bytes", limiter.len(), limiter.memory().bytes);
    Ok(())
}
