use alloc::boxed::Box;
use core::fmt;
use core::pin::Pin;
use core::task::{Context, Poll, ready};

use futures_core::Stream;
use thiserror::Error;

use crate::Denied;

/// The items of a stream, as fast as a limiter lets them through; see
/// [`Limiter::pace`](crate::Limiter::pace).
///
/// One allocation an item. Should the limit be one that lets nothing through at all, the stream ends.
pub struct Paced<'a, S: Stream> {
    stream: Pin<Box<S>>,
    /// The item that waits, and for what.
    item: Option<(S::Item, Ready<'a>)>,
    wait: Box<Wait<'a, S::Item>>,
}

/// The items of a stream, each as soon as the limit of its key lets it through; see
/// [`KeyedLimiter::pace`](crate::KeyedLimiter::pace).
///
/// One allocation an item.
pub struct PacedByKey<'a, S: Stream>(Paced<'a, S>);

/// An item whose key is let through nothing at all, so that no wait would help.
#[derive(Clone, Copy, Debug, Error)]
#[error("{denied}")]
pub struct Refused<T> {
    /// The item.
    pub item: T,
    /// The refusal.
    pub denied: Denied,
}

/// How an item is waited for.
type Wait<'a, T> = dyn Fn(&T) -> Ready<'a> + Send + 'a;

/// An item that has waited, and what came of it.
type Waited<T> = (T, Result<(), Denied>);

pub(crate) type Ready<'a> = Pin<Box<dyn Future<Output = Result<(), Denied>> + Send + 'a>>;

impl<'a, S: Stream> Paced<'a, S> {
    pub(crate) fn new(stream: S, wait: impl Fn(&S::Item) -> Ready<'a> + Send + 'a) -> Self {
        Self { stream: Box::pin(stream), item: None, wait: Box::new(wait) }
    }

    /// The next item once it has waited.
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Waited<S::Item>>> {
        if self.item.is_none() {
            let Some(item) = ready!(self.stream.as_mut().poll_next(context)) else {
                return Poll::Ready(None);
            };
            let wait = (self.wait)(&item);
            self.item = Some((item, wait));
        }
        let Some((_, wait)) = &mut self.item else { return Poll::Ready(None) };
        let passed = ready!(wait.as_mut().poll(context));
        Poll::Ready(self.item.take().map(|(item, _)| (item, passed)))
    }
}

impl<'a, S: Stream> PacedByKey<'a, S> {
    pub(crate) fn new(stream: S, wait: impl Fn(&S::Item) -> Ready<'a> + Send + 'a) -> Self {
        Self(Paced::new(stream, wait))
    }
}

/// Nothing in it is pinned but what is boxed.
impl<S: Stream> Unpin for Paced<'_, S> {}
impl<S: Stream> Unpin for PacedByKey<'_, S> {}

impl<S: Stream> Stream for Paced<'_, S> {
    type Item = S::Item;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<S::Item>> {
        let next = ready!(self.get_mut().poll(context));
        Poll::Ready(next.and_then(|(item, passed)| passed.is_ok().then_some(item)))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let waiting = usize::from(self.item.is_some());
        let (least, most) = self.stream.size_hint();
        (least.saturating_add(waiting), most.and_then(|most| most.checked_add(waiting)))
    }
}

impl<S: Stream> Stream for PacedByKey<'_, S> {
    type Item = Result<S::Item, Refused<S::Item>>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let next = ready!(self.get_mut().0.poll(context));
        Poll::Ready(next.map(|(item, passed)| match passed {
            Ok(()) => Ok(item),
            Err(denied) => Err(Refused { item, denied }),
        }))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

impl<S: Stream> fmt::Debug for Paced<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Paced").field("waits", &self.item.is_some()).finish_non_exhaustive()
    }
}

impl<S: Stream> fmt::Debug for PacedByKey<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PacedByKey").field(&self.0).finish()
    }
}
