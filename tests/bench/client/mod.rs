//! The clients beside which the product is measured, each run as a process of its own.
//!
//! The limit does nothing but the requests without which there is no check. The baselines make the requests that
//! known tools were seen to make, in the same order and on as many connections; they are not those tools' code.

mod baseline;
mod limit;
mod target;
mod wire;

use crate::fault::Fault;
use crate::scene::Network;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::path::PathBuf;
use std::process::Command;
use tokio::runtime::Builder;
use wire::Protocol;

/// A client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Client {
    /// HEADs over so many HTTP/1.1 connections.
    LimitOne(usize),
    /// HEADs over one HTTP/2 connection with so many streams.
    LimitTwo(usize),
    /// One image after the other: ping, token, and a HEAD on a new connection.
    Seq,
    /// Ten images at a time: ping, token and HEAD, each on a new connection.
    Pool,
    /// A ping, one token for everything, then a connection for each HEAD, all at once.
    Burst,
    /// All images at once, each in a chain: tags, then twice GET and HEAD, with a token before each.
    Chatty,
}

impl Client {
    /// Returns the limit of a network: as many connections or streams as the product may have.
    pub(crate) fn limit(network: Network) -> Self {
        match network {
            Network::Lan => Self::LimitOne(16),
            Network::Wan => Self::LimitOne(64),
            Network::Tls => Self::LimitTwo(250),
        }
    }
}

impl fmt::Display for Client {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LimitOne(width) => write!(formatter, "h1x{width}"),
            Self::LimitTwo(width) => write!(formatter, "h2x{width}"),
            Self::Seq => formatter.write_str("seq"),
            Self::Pool => formatter.write_str("pool10"),
            Self::Burst => formatter.write_str("burst"),
            Self::Chatty => formatter.write_str("chatty"),
        }
    }
}

/// What a client shall do, as its only argument.
#[derive(Serialize, Deserialize)]
pub(crate) struct Task {
    pub(crate) client: Client,
    pub(crate) engine: PathBuf,
    /// The authority to trust; without it the registry is plain and open.
    pub(crate) ca: Option<PathBuf>,
    pub(crate) visits: Visits,
}

/// How often the limit checks; the second time with connections and tokens at hand.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Visits {
    One,
    Two,
}

/// What a client says at its end.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Report {
    pub(crate) up_to_date: usize,
    /// The time of the second check.
    pub(crate) again_ms: Option<f64>,
}

impl Task {
    /// Returns the command that runs the task.
    pub(crate) fn command(&self) -> Result<Command, Fault> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("client").arg(serde_json::to_string(self)?);
        Ok(command)
    }
}

/// Runs a client and returns the line it says at its end.
pub(crate) fn run(task: &str) -> Result<String, Fault> {
    let task: Task = serde_json::from_str(task)?;
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let report = runtime.block_on(async {
        match task.client {
            Client::LimitOne(width) => limit::run(&task, Protocol::One, width).await,
            Client::LimitTwo(width) => limit::run(&task, Protocol::Two, width).await,
            Client::Seq => baseline::seq(&task).await,
            Client::Pool => baseline::pool(&task).await,
            Client::Burst => baseline::burst(&task).await,
            Client::Chatty => baseline::chatty(&task).await,
        }
    })?;
    Ok(serde_json::to_string(&report)?)
}
