use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::task::Waker;
use core::{fmt, mem};

use crossbeam_utils::CachePadded;
use equivalent::Equivalent;
use hashbrown::HashTable;

use super::cycle::Pilot;
use super::lead::Lead;
use super::outcome::Abandoned;
use super::scope::Scope;
use super::seats::{Seats, Succession};
use super::wait::Wait;
use crate::sync::{AtomicUsize, Mutex, Ordering};

/// The loads that are under way, at most one a key. A cheap clone: both are the same table.
///
/// Keys are given with their hash, by the hasher of the cache beside it; the same key must always
/// come with the same one. No loader, no waker and no drop of a key or value runs under a lock of
/// this table; only `Eq` of keys does.
pub struct Flights<K, V> {
    table: Arc<Table<K, V>>,
}

/// What a caller of [`Flights::begin`] is to do.
#[must_use = "a lead that is dropped hands over to the next one"]
pub enum Role<K, V> {
    /// Load, for nobody else does.
    Lead(Lead<K, V>),
    /// Wait for the load of another caller.
    Wait(Wait<K, V>),
    /// Neither: this caller is within the loader of this very key.
    Recursive,
}

/// Those to be woken after a change, and what is to be dropped: when this is dropped, which must be
/// after the lock under which the change was made.
#[must_use = "drop it after the lock of the cache's shard: it wakes those that wait"]
pub struct Wake<K, V> {
    wakers: Vec<Waker>,
    flights: Vec<Arc<Flight<K, V>>>,
}

/// One load.
pub(super) struct Flight<K, V> {
    pub(super) key: K,
    hash: u64,
    pub(super) pilot: Pilot,
    pub(super) seats: Mutex<Seats<V>>,
}

/// The flights of one shard, in the table by the hash of their keys.
type Aloft<K, V> = HashTable<Arc<Flight<K, V>>>;

/// Locks are taken in the order: the cache's shard, a shard of this table, a flight's seats.
pub(super) struct Table<K, V> {
    /// Padded, so that threads in neighbouring shards do not pull at one cache line.
    shards: Box<[CachePadded<Shard<K, V>>]>,
}

struct Shard<K, V> {
    /// Entries of `flights`: read by writers of the cache, so that they need no lock when it is 0.
    aloft: AtomicUsize,
    flights: Mutex<Aloft<K, V>>,
}

impl<K, V> Flights<K, V> {
    /// An empty table of `shards` shards, rounded up to a power of two, from 1 to 1024. One shard
    /// takes 128 bytes, and one for each of the cache's is enough.
    pub fn new(shards: usize) -> Self {
        let shards = shards.clamp(1, 1024).next_power_of_two();
        let shard = || {
            CachePadded::new(Shard {
                aloft: AtomicUsize::new(0),
                flights: Mutex::new(HashTable::new()),
            })
        };
        Self { table: Arc::new(Table { shards: (0..shards).map(|_| shard()).collect() }) }
    }

    /// How many loads are under way whose value is still wanted. Complexity: O(shards).
    pub fn len(&self) -> usize {
        self.table.shards.iter().map(|shard| shard.aloft.load(Ordering::Acquire)).sum()
    }

    /// Bytes on the heap while nothing flies.
    pub(crate) fn bytes(&self) -> usize {
        size_of::<Table<K, V>>() + size_of_val(&*self.table.shards)
    }

    /// Whether no load is under way. Complexity: O(shards).
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Takes the lead of the load of `key`, or a seat in the one that is under way.
    ///
    /// `to_owned` makes the key that the table keeps, outside its lock, and only for a lead.
    ///
    /// Complexity: O(1) expected, O(log n) in the number that wait; one allocation for a lead.
    pub fn begin<Q>(&self, hash: u64, key: &Q, to_owned: impl FnOnce() -> K) -> Role<K, V>
    where
        Q: Equivalent<K> + ?Sized,
    {
        if let Some(role) = self.join(&self.table.shard(hash).flights.lock(), hash, key) {
            return role;
        }
        self.lead_unless(hash, key, to_owned(), |flights| self.join(flights, hash, key))
            .map_or_else(|role| role, Role::Lead)
    }

    /// Takes the lead of the load of `key`, unless it is under way: for a refresh, of which one at a
    /// time is enough.
    ///
    /// Complexity: O(1) expected; one allocation for a lead.
    pub fn try_lead<Q>(
        &self,
        hash: u64,
        key: &Q,
        to_owned: impl FnOnce() -> K,
    ) -> Option<Lead<K, V>>
    where
        Q: Equivalent<K> + ?Sized,
    {
        if self.is_aloft(hash, key) {
            return None;
        }
        let busy = |flights: &_| find(flights, hash, key).map(drop);
        self.lead_unless(hash, key, to_owned(), busy).ok()
    }

