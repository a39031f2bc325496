//! What may cross threads: part of the contract, so tested.

use voussoir_balance::{
    Algorithm, Balancer, BalancerBuilder, DuplicateNode, Health, HealthPolicy, HealthState, NoNode,
    Node, NodeStatus, Pick, Probe, UnknownNode,
};

const fn shared<T: Send + Sync + Unpin + 'static>() {}
const fn cheap_clone<T: Clone>() {}
const fn copy<T: Copy>() {}

struct NotClone;

const _: () = {
    shared::<Balancer<String>>();
    shared::<BalancerBuilder<String>>();
    shared::<Pick<String>>();
    shared::<Node<String>>();
    shared::<NodeStatus>();
    shared::<DuplicateNode<String>>();
    shared::<UnknownNode>();

    // Also of values that cannot be cloned.
    cheap_clone::<Balancer<NotClone>>();

    copy::<Algorithm>();
    copy::<Health>();
    copy::<HealthPolicy>();
    copy::<HealthState>();
    copy::<NoNode>();
    copy::<Probe>();
};

#[test]
fn a_pick_can_be_moved_into_another_thread() {
    let balancer = Balancer::builder(Algorithm::RoundRobin).node(Node::new("a", 7)).build();
    let pick = balancer.expect("valid").pick().expect("one node");
    assert_eq!(std::thread::spawn(move || *pick.value()).join().expect("no panic"), 7);
}
