//! The gateway as a command.
fn main() {}
