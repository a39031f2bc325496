use alloc::vec::Vec;

/// What a node says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(::serde::Serialize, ::serde::Deserialize))]
pub struct Record<N, V> {
    /// Who.
    pub node: N,
    /// In which of its lives.
    pub generation: u64,
    /// How many heartbeats and changes there were in that life.
    pub version: u64,
    /// At which of them the value last changed.
    pub changed: u64,
    /// The value.
    pub value: V,
}

/// How much is known of each node: its name, generation and version.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(::serde::Serialize, ::serde::Deserialize))]
pub struct Digest<N> {
    /// In the order of the names.
    pub known: Vec<(N, u64, u64)>,
}

/// Records that the receiver has not heard.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(::serde::Serialize, ::serde::Deserialize))]
pub struct Delta<N, V> {
    /// Those furthest behind first, at most as many as a message may have.
    pub records: Vec<Record<N, V>>,
}

/// The answer to a digest.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(::serde::Serialize, ::serde::Deserialize))]
pub struct Reply<N, V> {
    /// How much is known here.
    pub digest: Digest<N>,
    /// What the other did not know.
    pub delta: Delta<N, V>,
}

/// What has changed about who is there.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum GossipEvent<N> {
    /// It is there.
    Up(N),
    /// It is overdue.
    Down(N),
    /// It has been down for so long that nothing is known of it any more.
    Forgotten(N),
}
