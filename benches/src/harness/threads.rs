//! One burst of work: on the calling thread, or on several that start together.

use core::hint::spin_loop;
use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

use super::alloc::uncounted;
use super::case::{Contestant, Span};
use crate::inputs::ORDER;

/// Several threads work in so many pieces, and look between two of them whether another has
/// finished: only time in which all of them worked is counted.
const PIECES: usize = 64;

/// What a burst showed.
#[derive(Clone, Copy, Debug)]
pub struct Burst {
    /// Operations a microsecond, of all threads together (Mop/s).
    pub rate: f64,
    /// How many operations were done.
    pub count: u64,
    /// How many of them answered "yes".
    pub yes: u64,
}

/// Runs about `count` operations on each of `threads` threads.
pub fn burst(contestant: &Contestant, threads: usize, count: usize) -> Burst {
    if threads == 1 {
        uncounted(|| alone(contestant, count))
    } else {
        together(contestant, threads, count)
    }
}

fn alone(contestant: &Contestant, count: usize) -> Burst {
    let begun = Instant::now();
    let yes = contestant.run(Span { first: 0, count });
    Burst { rate: rate(count, begun), count: count as u64, yes }
}

fn together(contestant: &Contestant, threads: usize, count: usize) -> Burst {
    let cpus = core_affinity::get_core_ids().unwrap_or_default();
    let waiting = AtomicUsize::new(threads);
    let finished = AtomicBool::new(false);
    let worker = |thread: usize| {
        // Two threads on one CPU would take turns instead of meeting.
        if cpus.len() >= threads {
            core_affinity::set_for_current(cpus[thread]);
        }
        let start = thread * (ORDER / threads);
        waiting.fetch_sub(1, Ordering::AcqRel);
        while waiting.load(Ordering::Acquire) != 0 {
            spin_loop();
        }
        uncounted(|| in_pieces(contestant, start, count, &finished))
    };
    let bursts: Vec<Burst> = thread::scope(|scope| {
        let workers: Vec<_> =
            (0..threads).map(|thread| scope.spawn(move || worker(thread))).collect();
        workers
            .into_iter()
            .map(|worker| worker.join().expect("a contestant does not panic"))
            .collect()
    });
    Burst {
        rate: bursts.iter().map(|burst| burst.rate).sum(),
        count: bursts.iter().map(|burst| burst.count).sum(),
        yes: bursts.iter().map(|burst| burst.yes).sum(),
    }
}

fn in_pieces(contestant: &Contestant, start: usize, count: usize, finished: &AtomicBool) -> Burst {
    let piece = count.div_ceil(PIECES);
    let (mut done, mut yes) = (0, 0);
    let begun = Instant::now();
    while done < count && !finished.load(Ordering::Relaxed) {
        yes += contestant.run(Span { first: start + done, count: piece });
        done += piece;
    }
    let rate = rate(done, begun);
    finished.store(true, Ordering::Relaxed);
    Burst { rate, count: done as u64, yes }
}

fn rate(count: usize, begun: Instant) -> f64 {
    count as f64 / (begun.elapsed().as_nanos().max(1) as f64 / 1000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_thread_works_and_every_answer_is_counted() {
        let even = Contestant::each("even", |index| index % 2 == 0);
        for threads in [1, 2] {
            let burst = burst(&even, threads, 64 * 1000);
            assert!(burst.count >= 64 * 1000, "{burst:?}");
            assert_eq!(burst.yes * 2, burst.count, "{burst:?}");
            assert!(burst.rate > 0.0, "{burst:?}");
        }
    }
}
