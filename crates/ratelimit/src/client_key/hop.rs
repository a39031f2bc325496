use core::net::{IpAddr, SocketAddr};

/// What one entry says about a hop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hop {
    /// Where it is.
    Address(IpAddr),
    /// That it will not be named, as `_7` (RFC 7239 §6.3).
    Hidden,
    /// Nothing that can be used: `unknown`, nothing at all, or no entry.
    Unknown,
}

impl Hop {
    /// `node [ ":" port ]` of RFC 7239 §6, as in `192.0.2.1:4711`, `[2001:db8::1]`, `_7`; and an IPv6
    /// address without brackets, which is what `X-Forwarded-For` usually holds.
    pub(super) fn read(text: &str) -> Self {
        if let Ok(address) = text.parse() {
            return Self::address(address);
        }
        if let Ok(address) = text.parse::<SocketAddr>() {
            return Self::address(address.ip());
        }
        let (node, port) = match text.rsplit_once(':') {
            // A port may be hidden too; `[::1]:_7`.
            Some((node, port)) if is_hidden(port) || is_port(port) => (node, Some(port)),
            _ => (text, None),
        };
        if is_hidden(node) {
            return Self::Hidden;
        }
        let bare = node.strip_prefix('[').and_then(|node| node.strip_suffix(']'));
        match (bare, port) {
            (Some(v6), _) => v6.parse().map_or(Self::Unknown, |v6| Self::address(IpAddr::V6(v6))),
            (None, Some(_)) => {
                node.parse().map_or(Self::Unknown, |v4| Self::address(IpAddr::V4(v4)))
            }
            (None, None) => Self::Unknown,
        }
    }

    fn address(address: IpAddr) -> Self {
        Self::Address(address.to_canonical())
    }
}

fn is_hidden(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    text.strip_prefix('_').is_some_and(|name| !name.is_empty() && name.bytes().all(allowed))
}

fn is_port(text: &str) -> bool {
    (1..=5).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}
