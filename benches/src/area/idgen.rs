//! Ids, against `ferroid`, `snowflaked`, `rs-snowflake` and `sonyflake`, and against ids of 128 bits;
//! their text against `base62`, `sqids` and `ferroid`'s base 32.

use core::hint::black_box;
use core::sync::atomic::{AtomicU64, Ordering};
use core::time::Duration;
use std::sync::{LazyLock, Mutex};
use std::thread;

use ferroid::base32::Base32SnowExt;
use ferroid::generator::thread_local::Ulid;
use ferroid::generator::{
    AtomicSnowflakeGenerator, BasicSnowflakeGenerator, LockSnowflakeGenerator,
};
use ferroid::id::SnowflakeTwitterId;
use ferroid::time::{MonotonicClock, TWITTER_EPOCH, TimeSource};
use voussoir::idgen::{Base62, Layout, NextError, Policy, ShortCode, Snowflake, SnowflakeId};
use voussoir::time::{Clock, Nanos, WallClock};

use super::Area;
use crate::harness::case::{Case, Contestant, Timed};
use crate::harness::floor::Floor;
use crate::inputs::{Inputs, ORDER, SplitMix};

/// The area.
pub const AREA: Area = Area { name: "idgen", about: "ids, and short text for them", cases };

fn cases(_: &Inputs) -> Vec<Case> {
    let mut cases =
        vec![free_running(), sonyflake(), cached(), real(), batches(), alone(), striped()];
    cases.push(kinds());
    cases.extend(text());
    cases.extend(short_codes());
    cases.into_iter().map(Case::from).collect()
}

/// 20 bits of sequence: a million ids a millisecond, more than any of them can make, so that it is
/// the code that is timed and not the layout.
#[allow(missing_docs, missing_debug_implementations, reason = "what the macro writes has none")]
mod wide_id {
    ferroid::define_snowflake_id!(
        WideId, u64, reserved: 1, timestamp: 41, machine_id: 2, sequence: 20
    );
}
use wide_id::WideId;

fn wide() -> Layout {
    let layout = Layout::new(41, 2, 20).expect("63 bits");
    layout.epoch(Nanos::from_duration(TWITTER_EPOCH))
}

const BORROW: Policy = Policy::Borrow { at_most: Duration::from_secs(1) };

/// The time of day, told each millisecond by a thread of its own: `ferroid`'s way to have a clock
/// that costs a load, here one for all.
#[derive(Clone, Copy, Debug)]
struct Cached;

struct Told {
    nanos: AtomicU64,
    millis_of_twitter: AtomicU64,
}

static TOLD: LazyLock<Told> = LazyLock::new(|| {
    thread::spawn(|| {
        loop {
            thread::sleep(Duration::from_millis(1));
            TOLD.tell();
        }
    });
    let told = Told { nanos: AtomicU64::new(0), millis_of_twitter: AtomicU64::new(0) };
    told.tell();
    told
});

impl Told {
    fn tell(&self) {
        let now = WallClock.now();
        self.nanos.store(now.as_nanos(), Ordering::Relaxed);
        self.millis_of_twitter.store(millis_of_twitter(now), Ordering::Relaxed);
    }
}

fn millis_of_twitter(now: Nanos) -> u64 {
    now.saturating_sub(TWITTER_EPOCH).as_nanos() / 1_000_000
}

impl Clock for Cached {
    fn now(&self) -> Nanos {
        Nanos::from_nanos(TOLD.nanos.load(Ordering::Relaxed))
    }
}

impl TimeSource<u64> for Cached {
    fn current_millis(&self) -> u64 {
        TOLD.millis_of_twitter.load(Ordering::Relaxed)
    }
}

/// The operating system's, read for each id.
#[derive(Clone, Copy, Debug)]
struct Real;

impl TimeSource<u64> for Real {
    fn current_millis(&self) -> u64 {
        millis_of_twitter(WallClock.now())
    }
}

fn spin<T>(_: T) {
    core::hint::spin_loop();
}

