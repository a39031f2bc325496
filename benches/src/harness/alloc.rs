//! What is allocated: the bytes that stay after building, and the allocations of an operation.
//!
//! The counting allocator is `allocation-counter`'s. It counts in thread-local cells, so that two
//! threads never meet in it, and the timed loops switch it off: what a peer's allocations cost is
//! what the system's allocator costs.

use core::fmt;

use super::case::{Contestant, Span};

/// Something built and weighed: the bytes that stay allocated, per entry.
#[derive(Debug)]
pub struct Weighed {
    /// The name of its row.
    pub name: String,
    /// How many entries each of them holds.
    pub entries: usize,
    /// Ours.
    pub ours: Built,
    /// The same content held by others.
    pub peers: Vec<Built>,
}

/// Who builds, and how.
pub struct Built {
    name: String,
    weigh: Box<dyn Fn() -> i64>,
}

impl Built {
    /// From a function that builds the thing, filled.
    pub fn new<T>(name: impl Into<String>, build: impl Fn() -> T + 'static) -> Self {
        Self { name: name.into(), weigh: Box::new(move || bytes_held(&build)) }
    }

    /// Its name in the table.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Builds it and returns the bytes it asked for and has not given back.
    pub fn weigh(&self) -> i64 {
        (self.weigh)()
    }
}

impl fmt::Debug for Built {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Built").field(&self.name).finish()
    }
}

/// Allocations of one operation, on a thread that has done a few before.
pub fn allocations_per_operation(contestant: &Contestant) -> f64 {
    const COUNT: usize = 4096;
    contestant.run(Span { first: 0, count: COUNT });
    let counted = allocation_counter::measure(|| {
        contestant.run(Span { first: COUNT, count: COUNT });
    });
    counted.count_total as f64 / COUNT as f64
}

/// Runs without counting.
pub fn uncounted<R>(work: impl FnOnce() -> R) -> R {
    let mut result = None;
    allocation_counter::opt_out(|| result = Some(work()));
    let Some(result) = result else { unreachable!("opt_out calls its closure") };
    result
}

fn bytes_held<T>(build: impl FnOnce() -> T) -> i64 {
    let mut held = None;
    let counted = allocation_counter::measure(|| held = Some(build()));
    drop(held);
    counted.bytes_current
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_that_stay_are_weighed_and_bytes_given_back_are_not() {
        let built = Built::new("vec", || {
            drop(vec![0_u8; 999]);
            vec![0_u64; 10]
        });
        assert_eq!(built.weigh(), 80);
    }

    #[test]
    fn an_allocation_in_every_second_operation_counts_half() {
        let contestant = Contestant::each("boxes", |index| {
            index % 2 == 0 || *core::hint::black_box(Box::new(index)) == index
        });
        let found = allocations_per_operation(&contestant);
        assert!((found - 0.5).abs() < 1e-9, "{found}");
    }

    #[test]
    fn uncounted_work_is_not_counted() {
        let counted = allocation_counter::measure(|| drop(uncounted(|| vec![1_u8])));
        assert_eq!(counted.count_total, 0);
    }
}
