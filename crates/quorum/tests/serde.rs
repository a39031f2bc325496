//! Configuration and snapshots through serde.

#![cfg(feature = "serde")]

use std::fmt::Debug;

use serde::Serialize;
use serde::de::DeserializeOwned;
use voussoir_quorum::{
    ActorId, Dot, DvvSet, GossipConfig, HintLimits, HlcTime, Level, LwwRegister, MemberState,
    Quorum, ReadMode, Rule, Stamp, VectorClock, View,
};

fn same<T: Serialize + DeserializeOwned + PartialEq + Debug>(value: &T) -> String {
    let text = serde_json::to_string(value).expect("it is written");
    assert_eq!(&serde_json::from_str::<T>(&text).expect(&text), value);
    text
}

#[test]
fn configuration_is_read_back_and_says_durations_as_text() {
    assert!(same(&HintLimits::default()).contains("\"3h\""));
    assert!(same(&GossipConfig::default()).contains("\"interval\":\"1s\""));
    assert_eq!(same(&Level::LocalQuorum), "\"LOCAL_QUORUM\"");
    assert_eq!(same(&ReadMode::RepairAsync), "\"repair_async\"");
    for quorum in [Quorum::majority(3), Quorum::grid(2, 3), Quorum::weighted(&[2, 1, 1], 2, 3)] {
        same(&quorum.unwrap());
    }
    same(&Quorum::builder(3).read(1).write(1).reads_may_miss_writes().build().unwrap());
}

#[test]
fn snapshots_are_read_back() {
    let actor = ActorId::new(7, 1).unwrap();
    let mut set = DvvSet::new();
    set.put(&VectorClock::new(), &actor, "a".to_owned()).unwrap();
    set.put(&VectorClock::new(), &actor, "b".to_owned()).unwrap();
    same(&set);
    same(set.context());
    same(&(0..100).map(|actor| Dot::new(actor, 1)).collect::<VectorClock<u64>>());
    let stamp = Stamp::new(HlcTime::from_bits(7), actor);
    assert!(same(&LwwRegister::new(stamp, 1)).contains("\"0.7\""));
    let mut view = View::new();
    view.set("a".to_owned(), 1, MemberState::Joining).unwrap();
    same(&view);
}

#[test]
fn what_is_not_sound_is_refused() {
    let quorum = |text: &str| serde_json::from_str::<Quorum>(text).is_ok();
    let of = |read: u8| {
        format!(
            r#"{{"replicas":3,"read":{{"need":{read},"of":[0,1,2]}},"write":{{"need":2,"of":[0,1,2]}}}}"#
        )
    };
    assert!(quorum(&of(2)) && !quorum(&of(1)) && !quorum(&of(4)));
    for rule in [
        r#"{"need":1}"#,
        r#"{"need":1,"of":[64]}"#,
        r#"{"need":300,"of":[1]}"#,
        r#"{"need":9,"parts":[]}"#,
    ] {
        assert!(serde_json::from_str::<Rule>(rule).is_err(), "{rule}");
    }
    let set = format!(
        r#"{{"context":"{}","siblings":[[{{"actor":1,"counter":1}},1]]}}"#,
        VectorClock::<u64>::new()
    );
    assert!(serde_json::from_str::<DvvSet<u8>>(&set).is_err(), "not seen by its context");
}
