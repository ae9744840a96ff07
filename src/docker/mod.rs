//! The Docker hosts: everything that is asked of an engine, and the steps that change it.

mod archive;
mod call;
mod convert;
mod discover;
mod endpoint;
mod error;
mod events;
mod exec;
mod inspect;
mod logs;
mod output;
mod pull;
mod reach;
mod ready;
mod step;
mod transport;
mod version;
mod volume;

use std::sync::{Arc, Mutex, PoisonError};

use crate::core::id::HostId;
use crate::core::inventory::EngineFacts;

pub use self::archive::Download;
pub use self::endpoint::{Address, DEFAULT_SOCKET, Endpoint, EndpointError, Tls, TlsFiles};
pub use self::error::{DockerError, Retry};
pub use self::events::Notices;
pub use self::inspect::PathStat;
pub use self::logs::LogFormat;
pub use self::pull::{PullAuth, PullCredentials};
pub use self::ready::Cancelled;
pub use self::step::{GOOD, HostRunner, Listener, Loopback, Readiness};
pub use self::transport::Timeouts;
pub use self::version::{NEWEST, OLDEST};

use self::transport::Transport;

/// One Docker host; cloning is cheap. Nothing is connected before the first question.
#[derive(Clone, Debug)]
pub struct Host(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    id: HostId,
    transport: Transport,
    facts: Mutex<Option<EngineFacts>>,
}

impl Host {
    /// Returns a host; reads the TLS files of its endpoint.
    pub fn new(id: HostId, endpoint: Endpoint) -> Result<Self, DockerError> {
        Self::with_timeouts(id, endpoint, Timeouts::default())
    }

    /// Returns a host whose calls may take this long.
    pub fn with_timeouts(
        id: HostId,
        endpoint: Endpoint,
        timeouts: Timeouts,
    ) -> Result<Self, DockerError> {
        let transport = Transport::new(endpoint, timeouts)?;
        Ok(Self(Arc::new(Inner { id, transport, facts: Mutex::new(None) })))
    }

    /// Returns its name.
    pub fn id(&self) -> &HostId {
        &self.0.id
    }

    /// Returns where its engine is.
    pub fn endpoint(&self) -> &Endpoint {
        &self.0.transport.endpoint
    }

    fn transport(&self) -> &Transport {
        &self.0.transport
    }

    fn known_facts(&self) -> Option<EngineFacts> {
        self.0.facts.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn remember(&self, facts: &EngineFacts) {
        *self.0.facts.lock().unwrap_or_else(PoisonError::into_inner) = Some(facts.clone());
    }
}
