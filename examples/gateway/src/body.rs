//! Bodies on their way through. They are streams in both directions and never gathered; what is
//! added is knowledge: of a request's body, whose fault a silence is, of a response's body, when it
//! has ended and the upstream is free again.

use std::error::Error;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::Full;
use hyper::body::Incoming;

use crate::flight::Flight;

/// What a body ends with when it breaks.
pub(crate) type BodyError = Box<dyn Error + Send + Sync>;

/// What we answer with.
#[derive(Debug)]
pub(crate) struct ResponseBody(Answer);

#[derive(Debug)]
enum Answer {
    Whole(Full<Bytes>),
    Console(axum::body::Body),
    Upstream { body: Incoming, flight: Option<Flight> },
}

impl ResponseBody {
    /// Bytes that are already here.
    pub(crate) fn whole(bytes: impl Into<Bytes>) -> Self {
        Self(Answer::Whole(Full::new(bytes.into())))
    }

    /// A page of the console.
    pub(crate) fn console(body: axum::body::Body) -> Self {
        Self(Answer::Console(body))
    }

    /// What an upstream sends. The flight lands when the body has ended, and is given up when the
    /// client goes away before.
    pub(crate) fn upstream(body: Incoming, flight: Flight) -> Self {
        if body.is_end_stream() {
            flight.land();
            return Self::whole(Bytes::new());
        }
        Self(Answer::Upstream { body, flight: Some(flight) })
    }
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        match &mut self.get_mut().0 {
            Answer::Whole(body) => Pin::new(body).poll_frame(cx).map_err(|never| match never {}),
            Answer::Console(body) => Pin::new(body).poll_frame(cx).map_err(Into::into),
            Answer::Upstream { body, flight } => {
                let frame = ready!(Pin::new(&mut *body).poll_frame(cx));
                match &frame {
                    Some(Err(_)) => flight.take().map(Flight::crash),
                    // Nobody polls a body again that has said it is at its end.
                    Some(Ok(_)) if body.is_end_stream() => flight.take().map(Flight::land),
                    Some(Ok(_)) => None,
                    None => flight.take().map(Flight::land),
                };
                Poll::Ready(frame.map(|frame| frame.map_err(Into::into)))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Answer::Whole(body) => body.is_end_stream(),
            Answer::Console(body) => body.is_end_stream(),
            Answer::Upstream { body, .. } => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Answer::Whole(body) => body.size_hint(),
            Answer::Console(body) => body.size_hint(),
            Answer::Upstream { body, .. } => body.size_hint(),
        }
    }
}

/// What we ask upstreams with.
#[derive(Debug)]
pub(crate) enum RequestBody {
    /// Nothing.
    Empty,
    /// What the client sends.
    Client { body: Incoming, upload: Arc<Upload> },
}

impl RequestBody {
    pub(crate) fn of_client(body: Incoming) -> Self {
        if body.is_end_stream() {
            return Self::Empty;
        }
        Self::Client { body, upload: Arc::default() }
    }

    /// Where the upload is seen from outside; none when there is nothing to upload.
    pub(crate) fn upload(&self) -> Option<Arc<Upload>> {
        match self {
            Self::Empty => None,
            Self::Client { upload, .. } => Some(Arc::clone(upload)),
        }
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        match self.get_mut() {
            Self::Empty => Poll::Ready(None),
            Self::Client { body, upload } => {
                let frame = Pin::new(body).poll_frame(cx);
                upload.note(&frame);
                frame
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Empty => true,
            Self::Client { body, .. } => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Empty => SizeHint::with_exact(0),
            Self::Client { body, .. } => body.size_hint(),
        }
    }
}

/// How a client's upload goes on. A client that is slow, or sends rubbish, must not make the
/// upstream look ill.
#[derive(Debug, Default)]
pub(crate) struct Upload {
    /// Frames that went by.
    moved: AtomicU64,
    /// One of the states below.
    state: AtomicU8,
}

const FLOWING: u8 = 0;
const WAITING_FOR_CLIENT: u8 = 1;
const BROKEN_BY_CLIENT: u8 = 2;

impl Upload {
    /// How far it is, in no unit; it differs whenever something moved.
    pub(crate) fn moved(&self) -> u64 {
        self.moved.load(Ordering::Relaxed)
    }

    /// Whether the upstream would take more and the client gives none.
    pub(crate) fn waits_for_client(&self) -> bool {
        self.state.load(Ordering::Relaxed) == WAITING_FOR_CLIENT
    }

    /// Whether the client's body ended in an error.
    pub(crate) fn is_broken(&self) -> bool {
        self.state.load(Ordering::Relaxed) == BROKEN_BY_CLIENT
    }

    fn note<T, E>(&self, frame: &Poll<Option<Result<T, E>>>) {
        let state = match frame {
            Poll::Pending => WAITING_FOR_CLIENT,
            Poll::Ready(Some(Err(_))) => BROKEN_BY_CLIENT,
            Poll::Ready(_) => {
                self.moved.fetch_add(1, Ordering::Relaxed);
                FLOWING
            }
        };
        self.state.store(state, Ordering::Relaxed);
    }
}
