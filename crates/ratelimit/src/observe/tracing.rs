use ::tracing::{Level, event};
use voussoir_core::duration;

use super::{Observation, Observer};

/// Decisions as events of `tracing`, with the target `voussoir::ratelimit`.
///
/// What is allowed is at level TRACE, a refusal at DEBUG: a flood of refusals should not become a
/// flood of lines unless one asks for them.
#[derive(Clone, Copy, Debug, Default)]
pub struct TracingObserver;

const TARGET: &str = "voussoir::ratelimit";

impl Observer for TracingObserver {
    fn on_decision(&self, seen: &Observation<'_>) {
        let Observation { limiter, shadow, .. } = *seen;
        let outcome = seen.outcome.name();
        let remaining = seen.decision.map(|decision| decision.remaining());
        if seen.outcome.is_allowed() {
            event!(target: TARGET, Level::TRACE, limiter, outcome, shadow, remaining);
        } else {
            let wait = seen.decision.and_then(|decision| decision.retry_after());
            let retry_after = wait.map(|wait| ::tracing::field::display(duration::text(wait)));
            event!(target: TARGET, Level::DEBUG, limiter, outcome, shadow, remaining, retry_after);
        }
    }
}
