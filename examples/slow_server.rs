//! One of ten nodes is ten times as slow as the others. A simulation, in virtual time, of what the
//! callers feel with each way to balance. Run it:
//!
//! ```text
//! cargo run --release --example slow_server --features balance
//! cargo run --release --example slow_server --features balance -- --svg > slow-server.svg
//! ```

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::error::Error;
use std::fmt::Write;
use std::net::IpAddr;
use std::time::Duration;

use voussoir::Random;
use voussoir::balance::{Algorithm, Balancer, Node, Pick};
use voussoir::time::{Clock, ManualClock, Nanos};

const NODES: usize = 10;
/// Calls that a node works on at a time; others wait in its line.
const WORKERS: usize = 8;
const USUAL: Duration = Duration::from_millis(10);
const SLOW: Duration = Duration::from_millis(100);
/// 60 % of what the nodes can do together.
const CALLS_A_SECOND: f64 = 0.6 * WORKERS as f64 * (9.0 / 0.01 + 1.0 / 0.1);
const CALLS: usize = 300_000;

const ALGORITHMS: [Algorithm; 7] = [
    Algorithm::RoundRobin,
    Algorithm::Random,
    Algorithm::IpHash,
    Algorithm::LeastConnections,
    Algorithm::PowerOfTwo,
    Algorithm::LeastResponseTime,
    Algorithm::PeakEwma,
];

type Call = (Pick<usize, ManualClock>, Nanos);

/// What callers felt: the latencies in order, and the slow node's share of the calls.
struct Felt {
    latencies: Vec<Duration>,
    slow_share: f64,
}

