//! Asks a page again and again, each time on a fresh connection, and keeps when it answered.

use crate::clock::unix_now;
use crate::fault::Fault;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::runtime::Builder;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, timeout};

/// An answer that takes longer is none.
const GOOD: Duration = Duration::from_millis(50);

/// A good answer: when it came (since 1970) and what the page said.
#[derive(Clone)]
pub(crate) struct Good {
    pub(crate) time: Duration,
    pub(crate) page: String,
}

/// A poller that runs until its value is finished.
pub(crate) struct Poller {
    stop: Arc<AtomicBool>,
    answers: Arc<Mutex<Vec<Good>>>,
    thread: JoinHandle<Result<(), Fault>>,
}

impl Poller {
    /// Starts to poll a page at a distance.
    pub(crate) fn start(address: SocketAddr, distance: Duration) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let answers = Arc::default();
        let thread = thread::spawn({
            let (stop, answers) = (Arc::clone(&stop), Arc::clone(&answers));
            move || poll(address, distance, &stop, &answers)
        });
        Self { stop, answers, thread }
    }

    /// Returns the first good answer, waiting for it until a deadline.
    pub(crate) fn first(&self, patience: Duration) -> Option<Good> {
        let deadline = unix_now() + patience;
        while unix_now() < deadline {
            if let Some(good) = self.lock().first() {
                return Some(good.clone());
            }
            thread::sleep(Duration::from_millis(2));
        }
        None
    }

    /// Ends the polling and returns all good answers.
    pub(crate) fn finish(self) -> Result<Vec<Good>, Fault> {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().map_err(|_| "the poller panicked")??;
        let mut answers =
            std::mem::take(&mut *self.answers.lock().unwrap_or_else(PoisonError::into_inner));
        answers.sort_by_key(|good| good.time);
        Ok(answers)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Good>> {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns the longest time without a good answer, in milliseconds.
pub(crate) fn longest_gap(answers: &[Good]) -> f64 {
    let gaps = answers
        .windows(2)
        .map(|pair| pair[1].time.saturating_sub(pair[0].time).as_secs_f64() * 1000.0);
    gaps.fold(0.0, f64::max)
}

fn poll(
    address: SocketAddr,
    distance: Duration,
    stop: &AtomicBool,
    answers: &Arc<Mutex<Vec<Good>>>,
) -> Result<(), Fault> {
    Builder::new_current_thread().enable_all().build()?.block_on(async {
        let mut polls = JoinSet::new();
        let mut beat = interval(distance);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while !stop.load(Ordering::Relaxed) {
            beat.tick().await;
            let answers = Arc::clone(answers);
            polls.spawn(async move {
                if let Ok(Some(page)) = timeout(GOOD, ask(address)).await {
                    let good = Good { time: unix_now(), page };
                    answers.lock().unwrap_or_else(PoisonError::into_inner).push(good);
                }
            });
            while polls.try_join_next().is_some() {}
        }
        polls.join_all().await;
        Ok(())
    })
}

async fn ask(address: SocketAddr) -> Option<String> {
    let mut stream = TcpStream::connect(address).await.ok()?;
    stream.write_all(b"GET / HTTP/1.0\r\n\r\n").await.ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.ok()?;
    let (head, page) = answer.split_once("\r\n\r\n")?;
    (head.split(' ').nth(1) == Some("200")).then(|| page.to_owned())
}
