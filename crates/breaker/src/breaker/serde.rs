use core::fmt;
use core::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_core::de::{Error, Unexpected, Visitor};
use voussoir_core::{ConfigError, duration};

use super::window::Kind;
use crate::{CircuitBreaker, CircuitBreakerBuilder, Window};

/// A [`CircuitBreaker`] as a configuration says it. What is left out has its default; the crate's page
/// lists defaults and ranges.
///
/// ```
/// use voussoir_breaker::BreakerConfig;
///
/// let config: BreakerConfig = serde_json::from_str(
///     r#"{
///         "failure_rate": 0.5,
///         "window": "10s",
///         "slow_calls": { "rate": 0.8, "after": "2s" },
///         "open_for": "30s",
///         "open_growth": { "factor": 2.0, "at_most": "5m" }
///     }"#,
/// )?;
/// let breaker = config.builder()?.build()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct BreakerConfig {
    /// See [`CircuitBreakerBuilder::failure_rate`]. At most one of this and the next two.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure_rate: Option<f64>,
    /// See [`CircuitBreakerBuilder::consecutive_failures`]. It is a window of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub consecutive_failures: Option<u32>,
    /// See [`CircuitBreakerBuilder::failures_of`]. It is a window of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failures_of: Option<FailuresOf>,
    /// See [`CircuitBreakerBuilder::window`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub window: Option<Window>,
    /// See [`CircuitBreakerBuilder::slow_calls`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slow_calls: Option<SlowCalls>,
    /// See [`CircuitBreakerBuilder::min_calls`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_calls: Option<u32>,
    /// See [`CircuitBreakerBuilder::open_for`].
    #[serde(with = "crate::optional", skip_serializing_if = "Option::is_none")]
    pub open_for: Option<Duration>,
    /// See [`CircuitBreakerBuilder::open_growth`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub open_growth: Option<OpenGrowth>,
    /// See [`CircuitBreakerBuilder::open_jitter`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub open_jitter: Option<f64>,
    /// See [`CircuitBreakerBuilder::half_open_calls`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub half_open_calls: Option<u32>,
    /// See [`CircuitBreakerBuilder::half_open_successes`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub half_open_successes: Option<u32>,
    /// See [`CircuitBreakerBuilder::half_open_for`].
    #[serde(with = "crate::optional", skip_serializing_if = "Option::is_none")]
    pub half_open_for: Option<Duration>,
    /// See [`CircuitBreakerBuilder::ramp_up`].
    #[serde(with = "crate::optional", skip_serializing_if = "Option::is_none")]
    pub ramp_up: Option<Duration>,
}

/// So many failures of so many calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FailuresOf {
    /// The failures that open.
    pub failures: u32,
    /// The calls that they are of.
    pub calls: u32,
}

/// How many calls may take how long.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SlowCalls {
    /// The share of slow calls that opens.
    pub rate: f64,
    /// A call that takes longer is slow.
    #[serde(with = "voussoir_core::duration")]
    pub after: Duration,
}

/// How the open time grows with each half-open period that fails.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpenGrowth {
    /// By what it is multiplied.
    pub factor: f64,
    /// The longest that it becomes.
    #[serde(with = "voussoir_core::duration")]
    pub at_most: Duration,
}

impl BreakerConfig {
    /// A builder with these options, to add a clock or an observer.
    ///
    /// # Errors
    ///
    /// When there is more than one rule to open by, or a window beside one that is a window itself.
    /// Whether each option is in its range is for [`build`](CircuitBreakerBuilder::build) to say.
    pub fn builder(self) -> Result<CircuitBreakerBuilder, ConfigError> {
        let mut builder = CircuitBreaker::builder();
        match self {
            Self {
                failure_rate, consecutive_failures: None, failures_of: None, window, ..
            } => {
                builder = set(builder, failure_rate, CircuitBreakerBuilder::failure_rate);
                builder = set(builder, window, CircuitBreakerBuilder::window);
            }
            Self {
                failure_rate: None,
                consecutive_failures: Some(failures),
                failures_of: None,
                window: None,
                ..
            } => builder = builder.consecutive_failures(failures),
            Self {
                failure_rate: None,
                consecutive_failures: None,
                failures_of: Some(FailuresOf { failures, calls }),
                window: None,
                ..
            } => builder = builder.failures_of(failures, calls),
            Self { window: Some(window), failure_rate: None, .. } => {
                let allowed = "with `failure_rate` only: `consecutive_failures` and `failures_of` \
                               are windows themselves";
                return Err(ConfigError::new("window", Text(window), allowed));
            }
            Self { consecutive_failures, failures_of, .. } => {
                let (option, given) = match (consecutive_failures, failures_of) {
                    (Some(failures), _) => ("consecutive_failures", failures),
                    (_, of) => ("failures_of", of.map_or(0, |of| of.failures)),
                };
                let allowed =
                    "one of `failure_rate`, `consecutive_failures` and `failures_of`, not two";
                return Err(ConfigError::new(option, given, allowed));
            }
        }
        builder = set(builder, self.slow_calls, |builder, slow| {
            builder.slow_calls(slow.rate, slow.after)
        });
        builder = set(builder, self.min_calls, CircuitBreakerBuilder::min_calls);
        builder = set(builder, self.open_for, CircuitBreakerBuilder::open_for);
        builder = set(builder, self.open_growth, |builder, growth| {
            builder.open_growth(growth.factor, growth.at_most)
        });
        builder = set(builder, self.open_jitter, CircuitBreakerBuilder::open_jitter);
        builder = set(builder, self.half_open_calls, CircuitBreakerBuilder::half_open_calls);
        builder =
            set(builder, self.half_open_successes, CircuitBreakerBuilder::half_open_successes);
        builder = set(builder, self.half_open_for, CircuitBreakerBuilder::half_open_for);
        Ok(set(builder, self.ramp_up, CircuitBreakerBuilder::ramp_up))
    }
}

fn set<T>(
    builder: CircuitBreakerBuilder,
    option: Option<T>,
    set: impl FnOnce(CircuitBreakerBuilder, T) -> CircuitBreakerBuilder,
) -> CircuitBreakerBuilder {
    match option {
        Some(value) => set(builder, value),
        None => builder,
    }
}

/// A window as a person would write it.
struct Text(Window);

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.0 {
            Kind::Count(calls) => calls.fmt(f),
            Kind::Time(time) => duration::text(time).fmt(f),
        }
    }
}

/// A number of calls, or a duration as text.
impl Serialize for Window {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Kind::Count(calls) => serializer.serialize_u32(calls),
            Kind::Time(_) => serializer.collect_str(&Text(*self)),
        }
    }
}

impl<'de> Deserialize<'de> for Window {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct CallsOrTime;

        impl Visitor<'_> for CallsOrTime {
            type Value = Window;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number of calls, or a time such as \"10s\"")
            }

            fn visit_u64<E: Error>(self, calls: u64) -> Result<Window, E> {
                // What is too many is refused by the builder, with what is allowed.
                Ok(Window::count(u32::try_from(calls).unwrap_or(u32::MAX)))
            }

            fn visit_i64<E: Error>(self, calls: i64) -> Result<Window, E> {
                match u64::try_from(calls) {
                    Ok(calls) => self.visit_u64(calls),
                    Err(_) => Err(E::invalid_value(Unexpected::Signed(calls), &self)),
                }
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Window, E> {
                duration::parse(text).map(Window::time).map_err(E::custom)
            }
        }

        deserializer.deserialize_any(CallsOrTime)
    }
}
