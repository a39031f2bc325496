use voussoir_core::ConfigError;

use super::{ClientSource, ForwardedField, TrustedProxies};

/// Options of a [`ClientSource`].
#[derive(Clone, Debug, Default)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct ClientSourceBuilder {
    source: ClientSource,
}

impl ClientSourceBuilder {
    /// The field that the proxies write, [`ForwardedField::XForwardedFor`] by default.
    pub fn field(mut self, field: ForwardedField) -> Self {
        self.source.field = field;
        self
    }

    /// Who is believed, nobody by default.
    pub fn trust(mut self, trusted: TrustedProxies) -> Self {
        self.source.trusted = trusted;
        self
    }

    /// How many bits of an IPv6 address name a client, 56 by default.
    pub fn ipv6_prefix(mut self, ipv6_prefix: u8) -> Self {
        self.source.ipv6_prefix = ipv6_prefix;
        self
    }

    /// The source.
    ///
    /// # Errors
    ///
    /// A prefix of 0, with which all of IPv6 were one client, or above 128.
    pub fn build(self) -> Result<ClientSource, ConfigError> {
        let prefix = self.source.ipv6_prefix;
        if !(1..=128).contains(&prefix) {
            return Err(ConfigError::new("ipv6_prefix", prefix, "1 to 128"));
        }
        Ok(self.source)
    }
}
