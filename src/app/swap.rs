//! `self-swap`: the command of the helper that replaces docker-auto's own container.

use crate::clock::Clock;
use crate::config::Config;
use crate::core::id::{HostId, OperationId};
use crate::docker::Host;
use crate::engine::EngineError;
use crate::engine::ourselves::helper::Helper;
use crate::store::Operations;

use super::assemble::{endpoint, tasks};
use super::{AppError, CommandError};

/// Carries an operation on until it is over; without the data directory's lock, which is the
/// server's.
pub(super) async fn swap(config: &Config, operation: &OperationId) -> Result<u8, AppError> {
    let tasks = tasks();
    crate::shutdown::listen(&tasks)
        .map_err(|source| AppError::System { doing: "listening for signals".into(), source })?;
    let helper = Helper {
        host: Host::new(HostId::default(), endpoint(config)?)?,
        operations: Operations::open(&config.data).await?,
        clock: Clock::real(),
        stop: tasks.token().clone(),
    };
    let failed = |error: EngineError| AppError::Command(CommandError::Engine(error));
    helper.run(operation).await.map_err(failed)?;
    Ok(0)
}
