//! What may cross threads, what may be copied, and how large it is: part of the contract, so tested.

use std::convert::Infallible;

use voussoir_core::ManualClock;
use voussoir_idgen::{
    AsyncRangeAllocator, Base62, Batch, Block, BlockError, CodeAlphabet, CodeError, CodeErrorKind,
    Encoded, HostNameError, IdRangeError, Layout, LayoutError, Lease, LeaseError, LeaseMismatch,
    LocalLeases, LocalSnowflake, NextError, Parts, PartsError, Policy, RangeAllocator,
    RangeAllocatorBuilder, RangeError, Scramble, ShortCode, ShortCodeBuilder, ShortCodeError,
    Snowflake, SnowflakeBuilder, SnowflakeId, StripedSnowflake,
};

const fn shared<T: Send + Sync + Unpin + 'static>() {}
const fn copy<T: Copy + Send + Sync + Unpin + 'static>() {}
const fn error<T: std::error::Error>() {}

type Source = fn(u64) -> Result<Block, Infallible>;

const _: () = {
    shared::<Snowflake>();
    shared::<Snowflake<ManualClock>>();
    shared::<LocalSnowflake>();
    shared::<StripedSnowflake>();
    shared::<Batch>();
    shared::<RangeAllocator<Source>>();
    shared::<AsyncRangeAllocator<Source>>();
    shared::<LocalLeases>();
    shared::<Block>();
    shared::<BlockError>();
    shared::<RangeError<Infallible>>();

    copy::<SnowflakeBuilder>();
    copy::<RangeAllocatorBuilder<Source>>();
    copy::<ShortCodeBuilder>();
    copy::<SnowflakeId>();
    copy::<Layout>();
    copy::<Parts>();
    copy::<Policy>();
    copy::<Lease>();
    copy::<Base62>();
    copy::<Encoded>();
    copy::<ShortCode>();
    copy::<CodeAlphabet>();
    copy::<Scramble>();
    copy::<CodeErrorKind>();

    copy::<NextError>();
    error::<NextError>();
    copy::<CodeError>();
    error::<CodeError>();
    copy::<LayoutError>();
    error::<LayoutError>();
    copy::<PartsError>();
    error::<PartsError>();
    copy::<IdRangeError>();
    error::<IdRangeError>();
    copy::<HostNameError>();
    error::<HostNameError>();
    copy::<LeaseError>();
    error::<LeaseError>();
    copy::<LeaseMismatch>();
    error::<LeaseMismatch>();
    copy::<ShortCodeError>();
    error::<ShortCodeError>();
    error::<RangeError<Infallible>>();
};

#[test]
fn a_future_of_a_number_may_cross_threads() {
    const fn crosses<T: Send>(_: &T) {}
    let claim = async |n: u64| Ok::<_, Infallible>(Block::new(0..n, 0));
    let keys = AsyncRangeAllocator::builder(claim).build_async().expect("valid");
    crosses(&keys.next());
}

#[test]
fn sizes_are_as_the_page_says() {
    assert_eq!(size_of::<Snowflake>(), 384);
    assert_eq!(size_of::<Encoded>(), 23);
    assert_eq!(size_of::<ShortCode>(), 104);
    assert_eq!(size_of::<SnowflakeId>(), 8);
}
