//! Runs a program from exec to exit: its time, its processor time and what it said.

use crate::fault::{Fault, while_doing};
use nix::sys::resource::{Usage, UsageWho, getrusage};
use std::io::Read as _;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// No run takes longer; one that does is ended and reported.
const PATIENCE: Duration = Duration::from_mins(4);

/// One finished run.
pub(crate) struct Finished {
    pub(crate) wall: Duration,
    /// User and system time of all its threads.
    pub(crate) cpu: Duration,
    pub(crate) status: ExitStatus,
    pub(crate) output: String,
    pub(crate) errors: String,
}

/// Runs a program to its end. Guarantees that it has ended afterwards.
///
/// Assumes that no other child of this process is waited for meanwhile: the kernel only sums them up.
pub(crate) fn to_end(command: &mut Command) -> Result<Finished, Fault> {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let doing = format!("running {}", command.get_program().display());
    let before = children_cpu()?;
    let start = Instant::now();
    let mut child = command.spawn().map_err(while_doing(&doing))?;
    let mut stdout = child.stdout.take().expect("the output is piped");
    let mut stderr = child.stderr.take().expect("the errors are piped");
    let child = &Mutex::new(child);
    let (done, deadline) = channel::<()>();
    thread::scope(|scope| {
        scope.spawn(move || {
            if deadline.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout) {
                lock(child).kill().ok();
            }
        });
        let errors = scope.spawn(move || {
            let mut text = Vec::new();
            stderr.read_to_end(&mut text).map(|_| text)
        });
        let mut output = Vec::new();
        let read = stdout.read_to_end(&mut output);
        let status = lock(child).wait();
        let wall = start.elapsed();
        drop(done);
        read.map_err(while_doing(&doing))?;
        let errors = errors.join().map_err(|_| "a reader panicked")??;
        Ok(Finished {
            wall,
            cpu: children_cpu()?.saturating_sub(before),
            status: status.map_err(while_doing(&doing))?,
            output: String::from_utf8_lossy(&output).into_owned(),
            errors: String::from_utf8_lossy(&errors).into_owned(),
        })
    })
}

fn lock(child: &Mutex<Child>) -> MutexGuard<'_, Child> {
    child.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Returns the processor time of all children that have ended and were waited for.
fn children_cpu() -> Result<Duration, Fault> {
    let usage: Usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let time = |value: nix::sys::time::TimeVal| -> Result<Duration, Fault> {
        let seconds = Duration::from_secs(u64::try_from(value.tv_sec())?);
        Ok(seconds + Duration::from_micros(u64::try_from(value.tv_usec())?))
    };
    Ok(time(usage.user_time())? + time(usage.system_time())?)
}
