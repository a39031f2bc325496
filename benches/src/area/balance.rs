//! A node for a call and the call's end, over ten nodes, against `pingora-load-balancing` (which
//! counts no calls in flight), `tower`'s balancer (which belongs to one caller), `weighted-rs`, and
//! what one would write by hand.

use core::future::Future;
use core::pin::pin;
use core::sync::atomic::{AtomicUsize, Ordering};
use core::task::{Context, Poll, Waker};
use core::time::Duration;
use std::sync::Arc;

use parking_lot::{Mutex, RwLock};
use pingora_load_balancing::LoadBalancer;
use pingora_load_balancing::prelude::RoundRobin;
use pingora_load_balancing::selection::{BackendIter, BackendSelection, Random};
use tower::balance::p2c::Balance;
use tower::discover::ServiceList;
use tower::load::{CompleteOnResponse, Load, PeakEwma, PendingRequests};
use tower::util::BoxService;
use tower_service::Service;
use voussoir::balance::{Algorithm, Balancer, Node, Pick};
use weighted_rs::{SmoothWeight, Weight};

use super::Area;
use crate::harness::case::{Case, Contestant, Timed};
use crate::harness::floor::Floor;
use crate::inputs::Inputs;

/// The area.
pub const AREA: Area =
    Area { name: "balance", about: "pick of ten nodes, and the call's end", cases };

const NODES: usize = 10;

fn cases(_: &Inputs) -> Vec<Case> {
    let cases = vec![
        round_robin(),
        weighted_round_robin(),
        random(),
        least_connections(),
        least_connections_busy(),
        power_of_two(),
        power_of_two_busy(),
        peak_ewma(),
        ordered(),
    ];
    cases.into_iter().map(Case::from).collect()
}

fn addresses() -> impl Iterator<Item = String> {
    (1..=NODES).map(|node| format!("127.0.0.1:{node}"))
}

fn balancer(algorithm: Algorithm) -> Balancer<String> {
    let nodes = addresses().zip(1..).map(|(id, weight)| Node::new(id.clone(), id).weight(weight));
    Balancer::builder(algorithm).nodes(nodes).build().expect("valid")
}

fn alike(algorithm: Algorithm) -> Balancer<String> {
    let nodes = addresses().map(|id| Node::new(id.clone(), id));
    Balancer::builder(algorithm).nodes(nodes).build().expect("valid")
}

fn ours(balancer: Balancer<String>) -> Contestant {
    Contestant::each("voussoir", move |_| balancer.pick().map(Pick::success).is_ok())
}

/// With some calls in flight at each node, which last as long as the case.
fn ours_busy(balancer: Balancer<String>) -> Contestant {
    let held: Vec<_> = (0..20 * NODES).map(|_| balancer.pick()).collect();
    Contestant::each("voussoir", move |_| {
        !held.is_empty() && balancer.pick().map(Pick::success).is_ok()
    })
}

fn pingora<S>(name: &str) -> Contestant
where
    S: BackendSelection + Send + Sync + 'static,
    S::Iter: BackendIter,
{
    let balancer = LoadBalancer::<S>::try_from_iter(addresses()).expect("addresses");
    let ready = pin!(balancer.update()).poll(&mut Context::from_waker(Waker::noop()));
    assert!(ready.is_ready(), "a fixed list is there at once");
    Contestant::each(name, move |_| balancer.select(b"", 256).is_some())
}

fn round_robin() -> Timed {
    let peers = vec![pingora::<RoundRobin>("pingora-load-balancing")];
    let case = Timed::new("round robin", ours(alike(Algorithm::RoundRobin)), peers);
    case.floor(Floor::FetchAdd).allocations()
}

/// Weights 1 to 10.
fn weighted_round_robin() -> Timed {
    let mut smooth = SmoothWeight::new();
    addresses().zip(1..).for_each(|(address, weight)| smooth.add(address, weight));
    let smooth = Mutex::new(smooth);
    let theirs =
        Contestant::each("weighted-rs in a mutex", move |_| smooth.lock().next().is_some());
    let ours = ours(balancer(Algorithm::WeightedRoundRobin));
    Timed::new("weighted round robin", ours, vec![theirs]).allocations()
}

