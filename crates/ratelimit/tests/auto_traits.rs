//! What may cross threads, and what may be copied: part of the contract, so tested.

use voussoir_core::ManualClock;
use voussoir_ratelimit::{
    Decision, Denied, KeyedLimiter, KeyedLimiterBuilder, Limit, LimitError, LimitErrorKind,
    Limiter, LimiterBuilder, Overflow, TokenBucket,
};

const fn shared<T: Send + Sync + Unpin + 'static>() {}
const fn copy<T: Copy>() {}

const _: () = {
    shared::<Limiter>();
    shared::<Limiter<Limit, ManualClock>>();
    shared::<LimiterBuilder<TokenBucket>>();
    shared::<KeyedLimiter<String>>();
    shared::<KeyedLimiter<String, Limit>>();
    shared::<KeyedLimiterBuilder<std::rc::Rc<str>, TokenBucket>>();
    shared::<Denied>();
    shared::<LimitError>();
    shared::<LimitErrorKind>();

    copy::<Decision>();
    copy::<Denied>();
    copy::<Limit>();
    copy::<Overflow>();
    copy::<TokenBucket>();
};

#[test]
fn a_direct_limiter_keeps_one_word_of_state() {
    assert_eq!(size_of::<Limiter>(), size_of::<TokenBucket>() + size_of::<u64>());
}
