use super::{Pbs, Quorum};

/// What follows from the sets alone, for replicas that keep what they acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Guarantees {
    /// Every set that answers a read has a replica of every set that acknowledged a write (R + W > N).
    /// A read that starts after a write was acknowledged then sees that write or a later one. It is
    /// **not** linearizable by that: while a write is under way, a read may see it and the next one
    /// not. See [`ReadMode`](crate::ReadMode).
    pub reads_see_writes: bool,
    /// Every two sets that acknowledge writes have a common replica (2 W > N), so that of two writes
    /// at once some replica sees both.
    pub writes_see_writes: bool,
}

/// How many replicas may be down, whichever they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Tolerance {
    /// With reads still answered.
    pub reads: u32,
    /// With writes still acknowledged.
    pub writes: u32,
}

/// How probable it is that there are enough replicas.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Availability {
    /// For a read.
    pub read: f64,
    /// For a write.
    pub write: f64,
}

impl Quorum {
    /// What these sets promise. Complexity: O(1); it was found out when the quorum was built.
    pub const fn guarantees(&self) -> Guarantees {
        self.guarantees
    }

    /// How many replicas may be down, whichever they are. Complexity: that of
    /// [`Rule::tolerates`](crate::Rule::tolerates).
    pub fn tolerates(&self) -> Tolerance {
        let of = |rule: &crate::Rule| rule.tolerates().unwrap_or(0);
        Tolerance { reads: of(&self.read), writes: of(&self.write) }
    }

    /// How probable it is that enough replicas are up, when each is with probability `up`, for itself.
    ///
    /// ```
    /// # use voussoir_quorum::Quorum;
    /// let three = Quorum::majority(3)?.availability(0.99);
    /// assert!((three.write - 0.999_702).abs() < 1e-12);
    /// # Ok::<(), voussoir_quorum::ConfigError>(())
    /// ```
    pub fn availability(&self, up: f64) -> Availability {
        Availability { read: self.read.availability(up), write: self.write.availability(up) }
    }

    /// How stale reads are to be expected, for plain counts; none for other rules.
    pub fn pbs(&self) -> Option<Pbs> {
        Pbs::new(self.replicas, self.read.count()?, self.write.count()?).ok()
    }
}
