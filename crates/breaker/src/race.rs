use core::future::poll_fn;
use core::pin::pin;
use core::task::Poll;

use voussoir_core::Clock;

use crate::{Deadline, Sleep, TimedOut};

/// Awaits `future` until `deadline`; then drops it. What is ready at the deadline still counts.
///
/// The timer is made only if the future has to be waited for, and a future is not even polled once
/// its deadline has passed.
pub(crate) async fn until<F: Future>(
    deadline: Deadline,
    clock: &impl Clock,
    sleep: &impl Sleep,
    future: F,
) -> Result<F::Output, TimedOut> {
    if !deadline.is_set() {
        return Ok(future.await);
    }
    let left = deadline.check_at(clock.now())?;
    let mut future = pin!(future);
    let at_once = poll_fn(|context| Poll::Ready(future.as_mut().poll(context))).await;
    if let Poll::Ready(output) = at_once {
        return Ok(output);
    }
    let mut timer = pin!(sleep.sleep(left));
    let output = poll_fn(|context| {
        if let Poll::Ready(output) = future.as_mut().poll(context) {
            return Poll::Ready(Some(output));
        }
        timer.as_mut().poll(context).map(|()| None)
    });
    output.await.ok_or_else(|| TimedOut::at(deadline, clock.now()))
}
