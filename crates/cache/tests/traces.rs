//! Hit counts over whole traces: generated ones always, recorded ones where `VOUSSOIR_TRACES` names a
//! folder of them (`NAME.u64.gz`: keys of 8 bytes, the least first; in a release build, with `gzip`).

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::hash::{BuildHasherDefault, DefaultHasher};
use std::path::Path;
use std::process::Command;

use voussoir_cache::{Cache, Policy, UnsyncCache};
use voussoir_core::{Random, SystemClock};

struct Trace {
    name: String,
    keys: Vec<u64>,
}

/// Rank `r` as likely as `1 / r`, by the inverse of the integral: close enough for a trace.
#[expect(clippy::cast_sign_loss, reason = "a power of what is positive")]
fn zipf(random: &mut Random, keys: u64) -> u64 {
    (keys as f64).powf(random.fraction()) as u64
}

/// The key of a request, by its number.
type Keys = Box<dyn Fn(u64, &mut Random) -> u64>;

fn generated() -> Vec<Trace> {
    let requests = if std::env::var_os("VOUSSOIR_LONG").is_some() { 1_000_000 } else { 40_000 };
    let (keys, mut random) = (requests / 10, Random::seeded(7));
    let mut trace = |name: &str, key: Keys| Trace {
        name: name.to_owned(),
        keys: (0..requests).map(|at| key(at, &mut random)).collect(),
    };
    vec![
        trace("zipf", Box::new(move |_, random| zipf(random, keys))),
        trace("uniform", Box::new(move |_, random| random.below_u64(keys))),
        trace("loop", Box::new(move |at, _| at % (keys / 7))),
        // Each key twice, a while apart: what was used last is all that matters.
        trace("pairs", Box::new(move |at, _| if at % 2 == 0 { at } else { at.max(61) - 61 })),
        trace(
            "scans among hot keys",
            Box::new(move |at, random| match at / (keys / 4) % 4 {
                0 => keys + at,
                _ => zipf(random, keys),
            }),
        ),
        trace(
            "phases",
            Box::new(move |at, random| at / (requests / 5) * keys + zipf(random, keys)),
        ),
    ]
}

fn recorded() -> Vec<Trace> {
    let Some(folder) = std::env::var_os("VOUSSOIR_TRACES") else { return Vec::new() };
    let files = Path::new(&folder).read_dir().expect("VOUSSOIR_TRACES names a folder");
    let read = |path: &Path| {
        let name = path.file_name()?.to_str()?.strip_suffix(".u64.gz")?.to_owned();
        let bytes = Command::new("gzip").arg("-dc").arg(path).output().expect("gzip runs").stdout;
        let (numbers, rest) = bytes.as_chunks();
        assert!(rest.is_empty() && !numbers.is_empty(), "{name} is cut off");
        Some(Trace { name, keys: numbers.iter().copied().map(u64::from_le_bytes).collect() })
    };
    let traces: Vec<_> = files.filter_map(|file| read(&file.unwrap().path())).collect();
    assert!(!traces.is_empty(), "there is no trace in the folder of VOUSSOIR_TRACES");
    traces
}

/// A hundredth, a twentieth and a tenth of the keys.
fn sizes(trace: &Trace) -> [u64; 3] {
    let unique = trace.keys.iter().collect::<HashSet<_>>().len() as u64;
    [1, 5, 10].map(|percent| (unique * percent / 100).max(1))
}

/// Hits of the plainest program that evicts what was used longest ago.
fn naive_lru(keys: &[u64], capacity: u64) -> u64 {
    let (mut used, mut by_use, mut hits) = (HashMap::new(), BTreeMap::new(), 0);
    for (now, &key) in keys.iter().enumerate() {
        if let Some(before) = used.insert(key, now) {
            by_use.remove(&before);
            hits += 1;
        }
        by_use.insert(now, key);
        if used.len() as u64 > capacity {
            let (_, oldest) = by_use.pop_first().unwrap();
            used.remove(&oldest);
        }
    }
    hits
}

/// Hits of the plainest program that evicts what came first.
fn naive_fifo(keys: &[u64], capacity: u64) -> u64 {
    let (mut held, mut order, mut hits) = (HashSet::new(), VecDeque::new(), 0);
    for &key in keys {
        if !held.insert(key) {
            hits += 1;
            continue;
        }
        order.push_back(key);
        if order.len() as u64 > capacity {
            held.remove(&order.pop_front().unwrap());
        }
    }
    hits
}

/// The most hits that there can be: who knows the future keeps what comes next (Belady, 1966), and may
/// refuse what it is asked for.
fn optimum(keys: &[u64], capacity: u64) -> u64 {
    let (mut next, mut seen) = (vec![usize::MAX; keys.len()], HashMap::new());
    for (at, key) in keys.iter().enumerate().rev() {
        next[at] = seen.insert(key, at).unwrap_or(usize::MAX);
    }
    // When each that is kept is asked for next: no two at the same time.
    let (mut kept, mut hits) = (BTreeSet::new(), 0);
    for (at, &next) in next.iter().enumerate() {
        hits += u64::from(kept.remove(&at));
        if next < usize::MAX {
            kept.insert(next);
            if kept.len() as u64 > capacity {
                kept.pop_last();
            }
        }
    }
    hits
}

