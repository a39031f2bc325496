//! The areas: one file for each primitive, which lists its cases.

pub mod breaker;
pub mod core;
pub mod idgen;
pub mod quorum;
pub mod ratelimit;

use crate::harness::case::Case;
use crate::inputs::Inputs;

/// A primitive and its cases.
#[derive(Debug)]
pub struct Area {
    /// What `--area` calls it.
    pub name: &'static str,
    /// What is compared.
    pub about: &'static str,
    /// Builds the cases.
    pub cases: fn(&Inputs) -> Vec<Case>,
}

/// Every area, in the order of the table.
pub const AREAS: &[Area] = &[core::AREA, ratelimit::AREA, breaker::AREA, idgen::AREA, quorum::AREA];