/// As for the peers, the id itself must have been made.
fn is_id(made: Result<SnowflakeId, NextError>) -> bool {
    made.is_ok_and(|id| id.to_u64() != 0)
}

fn from_ferroid<G: Send + Sync + 'static>(
    name: &str,
    generator: G,
    next: impl Fn(&G) -> u64 + Send + Sync + 'static,
) -> Contestant {
    Contestant::each(name, move |_| next(&generator) != 0)
}

fn ferroid_atomic<T>(name: &str, time: T) -> Contestant
where
    T: TimeSource<u64> + Send + Sync + 'static,
{
    let generator = AtomicSnowflakeGenerator::<WideId, T>::new(1, time);
    from_ferroid(name, generator, |generator| generator.next_id(spin).to_raw())
}

fn ferroid_lock<T>(name: &str, time: T) -> Contestant
where
    T: TimeSource<u64> + Send + Sync + 'static,
{
    let generator = LockSnowflakeGenerator::<WideId, T>::new(1, time);
    let next = |generator: &LockSnowflakeGenerator<WideId, T>| {
        generator.try_next_id(spin).map_or(0, |id| id.to_raw())
    };
    from_ferroid(name, generator, next)
}

/// As many as the layout allows: 4,096 a millisecond, 244 ns each.
fn free_running() -> Timed {
    let ids = Snowflake::builder(Layout::TWITTER).worker(1).build().expect("valid");
    let ours = Contestant::each("voussoir", move |_| is_id(ids.next()));
    let clock = MonotonicClock::<1>::with_epoch(TWITTER_EPOCH);
    let atomic = AtomicSnowflakeGenerator::<SnowflakeTwitterId, _>::new(1, clock);
    let snowflaked = snowflaked::sync::Generator::new(1);
    let rs = Mutex::new(snowflake::SnowflakeIdGenerator::new(1, 1));
    let peers = vec![
        from_ferroid("ferroid atomic", atomic, |atomic| atomic.next_id(spin).to_raw()),
        Contestant::each("snowflaked", move |_| snowflaked.generate::<u64>() != 0),
        Contestant::each("rs-snowflake in a mutex", move |_| {
            rs.lock().is_ok_and(|mut rs| rs.real_time_generate() != 0)
        }),
    ];
    // 1,000 steps would be better still, but the row takes long as it is.
    Timed::new("Twitter layout, nothing borrowed", ours, peers).at_least(Duration::from_millis(100))
}

/// 256 each 10 ms, 39 µs each.
fn sonyflake() -> Timed {
    let ids = Snowflake::builder(Layout::SONYFLAKE).worker(1).build().expect("valid");
    let ours = Contestant::each("voussoir", move |_| is_id(ids.next()));
    let builder = sonyflake::Sonyflake::builder();
    let theirs = builder.machine_id(&|| Ok(1)).finalize().expect("a machine id");
    let peers = vec![Contestant::each("sonyflake", move |_| theirs.next_id().is_ok())];
    let case = Timed::new("Sonyflake layout, nothing borrowed", ours, peers);
    case.at_least(Duration::from_millis(200)).alone()
}

fn cached() -> Timed {
    let builder = Snowflake::builder(wide()).worker(1).when_exhausted(BORROW).clock(Cached);
    let ids = builder.build().expect("valid");
    let ours = Contestant::each("voussoir", move |_| is_id(ids.next()));
    let peers = vec![
        ferroid_atomic("ferroid atomic", Cached),
        ferroid_atomic(
            "ferroid atomic, its own clock",
            MonotonicClock::<1>::with_epoch(TWITTER_EPOCH),
        ),
        ferroid_lock("ferroid lock", Cached),
    ];
    Timed::new("shared, cached clock", ours, peers).floor(Floor::FetchAdd).allocations()
}

fn real() -> Timed {
    let ids = Snowflake::builder(wide()).worker(1).when_exhausted(BORROW).build().expect("valid");
    let ours = Contestant::each("voussoir", move |_| is_id(ids.next()));
    let peers = vec![ferroid_atomic("ferroid atomic", Real), ferroid_lock("ferroid lock", Real)];
    Timed::new("shared, std clock", ours, peers).floor(Floor::SystemTime)
}

