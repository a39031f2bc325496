//! WebSocket and other protocols that a connection switches to: after the upstream has agreed,
//! bytes go both ways and nobody looks at them.

use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio::io::copy_bidirectional;

use crate::flight::Flight;
use crate::shutdown::Lease;

/// The two ends of a switched connection.
#[derive(Debug)]
pub(crate) struct Tunnel {
    client: OnUpgrade,
    upstream: OnUpgrade,
    /// Keeps the tunnel in the upstream's count.
    flight: Flight,
}

impl Tunnel {
    pub(crate) fn new(client: OnUpgrade, upstream: OnUpgrade, flight: Flight) -> Self {
        Self { client, upstream, flight }
    }

    /// Carries bytes until either side ends, or the gateway stops and cuts it.
    pub(crate) fn open(self, mut lease: Lease) {
        let Self { client, upstream, flight } = self;
        tokio::spawn(async move {
            let carry = async {
                let (client, upstream) = tokio::try_join!(client, upstream)?;
                let (mut client, mut upstream) = (TokioIo::new(client), TokioIo::new(upstream));
                copy_bidirectional(&mut client, &mut upstream).await?;
                Ok::<_, Box<dyn std::error::Error + Send + Sync>>(())
            };
            tokio::select! {
                carried = carry => if let Err(error) = carried {
                    tracing::debug!(%error, "a tunnel ended badly");
                },
                () = lease.cut() => {}
            }
            drop(flight);
        });
    }
}
