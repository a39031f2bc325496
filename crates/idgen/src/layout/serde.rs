//! Layouts in configurations, checked as those in code are.

use core::time::Duration;

use serde::{Deserialize, Serialize};
use voussoir_core::Nanos;

use super::{Layout, LayoutError};

/// A layout as it is written.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    timestamp: u32,
    worker: u32,
    sequence: u32,
    #[serde(with = "voussoir_core::duration", default = "millisecond")]
    step: Duration,
    /// Since 1970.
    #[serde(with = "voussoir_core::duration", default)]
    epoch: Duration,
    #[serde(default)]
    worker_last: bool,
}

fn millisecond() -> Duration {
    Layout::TWITTER.step()
}

impl TryFrom<Written> for Layout {
    type Error = LayoutError;

    fn try_from(written: Written) -> Result<Self, LayoutError> {
        let Written { timestamp, worker, sequence, step, epoch, worker_last } = written;
        let layout = Self::new(timestamp, worker, sequence)?.unit(step)?;
        let layout = layout.epoch(Nanos::from_duration(epoch));
        Ok(if worker_last { layout.worker_last() } else { layout })
    }
}

impl From<Layout> for Written {
    fn from(layout: Layout) -> Self {
        Self {
            timestamp: layout.timestamp_bits.into(),
            worker: layout.worker_bits.into(),
            sequence: layout.sequence_bits.into(),
            step: layout.step(),
            epoch: Duration::from_nanos(layout.epoch),
            worker_last: layout.worker_last,
        }
    }
}
