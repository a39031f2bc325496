use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use core::fmt;
use core::hash::Hash;
use core::time::Duration;
use std::collections::HashMap;
use std::collections::hash_map::Entry;

use voussoir_core::{Nanos, Random};

use super::builder::{WriteOptions, WriteQueueBuilder};
use super::flush::Flushes;
use super::line::{Line, Pending};
use super::{Batch, Change, DeadLetter, FlushReport, FlushTicket, Full, Write};

/// Changes on their way to a store: what is written when, with what, and when again. It does no I/O
/// and reads no clock; see the [module's page](super) for what it promises.
///
/// # Memory
///
/// About `2 × size_of::<K>() + size_of::<V>() + 200` bytes for each change that waits, at most
/// [`capacity`](WriteQueueBuilder::capacity) of them; while it is in a batch, key and value twice.
pub struct WriteQueue<K, V> {
    options: WriteOptions,
    random: Random,
    /// Each has a change, waiting or aloft.
    lines: HashMap<K, Line<V>>,
    /// Keys that may be written, by the number of their first change: the oldest first.
    ready: BTreeMap<u64, K>,
    /// Keys that wait after a failure, by when that ends.
    backing_off: BTreeMap<(Nanos, u64), K>,
    /// The numbers of the first changes that waiting and aloft ones stand for.
    outstanding: BTreeSet<u64>,
    flushes: Flushes,
    stats: WriteStats,
}

/// What a [`WriteQueue`] would have done next.
#[derive(Debug, PartialEq, Eq)]
#[must_use = "a batch is to be written and completed"]
pub enum Next<K, V> {
    /// Write these.
    Write(Batch<K, V>),
    /// Nothing before then, unless there are new changes.
    At(Nanos),
    /// Nothing before a batch that is under way is completed, or there are new changes.
    Busy,
    /// Nothing before there are new changes: all is written.
    Idle,
}

/// What became of the changes of a [`WriteQueue`] so far.
///
/// `accepted = coalesced + written + dead` and those that still wait.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default))]
#[non_exhaustive]
pub struct WriteStats {
    /// Changes taken.
    pub accepted: u64,
    /// Changes refused, for as many waited as may.
    pub refused: u64,
    /// Changes that a later one of the same key replaced before they were written.
    pub coalesced: u64,
    /// Changes that the store confirmed.
    pub written: u64,
    /// Changes given up after all their attempts.
    pub dead: u64,
    /// Failed attempts.
    pub failures: u64,
    /// Batches given out.
    pub batches: u64,
}

impl<K, V> WriteQueue<K, V> {
    /// Options, with their defaults.
    pub fn builder() -> WriteQueueBuilder<K, V> {
        WriteQueueBuilder::new()
    }

    /// How many changes wait or are being written. Complexity: O(1).
    pub fn len(&self) -> usize {
        self.outstanding.len()
    }

    /// Whether all is written. Complexity: O(1).
    pub fn is_empty(&self) -> bool {
        self.outstanding.is_empty()
    }

    /// What became of the changes so far. Complexity: O(1).
    pub fn stats(&self) -> WriteStats {
        self.stats
    }

    /// Asks for all changes accepted so far to be written without waiting for others. Those that
    /// wait after a failure still do, unless [`hasten`](Self::hasten) is called.
    ///
    /// Complexity: O(1).
    pub fn flush(&mut self) -> FlushTicket {
        self.flushes.open(self.stats.accepted)
    }

    /// The report of a flush, once, when it is done. Complexity: O(flushes under way).
    pub fn flushed(&mut self, ticket: &FlushTicket) -> Option<FlushReport> {
        self.flushes.close(ticket, self.outstanding.first().copied())
    }

    /// Whether nothing can be done for a flush before a batch under way is completed.
    pub(super) fn is_busy_for(&self, ticket: &FlushTicket) -> bool {
        let below = self.flushes.accepted(ticket);
        !self.flushes.is_done(ticket, self.outstanding.first().copied())
            && self.ready.first_key_value().is_none_or(|(&first, _)| first >= below)
            && self.retry_below(below).is_none()
    }

    /// When the first change numbered below this is tried again after a failure.
    fn retry_below(&self, below: u64) -> Option<Nanos> {
        self.backing_off.keys().find(|(_, first)| *first < below).map(|(at, _)| *at)
    }

