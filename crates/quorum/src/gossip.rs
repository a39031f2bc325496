//! Who says what about itself, spread by rumour, and who has fallen silent.

mod message;
mod peer;

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::time::Duration;

use voussoir_core::{Nanos, Random};

use crate::{ConfigError, Exponential, LocalPause, PhiAccrual, PhiModel};
pub use message::{Delta, Digest, GossipEvent, Record, Reply};
use peer::Peer;

/// Intervals that each detector judges by.
const WINDOW: usize = 100;

/// How a [`Gossip`] behaves.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(::serde::Serialize, ::serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct GossipConfig<M = Exponential> {
    /// How heartbeats are judged. Default: [`Exponential`].
    pub model: M,
    /// φ from which a node counts as down. Default: 8, which is 18.4 mean intervals of the exponential
    /// model.
    pub phi: f64,
    /// How often [`Gossip::tick`] is called. Default: 1 s.
    #[cfg_attr(feature = "serde", serde(with = "voussoir_core::duration"))]
    pub interval: Duration,
    /// After being down for so long a node is forgotten; after half of it, no longer told about.
    /// Default: 24 h.
    #[cfg_attr(feature = "serde", serde(with = "voussoir_core::duration"))]
    pub forget_after: Duration,
    /// Most records in a message. Default: 64.
    pub most_records: usize,
    /// The limit of [`LocalPause`]. Default: 5 s.
    #[cfg_attr(feature = "serde", serde(with = "voussoir_core::duration"))]
    pub local_pause: Duration,
}

impl Default for GossipConfig {
    fn default() -> Self {
        Self {
            model: Exponential,
            phi: 8.0,
            interval: Duration::from_secs(1),
            forget_after: Duration::from_hours(24),
            most_records: 64,
            local_pause: Duration::from_secs(5),
        }
    }
}

/// Anti-entropy of what each node says of itself (van Renesse, Dumitriu, Gough and Thomas, "Efficient
/// reconciliation and flow control for anti-entropy protocols", 2008), with a failure detector for each.
///
/// Small on purpose: one value a node, such as its [`Member`](crate::Member) record and its address, for
/// clusters of up to some hundreds. For SWIM with suspicion and indirect probes take `foca`; for many
/// keys a node, `chitchat`.
///
/// No I/O: every interval call [`tick`](Self::tick), send [`digest`](Self::digest) to one of
/// [`partners`](Self::partners); what comes in goes to [`on_digest`](Self::on_digest) and
/// [`on_reply`](Self::on_reply), whose results go back.
///
/// ```
/// use voussoir_core::Nanos;
/// use voussoir_quorum::{Gossip, GossipConfig};
///
/// let mut a = Gossip::new("a", 1, "10.0.0.1", GossipConfig::default())?;
/// let mut b = Gossip::new("b", 1, "10.0.0.2", GossipConfig::default())?;
/// let now = Nanos::from_secs(1);
/// let reply = b.on_digest(&a.digest()); // a → b
/// let delta = a.on_reply(&reply, now); // b → a
/// b.on_delta(&delta, now); // a → b
/// assert_eq!((a.value(&"b"), b.value(&"a")), (Some(&"10.0.0.2"), Some(&"10.0.0.1")));
/// # Ok::<(), voussoir_quorum::ConfigError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Gossip<N, V, M = Exponential> {
    me: Record<N, V>,
    peers: BTreeMap<N, Peer<V, M>>,
    /// The last that was known of forgotten nodes, and since when they are: old rumours do not revive them.
    forgotten: BTreeMap<N, (u64, u64, Nanos)>,
    pause: LocalPause,
    config: GossipConfig<M>,
}

impl<N: Ord + Clone, V: Clone, M: PhiModel + Clone> Gossip<N, V, M> {
    /// Node `me`, in its `generation`: greater than in any life before, such as the epoch of its
    /// [`ActorId`](crate::ActorId) or the time at which it started.
    ///
    /// # Errors
    ///
    /// When an option is out of its range.
    pub fn new(
        me: N,
        generation: u64,
        value: V,
        config: GossipConfig<M>,
    ) -> Result<Self, ConfigError> {
        if config.phi.is_nan() || config.phi <= 0.0 {
            return Err(ConfigError::new("phi", config.phi, "more than 0"));
        }
        if config.most_records == 0 {
            return Err(ConfigError::new("most_records", 0, "1 or more"));
        }
        // Refuses an interval that no detector takes.
        PhiAccrual::new(config.model.clone(), WINDOW, config.interval)?;
        let me = Record { node: me, generation, version: 1, changed: 1, value };
        let pause = LocalPause::new(config.local_pause);
        Ok(Self { me, peers: BTreeMap::new(), forgotten: BTreeMap::new(), pause, config })
    }

    /// Counts a heartbeat of our own, and tells who has come up, gone down or is forgotten since the last
    /// call. Complexity: O(peers).
    pub fn tick(&mut self, now: Nanos) -> Vec<GossipEvent<N>> {
        self.me.version = self.me.version.saturating_add(1);
        let may_convict = self.pause.may_convict(now);
        let (limit, forget_after) = (self.config.phi, self.config.forget_after);
        let mut events = Vec::new();
        for (node, peer) in &mut self.peers {
            peer.hush(now, forget_after);
            events.extend(peer.judge(now, limit, may_convict).map(|up| {
                if up { GossipEvent::Up(node.clone()) } else { GossipEvent::Down(node.clone()) }
            }));
        }
        let over = |since: Nanos| now.saturating_duration_since(since) >= forget_after;
        self.forgotten.retain(|_, (.., since)| !over(*since));
        let forgotten = &mut self.forgotten;
        self.peers.retain(|node, peer| {
            let keep = !peer.down_since().is_some_and(over);
            if !keep {
                forgotten.insert(node.clone(), (peer.generation, peer.version, now));
                events.push(GossipEvent::Forgotten(node.clone()));
            }
            keep
        });
        events
    }

