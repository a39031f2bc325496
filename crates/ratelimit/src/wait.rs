mod line;
mod paced;

use core::time::Duration;

use thiserror::Error;
use tokio::sync::Mutex;
use tokio::time;
use voussoir_core::duration;

use crate::{Denied, Reservation};
pub(crate) use line::Jitter;
pub use line::Line;
pub use paced::{Paced, PacedByKey, Refused};

/// A request was not ready within the time it had.
#[derive(Clone, Copy, Debug, Error)]
#[non_exhaustive]
pub enum NotReady {
    /// It costs more than the limit ever lets through at once.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// Its time would come later, or those before it in line were not served in time.
    #[error("not ready within {}", duration::text(*at_most))]
    TooLate {
        /// The time it had.
        at_most: Duration,
    },
}

/// What is waited for: a limiter, or a key of one.
pub(crate) trait Awaited {
    type State: Clone + PartialEq;

    /// As a check of cost `n`, with what it takes to undo it.
    fn take(&self, n: u32) -> Result<Reservation<Self::State>, Denied>;

    fn give_back(&self, taken: Reservation<Self::State>);
}

/// Waits for `turn`, in which who came first is first, and then until `n` pass.
pub(crate) async fn until_ready<A: Awaited>(
    awaited: A,
    turn: &Mutex<()>,
    jitter: &Jitter,
    n: u32,
) -> Result<(), Denied> {
    let turn = turn.lock().await;
    loop {
        match awaited.take(n) {
            Ok(taken) => {
                drop(turn);
                Held::new(awaited, taken, jitter).until_turn().await;
                return Ok(());
            }
            Err(denied) => match denied.decision().retry_after() {
                Some(wait) => time::sleep(wait).await,
                None => return Err(denied),
            },
        }
    }
}

/// As [`until_ready`], for `at_most` so long.
pub(crate) async fn until_ready_within<A: Awaited>(
    awaited: A,
    turn: &Mutex<()>,
    jitter: &Jitter,
    n: u32,
    at_most: Duration,
) -> Result<(), NotReady> {
    let start = time::Instant::now();
    let too_late = NotReady::TooLate { at_most };
    let turn = time::timeout(at_most, turn.lock()).await.map_err(|_| too_late)?;
    loop {
        let left = at_most.saturating_sub(start.elapsed());
        match awaited.take(n) {
            Ok(taken) => {
                let held = Held::new(awaited, taken, jitter);
                if held.delay > left {
                    return Err(too_late);
                }
                drop(turn);
                held.until_turn().await;
                return Ok(());
            }
            Err(denied) => match denied.decision().retry_after() {
                Some(wait) if wait > left => return Err(too_late),
                Some(wait) => time::sleep(wait).await,
                None => return Err(denied.into()),
            },
        }
    }
}

/// A request that was let in and is held until its turn; given up before, it is given back.
struct Held<A: Awaited> {
    awaited: A,
    taken: Option<Reservation<A::State>>,
    delay: Duration,
}

impl<A: Awaited> Held<A> {
    fn new(awaited: A, taken: Reservation<A::State>, jitter: &Jitter) -> Self {
        let delay = taken.delay().saturating_add(jitter.delay());
        Self { awaited, taken: Some(taken), delay }
    }

    async fn until_turn(mut self) {
        if !self.delay.is_zero() {
            time::sleep(self.delay).await;
        }
        self.taken = None;
    }
}

impl<A: Awaited> Drop for Held<A> {
    fn drop(&mut self) {
        if let Some(taken) = self.taken.take() {
            self.awaited.give_back(taken);
        }
    }
}
