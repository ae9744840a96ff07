//! Ends the program: signals, the tasks that must be waited for, and what becomes of one that panics.

use std::any::Any;
use std::collections::BTreeMap;
use std::io;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use futures_util::FutureExt as _;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// The pauses before a loop that panicked is started again; the last one repeats.
const PAUSES: [u64; 6] = [1, 2, 5, 10, 30, 60];

/// A loop that ran this long before it panicked starts again as if for the first time.
const RAN_WELL: Duration = Duration::from_mins(5);

/// What is told of a panic: the task's name and the panic's message.
pub type OnPanic = dyn Fn(&'static str, &str) + Send + Sync;

/// The program's tasks: each has a name, is waited for at the end, and its panic is reported.
#[derive(Clone)]
pub struct Tasks {
    tracker: TaskTracker,
    stop: CancellationToken,
    alive: Arc<Mutex<BTreeMap<&'static str, usize>>>,
    on_panic: Arc<OnPanic>,
}

/// Whether all tasks ended in time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Drained {
    /// All did.
    All,
    /// These did not.
    Left(Vec<&'static str>),
}

impl Tasks {
    /// Returns a set without tasks; `on_panic` hears of every panic, which is logged as well.
    pub fn new(on_panic: impl Fn(&'static str, &str) + Send + Sync + 'static) -> Self {
        Self {
            tracker: TaskTracker::new(),
            stop: CancellationToken::new(),
            alive: Arc::default(),
            on_panic: Arc::new(on_panic),
        }
    }

    /// Returns the token that is cancelled when the program shall end.
    pub fn token(&self) -> &CancellationToken {
        &self.stop
    }

    /// Runs a future beside the caller. Its panic ends it alone, never the program.
    pub fn spawn(&self, name: &'static str, future: impl Future<Output = ()> + Send + 'static) {
        let tasks = self.clone();
        let alive = Alive::enter(&self.alive, name);
        self.tracker.spawn(async move {
            let _alive = alive;
            tasks.run(name, future).await;
        });
    }

    /// Runs what `start` returns; if it panics, runs it anew after a pause that grows with each
    /// panic. The loop is over when its future ends or when the program shall end.
    pub fn spawn_loop<F>(&self, name: &'static str, start: impl Fn() -> F + Send + 'static)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let tasks = self.clone();
        self.spawn(name, async move {
            let mut pauses = PAUSES.iter();
            loop {
                let began = Instant::now();
                if tasks.run(name, start()).await == Run::Ended || tasks.stop.is_cancelled() {
                    return;
                }
                if began.elapsed() >= RAN_WELL {
                    pauses = PAUSES.iter();
                }
                let pause = Duration::from_secs(pauses.next().copied().unwrap_or(60));
                tokio::select! {
                    () = tokio::time::sleep(pause) => {}
                    () = tasks.stop.cancelled() => return,
                }
            }
        });
    }

    /// Tells all tasks to end and waits until they have, `grace` long at most.
    pub async fn close_and_wait(&self, grace: Duration) -> Drained {
        self.stop.cancel();
        self.tracker.close();
        match tokio::time::timeout(grace, self.tracker.wait()).await {
            Ok(()) => Drained::All,
            Err(_) => Drained::Left(lock(&self.alive).keys().copied().collect()),
        }
    }

    async fn run(&self, name: &'static str, future: impl Future<Output = ()>) -> Run {
        match AssertUnwindSafe(future).catch_unwind().await {
            Ok(()) => Run::Ended,
            Err(panic) => {
                let message = panic_message(&*panic);
                log::error!(action = "task"; "the task {name} panicked: {message}");
                (self.on_panic)(name, message);
                Run::Panicked
            }
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Run {
    Ended,
    Panicked,
}

/// Counts a task as alive until it is dropped.
struct Alive {
    names: Arc<Mutex<BTreeMap<&'static str, usize>>>,
    name: &'static str,
}

impl Alive {
    fn enter(names: &Arc<Mutex<BTreeMap<&'static str, usize>>>, name: &'static str) -> Self {
        *lock(names).entry(name).or_default() += 1;
        Self { names: Arc::clone(names), name }
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        let mut names = lock(&self.names);
        match names.get_mut(self.name) {
            Some(count) if *count > 1 => *count -= 1,
            _ => drop(names.remove(self.name)),
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Returns the message of a caught panic.
pub fn panic_message(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<&'static str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("without a message")
}

/// Listens for SIGTERM and SIGINT: the first one tells the tasks to end, the second one cancels
/// the token that is returned, on which the program leaves at once.
///
/// # Errors
///
/// When the operating system refuses the handlers.
pub fn listen(tasks: &Tasks) -> io::Result<CancellationToken> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let force = CancellationToken::new();
    let (stop, forced) = (tasks.stop.clone(), force.clone());
    // Not one of the tasks: it must still listen while they are being waited for.
    #[expect(
        clippy::disallowed_methods,
        reason = "the second signal comes while tasks are waited for"
    )]
    tokio::spawn(async move {
        for token in [stop, forced] {
            let name = tokio::select! {
                _ = terminate.recv() => "SIGTERM",
                _ = interrupt.recv() => "SIGINT",
            };
            log::info!(action = "signal"; "{name} received");
            token.cancel();
        }
    });
    Ok(force)
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    const LONG: Duration = Duration::from_secs(20);

    fn tasks() -> (Tasks, Arc<Mutex<Vec<String>>>) {
        let heard = Arc::new(Mutex::new(Vec::new()));
        let hearing = Arc::clone(&heard);
        let tasks = Tasks::new(move |name, message| {
            lock(&hearing).push(format!("{name}: {message}"));
        });
        (tasks, heard)
    }

    #[tokio::test]
    async fn a_panic_ends_its_task_alone_and_is_reported() {
        let (tasks, heard) = tasks();
        let number = 7;
        tasks.spawn("bad", async move { panic!("number {number}") });
        let (done, ended) = tokio::sync::oneshot::channel();
        tasks.spawn("good", async { done.send(()).unwrap() });
        ended.await.unwrap();
        assert_eq!(tasks.close_and_wait(LONG).await, Drained::All);
        assert_eq!(*lock(&heard), ["bad: number 7"]);
    }

    #[tokio::test]
    async fn a_loop_that_panics_runs_again_until_it_ends() {
        let (tasks, heard) = tasks();
        let runs = Arc::new(Mutex::new(0));
        let (done, mut ended) = tokio::sync::mpsc::channel(1);
        let counted = Arc::clone(&runs);
        tasks.spawn_loop("loop", move || {
            let (counted, done) = (Arc::clone(&counted), done.clone());
            async move {
                *lock(&counted) += 1;
                let run = *lock(&counted);
                assert!(run > 1, "the first run");
                done.send(()).await.unwrap();
            }
        });
        tokio::time::timeout(LONG, ended.recv()).await.unwrap().unwrap();
        assert_eq!(tasks.close_and_wait(LONG).await, Drained::All);
        assert_eq!((*lock(&runs), lock(&heard).len()), (2, 1));
    }

    #[tokio::test]
    async fn a_loop_that_waits_to_run_again_leaves_at_the_end() {
        let (told, mut heard) = tokio::sync::mpsc::unbounded_channel();
        let tasks = Tasks::new(move |name, _| told.send(name).unwrap());
        tasks.spawn_loop("loop", || async { panic!("always") });
        assert_eq!(tokio::time::timeout(LONG, heard.recv()).await.unwrap(), Some("loop"));
        assert_eq!(tasks.close_and_wait(LONG).await, Drained::All);
    }

    #[tokio::test]
    async fn what_does_not_end_in_time_is_named() {
        let (tasks, _) = tasks();
        tasks.spawn("stuck", std::future::pending());
        tasks.spawn("stuck", std::future::pending());
        let token = tasks.token().clone();
        tasks.spawn("obedient", async move { token.cancelled().await });
        let drained = tasks.close_and_wait(Duration::from_millis(50)).await;
        assert_eq!(drained, Drained::Left(vec!["stuck"]));
    }

    #[tokio::test]
    async fn the_first_signal_stops_and_the_second_forces() {
        let (tasks, _) = tasks();
        let force = listen(&tasks).unwrap();
        let terminate = || {
            let own = std::process::id().to_string();
            assert!(Command::new("kill").args(["-TERM", &own]).status().unwrap().success());
        };
        terminate();
        tokio::time::timeout(LONG, tasks.token().cancelled()).await.unwrap();
        assert!(!force.is_cancelled());
        terminate();
        tokio::time::timeout(LONG, force.cancelled()).await.unwrap();
    }
}
