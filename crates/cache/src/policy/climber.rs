//! How small caches find their window: a step, and a step back if it did not pay.

/// A step is this share of the capacity at first.
const STEP: f64 = 0.0625;
/// Steps shrink by this when the hit ratio is steady.
const DECAY: f64 = 0.98;
/// A change of the hit ratio by more than this starts with full steps again.
const RESTART: f64 = 0.05;

/// The hill climber of Einziger, Eytan, Friedman and Manes, "Adaptive software cache management"
/// (Middleware 2018), with the constants of its authors' library.
#[derive(Debug)]
pub(super) struct Climber {
    hits: u64,
    requests: u64,
    /// Requests between steps.
    sample: u64,
    before: f64,
    /// The next step as a share of the capacity, with its direction.
    step: f64,
    share: f64,
}

impl Climber {
    /// Starts at a tenth, where fewer traces lose than at the paper's hundredth.
    pub(super) fn new(sample: u64) -> Self {
        Self { hits: 0, requests: 0, sample, before: 0.0, step: STEP, share: 0.1 }
    }

    /// The window, of a cache of this capacity.
    #[expect(clippy::cast_sign_loss, reason = "the share is between 0 and 1")]
    pub(super) fn window(&self, capacity: u64) -> u64 {
        (capacity as f64 * self.share) as u64
    }

    /// The window in percent, for a snapshot: 1 or more.
    #[expect(clippy::cast_sign_loss, reason = "the share is between 0 and 1")]
    pub(super) fn percent(&self) -> u32 {
        // A hair more, for what was 0.29 must not become 28.
        ((self.share * 100.0 + 1e-9) as u32).max(1)
    }

    /// Goes on from this window.
    pub(super) fn start_from(&mut self, percent: u32) {
        self.share = (f64::from(percent) / 100.0).min(0.99);
    }

    /// Notes a request. Whether the window is to change.
    #[inline]
    pub(super) fn note(&mut self, hit: bool) -> bool {
        self.hits += u64::from(hit);
        self.requests += 1;
        let due = self.requests >= self.sample;
        if due {
            self.climb();
        }
        due
    }

    #[cold]
    fn climb(&mut self) {
        let ratio = self.hits as f64 / self.requests as f64;
        let change = ratio - self.before;
        let step = if change >= 0.0 { self.step } else { -self.step };
        self.share = (self.share + step).clamp(0.0, 0.99);
        self.step = if change.abs() >= RESTART { STEP.copysign(step) } else { step * DECAY };
        (self.before, self.hits, self.requests) = (ratio, 0, 0);
    }
}
