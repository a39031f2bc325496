use alloc::sync::Arc;

use voussoir_core::Random;

use super::climber::Climber;
use super::list::{Links, Mark, Region};
use super::regions::Regions;
use super::sketch::Sketch;
use super::tuner::Tuner;
use super::{Evict, Policy, Setup, contest};

/// Evicts by recency and frequency, in the mixture that suits the requests of now.
///
/// W-TinyLFU (Einziger, Friedman and Manes, 2017): newcomers enter a window, and the oldest of the
/// window replaces the oldest of the main space only if a count-min sketch says that it was asked for
/// more often. How large the window is decides between recency and frequency. Six shadow caches, fed
/// with a sample of the keys, choose it; a hill climber does in caches of fewer than 16 entries and
/// in weighted ones, whose shadows would have to know the weights.
#[derive(Debug)]
pub struct Adaptive {
    regions: Regions,
    /// How often what is not here was asked for. An entry takes its count along in its mark when it
    /// comes and leaves it here when it goes: a hit reads no line of the sketch, and a count is
    /// estimated only once. Made when the cache is half full: until then nothing is evicted.
    sketch: Option<Sketch>,
    guide: Guide,
    resident: u64,
    unit: bool,
    dice: Random,
}

/// The most requests that count, as in the sketch.
const MOST: u8 = 15;

#[derive(Debug)]
enum Guide {
    Climb(Climber),
    Follow { tuner: Arc<Tuner>, percent: u32 },
}

impl Adaptive {
    fn window_of(capacity: u64, percent: u32) -> u64 {
        (u128::from(capacity) * u128::from(percent) / 100) as u64
    }

    /// A sketch is made for what is there, not for what might be: weights may be bytes, and a cache
    /// may have no bound to speak of.
    fn prepare(&mut self) {
        let wanting = match &self.sketch {
            None => !self.unit || self.resident >= self.regions.capacity() / 2,
            Some(sketch) => sketch.is_small_for(self.resident),
        };
        if wanting {
            let most = if self.unit { self.regions.capacity() } else { u64::MAX };
            let entries = most.min(self.resident * 2 + 1);
            self.sketch = Some(Sketch::new(entries).aged(self.age()));
        }
    }

    #[inline]
    fn age(&self) -> u8 {
        self.sketch.as_ref().map_or(0, Sketch::age)
    }

    /// How often an entry was asked for: its count, halved as often as the sketch was since.
    #[inline]
    fn asked(age: u8, mark: &Mark) -> u8 {
        mark.count() >> age.wrapping_sub(mark.bucket).min(7)
    }

    #[inline]
    fn guide(&mut self, hash: u32, hit: bool) {
        match &mut self.guide {
            Guide::Follow { tuner, .. } => tuner.note(hash),
            Guide::Climb(climber) => {
                if climber.note(hit) {
                    let capacity = self.regions.capacity();
                    self.regions.retarget(capacity, climber.window(capacity));
                }
            }
        }
    }

    #[inline]
    fn follow(&mut self) {
        if let Guide::Follow { tuner, percent } = &mut self.guide {
            let now = tuner.percent();
            if now != *percent {
                *percent = now;
                let capacity = self.regions.capacity();
                self.regions.retarget(capacity, Self::window_of(capacity, now));
            }
        }
    }
}

impl Evict for Adaptive {
    fn new(_: Policy, setup: &Setup) -> Self {
        let (guide, window) = if let Some(tuner) = &setup.tuner {
            let percent = tuner.percent();
            let guide = Guide::Follow { tuner: Arc::clone(tuner), percent };
            (guide, Self::window_of(setup.capacity, percent))
        } else {
            let entries = if setup.unit { setup.capacity } else { 0 };
            let climber = Climber::new(entries.max(512) * 10);
            let window = climber.window(setup.capacity);
            (Guide::Climb(climber), window)
        };
        Self {
            regions: Regions::new(setup.capacity, window),
            sketch: None,
            guide,
            resident: 0,
            unit: setup.unit,
            dice: Random::seeded(setup.seed),
        }
    }

