//! Stopping in two steps: first nothing new is begun and what runs may end, then what still runs is
//! cut. Whoever does work holds a [`Lease`]; when the last one is gone, all work is done.

use std::convert::Infallible;
use std::time::Duration;

use tokio::sync::{mpsc, watch};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    Serving,
    Draining,
    Cut,
}

/// The side that stops.
#[derive(Debug)]
pub(crate) struct Shutdown {
    phase: watch::Sender<Phase>,
    work: mpsc::Sender<Infallible>,
    idle: mpsc::Receiver<Infallible>,
}

/// Leave to work.
#[derive(Clone, Debug)]
pub(crate) struct Lease {
    phase: watch::Receiver<Phase>,
    /// Never sent on; the receiver learns when all of them are gone. Work that need not be waited
    /// for (watchers, pages that never end) holds none.
    _work: Option<mpsc::Sender<Infallible>>,
}

impl Shutdown {
    pub(crate) fn new() -> Self {
        let (work, idle) = mpsc::channel(1);
        Self { phase: watch::Sender::new(Phase::Serving), work, idle }
    }

    /// A lease that shutdown waits for.
    pub(crate) fn lease(&self) -> Lease {
        Lease { phase: self.phase.subscribe(), _work: Some(self.work.clone()) }
    }

    /// A lease that it does not wait for.
    pub(crate) fn watcher(&self) -> Lease {
        Lease { phase: self.phase.subscribe(), _work: None }
    }

    /// Stops: waits for the work to end, at most `patience`, then cuts it. Whether all ended.
    pub(crate) async fn run(self, patience: Duration) -> bool {
        let Self { phase, work, mut idle } = self;
        drop(work);
        phase.send_replace(Phase::Draining);
        let ended = tokio::time::timeout(patience, idle.recv()).await.is_ok();
        phase.send_replace(Phase::Cut);
        if !ended {
            idle.recv().await;
        }
        ended
    }
}

impl Lease {
    /// Waits until nothing new should be begun.
    pub(crate) async fn draining(&mut self) {
        self.reached(Phase::Draining).await;
    }

    /// Waits until work must end at once.
    pub(crate) async fn cut(&mut self) {
        self.reached(Phase::Cut).await;
    }

    /// The same without being waited for.
    pub(crate) fn watcher(&self) -> Self {
        Self { phase: self.phase.clone(), _work: None }
    }

    /// An error says that the side that stops is gone, which is a stop as well.
    async fn reached(&mut self, phase: Phase) {
        let _gone = self.phase.wait_for(|now| *now >= phase).await.is_err();
    }
}

/// Waits until the process is asked to stop: SIGINT everywhere, SIGTERM on Unix.
pub(crate) async fn signal() {
    let interrupt = async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        match signal(SignalKind::terminate()) {
            Ok(mut terminate) => tokio::select! {
                () = interrupt => {}
                _ = terminate.recv() => {}
            },
            Err(_) => interrupt.await,
        }
    }
    #[cfg(not(unix))]
    interrupt.await;
}