fn random() -> Timed {
    let peers = vec![pingora::<Random>("pingora-load-balancing")];
    Timed::new("random", ours(alike(Algorithm::Random)), peers)
}

/// As it is written first: the nodes behind a lock, a count at each.
fn by_hand(held: usize) -> Contestant {
    let nodes: Vec<_> =
        addresses().map(|address| Arc::new((address, AtomicUsize::new(held)))).collect();
    let nodes = RwLock::new(nodes);
    Contestant::each("by hand, nodes behind a RwLock", move |_| {
        let nodes = nodes.read();
        let least = nodes.iter().min_by_key(|node| node.1.load(Ordering::Relaxed)).map(Arc::clone);
        drop(nodes);
        let Some(node) = least else { return false };
        node.1.fetch_add(1, Ordering::Relaxed);
        let found = !node.0.is_empty();
        node.1.fetch_sub(1, Ordering::Relaxed);
        found
    })
}

fn least_connections() -> Timed {
    let ours = ours(alike(Algorithm::LeastConnections));
    Timed::new("least connections, idle", ours, vec![by_hand(0)]).allocations()
}

fn least_connections_busy() -> Timed {
    let ours = ours_busy(alike(Algorithm::LeastConnections));
    Timed::new("least connections, busy", ours, vec![by_hand(20)])
}

/// `tower`'s balancer over services that answer at once.
fn tower<L>(name: &str, load: impl Fn(BoxService<(), (), ()>) -> L) -> Contestant
where
    L: Service<(), Response = (), Error = ()> + Load + Send + 'static,
    L::Metric: core::fmt::Debug,
    L::Future: Send,
{
    let service = |_| load(BoxService::new(tower::service_fn(|()| async { Ok(()) })));
    let services: Vec<L> = (0..NODES).map(service).collect();
    let balance = Mutex::new(Balance::new(ServiceList::new::<()>(services)));
    Contestant::looping(name, move |span| {
        let mut balance = balance.lock();
        let mut context = Context::from_waker(Waker::noop());
        let mut one = |_| {
            if !matches!(balance.poll_ready(&mut context), Poll::Ready(Ok(()))) {
                return 0;
            }
            u64::from(pin!(balance.call(())).poll(&mut context).is_ready())
        };
        span.indices().map(|index| one(index)).sum()
    })
}

fn power_of_two() -> Timed {
    let pending = |service| PendingRequests::new(service, CompleteOnResponse::default());
    let peers = vec![tower("tower, one caller's own", pending)];
    let ours = ours(alike(Algorithm::PowerOfTwo));
    Timed::new("power of two, idle", ours, peers).allocations()
}

fn power_of_two_busy() -> Timed {
    let ours = ours_busy(alike(Algorithm::PowerOfTwo));
    Timed::new("power of two, busy", ours, vec![by_hand(20)])
}

/// Reads the clock twice.
fn peak_ewma() -> Timed {
    let load = |service| {
        let (rtt, decay) = (Duration::from_millis(1), 10e9);
        PeakEwma::new(service, rtt, decay, CompleteOnResponse::default())
    };
    let peers = vec![tower("tower, one caller's own", load)];
    Timed::new("peak EWMA, std clock", ours(alike(Algorithm::PeakEwma)), peers)
        .floor(Floor::Instant)
}

/// The first of three candidates, as a ring names them.
fn ordered() -> Timed {
    let balancer = alike(Algorithm::RoundRobin);
    let lists: Vec<[String; 3]> = (0..NODES)
        .map(|first| [0, 1, 2].map(|next| format!("127.0.0.1:{}", 1 + (first + next) % NODES)))
        .collect();
    let ours = Contestant::each("voussoir", move |index| {
        balancer.pick_ordered(&lists[index % NODES]).map(Pick::success).is_ok()
    });
    let peers = vec![pingora::<pingora_load_balancing::selection::Consistent>(
        "pingora-load-balancing, ring included",
    )];
    Timed::new("ordered candidates", ours, peers)
}
