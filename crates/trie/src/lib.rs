//! Top-K completion: a compact static index, a mutable overlay, fuzzy matching.
//!
//! Being built.

#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![no_std]

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
