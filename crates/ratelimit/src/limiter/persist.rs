use voussoir_core::{Clock, ConfigError, Nanos};

use super::Limiter;
use crate::cell::Cell;
use crate::{Algorithm, Carry, Snapshot};

impl<A: Algorithm, C> Limiter<A, C> {
    /// Gives the limiter another limit at `now`; `carry` says what becomes of what was available.
    ///
    /// It takes the limiter alone, so that checks need no lock to read the limit. Where others hold
    /// it, keep it in a swappable `Arc` or behind a lock of yours.
    ///
    /// # Errors
    ///
    /// What is wrong with the configuration; the old one then stays.
    pub fn reconfigure_at(
        &mut self,
        now: Nanos,
        algorithm: A,
        carry: Carry,
    ) -> Result<(), ConfigError> {
        algorithm.validate()?;
        let state = self.cell.read(|state| algorithm.carry(&self.algorithm, state, now, carry));
        self.cell = algorithm.cell();
        self.algorithm = algorithm;
        self.cell.update(|fresh| fresh.clone_from(&state));
        Ok(())
    }

    /// What the limiter remembers at `now`, to be kept and [restored](Self::restore_at).
    pub fn snapshot_at(&self, now: Nanos) -> Snapshot {
        self.cell.read(|state| self.algorithm.save(state, now))
    }

    /// Takes over what a limiter of the same limit remembered. What was taken since is forgotten.
    pub fn restore_at(&self, now: Nanos, snapshot: &Snapshot) {
        let restored = self.algorithm.load(snapshot, now);
        self.cell.update(|state| state.clone_from(&restored));
    }
}

impl<A: Algorithm, C: Clock> Limiter<A, C> {
    /// [`reconfigure_at`](Self::reconfigure_at) the present.
    ///
    /// # Errors
    ///
    /// What is wrong with the configuration; the old one then stays.
    ///
    /// ```
    /// use voussoir_core::ManualClock;
    /// use voussoir_ratelimit::{Carry, Limiter, TokenBucket};
    ///
    /// let bucket = TokenBucket::per_hour(100);
    /// let mut limiter = Limiter::builder(bucket).clock(ManualClock::new()).build()?;
    /// assert_eq!(limiter.check_n(60).remaining(), 40);
    /// limiter.reconfigure(TokenBucket::per_hour(200), Carry::Proportional)?;
    /// assert_eq!(limiter.peek_n(0).remaining(), 80);
    /// # Ok::<(), voussoir_core::ConfigError>(())
    /// ```
    pub fn reconfigure(&mut self, algorithm: A, carry: Carry) -> Result<(), ConfigError> {
        self.reconfigure_at(self.clock.now(), algorithm, carry)
    }

    /// [`snapshot_at`](Self::snapshot_at) the present.
    pub fn snapshot(&self) -> Snapshot {
        self.snapshot_at(self.clock.now())
    }

    /// [`restore_at`](Self::restore_at) the present.
    pub fn restore(&self, snapshot: &Snapshot) {
        self.restore_at(self.clock.now(), snapshot);
    }
}