/// Each id is looked at. None of the peers takes more than one at once.
fn batches() -> Timed {
    let builder = Snowflake::builder(wide()).worker(1).when_exhausted(BORROW);
    let ids = builder.build().expect("valid");
    let ours = Contestant::looping("voussoir", move |span| {
        let mut yes = 0;
        let mut left = span.count as u64;
        while left > 0 {
            let n = left.min(1_024);
            let Ok(batch) = ids.next_batch(n as u32) else { break };
            yes += batch.map(|id| u64::from(black_box(id).to_u64() != 0)).sum::<u64>();
            left -= n;
        }
        yes
    });
    let peers = vec![ferroid_atomic("ferroid atomic, one by one", Cached), lazy_rs_snowflake()];
    Timed::new("batches of 1024", ours, peers).alone()
}

/// It reads the clock at the start, and then no more.
fn lazy_rs_snowflake() -> Contestant {
    let rs = Mutex::new(snowflake::SnowflakeIdGenerator::new(1, 1));
    Contestant::looping("rs-snowflake lazy", move |span| {
        let Ok(mut rs) = rs.lock() else { return 0 };
        span.indices().map(|_| u64::from(black_box(rs.lazy_generate()) != 0)).sum()
    })
}

/// For one thread, without atomics.
fn alone() -> Timed {
    let builder = Snowflake::builder(wide()).worker(1).when_exhausted(BORROW).clock(Cached);
    let ids = Mutex::new(builder.build_local().expect("valid"));
    let ours = Contestant::looping("voussoir", move |span| {
        let Ok(mut ids) = ids.lock() else { return 0 };
        span.indices().map(|_| u64::from(black_box(is_id(ids.next())))).sum()
    });
    let basic = Mutex::new(BasicSnowflakeGenerator::<WideId, _>::new(1, Cached));
    let basic = Contestant::looping("ferroid basic", move |span| {
        let Ok(basic) = basic.lock() else { return 0 };
        let next = |_| u64::from(black_box(basic.next_id(spin)).to_raw() != 0);
        span.indices().map(next).sum()
    });
    Timed::new("one thread's own, cached clock", ours, vec![basic, lazy_rs_snowflake()]).alone()
}

/// What scales: `ferroid`'s ids of a thread's own are of 128 bits, part of them random.
fn striped() -> Timed {
    let builder = Snowflake::builder(wide()).worker(1).when_exhausted(BORROW).clock(Cached);
    let ids = builder.build_striped(2).expect("valid");
    let ours = Contestant::each("voussoir striped", move |_| is_id(ids.next()));
    let local = Contestant::each("ferroid thread-local ULID", |_| {
        black_box(Ulid::new_ulid_mono(spin));
        true
    });
    let peers = vec![local, ferroid_atomic("ferroid atomic", Cached)];
    Timed::new("for many threads, cached clock", ours, peers)
}

/// Each as its crate makes it by default.
fn kinds() -> Timed {
    let ids = Snowflake::builder(wide()).worker(1).when_exhausted(BORROW).build().expect("valid");
    let ours = Contestant::each("voussoir, 63 bits", move |_| is_id(ids.next()));
    let ulid = Mutex::new(ulid::Generator::new());
    let peers = vec![
        Contestant::each("ulid monotonic in a mutex", move |_| {
            ulid.lock().is_ok_and(|mut ulid| ulid.generate().is_ok())
        }),
        random("ulid", ulid::Ulid::generate),
        random("uuid v7", uuid::Uuid::now_v7),
        random("scru128", scru128::new),
        random("nanoid", || nanoid::nanoid!()),
    ];
    Timed::new("kinds of ids, std clock", ours, peers).alone()
}

fn random<T: 'static>(name: &str, make: fn() -> T) -> Contestant {
    Contestant::each(name, move |_| {
        black_box(make());
        true
    })
}

