use core::net::IpAddr;

use super::forwarded;
use super::hop::Hop;
use super::{ClientKey, ClientSourceBuilder, TrustedProxies};

/// The field in which proxies say whom they talked to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ForwardedField {
    /// `X-Forwarded-For`: addresses, separated by commas.
    #[default]
    XForwardedFor,
    /// `Forwarded` (RFC 7239).
    Forwarded,
}

impl ForwardedField {
    /// The field's name in lower case.
    pub fn name(self) -> &'static str {
        match self {
            Self::XForwardedFor => "x-forwarded-for",
            Self::Forwarded => "forwarded",
        }
    }
}

/// Where the client of a request is found. See the [module](super) for the walk.
///
/// Pure functions of the peer's address and the field's text: nothing is looked up, resolved or
/// allocated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientSource {
    pub(super) field: ForwardedField,
    pub(super) trusted: TrustedProxies,
    pub(super) ipv6_prefix: u8,
}

impl ClientSource {
    /// Starts a source that trusts nobody: the client is the peer.
    pub fn builder() -> ClientSourceBuilder {
        ClientSourceBuilder::default()
    }

    /// The key of the client that sent a request over a connection from `peer`, if any of its hops
    /// is known. `lines` are the values of [`field`](Self::field), in the order in which they came.
    ///
    /// `peer` is `None` where a connection has no address, as on a Unix socket.
    ///
    /// Complexity: O(length of the entries that trusted proxies wrote), without allocation.
    pub fn key<L>(&self, peer: Option<IpAddr>, lines: L) -> Option<ClientKey>
    where
        L: IntoIterator<IntoIter: DoubleEndedIterator, Item: AsRef<[u8]>>,
    {
        self.address(peer, lines).map(|address| self.key_of(address))
    }

    /// The whole address of the client, as for a log. Otherwise as [`key`](Self::key).
    pub fn address<L>(&self, peer: Option<IpAddr>, lines: L) -> Option<IpAddr>
    where
        L: IntoIterator<IntoIter: DoubleEndedIterator, Item: AsRef<[u8]>>,
    {
        let mut walk = Walk::from(peer, &self.trusted);
        for line in lines.into_iter().rev() {
            if !walk.goes_on {
                break;
            }
            let line = line.as_ref();
            match self.field {
                ForwardedField::XForwardedFor => {
                    line.rsplit(|byte| *byte == b',').all(|entry| walk.step(plain_hop(entry)))
                }
                ForwardedField::Forwarded => forwarded::elements_from_the_right(line)
                    .all(|element| walk.step(forwarded::hop(element))),
            };
        }
        walk.client
    }

    /// The key of an address that is known to be the client's.
    pub fn key_of(&self, address: IpAddr) -> ClientKey {
        ClientKey::with_ipv6_prefix(address, self.ipv6_prefix)
    }

    /// The field that is read.
    pub fn field(&self) -> ForwardedField {
        self.field
    }

    /// Whom it trusts.
    pub fn trusted(&self) -> &TrustedProxies {
        &self.trusted
    }
}

/// Nobody is trusted: the client is the peer.
impl Default for ClientSource {
    fn default() -> Self {
        Self {
            field: ForwardedField::default(),
            trusted: TrustedProxies::default(),
            ipv6_prefix: ClientKey::IPV6_PREFIX,
        }
    }
}

fn plain_hop(entry: &[u8]) -> Hop {
    core::str::from_utf8(entry.trim_ascii()).map_or(Hop::Unknown, Hop::read)
}

/// From the peer towards the client.
struct Walk<'a> {
    trusted: &'a TrustedProxies,
    /// The farthest hop whose address is known.
    client: Option<IpAddr>,
    /// Steps from here to the last hop.
    distance: usize,
    /// Whether the last hop is believed.
    goes_on: bool,
}

impl<'a> Walk<'a> {
    fn from(peer: Option<IpAddr>, trusted: &'a TrustedProxies) -> Self {
        let client = peer.map(|peer| peer.to_canonical());
        Self { trusted, client, distance: 0, goes_on: trusted.believes(0, client) }
    }

    /// Takes what the last hop says. Whether the next entry is believed too.
    fn step(&mut self, hop: Hop) -> bool {
        if !self.goes_on {
            return false;
        }
        self.distance += 1;
        self.goes_on = match hop {
            Hop::Address(address) => {
                self.client = Some(address);
                self.trusted.believes(self.distance, self.client)
            }
            Hop::Hidden => self.trusted.believes(self.distance, None),
            Hop::Unknown => false,
        };
        self.goes_on
    }
}
