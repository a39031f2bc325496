use crate::sync::{AtomicU64, Ordering};
use crate::{Health, HealthPolicy, HealthState, Probe};

/// Whether a node may serve, in one word:
///
/// ```text
///   35        34..33        32         31          30       29            0
/// ┌─────────┬─────────────┬──────────┬───────────┬────────┬────────────────┐
/// │ ejected │ forced:     │ draining │ unhealthy │ probed │ streak         │
/// │         │ 0 no, 1 up, │          │           │        │                │
/// │         │ 2 down      │          │           │        │                │
/// └─────────┴─────────────┴──────────┴───────────┴────────┴────────────────┘
/// ```
#[derive(Debug)]
pub(crate) struct Standing(AtomicU64);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct View {
    pub(crate) state: HealthState,
    pub(crate) draining: bool,
    pub(crate) forced: Option<Health>,
    pub(crate) ejected: bool,
}

const PROBED: u64 = 1 << 30;
const UNHEALTHY: u64 = 1 << 31;
const DRAINING: u64 = 1 << 32;
const FORCED_UP: u64 = 1 << 33;
const FORCED_DOWN: u64 = 1 << 34;
const EJECTED: u64 = 1 << 35;

impl View {
    /// Whether it may serve, as to its health; drain is another matter.
    pub(crate) fn is_well(self) -> bool {
        match self.forced {
            Some(forced) => forced == Health::Healthy,
            None => self.state.health() == Health::Healthy && !self.ejected,
        }
    }

    fn of(word: u64) -> Self {
        let has = |flag| word & flag != 0;
        let health = if has(UNHEALTHY) { Health::Unhealthy } else { Health::Healthy };
        let streak = word as u32 & HealthPolicy::MAX_STREAK;
        let forced = if has(FORCED_UP) {
            Some(Health::Healthy)
        } else {
            has(FORCED_DOWN).then_some(Health::Unhealthy)
        };
        Self {
            state: HealthState::new(health, streak, has(PROBED)),
            draining: has(DRAINING),
            forced,
            ejected: has(EJECTED),
        }
    }

    fn word(self) -> u64 {
        let flag = |is, flag| if is { flag } else { 0 };
        u64::from(self.state.streak())
            | flag(self.state.is_probed(), PROBED)
            | flag(self.state.health() == Health::Unhealthy, UNHEALTHY)
            | flag(self.draining, DRAINING)
            | flag(self.forced == Some(Health::Healthy), FORCED_UP)
            | flag(self.forced == Some(Health::Unhealthy), FORCED_DOWN)
            | flag(self.ejected, EJECTED)
    }
}

impl Standing {
    pub(crate) fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    pub(crate) fn load(&self) -> View {
        View::of(self.0.load(Ordering::Acquire))
    }

    /// Counts a probe, and tells the new health if it has changed by it.
    pub(crate) fn observe(&self, probe: Probe, policy: &HealthPolicy) -> Option<Health> {
        let (before, after) =
            self.change(|view| View { state: view.state.observe(probe, policy), ..view });
        let health = after.state.health();
        (health != before.state.health()).then_some(health)
    }

    pub(crate) fn set_draining(&self, draining: bool) {
        self.change(|view| View { draining, ..view });
    }

    pub(crate) fn set_forced(&self, forced: Option<Health>) {
        self.change(|view| View { forced, ..view });
    }

    pub(crate) fn set_ejected(&self, ejected: bool) {
        self.change(|view| View { ejected, ..view });
    }

    /// Writes only what differs, so that a healthy node's successes cost a load.
    fn change(&self, to: impl Fn(View) -> View) -> (View, View) {
        let mut word = self.0.load(Ordering::Acquire);
        loop {
            let before = View::of(word);
            let after = to(before);
            if after == before {
                return (before, after);
            }
            match self.0.compare_exchange_weak(
                word,
                after.word(),
                Ordering::AcqRel,
                Ordering::Acquire,
            ) {
                Ok(_) => return (before, after),
                Err(now) => word = now,
            }
        }
    }
}

#[cfg(all(test, not(voussoir_loom)))]
mod tests {
    use proptest::prelude::*;

    use super::{Health, HealthPolicy, HealthState, View};

    proptest! {
        #[test]
        fn a_view_survives_its_word(
            streak in 0..=HealthPolicy::MAX_STREAK,
            [unhealthy, probed, draining, ejected] in any::<[bool; 4]>(),
            forced in prop::option::of(prop_oneof![Just(Health::Healthy), Just(Health::Unhealthy)]),
        ) {
            let health = if unhealthy { Health::Unhealthy } else { Health::Healthy };
            let state = HealthState::new(health, streak, probed);
            let view = View { state, draining, forced, ejected };
            prop_assert_eq!(View::of(view.word()), view);
        }
    }
}

#[cfg(all(test, voussoir_loom))]
mod models {
    use loom::sync::Arc;
    use loom::thread;

    use super::{Health, HealthPolicy, Probe, Standing};

    #[test]
    fn one_of_two_reports_changes_the_health_and_draining_is_not_lost() {
        loom::model(|| {
            let policy = HealthPolicy { unhealthy_after: 2, ..HealthPolicy::default() };
            let standing = Arc::new(Standing::new());
            let other = {
                let standing = Arc::clone(&standing);
                thread::spawn(move || {
                    let changed = standing.observe(Probe::Failure, &policy);
                    standing.set_draining(true);
                    changed
                })
            };
            let ours = standing.observe(Probe::Failure, &policy);
            let theirs = other.join().unwrap();
            assert!(ours.is_some() ^ theirs.is_some());
            assert_eq!(ours.or(theirs), Some(Health::Unhealthy));
            assert!(standing.load().draining);
        });
    }
}
