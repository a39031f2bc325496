//! What may cross threads, and what may be copied: part of the contract, so tested.

use voussoir_core::ManualClock;
use voussoir_ratelimit::client_key::{ClientKey, ClientSource, ClientSourceBuilder, Network};
use voussoir_ratelimit::observe::{Observation, Outcome};
use voussoir_ratelimit::rules::{
    Facts, PathPattern, Rule, RuleDecision, RuleKey, RuleLimiter, RuleLimiterBuilder, RuleSet,
    RuleSetError,
};
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

    shared::<ClientSource>();
    shared::<ClientSourceBuilder>();
    shared::<PathPattern>();
    shared::<Rule>();
    shared::<RuleKey>();
    shared::<RuleLimiter>();
    shared::<RuleLimiter<ManualClock>>();
    shared::<RuleLimiterBuilder>();
    shared::<RuleSet>();
    shared::<RuleSetError>();

    copy::<ClientKey>();
    copy::<Decision>();
    copy::<Denied>();
    copy::<Facts<'_>>();
    copy::<Limit>();
    copy::<Network>();
    copy::<Observation<'_>>();
    copy::<Outcome>();
    copy::<Overflow>();
    copy::<RuleDecision<'_>>();
    copy::<TokenBucket>();
};

#[test]
fn a_direct_limiter_keeps_one_word_of_state() {
    assert_eq!(size_of::<Limiter>(), size_of::<TokenBucket>() + size_of::<u64>());
}

#[cfg(feature = "http")]
const _: () = {
    shared::<voussoir_ratelimit::http::Policy>();
    shared::<voussoir_ratelimit::http::PolicyNameError>();
    copy::<voussoir_ratelimit::http::HeaderStyle>();
    copy::<voussoir_ratelimit::http::PolicyNameError>();
    copy::<voussoir_ratelimit::rules::HttpRequest<'_>>();
};

#[cfg(feature = "tracing")]
const _: () = copy::<voussoir_ratelimit::observe::TracingObserver>();

#[cfg(feature = "metrics")]
const _: () = shared::<voussoir_ratelimit::observe::MetricsObserver>();

#[cfg(feature = "tokio")]
const _: () = {
    shared::<voussoir_ratelimit::Line>();
    shared::<voussoir_ratelimit::Lines<String>>();
    copy::<voussoir_ratelimit::NotReady>();
};
