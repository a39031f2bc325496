use alloc::string::String;

use serde::{Deserialize, Serialize};

use super::Node;

/// A node in a file: the id, and what is not as it is by default.
#[derive(Deserialize, Serialize)]
#[serde(rename = "Node", deny_unknown_fields)]
pub(super) struct Plain {
    id: String,
    #[serde(default = "one")]
    weight: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    zone: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    label: Option<String>,
}

fn one() -> u32 {
    1
}

impl From<Plain> for Node {
    fn from(Plain { id, weight, zone, label }: Plain) -> Self {
        Self { id: id.into(), weight, zone: zone.map(Into::into), label: label.map(Into::into) }
    }
}

impl From<Node> for Plain {
    fn from(node: Node) -> Self {
        Self {
            id: node.id().into(),
            weight: node.weight_units(),
            zone: node.zone_name().map(Into::into),
            label: node.own_label().map(Into::into),
        }
    }
}
