//! Draws the pictures of the crate `voussoir-hashring` from what its code does:
//!
//! ```text
//! cargo run --release -p voussoir-benches --bin hashring_pictures -- crates/hashring/docs
//! ```

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use voussoir::Random;
use voussoir::hashring::{
    BoundedLoads, HashFunction, Jump, Layout, Maglev, MultiProbe, Node, Placement, Rendezvous, Ring,
};

fn main() -> ExitCode {
    let Some(folder) = std::env::args_os().nth(1).map(PathBuf::from) else {
        eprintln!("which folder are the pictures for?");
        return ExitCode::from(2);
    };
    for (name, picture) in [("balance.svg", balance()), ("movement.svg", movement())] {
        if let Err(wrong) = std::fs::write(folder.join(name), picture) {
            eprintln!("cannot write {name}: {wrong}");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

fn named(nodes: u32) -> impl Iterator<Item = String> {
    (0..nodes).map(|node| format!("node-{node:04}"))
}

/// How many rings, each of another seed, are looked at for a point of a line.
const RINGS: u64 = 100;

const VNODES: [u32; 9] = [10, 25, 50, 100, 160, 250, 400, 640, 1000];

/// Mean and 99th percentile of the busiest node's load.
fn peak(nodes: u32, vnodes: u32) -> (f64, f64) {
    let ring = |seed| {
        let hash = HashFunction::Xxh3 { seed };
        Ring::builder().hash(hash).vnodes(vnodes).nodes(named(nodes)).build().expect("valid")
    };
    let mut peaks: Vec<f64> =
        (0..RINGS).map(|seed| ring(seed).balance_report().peak_to_average()).collect();
    peaks.sort_by(f64::total_cmp);
    (peaks.iter().sum::<f64>() / RINGS as f64, peaks[RINGS as usize * 99 / 100 - 1])
}

const WIDTH: f64 = 640.0;

fn head(picture: &mut String, height: f64, label: &str) {
    let _ = writeln!(
        picture,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"100%\" \
         style=\"max-width:{WIDTH}px\" role=\"img\" aria-label=\"{label}\" \
         font-family=\"sans-serif\" font-size=\"13\" fill=\"currentColor\">"
    );
}

fn text(picture: &mut String, x: f64, y: f64, anchor: &str, words: &str) {
    let _ = writeln!(
        picture,
        "<text x=\"{x:.0}\" y=\"{y:.0}\" text-anchor=\"{anchor}\">{words}</text>"
    );
}

/// Lines of the busiest node's load over the number of virtual nodes.
fn balance() -> String {
    const HEIGHT: f64 = 320.0;
    const TOP: f64 = 2.0;
    let x = |vnodes: u32| 60.0 + (f64::from(vnodes) / 10.0).log10() / 2.0 * 550.0;
    let y = |load: f64| 270.0 - (load.min(TOP) - 1.0) / (TOP - 1.0) * 230.0;
    let mut lines = String::new();
    let mut label =
        String::from("Load of the busiest node, of which 1 is fair, over virtual nodes.");
    for nodes in [10, 100, 1000] {
        let mut path = String::new();
        let mut label_at = (0.0, 0.0);
        let _ = write!(label, " Of {nodes} nodes:");
        for vnodes in VNODES {
            let (mean, worst) = peak(nodes, vnodes);
            println!("{nodes} nodes, {vnodes} virtual: {mean:.3}, in 99 of 100 {worst:.3}");
            if mean <= TOP {
                let command = if path.is_empty() { 'M' } else { 'L' };
                let _ = write!(path, "{command}{:.1} {:.1}", x(vnodes), y(mean));
            }
            // Where the lines are apart.
            if vnodes == 50 {
                label_at = (x(vnodes) - 6.0, y(mean) + 14.0);
            }
            if [160, Ring::DEFAULT_VNODES, 1000].contains(&vnodes) {
                let _ = write!(label, " {mean:.2} with {vnodes},");
            }
            if nodes == 1000 && worst <= TOP {
                let (x, y) = (x(vnodes), y(worst));
                let _ = writeln!(lines, "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3\"/>");
            }
        }
        label.pop();
        label.push('.');
        let _ = writeln!(
            lines,
            "<path d=\"{path}\" fill=\"none\" stroke=\"currentColor\" stroke-width=\"2\"/>"
        );
        text(&mut lines, label_at.0, label_at.1, "end", &nodes.to_string());
    }
    let mut picture = String::new();
    head(&mut picture, HEIGHT, &label);
    picture.push_str("<g stroke=\"currentColor\" stroke-opacity=\"0.25\">\n");
    for step in 0..=5 {
        let y = y(1.0 + 0.2 * f64::from(step));
        let _ = writeln!(picture, "<path d=\"M60 {y:.0}H610\"/>");
    }
    let default = x(Ring::DEFAULT_VNODES);
    let _ = writeln!(picture, "<path d=\"M{default:.1} 40V270\" stroke-dasharray=\"4 3\"/>\n</g>");
    for step in 0..=5 {
        let load = 1.0 + 0.2 * f64::from(step);
        text(&mut picture, 52.0, y(load) + 4.0, "end", &format!("{load:.1}"));
    }
    for vnodes in [10, 50, 160, 400, 1000] {
        text(&mut picture, x(vnodes), 288.0, "middle", &vnodes.to_string());
    }
    text(&mut picture, 0.0, 18.0, "start", "load of the busiest of 10, 100 and 1000 nodes");
    text(&mut picture, 335.0, 308.0, "middle", "virtual nodes");
    text(&mut picture, default, 34.0, "middle", "default");
    picture.push_str(&lines);
    text(&mut picture, 640.0, 18.0, "end", "dots: below in 99 of 100 rings of 1000");
    picture.push_str("</svg>\n");
    picture
}

/// What happens to keys when an eleventh node joins ten: the share that goes to it, and the share
/// that moves between others.
fn moved<P: Placement>(place: impl Fn(u32) -> P) -> (f64, f64) {
    let (before, after) = (place(10), place(11));
    shares(
        |hash| before.get_hashed(hash).map(Node::id),
        |hash| after.get_hashed(hash).map(Node::id),
    )
}

const KEYS: u32 = 1_000_000;

fn shares<'a>(
    mut before: impl FnMut(u64) -> Option<&'a str>,
    mut after: impl FnMut(u64) -> Option<&'a str>,
) -> (f64, f64) {
    let mut random = Random::seeded(1);
    let (mut to_new, mut between) = (0, 0);
    for _ in 0..KEYS {
        let hash = random.next_u64();
        let (old, new) = (before(hash), after(hash));
        if old != new {
            *(if new == Some("node-0010:80") { &mut to_new } else { &mut between }) += 1;
        }
    }
    (f64::from(to_new) / f64::from(KEYS), f64::from(between) / f64::from(KEYS))
}

/// The same nodes with ports, which the compatible layouts want.
fn servers(nodes: u32) -> impl Iterator<Item = String> {
    named(nodes).map(|name| name + ":80")
}

/// The same keys, given one after another to nodes of which none may have more than 1.25 of its part.
fn moved_under_bounds() -> (f64, f64) {
    let owners = |nodes| {
        let ring = Ring::builder().nodes(servers(nodes)).build().expect("valid");
        let mut bounded = BoundedLoads::new(ring, 110).expect("valid");
        let mut random = Random::seeded(1);
        let owner = |hash| bounded.assign_hashed(hash).map(|node| node.id().to_owned());
        let hashes: Vec<u64> = (0..KEYS).map(|_| random.next_u64()).collect();
        hashes.into_iter().map(owner).collect::<Vec<_>>()
    };
    let (before, after) = (owners(10), owners(11));
    let (mut old, mut new) = (before.iter(), after.iter());
    shares(|_| old.next()?.as_deref(), |_| new.next()?.as_deref())
}

fn movement() -> String {
    const ROW: f64 = 26.0;
    let ring = |layout| {
        move |nodes| Ring::builder().layout(layout).nodes(servers(nodes)).build().expect("valid")
    };
    let modulo = |nodes: u64| {
        let names: Vec<String> = servers(nodes as u32).collect();
        move |hash: u64| names[(hash % nodes) as usize].clone()
    };
    let (ten, eleven) = (modulo(10), modulo(11));
    let mut random = Random::seeded(1);
    let mut by_modulo = (0.0, 0.0);
    for _ in 0..KEYS {
        let hash = random.next_u64();
        let (old, new) = (ten(hash), eleven(hash));
        if old != new {
            let share = if new == "node-0010:80" { &mut by_modulo.0 } else { &mut by_modulo.1 };
            *share += 1.0 / f64::from(KEYS);
        }
    }
    let rows = [
        ("Ring", moved(ring(Layout::Absolute))),
        ("Ring, ketama", moved(ring(Layout::Ketama))),
        ("Ring, nginx", moved(ring(Layout::Nginx))),
        ("Maglev", moved(|nodes| Maglev::builder().nodes(servers(nodes)).build().expect("valid"))),
        ("Jump", moved(|nodes| Jump::builder().nodes(servers(nodes)).build().expect("valid"))),
        (
            "Rendezvous",
            moved(|nodes| Rendezvous::builder().nodes(servers(nodes)).build().expect("valid")),
        ),
        (
            "MultiProbe",
            moved(|nodes| MultiProbe::builder().nodes(servers(nodes)).build().expect("valid")),
        ),
        ("Ring, bounded to 1.1", moved_under_bounds()),
        ("hash modulo nodes", by_modulo),
    ];
    let x = |share: f64| 150.0 + share * 420.0;
    let bottom = 40.0 + ROW * rows.len() as f64;
    let mut label = String::from("Keys that move when an eleventh node joins ten, least 9.1 %.");
    let mut bars = String::new();
    for (number, (name, (to_new, between))) in rows.into_iter().enumerate() {
        println!(
            "{name}: {:.2} % to the new node, {:.2} % between others",
            to_new * 100.0,
            between * 100.0
        );
        let y = 40.0 + ROW * number as f64;
        let (middle, end) = (x(to_new), x(to_new + between));
        let _ = writeln!(
            bars,
            "<path d=\"M150 {y:.0}H{middle:.1}V{:.0}H150z\" fill-opacity=\"0.6\"/>\
             <path d=\"M{middle:.1} {y:.0}H{end:.1}V{:.0}H{middle:.1}z\" fill-opacity=\"0.2\"/>",
            y + 16.0,
            y + 16.0
        );
        text(&mut bars, 142.0, y + 13.0, "end", name);
        let figure = match between * 100.0 {
            none if none < 0.05 => format!("{:.1} %", to_new * 100.0),
            between => format!("{:.1} + {between:.1} %", to_new * 100.0),
        };
        text(&mut bars, end + 6.0, y + 13.0, "start", &figure);
        let _ = write!(
            label,
            " {name}: {:.1} % to the new node, {:.1} % between others.",
            to_new * 100.0,
            between * 100.0
        );
    }
    let mut picture = String::new();
    head(&mut picture, bottom + 10.0, &label);
    text(&mut picture, 0.0, 18.0, "start", "keys that move when an eleventh node joins ten");
    text(&mut picture, 640.0, 18.0, "end", "dark: to the new node; light: between others");
    let least = x(1.0 / 11.0);
    let _ = writeln!(
        picture,
        "<path d=\"M{least:.1} 28V{bottom:.0}\" stroke=\"currentColor\" stroke-dasharray=\"4 3\"/>"
    );
    picture.push_str(&bars);
    picture.push_str("</svg>\n");
    picture
}
