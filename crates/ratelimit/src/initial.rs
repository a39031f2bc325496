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

    /// A place with the state of a key never seen.
    pub(crate) fn cell<A: Algorithm>(
        initial: Option<Self>,
        algorithm: &A,
    ) -> Result<A::Cell, ConfigError> {
        let cell = algorithm.cell();
        let Some(Self { amount, begun }) = initial else { return Ok(cell) };
        let (Begun::Given(now) | Begun::Read(now)) = begun else {
            return Err(ConfigError::new("initial", amount, "a call after that of `clock`"));
        };
        let limit = algorithm.peek(&A::State::default(), now, 0).limit();
        let Some(taken) = limit.checked_sub(amount) else {
            return Err(ConfigError::new("initial", amount, format!("0 to {limit}, the limit")));
        };
        cell.update(|state| algorithm.charge(state, now, taken));
        Ok(cell)
    }
}
