use alloc::boxed::Box;
use core::fmt;
use core::pin::Pin;
use core::task::{Context, Poll, ready};

use futures_core::Stream;

use crate::Denied;

/// The items of a stream, as fast as a limiter lets them through; see
/// [`Limiter::pace`](crate::Limiter::pace).
///
/// One allocation an item. Should the limit be reconfigured so that nothing passes any more, the
/// stream ends.
pub struct Paced<'a, S: Stream> {
    stream: Pin<Box<S>>,
    /// The item that waits, and for what.
    item: Option<(S::Item, Ready<'a>)>,
    wait: Box<dyn Fn() -> Ready<'a> + Send + 'a>,
}

type Ready<'a> = Pin<Box<dyn Future<Output = Result<(), Denied>> + Send + 'a>>;

impl<'a, S: Stream> Paced<'a, S> {
    pub(super) fn new(stream: S, wait: impl Fn() -> Ready<'a> + Send + 'a) -> Self {
        Self { stream: Box::pin(stream), item: None, wait: Box::new(wait) }
    }
}

/// Nothing in it is pinned but what is boxed.
impl<S: Stream> Unpin for Paced<'_, S> {}

impl<S: Stream> Stream for Paced<'_, S> {
    type Item = S::Item;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<S::Item>> {
        let this = self.get_mut();
        if this.item.is_none() {
            let Some(item) = ready!(this.stream.as_mut().poll_next(context)) else {
                return Poll::Ready(None);
            };
            this.item = Some((item, (this.wait)()));
        }
        let Some((_, wait)) = &mut this.item else { return Poll::Ready(None) };
        let passed = ready!(wait.as_mut().poll(context));
        let item = this.item.take().map(|(item, _)| item);
        Poll::Ready(item.filter(|_| passed.is_ok()))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let waiting = usize::from(self.item.is_some());
        let (least, most) = self.stream.size_hint();
        (least.saturating_add(waiting), most.and_then(|most| most.checked_add(waiting)))
    }
}

impl<S: Stream> fmt::Debug for Paced<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Paced").field("waits", &self.item.is_some()).finish_non_exhaustive()
    }
}
