//! Five nodes in memory, three replicas of each key, and what goes wrong: each promise, kept and broken.
//! Run it:
//!
//! ```text
//! cargo run --example quorum --features quorum
//! ```

use std::error::Error;
use std::time::Duration;

use voussoir::quorum::{
    ActorId, DvvSet, Exponential, Failure, HintLimits, HintStore, Hints, Hlc, Merkle, PhiAccrual,
    Quorum, ReadMode, ReadOp, ReadOutcome, ReadStep, Replicas, Stamp, VectorClock, WriteOp,
    WriteOutcome, WriteStep,
};
use voussoir::time::Nanos;

/// A register on five nodes; the first three are its replicas, the others may stand in.
struct Cluster {
    nodes: [Option<(Stamp, &'static str)>; 5],
    up: Replicas,
    clock: Hlc,
    actor: ActorId,
    hints: HintStore<u8, (Stamp, &'static str)>,
    quorum: Quorum,
}

impl Cluster {
    fn new() -> Result<Self, Box<dyn Error>> {
        Ok(Self {
            nodes: [None; 5],
            up: Replicas::first(5),
            clock: Hlc::builder().build()?,
            actor: ActorId::new(1, 0)?,
            hints: HintStore::new(HintLimits::default())?,
            quorum: Quorum::nrw(3, 2, 2)?,
        })
    }

    /// Writes, reaching only `reached` of those that the coordinator takes to be up.
    fn write(
        &mut self,
        value: &'static str,
        hints: Hints,
        reached: Replicas,
    ) -> Result<WriteOutcome, Box<dyn Error>> {
        let stamp = Stamp::new(self.clock.tick()?, self.actor);
        let mut write = WriteOp::new(&self.quorum).hints(hints, 2);
        let mut outcome = None;
        let mut to_do = vec![write.start(self.up)];
        while let Some(step) = to_do.pop() {
            match step {
                WriteStep::Wait => {}
                WriteStep::Done(done) => outcome = Some(done),
                WriteStep::Send(to) => {
                    for node in to {
                        if !reached.contains(node) {
                            to_do.push(write.on_fail(node, Failure::Unknown));
                            continue;
                        }
                        match write.stands_in_for(node) {
                            Some(replica) => {
                                self.hints.push(replica, (stamp, value), 32, Nanos::ZERO)?;
                                println!("    node {node} keeps a hint for node {replica}");
                            }
                            None => self.nodes[usize::from(node)] = Some((stamp, value)),
                        }
                        to_do.push(write.on_ack(node));
                    }
                }
            }
        }
        match (outcome, write.on_deadline()) {
            (Some(outcome), _) | (None, WriteStep::Done(outcome)) => Ok(outcome),
            _ => Err("an operation has an outcome".into()),
        }
    }

    /// Reads from `asked`, in this order.
    fn read(&mut self, mode: ReadMode, asked: &[u8]) -> Result<&'static str, Box<dyn Error>> {
        let mut read = ReadOp::<Stamp>::new(&self.quorum, mode)?;
        let mut answer = "nobody has it";
        let mut to_do = vec![read.start(self.up)];
        while let Some(step) = to_do.pop() {
            match step {
                ReadStep::Wait => {}
                ReadStep::Send { data, .. } => {
                    for &node in asked.iter().filter(|&&node| data.contains(node)) {
                        let stamp = self.nodes[usize::from(node)].map(|(stamp, _)| stamp);
                        to_do.insert(0, read.on_reply(node, stamp.as_ref()));
                    }
                }
                ReadStep::WriteBack(to) | ReadStep::Repair(to) => {
                    let newest =
                        self.nodes.into_iter().flatten().find(|(s, _)| Some(s) == read.newest());
                    for node in to & self.up {
                        println!("    written back to node {node}");
                        self.nodes[usize::from(node)] = newest;
                        to_do.push(read.on_written_back(node));
                    }
                }
                ReadStep::Done(ReadOutcome::Found { .. }) => {
                    let newest =
                        self.nodes.into_iter().flatten().find(|(s, _)| Some(s) == read.newest());
                    answer = newest.map_or(answer, |(_, value)| value);
                }
                ReadStep::Done(outcome) => println!("    {outcome}"),
            }
        }
        Ok(answer)
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let all = Replicas::first(5);
    let mut cluster = Cluster::new()?;
    let facts = (cluster.quorum.tolerates(), cluster.quorum.availability(0.99));
    println!("{}", cluster.quorum);
    println!(
        "  {} may be down; writes are possible {:.4} % of the time",
        facts.0.writes,
        facts.1.write * 100.0
    );

    println!("\n1. All are up:");
    println!("  write \"one\": {}", cluster.write("one", Hints::Off, all)?);

    println!("\n2. The coordinator reaches node 0 alone, and does not know it:");
    println!("  write \"two\": {}", cluster.write("two", Hints::Off, Replicas::one(0))?);
    println!("  That is not \"failed\": node 0 has it.");

    println!("\n3. Fast reads of two replicas, while it is so:");
    println!("  from nodes 0 and 1: {:?}", cluster.read(ReadMode::Fast, &[0, 1])?);
    println!("  from nodes 1 and 2: {:?}, which is older", cluster.read(ReadMode::Fast, &[1, 2])?);

    println!("\n4. The same, linearizable:");
    println!("  from nodes 0 and 1: {:?}", cluster.read(ReadMode::Linearizable, &[0, 1])?);
    println!(
        "  from nodes 1 and 2: {:?}, and never older again",
        cluster.read(ReadMode::Linearizable, &[1, 2])?
    );

    println!("\n5. Nodes 1 and 2 are down:");
    cluster.up = Replicas::from([0, 3, 4]);
    println!("  write \"three\", strict: {}", cluster.write("three", Hints::Off, all)?);
    println!("  write \"three\", sloppy: {}", cluster.write("three", Hints::Count, all)?);

    println!("\n6. They are back, and node 0 is away:");
    cluster.up = Replicas::from([1, 2, 3, 4]);
    println!(
        "  a read of nodes 1 and 2: {:?}; the sloppy write is missed",
        cluster.read(ReadMode::Fast, &[1, 2])?
    );
    for replica in [1, 2_u8] {
        let pending: Vec<_> =
            cluster.hints.pending(&replica).map(|(id, hint)| (id, *hint)).collect();
        for (id, hint) in pending {
            cluster.nodes[usize::from(replica)] = Some(hint);
            cluster.hints.acknowledge(&replica, id);
        }
    }
    println!("  after the hints were handed over: {:?}", cluster.read(ReadMode::Fast, &[1, 2])?);

    siblings()?;
    differences()?;
    suspicion()
}

fn siblings() -> Result<(), Box<dyn Error>> {
    println!("\n7. Two clients write at once, through two replicas:");
    let (a, b) = (ActorId::new(1, 0)?, ActorId::new(2, 0)?);
    let (mut at_a, mut at_b) = (DvvSet::new(), DvvSet::new());
    at_a.put(&VectorClock::new(), &a, "milk")?;
    at_b.put(&VectorClock::new(), &b, "eggs")?;
    at_a.sync(&at_b);
    println!("  both stand: {:?}", at_a.values().collect::<Vec<_>>());
    let token = at_a.context().to_text();
    println!("  the client reads them with this context: {token}");
    at_b.put(&token.parse()?, &b, "milk and eggs")?;
    at_a.sync(&at_b);
    println!("  and writes with it: {:?}", at_a.values().collect::<Vec<_>>());
    Ok(())
}

fn differences() -> Result<(), Box<dyn Error>> {
    println!("\n8. Two replicas of 10,000 keys, one of which differs:");
    let (mut here, mut there) = (Merkle::new(4, [7; 16])?, Merkle::new(4, [7; 16])?);
    for key in 0..10_000_u64 {
        let position = key.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let (old, new) =
            (here.entry(&key.to_le_bytes(), b"1"), here.entry(&key.to_le_bytes(), b"2"));
        here.update(position, None, Some(if key == 4242 { new } else { old }));
        there.update(position, None, Some(old));
    }
    for range in here.diff(&there)? {
        println!("  to be exchanged: positions {:#018x} to {:#018x}", range.first, range.last);
    }
    Ok(())
}

fn suspicion() -> Result<(), Box<dyn Error>> {
    println!("\n9. A node that sent a heartbeat each second has fallen silent:");
    let mut phi = PhiAccrual::new(Exponential, 100, Duration::from_secs(1))?;
    (0..60).for_each(|second| phi.heartbeat(Nanos::from_secs(second)));
    for silent in [1, 5, 10, 20] {
        let now = phi.phi(Nanos::from_secs(59 + silent));
        let verdict = if now < 8.0 { "up" } else { "down" };
        println!("  after {silent:>2} s: phi {now:.1}, {verdict}");
    }
    Ok(())
}
