//! Loads that happen once: single flight by key, for threads and tasks alike, without a runtime.
//!
//! When a popular key is missing, every caller would load it at once. Here the first one *leads* a
//! flight for the key and loads; the others *wait* for it to land and share what it brought. A
//! thread may wait for a task's flight and a task for a thread's.
//!
//! ```
//! use std::thread;
//! use voussoir_cache::flight::{Flights, Role};
//!
//! let flights = Flights::<&str, u32>::new(1);
//! let Role::Lead(lead) = flights.begin(7, &"answer", || "answer") else { unreachable!() };
//! let Role::Wait(wait) = flights.begin(7, &"answer", || "answer") else { unreachable!() };
//!
//! let waiting = thread::spawn(move || wait.block());
//! lead.land(&42);
//! assert_eq!(waiting.join().unwrap().value(), Some(42));
//! ```
//!
//! # The protocol
//!
//! A cache that loads through flights stays right under every interleaving if it keeps four rules;
//! [`Flights::load`] and its async twins keep them, given three closures.
//!
//! 1. **Look again after taking the lead**, under the lock of the key's shard: an earlier flight may
//!    have stored and landed between the miss and [`begin`](Flights::begin).
//! 2. **Load outside every lock**, within [`Lead::scope`], so that a loader that asks for its own key
//!    is told so instead of waiting for itself.
//! 3. **Ask [`Lead::standing`] and store under the lock of the key's shard**, then
//!    [`land`](Lead::land): the value is in the cache before the flight leaves the table, so that
//!    nobody starts a second load in between.
//! 4. **Whoever changes an entry says so under the same lock**: [`supersede`](Flights::supersede)
//!    after an insertion, [`discard`](Flights::discard) after a removal. The flight is then out of
//!    the table, and its leader finds at rule 3 that its value is no longer wanted. Both answer in
//!    one load when nothing flies.
//!
//! Rule 4's short cut is sound because of rule 1: a leader is counted before it looks again under
//! the shard's lock. A writer that holds the lock later therefore sees the count; one that held it
//! earlier is seen by the leader's look, and the load begins after its change.
//!
//! # When a leader fails
//!
//! | it | then |
//! |---|---|
//! | returns an error | all share it ([`Lead::fail`]); or, dropped instead, the next one tries |
//! | panics, or its future is dropped | exactly one that waits, the one that waited longest, takes over with its own loader; the others keep waiting |
//! | lost to an insertion | all look into the cache again, where the inserted value is |
//! | lost to an invalidation | those that waited before it get the value, it is not stored; later callers start anew |

mod cycle;
mod error;
mod executor;
mod lead;
mod load;
mod outcome;
mod scope;
mod seats;
mod table;
mod wait;

#[cfg(all(test, voussoir_shuttle))]
pub(crate) use cycle::prepare;

pub use error::LoadError;
pub use executor::{Executor, Task};
pub use lead::{Lead, Standing};
pub use outcome::{Abandoned, Arrival, Failure};
pub use table::{Flights, Role, Wake};
pub use wait::Wait;
