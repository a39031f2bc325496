//! A shop asks a warehouse, which breaks down and comes back: retries, their budget, the breaker, and
//! an older answer when there is no newer one. Time is moved by hand, so that a minute passes at once.
//! Run it:
//!
//! ```text
//! cargo run --example resilience --features breaker
//! ```

use std::cell::Cell;
use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use voussoir::breaker::{
    Backoff, Bulkhead, Cause, CircuitBreaker, Policy, PolicyError, Retry, RetryBudget, Verdict,
};
use voussoir::time::{Clock, ManualClock};

/// What the warehouse may say.
#[derive(Debug, PartialEq)]
enum Refusal {
    Down,
    NoSuchArticle,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Down => "the warehouse is down",
            Self::NoSuchArticle => "there is no such article",
        })
    }
}

/// What that says about asking again.
fn verdict(refusal: &Refusal) -> Verdict {
    match refusal {
        Refusal::Down => Verdict::Transient,
        Refusal::NoSuchArticle => Verdict::Permanent,
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let clock = ManualClock::new();

    // Shared by all that ask the warehouse: a tenth of the calls may be retried, and one a second.
    let budget = Arc::new(RetryBudget::ratio(0.1).per_second(1).build()?);
    let breaker = CircuitBreaker::builder()
        .consecutive_failures(6)
        .open_for(Duration::from_secs(4))
        .half_open_calls(1)
        .seed(1)
        .clock(clock.clone());
    let breaker = Arc::new(breaker.build()?);
    let backoff = Backoff::exponential(Duration::from_millis(100)).cap(Duration::from_secs(2));
    let retry = Retry::builder(backoff.full_jitter())
        .max_attempts(3)
        .idempotent()
        .budget(Arc::clone(&budget))
        .seed(1)
        .clock(clock.clone());
    let policy = Policy::builder_on(clock.clone())
        .timeout(Duration::from_secs(3))
        .retry(retry.build()?)
        .breaker(Arc::clone(&breaker))
        .bulkhead(Arc::new(Bulkhead::builder(8).clock(clock.clone()).build()?))
        .build()?;

    println!("the warehouse is down from second 4 to second 12\n");
    let stock = Cell::new(100);
    for second in 0..24 {
        let begun = clock.now();
        let article = if second % 9 == 2 { 13 } else { 7 };
        let mut asked = 0;
        let known_before = |error| older(error, stock.get());
        let answer = policy.when(verdict).fallback(known_before).call(
            |pause| clock.advance(pause),
            |_attempt| {
                asked += 1;
                stock.set(warehouse(second, article)?);
                Ok(format!("{} in stock", stock.get()))
            },
        );
        let text = answer.unwrap_or_else(|error| format!("error: {error}"));
        let tokens = budget.tokens_at(clock.now());
        let state = breaker.state().to_string();
        println!("{second:>3} s  asked {asked}x  {state:<9}  {tokens:>4.1} retries left  {text}");

        // To the next second, whatever the pauses took.
        let took = clock.now().saturating_duration_since(begun);
        clock.advance(Duration::from_secs(1).saturating_sub(took));
    }
    Ok(())
}

/// The callee.
fn warehouse(second: u32, article: u32) -> Result<u32, Refusal> {
    match (article, second) {
        (_, 4..13) => Err(Refusal::Down),
        (13, _) => Err(Refusal::NoSuchArticle),
        _ => Ok(100 - second),
    }
}

/// What was known before, unless the question itself was wrong.
fn older(error: PolicyError<Refusal>, stock: u32) -> Result<String, PolicyError<Refusal>> {
    if error.cause == Cause::Inner(Refusal::NoSuchArticle) {
        return Err(error);
    }
    let why = match &error.cause {
        Cause::Open(open) => {
            let wait = open.retry_after().unwrap_or_default().as_secs();
            format!("the breaker is open, for {wait} s yet")
        }
        _ => error.to_string(),
    };
    Ok(format!("{stock} in stock a while ago: {why}"))
}
