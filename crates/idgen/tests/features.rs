//! What the features bring.

#[cfg(feature = "serde")]
mod serde {
    use serde::{Deserialize, Serialize};
    use serde_json::{from_str, json, to_value};
    use std::time::Duration;
    use voussoir_core::Nanos;
    use voussoir_idgen::{Layout, Policy, SnowflakeId};

    /// 2^53 + 1, the first number that a browser does not read.
    const NUMBER: u64 = 9_007_199_254_740_993;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Row {
        id: SnowflakeId,
        #[serde(with = "voussoir_idgen::as_number")]
        number: SnowflakeId,
        #[serde(with = "voussoir_idgen::as_base62")]
        short: SnowflakeId,
    }

    #[test]
    fn people_get_text_and_who_asks_gets_a_number_or_base62() {
        let id = SnowflakeId::new(NUMBER).expect("below 2^63");
        let row = Row { id, number: id, short: id };
        let json = json!({ "id": "9007199254740993", "number": NUMBER, "short": "00fFgnDxSe9" });
        assert_eq!(to_value(&row).expect("writes"), json);
        assert_eq!(from_str::<Row>(&json.to_string()).expect("reads"), row);
    }

    #[test]
    fn layouts_and_policies_come_from_configurations() {
        let ours = Layout::new(41, 10, 12).expect("63 bits").epoch(Nanos::from_secs(1_735_689_600));
        let text = r#"{ "timestamp": 41, "worker": 10, "sequence": 12, "epoch": "1735689600s" }"#;
        assert_eq!(from_str::<Layout>(text).expect("reads"), ours);
        for layout in [ours, Layout::TWITTER, Layout::SONYFLAKE] {
            let text = to_value(layout).expect("writes").to_string();
            assert_eq!(from_str::<Layout>(&text).expect("reads"), layout, "{text}");
        }
        let borrow = Policy::Borrow { at_most: Duration::from_millis(100) };
        assert_eq!(to_value(borrow).expect("writes"), json!({ "borrow": { "at_most": "100ms" } }));
        assert_eq!(from_str::<Policy>(r#"{"borrow":{"at_most":"100ms"}}"#).expect("reads"), borrow);
        assert_eq!(from_str::<Policy>(r#""refuse""#).expect("reads"), Policy::Refuse);
    }

    #[test]
    fn what_no_layout_can_be_is_refused_with_what_is_allowed() {
        let wrong = |text: &str| from_str::<Layout>(text).expect_err("no layout").to_string();
        let bits = r#"{ "timestamp": 48, "worker": 10, "sequence": 12 }"#;
        assert!(wrong(bits).contains("at most 63 in all"), "{}", wrong(bits));
        let unknown = r#"{ "timestamp": 41, "worker": 10, "sequence": 12, "unit": "1ms" }"#;
        assert!(wrong(unknown).contains("unknown field `unit`"), "{}", wrong(unknown));
    }

    #[test]
    fn a_number_is_read_too_and_what_is_no_id_is_not() {
        let id = SnowflakeId::new(NUMBER).expect("below 2^63");
        assert_eq!(from_str::<SnowflakeId>(&NUMBER.to_string()).expect("a number"), id);
        for wrong in ["\"007\"", "\"\"", "-1", "9223372036854775808", "1.5", "null", "\"x\""] {
            assert!(from_str::<SnowflakeId>(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn binary_formats_get_the_number() {
        use serde::de::value::{Error, U64Deserializer};
        use serde::de::{Deserializer, IntoDeserializer, Visitor};

        /// A format that is not for people, and knows numbers only.
        struct Binary(u64);

        impl<'de> Deserializer<'de> for Binary {
            type Error = Error;

            fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
                let number: U64Deserializer<Error> = self.0.into_deserializer();
                number.deserialize_any(visitor)
            }

            fn is_human_readable(&self) -> bool {
                false
            }

            serde::forward_to_deserialize_any! {
                bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf
                option unit unit_struct newtype_struct seq tuple tuple_struct map struct enum
                identifier ignored_any
            }
        }

        let id = SnowflakeId::deserialize(Binary(NUMBER)).expect("a number");
        assert_eq!(id.to_u64(), NUMBER);
        assert!(SnowflakeId::deserialize(Binary(u64::MAX)).is_err());
    }
}

#[cfg(feature = "tokio")]
mod tokio_ {
    use std::time::Duration;

    use voussoir_core::{ManualClock, Nanos, TokioClock};
    use voussoir_idgen::{Layout, NextError, Policy, Snowflake};

    fn tiny() -> Layout {
        Layout::new(40, 0, 2).expect("42 bits")
    }

    #[tokio::test(start_paused = true)]
    async fn a_task_sleeps_until_the_next_step() {
        let ids = Snowflake::builder(tiny()).clock(TokioClock).build().expect("valid");
        let began = tokio::time::Instant::now();
        let mut made = Vec::new();
        for _ in 0..40 {
            made.push(ids.next_async().await.expect("after a step"));
        }
        assert!(made.is_sorted_by(|a, b| a < b));
        let slept = began.elapsed();
        // 4 a step.
        assert!(
            (Duration::from_millis(9)..Duration::from_millis(25)).contains(&slept),
            "{slept:?}"
        );
    }

    #[tokio::test]
    async fn a_task_waits_for_a_clock_that_stands_no_longer_than_allowed() {
        let wait = Policy::Wait { at_most: Duration::from_millis(5) };
        let builder = Snowflake::builder(tiny()).when_exhausted(wait);
        let ids = builder.clock(ManualClock::at(Nanos::from_secs(1))).build().expect("valid");
        for _ in 0..4 {
            ids.next_async().await.expect("in the step");
        }
        let refused = ids.next_async().await;
        assert_eq!(refused, Err(NextError::Exhausted { retry_after: Duration::from_millis(1) }));
    }
}