    /// Whether a load of `key` is under way whose value is still wanted.
    ///
    /// Complexity: O(1), one load when nothing is.
    pub fn is_aloft<Q>(&self, hash: u64, key: &Q) -> bool
    where
        Q: Equivalent<K> + ?Sized,
    {
        let shard = self.table.shard(hash);
        shard.aloft.load(Ordering::Acquire) > 0 && find(&shard.flights.lock(), hash, key).is_some()
    }

    /// Whether a load of a key with this hash may be under way. Complexity: one load.
    #[inline]
    pub(crate) fn may_fly(&self, hash: u64) -> bool {
        self.table.shard(hash).is_used()
    }

    /// An entry of `key` was inserted: it wins over the load that is under way. Those that wait look
    /// into the cache again, where it is. To be called under the lock under which it was inserted.
    ///
    /// Complexity: one load when nothing flies, else O(1) and the number that wait.
    #[inline]
    pub fn supersede<Q>(&self, hash: u64, key: &Q) -> Wake<K, V>
    where
        Q: Equivalent<K> + ?Sized,
    {
        self.table.detach(hash, key, Seats::supersede)
    }

    /// The entry of `key` was removed, or is no longer valid: a load that is under way may bring what
    /// was meant. Those that wait already get its value, as if they had come before; the cache does
    /// not, and later callers load anew. To be called under the lock under which it was removed.
    ///
    /// Complexity: one load when nothing flies, else O(1).
    #[inline]
    pub fn discard<Q>(&self, hash: u64, key: &Q) -> Wake<K, V>
    where
        Q: Equivalent<K> + ?Sized,
    {
        self.table.detach(hash, key, Seats::discard)
    }

    /// As [`discard`](Self::discard), for all keys for which `affected` holds, which is called with
    /// the hash and the key under a lock of this table: it must not call back.
    ///
    /// What is removed by tag or by a predicate of its value says nothing of values still being
    /// loaded. Discard all of those: at worst they are loaded once more.
    ///
    /// Complexity: O(shards + loads under way).
    pub fn discard_where(&self, mut affected: impl FnMut(u64, &K) -> bool) -> Wake<K, V> {
        let mut wake = Wake::default();
        for shard in self.table.shards.iter().filter(|shard| shard.is_used()) {
            let mut flights = shard.flights.lock();
            for flight in flights.extract_if(|flight| affected(flight.hash, &flight.key)) {
                flight.seats.lock().discard(&mut wake.wakers);
                wake.flights.push(flight);
            }
            shard.aloft.store(flights.len(), Ordering::Release);
        }
        wake
    }

    /// As [`discard`](Self::discard), for all keys: the cache was cleared, or its version changed.
    ///
    /// Complexity: O(shards + loads under way).
    pub fn discard_all(&self) -> Wake<K, V> {
        self.discard_where(|_, _| true)
    }

    fn join<Q>(&self, flights: &Aloft<K, V>, hash: u64, key: &Q) -> Option<Role<K, V>>
    where
        Q: Equivalent<K> + ?Sized,
    {
        let flight = find(flights, hash, key)?;
        if Scope::holds(&flight.pilot) {
            return Some(Role::Recursive);
        }
        let ticket = flight.seats.lock().join();
        Some(Role::Wait(Wait::new(&self.table, flight, ticket)))
    }

    /// The lead, unless `taken` finds that somebody has it by now.
    fn lead_unless<Q, R>(
        &self,
        hash: u64,
        key: &Q,
        owned: K,
        taken: impl FnOnce(&Aloft<K, V>) -> Option<R>,
    ) -> Result<Lead<K, V>, R>
    where
        Q: Equivalent<K> + ?Sized,
    {
        debug_assert!(key.equivalent(&owned), "the key that the table keeps is another one");
        let flight = Arc::new(Flight {
            key: owned,
            hash,
            pilot: Pilot::default(),
            seats: Mutex::new(Seats::new()),
        });
        // Declared after the flight, so that one that is not needed is dropped after the lock.
        let shard = self.table.shard(hash);
        let mut flights = shard.flights.lock();
        if let Some(taken) = taken(&flights) {
            return Err(taken);
        }
        flights.insert_unique(hash, Arc::clone(&flight), |flight| flight.hash);
        shard.aloft.store(flights.len(), Ordering::Release);
        drop(flights);
        Ok(Lead::new(&self.table, flight))
    }
}

