//! An API gateway built on voussoir: the whole suite in one process that can be watched.
//!
//! A request passes, in this order:
//!
//! 1. [`client_key`] says who is asking, the rate limiter whether they may, `limits` tells them;
//! 2. the balancer picks the healthy upstream with the fewest requests, its circuit breaker agrees
//!    or the next one is asked;
//! 3. `outbound` takes the client's connection out of the request, `connection` carries it;
//! 4. `arrival` judges the upstream by the head of the response, `body` streams the rest, and
//!    `flight` holds the upstream's place until the last byte.
//!
//! Beside it `health` asks the upstreams how they are, and `console` shows everything: `dashboard`,
//! `metrics`, `admin`.
//!
//! ```no_run
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! use gateway::{Config, Gateway};
//!
//! let gateway = Gateway::start(Config::load("gateway.toml".as_ref())?).await?;
//! println!("listening on {}", gateway.address());
//! gateway.stop().await;
//! # Ok(())
//! # }
//! ```

#![forbid(unsafe_code)]

mod admin;
mod arrival;
mod body;
pub mod cli;
pub mod client_key;
pub mod config;
mod config_error;
mod connection;
mod console;
mod dashboard;
mod demo;
mod events;
mod flight;
mod headers;
mod health;
mod limits;
mod metrics;
mod outbound;
mod problem;
mod proxy;
mod request_id;
mod sample;
mod server;
mod shutdown;
mod state;
mod tunnel;
mod upstream;

pub use config::Config;
pub use config_error::{ConfigFileError, Refusal};
pub use demo::{Demo, Traffic};
pub use server::{Gateway, StartError};