    /// Gives a flush up that nobody waits for any more. What it made urgent is so no longer.
    /// Complexity: O(flushes under way).
    pub fn cancel_flush(&mut self, ticket: &FlushTicket) {
        self.flushes.cancel(ticket);
    }
}

impl<K: Eq + Hash + Clone, V: Clone> WriteQueue<K, V> {
    pub(super) fn with(options: WriteOptions, random: Random) -> Self {
        Self {
            options,
            random,
            lines: HashMap::new(),
            ready: BTreeMap::new(),
            backing_off: BTreeMap::new(),
            outstanding: BTreeSet::new(),
            flushes: Flushes::default(),
            stats: WriteStats::default(),
        }
    }

    /// Takes a change of `key` at `now`.
    ///
    /// Complexity: O(log n) in the changes that wait.
    ///
    /// # Errors
    ///
    /// [`Full`], with the change, when as many wait as may.
    pub fn push_at(&mut self, now: Nanos, key: K, change: Change<V>) -> Result<(), Full<K, V>> {
        let capacity = self.options.capacity;
        let full = self.outstanding.len() >= capacity;
        let line = match self.lines.entry(key) {
            Entry::Occupied(line) => {
                let may_replace = self.options.coalesce && !line.get().waiting.is_empty();
                if full && !may_replace {
                    self.stats.refused += 1;
                    return Err(Full { key: line.key().clone(), change, capacity });
                }
                line
            }
            Entry::Vacant(entry) if full => {
                self.stats.refused += 1;
                return Err(Full { key: entry.into_key(), change, capacity });
            }
            Entry::Vacant(entry) => entry.insert_entry(Line::new()),
        };
        let number = self.stats.accepted;
        self.stats.accepted += 1;
        let key = line.key().clone();
        let line = line.into_mut();
        match line.waiting.back_mut() {
            Some(last) if self.options.coalesce => {
                last.change = change;
                self.stats.coalesced += 1;
            }
            _ => {
                line.waiting.push_back(Pending { change, first: number, accepted: now });
                self.outstanding.insert(number);
                if !line.queued && line.aloft.is_none() {
                    line.queued = true;
                    self.ready.insert(number, key);
                }
            }
        }
        Ok(())
    }

    /// The change of `key` that is not confirmed yet, the latest: what a reader must see, for the
    /// store may not have it. Complexity: O(1) expected.
    pub fn get(&self, key: &K) -> Option<&Change<V>> {
        self.lines.get(key).and_then(Line::latest)
    }

    /// What is to be done at `now`: write a batch, or nothing until then.
    ///
    /// Several batches may be under way at once; a key is in one of them at most. A clock that was
    /// set back makes changes due earlier, never later.
    ///
    /// Complexity: O(log n) for each change of the batch, and O(1) without one.
    pub fn next_at(&mut self, now: Nanos) -> Next<K, V> {
        self.end_backoffs(now);
        match self.due() {
            Some(due) if due <= now || due > now.saturating_add(self.options.interval) => {
                Next::Write(self.take())
            }
            ready => {
                let retry = self.backing_off.first_key_value().map(|(&(at, _), _)| at);
                match ready.into_iter().chain(retry).min() {
                    Some(at) => Next::At(at),
                    None if self.is_empty() => Next::Idle,
                    None => Next::Busy,
                }
            }
        }
    }

    /// As [`next_at`](Self::next_at), for who waits for a flush: times that concern only later
    /// changes are left out.
    pub(super) fn next_for(&mut self, ticket: &FlushTicket, now: Nanos) -> Next<K, V> {
        match self.next_at(now) {
            Next::At(_) => {
                self.retry_below(self.flushes.accepted(ticket)).map_or(Next::Busy, Next::At)
            }
            other => other,
        }
    }

