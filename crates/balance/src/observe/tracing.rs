use alloc::borrow::Cow;

use ::tracing::field::display;
use ::tracing::{Level, event};
use voussoir_core::duration;

use crate::{Event, Health, Observer};

/// What changes as events of `tracing`, with the target `voussoir::balance`.
///
/// | event | fields beside `balancer` | level |
/// |---|---|---|
/// | a node turns unhealthy | `node`, `health` | WARN |
/// | a node is ejected | `node`, `ejected_for` | WARN |
/// | so few are well that health is ignored | `panic` | WARN |
/// | a node turns healthy, is back, health counts again | `node`, `health`, `returned`, `panic` | INFO |
///
/// ```
/// use voussoir_balance::{Algorithm, Balancer, Node, observe::TracingObserver};
///
/// let balancer = Balancer::builder(Algorithm::RoundRobin)
///     .node(Node::new("a", "10.0.0.1:80"))
///     .observer(TracingObserver::new("payments"))
///     .build()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct TracingObserver {
    name: Cow<'static, str>,
}

const TARGET: &str = "voussoir::balance";

impl TracingObserver {
    /// An observer of the balancer called `name`.
    pub fn new(name: impl Into<Cow<'static, str>>) -> Self {
        Self { name: name.into() }
    }
}

impl Observer for TracingObserver {
    fn on_event(&self, event: &Event<'_>) {
        let balancer = &*self.name;
        match *event {
            Event::Health { id, now: Health::Unhealthy } => {
                event!(target: TARGET, Level::WARN, balancer, node = id, health = "unhealthy");
            }
            Event::Health { id, now: Health::Healthy } => {
                event!(target: TARGET, Level::INFO, balancer, node = id, health = "healthy");
            }
            Event::Ejected { id, away } => {
                let ejected_for = display(duration::text(away));
                event!(target: TARGET, Level::WARN, balancer, node = id, ejected_for);
            }
            Event::Returned { id } => {
                event!(target: TARGET, Level::INFO, balancer, node = id, returned = true);
            }
            Event::Panic { on: true } => {
                event!(target: TARGET, Level::WARN, balancer, panic = true);
            }
            Event::Panic { on: false } => {
                event!(target: TARGET, Level::INFO, balancer, panic = false);
            }
        }
    }
}
