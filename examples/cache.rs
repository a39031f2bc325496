//! A cache in front of something slow: one load for many callers, tags, expiry, and a store that is
//! written behind. Run it with `cargo run --example cache --features cache`.

use std::collections::HashMap;
use std::convert::Infallible;
use std::error::Error;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

use voussoir::cache::store::{Behind, Change, Store, Through, WriteBehind, WriteQueue};
use voussoir::cache::{Cache, Cause, Policy, Terms};
use voussoir::time::ManualClock;

fn main() -> Result<(), Box<dyn Error>> {
    one_load_for_all()?;
    invalidation()?;
    expiry()?;
    policies()?;
    write_behind()
}

fn one_load_for_all() -> Result<(), Box<dyn Error>> {
    let cache = Cache::<String, u32>::builder(1000).build()?;
    let loads = AtomicU32::new(0);
    thread::scope(|scope| {
        for _ in 0..100 {
            scope.spawn(|| {
                cache.get_or_insert_with("answer", || {
                    loads.fetch_add(1, Ordering::Relaxed);
                    thread::sleep(Duration::from_millis(20)); // a slow database
                    42
                })
            });
        }
    });
    println!("100 callers, {} load", loads.load(Ordering::Relaxed));
    Ok(())
}

fn invalidation() -> Result<(), Box<dyn Error>> {
    let cache = Cache::<String, &str>::builder(1000)
        .on_evict(|key, _, cause| println!("  {key} left: {cause:?}"))
        .build()?;
    cache.insert_with("/shop/1".into(), "a lamp", &Terms::new().tag("shop"));
    cache.insert_with("/shop/2".into(), "a chair", &Terms::new().tag("shop").tag("chairs"));
    println!("{} pages of the shop are out of date:", 2);
    assert_eq!(cache.invalidate_tag("shop"), 2);
    Ok(())
}

fn expiry() -> Result<(), Box<dyn Error>> {
    let clock = ManualClock::new();
    let cache = Cache::<&str, u32>::builder(10)
        .ttl(Duration::from_mins(1))
        .clock(clock.clone())
        .on_evict(|key, _, cause| assert_eq!((*key, cause), ("price", Cause::Expired)))
        .build()?;
    cache.insert("price", 7);
    clock.advance(Duration::from_millis(59_999));
    println!("after 59.999 s: {:?}", cache.get("price"));
    clock.advance(Duration::from_millis(1));
    println!("after 60 s: {:?}", cache.get("price"));
    Ok(())
}

fn policies() -> Result<(), Box<dyn Error>> {
    println!("one scan of 2000 keys over 200 that are used again and again:");
    for policy in Policy::ALL {
        let cache = Cache::<u32, u32>::builder(1000).policy(policy).build()?;
        for round in 0..20 {
            for key in 0..200 {
                cache.get_or_insert_with(&key, || key);
            }
            for key in 0..100 {
                let scanned = 1000 + round * 100 + key;
                cache.get_or_insert_with(&scanned, || scanned);
            }
        }
        println!("  {policy:>8}: {:4.1} % hits", cache.stats().hit_ratio() * 100.0);
    }
    Ok(())
}

#[derive(Default)]
struct Table(Mutex<HashMap<u32, u32>>);

impl Store<u32, u32> for Table {
    type Error = Infallible;

    fn read(&self, key: &u32) -> Result<Option<u32>, Infallible> {
        Ok(self.0.lock().ok().and_then(|table| table.get(key).copied()))
    }

    fn write(&self, key: &u32, change: &Change<u32>) -> Result<(), Infallible> {
        if let Ok(mut table) = self.0.lock() {
            match change {
                Change::Put(value) => table.insert(*key, *value),
                Change::Delete => table.remove(key),
            };
        }
        Ok(())
    }
}

fn write_behind() -> Result<(), Box<dyn Error>> {
    let queue = WriteQueue::builder().interval(Duration::from_millis(50)).build()?;
    let behind = WriteBehind::new(queue, Table::default());
    let counters: Behind<u32, u32, Table> = Through::behind(Cache::builder(100).build()?, behind);
    for count in 1..=1000 {
        counters.put_behind(7, count)?;
    }
    let report = counters.backing().flush(thread::sleep);
    let stored = counters.backing().store().read(&7)?;
    println!("1000 writes, {:?} in the table after a clean flush: {}", stored, report.is_clean());
    Ok(())
}
