use super::{Clock, system};
use crate::Nanos;

/// The clock of the tokio runtime, which follows its paused time in tests.
///
/// Shares its origin with [`SystemClock`](crate::SystemClock) and equals it while time is not
/// paused. Outside a runtime it reads the system's clock.
///
/// ```
/// use std::time::Duration;
/// use voussoir_core::{Clock, TokioClock};
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build()?.block_on(async {
/// // In a test with `#[tokio::test(start_paused = true)]`:
/// let before = TokioClock.now();
/// tokio::time::advance(Duration::from_secs(60)).await;
/// assert_eq!(TokioClock.now().saturating_duration_since(before), Duration::from_secs(60));
/// # });
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct TokioClock;

impl Clock for TokioClock {
    #[inline]
    fn now(&self) -> Nanos {
        system::place(tokio::time::Instant::now().into_std())
    }
}
