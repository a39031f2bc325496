#![forbid(unsafe_code)]
//! voussoir-balance
