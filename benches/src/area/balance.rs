//! A node for a call and the call's end, over ten nodes, against `tower`'s balancer (which belongs to
//! one caller), `weighted-rs`, and what one would write by hand. `pingora-load-balancing` would be
//! another, but for the cmake that building it takes.

use core::convert::Infallible;
use core::future::{Future, Ready, ready};
use core::hint::black_box;
use core::pin::pin;
use core::sync::atomic::{AtomicUsize, Ordering};
use core::task::{Context, Poll, Waker};
use core::time::Duration;
use std::sync::Arc;

use parking_lot::{Mutex, RwLock};
use tower::balance::p2c::Balance;
use tower::discover::ServiceList;
use tower::load::{CompleteOnResponse, Load, PeakEwma, PendingRequests};
use tower::util::ServiceFn;
use tower_service::Service;
use voussoir::balance::{Algorithm, Balancer, Node, Pick};
use weighted_rs::{SmoothWeight, Weight};

use super::Area;
use crate::harness::case::{Case, Contestant, Timed};
use crate::harness::floor::Floor;
use crate::inputs::{Inputs, SplitMix};

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

type Counted = Arc<(String, AtomicUsize)>;

/// As it is written first: the nodes behind a lock, a count at each.
fn by_hand(
    held: usize,
    choose: impl Fn(&[Counted]) -> Option<&Counted> + Send + Sync + 'static,
) -> Contestant {
    let counted = |address| Arc::new((address, AtomicUsize::new(held)));
    let nodes: RwLock<Vec<Counted>> = RwLock::new(addresses().map(counted).collect());
    Contestant::each("by hand, nodes behind a RwLock", move |_| {
        let nodes = nodes.read();
        let Some(node) = choose(&nodes).map(Arc::clone) else { return false };
        drop(nodes);
        node.1.fetch_add(1, Ordering::Relaxed);
        let found = !black_box(&node.0).is_empty();
        node.1.fetch_sub(1, Ordering::Relaxed);
        found
    })
}

fn least(nodes: &[Counted]) -> Option<&Counted> {
    nodes.iter().min_by_key(|node| node.1.load(Ordering::Relaxed))
}

fn round_robin() -> Timed {
    let turn = AtomicUsize::new(0);
    let by_hand = by_hand(0, move |nodes| {
        nodes.get(turn.fetch_add(1, Ordering::Relaxed) % nodes.len().max(1))
    });
    let case = Timed::new("round robin", ours(alike(Algorithm::RoundRobin)), vec![by_hand]);
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
    let dice = Mutex::new(SplitMix::new(1));
    let by_hand =
        by_hand(0, move |nodes| nodes.get(dice.lock().below(nodes.len() as u64) as usize));
    Timed::new("random", ours(alike(Algorithm::Random)), vec![by_hand])
}

fn least_connections() -> Timed {
    let ours = ours(alike(Algorithm::LeastConnections));
    Timed::new("least connections, idle", ours, vec![by_hand(0, least)]).allocations()
}

fn least_connections_busy() -> Timed {
    let ours = ours_busy(alike(Algorithm::LeastConnections));
    Timed::new("least connections, busy", ours, vec![by_hand(20, least)])
}

/// A service that answers at once, at no cost of its own.
type Instantly = ServiceFn<fn(()) -> Ready<Result<(), Infallible>>>;

/// `tower`'s balancer over such services.
fn tower<L>(name: &str, load: impl Fn(Instantly) -> L) -> Contestant
where
    L: Service<(), Response = (), Error = Infallible> + Load + Send + 'static,
    L::Metric: core::fmt::Debug,
    L::Future: Send,
{
    let service = |_| load(tower::service_fn(|()| ready(Ok(()))));
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
    Timed::new("power of two, busy", ours, vec![by_hand(20, least)])
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
    let by_hand = by_hand(0, |nodes| nodes.iter().find(|node| node.0 == black_box("127.0.0.1:5")));
    Timed::new("ordered candidates", ours, vec![by_hand])
}
