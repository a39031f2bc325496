use thiserror::Error;

/// The worker id of a host that is one of a numbered set, as those of a Kubernetes `StatefulSet`
/// are: the number behind the last `-` of the name's first label.
///
/// Complexity: O(length), no allocation.
///
/// # Errors
///
/// When the name ends in no number, or in one that is not written as such a set writes it.
///
/// ```
/// use voussoir_idgen::worker_of_host;
///
/// assert_eq!(worker_of_host("shortener-12"), Ok(12));
/// assert_eq!(worker_of_host("shortener-12.shortener.default.svc.cluster.local"), Ok(12));
/// assert!(worker_of_host("shortener-5f7d9c-x2x4j").is_err());
/// ```
pub fn worker_of_host(name: &str) -> Result<u64, HostNameError> {
    let label = name.split('.').next().unwrap_or_default();
    let (_, ordinal) = label.rsplit_once('-').ok_or(HostNameError::NoOrdinal)?;
    if ordinal.is_empty() || !ordinal.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(HostNameError::NoOrdinal);
    }
    if ordinal.len() > 1 && ordinal.starts_with('0') {
        return Err(HostNameError::LeadingZero);
    }
    ordinal.parse().map_err(|_| HostNameError::TooLarge)
}

/// A host name that tells no worker id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum HostNameError {
    /// No number behind the last `-` of the first label.
    #[error("host name without ordinal; allowed: a name and a number, as in web-7")]
    NoOrdinal,
    /// The number has zeros in front, so that two names might mean one worker.
    #[error("ordinal of the host name with leading zero; allowed: as in web-7")]
    LeadingZero,
    /// The number is 2^64 or more.
    #[error("ordinal of the host name too large; allowed: up to 2^64 - 1")]
    TooLarge,
}
