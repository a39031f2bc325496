use voussoir_core::Nanos;

use crate::Algorithm;

/// What becomes of what was available when a limiter is given another limit.
///
/// | | of 100 with 40 left, changed to 50 | changed to 200 |
/// |---|---|---|
/// | [`Reset`](Self::Reset) | 50 left | 200 left |
/// | [`AsIs`](Self::AsIs) | 40 left | 40 left |
/// | [`Proportional`](Self::Proportional) | 20 left | 80 left |
/// | [`Additive`](Self::Additive) | 0 left | 140 left |
///
/// Fractions of a request are dropped, never granted, and a debt ends. What is not left counts from
/// the moment of the change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Carry {
    /// All of the new limit is available. A client that was limited is not any more.
    Reset,
    /// As much is available as was, at most the new limit.
    AsIs,
    /// The same share is available as was.
    Proportional,
    /// As much has been used as had been: what is available changes as the limit does.
    Additive,
}

impl Carry {
    /// The state under `to` of a key whose state was `state` under `from`.
    pub(crate) fn state<A: Algorithm>(
        self,
        from: &A,
        state: &A::State,
        to: &A,
        now: Nanos,
    ) -> A::State {
        let before = from.peek(state, now, 0);
        let mut state = A::State::default();
        let limit = to.peek(&state, now, 0).limit();
        let left = self.left(before.limit(), before.remaining(), limit);
        let _ = to.check(&mut state, now, limit - left);
        state
    }

    /// What is left of `to` when `left` was left of `from`.
    fn left(self, from: u32, left: u32, to: u32) -> u32 {
        let carried = match self {
            Self::Reset => u64::from(to),
            Self::AsIs => u64::from(left),
            Self::Proportional => {
                (u64::from(left) * u64::from(to)).checked_div(u64::from(from)).unwrap_or(0)
            }
            Self::Additive => (u64::from(left) + u64::from(to)).saturating_sub(u64::from(from)),
        };
        carried.min(u64::from(to)) as u32
    }
}
