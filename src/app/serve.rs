//! `serve`: listens first, then recovers and works until it is told to end.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

use tokio::net::{TcpListener, UnixListener};

use crate::clock::Clock;
use crate::config::Config;
use crate::http::accept::{self, Listener};
use crate::http::context::State;
use crate::shutdown::{Drained, Tasks};
use crate::store::Lock;

use super::AppError;
use super::assemble::{Assembly, tasks, timetables};

/// Well under the ten seconds that Docker gives a container to stop.
const GRACE: Duration = Duration::from_secs(6);
/// How long a command that found no server may keep the lock.
const LOCK_PATIENCE: Duration = Duration::from_secs(2);
const CONTROL: &str = "control.sock";

/// Serves until SIGTERM or SIGINT; a second one ends it at once.
pub(super) async fn serve(config: &Config, standby: bool) -> Result<u8, AppError> {
    let tasks = tasks();
    let system = |doing: &str| {
        let doing = doing.to_owned();
        move |source| AppError::System { doing, source }
    };
    let force = crate::shutdown::listen(&tasks).map_err(system("listening for signals"))?;
    let Some(lock) = lock(config, &tasks, standby).await? else { return Ok(0) };
    let assembly = Assembly::serving(config, tasks.clone(), lock).await?;
    listen(config, &assembly).await?;
    assembly.engine.start(timetables(config));
    tasks.token().cancelled().await;
    tokio::select! {
        drained = tasks.close_and_wait(GRACE) => {
            if let Drained::Left(names) = drained {
                log::warn!("ended before {} did; the next start goes on", names.join(", "));
            }
        }
        () = force.cancelled() => log::warn!("ended at once; the next start goes on"),
    }
    let _ = std::fs::remove_file(config.data.join(CONTROL));
    assembly.store.close().await?;
    Ok(0)
}

async fn lock(config: &Config, tasks: &Tasks, standby: bool) -> Result<Option<Lock>, AppError> {
    let clock = Clock::real();
    if standby {
        Ok(Lock::wait(&config.data, &clock, tasks.token()).await?)
    } else {
        Ok(Some(Lock::acquire_within(&config.data, &clock, LOCK_PATIENCE).await?))
    }
}

async fn listen(config: &Config, assembly: &Assembly) -> Result<(), AppError> {
    let state = State {
        engine: assembly.engine.clone(),
        store: assembly.store.clone(),
        clock: assembly.clock.clone(),
        language: config.language,
    };
    let (tcp, address) = public(config).await?;
    let listeners = [Listener::Unix(control(&config.data)?), Listener::Tcp(tcp)];
    for listener in listeners {
        let (tasks, stop) = (assembly.tasks.clone(), assembly.tasks.token().clone());
        let serving = accept::serve(listener, state.clone(), tasks, stop);
        assembly.tasks.spawn("listener", serving);
    }
    if let Some(file) = config.file.as_ref().filter(|file| file.is_file()) {
        log::info!(action = "serve"; "settings come from {} as well", file.display());
    }
    log::info!(action = "serve"; "listening on {address}");
    Ok(())
}

/// The data directory's lock is ours, so that a socket that is there was left by a dead process.
fn control(data: &Path) -> Result<UnixListener, AppError> {
    let path = data.join(CONTROL);
    let system = |source| AppError::System {
        doing: format!("listening on {} (a socket's path has 107 bytes at most)", path.display()),
        source,
    };
    match std::fs::remove_file(&path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(system(error)),
        _ => {}
    }
    let listener = UnixListener::bind(&path).map_err(system)?;
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).map_err(system)?;
    Ok(listener)
}

async fn public(config: &Config) -> Result<(TcpListener, String), AppError> {
    let address = &config.server;
    let host = if address.host.is_empty() { "::" } else { &address.host };
    let system = |source| AppError::System {
        doing: format!(
            "listening on {}:{}; choose another DOCKER_AUTO_SERVER_ADDR",
            address.host, address.port
        ),
        source,
    };
    let listener = match TcpListener::bind((host, address.port)).await {
        // A machine without IPv6 has no `::`.
        Err(_) if address.host.is_empty() => TcpListener::bind(("0.0.0.0", address.port)).await,
        bound => bound,
    };
    let listener = listener.map_err(system)?;
    let bound = listener.local_addr().map_err(system)?;
    Ok((listener, bound.to_string()))
}
