#![forbid(unsafe_code)]
//! voussoir-ratelimit
