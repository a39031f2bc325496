use alloc::format;

use voussoir_core::{ConfigError, Nanos};

use crate::Algorithm;
use crate::cell::Cell;

/// With how much a limiter begins: as if the rest had been taken at a moment, the same for all keys.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Initial {
    amount: u32,
    begun: Begun,
}

#[derive(Clone, Copy, Debug)]
enum Begun {
    /// At a time that was given.
    Given(Nanos),
    /// When the builder's clock was read.
    Read(Nanos),
    /// When a clock was read that is not the limiter's any more.
    ReadElsewhere,
}

impl Initial {
    pub(crate) const fn given(now: Nanos, amount: u32) -> Self {
        Self { amount, begun: Begun::Given(now) }
    }

    pub(crate) const fn read(now: Nanos, amount: u32) -> Self {
        Self { amount, begun: Begun::Read(now) }
    }

    /// The same, after the builder was given another clock.
    pub(crate) const fn with_other_clock(self) -> Self {
        match self.begun {
            Begun::Given(_) => self,
            Begun::Read(_) | Begun::ReadElsewhere => {
                Self { begun: Begun::ReadElsewhere, amount: self.amount }
            }
        }
    }

    /// When it was, and how much of the limit of `algorithm` was taken then.
    pub(crate) fn taken(self, algorithm: &impl Algorithm) -> Result<(Nanos, u32), ConfigError> {
        match self.begun {
            Begun::Given(now) | Begun::Read(now) => Ok((now, taken(algorithm, self.amount)?)),
            Begun::ReadElsewhere => {
                Err(ConfigError::new("initial", self.amount, "a call after that of `clock`"))
            }
        }
    }

    /// As much of it as `most`, and how much more it is.
    #[cfg(feature = "std")]
    pub(crate) fn split_at(self, most: u32) -> (Self, u32) {
        let amount = self.amount.min(most);
        (Self { amount, ..self }, self.amount - amount)
    }

    /// A place with the state of a key never seen.
    pub(crate) fn cell<A: Algorithm>(
        initial: Option<Self>,
        algorithm: &A,
    ) -> Result<A::Cell, ConfigError> {
        let cell = algorithm.cell();
        if let Some(initial) = initial {
            let (now, taken) = initial.taken(algorithm)?;
            cell.update(|state| algorithm.charge(state, now, taken));
        }
        Ok(cell)
    }
}

/// How much has been taken of the limit where `initial` is left.
pub(crate) fn taken(algorithm: &impl Algorithm, initial: u32) -> Result<u32, ConfigError> {
    let limit = algorithm.peek(&Default::default(), Nanos::ZERO, 0).limit();
    limit
        .checked_sub(initial)
        .ok_or_else(|| ConfigError::new("initial", initial, format!("0 to {limit}, the limit")))
}
