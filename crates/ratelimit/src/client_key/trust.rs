use alloc::vec::Vec;
use core::net::IpAddr;

use super::Network;

/// Which hops are believed when they say whom they talked to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum TrustedProxies {
    /// None: the client is the peer of the connection. Right wherever clients connect directly.
    #[default]
    Nobody,
    /// Those at these addresses, and a peer without an address, since a Unix socket is reached from
    /// this machine only. Right wherever the proxies' addresses are known.
    ///
    /// Clients within these networks can claim any address; keep them apart from the proxies.
    Networks(Vec<Network>),
    /// As many as stand between every client and this service, the peer included. For proxies whose
    /// addresses change.
    ///
    /// Right only if *no* client can leave one of them out: with 2, who reaches the inner proxy
    /// directly writes the entry that is believed.
    Hops(u8),
}

impl TrustedProxies {
    /// Those at these addresses.
    pub fn networks(networks: impl IntoIterator<Item = Network>) -> Self {
        Self::Networks(networks.into_iter().collect())
    }

    /// Whether what a connection's peer says of the hop before it is believed.
    pub fn trusts(&self, peer: IpAddr) -> bool {
        self.believes(0, Some(peer.to_canonical()))
    }

    /// Whether the hop `distance` steps from here is believed; the peer is at 0. `None` when it has
    /// no address that is known.
    pub(super) fn believes(&self, distance: usize, address: Option<IpAddr>) -> bool {
        match self {
            Self::Nobody => false,
            Self::Hops(hops) => distance < usize::from(*hops),
            Self::Networks(networks) => match address {
                Some(address) => networks.iter().any(|network| network.contains(address)),
                None => distance == 0,
            },
        }
    }
}
