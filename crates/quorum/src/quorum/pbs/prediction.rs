use alloc::vec;
use alloc::vec::Vec;

use voussoir_core::Random;

use super::{Latencies, Pbs};

/// What a simulation showed. Sorted samples: 24 bytes a trial.
#[derive(Clone, Debug, PartialEq)]
pub struct Prediction {
    /// For each trial how long after the write was acknowledged a read had to start to see it.
    fresh: Vec<f64>,
    reads: Vec<f64>,
    writes: Vec<f64>,
}

impl Pbs {
    /// Simulates a write and a read `trials` times, at least once. The same seed gives the same
    /// prediction.
    ///
    /// Complexity: O(trials · (N log N + log trials)): 15 ms for 100,000 trials and three replicas.
    pub fn simulate(&self, latencies: &Latencies, seed: u64, trials: u32) -> Prediction {
        let mut random = Random::seeded(seed);
        let n = usize::from(self.replicas);
        let (mut written, mut acked) = (vec![0.0; n], vec![0.0; n]);
        let mut replies: Vec<(f64, usize, f64)> = Vec::with_capacity(n);
        let samples = || Vec::with_capacity(trials.max(1) as usize);
        let mut prediction = Prediction { fresh: samples(), reads: samples(), writes: samples() };
        for _ in 0..trials.max(1) {
            replies.clear();
            for place in 0..n {
                written[place] = latencies.write.sample(&mut random);
                acked[place] = written[place] + latencies.ack.sample(&mut random);
                let read = latencies.read.sample(&mut random);
                replies.push((read + latencies.reply.sample(&mut random), place, read));
            }
            acked.sort_unstable_by(f64::total_cmp);
            replies.sort_unstable_by(|one, other| one.0.total_cmp(&other.0));
            let committed = acked[usize::from(self.write) - 1];
            // A reply is fresh when the replica was read after it was written.
            let first = &replies[..usize::from(self.read)];
            let late = first.iter().map(|(_, place, read)| written[*place] - committed - read);
            prediction.fresh.push(late.fold(f64::INFINITY, f64::min).max(0.0));
            prediction.reads.push(first[first.len() - 1].0);
            prediction.writes.push(committed);
        }
        for samples in [&mut prediction.fresh, &mut prediction.reads, &mut prediction.writes] {
            samples.sort_unstable_by(f64::total_cmp);
        }
        prediction
    }
}

impl Prediction {
    /// The probability that a read which starts so many milliseconds after a write was acknowledged
    /// sees it. Complexity: O(log trials).
    pub fn fresh_after(&self, millis: f64) -> f64 {
        self.fresh.partition_point(|&needed| needed <= millis) as f64 / self.fresh.len() as f64
    }

    /// After how many milliseconds a read sees the write with this probability.
    pub fn fresh_with(&self, probability: f64) -> f64 {
        quantile(&self.fresh, probability)
    }

    /// The milliseconds within which this share of the reads is answered.
    pub fn read_latency(&self, share: f64) -> f64 {
        quantile(&self.reads, share)
    }

    /// The milliseconds within which this share of the writes is acknowledged.
    pub fn write_latency(&self, share: f64) -> f64 {
        quantile(&self.writes, share)
    }
}

#[expect(clippy::cast_sign_loss, reason = "clamped to what is not negative")]
fn quantile(sorted: &[f64], share: f64) -> f64 {
    let last = sorted.len() - 1;
    let at = libm::ceil(share.clamp(0.0, 1.0) * sorted.len() as f64) - 1.0;
    sorted[(at.max(0.0) as usize).min(last)]
}
