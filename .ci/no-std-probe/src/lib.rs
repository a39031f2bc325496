//! Uses each primitive that is promised without `std`, so that the linker has to find all of it.

#![no_std]

use core::alloc::{GlobalAlloc, Layout};
use core::panic::PanicInfo;
use core::time::Duration;

use voussoir::balance::{
    EjectionPolicy, EjectionState, Health, HealthPolicy, HealthState, Probe,
};
use voussoir::breaker::{
    AdaptiveThrottle, Backoff, CircuitBreaker, Retry, RetryBudget, Verdict, Window,
};
use voussoir::hashring::{BoundedLoads, Jump, Maglev, MultiProbe, Placement, Rendezvous, Ring, RingSnapshot};
use voussoir::idgen::{Base62, Layout as IdLayout, ShortCode, Snowflake};
use voussoir::quorum::{
    ActorId, DvvSet, Exponential, Hlc, Merkle, PhiAccrual, Quorum, Replicas, VectorClock, WriteOp, WriteStep,
};
use voussoir::ratelimit::{Limit, Limiter};
use voussoir::time::{Clock, ManualClock, Nanos};
use voussoir::trie::{Decay, Fuzzy, Index, Overlay};

struct NoMemory;

// SAFETY: allocation always fails, which the contract allows, so nothing is ever freed.
unsafe impl GlobalAlloc for NoMemory {
    unsafe fn alloc(&self, _: Layout) -> *mut u8 {
        core::ptr::null_mut()
    }

    unsafe fn dealloc(&self, _: *mut u8, _: Layout) {}
}

#[global_allocator]
static NO_MEMORY: NoMemory = NoMemory;

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    loop {}
}

struct Ticks;

impl Clock for Ticks {
    fn now(&self) -> Nanos {
        Nanos::from_secs(7)
    }
}

/// Who owns a key, by every algorithm, and what moves when one node leaves.
fn placed() -> Option<u64> {
    let nodes = ["a", "b", "c"];
    let ring = Ring::builder().nodes(nodes).build().ok()?;
    let plan = ring.diff_replicas(&ring.remove("b").ok()?, 2).ok()?;
    let restored = RingSnapshot::from_bytes(&ring.snapshot().to_bytes()).ok()?.restore().ok()?;
    Maglev::builder().nodes(nodes).build().ok()?.get(b"key")?;
    Jump::builder().nodes(nodes).build().ok()?.get(b"key")?;
    Rendezvous::builder().nodes(nodes).build().ok()?.get(b"key")?;
    MultiProbe::builder().nodes(nodes).build().ok()?.get(b"key")?;
    let even = restored.balance_report().cv() < 1.0 && plan.fraction() < 1.0;
    BoundedLoads::new(restored, 125).ok()?.assign(b"key")?;
    even.then(|| ring.fingerprint())
}

#[unsafe(no_mangle)]
pub extern "C" fn probe() -> bool {
    let Ok(limit) = "100/min burst 20".parse::<Limit>() else { return false };
    let Ok(limiter) = Limiter::builder(limit).clock(Ticks).build() else { return false };
    let Ok(untimed) = Limiter::builder(limit).build() else { return false };
    let passes = limiter.check().is_allowed() && untimed.check_at(Nanos::ZERO).is_allowed();

    let breaker = CircuitBreaker::builder().window(Window::count(1)).build();
    let Ok(breaker) = breaker else { return false };
    if let Ok(permit) = breaker.try_acquire_at(Nanos::ZERO) {
        permit.success_at(Nanos::ZERO);
    }

    let backoff = Backoff::exponential(Duration::from_millis(100)).full_jitter();
    let Ok(retry) = Retry::builder(backoff).idempotent().seed(7).build() else { return false };
    let mut attempts = retry.attempts_at(Nanos::ZERO);
    let again = attempts.failed_at(Nanos::ZERO, Verdict::Transient).is_ok();
    let Ok(budget) = RetryBudget::ratio(0.2).build() else { return false };
    let paid = budget.try_withdraw_at(Nanos::ZERO, Verdict::Transient).is_some();
    let Ok(throttle) = AdaptiveThrottle::builder().seed(7).build() else { return false };
    let sent = throttle.try_acquire_at(Nanos::ZERO).is_ok();
    let retries = again && paid && sent;

    let state = HealthState::default().observe(Probe::Failure, &HealthPolicy::default());
    let mut calls = EjectionState::default();
    let policy = EjectionPolicy::default();
    if calls.observe_at(Nanos::ZERO, Probe::Failure, &policy) {
        let _away = calls.eject_at(Nanos::ZERO, &policy);
    }
    let Ok(ids) = Snowflake::builder(IdLayout::TWITTER).worker(7).build() else { return false };
    let Ok(id) = ids.next_at(Nanos::from_secs(1_700_000_000)) else { return false };
    let Ok(code) = ShortCode::new(7, 7).map(|codes| codes.encode(7)) else { return false };
    let texts = Base62::SORTABLE.decode_fixed(id.to_base62()).is_ok() && code.is_ok();

    let Ok(actor) = ActorId::new(7, 0) else { return false };
    let Ok(quorum) = Quorum::nrw(3, 2, 2) else { return false };
    let sent = WriteOp::new(&quorum).start(Replicas::first(3)) == WriteStep::Send(quorum.places());
    let mut siblings = DvvSet::new();
    let put = siblings.put(&VectorClock::new(), &actor, 7).is_ok();
    let token = siblings.context().to_text().parse() == Ok(siblings.context().clone());
    let tick = Hlc::builder().build().is_ok_and(|clock| clock.tick_at(Nanos::ZERO).is_ok());
    let merkle = Merkle::new(1, [7; 16]).is_ok_and(|tree| tree.root() == 0);
    let phi = PhiAccrual::new(Exponential, 9, Duration::from_secs(1)).is_ok_and(|phi| phi.phi(Nanos::ZERO) < 1.0);
    let replicated = sent && put && token && tick && merkle && phi && quorum.availability(0.9).read > 0.9;

    let minute = voussoir::duration::parse("1m") == Ok(Duration::from_secs(60));
    let Ok(index) = Index::build([("tie", 7)]) else { return false };
    let Ok(decay) = Decay::half_life(Duration::from_secs(60)) else { return false };
    let mut overlay = Overlay::default();
    let finds = overlay.upsert("tier", decay.score(2.0, Nanos::ZERO)).is_ok()
        && overlay.complete("ti").chain(index.complete("tei").fuzzy(Fuzzy::edits(1))).count() == 2
        && index.search("t").next().is_none();
    finds
        && passes
        && replicated
        && retries
        && placed().is_some()
        && texts
        && minute
        && state.health() == Health::Healthy
        && ManualClock::new().now() == Nanos::ZERO
}
