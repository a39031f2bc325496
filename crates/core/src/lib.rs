#![forbid(unsafe_code)]
//! voussoir-core
