//! What every request, every probe and every page of the console shares.

use std::sync::Arc;

use http::HeaderValue;
use voussoir::ConfigError;
use voussoir::balance::{Balancer, Health, Node, NodeStatus};
use voussoir::breaker;

use crate::client_key::KeyRule;
use crate::config::Config;
use crate::demo::Demo;
use crate::events::Events;
use crate::limits::LimitFields;
use crate::metrics::{BreakerState, Metrics, UpstreamState};
use crate::request_id::RequestIds;
use crate::shutdown::Lease;
use crate::upstream::{self, ClientLimiter, Upstream};

/// The gateway, but for its sockets.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) config: Config,
    /// What `Host` means to a client that sends none.
    pub(crate) own_host: HeaderValue,
    pub(crate) keys: KeyRule,
    pub(crate) limiter: ClientLimiter,
    pub(crate) limit_fields: LimitFields,
    pub(crate) balancer: Balancer<Arc<Upstream>>,
    pub(crate) upstreams: Vec<Arc<Upstream>>,
    pub(crate) request_ids: RequestIds,
    pub(crate) metrics: Metrics,
    pub(crate) events: Events,
    pub(crate) demo: Option<Demo>,
    pub(crate) lease: Lease,
}

impl State {
    pub(crate) fn new(
        config: Config,
        demo: Option<Demo>,
        lease: Lease,
    ) -> Result<Self, ConfigError> {
        let metrics = Metrics::new();
        let mut upstreams = Vec::with_capacity(config.upstreams.len());
        for one in &config.upstreams {
            let breaker = upstream::breaker(&config.breaker)?;
            let figures = metrics.upstream(&one.id);
            upstreams.push(Arc::new(Upstream::new(one, breaker, config.timeouts.connect, figures)));
        }
        let nodes = upstreams.iter().map(|one| Node::new(one.id(), Arc::clone(one)));
        let own_host = HeaderValue::from_str(&config.listen.to_string())
            .unwrap_or_else(|_| HeaderValue::from_static("localhost"));
        Ok(Self {
            own_host,
            keys: KeyRule::new(&config.client)?,
            limiter: upstream::limiter(&config.limit)?,
            limit_fields: LimitFields::new(&config.limit.name, &config.limit.rate),
            balancer: upstream::balancer(&config, nodes)?,
            upstreams,
            request_ids: RequestIds::default(),
            metrics,
            events: Events::default(),
            demo,
            lease,
            config,
        })
    }

    /// Each upstream with what the balancer says of it, in the order of the configuration.
    pub(crate) fn statuses(&self) -> Vec<(&Arc<Upstream>, NodeStatus)> {
        let mut nodes = self.balancer.nodes();
        self.upstreams
            .iter()
            .filter_map(|upstream| {
                let at = nodes.iter().position(|node| *node.id == *upstream.id())?;
                Some((upstream, nodes.swap_remove(at)))
            })
            .collect()
    }

    /// The text that Prometheus reads.
    pub(crate) fn metrics_text(&self) -> Result<String, std::fmt::Error> {
        let statuses = self.statuses();
        let states = statuses.iter().map(|(upstream, node)| UpstreamState {
            id: upstream.id(),
            in_flight: i64::try_from(node.in_flight).unwrap_or(i64::MAX),
            healthy: node.health == Health::Healthy,
            draining: node.draining,
            breaker: breaker_state(upstream),
        });
        self.metrics.text(self.limiter.len(), states)
    }
}

/// The state of an upstream's breaker.
pub(crate) fn breaker_state(upstream: &Upstream) -> BreakerState {
    match upstream.breaker().state() {
        breaker::State::Closed | breaker::State::RampingUp => BreakerState::Closed,
        breaker::State::HalfOpen => BreakerState::HalfOpen,
        // States to come, of a breaker that lets nothing pass as far as we know.
        _ => BreakerState::Open,
    }
}
