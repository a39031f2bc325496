//! A service breaks and recovers, and its circuit breaker follows. Time is moved by hand, so that
//! half a minute passes at once. Run it:
//!
//! ```text
//! cargo run --example breaker --features breaker
//! ```

use std::error::Error;
use std::time::Duration;

use voussoir::breaker::{BreakerError, CircuitBreaker, State, Window};
use voussoir::time::ManualClock;

fn main() -> Result<(), Box<dyn Error>> {
    let clock = ManualClock::new();
    let breaker = CircuitBreaker::builder()
        .failure_rate(0.5)
        .window(Window::count(10))
        .min_calls(4)
        .open_for(Duration::from_secs(10))
        .half_open_calls(3)
        .clock(clock.clone())
        .build()?;

    println!("the service fails from second 3 to second 16\n");
    let mut before = State::Closed;
    for second in 0..30 {
        let works = !(3..=16).contains(&second);
        let answer = breaker.call(|| if works { Ok("hello") } else { Err("connection refused") });
        let answer = match answer {
            Ok(reply) => format!("called: {reply}"),
            Err(BreakerError::Inner(error)) => format!("called: {error}"),
            Err(BreakerError::Open(open)) => {
                format!("spared: {open}")
            }
        };
        let stats = breaker.stats();
        let counts = format!("{} of {} failed", stats.failures, stats.calls);
        let mark = if stats.state == before { ' ' } else { '*' };
        println!("{second:>3} s {mark} {:<9} {counts:<14}  {answer}", stats.state.to_string());
        before = stats.state;
        clock.advance(Duration::from_secs(1));
    }
    Ok(())
}
