#[cfg(feature = "serde")]
mod serde;

use alloc::string::String;
use alloc::sync::Arc;

/// Somewhere keys can be placed: an id, and what the placement should know of it.
///
/// Cheap to clone: the texts are shared. Made from a `&str` or `String` alone where neither weight nor
/// zone matters.
///
/// ```
/// use voussoir_hashring::Node;
///
/// let node = Node::new("cache-7").weight(2).zone("eu-1").label("seat-7");
/// assert_eq!((node.id(), node.label_text()), ("cache-7", "seat-7"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(::serde::Serialize, ::serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(from = "serde::Plain", into = "serde::Plain"))]
pub struct Node {
    id: Arc<str>,
    label: Option<Arc<str>>,
    zone: Option<Arc<str>>,
    weight: u32,
}

impl Node {
    /// The longest id, label or zone, in bytes: more than a host name has (253), and little enough
    /// that a snapshot keeps the length in two bytes.
    pub const MAX_TEXT: usize = 1024;

    /// A node of weight 1 in no zone. The id is what it is known by: no two nodes of a placement have
    /// the same, and where two points fall together the smaller id owns them.
    pub fn new(id: impl Into<Arc<str>>) -> Self {
        Self { id: id.into(), label: None, zone: None, weight: 1 }
    }

    /// How many times as many keys as a node of weight 1 it should own. With 0 it owns none, and is
    /// listed all the same.
    pub fn weight(self, weight: u32) -> Self {
        Self { weight, ..self }
    }

    /// Where it stands: a rack, a data centre. Replicas go to different zones first. A node without
    /// is a zone of its own.
    pub fn zone(self, zone: impl Into<Arc<str>>) -> Self {
        Self { zone: Some(zone.into()), ..self }
    }

    /// The text that its points are hashed from, in place of the id. A machine that takes over the
    /// label of another under a new id takes over its keys, and no other key moves.
    pub fn label(self, label: impl Into<Arc<str>>) -> Self {
        Self { label: Some(label.into()), ..self }
    }

    /// What it is known by.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Its weight.
    pub fn weight_units(&self) -> u32 {
        self.weight
    }

    /// Its zone, if it was given one.
    pub fn zone_name(&self) -> Option<&str> {
        self.zone.as_deref()
    }

    /// The text that its points are hashed from: its label, or else its id.
    pub fn label_text(&self) -> &str {
        self.label.as_ref().unwrap_or(&self.id)
    }

    /// The label, where it is not the id.
    pub(crate) fn own_label(&self) -> Option<&str> {
        self.label.as_deref()
    }

    /// The same node with the texts of `zone` shared with others of that zone.
    pub(crate) fn in_shared_zone(&mut self, zone: &Arc<str>) {
        self.zone = Some(Arc::clone(zone));
    }

    pub(crate) fn shared_id(&self) -> Arc<str> {
        Arc::clone(&self.id)
    }

    pub(crate) fn shared_zone(&self) -> Option<&Arc<str>> {
        self.zone.as_ref()
    }
}

impl From<&str> for Node {
    fn from(id: &str) -> Self {
        Self::new(id)
    }
}

impl From<String> for Node {
    fn from(id: String) -> Self {
        Self::new(id)
    }
}
