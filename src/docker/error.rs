//! Why the engine could not be asked, or said no: kinds that callers tell apart, each with its cure.

mod cause;

use std::error::Error;
use std::fmt::Write as _;
use std::time::Duration;

use crate::core::inventory::ApiVersion;

use super::endpoint::EndpointError;

pub(super) use self::cause::no_answer;

/// Why a call to the engine did not come to a good end; says what was being done.
#[derive(Debug, thiserror::Error)]
pub enum DockerError {
    /// The endpoint cannot be used as it is configured.
    #[error(transparent)]
    Endpoint(#[from] EndpointError),
    /// Nothing answers there, or the connection broke.
    #[error("{doing}: the engine at {endpoint} cannot be reached; {cure}")]
    Unreachable {
        /// What was being done.
        doing: String,
        /// Where.
        endpoint: String,
        /// What to do about it.
        cure: String,
        /// What happened.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// It accepts calls and does not answer.
    #[error(
        "{doing}: the engine at {endpoint} did not answer within {} s; it may be frozen or \
         overloaded: look at its log, restart it if it stays so",
        after.as_secs_f32()
    )]
    Timeout {
        /// What was being done.
        doing: String,
        /// Where.
        endpoint: String,
        /// The time allowed.
        after: Duration,
    },
    /// The socket is not open to us.
    #[error("{doing}: no access to {endpoint}; {cure}")]
    NoAccess {
        /// What was being done.
        doing: String,
        /// Where.
        endpoint: String,
        /// What to do about it.
        cure: String,
        /// What the system said.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// Something in front of the engine refuses this call.
    #[error("{doing}: a proxy in front of {endpoint} refuses {call}; {cure}")]
    Refused {
        /// What was being done.
        doing: String,
        /// Where.
        endpoint: String,
        /// Method and path.
        call: String,
        /// What to do about it.
        cure: String,
    },
    /// The engine said no.
    #[error("{doing}: the engine answered {status}: {message}")]
    Api {
        /// What was being done.
        doing: String,
        /// The HTTP status.
        status: u16,
        /// Its own words.
        message: String,
    },
    /// The answer is not what the Engine API says.
    #[error("{doing}: the answer to {call} at {endpoint} cannot be read; is it a Docker engine?")]
    BadAnswer {
        /// What was being done.
        doing: String,
        /// Where.
        endpoint: String,
        /// Method and path.
        call: String,
        /// What is wrong with it.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// The engine is older than what we can speak.
    #[error(
        "the engine at {endpoint} speaks API {engine}, and at least {oldest} is needed; update it \
         to Docker 20.10 or newer"
    )]
    TooOld {
        /// Where.
        endpoint: String,
        /// Its newest version.
        engine: String,
        /// Our oldest version.
        oldest: ApiVersion,
    },
    /// The engine has left our newest version behind.
    #[error(
        "the engine at {endpoint} no longer speaks API {newest}, the newest that this program \
         knows; update docker-auto ({message})"
    )]
    TooNew {
        /// Where.
        endpoint: String,
        /// Our newest version.
        newest: ApiVersion,
        /// The engine's own words.
        message: String,
    },
}

/// Whether the same call may go well at another time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// It may, also by what someone does about the engine.
    Later,
    /// It will not.
    Never,
}

impl DockerError {
    /// Says whether the same call may go well later.
    pub fn retry(&self) -> Retry {
        match self {
            Self::Api { status, .. } if *status < 500 && *status != 429 => Retry::Never,
            Self::Endpoint(_) => Retry::Never,
            _ => Retry::Later,
        }
    }

    /// Says whether the engine itself could not be asked, so that nothing is known of the call.
    pub fn is_unreachable(&self) -> bool {
        matches!(
            self,
            Self::Unreachable { .. }
                | Self::Timeout { .. }
                | Self::NoAccess { .. }
                | Self::TooOld { .. }
                | Self::TooNew { .. }
        )
    }

    /// Returns the status of an answer that says no.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Api { status, .. } => Some(*status),
            _ => None,
        }
    }

    /// Returns the whole chain of causes as one text: `a: b: c`.
    pub fn chain(&self) -> String {
        let mut text = self.to_string();
        let mut cause = self.source();
        while let Some(error) = cause {
            // Writing to a String cannot fail.
            let _ = write!(text, ": {error}");
            cause = error.source();
        }
        text
    }
}
