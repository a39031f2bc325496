//! Figures that are worked out rather than timed: how evenly a placement spreads its keys.

use core::fmt;

use super::json::Unit;

/// Something worked out, once in a run.
#[derive(Debug)]
pub struct Figured {
    /// The name of its row.
    pub name: String,
    /// What the figure means.
    pub unit: Unit,
    /// Ours.
    pub ours: Figure,
    /// The same of others.
    pub peers: Vec<Figure>,
}

/// Whose figure, and how it is worked out.
pub struct Figure {
    name: String,
    work: Box<dyn Fn() -> f64>,
}

impl Figure {
    /// From a function that works it out.
    pub fn new(name: impl Into<String>, work: impl Fn() -> f64 + 'static) -> Self {
        Self { name: name.into(), work: Box::new(work) }
    }

    /// Its name in the table.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The figure.
    pub fn work_out(&self) -> f64 {
        (self.work)()
    }
}

impl fmt::Debug for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Figure").field(&self.name).finish()
    }
}
