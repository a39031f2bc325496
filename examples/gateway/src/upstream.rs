//! An upstream and what stands around it; and how the primitives of voussoir are built from the
//! configuration.

use std::sync::Arc;
use std::time::Duration;

use http::uri::Authority;
use voussoir::ConfigError;
use voussoir::balance::{Balancer, Event, HealthPolicy, Node};
use voussoir::breaker::{CircuitBreaker, Window};
use voussoir::ratelimit::KeyedLimiter;

use crate::client_key::ClientKey;
use crate::config;
use crate::connection::Pool;
use crate::metrics::UpstreamFigures;

/// One server behind the gateway.
#[derive(Debug)]
pub(crate) struct Upstream {
    id: String,
    authority: Authority,
    breaker: CircuitBreaker,
    pool: Arc<Pool>,
    figures: UpstreamFigures,
}

impl Upstream {
    pub(crate) fn new(
        config: &config::Upstream,
        breaker: CircuitBreaker,
        connect_timeout: Duration,
        figures: UpstreamFigures,
    ) -> Self {
        Self {
            id: config.id.clone(),
            authority: config.authority.clone(),
            breaker,
            pool: Arc::new(Pool::new(&config.authority, connect_timeout)),
            figures,
        }
    }

    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    pub(crate) fn authority(&self) -> &Authority {
        &self.authority
    }

    pub(crate) fn breaker(&self) -> &CircuitBreaker {
        &self.breaker
    }

    pub(crate) fn pool(&self) -> &Arc<Pool> {
        &self.pool
    }

    pub(crate) fn figures(&self) -> &UpstreamFigures {
        &self.figures
    }
}

/// The limiter of all clients.
pub(crate) type ClientLimiter = KeyedLimiter<ClientKey>;

/// The limiter of a configuration.
pub(crate) fn limiter(config: &config::ClientLimit) -> Result<ClientLimiter, ConfigError> {
    KeyedLimiter::builder(config.rate).max_keys(config.max_keys).build()
}

/// The breaker of one upstream.
pub(crate) fn breaker(config: &config::Breaker) -> Result<CircuitBreaker, ConfigError> {
    CircuitBreaker::builder()
        .failure_rate(config.failure_rate)
        .window(Window::count(config.window))
        .min_calls(config.min_calls)
        .open_for(config.open_for)
        .half_open_calls(config.half_open_calls)
        .build()
}

/// The balancer over `nodes`.
pub(crate) fn balancer<T>(
    config: &config::Config,
    nodes: impl IntoIterator<Item = Node<T>>,
) -> Result<Balancer<T>, ConfigError> {
    let health = HealthPolicy {
        unhealthy_after: config.health.unhealthy_after,
        healthy_after: config.health.healthy_after,
        // Calls count as checks do; the checks bring a node back.
        passive: true,
        ..HealthPolicy::default()
    };
    Balancer::builder(config.balance.algorithm)
        .health(health)
        .observer(|event: &Event<'_>| tracing::info!(%event, "standing changed"))
        .nodes(nodes)
        .build()
}
