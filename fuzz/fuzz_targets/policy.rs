#![no_main]

//! No configuration of a policy panics, whether it is refused when read, refused when built, or used;
//! what is written is read back. A snapshot of a breaker that anybody may have written is restored
//! without a panic, and its counts agree with each other.

use std::time::Duration;

use voussoir::breaker::{BreakerSnapshot, PolicyConfig};
use voussoir::time::{ManualClock, Nanos};

libfuzzer_sys::fuzz_target!(|text: &str| {
    if let Ok(config) = serde_json::from_str::<PolicyConfig>(text) {
        let written = serde_json::to_string(&config).expect("a configuration is written");
        // NaN and infinity have no place in JSON, so that nothing equals nothing else.
        assert_eq!(serde_json::from_str::<PolicyConfig>(&written).expect("and read"), config);
        let clock = ManualClock::new();
        if let Ok(policy) = config.builder_on(clock.clone()).and_then(|builder| builder.build()) {
            for _ in 0..40 {
                // Nobody else has a place, so that nobody waits for one.
                let mut left = 20;
                let _ = policy.call(
                    |pause| clock.advance(pause.max(Duration::from_millis(1))),
                    |_| {
                        left -= 1;
                        if left > 0 { Err(()) } else { Ok(()) }
                    },
                );
            }
        }
    }
    if let Ok(snapshot) = serde_json::from_str::<BreakerSnapshot>(text) {
        use voussoir::breaker::{CircuitBreaker, Window};
        for window in [Window::count(60), Window::count(100), Window::time(Duration::from_secs(9))] {
            let breaker = CircuitBreaker::builder().window(window).seed(1).clock(ManualClock::new());
            let breaker = breaker.build().expect("valid");
            breaker.restore_at(Nanos::from_secs(5), &snapshot);
            let _ = breaker.try_acquire_at(Nanos::from_secs(6)).map(|p| p.failure_at(Nanos::from_secs(7)));
            let stats = breaker.stats_at(Nanos::from_secs(7));
            assert!(stats.failures <= stats.calls && stats.slow <= stats.calls, "{stats:?}");
            let _ = breaker.snapshot_at(Nanos::from_secs(8));
        }
    }
});