impl Felt {
    /// What all but one of `one_in` calls stayed below.
    fn worst(&self, one_in: usize) -> f64 {
        let rank = self.latencies.len() - 1 - self.latencies.len() / one_in;
        self.latencies[rank].as_secs_f64() * 1e3
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut felt = Vec::new();
    for algorithm in ALGORITHMS {
        felt.push((algorithm, simulate(algorithm)?));
    }
    if std::env::args().any(|word| word == "--svg") {
        print!("{}", picture(&felt)?);
        return Ok(());
    }
    println!("{CALLS} calls, milliseconds to the answer:\n");
    println!("{:<22} {:>9} {:>9} {:>9} {:>9}", "", "half", "1 in 100", "1 in 1000", "slow node");
    for (algorithm, felt) in felt {
        println!(
            "{algorithm:<22} {:>9.1} {:>9.1} {:>9.1} {:>8.2} %",
            felt.worst(2),
            felt.worst(100),
            felt.worst(1_000),
            felt.slow_share * 100.0
        );
    }
    println!("\nThe slow node can do 1.1 % of the work. Who gives it more makes a queue there.");
    Ok(())
}

/// Calls come by chance and take times by chance (both exponential), from the same seed for all.
fn simulate(algorithm: Algorithm) -> Result<Felt, Box<dyn Error>> {
    let clock = ManualClock::new();
    let nodes = (0..NODES).map(|index| Node::new(index.to_string(), index));
    let builder = Balancer::builder(algorithm).seed(7).nodes(nodes);
    let balancer = builder.clock(clock.clone()).build()?;

    let mut random = Random::seeded(1);
    let mut lines: [VecDeque<Call>; NODES] = Default::default();
    // When the next call ends, and of which node. The calls themselves stand at the side, by number.
    let mut ends: BinaryHeap<Reverse<(Nanos, usize)>> = BinaryHeap::new();
    let mut running: Vec<Option<Call>> = Vec::new();
    let mut busy = [0; NODES];
    let (mut latencies, mut slow_calls) = (Vec::with_capacity(CALLS), 0);
    let mut next_arrival = Nanos::ZERO;
    let mut arrivals = 0;

    while latencies.len() < CALLS {
        let next_end = ends.peek().map_or(Nanos::MAX, |Reverse((at, _))| *at);
        let freed = if arrivals < CALLS && next_arrival <= next_end {
            clock.set(next_arrival);
            let gap = exponential(&mut random, Duration::from_secs_f64(1.0 / CALLS_A_SECOND));
            next_arrival = next_arrival.saturating_add(gap);
            arrivals += 1;
            let client = IpAddr::from((random.next_u64() as u32).to_be_bytes());
            let pick = balancer.pick_for_ip(client, |_| true)?;
            let node = *pick.value();
            slow_calls += usize::from(node == 0);
            lines[node].push_back((pick, clock.now()));
            node
        } else {
            let Some(Reverse((at, number))) = ends.pop() else { break };
            clock.set(at);
            let Some((pick, begun)) = running[number].take() else { break };
            let node = *pick.value();
            latencies.push(at.saturating_duration_since(begun));
            pick.success();
            busy[node] -= 1;
            node
        };
        // Who has a worker free takes the next of its line.
        if busy[freed] < WORKERS
            && let Some(call) = lines[freed].pop_front()
        {
            busy[freed] += 1;
            let mean = if freed == 0 { SLOW } else { USUAL };
            let at = clock.now().saturating_add(exponential(&mut random, mean));
            ends.push(Reverse((at, running.len())));
            running.push(Some(call));
        }
    }
    latencies.sort_unstable();
    Ok(Felt { latencies, slow_share: slow_calls as f64 / CALLS as f64 })
}

fn exponential(random: &mut Random, mean: Duration) -> Duration {
    mean.mul_f64(-(1.0 - random.fraction()).ln())
}

/// Bars on a logarithmic scale: what 1 in 1,000 calls takes.
fn picture(felt: &[(Algorithm, Felt)]) -> Result<String, std::fmt::Error> {
    let (left, width, row) = (170.0, 480.0, 30.0);
    let height = row * felt.len() as f64 + 50.0;
    // From 10 ms to 1,000 s, five decades.
    let x = |millis: f64| left + width * (millis / 10.0).log10().clamp(0.0, 5.0) / 5.0;
    let mut svg = String::new();
    let label =
        felt.iter().map(|(algorithm, felt)| format!("{algorithm} {:.0}", felt.worst(1_000)));
    let label = label.collect::<Vec<_>>().join(", ");
    writeln!(
        svg,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 720 {height}\" role=\"img\" \
         aria-label=\"Milliseconds that 1 in 1000 calls takes with one slow node of ten: {label}\" \
         font-family=\"sans-serif\" font-size=\"13\" fill=\"currentColor\">"
    )?;
    for (millis, text) in
        [(10.0, "10 ms"), (1e2, "100 ms"), (1e3, "1 s"), (1e4, "10 s"), (1e5, "100 s")]
    {
        let (at, end) = (x(millis), height - 30.0);
        writeln!(
            svg,
            "<path d=\"M{at:.0} 10V{end}\" stroke=\"currentColor\" stroke-opacity=\"0.2\"/>\
             <text x=\"{at:.0}\" y=\"{:.0}\" text-anchor=\"middle\">{text}</text>",
            end + 18.0
        )?;
    }
    for (index, (algorithm, felt)) in felt.iter().enumerate() {
        let top = 14.0 + row * index as f64;
        let (half, worst) = (felt.worst(2), felt.worst(1_000));
        writeln!(
            svg,
            "<text x=\"{:.0}\" y=\"{:.0}\" text-anchor=\"end\">{algorithm}</text>\
             <rect x=\"{left}\" y=\"{top:.0}\" width=\"{:.0}\" height=\"18\" fill-opacity=\"0.45\"/>\
             <text x=\"{:.0}\" y=\"{:.0}\">{}</text>",
            left - 8.0,
            top + 13.0,
            x(worst) - left,
            x(worst) + 5.0,
            top + 13.0,
            if worst < 1e3 { format!("{worst:.0} ms") } else { format!("{:.0} s", worst / 1e3) },
        )?;
        if half > 10.0 {
            writeln!(
                svg,
                "<rect x=\"{left}\" y=\"{top:.0}\" width=\"{:.0}\" height=\"18\" fill-opacity=\"0.4\"/>",
                x(half) - left
            )?;
        }
    }
    svg.push_str("</svg>\n");
    Ok(svg)
}
