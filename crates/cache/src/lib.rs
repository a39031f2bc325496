//! In-process caches: adaptive eviction, expiry without threads, loads that happen once, writes behind.
//!
//! Being built.

#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![no_std]

extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

#[cfg(feature = "std")]
pub mod flight;
#[cfg(feature = "std")]
pub mod refresh;
#[cfg(feature = "std")]
pub mod store;
#[cfg(feature = "std")]
mod sync;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