/// The same in every run.
type Hashed = BuildHasherDefault<DefaultHasher>;

fn unsync(policy: Policy, keys: &[u64], capacity: u64) -> u64 {
    let builder = UnsyncCache::<u64, ()>::builder(capacity).policy(policy).seed(1);
    let mut cache: UnsyncCache<u64, (), Hashed, SystemClock> =
        builder.hasher(Hashed::default()).build_unsync().unwrap();
    let mut hits = 0;
    for &key in keys {
        if cache.get(&key).is_some() {
            hits += 1;
        } else {
            cache.insert(key, ());
        }
    }
    assert!(cache.len() as u64 <= capacity);
    hits
}

fn shared(policy: Policy, keys: &[u64], capacity: u64, shards: usize) -> u64 {
    let builder = Cache::<u64, ()>::builder(capacity).policy(policy).seed(1).shards(shards);
    let cache: Cache<u64, (), Hashed, SystemClock> =
        builder.hasher(Hashed::default()).build().unwrap();
    let mut hits = 0;
    for &key in keys {
        if cache.get(&key).is_some() {
            hits += 1;
        } else {
            cache.insert(key, ());
        }
    }
    assert!(cache.len() as u64 <= capacity);
    hits
}

fn traces() -> impl Iterator<Item = Trace> {
    generated().into_iter().chain(recorded())
}

#[test]
fn the_models_know_what_a_person_can_count() {
    let keys = [1, 2, 3, 1, 2, 3, 3, 1];
    // Kept 1 and 2, refused 3, and swapped at the end: 1, 2, 3, 1.
    assert_eq!(optimum(&keys, 2), 4);
    assert_eq!((naive_lru(&keys, 2), naive_fifo(&keys, 2)), (1, 1));
    let keys = [1, 2, 1, 3, 1];
    assert_eq!((naive_lru(&keys, 2), naive_fifo(&keys, 2), optimum(&keys, 2)), (2, 1, 2));
}

#[test]
fn lru_and_fifo_hit_as_often_as_the_plainest_programs() {
    for trace in traces() {
        for capacity in sizes(&trace) {
            for (policy, naive) in
                [(Policy::Lru, naive_lru as fn(&[u64], u64) -> u64), (Policy::Fifo, naive_fifo)]
            {
                let expected = naive(&trace.keys, capacity);
                let found = unsync(policy, &trace.keys, capacity);
                assert_eq!(found, expected, "{policy} of {capacity}: {}", trace.name);
                let found = shared(policy, &trace.keys, capacity, 1);
                assert_eq!(found, expected, "{policy} of {capacity}, shared: {}", trace.name);
            }
        }
    }
}

#[test]
fn nothing_hits_more_often_than_who_knows_the_future() {
    for trace in traces() {
        for capacity in sizes(&trace) {
            let most = optimum(&trace.keys, capacity);
            for policy in Policy::ALL {
                let found = unsync(policy, &trace.keys, capacity);
                assert!(found <= most, "{policy} of {capacity}, {found} > {most}: {}", trace.name);
            }
        }
    }
}

/// The table of Megiddo and Modha, "ARC: a self-tuning, low overhead replacement cache", 2003.
#[test]
fn lru_of_the_oltp_trace_is_as_published() {
    let Some(oltp) = recorded().into_iter().find(|trace| trace.name == "oltp") else { return };
    for (capacity, published) in [(1000, 32.83), (5000, 53.65)] {
        let hits = unsync(Policy::Lru, &oltp.keys, capacity);
        let percent = hits as f64 * 100.0 / oltp.keys.len() as f64;
        assert!((percent - published).abs() < 0.005, "{percent} of {published}");
    }
}

/// Points are percent of the requests.
#[test]
fn the_bars_hold_on_the_recorded_traces() {
    const TRACES: usize = 13;
    let recorded = recorded();
    let mut sums = BTreeMap::<&str, f64>::new();
    for trace in &recorded {
        let points = |hits: u64| hits as f64 * 100.0 / trace.keys.len() as f64;
        for capacity in sizes(trace) {
            let one = |policy| points(unsync(policy, &trace.keys, capacity));
            let ours = Policy::ALL.map(|policy| (policy.name(), one(policy)));
            for (name, found) in ours {
                *sums.entry(name).or_default() += found;
            }
            let [adaptive, lru] = ["adaptive", "lru"].map(|name| {
                ours.iter().find(|(other, _)| *other == name).map_or(f64::NAN, |&(_, found)| found)
            });
            assert!(adaptive >= lru - 3.0, "{adaptive} against {lru}: {} {capacity}", trace.name);
            if capacity >= 1000 {
                for policy in Policy::ALL {
                    let whole = one(policy);
                    let parts = points(shared(policy, &trace.keys, capacity, 8));
                    let is_near = (whole - parts).abs() <= 1.0;
                    assert!(is_near, "{policy} {capacity}: {whole}, {parts}: {}", trace.name);
                }
            }
        }
    }
    if recorded.len() == TRACES {
        let mean = |name| sums[name] / (3 * TRACES) as f64;
        assert!(mean("adaptive") >= 46.0, "{}", mean("adaptive"));
        assert!(mean("s3-fifo") >= 45.0, "{}", mean("s3-fifo"));
        assert!(mean("lfu") >= 38.0, "{}", mean("lfu"));
    }
}
