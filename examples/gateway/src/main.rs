//! The gateway as a command.

#![forbid(unsafe_code)]

fn main() -> std::process::ExitCode {
    gateway::cli::run()
}
