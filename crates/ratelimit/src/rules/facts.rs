use crate::client_key::ClientKey;

/// What rules can ask of a request. Answer what is known; the rest is missing.
///
/// Asked for the path once a decision, and for the rest once by each rule that it may apply to; under
/// no lock.
pub trait Request {
    /// The method, as `GET`; empty if there is no such thing.
    fn method(&self) -> &str;

    /// The path of the target, as `/api/users`; empty if there is no such thing. A query behind it is
    /// not looked at.
    fn path(&self) -> &str;

    /// Who sent it.
    fn client(&self) -> Option<ClientKey> {
        None
    }

    /// The value of a header field. Names are compared without regard to case.
    fn header(&self, name: &str) -> Option<&str> {
        let _ = name;
        None
    }

    /// What else is known, such as the tenant that was authenticated.
    fn attribute(&self, name: &str) -> Option<&str> {
        let _ = name;
        None
    }
}

impl<R: Request + ?Sized> Request for &R {
    fn method(&self) -> &str {
        (**self).method()
    }

    fn path(&self) -> &str {
        (**self).path()
    }

    fn client(&self) -> Option<ClientKey> {
        (**self).client()
    }

    fn header(&self, name: &str) -> Option<&str> {
        (**self).header(name)
    }

    fn attribute(&self, name: &str) -> Option<&str> {
        (**self).attribute(name)
    }
}

/// A [`Request`] written down.
#[derive(Clone, Copy, Debug, Default)]
pub struct Facts<'a> {
    /// The method, as `GET`.
    pub method: &'a str,
    /// The path of the target.
    pub path: &'a str,
    /// Who sent it.
    pub client: Option<ClientKey>,
    /// Header fields; the first of a name counts.
    pub headers: &'a [(&'a str, &'a str)],
    /// What else is known.
    pub attributes: &'a [(&'a str, &'a str)],
}

impl Request for Facts<'_> {
    fn method(&self) -> &str {
        self.method
    }

    fn path(&self) -> &str {
        self.path
    }

    fn client(&self) -> Option<ClientKey> {
        self.client
    }

    fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(found, _)| found.eq_ignore_ascii_case(name));
        found.map(|(_, value)| *value)
    }

    fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(found, _)| *found == name).map(|(_, value)| *value)
    }
}