    /// Takes a batch back at `now`; `failed` says by place which of its changes were not written.
    /// Returns those that are given up, which are the caller's to care for.
    ///
    /// Complexity: O(log n) for each change of the batch.
    #[must_use = "these changes are in no store and in no queue"]
    pub fn complete_at(
        &mut self,
        now: Nanos,
        batch: Batch<K, V>,
        mut failed: impl FnMut(usize) -> bool,
    ) -> Vec<DeadLetter<K, V>> {
        let mut dead = Vec::new();
        for (index, write) in batch.writes.into_iter().enumerate() {
            // A batch of another queue changes nothing.
            let Some(line) = self.lines.get_mut(&write.key) else { continue };
            let Some(pending) = line.aloft.take() else { continue };
            if failed(index) {
                self.stats.failures += 1;
                line.failures = line.failures.saturating_add(1);
                let last = line.failures >= self.options.attempts;
                match line.waiting.front_mut() {
                    // The next change says what the key is to have, and stands for both.
                    Some(next) if self.options.coalesce => {
                        self.outstanding.remove(&next.first);
                        next.first = pending.first;
                        next.accepted = pending.accepted;
                        self.stats.coalesced += 1;
                        if last {
                            line.failures = 0;
                        }
                    }
                    _ if last => {
                        line.failures = 0;
                        self.outstanding.remove(&pending.first);
                        self.flushes.settle(pending.first, true);
                        self.stats.dead += 1;
                        dead.push(DeadLetter { index, write: write.clone() });
                    }
                    _ => line.waiting.push_front(pending),
                }
            } else {
                line.failures = 0;
                self.outstanding.remove(&pending.first);
                self.flushes.settle(pending.first, false);
                self.stats.written += 1;
            }
            self.queue_up(now, write.key);
        }
        dead
    }

    /// Ends all waits after failures.
    ///
    /// Complexity: O(k log n) for k changes that wait so.
    pub fn hasten(&mut self) {
        self.end_backoffs(Nanos::MAX);
    }

    /// What is not confirmed: by key in no order, the changes of each in theirs. Complexity: O(n) for
    /// all.
    pub fn into_unwritten(self) -> impl Iterator<Item = (K, Change<V>)> {
        self.lines
            .into_iter()
            .flat_map(|(key, line)| line.into_changes().map(move |change| (key.clone(), change)))
    }

    /// When the ready ones are to be written; none if there are none.
    fn due(&self) -> Option<Nanos> {
        let (&first, key) = self.ready.first_key_value()?;
        if self.ready.len() >= self.options.batch || first < self.flushes.below() {
            return Some(Nanos::ZERO);
        }
        let accepted = self.lines.get(key)?.waiting.front()?.accepted;
        Some(accepted.saturating_add(self.options.interval))
    }

    fn take(&mut self) -> Batch<K, V> {
        let mut writes = Vec::with_capacity(self.options.batch.min(self.ready.len()));
        while writes.len() < self.options.batch {
            let Some((_, key)) = self.ready.pop_first() else { break };
            let Some(line) = self.lines.get_mut(&key) else { continue };
            line.queued = false;
            let Some(pending) = line.waiting.pop_front() else { continue };
            let (change, attempt) = (pending.change.clone(), line.failures.saturating_add(1));
            line.aloft = Some(pending);
            writes.push(Write { key, change, attempt });
        }
        self.stats.batches += 1;
        Batch { writes }
    }

    /// Finds the place of a key whose batch is done.
    fn queue_up(&mut self, now: Nanos, key: K) {
        let Some(line) = self.lines.get_mut(&key) else { return };
        let Some(first) = line.waiting.front().map(|pending| pending.first) else {
            self.lines.remove(&key);
            return;
        };
        line.queued = true;
        if line.failures == 0 {
            self.ready.insert(first, key);
        } else {
            let until =
                now.saturating_add(self.options.wait_after(line.failures, &mut self.random));
            self.backing_off.insert((until, first), key);
        }
    }

    fn end_backoffs(&mut self, now: Nanos) {
        // A wait that would be longer than any was given by a clock that has been set back since.
        let longest = now.saturating_add(self.options.max_backoff);
        while let Some(entry) = self.backing_off.first_entry() {
            if entry.key().0 > now {
                break;
            }
            let ((_, first), key) = entry.remove_entry();
            self.ready.insert(first, key);
        }
        while let Some(entry) = self.backing_off.last_entry() {
            if entry.key().0 <= longest {
                break;
            }
            let ((_, first), key) = entry.remove_entry();
            self.ready.insert(first, key);
        }
    }
}

impl WriteOptions {
    /// The wait after so many failures, 1 or more.
    fn wait_after(self, failures: u32, random: &mut Random) -> Duration {
        let doubled =
            1_u32.checked_shl(failures - 1).map(|times| self.backoff.saturating_mul(times));
        let longest = doubled.unwrap_or(self.max_backoff).min(self.max_backoff);
        longest / 2 + random.up_to(longest / 2)
    }
}

/// Shows numbers only: keys and values may be secret.
impl<K, V> fmt::Debug for WriteQueue<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WriteQueue")
            .field("len", &self.len())
            .field("stats", &self.stats)
            .finish_non_exhaustive()
    }
}
