//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use tokio::runtime::Builder;
use tracing_subscriber::EnvFilter;

use crate::config::Config;
use crate::demo::{Demo, Traffic};
use crate::server::Gateway;
use crate::shutdown;

/// An API gateway on voussoir: limits, balances and breaks HTTP traffic, and shows it live.
///
/// Without a configuration it starts three upstreams of its own to play with.
#[derive(Debug, Parser)]
#[command(name = "gateway", version)]
struct Options {
    /// The configuration; a demo without it
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Where to listen, instead of where the configuration says
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<SocketAddr>,
    /// Only read and check the configuration
    #[arg(long, requires = "config")]
    check: bool,
    /// Threads that carry traffic; one for each core by default
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    workers: Option<u16>,
    /// How lively the demo's own visitors are: off, calm or busy
    #[arg(long, value_name = "LEVEL", default_value = "calm", value_parser = traffic)]
    traffic: Traffic,
}

fn traffic(name: &str) -> Result<Traffic, String> {
    Traffic::named(name).ok_or_else(|| "allowed: off, calm, busy".to_owned())
}

/// Runs the command that the process was started with.
pub fn run() -> ExitCode {
    let options = Options::parse();
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt().with_env_filter(filter).with_target(false).init();
    match act(&options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn act(options: &Options) -> Result<(), Box<dyn std::error::Error>> {
    let mut config = options.config.as_deref().map(Config::load).transpose()?;
    if options.check {
        println!("the configuration is fine");
        return Ok(());
    }
    if let (Some(config), Some(listen)) = (&mut config, options.listen) {
        config.listen = listen;
    }
    // One worker needs no thread beside this one, and nobody to hand its tasks to.
    let mut runtime = match options.workers {
        Some(1) => Builder::new_current_thread(),
        _ => Builder::new_multi_thread(),
    };
    if let Some(workers) = options.workers {
        runtime.worker_threads(workers.into());
    }
    runtime.enable_all().build()?.block_on(serve(config, options))
}

async fn serve(
    config: Option<Config>,
    options: &Options,
) -> Result<(), Box<dyn std::error::Error>> {
    let gateway = if let Some(config) = config {
        Gateway::start(config).await?
    } else {
        let mut config = Config::default();
        config.listen = options.listen.unwrap_or(config.listen);
        Gateway::start_demo(config, Demo::start(options.traffic).await?).await?
    };
    let address = gateway.address();
    println!("gateway    http://{address}/");
    println!("dashboard  http://{address}/_gateway/");
    println!("metrics    http://{address}/_gateway/metrics");
    shutdown::signal().await;
    tracing::info!("stopping: running requests may end");
    if !gateway.stop().await {
        tracing::warn!("some requests were cut");
    }
    Ok(())
}
