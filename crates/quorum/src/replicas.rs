use core::fmt;
use core::ops::{BitAnd, BitOr, Sub};

/// A set of replicas, each named by its place in the key's preference list: 0 to 63, in one word.
///
/// The coordinators know replicas by these places only; what is behind a place, an address or a
/// socket, stays with the caller.
///
/// ```
/// use voussoir_quorum::Replicas;
///
/// let acked = Replicas::from([0, 2]);
/// assert_eq!(Replicas::first(3) - acked, Replicas::from([1]));
/// assert_eq!(acked.to_string(), "{0, 2}");
/// ```
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Replicas(u64);

impl Replicas {
    /// None.
    pub const NONE: Self = Self(0);
    /// Most replicas there can be.
    pub const MOST: u8 = 64;

    /// The places `0..n`; all 64 when `n` is more.
    #[inline]
    pub const fn first(n: u8) -> Self {
        match n {
            0 => Self(0),
            1..64 => Self((1 << n) - 1),
            _ => Self(u64::MAX),
        }
    }

    /// The set with these bits.
    pub const fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    /// One bit for each place.
    pub const fn to_bits(self) -> u64 {
        self.0
    }

    /// The set of this one; the empty set for a place beyond 63.
    #[inline]
    pub const fn one(place: u8) -> Self {
        if place < Self::MOST { Self(1 << place) } else { Self(0) }
    }

    /// Whether the place is in it.
    #[inline]
    pub const fn contains(self, place: u8) -> bool {
        self.0 & Self::one(place).0 != 0
    }

    /// Adds a place and tells whether it is new.
    #[inline]
    pub const fn insert(&mut self, place: u8) -> bool {
        let before = self.0;
        self.0 |= Self::one(place).0;
        self.0 != before
    }

    /// Takes a place out and tells whether it was in.
    #[inline]
    pub const fn remove(&mut self, place: u8) -> bool {
        let before = self.0;
        self.0 &= !Self::one(place).0;
        self.0 != before
    }

    /// How many.
    #[inline]
    pub const fn len(self) -> u32 {
        self.0.count_ones()
    }

    /// Whether there is none.
    #[inline]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether all of these are in `other`.
    pub const fn is_subset(self, other: Self) -> bool {
        self.0 & !other.0 == 0
    }

    /// The lowest place: the most preferred.
    #[inline]
    pub const fn lowest(self) -> Option<u8> {
        if self.0 == 0 { None } else { Some(self.0.trailing_zeros() as u8) }
    }

    /// The places, lowest first.
    pub const fn iter(self) -> Places {
        Places(self)
    }
}

/// The places of a set, lowest first.
#[derive(Clone, Debug)]
pub struct Places(Replicas);

impl Iterator for Places {
    type Item = u8;

    #[inline]
    fn next(&mut self) -> Option<u8> {
        let place = self.0.lowest()?;
        self.0.remove(place);
        Some(place)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let len = self.0.len() as usize;
        (len, Some(len))
    }
}

impl ExactSizeIterator for Places {}

impl IntoIterator for Replicas {
    type Item = u8;
    type IntoIter = Places;

    fn into_iter(self) -> Places {
        self.iter()
    }
}

impl FromIterator<u8> for Replicas {
    fn from_iter<I: IntoIterator<Item = u8>>(places: I) -> Self {
        places.into_iter().fold(Self::NONE, |set, place| set | Self::one(place))
    }
}

impl<const N: usize> From<[u8; N]> for Replicas {
    fn from(places: [u8; N]) -> Self {
        places.into_iter().collect()
    }
}

/// In either.
impl BitOr for Replicas {
    type Output = Self;

    #[inline]
    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// In both.
impl BitAnd for Replicas {
    type Output = Self;

    #[inline]
    fn bitand(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }
}

/// In the first alone.
impl Sub for Replicas {
    type Output = Self;

    #[inline]
    fn sub(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }
}

/// `{0, 2}`.
impl fmt::Display for Replicas {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(*self).finish()
    }
}

impl fmt::Debug for Replicas {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
