/// How a node is chosen among those that are available.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Algorithm {
    /// One after the other. When nodes come, go, or change their health, the others keep their
    /// order: none is skipped and none comes twice.
    #[default]
    RoundRobin,
    /// The node with the fewest calls in flight; among equals, one after the other.
    LeastConnections,
}
