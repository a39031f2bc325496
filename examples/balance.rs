//! Twelve workers call three nodes, of which one is slow, one falls ill and one is drained. Run it:
//!
//! ```text
//! cargo run --example balance --features balance
//! ```

use std::error::Error;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use voussoir::balance::{Algorithm, Balancer, Node, Probe};

fn main() -> Result<(), Box<dyn Error>> {
    // What a node needs to be reached: here only how long a call of it takes.
    let balancer = Balancer::builder(Algorithm::LeastConnections)
        .node(Node::new("quick", Duration::from_millis(2)))
        .node(Node::new("quick too", Duration::from_millis(2)))
        .node(Node::new("slow", Duration::from_millis(20)))
        .build()?;

    let done = AtomicBool::new(false);
    thread::scope(|scope| -> Result<(), Box<dyn Error>> {
        for _ in 0..12 {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    match balancer.pick() {
                        Ok(pick) => {
                            thread::sleep(*pick.value());
                            pick.success();
                        }
                        Err(none) => eprintln!("{none}"),
                    }
                }
            });
        }
        let told = tell(&balancer);
        done.store(true, Ordering::Relaxed);
        told
    })
}

/// Four scenes of the same traffic.
fn tell(balancer: &Balancer<Duration>) -> Result<(), Box<dyn Error>> {
    watch(balancer, "all are well: the slow one gets fewer calls");

    for _ in 0..3 {
        balancer.report("quick", Probe::Failure)?;
    }
    watch(balancer, "`quick` failed three checks: it gets none");

    balancer.drain("slow")?;
    watch(balancer, "`slow` drains: its calls end, no new ones begin");
    println!("`slow` is idle and can be stopped: {}\n", balancer.is_idle("slow")?);

    balancer.report("quick", Probe::Success)?;
    balancer.report("quick", Probe::Success)?;
    balancer.undrain("slow")?;
    watch(balancer, "two good checks, drain ended: all serve again");
    Ok(())
}

fn watch(balancer: &Balancer<Duration>, scene: &str) {
    let before = balancer.nodes();
    thread::sleep(Duration::from_millis(300));
    println!("{scene}");
    for (node, before) in balancer.nodes().iter().zip(before) {
        let (calls, in_flight) = (node.picks - before.picks, node.in_flight);
        println!("  {:<10} {calls:>5} calls, {in_flight} in flight, {}", node.id, node.health);
    }
    println!();
}
