//! A cache cluster that grows, loses a machine and keeps two copies in different zones. Run it:
//!
//! ```text
//! cargo run --example hashring --features hashring
//! ```

use std::error::Error;

use voussoir::hashring::{BoundedLoads, Maglev, Node, Placement, Ring, SharedRing};

fn main() -> Result<(), Box<dyn Error>> {
    let nodes = (0..6).map(|n| Node::new(format!("cache-{n}")).zone(["east", "west"][n % 2]));
    let cluster = SharedRing::new(Ring::builder().nodes(nodes).build()?);

    println!("who keeps what, in two zones:");
    show(&cluster.load());

    println!("\na machine twice as large joins:");
    let change = cluster.update(|ring| ring.add(Node::new("cache-6").weight(2).zone("east")))?;
    let plan = change.before().diff(change.after())?;
    println!(
        "  {:.1} % of the keys move, in {} ranges, all to it; it fetches for example",
        plan.fraction() * 100.0,
        plan.len()
    );
    for transfer in plan.transfers_to("cache-6").take(3) {
        println!("    {} from {}", transfer.range(), transfer.from().map_or("nobody", Node::id));
    }

    println!("\ncache-2 is lost, and two copies were kept of everything:");
    let change = cluster.update(|ring| ring.remove("cache-2"))?;
    let plan = change.before().diff_replicas(change.after(), 2)?;
    for node in change.after().nodes() {
        let ranges = plan.transfers_to(node.id()).count();
        println!("  {} copies {ranges} ranges from those that are left", node.id());
    }

    println!("\nwho keeps what now:");
    show(&cluster.load());

    println!("\nhow even it is:\n{}", cluster.load().balance_report());
    let ids: Vec<_> = cluster.load().nodes().to_vec();
    let table = Maglev::builder().nodes(ids).build()?;
    println!("and as a Maglev table:\n{}", table.balance_report());

    println!("\none hot key, and no node above 125 % of its part:");
    let mut bounded = BoundedLoads::new(table, 125)?;
    for _ in 0..1000 {
        bounded.assign(b"everybody-wants-this");
    }
    for (node, load) in bounded.loads() {
        println!("  {} {load}", node.id());
    }
    Ok(())
}

fn show(ring: &Ring) {
    for key in ["user:1", "user:2", "user:3"] {
        let kept = ring.replicas(key.as_bytes(), 2);
        let places: Vec<String> = kept
            .iter()
            .map(|node| format!("{} ({})", node.id(), node.zone_name().unwrap_or("nowhere")))
            .collect();
        println!("  {key}: {}", places.join(", then "));
    }
}
