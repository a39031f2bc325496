//! What the area `trie` and the `suggest` command share: strings with weights, the peers, and the
//! structure that was tried beside the one that `Index` has.

pub mod blocks;
pub mod data;
pub mod peers;
pub mod timing;
