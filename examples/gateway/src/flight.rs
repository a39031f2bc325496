//! A request that an upstream has begun to answer. It holds its place in the upstream's count until
//! the last byte has passed, so that least-connections sees long downloads; the verdict on the
//! upstream's health was given with the head of the response, and is only taken back when the body
//! breaks.

use std::sync::Arc;

use voussoir::balance::Pick;

use crate::connection::Connection;
use crate::upstream::Upstream;

/// One answer under way. Dropped, it was given up by the client, which says nothing about the
/// upstream; its connection is closed, since the rest of the answer is still on it.
#[derive(Debug)]
pub(crate) struct Flight {
    pick: Pick<Arc<Upstream>>,
    connection: Connection,
}

impl Flight {
    pub(crate) fn new(pick: Pick<Arc<Upstream>>, connection: Connection) -> Self {
        Self { pick, connection }
    }

    /// The body has ended as it should.
    pub(crate) fn land(self) {
        self.connection.release();
        self.pick.ignore();
    }

    /// The body broke.
    pub(crate) fn crash(self) {
        let upstream = Arc::clone(self.pick.value());
        tracing::debug!(upstream = upstream.id(), "a response broke off");
        upstream.figures().failed();
        if let Ok(permit) = upstream.breaker().try_acquire() {
            permit.failure();
        }
        self.pick.failure();
    }
}
