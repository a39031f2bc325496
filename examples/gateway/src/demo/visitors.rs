//! Visitors of the demo. Each has an address of its own on the loopback network, 127.0.1.1 and up,
//! so that the limiter sees clients as it would in the open; a system that knows only 127.0.0.1
//! gets no visitors.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use http::header::{HOST, USER_AGENT};
use http::uri::Authority;
use http::{HeaderValue, Request, Uri};
use http_body_util::BodyExt;
use tokio::time::sleep;

use super::Traffic;
use crate::body::RequestBody;
use crate::connection::{ExchangeError, Pool};
use crate::shutdown::Lease;

/// Requests a second of each visitor on a calm day, and how much that swells and ebbs, in seconds
/// a wave. The last asks for more than the default limit gives.
const VISITORS: [(f64, f64); 6] =
    [(5.0, 23.0), (7.0, 31.0), (4.0, 17.0), (8.0, 41.0), (6.0, 13.0), (26.0, 37.0)];

/// Lets all visitors come.
pub(super) fn come(gateway: SocketAddr, traffic: &Arc<AtomicU8>, lease: &Lease) {
    let reachable = match gateway.ip() {
        IpAddr::V4(address) => address.is_loopback() || address.is_unspecified(),
        IpAddr::V6(_) => false,
    };
    let target = SocketAddr::from((Ipv4Addr::LOCALHOST, gateway.port())).to_string();
    let Ok(target) = target.parse::<Authority>() else { return };
    if !reachable {
        tracing::info!("the demo's visitors only come to an IPv4 loopback address");
        return;
    }
    for (number, (rate, wave)) in (1..).zip(VISITORS) {
        let source = IpAddr::from([127, 0, 1, number]);
        let pool = Arc::new(Pool::new(&target, Duration::from_secs(1)).from(source));
        let visitor = Visitor { pool, target: target.clone(), rate, wave };
        let (traffic, mut lease) = (Arc::clone(traffic), lease.clone());
        tokio::spawn(async move {
            tokio::select! {
                () = visitor.visit(&traffic) => {}
                () = lease.draining() => {}
            }
        });
    }
}

struct Visitor {
    pool: Arc<Pool>,
    target: Authority,
    rate: f64,
    wave: f64,
}

impl Visitor {
    /// Asks on and on, at its own pace whether answers come or not.
    async fn visit(self, traffic: &AtomicU8) {
        let born = std::time::Instant::now();
        let mut count = 0_u64;
        loop {
            let liveliness = match Traffic::from_stored(traffic.load(Ordering::Relaxed)) {
                Traffic::Off => {
                    sleep(Duration::from_millis(200)).await;
                    continue;
                }
                Traffic::Calm => 1.0,
                Traffic::Busy => 4.0,
            };
            let phase = born.elapsed().as_secs_f64() / self.wave * std::f64::consts::TAU;
            let rate = self.rate * liveliness * (1.0 + 0.6 * phase.sin());
            count += 1;
            let stirred = count.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56;
            let jitter = 0.4 + stirred as f64 / 213.0;
            sleep(Duration::from_secs_f64(jitter / rate)).await;
            tokio::spawn(ask(Arc::clone(&self.pool), self.target.clone(), count));
        }
    }
}

async fn ask(pool: Arc<Pool>, target: Authority, count: u64) {
    const PATHS: [&str; 4] = ["/hello", "/orders", "/orders/42", "/search"];
    let mut request = Request::new(RequestBody::Empty);
    *request.uri_mut() = Uri::from_static(PATHS[count as usize % PATHS.len()]);
    let Ok(host) = HeaderValue::from_str(target.as_str()) else { return };
    request.headers_mut().insert(HOST, host);
    request.headers_mut().insert(USER_AGENT, HeaderValue::from_static("demo-visitor"));
    match pool.exchange(request, Duration::from_secs(10)).await {
        Ok((response, connection)) => {
            let mut body = response.into_body();
            while let Some(Ok(_)) = body.frame().await {}
            connection.release();
        }
        Err(ExchangeError::Unsent { cause, .. }) => {
            tracing::debug!(%cause, "a visitor found the door closed");
        }
        Err(_) => {}
    }
}
