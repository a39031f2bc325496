use alloc::borrow::Cow;
use core::time::Duration;

use ::tracing::field::{DisplayValue, display};
use ::tracing::{Level, event};
use voussoir_core::duration::{self, Text};

use crate::{BreakerObserver, Open, RetryObserver, Retrying, State, Stats, Stop, Transition};
#[cfg(feature = "std")]
use crate::{BulkheadError, BulkheadObserver};

/// What happens as events of `tracing`, with the target `voussoir::breaker`.
///
/// | event | level |
/// |---|---|
/// | a breaker opens, or would | WARN |
/// | a breaker changes to another state; a limit moves | INFO, DEBUG |
/// | a call or work is refused; an attempt is retried, or was the last | DEBUG |
/// | a retried call succeeds | TRACE |
///
/// A flood of refusals should not become a flood of lines unless one asks for them.
///
/// ```
/// use std::sync::Arc;
/// use voussoir_breaker::{CircuitBreaker, observe::TracingObserver};
///
/// let observer = Arc::new(TracingObserver::new("payments"));
/// let breaker = CircuitBreaker::builder().observer(observer).build()?;
/// # Ok::<(), voussoir_core::ConfigError>(())
/// ```
#[derive(Clone, Debug)]
pub struct TracingObserver {
    name: Cow<'static, str>,
}

const TARGET: &str = "voussoir::breaker";

impl TracingObserver {
    /// An observer of what is called `name`.
    pub fn new(name: impl Into<Cow<'static, str>>) -> Self {
        Self { name: name.into() }
    }
}

impl BreakerObserver for TracingObserver {
    fn changed(&self, transition: &Transition) {
        let (from, to) = (transition.from.name(), transition.to.name());
        let (breaker, generation) = (&*self.name, transition.generation);
        if transition.to == State::Open {
            event!(target: TARGET, Level::WARN, breaker, from, to, generation);
        } else {
            event!(target: TARGET, Level::INFO, breaker, from, to, generation);
        }
    }

    fn refused(&self, open: &Open) {
        let retry_after = open.retry_after().map(text);
        event!(target: TARGET, Level::DEBUG, breaker = &*self.name, refused = "open", retry_after);
    }

    fn would_open(&self, stats: &Stats) {
        let Stats { calls, failures, slow, .. } = *stats;
        let breaker = &*self.name;
        event!(target: TARGET, Level::WARN, breaker, would_open = true, calls, failures, slow);
    }
}

#[cfg(feature = "std")]
impl BulkheadObserver for TracingObserver {
    fn refused(&self, error: &BulkheadError) {
        event!(target: TARGET, Level::DEBUG, bulkhead = &*self.name, refused = error.name());
    }

    fn limit_changed(&self, limit: u32) {
        event!(target: TARGET, Level::DEBUG, bulkhead = &*self.name, limit);
    }
}

impl RetryObserver for TracingObserver {
    fn retrying(&self, event: Retrying) {
        let (retry, attempt) = (&*self.name, event.attempt);
        let (verdict, delay) = (event.verdict.name(), text(event.delay));
        event!(target: TARGET, Level::DEBUG, retry, attempt, verdict, delay);
    }

    fn stopped(&self, attempts: u32, stop: Stop) {
        let (retry, stop) = (&*self.name, stop.name());
        event!(target: TARGET, Level::DEBUG, retry, attempts, stop);
    }

    fn succeeded(&self, attempts: u32) {
        // What succeeds at once is no news.
        if attempts > 1 {
            event!(target: TARGET, Level::TRACE, retry = &*self.name, attempts);
        }
    }
}

fn text(duration: Duration) -> DisplayValue<Text> {
    display(duration::text(duration))
}
