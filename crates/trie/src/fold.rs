//! What makes strings equal that look different: case, diacritics, width.

use alloc::string::String;

use unicode_normalization::UnicodeNormalization;

/// Which differences between strings are ignored: in keys when they are added, and in queries.
///
/// The form that was added is kept and is what a hit shows; the folded form is the key that is
/// matched and sorted. An index records its folding and folds its queries alike, so that an index
/// and a query never disagree.
///
/// ```
/// use voussoir_trie::Fold;
///
/// assert_eq!(Fold::ALL.fold("Ｃrème Brûlée"), "creme brulee");
/// assert_eq!(Fold::CASE.fold("ÉCOLE"), "école");
/// assert_eq!(Fold::NONE.fold("ÉCOLE"), "ÉCOLE");
/// assert_eq!(Fold::ALL.fold("Straße Łódź"), "strasse lodz");
/// ```
///
/// Diacritics are the combining marks of Latin, Greek and Cyrillic, the vowel points of Hebrew and
/// Arabic, and a few letters that Unicode does not decompose (`ø`, `ł`, `đ`, `ß`, `æ`, `œ`, `ı`). The
/// vowel signs of Indic scripts are letters to their readers and stay.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default, deny_unknown_fields))]
pub struct Fold {
    /// `É` is `é`.
    pub case: bool,
    /// `é` is `e`.
    pub diacritics: bool,
    /// `Ａ`, `ﬁ` and `①` are `A`, `fi` and `1`: compatibility forms of Unicode.
    pub width: bool,
}

impl Fold {
    /// Strings are compared as they are, byte for byte.
    pub const NONE: Self = Self { case: false, diacritics: false, width: false };
    /// Case alone.
    pub const CASE: Self = Self { case: true, diacritics: false, width: false };
    /// Case, diacritics and width.
    pub const ALL: Self = Self { case: true, diacritics: true, width: true };

    /// The key of `text`. Folding twice changes nothing.
    ///
    /// Complexity: O(length).
    pub fn fold(self, text: &str) -> String {
        let mut folded = String::with_capacity(text.len());
        self.fold_into(text, &mut folded);
        folded
    }

    pub(crate) fn fold_into(self, text: &str, to: &mut String) {
        to.clear();
        if self == Self::NONE {
            to.push_str(text);
        } else if text.is_ascii() {
            to.extend(text.chars().filter(|&c| c != SEPARATOR).map(|c| self.ascii(c)));
        } else {
            // Lower case may need decomposition (`İ`), and what decomposes may have upper case
            // (`㎒`): two rounds reach what no further round changes.
            let once = self.round(text);
            to.push_str(&self.round(&once));
        }
    }

    fn ascii(self, c: char) -> char {
        if self.case { c.to_ascii_lowercase() } else { c }
    }

    fn round(self, text: &str) -> String {
        let visible = text.chars().filter(|&c| c != SEPARATOR);
        if self.width { self.letters(visible.nfkd()) } else { self.letters(visible.nfd()) }
    }

    fn letters(self, decomposed: impl Iterator<Item = char>) -> String {
        let mut letters = String::new();
        for c in decomposed.filter(|&c| !(self.diacritics && is_diacritic(c))) {
            let plain = if self.diacritics { plain(c) } else { None };
            match plain {
                Some(plain) => letters.extend(plain.chars().map(|c| self.ascii(c))),
                // The final sigma is a form of the letter, not another one.
                None if self.case && c == 'ς' => letters.push('σ'),
                None if self.case => letters.extend(c.to_lowercase()),
                None => letters.push(c),
            }
        }
        letters.nfc().collect()
    }

    pub(crate) fn bits(self) -> u32 {
        u32::from(self.case) | u32::from(self.diacritics) << 1 | u32::from(self.width) << 2
    }

    pub(crate) fn from_bits(bits: u32) -> Self {
        Self { case: bits & 1 > 0, diacritics: bits & 2 > 0, width: bits & 4 > 0 }
    }

    /// Whether a key is stored with the form that is shown.
    pub(crate) fn keeps_display(self) -> bool {
        self != Self::NONE
    }
}

/// Stands between a key and the form that is shown, where they differ. Folded keys have none.
pub(crate) const SEPARATOR: char = '\0';

fn is_diacritic(c: char) -> bool {
    matches!(c,
        '\u{300}'..='\u{36f}' | '\u{483}'..='\u{487}' | '\u{591}'..='\u{5bd}'
        | '\u{5bf}' | '\u{5c1}' | '\u{5c2}' | '\u{5c4}' | '\u{5c5}' | '\u{5c7}'
        | '\u{610}'..='\u{61a}' | '\u{64b}'..='\u{652}' | '\u{670}'
        | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}' | '\u{20d0}'..='\u{20ff}'
        | '\u{fe20}'..='\u{fe2f}')
}

/// Letters with a stroke or of two, which have no decomposition in Unicode.
fn plain(c: char) -> Option<&'static str> {
    Some(match c {
        'ø' => "o",
        'Ø' => "O",
        'ł' => "l",
        'Ł' => "L",
        'đ' | 'ð' => "d",
        'Đ' | 'Ð' => "D",
        'ħ' => "h",
        'Ħ' => "H",
        'ı' => "i",
        'ß' => "ss",
        'ẞ' => "SS",
        'æ' => "ae",
        'Æ' => "AE",
        'œ' => "oe",
        'Œ' => "OE",
        'þ' => "th",
        'Þ' => "TH",
        _ => return None,
    })
}
