//! What may cross threads, and what may be copied: part of the contract, so tested.

use voussoir_core::ManualClock;
use voussoir_ratelimit::client_key::{
    ClientKey, ClientSource, ClientSourceBuilder, ForwardedField, Network, NetworkError,
    NetworkErrorKind, TrustedProxies,
};
use voussoir_ratelimit::observe::{Observation, Observer, Outcome};
use voussoir_ratelimit::rules::{
    Facts, KeyPart, MissingKey, Order, PathError, PathErrorKind, PathPattern, Request, Rule,
    RuleDecision, RuleKey, RuleLimiter, RuleLimiterBuilder, RuleSet, RuleSetError,
};
use voussoir_ratelimit::{
    AllOf, Carry, Decision, Denied, Events, FixedWindow, KeyedLimiter, KeyedLimiterBuilder,
    LeakyBucket, Limit, LimitError, LimitErrorKind, LimitState, Limiter, LimiterBuilder, Overflow,
    Reservation, SlidingWindowCounter, SlidingWindowLog, Snapshot, States, StrictCounts,
    StrictWindowCounter, StripedLimiter, StripedLimiterBuilder, TierError, TierState, Tiers,
    TokenBucket, WideCount, WideWindowCounter,
};

const fn shared<T: ?Sized + Send + Sync + 'static>() {}
const fn owned<T: Send + Sync + Unpin + 'static>() {}
const fn copy<T: Copy + Send + Sync>() {}

const _: () = {
    owned::<Limiter>();
    owned::<Limiter<Limit, ManualClock>>();
    owned::<Limiter<AllOf<Limit, 2>>>();
    owned::<LimiterBuilder<TokenBucket>>();
    owned::<StripedLimiter>();
    owned::<StripedLimiterBuilder>();
    owned::<KeyedLimiter<String>>();
    owned::<KeyedLimiter<String, Limit>>();
    owned::<KeyedLimiter<String, Tiers<SlidingWindowLog, 2>>>();
    // A builder holds no key.
    owned::<KeyedLimiterBuilder<std::rc::Rc<str>, TokenBucket>>();
    owned::<Reservation<u64>>();
    owned::<Reservation<LimitState>>();
    owned::<Snapshot>();
    owned::<Events>();
    owned::<LimitState>();
    owned::<States<u64, 2>>();
    owned::<StrictCounts>();
    owned::<TierState<u64>>();
    owned::<LimitError>();
    owned::<LimitErrorKind>();

    owned::<ClientSource>();
    owned::<ClientSourceBuilder>();
    owned::<NetworkError>();
    owned::<TrustedProxies>();
    owned::<KeyPart>();
    owned::<PathPattern>();
    owned::<Rule>();
    owned::<RuleKey>();
    owned::<RuleLimiter>();
    owned::<RuleLimiter<ManualClock>>();
    owned::<RuleLimiterBuilder>();
    owned::<RuleSet>();
    owned::<RuleSetError>();
    shared::<dyn Observer>();

    copy::<AllOf<TokenBucket, 2>>();
    copy::<Carry>();
    copy::<ClientKey>();
    copy::<Decision>();
    copy::<Denied>();
    copy::<Facts<'_>>();
    copy::<FixedWindow>();
    copy::<ForwardedField>();
    copy::<LeakyBucket>();
    copy::<Limit>();
    copy::<MissingKey>();
    copy::<Network>();
    copy::<NetworkErrorKind>();
    copy::<Observation<'_>>();
    copy::<Order>();
    copy::<Outcome>();
    copy::<Overflow>();
    copy::<PathError>();
    copy::<PathErrorKind>();
    copy::<RuleDecision<'_>>();
    copy::<SlidingWindowCounter>();
    copy::<SlidingWindowLog>();
    copy::<StrictWindowCounter>();
    copy::<TierError>();
    copy::<Tiers<TokenBucket, 2>>();
    copy::<TokenBucket>();
    copy::<WideCount>();
    copy::<WideWindowCounter>();
};

/// A request may be a trait object.
const _: fn(&dyn Request) = |_| {};

#[test]
fn a_direct_limiter_keeps_one_word_of_state() {
    assert_eq!(size_of::<Limiter>(), size_of::<TokenBucket>() + size_of::<u64>());
}

#[cfg(feature = "http")]
const _: () = {
    use voussoir_ratelimit::http::{
        HeaderStyle, Policy, PolicyNameError, PolicyNameErrorKind, QuotaUnit, Reset,
    };

    owned::<Policy>();
    copy::<HeaderStyle>();
    copy::<PolicyNameError>();
    copy::<PolicyNameErrorKind>();
    copy::<QuotaUnit>();
    copy::<Reset>();
    copy::<voussoir_ratelimit::rules::HttpRequest<'_>>();
};

#[cfg(feature = "tracing")]
const _: () = copy::<voussoir_ratelimit::observe::TracingObserver>();

#[cfg(feature = "metrics")]
const _: () = owned::<voussoir_ratelimit::observe::MetricsObserver>();

#[cfg(feature = "tokio")]
const _: () = {
    use voussoir_ratelimit::{Line, Lines, NotReady, Refused};

    owned::<Line>();
    owned::<Lines<String>>();
    copy::<NotReady>();
    copy::<Refused<u8>>();
};

/// A paced stream can be sent to another task, and what waits for a limiter too.
#[cfg(feature = "tokio")]
const _: () = {
    use futures_util::stream::Empty;
    use voussoir_ratelimit::{Line, Lines, Paced, PacedByKey};

    const fn sent<T: Send + Unpin>() {}
    const fn sends<T: Send>(_: &T) {}

    sent::<Paced<'_, Empty<u8>>>();
    sent::<PacedByKey<'_, Empty<u8>>>();
    let _ = |limiter: &Limiter, line: &Line| sends(&limiter.until_ready(line));
    let _ = |limiter: &KeyedLimiter<String>, lines: &Lines<String>| {
        sends(&limiter.until_ready(lines, "key"));
    };
};
