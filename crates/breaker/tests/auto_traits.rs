//! What may cross threads, and how large it is: part of the contract, so tested.

use voussoir_breaker::{
    BreakerError, CircuitBreaker, CircuitBreakerBuilder, Open, Permit, State, Stats, Window,
};
use voussoir_core::ManualClock;

const fn shared<T: Send + Sync + Unpin>() {}
const fn copy<T: Copy>() {}

const _: () = {
    shared::<CircuitBreaker>();
    shared::<CircuitBreaker<ManualClock>>();
    shared::<Permit<'static>>();

    copy::<CircuitBreakerBuilder>();
    copy::<BreakerError<u8>>();
    copy::<Open>();
    copy::<State>();
    copy::<Stats>();
    copy::<Window>();
};

#[test]
fn sizes_are_as_the_page_says() {
    assert_eq!(size_of::<CircuitBreaker>(), 72);
    assert_eq!(size_of::<Permit<'_>>(), 2 * size_of::<usize>());
}
