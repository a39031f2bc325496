//! How a case is run, judged and shown.

pub mod alloc;
pub mod bench;
pub mod board;
pub mod case;
pub mod figure;
pub mod floor;
pub mod json;
pub mod report;
pub mod round;
pub mod threads;
