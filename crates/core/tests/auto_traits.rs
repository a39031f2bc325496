//! What may cross threads, and what may be copied: part of the contract, so tested.

use std::cell::Cell;

use voussoir_core::duration::{DurationError, DurationErrorKind, Text};
use voussoir_core::{
    Clock, ConfigError, Full, ManualClock, MemoryUse, Nanos, Outcome, PerThread, Rejected,
    ShardedMap, Striped, StripedCounter, Swept, SystemClock, Turn, WaitQueue, Waiter, WallClock,
};

const fn shared<T: Send + Sync + Unpin + 'static>() {}
const fn copy<T: Copy>() {}
const fn debug<T: std::fmt::Debug>() {}

const _: () = {
    shared::<Nanos>();
    shared::<ManualClock>();
    shared::<SystemClock>();
    shared::<WallClock>();
    shared::<ConfigError>();
    shared::<DurationError>();
    shared::<Full>();
    shared::<MemoryUse>();
    shared::<Swept>();
    shared::<ShardedMap<String, Vec<u8>>>();
    // A value that may move but not be shared makes a map that may be shared.
    shared::<ShardedMap<String, Cell<u8>>>();

    shared::<WaitQueue<Cell<u8>, Cell<u8>>>();
    shared::<Waiter<'static, u8, u8>>();
    shared::<PerThread<Cell<u8>>>();
    shared::<Striped<u8>>();
    shared::<StripedCounter>();

    copy::<Nanos>();
    copy::<Outcome>();
    copy::<Rejected>();
    copy::<Turn>();
    copy::<SystemClock>();
    copy::<WallClock>();
    copy::<DurationError>();
    copy::<DurationErrorKind>();
    copy::<Text>();
    copy::<Full>();
    copy::<MemoryUse>();
    copy::<Swept>();

    debug::<ShardedMap<u8, fn()>>();
};

#[cfg(feature = "quanta")]
const _: () = shared::<voussoir_core::QuantaClock>();
#[cfg(feature = "tokio")]
const _: () = shared::<voussoir_core::TokioClock>();

#[test]
fn a_clock_is_object_safe() {
    let clock: &dyn Clock = &ManualClock::new();
    assert_eq!(clock.now(), Nanos::ZERO);
}
