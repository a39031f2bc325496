use voussoir_core::Random;

/// A distribution of one-way delays, in milliseconds: a Pareto body with an exponential tail, which is
/// what production traces were fitted by.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Delay {
    /// The share of the Pareto part, 0 to 1.
    pub pareto_share: f64,
    /// Its least value.
    pub pareto_scale: f64,
    /// The shape of the Pareto part; the smaller, the heavier the tail.
    pub alpha: f64,
    /// The rate of the exponential part, per millisecond.
    pub exponential_rate: f64,
}

/// The delays of the four ways of a message: a write to a replica and its acknowledgement, a read to a
/// replica and its reply.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Latencies {
    /// Coordinator to replica, until the write is stored.
    pub write: Delay,
    /// Replica to coordinator.
    pub ack: Delay,
    /// Coordinator to replica, until the value is read.
    pub read: Delay,
    /// Replica to coordinator.
    pub reply: Delay,
}

impl Delay {
    const SSD: Self = Self::mixed(0.9122, 0.235, 10.0, 1.66);

    /// A mixture of a Pareto and an exponential distribution.
    pub const fn mixed(
        pareto_share: f64,
        pareto_scale: f64,
        alpha: f64,
        exponential_rate: f64,
    ) -> Self {
        Self { pareto_share, pareto_scale, alpha, exponential_rate }
    }

    /// Exponential with this mean.
    pub const fn exponential(mean: f64) -> Self {
        Self::mixed(0.0, 1.0, 1.0, 1.0 / mean)
    }

    /// One delay.
    pub(super) fn sample(&self, random: &mut Random) -> f64 {
        // In (0, 1]: neither a logarithm of zero nor a division by it.
        let uniform = 1.0 - random.fraction();
        if random.fraction() < self.pareto_share {
            self.pareto_scale * libm::pow(uniform, -1.0 / self.alpha)
        } else {
            -libm::log(uniform) / self.exponential_rate
        }
    }
}

/// The fits of the paper (its table 3).
impl Latencies {
    /// `LinkedIn`, solid-state disks.
    pub const LINKEDIN_SSD: Self =
        Self { write: Delay::SSD, ack: Delay::SSD, read: Delay::SSD, reply: Delay::SSD };

    /// `LinkedIn`, spinning disks.
    pub const LINKEDIN_DISK: Self =
        Self { write: Delay::mixed(0.38, 1.05, 1.51, 0.183), ..Self::LINKEDIN_SSD };

    /// Yammer.
    pub const YAMMER: Self = {
        let reply = Delay::mixed(0.982, 1.5, 3.8, 0.0217);
        Self { write: Delay::mixed(0.939, 3.0, 3.35, 0.0028), ack: reply, read: reply, reply }
    };
}
