use crate::osa::LONGEST_QUERY;

/// How many typing errors a completion forgives: by the length of what was typed.
///
/// An error is a character left out, added or replaced, or two neighbours exchanged (optimal string
/// alignment: no character takes part in two errors). Characters are Unicode scalar values of the
/// folded key, never bytes. What was typed may be the beginning of a string, so the errors are those
/// against the *best* beginning of it.
///
/// ```
/// use voussoir_trie::{Fuzzy, Index};
///
/// let index = Index::build([("harvard", 9), ("hat", 4)])?;
/// let hit = index.complete("hra").fuzzy(Fuzzy::edits(1)).next().unwrap();
/// assert_eq!((hit.key(), hit.distance()), ("harvard".into(), 1));
/// # Ok::<(), voussoir_trie::BuildError>(())
/// ```
///
/// Of 4,310 misspellings that editors of Wikipedia correct, one error explains 86 %, two explain
/// 98 %, and the first letter is right in 98 %: hence [`auto`](Self::auto).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default, deny_unknown_fields))]
pub struct Fuzzy {
    /// From how many characters one error is forgiven.
    one_from: u8,
    /// From how many characters two are.
    two_from: u8,
    /// How many characters at the beginning must be right.
    first_letters: u8,
    order: Order,
}

/// In which order hits with errors come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum Order {
    /// All without errors, then all with one, then all with two; by weight among equals. Hits with
    /// errors are looked for when those without are used up: where there are enough of these,
    /// forgiveness costs nothing.
    #[default]
    Distance,
    /// By weight alone.
    Weight,
}

const NEVER: u8 = u8::MAX;

impl Fuzzy {
    /// No errors.
    pub const OFF: Self =
        Self { one_from: NEVER, two_from: NEVER, first_letters: 0, order: Order::Distance };

    /// One error from 4 characters, two from 8. Shorter texts are near to too many others.
    pub const fn auto() -> Self {
        Self { one_from: 4, two_from: 8, ..Self::OFF }
    }

    /// So many errors whatever the length; at most 2, more are taken as 2.
    pub const fn edits(edits: u8) -> Self {
        match edits {
            0 => Self::OFF,
            1 => Self { one_from: 0, ..Self::OFF },
            _ => Self { one_from: 0, two_from: 0, ..Self::OFF },
        }
    }

    /// One error from `one` characters and two from `two`.
    pub const fn from_lengths(one: u8, two: u8) -> Self {
        Self { one_from: one, two_from: two, ..Self::OFF }
    }

    /// So many characters at the beginning must be right; 0 at first. One makes a search about three
    /// times as fast, and loses the 2 % of misspellings that begin with one.
    pub const fn first_letters(mut self, characters: u8) -> Self {
        self.first_letters = characters;
        self
    }

    /// The order of the hits; [`Order::Distance`] at first.
    pub const fn order(mut self, order: Order) -> Self {
        self.order = order;
        self
    }

    /// How many errors are forgiven to a text of so many characters. None beyond 63: what is as long
    /// was not typed.
    pub const fn edits_for(self, characters: usize) -> u8 {
        if characters > LONGEST_QUERY {
            0
        } else if self.two_from != NEVER && characters >= self.two_from as usize {
            2
        } else if self.one_from != NEVER && characters >= self.one_from as usize {
            1
        } else {
            0
        }
    }

    pub(crate) const fn right_letters(self) -> u8 {
        self.first_letters
    }

    pub(crate) const fn by_weight(self) -> bool {
        matches!(self.order, Order::Weight)
    }
}

impl Default for Fuzzy {
    /// [`Fuzzy::OFF`].
    fn default() -> Self {
        Self::OFF
    }
}
