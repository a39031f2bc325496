//! The demo: three small upstreams in this process, and visitors who ask for things, so that one
//! command shows a gateway at work.

mod server;
mod visitors;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use http::uri::Authority;
use thiserror::Error;
use voussoir::balance::UnknownNode;

use crate::config;
use crate::shutdown::Lease;
use server::{Manner, Server};

/// The three upstreams and their visitors.
#[derive(Debug)]
pub struct Demo {
    servers: Vec<Server>,
    traffic: Arc<AtomicU8>,
}

/// How lively the visitors are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Traffic {
    /// None comes.
    Off,
    /// A handful of clients, one of them greedy.
    Calm,
    /// Four times as many requests.
    Busy,
}

/// Why a command of the demo was not followed.
#[derive(Debug, Error)]
pub(crate) enum WhyNot {
    #[error("this is not the demo: only its servers can be killed and revived")]
    NoDemo,
    #[error(transparent)]
    Unknown(#[from] UnknownNode),
    #[error("its port is not to be had: {0}")]
    Port(#[from] io::Error),
}

impl Demo {
    /// Starts the three upstreams, `good`, `slow` and `flaky`, on free ports of this machine.
    ///
    /// # Errors
    ///
    /// There is no free port.
    pub async fn start(traffic: Traffic) -> io::Result<Self> {
        let mut servers = Vec::new();
        for (id, manner) in
            [("good", Manner::Good), ("slow", Manner::Slow), ("flaky", Manner::Flaky)]
        {
            servers.push(Server::start(id, manner).await?);
        }
        Ok(Self { servers, traffic: Arc::new(AtomicU8::new(traffic as u8)) })
    }

    /// The upstreams as a configuration names them.
    pub(crate) fn upstreams(&self) -> Vec<config::Upstream> {
        let named = |server: &Server| {
            let authority = server.address().to_string();
            Some(config::Upstream {
                id: server.id().to_owned(),
                authority: authority.parse::<Authority>().ok()?,
            })
        };
        self.servers.iter().filter_map(named).collect()
    }

    /// Lets visitors in.
    pub(crate) fn open_to_visitors(&self, gateway: SocketAddr, lease: &Lease) {
        visitors::come(gateway, &self.traffic, lease);
    }

    pub(crate) fn traffic(&self) -> Traffic {
        Traffic::from_stored(self.traffic.load(Ordering::Relaxed))
    }

    pub(crate) fn set_traffic(&self, traffic: Traffic) {
        self.traffic.store(traffic as u8, Ordering::Relaxed);
    }

    /// Whether a server answers; none of that name, no answer.
    pub(crate) fn is_running(&self, id: &str) -> Option<bool> {
        self.server(id).map(Server::is_running)
    }

    /// Stops a server as a crash would: the port is closed, connections are gone.
    pub(crate) fn kill(&self, id: &str) -> Result<(), WhyNot> {
        self.server(id).ok_or(WhyNot::NoDemo)?.kill();
        Ok(())
    }

    /// Starts it again on its port.
    pub(crate) async fn revive(&self, id: &str) -> Result<(), WhyNot> {
        Ok(self.server(id).ok_or(WhyNot::NoDemo)?.revive().await?)
    }

    fn server(&self, id: &str) -> Option<&Server> {
        self.servers.iter().find(|server| server.id() == id)
    }
}

impl Traffic {
    const ALL: [Self; 3] = [Self::Off, Self::Calm, Self::Busy];

    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Calm => "calm",
            Self::Busy => "busy",
        }
    }

    /// What a word stands for.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|traffic| traffic.name() == name)
    }

    fn from_stored(stored: u8) -> Self {
        Self::ALL.into_iter().find(|traffic| *traffic as u8 == stored).unwrap_or(Self::Off)
    }
}
