//! Asks containers again and again whether they answer, to see that each of them is always there.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// Between two questions.
const PAUSE: Duration = Duration::from_millis(100);

/// How long a container may take to answer before it counts as away: a busy machine is no outage.
const LIMIT: Duration = Duration::from_secs(10);

/// A container that is asked.
#[derive(Debug)]
pub(super) struct Probe {
    over: Arc<AtomicBool>,
    thread: JoinHandle<u32>,
}

impl Probe {
    /// Begins to ask.
    pub(super) fn start(address: SocketAddr) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let end = over.clone();
        let thread = thread::spawn(move || {
            let mut unanswered = 0;
            while !end.load(Ordering::Relaxed) {
                unanswered += u32::from(!answers(address));
                thread::sleep(PAUSE);
            }
            unanswered
        });
        Self { over, thread }
    }

    /// Ends it and returns how many questions got no answer.
    pub(super) fn end(self) -> u32 {
        self.over.store(true, Ordering::Relaxed);
        self.thread.join().expect("it only asks")
    }
}

fn answers(address: SocketAddr) -> bool {
    let ask = || {
        let mut stream = TcpStream::connect_timeout(&address, LIMIT)?;
        stream.set_read_timeout(Some(LIMIT))?;
        stream.write_all(b"GET / HTTP/1.0\r\n\r\n")?;
        let mut answer = [0; 4];
        stream.read_exact(&mut answer)?;
        std::io::Result::Ok(answer == *b"HTTP")
    };
    ask().unwrap_or(false)
}
