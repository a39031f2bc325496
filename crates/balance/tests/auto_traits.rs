//! What may cross threads: part of the contract, so tested.

use core::mem::size_of;

use voussoir_balance::{
    Algorithm, Balancer, BalancerBuilder, BalancerConfig, DuplicateNode, EjectionPolicy,
    EjectionState, Event, Health, HealthPolicy, HealthState, LatencyPolicy, NoNode, Node,
    NodeStatus, Pick, Probe, SlowStart, UnknownAlgorithm, UnknownNode,
};
use voussoir_core::ManualClock;

const fn shared<T: Send + Sync + Unpin + 'static>() {}
const fn cheap_clone<T: Clone>() {}
const fn copy<T: Copy>() {}

struct NotClone;

const _: () = {
    shared::<Balancer<String>>();
    shared::<Balancer<String, ManualClock>>();
    shared::<BalancerBuilder<String>>();
    shared::<BalancerConfig>();
    shared::<EjectionState>();
    shared::<Pick<String>>();
    shared::<Node<String>>();
    shared::<NodeStatus>();
    shared::<DuplicateNode<String>>();
    shared::<UnknownNode>();
    shared::<UnknownAlgorithm>();

    // Also of values that cannot be cloned.
    cheap_clone::<Balancer<NotClone>>();

    copy::<Algorithm>();
    copy::<EjectionPolicy>();
    copy::<Event<'static>>();
    copy::<Health>();
    copy::<HealthPolicy>();
    copy::<HealthState>();
    copy::<NoNode>();
    copy::<LatencyPolicy>();
    copy::<Probe>();
    copy::<SlowStart>();

    assert!(size_of::<Pick<String>>() == 24 && size_of::<Balancer<String>>() == 8);
    assert!(size_of::<EjectionState>() <= 104 && size_of::<HealthState>() == 8);
};

#[test]
fn a_pick_can_be_moved_into_another_thread() {
    let balancer = Balancer::builder(Algorithm::RoundRobin).node(Node::new("a", 7)).build();
    let pick = balancer.expect("valid").pick().expect("one node");
    assert_eq!(std::thread::spawn(move || *pick.value()).join().expect("no panic"), 7);
}
