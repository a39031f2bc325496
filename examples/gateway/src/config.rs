//! What can be configured, with its defaults: the shape of `gateway.toml`.
//!
//! Values are refused where they are read, so that the error knows the line; what only shows in
//! the whole (two upstreams of one name, a breaker that asks for more calls than its window holds)
//! is found by building the parts once.

mod value;

use std::collections::HashSet;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use http::HeaderName;
use http::uri::Authority;
use serde::Deserialize;
use voussoir::balance::{Algorithm, Node};
use voussoir::duration;
use voussoir::ratelimit::TokenBucket;
use voussoir::ratelimit::client_key::Network;

use crate::config_error::{ConfigFileError, Step, Trouble};
use crate::upstream;

/// Everything the gateway is told.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Where to listen.
    pub listen: SocketAddr,
    /// Who a request is counted for.
    pub client: Client,
    /// How much each client may ask for.
    pub limit: ClientLimit,
    /// Which upstream answers.
    pub balance: Balance,
    /// When an upstream is left alone for a while.
    pub breaker: Breaker,
    /// How upstreams are watched.
    pub health: Health,
    /// How long anything may take.
    pub timeouts: Timeouts,
    /// Who may open the console under `/_gateway/`.
    pub console: Console,
    /// Who does the work.
    #[serde(rename = "upstream")]
    pub upstreams: Vec<Upstream>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            client: Client::default(),
            limit: ClientLimit::default(),
            balance: Balance::default(),
            breaker: Breaker::default(),
            health: Health::default(),
            timeouts: Timeouts::default(),
            console: Console::default(),
            upstreams: Vec::new(),
        }
    }
}

/// `[client]`: who a request is counted for.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Client {
    /// The header that names the client; its address when absent.
    #[serde(deserialize_with = "value::header_name")]
    pub header: Option<HeaderName>,
    /// Peers whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<Network>,
    /// How many leading bits of an IPv6 address make one client.
    #[serde(deserialize_with = "value::ipv6_prefix")]
    pub ipv6_prefix: u8,
}

impl Default for Client {
    fn default() -> Self {
        Self { header: None, trusted_proxies: Vec::new(), ipv6_prefix: 56 }
    }
}

/// `[limit]`: how much each client may ask for.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ClientLimit {
    /// The policy's name in the `RateLimit` fields.
    #[serde(deserialize_with = "value::policy_name")]
    pub name: String,
    /// The limit, as `"10/s burst 50"`.
    #[serde(deserialize_with = "value::token_bucket")]
    pub rate: TokenBucket,
    /// How many clients are remembered at once.
    pub max_keys: usize,
}

impl Default for ClientLimit {
    fn default() -> Self {
        let rate = TokenBucket::per_second(10).burst(50);
        Self { name: "default".to_owned(), rate, max_keys: 100_000 }
    }
}

/// `[balance]`: which upstream answers.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Balance {
    /// Any of the balancer's, such as `"least-connections"` or `"peak-ewma"`.
    #[serde(deserialize_with = "value::algorithm")]
    pub algorithm: Algorithm,
    /// How many further upstreams are asked when a connection cannot be made.
    pub retries: u32,
}

impl Default for Balance {
    fn default() -> Self {
        Self { algorithm: Algorithm::LeastConnections, retries: 1 }
    }
}

/// `[breaker]`: when an upstream is left alone for a while.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Breaker {
    /// The share of failed calls that opens it, above 0 and at most 1.
    pub failure_rate: f64,
    /// How many of the last calls are looked at.
    pub window: u32,
    /// How many calls there must be before it judges.
    pub min_calls: u32,
    /// How long it stays open.
    #[serde(with = "duration")]
    pub open_for: Duration,
    /// How many calls try the upstream before it closes again.
    pub half_open_calls: u32,
}

impl Default for Breaker {
    fn default() -> Self {
        Self {
            failure_rate: 0.5,
            window: 20,
            min_calls: 10,
            open_for: Duration::from_secs(5),
            half_open_calls: 3,
        }
    }
}

