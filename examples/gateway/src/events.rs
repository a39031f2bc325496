//! What the dashboard draws: a sample of all figures twice a second, the last two minutes of them
//! for whoever opens the page now.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::response::sse::Event;
use futures_util::stream::{self, Stream, StreamExt};
use parking_lot::Mutex;
use tokio::sync::broadcast;
use tokio::time::{MissedTickBehavior, interval};
use tokio_stream::wrappers::BroadcastStream;

use crate::sample::Sampler;
use crate::shutdown::Lease;
use crate::state::State;

/// How often a sample is taken.
const EVERY: Duration = Duration::from_millis(500);

/// How many samples are kept: two minutes.
const KEPT: usize = 240;

/// A watcher that is this far behind misses samples.
const BEHIND: usize = 16;

/// Samples as JSON.
#[derive(Debug)]
pub(crate) struct Events {
    past: Mutex<VecDeque<Arc<str>>>,
    live: broadcast::Sender<Arc<str>>,
}

impl Default for Events {
    fn default() -> Self {
        Self { past: Mutex::default(), live: broadcast::Sender::new(BEHIND) }
    }
}

impl Events {
    /// One `history` event with what was, then a `sample` event for each sample, until the gateway
    /// drains.
    pub(crate) fn stream(
        &self,
        mut lease: Lease,
    ) -> impl Stream<Item = Result<Event, Infallible>> + use<> {
        // Held over both, so that no sample falls between past and live.
        let past = self.past.lock();
        let live = self.live.subscribe();
        let history = format!("[{}]", past.iter().map(AsRef::as_ref).collect::<Vec<_>>().join(","));
        drop(past);
        let history = stream::iter([Ok(Event::default().event("history").data(history))]);
        let live = BroadcastStream::new(live).filter_map(async |sample| {
            let sample = sample.ok()?;
            Some(Ok(Event::default().event("sample").data(&*sample)))
        });
        history.chain(live).take_until(Box::pin(async move { lease.draining().await }))
    }

    fn publish(&self, sample: &Arc<str>) {
        let mut past = self.past.lock();
        if past.len() == KEPT {
            past.pop_front();
        }
        past.push_back(Arc::clone(sample));
        // Nobody watching is no error.
        let _watchers = self.live.send(Arc::clone(sample)).unwrap_or(0);
    }
}

/// Begins to take samples.
pub(crate) fn watch(state: &Arc<State>) {
    let (state, mut lease) = (Arc::clone(state), state.lease.watcher());
    tokio::spawn(async move {
        let mut sampler = Sampler::new(&state);
        let mut ticks = interval(EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = ticks.tick() => {}
                () = lease.draining() => return,
            }
            match serde_json::to_string(&sampler.take(&state)) {
                Ok(sample) => state.events.publish(&sample.into()),
                Err(error) => tracing::warn!(%error, "a sample has no JSON"),
            }
        }
    });
}
