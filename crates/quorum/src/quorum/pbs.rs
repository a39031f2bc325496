//! How stale a read of few replicas is to be expected: probabilistically bounded staleness (Bailis,
//! Venkataraman, Franklin, Hellerstein and Stoica, VLDB 2012).

mod delay;
mod prediction;

pub use delay::{Delay, Latencies};
pub use prediction::Prediction;

use crate::ConfigError;

/// Predicts staleness for plain counts: in closed form as if writes had stopped, and from measured
/// delays by simulation.
///
/// ```
/// use voussoir_quorum::{Latencies, Pbs};
///
/// let pbs = Pbs::new(3, 1, 1)?;
/// assert!((pbs.fresh_within_versions(2) - 5.0 / 9.0).abs() < 1e-12);
/// let disk = pbs.simulate(&Latencies::LINKEDIN_DISK, 7, 10_000);
/// assert!(disk.fresh_after(0.0) < 0.5 && disk.fresh_after(100.0) > 0.999);
/// # Ok::<(), voussoir_quorum::ConfigError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pbs {
    pub(super) replicas: u8,
    pub(super) read: u8,
    pub(super) write: u8,
}

impl Pbs {
    /// `read` of `n` replies for a read, `write` of them for a write.
    ///
    /// # Errors
    ///
    /// When `n` is not 1 to 64 or one of the others not 1 to `n`.
    pub fn new(n: u8, read: u8, write: u8) -> Result<Self, ConfigError> {
        if n == 0 || n > crate::Replicas::MOST {
            return Err(ConfigError::new("replicas", n, "1 to 64"));
        }
        for (option, need) in [("read", read), ("write", write)] {
            if need == 0 || need > n {
                return Err(ConfigError::new(option, need, alloc::format!("1 to {n}")));
            }
        }
        Ok(Self { replicas: n, read, write })
    }

    /// The probability that a read misses the last write, when that reached its `write` replicas and
    /// no other: C(N − W, R) / C(N, R). Complexity: O(R).
    pub fn stale(&self) -> f64 {
        let (n, w) = (f64::from(self.replicas), f64::from(self.write));
        (0..self.read).map(f64::from).map(|i| ((n - w - i) / (n - i)).max(0.0)).product()
    }

    /// The probability that a read returns one of the last `versions` writes.
    pub fn fresh_within_versions(&self, versions: u32) -> f64 {
        1.0 - libm::pow(self.stale(), f64::from(versions))
    }

    /// The probability that a client does not read something older than it has read before, when the
    /// key is written `writes` times for each of the client's reads.
    pub fn monotonic(&self, writes_per_read: f64) -> f64 {
        1.0 - libm::pow(self.stale(), 1.0 + writes_per_read.max(0.0))
    }
}
