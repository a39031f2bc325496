#![forbid(unsafe_code)]
//! voussoir-breaker
