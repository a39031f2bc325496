//! Twelve workers call three nodes, of which one is slow, one begins to fail, and one is drained. Run
//! it:
//!
//! ```text
//! cargo run --example balance --features balance
//! ```

use std::error::Error;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use voussoir::balance::{Algorithm, Balancer, EjectionPolicy, Event, Health, Node, SlowStart};

/// What a node needs to be reached: here how long a call of it takes, and whether it fails.
struct Server {
    takes: Duration,
    broken: AtomicBool,
}

impl Server {
    fn taking(millis: u64) -> Self {
        Self { takes: Duration::from_millis(millis), broken: AtomicBool::new(false) }
    }

    fn call(&self) -> Result<(), ()> {
        thread::sleep(self.takes);
        if self.broken.load(Ordering::Relaxed) { Err(()) } else { Ok(()) }
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let balancer = Balancer::builder(Algorithm::LeastConnections)
        // Away for a second when more than half of the calls of 100 ms fail, if they are 20.
        .ejection(EjectionPolicy {
            window: Duration::from_millis(100),
            base: Duration::from_secs(1),
            ..Default::default()
        })
        .slow_start(SlowStart { window: Duration::from_millis(300), ..Default::default() })
        .observer(|event: &Event<'_>| println!("  * {event}"))
        .node(Node::new("quick", Server::taking(2)))
        .node(Node::new("quick too", Server::taking(2)))
        .node(Node::new("slow", Server::taking(20)))
        .build()?;

    let done = AtomicBool::new(false);
    thread::scope(|scope| -> Result<(), Box<dyn Error>> {
        for _ in 0..12 {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    call(&balancer);
                }
            });
        }
        // However the telling ends, the workers do too.
        let _end = Finally(&done);
        tell(&balancer)
    })
}

/// Says at the end of its scope that it is reached.
struct Finally<'a>(&'a AtomicBool);

impl Drop for Finally<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// One call, and a second try at another node if it fails.
fn call(balancer: &Balancer<Server>) {
    let Ok(pick) = balancer.pick() else { return };
    let tried = pick.id().to_owned();
    if pick.value().call().is_ok() {
        pick.success();
        return;
    }
    pick.failure();
    let Ok(pick) = balancer.pick_excluding(&[&tried]) else { return };
    if pick.value().call().is_ok() {
        pick.success()
    } else {
        pick.failure()
    };
}

/// Five scenes of the same traffic.
fn tell(balancer: &Balancer<Server>) -> Result<(), Box<dyn Error>> {
    watch(balancer, "all are well: the slow one gets fewer calls");

    balancer.pick_ordered(["quick"])?.value().broken.store(true, Ordering::Relaxed);
    watch(balancer, "calls of `quick` fail: it is ejected");

    balancer.drain("slow")?;
    watch(balancer, "`slow` drains: its calls end, no new ones begin");
    println!("  `slow` is idle and can be stopped: {}\n", balancer.is_idle("slow")?);

    // Forced up it may serve at once; the ejection would otherwise end by itself.
    balancer.force("quick", Some(Health::Healthy))?;
    balancer.pick_ordered(["quick"])?.value().broken.store(false, Ordering::Relaxed);
    watch(balancer, "`quick` is repaired and forced up: it starts slowly");

    balancer.force("quick", None)?;
    balancer.undrain("slow")?;
    watch(balancer, "the drain ends: all serve again");
    Ok(())
}

fn watch(balancer: &Balancer<Server>, scene: &str) {
    println!("{scene}");
    let before = balancer.nodes();
    thread::sleep(Duration::from_millis(300));
    for (node, before) in balancer.nodes().iter().zip(before) {
        let (calls, in_flight) = (node.picks - before.picks, node.in_flight);
        let serves = if node.available { "serves" } else { "does not serve" };
        println!("  {:<10} {calls:>5} calls, {in_flight} in flight, {serves}", node.id);
    }
    println!();
}