    /// What this node says of itself from now on.
    pub fn set(&mut self, value: V) {
        self.me.version = self.me.version.saturating_add(1);
        self.me.changed = self.me.version;
        self.me.value = value;
    }

    /// What is known here, in short: the first message of an exchange.
    pub fn digest(&self) -> Digest<N> {
        let peers = self.peers.iter().filter(|(_, peer)| !peer.is_hushed());
        let peers = peers.map(|(node, peer)| (node.clone(), peer.generation, peer.version));
        let me = (self.me.node.clone(), self.me.generation, self.me.version);
        let mut known: Vec<_> = peers.chain([me]).collect();
        known.sort_unstable();
        Digest { known }
    }

    /// The second message: what the sender of the digest does not know, and what we do.
    pub fn on_digest(&self, digest: &Digest<N>) -> Reply<N, V> {
        Reply { digest: self.digest(), delta: self.news_for(digest) }
    }

    /// The third message: what the replier does not know. Takes over what it told.
    pub fn on_reply(&mut self, reply: &Reply<N, V>, now: Nanos) -> Delta<N, V> {
        self.on_delta(&reply.delta, now);
        self.news_for(&reply.digest)
    }

    /// Takes over what is news. Complexity: O(records · log peers).
    pub fn on_delta(&mut self, delta: &Delta<N, V>, now: Nanos) {
        for record in &delta.records {
            if record.node == self.me.node {
                continue;
            }
            let stamp = (record.generation, record.version);
            let buried = self.forgotten.get(&record.node);
            if buried.is_some_and(|&(generation, version, _)| stamp <= (generation, version)) {
                continue;
            }
            self.forgotten.remove(&record.node);
            if let Some(peer) = self.peers.get_mut(&record.node) {
                peer.hear(record, now);
                continue;
            }
            let (model, interval) = (self.config.model.clone(), self.config.interval);
            // Cannot fail: the same was built when the configuration was checked.
            if let Ok(phi) = PhiAccrual::new(model, WINDOW, interval) {
                self.peers.insert(record.node.clone(), Peer::new(record, phi, now));
            }
        }
    }

    /// Whether a node is up, as far as is known here: heard of at least twice, and not overdue at the last
    /// [`tick`](Self::tick).
    pub fn is_up(&self, node: &N) -> bool {
        *node == self.me.node || self.peers.get(node).is_some_and(Peer::is_up)
    }

    /// φ of a node; none of one that is not known.
    pub fn phi(&self, node: &N, now: Nanos) -> Option<f64> {
        self.peers.get(node).map(|peer| peer.phi(now))
    }

    /// What a node last said of itself.
    pub fn value(&self, node: &N) -> Option<&V> {
        if *node == self.me.node {
            return Some(&self.me.value);
        }
        self.peers.get(node).map(|peer| &peer.value)
    }

    /// All nodes known, with what they said of themselves, ourselves first.
    pub fn nodes(&self) -> impl Iterator<Item = (&N, &V)> {
        let peers = self.peers.iter().map(|(node, peer)| (node, &peer.value));
        core::iter::once((&self.me.node, &self.me.value)).chain(peers)
    }

    /// Whom to gossip with now: one that is up, and now and then one that is down, so that two halves of
    /// a cluster find each other again.
    pub fn partners(&self, random: &mut Random) -> Vec<N> {
        let (up, down): (Vec<_>, Vec<_>) = self.peers.iter().partition(|(_, peer)| peer.is_up());
        let mut pick = |from: &[(&N, &Peer<V, M>)]| {
            let at = random.below(from.len() as u32) as usize;
            from.get(at).map(|(node, _)| (*node).clone())
        };
        let mut partners: Vec<_> = pick(&up).into_iter().collect();
        let one = pick(&down);
        // As Cassandra does: with the probability down / (up + 1).
        if u64::from(random.below(up.len() as u32 + 1)) < down.len() as u64 {
            partners.extend(one);
        }
        partners
    }

    /// What a node with this digest has not heard, those furthest behind first.
    fn news_for(&self, digest: &Digest<N>) -> Delta<N, V> {
        // Not searched for as if sorted: it came from elsewhere.
        let told: BTreeMap<_, _> =
            digest.known.iter().map(|(node, g, v)| (node, (*g, *v))).collect();
        let known = |node: &N| told.get(node).copied().unwrap_or_default();
        let peers = self.peers.iter().filter(|(_, peer)| !peer.is_hushed());
        let all = peers.map(|(node, peer)| peer.record(node)).chain([self.me.clone()]);
        let mut news: Vec<_> = all
            .filter_map(|record| {
                let (generation, version) = known(&record.node);
                let later = (record.generation, record.version) > (generation, version);
                let gap = if record.generation > generation {
                    u64::MAX
                } else {
                    record.version.saturating_sub(version)
                };
                later.then_some((gap, record))
            })
            .collect();
        news.sort_by(|(one, _), (other, _)| other.cmp(one));
        news.truncate(self.config.most_records);
        Delta { records: news.into_iter().map(|(_, record)| record).collect() }
    }
}
