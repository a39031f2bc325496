use alloc::collections::BTreeMap;
use alloc::string::String;
use core::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{AdaptiveLimit, Aimd, Bulkhead, BulkheadBuilder, Gradient, Vegas};

/// A [`Bulkhead`] as a configuration says it. What is left out has its default.
///
/// ```
/// use voussoir_breaker::BulkheadConfig;
///
/// let config: BulkheadConfig = serde_json::from_str(
///     r#"{
///         "limit": 20,
///         "queue": 100,
///         "max_wait": "250ms",
///         "partitions": { "reports": 0.25 }
///     }"#,
/// )?;
/// let pool = config.builder().build()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct BulkheadConfig {
    /// See [`Bulkhead::builder`].
    pub limit: u32,
    /// See [`BulkheadBuilder::queue`].
    #[serde(default)]
    pub queue: u32,
    /// See [`BulkheadBuilder::max_wait`].
    #[serde(default, with = "crate::optional", skip_serializing_if = "Option::is_none")]
    pub max_wait: Option<Duration>,
    /// See [`BulkheadBuilder::newest_first`].
    #[serde(default)]
    pub newest_first: bool,
    /// See [`BulkheadBuilder::partition`].
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub partitions: BTreeMap<String, f64>,
    /// See [`BulkheadBuilder::lend_idle`].
    #[serde(default)]
    pub lend_idle: bool,
    /// See [`BulkheadBuilder::adaptive`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adaptive: Option<AdaptiveConfig>,
}

/// An [`AdaptiveLimit`] as a configuration says it: `{ "algorithm": "gradient", "least": 10 }`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct AdaptiveConfig {
    /// How it learns.
    pub algorithm: AdaptiveAlgorithm,
    /// The least that the limit becomes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub least: Option<u32>,
    /// The most that the limit becomes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub most: Option<u32>,
}

/// The name of an algorithm of [`AdaptiveLimit`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum AdaptiveAlgorithm {
    /// [`Aimd`].
    Aimd,
    /// [`Vegas`].
    Vegas,
    /// [`Gradient`].
    Gradient,
}

impl BulkheadConfig {
    /// The defaults, with this limit.
    pub const fn new(limit: u32) -> Self {
        Self {
            limit,
            queue: 0,
            max_wait: None,
            newest_first: false,
            partitions: BTreeMap::new(),
            lend_idle: false,
            adaptive: None,
        }
    }

    /// A builder with these options, to add a clock or an observer.
    pub fn builder(&self) -> BulkheadBuilder {
        let mut builder = Bulkhead::builder(self.limit).queue(self.queue);
        if let Some(max_wait) = self.max_wait {
            builder = builder.max_wait(max_wait);
        }
        if self.newest_first {
            builder = builder.newest_first();
        }
        for (name, &share) in &self.partitions {
            builder = builder.partition(name.as_str(), share);
        }
        if self.lend_idle {
            builder = builder.lend_idle();
        }
        match self.adaptive {
            Some(adaptive) => builder.adaptive(adaptive.limit()),
            None => builder,
        }
    }
}

impl AdaptiveConfig {
    /// The limit that this describes.
    pub fn limit(self) -> AdaptiveLimit {
        let between = |(least, most)| (self.least.unwrap_or(least), self.most.unwrap_or(most));
        match self.algorithm {
            AdaptiveAlgorithm::Aimd => {
                let (least, most) = between(Aimd::new().range());
                Aimd::new().between(least, most).into()
            }
            AdaptiveAlgorithm::Vegas => {
                let (least, most) = between(Vegas::new().range());
                Vegas::new().between(least, most).into()
            }
            AdaptiveAlgorithm::Gradient => {
                let (least, most) = between(Gradient::new().range());
                Gradient::new().between(least, most).into()
            }
        }
    }
}
