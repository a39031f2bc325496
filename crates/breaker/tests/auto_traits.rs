//! What may cross threads, and how large it is: part of the contract, so tested.

use voussoir_breaker::{
    BreakerError, BreakerSnapshot, CircuitBreaker, CircuitBreakerBuilder, Open, OwnedPermit,
    Permit, State, Stats, Window,
};
use voussoir_core::ManualClock;

const fn shared<T: Send + Sync + Unpin>() {}
const fn copy<T: Copy>() {}

const _: () = {
    shared::<CircuitBreaker>();
    shared::<CircuitBreaker<ManualClock>>();
    shared::<Permit<'static>>();

    shared::<CircuitBreakerBuilder>();
    shared::<OwnedPermit>();
    shared::<BreakerSnapshot>();

    copy::<BreakerError<u8>>();
    copy::<Open>();
    copy::<State>();
    copy::<Stats>();
    copy::<Window>();
};

#[test]
fn sizes_are_as_the_page_says() {
    assert_eq!(size_of::<CircuitBreaker>(), 184);
    assert_eq!(size_of::<Permit<'_>>(), 24);
}