impl<K, V> Table<K, V> {
    #[inline]
    fn shard(&self, hash: u64) -> &Shard<K, V> {
        // The bits in the middle: those above choose the cache's shard and mark entries within a
        // table, those below choose the place there.
        &self.shards[(hash >> 32) as usize & (self.shards.len() - 1)]
    }

    fn detach<Q>(
        &self,
        hash: u64,
        key: &Q,
        mark: impl FnOnce(&mut Seats<V>, &mut Vec<Waker>),
    ) -> Wake<K, V>
    where
        Q: Equivalent<K> + ?Sized,
    {
        let mut wake = Wake::default();
        let shard = self.shard(hash);
        if !shard.is_used() {
            return wake;
        }
        let mut flights = shard.flights.lock();
        let same = |flight: &Arc<Flight<K, V>>| flight.hash == hash && key.equivalent(&flight.key);
        if let Ok(entry) = flights.find_entry(hash, same) {
            let (flight, _) = entry.remove();
            shard.aloft.store(flights.len(), Ordering::Release);
            mark(&mut flight.seats.lock(), &mut wake.wakers);
            wake.flights.push(flight);
        }
        wake
    }

    /// Takes `flight` out, by its identity: the key may fly anew since.
    pub(super) fn remove(&self, flight: &Arc<Flight<K, V>>) {
        let removed;
        let shard = self.shard(flight.hash);
        let mut flights = shard.flights.lock();
        removed = shard.take(&mut flights, flight);
        drop(flights);
        drop(removed);
    }

    /// The leader of `flight` is gone: somebody that waits takes over, or it leaves the table.
    ///
    /// Under the shard's lock, so that nobody joins a flight that nobody will lead.
    pub(super) fn hand_over(&self, flight: &Arc<Flight<K, V>>, abandoned: Abandoned) {
        let mut wake = Wake::default();
        let shard = self.shard(flight.hash);
        let mut flights = shard.flights.lock();
        let mut seats = flight.seats.lock();
        seats.dismiss_starter(abandoned, &mut wake.wakers);
        let in_table = flights.find(flight.hash, |other| Arc::ptr_eq(other, flight)).is_some();
        if seats.succeed(in_table, &mut wake.wakers) == Succession::Nobody {
            wake.flights.extend(shard.take(&mut flights, flight));
        }
        drop(seats);
        drop(flights);
        drop(wake);
    }
}

impl<K, V> Shard<K, V> {
    #[inline]
    fn is_used(&self) -> bool {
        self.aloft.load(Ordering::Acquire) > 0
    }

    fn take(
        &self,
        flights: &mut Aloft<K, V>,
        flight: &Arc<Flight<K, V>>,
    ) -> Option<Arc<Flight<K, V>>> {
        let entry = flights.find_entry(flight.hash, |other| Arc::ptr_eq(other, flight)).ok()?;
        let (removed, _) = entry.remove();
        self.aloft.store(flights.len(), Ordering::Release);
        Some(removed)
    }
}

fn find<'a, K, V, Q>(flights: &'a Aloft<K, V>, hash: u64, key: &Q) -> Option<&'a Arc<Flight<K, V>>>
where
    Q: Equivalent<K> + ?Sized,
{
    flights.find(hash, |flight| flight.hash == hash && key.equivalent(&flight.key))
}

impl<K, V> Clone for Flights<K, V> {
    fn clone(&self) -> Self {
        Self { table: Arc::clone(&self.table) }
    }
}

impl<K, V> Drop for Wake<K, V> {
    fn drop(&mut self) {
        for waker in mem::take(&mut self.wakers) {
            waker.wake();
        }
    }
}

impl<K, V> Default for Wake<K, V> {
    fn default() -> Self {
        Self { wakers: Vec::new(), flights: Vec::new() }
    }
}

/// Shows the number only: keys may be secret.
impl<K, V> fmt::Debug for Flights<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Flights").field("len", &self.len()).finish_non_exhaustive()
    }
}

impl<K, V> fmt::Debug for Role<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Lead(_) => "Lead(..)",
            Self::Wait(_) => "Wait(..)",
            Self::Recursive => "Recursive",
        })
    }
}

impl<K, V> fmt::Debug for Wake<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wake").field("wakers", &self.wakers.len()).finish_non_exhaustive()
    }
}
