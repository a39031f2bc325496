use alloc::boxed::Box;
use alloc::sync::Arc;
use core::fmt;
use core::future::Future;
use core::pin::Pin;

/// A load that goes on when its callers leave.
pub type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Where loads run that outlive their callers: refreshes, and detached loads. A cheap clone.
///
/// The cache spawns nothing by itself. Give it a closure that does; feature `tokio` has one ready.
/// The closure is called outside every lock, and may drop the task: those that wait are told.
///
/// ```
/// use std::sync::mpsc;
/// use voussoir_cache::flight::{Executor, Task};
///
/// let (queue, tasks) = mpsc::channel::<Task>();
/// let executor = Executor::new(move |task| drop(queue.send(task)));
/// executor.spawn(async { println!("run by whoever takes it from the queue") });
/// assert!(tasks.try_recv().is_ok());
/// ```
#[derive(Clone)]
pub struct Executor {
    spawn: Arc<dyn Fn(Task) + Send + Sync>,
}

impl Executor {
    /// An executor that hands tasks to `spawn`.
    pub fn new(spawn: impl Fn(Task) + Send + Sync + 'static) -> Self {
        Self { spawn: Arc::new(spawn) }
    }

    /// The runtime of tokio in which it is called. Without one, tasks are dropped.
    #[cfg(feature = "tokio")]
    pub fn tokio() -> Self {
        Self::new(|task| {
            if let Ok(runtime) = tokio::runtime::Handle::try_current() {
                runtime.spawn(task);
            }
        })
    }

    /// Hands `task` over.
    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        (self.spawn)(Box::pin(task));
    }
}

impl fmt::Debug for Executor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Executor").finish_non_exhaustive()
    }
}
