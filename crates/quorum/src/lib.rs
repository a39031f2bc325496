//! Replication decisions, causality and failure detection: N/R/W coordinators, vector clocks, HLC, phi accrual, Merkle trees.
//!
//! Being built.

#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![no_std]

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
