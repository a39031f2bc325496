#[cfg(all(feature = "std", target_has_atomic = "64"))]
use alloc::boxed::Box;

#[cfg(all(feature = "std", target_has_atomic = "64"))]
use crate::cell::Locked;
#[cfg(target_has_atomic = "64")]
use crate::{cell::Cell, sync::AtomicU64};
#[cfg(all(feature = "std", target_has_atomic = "64"))]
use crate::{sliding_counter, sliding_log};

/// What a [`Limit`](super::Limit) remembers of one key, by its algorithm: a word, or a box of more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LimitState(Kind);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind {
    Word(u64),
    #[cfg(all(feature = "std", target_has_atomic = "64"))]
    More(Box<More>),
}

#[cfg(all(feature = "std", target_has_atomic = "64"))]
#[derive(Clone, Debug, PartialEq, Eq)]
enum More {
    Wide(sliding_counter::WideCount),
    Strict(sliding_counter::StrictCounts),
    Log(sliding_log::Events),
}

impl Default for LimitState {
    fn default() -> Self {
        Self(Kind::Word(0))
    }
}

/// A state that a limit's may hold. Where it holds another kind, that of a key never seen or of
/// another algorithm, it counts as never seen.
pub(super) trait Held: Default + PartialEq {
    fn of(state: &LimitState) -> Option<&Self>;
    fn of_mut(state: &mut LimitState) -> Option<&mut Self>;
    fn into_state(self) -> LimitState;
}

impl LimitState {
    #[inline]
    pub(super) fn look<S: Held, R>(&self, look: impl FnOnce(&S) -> R) -> R {
        match S::of(self) {
            Some(state) => look(state),
            None => look(&S::default()),
        }
    }

    #[inline]
    pub(super) fn change<S: Held, R>(&mut self, change: impl FnOnce(&mut S) -> R) -> R {
        if let Some(state) = S::of_mut(self) {
            return change(state);
        }
        let mut state = S::default();
        let answer = change(&mut state);
        if state != S::default() {
            *self = state.into_state();
        }
        answer
    }
}

impl Held for u64 {
    #[inline]
    fn of(state: &LimitState) -> Option<&Self> {
        match &state.0 {
            Kind::Word(word) => Some(word),
            #[cfg(all(feature = "std", target_has_atomic = "64"))]
            Kind::More(_) => None,
        }
    }

    #[inline]
    fn of_mut(state: &mut LimitState) -> Option<&mut Self> {
        match &mut state.0 {
            Kind::Word(word) => Some(word),
            #[cfg(all(feature = "std", target_has_atomic = "64"))]
            Kind::More(_) => None,
        }
    }

    fn into_state(self) -> LimitState {
        LimitState(Kind::Word(self))
    }
}

#[cfg(all(feature = "std", target_has_atomic = "64"))]
macro_rules! held {
    ($state:ty, $variant:ident) => {
        impl Held for $state {
            fn of(state: &LimitState) -> Option<&Self> {
                match &state.0 {
                    Kind::More(more) => match &**more {
                        More::$variant(held) => Some(held),
                        _ => None,
                    },
                    Kind::Word(_) => None,
                }
            }

            fn of_mut(state: &mut LimitState) -> Option<&mut Self> {
                match &mut state.0 {
                    Kind::More(more) => match &mut **more {
                        More::$variant(held) => Some(held),
                        _ => None,
                    },
                    Kind::Word(_) => None,
                }
            }

            fn into_state(self) -> LimitState {
                LimitState(Kind::More(Box::new(More::$variant(self))))
            }
        }
    };
}

#[cfg(all(feature = "std", target_has_atomic = "64"))]
held!(sliding_counter::WideCount, Wide);
#[cfg(all(feature = "std", target_has_atomic = "64"))]
held!(sliding_counter::StrictCounts, Strict);
#[cfg(all(feature = "std", target_has_atomic = "64"))]
held!(sliding_log::Events, Log);

/// A word where the algorithm's state is one, and a lock where it is more.
#[derive(Debug)]
#[cfg(target_has_atomic = "64")]
pub enum LimitCell {
    #[doc(hidden)]
    Word(AtomicU64),
    #[doc(hidden)]
    #[cfg(feature = "std")]
    More(Locked<LimitState>),
}

#[cfg(target_has_atomic = "64")]
impl Default for LimitCell {
    fn default() -> Self {
        Self::Word(AtomicU64::default())
    }
}

#[cfg(target_has_atomic = "64")]
impl Cell<LimitState> for LimitCell {
    #[inline]
    fn update<R>(&self, mut change: impl FnMut(&mut LimitState) -> R) -> R {
        match self {
            Self::Word(cell) => Cell::update(cell, |word: &mut u64| {
                let mut state = LimitState(Kind::Word(*word));
                let answer = change(&mut state);
                state.look(|after: &u64| *word = *after);
                answer
            }),
            #[cfg(feature = "std")]
            Self::More(cell) => cell.update(change),
        }
    }

    #[inline]
    fn read<R>(&self, look: impl FnOnce(&LimitState) -> R) -> R {
        match self {
            Self::Word(cell) => Cell::read(cell, |word: &u64| look(&LimitState(Kind::Word(*word)))),
            #[cfg(feature = "std")]
            Self::More(cell) => cell.read(look),
        }
    }
}