/// Ids of a generator: 63 bits, most of them of 11 digits.
fn numbers() -> Vec<u64> {
    let mut random = SplitMix::new(7);
    (0..ORDER).map(|_| random.below(1 << 63)).collect()
}

fn text() -> Vec<Timed> {
    let buffer = {
        let ours = over(numbers(), |&number| {
            let mut buffer = [0; 11];
            !black_box(Base62::SORTABLE.encode_into(number, black_box(&mut buffer))).is_empty()
        });
        let theirs = over(numbers(), |&number| {
            let mut buffer = [0; 11];
            black_box(base62::encode_bytes(number, black_box(&mut buffer))).is_ok()
        });
        Timed::new("base62 encode to buffer", ours("voussoir"), vec![theirs("base62")])
    };
    let string = {
        let ours = over(numbers(), |&number| {
            !black_box(Base62::SORTABLE.encode_string(number)).is_empty()
        });
        let base62 = over(numbers(), |&number| !black_box(base62::encode(number)).is_empty());
        let sqids = sqids::Sqids::default();
        let sqids = over(numbers(), move |&number| black_box(sqids.encode(&[number])).is_ok());
        let decimal = over(numbers(), |&number| !black_box(number.to_string()).is_empty());
        let peers = vec![base62("base62"), sqids("sqids"), decimal("decimal, std")];
        Timed::new("base62 encode to String", ours("voussoir"), peers)
    };
    let decode = {
        let texts: Vec<String> = numbers().into_iter().map(base62::encode).collect();
        let ours = over(texts.clone(), |text| Base62::SORTABLE.decode(text).is_ok());
        let theirs = over(texts, |text| base62::decode(text).is_ok());
        Timed::new("base62 decode", ours("voussoir"), vec![theirs("base62")])
    };
    let crockford = {
        let ids: Vec<_> =
            numbers().into_iter().filter_map(|id| SnowflakeId::new(id).ok()).collect();
        let ours = over(ids, |id| !black_box(id.to_crockford()).as_bytes().is_empty());
        let ids: Vec<_> = numbers().into_iter().map(WideId::from_raw).collect();
        let theirs = over(ids, |id| !black_box(id.encode()).as_bytes().is_empty());
        Timed::new("Crockford encode", ours("voussoir"), vec![theirs("ferroid")])
    };
    vec![
        buffer.alone().allocations(),
        string.alone(),
        decode.alone().allocations(),
        crockford.alone(),
    ]
}

fn short_codes() -> Vec<Timed> {
    let codes = ShortCode::new(7, 0x5EED).expect("valid");
    let sqids = || sqids::Sqids::builder().min_length(7).build().expect("valid");
    let numbers: Vec<_> = (0..ORDER as u64).map(|number| 1_000_000_000 + number).collect();
    let encode = {
        let ours = over(numbers.clone(), move |&number| black_box(codes.encode(number)).is_ok());
        let sqids = sqids();
        let theirs =
            over(numbers.clone(), move |&number| black_box(sqids.encode(&[number])).is_ok());
        Timed::new("short code encode", ours("voussoir"), vec![theirs("sqids")])
    };
    let decode = {
        let texts: Vec<_> =
            numbers.iter().filter_map(|&number| codes.encode(number).ok()).collect();
        let ours = over(texts, move |text| black_box(codes.decode(text)).is_ok());
        let sqids = sqids();
        let texts = numbers.iter().filter_map(|&number| sqids.encode(&[number]).ok());
        let texts: Vec<_> = texts.collect();
        let theirs = over(texts, move |text| !sqids.decode(text).is_empty());
        Timed::new("short code decode", ours("voussoir"), vec![theirs("sqids")])
    };
    vec![encode.alone().allocations(), decode.alone()]
}

/// An operation on one input after the other.
fn over<T: Send + Sync + 'static>(
    inputs: Vec<T>,
    operation: impl Fn(&T) -> bool + Send + Sync + 'static,
) -> impl FnOnce(&str) -> Contestant {
    assert_eq!(inputs.len(), ORDER);
    move |name| Contestant::each(name, move |index| operation(&inputs[index % ORDER]))
}
