//! Placement of keys on nodes: ring with virtual nodes, Maglev, jump, rendezvous, bounded loads, migration plans.
//!
//! Being built.

#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![no_std]

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
