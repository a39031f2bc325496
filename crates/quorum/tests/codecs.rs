//! Decoders: canonical, bounded, and harmless to whatever is fed to them. The bodies of the fuzz
//! targets, on stable.

use proptest::prelude::*;
use voussoir_quorum::{ActorId, DecodeError, Dot, DvvSet, HlcTime, Level, VectorClock};

type Clock = VectorClock<u64>;

fn dots() -> impl Strategy<Value = Clock> {
    prop::collection::btree_map(any::<u64>(), 1..u64::MAX, 0..9)
        .prop_map(|map| map.into_iter().map(|(actor, counter)| Dot::new(actor, counter)).collect())
}

proptest! {
    #[test]
    fn a_clock_is_read_back_from_its_bytes_and_its_text(clock in dots()) {
        let bytes = clock.to_bytes();
        prop_assert_eq!(bytes.len(), clock.encoded_len());
        prop_assert_eq!(Clock::from_bytes(&bytes), Ok(clock.clone()));
        let text = clock.to_text();
        prop_assert_eq!(text.parse::<Clock>(), Ok(clock.clone()));
        prop_assert!(text.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-' || c == b'_'));
    }

    #[test]
    fn one_flipped_bit_is_always_found(clock in dots(), bit in any::<prop::sample::Index>()) {
        let mut bytes = clock.to_bytes();
        let bit = bit.index(8 * bytes.len());
        bytes[bit / 8] ^= 1 << (bit % 8);
        prop_assert!(Clock::from_bytes(&bytes).is_err());
    }

    #[test]
    fn cut_off_anywhere_is_an_error(clock in dots(), at in any::<prop::sample::Index>()) {
        let bytes = clock.to_bytes();
        prop_assert!(Clock::from_bytes(&bytes[..at.index(bytes.len())]).is_err());
    }

    #[test]
    fn whatever_is_read_is_written_the_same(bytes in prop::collection::vec(any::<u8>(), 0..80), text in "[A-Za-z0-9_-]{0,60}") {
        if let Ok(clock) = Clock::from_bytes(&bytes) {
            prop_assert_eq!(clock.to_bytes(), bytes.clone());
        }
        if let Ok(set) = DvvSet::<Vec<u8>>::from_bytes(&bytes) {
            prop_assert_eq!(set.to_bytes(), bytes);
        }
        if let Ok(clock) = text.parse::<Clock>() {
            prop_assert_eq!(clock.to_text(), text);
        }
    }

    /// With a checksum that fits, so that what lies behind it is reached, too.
    #[test]
    fn whatever_is_read_behind_a_right_checksum_is_written_the_same(
        kind in prop_oneof![Just(0x11_u8), Just(0x21)],
        body in prop::collection::vec(prop_oneof![0..4_u8, any::<u8>()], 0..60),
    ) {
        let bytes = sealed(kind, &body);
        if let Ok(clock) = Clock::from_bytes(&bytes) {
            prop_assert_eq!(clock.to_bytes(), bytes.clone());
        }
        if let Ok(set) = DvvSet::<Vec<u8>, u64>::from_bytes(&bytes) {
            prop_assert_eq!(set.to_bytes(), bytes);
        }
    }

    #[test]
    fn sets_of_siblings_are_read_back(writes in prop::collection::vec((0..4_u64, any::<bool>(), prop::collection::vec(any::<u8>(), 0..20)), 0..20)) {
        let mut set = DvvSet::<Vec<u8>, u64>::new();
        for (actor, read, value) in writes {
            let context = if read { set.context().clone() } else { Clock::new() };
            set.put(&context, &actor, value).unwrap();
        }
        prop_assert_eq!(DvvSet::from_bytes(&set.to_bytes()), Ok(set));
    }

    #[test]
    fn hybrid_times_are_read_back_and_nothing_else_is(bits in any::<u64>(), text in "[0-9.]{0,24}") {
        let time = HlcTime::from_bits(bits);
        prop_assert_eq!(time.to_string().parse(), Ok(time));
        if let Ok(time) = text.parse::<HlcTime>() {
            prop_assert_eq!(time.to_string(), text);
        }
    }
}

/// The checksum as the page of the format has it, written anew.
fn sealed(kind: u8, body: &[u8]) -> Vec<u8> {
    const MULTIPLIER: u64 = 0x9E37_79B9_7F4A_7C15;

    let mut bytes = vec![kind];
    bytes.extend(body);
    let mut padded = bytes.clone();
    padded.resize(bytes.len() / 8 * 8 + 8, 0);
    let mut sum = bytes.len() as u64;
    for (word, odd) in padded.chunks(8).zip((1_u64..).step_by(2)) {
        let word = u64::from_le_bytes(word.try_into().expect("eight"));
        let product = u128::from(word ^ MULTIPLIER) * u128::from(MULTIPLIER.wrapping_mul(odd));
        sum = sum.wrapping_add(product as u64 ^ (product >> 64) as u64);
    }
    let sum = (sum ^ (sum >> 32)).wrapping_mul(MULTIPLIER);
    bytes.extend(((sum >> 32) as u32).to_le_bytes());
    bytes
}

/// What other versions of this crate must read.
#[test]
fn the_form_is_that_of_version_1() {
    let clock: Clock = [Dot::new(7, 1), Dot::new(9, 300)].into_iter().collect();
    let bytes = clock.to_bytes();
    let body = [2, 7, 0, 0, 0, 0, 0, 0, 0, 1, 9, 0, 0, 0, 0, 0, 0, 0, 0xAC, 0x02];
    assert_eq!(bytes, sealed(0x11, &body));
    assert_eq!(clock.to_text(), "EQIHAAAAAAAAAAEJAAAAAAAAAKwC".to_owned() + &clock.to_text()[28..]);
}

#[test]
fn what_is_not_canonical_is_refused_even_with_a_right_checksum() {
    let entry = |actor: u8, counter: &[u8]| [&[actor, 0, 0, 0, 0, 0, 0, 0], counter].concat();
    let refused = |body: &[u8]| Clock::from_bytes(&sealed(0x11, body)).unwrap_err();
    let two = |one: Vec<u8>, other: Vec<u8>| [vec![2], one, other].concat();
    for body in [
        two(entry(9, &[1]), entry(7, &[1])),
        two(entry(7, &[1]), entry(7, &[2])),
        [vec![1], entry(7, &[0])].concat(),
        [vec![1], entry(7, &[0x81, 0])].concat(),
        [vec![0x81, 0x00], entry(7, &[1])].concat(),
        [vec![1], entry(7, &[0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 2])].concat(),
    ] {
        assert!(matches!(refused(&body), DecodeError::NotCanonical { .. }), "{body:?}");
    }
    assert_eq!(refused(&[0, 0]), DecodeError::Trailing { at: 2 });
    // 2^63 actors are no allocation of 2^67 bytes.
    let huge = [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F];
    assert_eq!(refused(&huge), DecodeError::Truncated { at: 10 });
    assert!(matches!(refused(&[1, 7]), DecodeError::Truncated { .. }));
    assert!(matches!(Clock::from_bytes(&[]), Err(DecodeError::Truncated { at: 0 })));
    let dvv = DvvSet::<Vec<u8>, u64>::new().to_bytes();
    assert_eq!(Clock::from_bytes(&dvv), Err(DecodeError::Kind { found: 0x21, expected: 0x11 }));
}

#[test]
fn a_sibling_that_its_clock_has_not_seen_is_refused() {
    let clock = [1, 7, 0, 0, 0, 0, 0, 0, 0, 2];
    let with = |siblings: &[u8]| {
        let body = [&clock[..], siblings].concat();
        DvvSet::<Vec<u8>, u64>::from_bytes(&sealed(0x21, &body))
    };
    assert!(with(&[1, 0, 2, 1, b'x']).is_ok());
    for siblings in [&[1, 0, 3, 1, b'x'][..], &[1, 0, 0, 1, b'x'], &[1, 1, 1, 1, b'x']] {
        assert!(matches!(with(siblings), Err(DecodeError::NotCanonical { .. })), "{siblings:?}");
    }
    let twice = [2, 0, 1, 0, 0, 1, 0];
    assert!(matches!(with(&twice), Err(DecodeError::NotCanonical { .. })));
    // A length of 2^63 is no allocation of 2^63.
    let huge = [1, 0, 1, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F];
    assert!(matches!(with(&huge), Err(DecodeError::Truncated { .. })));
}

#[test]
fn a_long_text_is_refused_before_it_is_decoded() {
    let text = "A".repeat(1 << 20);
    assert!(matches!(text.parse::<Clock>(), Err(DecodeError::TooMany { .. })));
    for text in ["A", "EQ=", "EQ B", "E\u{e9}AA", "EQD"] {
        assert!(text.parse::<Clock>().is_err(), "{text}");
    }
}

/// What a replica stores it must be able to read, however long the key has lived.
#[test]
fn what_is_written_is_read_however_many_actors_and_siblings_there_are() {
    let clock: Clock = (0..300).map(|actor| Dot::new(actor, u64::MAX - actor)).collect();
    assert_eq!(Clock::from_bytes(&clock.to_bytes()), Ok(clock.clone()));
    let mut set = DvvSet::<Vec<u8>, u64>::new();
    set.delete(&clock);
    for value in 0..1_000_u16 {
        let value = value.to_le_bytes().to_vec();
        set.put_within(usize::MAX, &Clock::new(), &1_000, value).unwrap();
    }
    assert_eq!(DvvSet::from_bytes(&set.to_bytes()), Ok(set));
    // From clients no more than are needed.
    let few: Clock = (0..64).map(|actor| Dot::new(actor, 1)).collect();
    assert_eq!(few.to_text().parse(), Ok(few));
    let many: Clock = (0..65).map(|actor| Dot::new(actor, 1)).collect();
    let error = DecodeError::TooMany { found: 65, most: 64 };
    assert_eq!(many.to_text().parse::<Clock>(), Err(error));
}

#[test]
fn a_context_of_strangers_is_refused() {
    let member = ActorId::new(1, 0).unwrap();
    let clock: VectorClock =
        [Dot::new(member, 1), Dot::new(ActorId::from_bits(99), 1)].into_iter().collect();
    let error = clock.require_members(|actor| *actor == member).unwrap_err();
    assert_eq!(error.actor, ActorId::from_bits(99));
    assert!(clock.require_members(|_| true).is_ok());
}

#[test]
fn times_and_levels_are_read_strictly() {
    for text in
        ["", ".", "1.", ".1", "01.0", "1.00", "1.65536", "281474976710656.0", "+1.0", "1.0.0", "1"]
    {
        assert!(text.parse::<HlcTime>().is_err(), "{text}");
    }
    assert_eq!("local_quorum".parse(), Ok(Level::LocalQuorum));
    assert!("QUORUMS".parse::<Level>().is_err());
}