/// `[health]`: how upstreams are watched.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Health {
    /// What is asked for.
    #[serde(deserialize_with = "value::path")]
    pub path: String,
    /// How often.
    #[serde(deserialize_with = "value::positive")]
    pub interval: Duration,
    /// How long an answer may take.
    #[serde(deserialize_with = "value::positive")]
    pub timeout: Duration,
    /// How many failures in a row, of probes and calls, make an upstream unhealthy.
    pub unhealthy_after: u32,
    /// How many successes in a row make it healthy again.
    pub healthy_after: u32,
}

impl Default for Health {
    fn default() -> Self {
        Self {
            path: "/healthz".to_owned(),
            interval: Duration::from_secs(1),
            timeout: Duration::from_secs(1),
            unhealthy_after: 3,
            healthy_after: 2,
        }
    }
}

/// `[timeouts]`: how long anything may take.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Timeouts {
    /// To connect to an upstream.
    #[serde(deserialize_with = "value::positive")]
    pub connect: Duration,
    /// From the last byte of the request to the head of the response.
    #[serde(deserialize_with = "value::positive")]
    pub response: Duration,
    /// For a client to send the head of a request, counted from the end of the one before.
    #[serde(deserialize_with = "value::positive")]
    pub request_head: Duration,
    /// For running requests to end once the gateway is told to stop.
    #[serde(with = "duration")]
    pub shutdown: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(1),
            response: Duration::from_secs(30),
            request_head: Duration::from_mins(1),
            shutdown: Duration::from_secs(10),
        }
    }
}

/// `[console]`: who may open `/_gateway/`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Console {
    /// Networks of clients; this machine alone by default.
    pub allow: Vec<Network>,
}

impl Default for Console {
    fn default() -> Self {
        let allow = ["127.0.0.0/8", "::1/128"];
        Self {
            allow: allow.map(|net| net.parse().expect("loopback networks are well formed")).into(),
        }
    }
}

/// `[[upstream]]`: one server behind the gateway.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Upstream {
    /// Its name in the dashboard, the metrics and the admin API.
    #[serde(deserialize_with = "value::id")]
    pub id: String,
    /// `http://host:port`.
    #[serde(rename = "url", deserialize_with = "value::authority")]
    pub authority: Authority,
}

impl Config {
    /// Reads and checks a file.
    ///
    /// # Errors
    ///
    /// The file cannot be read, or something in it is refused: line, column, key, what is allowed.
    pub fn load(path: &Path) -> Result<Self, ConfigFileError> {
        let source = std::fs::read_to_string(path)
            .map_err(|cause| ConfigFileError::Unreadable { path: path.to_owned(), cause })?;
        Self::parse(&path.display().to_string(), &source)
    }

    /// Reads and checks the text of a file whose name is only used in errors.
    ///
    /// # Errors
    ///
    /// Something is refused: line, column, key, what is allowed.
    pub fn parse(file: &str, source: &str) -> Result<Self, ConfigFileError> {
        let config: Self = toml::from_str(source)
            .map_err(|error| ConfigFileError::syntax(file, source, &error))?;
        config.check().map_err(|trouble| ConfigFileError::semantic(file, source, &trouble))?;
        Ok(config)
    }

    /// What no single value shows.
    fn check(&self) -> Result<(), Trouble> {
        if self.upstreams.is_empty() {
            return Err(Trouble::new([], "there is no `[[upstream]]`; allowed: one or more"));
        }
        let mut ids = HashSet::new();
        for (index, upstream) in self.upstreams.iter().enumerate() {
            if !ids.insert(&upstream.id) {
                let at = [Step::Key("upstream"), Step::Index(index), Step::Key("id")];
                let said =
                    format!("`{}` is taken; allowed: an id no other upstream has", upstream.id);
                return Err(Trouble::new(at, said));
            }
        }
        upstream::limiter(&self.limit).map_err(|error| Trouble::option("limit", &error))?;
        upstream::breaker(&self.breaker).map_err(|error| Trouble::option("breaker", &error))?;
        let nodes = self.upstreams.iter().map(|upstream| Node::new(upstream.id.as_str(), ()));
        upstream::balancer(self, nodes).map_err(|error| Trouble::option("health", &error))?;
        Ok(())
    }
}