    fn follows(_: Policy) -> bool {
        true
    }

    fn kind(&self) -> Policy {
        Policy::Adaptive
    }

    fn resize(&mut self, capacity: u64) {
        let old = self.regions.capacity().max(1);
        let window = u128::from(self.regions.window()) * u128::from(capacity) / u128::from(old);
        self.regions.retarget(capacity, window as u64);
    }

    #[inline]
    fn hit<L: Links>(&mut self, links: &mut L, slot: u32) {
        let age = self.age();
        let mark = links.mark_mut(slot);
        mark.set_count((Self::asked(age, mark) + 1).min(MOST));
        mark.bucket = age;
        let hash = mark.hash;
        if let Some(sketch) = &mut self.sketch {
            sketch.note();
        }
        self.guide(hash, true);
        self.regions.hit(links, slot);
    }

    #[inline]
    fn admit<L: Links>(&mut self, links: &mut L, slot: u32) {
        self.resident += 1;
        self.prepare();
        let hash = links.mark(slot).hash;
        let asked = self.sketch.as_mut().map_or(1, |sketch| sketch.add(hash));
        let mark = links.mark_mut(slot);
        mark.set_count(asked);
        mark.bucket = self.age();
        self.guide(hash, false);
        self.follow();
        self.regions.admit(links, slot);
    }

    #[inline]
    fn victim<L: Links>(&mut self, links: &mut L, incoming: u64) -> Option<u32> {
        let (age, dice) = (self.age(), &mut self.dice);
        self.regions.victim(links, incoming, |newer, older| {
            let (asked, held) = (Self::asked(age, newer), Self::asked(age, older));
            contest(asked, held, dice.next_u64() as u32)
        })
    }

    #[inline]
    fn removed<L: Links>(&mut self, links: &mut L, slot: u32) {
        self.resident = self.resident.saturating_sub(1);
        if let Some(sketch) = &mut self.sketch {
            let mark = links.mark(slot);
            sketch.raise(mark.hash, Self::asked(sketch.age(), mark));
        }
        self.regions.removed(links, slot);
    }

    fn reweighed<L: Links>(&mut self, links: &mut L, slot: u32, old: u64, new: u64) {
        self.regions.reweighed(links.mark(slot).region, old, new);
    }

    fn visit<L: Links>(&self, links: &L, visit: &mut dyn FnMut(u32)) {
        self.regions.visit(links, visit);
    }

    fn heat<L: Links>(&self, links: &L, slot: u32) -> (u8, u8) {
        let mark = links.mark(slot);
        let asked = Self::asked(self.age(), mark);
        (mark.with_count(asked), asked)
    }

    fn recall<L: Links>(&mut self, links: &mut L, slot: u32, region: u8, heat: u8) {
        self.resident += 1;
        self.prepare();
        let mark = links.mark_mut(slot);
        mark.heat = heat;
        let used = mark.used();
        mark.set_count(mark.count().min(MOST));
        mark.bucket = self.age();
        self.regions.put(links, slot, Region::from_code(region));
        links.mark_mut(slot).set_used(used);
    }

    fn window(&self) -> u32 {
        match &self.guide {
            Guide::Follow { tuner, .. } => tuner.percent(),
            Guide::Climb(climber) => climber.percent(),
        }
    }

    fn set_window(&mut self, wanted: u32) {
        let capacity = self.regions.capacity();
        let window = match &mut self.guide {
            Guide::Follow { tuner, percent } => {
                tuner.set_percent(wanted);
                *percent = tuner.percent();
                Self::window_of(capacity, *percent)
            }
            Guide::Climb(climber) => {
                climber.start_from(wanted);
                climber.window(capacity)
            }
        };
        self.regions.retarget(capacity, window);
    }

    fn bytes(&self) -> usize {
        self.sketch.as_ref().map_or(0, Sketch::bytes)
    }
}
