//! Asks containers again and again whether they answer, to see how long each of them is away.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// Between two questions.
const PAUSE: Duration = Duration::from_millis(100);

/// How long a container may take to answer before it counts as away.
#[derive(Clone, Copy, Debug)]
pub(super) enum Patience {
    /// One that is expected to be away for a moment.
    Short,
    /// One that must not be: a busy machine is no outage.
    Long,
}

impl Patience {
    fn time(self) -> Duration {
        match self {
            Self::Short => Duration::from_millis(300),
            Self::Long => Duration::from_secs(10),
        }
    }
}

/// What was seen of one container.
#[derive(Clone, Copy, Debug)]
pub(super) struct Away {
    /// The longest time between two answers around a question that got none.
    pub(super) longest: Duration,
    /// How many questions in all got none.
    pub(super) unanswered: u32,
}

/// A container that is asked.
#[derive(Debug)]
pub(super) struct Probe {
    over: Arc<AtomicBool>,
    thread: JoinHandle<Away>,
}

impl Probe {
    /// Begins to ask.
    pub(super) fn start(address: SocketAddr, patience: Patience) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let end = over.clone();
        let thread = thread::spawn(move || {
            let mut away = Away { longest: Duration::ZERO, unanswered: 0 };
            let (mut answered, mut missing) = (Instant::now(), false);
            // The last word is an answer, or it would not be known how long the outage lasts.
            while !end.load(Ordering::Relaxed) || missing {
                if answers(address, patience) {
                    if missing {
                        away.longest = away.longest.max(answered.elapsed());
                    }
                    (answered, missing) = (Instant::now(), false);
                } else {
                    assert!(answered.elapsed() < Duration::from_mins(1), "{address} stays away");
                    away.unanswered += 1;
                    missing = true;
                }
                thread::sleep(PAUSE);
            }
            away
        });
        Self { over, thread }
    }

    /// Ends it and returns what was seen.
    pub(super) fn end(self) -> Away {
        self.over.store(true, Ordering::Relaxed);
        self.thread.join().expect("it comes back")
    }
}

fn answers(address: SocketAddr, patience: Patience) -> bool {
    let ask = || {
        let mut stream = TcpStream::connect_timeout(&address, patience.time())?;
        stream.set_read_timeout(Some(patience.time()))?;
        stream.write_all(b"GET / HTTP/1.0\r\n\r\n")?;
        let mut answer = [0; 4];
        stream.read_exact(&mut answer)?;
        std::io::Result::Ok(answer == *b"HTTP")
    };
    ask().unwrap_or(false)
}
