//! What may cross threads, what may be copied, and how large it is: part of the contract, so tested.

use voussoir_core::ManualClock;
use voussoir_quorum::{
    ActorId, ActorIdError, Availability, Causality, CounterOverflow, DecodeError, Delay, Delta,
    Digest, Dot, DvvSet, EpochsExhausted, Exponential, Failure, Fanout, Gossip, GossipConfig,
    GossipEvent, Grace, Guarantees, HedgeBudget, HintError, HintId, HintLimits, HintStore, Hints,
    Hlc, HlcBuilder, HlcError, HlcTime, HlcTimeError, KeyRange, Latencies, Level, LevelError,
    LocalPause, LwwRegister, Member, MemberState, Merkle, MerkleDiff, MerkleEntry, MerkleExchange,
    MerkleMismatch, MerkleNode, Normal, NotLater, Pbs, PhiAccrual, Plan, PlanError, Prediction,
    Pruned, Pruning, PutError, PutRefusal, QueryOp, QueryStep, Quorum, QuorumBuilder, ReadMode,
    ReadOp, ReadOutcome, ReadRepair, ReadStep, Replicas, Reply, Rule, Stamp, StampReused,
    Tolerance, TombstoneKept, Topology, UnknownActor, VectorClock, View, WriteOp, WriteOutcome,
    WriteStep,
};

const fn shared<T: Send + Sync + Unpin + 'static>() {}
const fn copy<T: Copy + Send + Sync + Unpin + 'static>() {}
const fn error<T: std::error::Error + Send + Sync + 'static>() {}

const _: () = {
    shared::<VectorClock>();
    shared::<VectorClock<String>>();
    shared::<DvvSet<Vec<u8>>>();
    shared::<LwwRegister<String>>();
    shared::<Pruned<ActorId>>();
    shared::<Hlc>();
    shared::<Hlc<ManualClock>>();
    shared::<Rule>();
    shared::<Quorum>();
    shared::<QuorumBuilder>();
    shared::<Topology>();
    shared::<Prediction>();
    shared::<WriteOp>();
    shared::<ReadOp<Stamp>>();
    shared::<QueryOp<Stamp>>();
    shared::<ReadRepair<Stamp>>();
    shared::<HintStore<String, Vec<u8>>>();
    shared::<Merkle>();
    shared::<MerkleExchange>();
    shared::<MerkleDiff<'static>>();
    shared::<PhiAccrual>();
    shared::<PhiAccrual<Normal>>();
    shared::<Gossip<String, String>>();
    shared::<GossipEvent<String>>();
    shared::<Digest<String>>();
    shared::<Delta<String, String>>();
    shared::<Reply<String, String>>();
    shared::<View<String>>();
    shared::<Member<String>>();
    shared::<Plan<String>>();

    copy::<ActorId>();
    copy::<Causality>();
    copy::<Dot<ActorId>>();
    copy::<Pruning>();
    copy::<HlcTime>();
    copy::<HlcBuilder>();
    copy::<Stamp>();
    copy::<Replicas>();
    copy::<Level>();
    copy::<Guarantees>();
    copy::<Tolerance>();
    copy::<Availability>();
    copy::<Pbs>();
    copy::<Delay>();
    copy::<Latencies>();
    copy::<Failure>();
    copy::<Fanout>();
    copy::<Hints>();
    copy::<HedgeBudget>();
    copy::<ReadMode>();
    copy::<ReadStep>();
    copy::<ReadOutcome>();
    copy::<WriteStep>();
    copy::<WriteOutcome>();
    copy::<QueryStep>();
    copy::<HintId>();
    copy::<HintLimits>();
    copy::<MerkleEntry>();
    copy::<MerkleNode>();
    copy::<KeyRange>();
    copy::<Exponential>();
    copy::<Normal>();
    copy::<LocalPause>();
    copy::<Grace>();
    copy::<MemberState>();
    copy::<GossipConfig>();

    error::<ActorIdError>();
    error::<EpochsExhausted>();
    error::<CounterOverflow>();
    error::<UnknownActor<ActorId>>();
    error::<DecodeError>();
    error::<PutError<String>>();
    error::<PutRefusal>();
    error::<StampReused>();
    error::<HlcError>();
    error::<HlcTimeError>();
    error::<LevelError>();
    error::<HintError<String>>();
    error::<MerkleMismatch>();
    error::<TombstoneKept>();
    error::<NotLater>();
    error::<PlanError>();
};

#[test]
fn sizes_are_as_the_page_says() {
    assert_eq!(size_of::<VectorClock>(), 72);
    assert!(size_of::<WriteOp>() <= 256, "{}", size_of::<WriteOp>());
    assert!(size_of::<ReadOp<Stamp>>() <= 256, "{}", size_of::<ReadOp<Stamp>>());
    assert!(size_of::<ReadOp<VectorClock>>() <= 256, "{}", size_of::<ReadOp<VectorClock>>());
    assert!(size_of::<QueryOp<Stamp>>() <= 256);
    assert_eq!((size_of::<ActorId>(), size_of::<HlcTime>(), size_of::<Replicas>()), (8, 8, 8));
}
