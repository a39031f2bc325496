//! Through serde: tokens, times and levels as text where people may look, everything checked on the way in.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::Display;
use core::str::FromStr;

use ::serde::{Deserialize, Serialize};
use serde_core::de::{Deserializer, Error};
use serde_core::ser::Serializer;

use crate::{
    ActorId, Dot, DvvSet, HlcTime, Level, Member, Quorum, Replicas, Rule, VectorClock, View,
    WireActor,
};

fn from_text<'de, D: Deserializer<'de>, T: FromStr<Err: Display>>(from: D) -> Result<T, D::Error> {
    String::deserialize(from)?.parse().map_err(D::Error::custom)
}

/// The token as text; its bytes in binary formats.
impl<A: WireActor> Serialize for VectorClock<A> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.serialize_str(&self.to_text())
        } else {
            self.to_bytes().serialize(serializer)
        }
    }
}

impl<'de, A: WireActor> Deserialize<'de> for VectorClock<A> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        if from.is_human_readable() {
            // A snapshot, not a client: whatever was written is read.
            let text = String::deserialize(from)?;
            return Self::from_text(&text, usize::MAX).map_err(D::Error::custom);
        }
        Self::from_bytes(&Vec::deserialize(from)?).map_err(D::Error::custom)
    }
}

/// `"1735689600000.7"`; its bits in binary formats.
impl Serialize for HlcTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_str(self)
        } else {
            serializer.serialize_u64(self.to_bits())
        }
    }
}

impl<'de> Deserialize<'de> for HlcTime {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        if from.is_human_readable() {
            from_text(from)
        } else {
            u64::deserialize(from).map(Self::from_bits)
        }
    }
}

/// `"LOCAL_QUORUM"`.
impl Serialize for Level {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Level {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from_text(from)
    }
}

/// Its bits.
impl Serialize for ActorId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(self.to_bits())
    }
}

impl<'de> Deserialize<'de> for ActorId {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        u64::deserialize(from).map(Self::from_bits)
    }
}

/// A list of places.
impl Serialize for Replicas {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(*self)
    }
}

impl<'de> Deserialize<'de> for Replicas {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let places = Vec::<u8>::deserialize(from)?;
        match places.iter().find(|&&place| place >= Self::MOST) {
            Some(place) => Err(D::Error::custom(format_args!("place {place}; allowed: 0 to 63"))),
            None => Ok(places.into_iter().collect()),
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleForm {
    need: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    of: Option<Replicas>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    parts: Vec<(u32, Rule)>,
}

/// `{"need": 2, "of": [0, 1, 2]}`, or `{"need": 3, "parts": [[weight, rule], …]}`.
impl Serialize for Rule {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (need, parts) = self.parts();
        let of = parts.is_empty().then(|| self.replicas());
        RuleForm { need, of, parts: parts.to_vec() }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Rule {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let RuleForm { need, of, parts } = RuleForm::deserialize(from)?;
        match of {
            Some(of) if parts.is_empty() => u8::try_from(need)
                .map(|need| Self::at_least(need, of))
                .map_err(|_| D::Error::custom("`need` is more than 64")),
            None => Self::threshold(need, parts).map_err(D::Error::custom),
            Some(_) => Err(D::Error::custom("a rule has `of` or `parts`, not both")),
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct QuorumForm {
    replicas: u8,
    read: Rule,
    write: Rule,
    #[serde(default)]
    reads_may_miss_writes: bool,
}

/// `{"replicas": 3, "read": rule, "write": rule, "reads_may_miss_writes": false}`; the last may be left
/// out, and without it a quorum that needs it is refused.
impl Serialize for Quorum {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let reads_may_miss_writes = !self.guarantees().reads_see_writes;
        let (read, write) = (self.read().clone(), self.write().clone());
        QuorumForm { replicas: self.replicas(), read, write, reads_may_miss_writes }
            .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Quorum {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let form = QuorumForm::deserialize(from)?;
        let builder = Self::builder(form.replicas).read_rule(form.read).write_rule(form.write);
        let builder =
            if form.reads_may_miss_writes { builder.reads_may_miss_writes() } else { builder };
        builder.build().map_err(D::Error::custom)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, bound = "V: Deserialize<'de>, A: WireActor + Deserialize<'de>")]
struct SiblingsForm<V, A> {
    context: VectorClock<A>,
    siblings: Vec<(Dot<A>, V)>,
}

/// `{"context": token, "siblings": [[dot, value], …]}`.
impl<V: Serialize, A: WireActor + Serialize> Serialize for DvvSet<V, A> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde_core::ser::SerializeStruct;

        let mut form = serializer.serialize_struct("DvvSet", 2)?;
        form.serialize_field("context", self.context())?;
        form.serialize_field("siblings", &self.siblings().collect::<Vec<_>>())?;
        form.end()
    }
}

impl<'de, V: Deserialize<'de>, A: WireActor + Deserialize<'de>> Deserialize<'de> for DvvSet<V, A> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let SiblingsForm { context, siblings } = SiblingsForm::deserialize(from)?;
        Self::from_parts(context, siblings).ok_or_else(|| {
            D::Error::custom("siblings in the order of their dots, all of them seen by the context")
        })
    }
}

/// The list of its members.
impl<N: Serialize + Ord + Clone> Serialize for View<N> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.members().serialize(serializer)
    }
}

/// In any order; of two records of a node the later counts.
impl<'de, N: Deserialize<'de> + Ord + Clone> Deserialize<'de> for View<N> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let mut view = Self::new();
        for Member { node, incarnation, state } in Vec::deserialize(from)? {
            // An earlier record is no error: the later one stands.
            let _ = view.set(node, incarnation, state);
        }
        Ok(view)
    }
}
