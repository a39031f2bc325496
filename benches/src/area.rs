//! The areas: one file for each primitive, which lists its cases.

pub mod balance;
pub mod breaker;
pub mod cache;
pub mod core;
pub mod hashring;
pub mod idgen;
pub mod quorum;
pub mod ratelimit;
pub mod retry;
pub mod trie;

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
#[rustfmt::skip]
pub const AREAS: &[Area] = &[
    core::AREA,
    ratelimit::AREA,
    breaker::AREA,
    retry::AREA,
    balance::AREA,
    hashring::AREA,
    idgen::AREA,
    cache::AREA,
    trie::AREA,
    quorum::AREA,
];
