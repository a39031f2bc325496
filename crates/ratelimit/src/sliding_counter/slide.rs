use crate::decision::Outcome;

/// The requests of the window `index` and of the one before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Slide {
    pub(super) index: u64,
    pub(super) last: u32,
    pub(super) count: u32,
}

/// How a state counts at one moment, and a request's cost: all that an answer is computed from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Estimate {
    slide: Slide,
    /// Nanoseconds of the window `slide.index` that are gone.
    elapsed: u64,
    /// Nanoseconds of a window.
    length: u64,
    /// Nanoseconds by which the state is ahead of the time it was asked at.
    ahead: u64,
    limit: u32,
    cost: u32,
}

impl Estimate {
    /// Moves `state` on to the window `index`. A state of a later window is taken as it was at that
    /// window's beginning: a late reading of the clock must bring nothing back.
    #[inline]
    pub(super) fn new(state: Slide, (index, elapsed): (u64, u64), length: u64, limit: u32) -> Self {
        let (slide, elapsed, ahead) = match index {
            i if i == state.index => (state, elapsed, 0),
            i if i < state.index => {
                (state, 0, (state.index - i).saturating_mul(length).saturating_sub(elapsed))
            }
            i if i - state.index == 1 => (Slide { index, last: state.count, count: 0 }, elapsed, 0),
            _ => (Slide { index, last: 0, count: 0 }, elapsed, 0),
        };
        Self { slide, elapsed, length, ahead, limit, cost: 0 }
    }

    pub(super) fn slide(&self) -> Slide {
        self.slide
    }

    pub(super) fn is_nothing(&self) -> bool {
        self.slide.last == 0 && self.slide.count == 0
    }

    /// The same, as the answer to a request of `cost`.
    #[inline]
    pub(super) fn of_cost(self, cost: u32) -> Self {
        Self { cost, ..self }
    }

    /// The outcome of a request of `cost`, and what counts after it.
    #[inline]
    pub(super) fn ask(&self, cost: u32) -> (Outcome, Slide) {
        // last × left / length + count + cost <= limit, without the division.
        let fits = match self.limit.checked_sub(self.slide.count).and_then(|r| r.checked_sub(cost))
        {
            Some(room) => self.last_left() <= u128::from(room) * u128::from(self.length),
            None => false,
        };
        if fits || cost == 0 {
            // Within the limit, hence within 32 bits.
            (Outcome::Allowed, Slide { count: self.slide.count + cost, ..self.slide })
        } else if cost > self.limit {
            (Outcome::ExceedsCapacity, self.slide)
        } else {
            (Outcome::Denied.unless_behind(self.ahead > 0), self.slide)
        }
    }

    pub(crate) fn limit(&self) -> u32 {
        self.limit
    }

    pub(crate) fn cost(&self) -> u32 {
        self.cost
    }

    pub(crate) fn remaining(&self) -> u32 {
        // Less than 2^32, since `last` is, and rounded up.
        let last = self.last_left().div_ceil(u128::from(self.length)) as u32;
        self.limit.saturating_sub(self.slide.count).saturating_sub(last)
    }

    /// Nanoseconds until the estimate has come down so far that the cost fits.
    pub(crate) fn retry_after(&self) -> u64 {
        let Slide { last, count, .. } = self.slide;
        let room = self.limit.saturating_sub(self.cost);
        let wait = if let Some(room) = room.checked_sub(count) {
            // Within this window, while less and less of the last one counts.
            self.fades_at(last, room).saturating_sub(self.elapsed)
        } else {
            // Within the next, while less and less of this one counts.
            (self.length - self.elapsed).saturating_add(self.fades_at(count, room))
        };
        self.ahead.saturating_add(wait)
    }

    /// Nanoseconds until nothing counts any more.
    pub(crate) fn reset_after(&self) -> u64 {
        let windows = match self.slide {
            Slide { count: 0, last: 0, .. } => return 0,
            Slide { count: 0, .. } => 0,
            _ => self.length,
        };
        self.ahead.saturating_add(self.length - self.elapsed).saturating_add(windows)
    }

    /// How far into a window no more than `room` of the `last` one's requests count.
    fn fades_at(&self, last: u32, room: u32) -> u64 {
        if last <= room {
            return 0;
        }
        // last > room >= 0, and the quotient is below the length.
        let left = u128::from(room) * u128::from(self.length) / u128::from(last);
        self.length - left as u64
    }

    /// What of the last window still counts, in requests × nanoseconds; below 2^96.
    #[inline]
    fn last_left(&self) -> u128 {
        u128::from(self.slide.last) * u128::from(self.length - self.elapsed)
    }
}
