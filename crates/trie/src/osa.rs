//! Optimal string alignment against every beginning of a text, character by character.
//!
//! A non-deterministic automaton whose states are (characters of the query used, errors made), kept
//! as one word for each number of errors: bit `i` of `errors[e]` says that `i` characters of the
//! query can be used up with `e` errors (Wu and Manber, "Fast text searching allowing errors", 1992).
//! An exchange of neighbours passes through a state of its own, `exchanged`, as in Schulz and Mihov,
//! "Fast string correction with Levenshtein automata" (2002). There are no tables to build: a step
//! costs a dozen operations on words, whatever the query.

use alloc::vec::Vec;

/// Bits of a word, one of which stands for "nothing used".
pub(crate) const LONGEST_QUERY: usize = 63;

/// The query and what is forgiven.
#[derive(Clone, Debug)]
pub(crate) struct Osa {
    query: Vec<char>,
    /// Where an ASCII character is in the query.
    ascii: [u64; 128],
    edits: u8,
    /// The states that an error may leave.
    may_err: u64,
}

/// A set of states.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct State {
    errors: [u64; 3],
    exchanged: [u64; 2],
}

impl Osa {
    /// `None` if the query is too long for a word.
    pub(crate) fn new(query: &str, edits: u8, first_letters: u8) -> Option<Self> {
        let query: Vec<char> = query.chars().collect();
        if query.len() > LONGEST_QUERY {
            return None;
        }
        let mut ascii = [0; 128];
        for (at, &c) in query.iter().enumerate() {
            if let Some(places) = ascii.get_mut(c as usize) {
                *places |= 1 << at;
            }
        }
        let may_err = u64::MAX.checked_shl(first_letters.into()).unwrap_or(0);
        Some(Self { query, ascii, edits: edits.min(2), may_err })
    }

    fn places(&self, c: char) -> u64 {
        if let Some(&places) = self.ascii.get(c as usize) {
            return places;
        }
        let places = self.query.iter().enumerate().filter(|&(_, &other)| other == c);
        places.fold(0, |bits, (at, _)| bits | 1 << at)
    }

    pub(crate) fn start(&self) -> State {
        let mut state = State { errors: [1, 0, 0], exchanged: [0; 2] };
        self.skip(&mut state.errors);
        state
    }

    /// Leaves characters of the query out.
    #[inline]
    fn skip(&self, errors: &mut [u64; 3]) {
        for e in 0..usize::from(self.edits) {
            errors[e + 1] |= (errors[e] & self.may_err) << 1;
        }
    }

    /// The states after another character of the text.
    #[inline]
    pub(crate) fn step(&self, from: &State, c: char) -> State {
        let places = self.places(c);
        let mut to = State { errors: [0; 3], exchanged: [0; 2] };
        to.errors[0] = (from.errors[0] & places) << 1;
        for e in 0..usize::from(self.edits) {
            let may_err = from.errors[e] & self.may_err;
            to.errors[e + 1] = (from.errors[e + 1] & places) << 1
                | may_err
                | may_err << 1
                | (from.exchanged[e] & places) << 2;
            to.exchanged[e] = may_err & places >> 1;
        }
        self.skip(&mut to.errors);
        self.cut(&mut to);
        to
    }

    /// Forgets bits beyond the query, which nothing leads back from, and what fewer errors reach too.
    #[inline]
    fn cut(&self, state: &mut State) {
        let all = u64::MAX >> (LONGEST_QUERY - self.query.len());
        state.errors[0] &= all;
        state.errors[1] &= all & !state.errors[0];
        state.errors[2] &= all & !state.errors[0] & !state.errors[1];
    }

    /// With how many errors the text so far is the whole query, if with few enough.
    #[inline]
    pub(crate) fn distance(&self, state: &State) -> Option<u8> {
        let whole = 1 << self.query.len();
        (0..=self.edits).find(|&e| state.errors[usize::from(e)] & whole > 0)
    }

    /// Whether more text can make the whole query with fewer errors than `best`.
    #[inline]
    pub(crate) fn can_reach_below(&self, state: &State, best: u8) -> bool {
        let best = usize::from(best.min(3));
        let open = !(1 << self.query.len());
        let mut alive = 0;
        for e in 0..best {
            alive |= state.errors[e] & open;
            if e + 1 < best {
                alive |= state.exchanged[e];
            }
        }
        alive > 0
    }

    /// If no error is left to make, the characters that the text must go on with.
    pub(crate) fn only_characters(&self, state: &State, into: &mut Vec<char>) -> bool {
        into.clear();
        let last = usize::from(self.edits);
        if state.errors[..last].iter().any(|&states| states > 0) {
            return false;
        }
        let mut states = state.errors[last];
        if last > 0 {
            states |= state.exchanged[last - 1];
        }
        while states > 0 {
            if let Some(&c) = self.query.get(states.trailing_zeros() as usize)
                && !into.contains(&c)
            {
                into.push(c);
            }
            states &= states - 1;
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::String;
    use alloc::vec;

    use proptest::prelude::*;

    use super::*;

    /// The textbook's table.
    fn osa(a: &[char], b: &[char]) -> usize {
        let mut table = vec![vec![0; b.len() + 1]; a.len() + 1];
        for i in 0..=a.len() {
            for j in 0..=b.len() {
                table[i][j] = if i == 0 || j == 0 {
                    i + j
                } else {
                    let replaced = table[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
                    let mut least = replaced.min(table[i - 1][j] + 1).min(table[i][j - 1] + 1);
                    if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                        least = least.min(table[i - 2][j - 2] + 1);
                    }
                    least
                };
            }
        }
        table[a.len()][b.len()]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(if std::env::var_os("VOUSSOIR_LONG").is_some() { 100_000 } else { 4_000 }))]

        #[test]
        fn distance_is_that_of_the_table_after_each_character(
            query in "[abé]{0,7}", text in "[abéc]{0,9}", edits in 0_u8..=2,
        ) {
            let osa_of = Osa::new(&query, edits, 0).unwrap();
            let query: Vec<char> = query.chars().collect();
            let mut state = osa_of.start();
            let mut so_far = Vec::new();
            let mut only = Vec::new();
            let expected = |so_far: &[char]| {
                Some(osa(&query, so_far) as u8).filter(|&distance| distance <= edits)
            };
            prop_assert_eq!(osa_of.distance(&state), expected(&so_far));
            for c in text.chars() {
                let alive = osa_of.can_reach_below(&state, edits + 1);
                let limited = osa_of.only_characters(&state, &mut only);
                state = osa_of.step(&state, c);
                so_far.push(c);
                let distance = osa_of.distance(&state);
                prop_assert_eq!(distance, expected(&so_far));
                if limited && !only.contains(&c) {
                    prop_assert_eq!(distance, None);
                }
                // At the end of the query an added character is the only way on, which ends no
                // better than it began.
                if distance.is_some_and(|distance| distance < edits) {
                    prop_assert!(alive);
                }
            }
        }
    }

    #[test]
    fn the_longest_query_works_and_a_longer_one_is_refused() {
        let longest: String = "a".repeat(LONGEST_QUERY);
        let osa = Osa::new(&longest, 1, 0).unwrap();
        let state = longest.chars().fold(osa.start(), |state, c| osa.step(&state, c));
        assert_eq!(osa.distance(&state), Some(0));
        assert!(Osa::new(&"a".repeat(LONGEST_QUERY + 1), 1, 0).is_none());
    }
}
