/// What [`and_compute`](crate::Entry::and_compute) shall do with an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compute<V> {
    /// Leave it as it is.
    Keep,
    /// Put this value in.
    Put(V),
    /// Take it out.
    Remove,
}
