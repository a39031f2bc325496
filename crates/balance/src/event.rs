use core::fmt;
use core::time::Duration;

use crate::Health;

/// Something that changed, told to an [`Observer`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event<'a> {
    /// Checks, or calls where [`passive`](crate::HealthPolicy::passive), changed a node's health.
    Health {
        /// The node.
        id: &'a str,
        /// What it is now.
        now: Health,
    },
    /// A node was ejected for what its calls said.
    Ejected {
        /// The node.
        id: &'a str,
        /// For how long.
        away: Duration,
    },
    /// An ejection ended.
    Returned {
        /// The node.
        id: &'a str,
    },
    /// So few nodes are well that health is ignored from now on, or no longer is.
    Panic {
        /// Whether it is ignored now.
        on: bool,
    },
}

impl fmt::Display for Event<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Health { id, now } => write!(f, "`{id}` is {now}"),
            Self::Ejected { id, away } => {
                write!(f, "`{id}` is ejected for {}", voussoir_core::duration::text(*away))
            }
            Self::Returned { id } => write!(f, "`{id}` is back from its ejection"),
            Self::Panic { on: true } => f.write_str("health is ignored: too few nodes are well"),
            Self::Panic { on: false } => f.write_str("health counts again"),
        }
    }
}

/// Is told what changes. Picks are not events: they cost nanoseconds, see
/// [`Balancer::nodes`](crate::Balancer::nodes) for their counts.
///
/// Called by the thread that made the change, after it took effect and with no lock held. Any closure
/// will do, such as one that prints the event's text: `|event: &Event<'_>| eprintln!("{event}")`. Behind
/// the features `tracing` and `metrics` the module `observe` has adapters for either. One that panics
/// harms nobody: the panic ends with the event.
pub trait Observer: Send + Sync {
    /// Something changed.
    fn on_event(&self, event: &Event<'_>);
}

impl<F: Fn(&Event<'_>) + Send + Sync> Observer for F {
    fn on_event(&self, event: &Event<'_>) {
        self(event);
    }
}
