//! A TCP proxy that is a round trip away: every byte takes half of it, and the handshake takes a whole one.
//!
//! The kernel accepts at once on the loopback, so what a client sends first is held back for the round trip that
//! its SYN would have taken. One thread with a precise timer delays everything: tokio's timers round up to a millisecond.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io;
use std::net::SocketAddr;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinSet;

/// Bytes on their way; none means that the sender has closed.
type Bytes = Vec<u8>;

/// Keeps parcels until they are due.
#[derive(Clone)]
pub(crate) struct Line(Sender<Parcel>);

struct Parcel {
    due: Instant,
    content: Bytes,
    to: UnboundedSender<Bytes>,
}

impl Line {
    /// Starts the thread that delivers.
    pub(crate) fn start() -> Self {
        let (sender, parcels) = channel();
        thread::spawn(move || deliver(&parcels));
        Self(sender)
    }
}

fn deliver(parcels: &Receiver<Parcel>) {
    let mut waiting = BinaryHeap::new();
    let mut contents = std::collections::HashMap::new();
    for number in 0_u64.. {
        let next = match waiting.peek() {
            None => parcels.recv().map_err(|_| RecvTimeoutError::Disconnected),
            Some(Reverse((due, _))) => {
                parcels.recv_timeout(Instant::saturating_duration_since(due, Instant::now()))
            }
        };
        match next {
            Ok(parcel) => {
                waiting.push(Reverse((parcel.due, number)));
                contents.insert(number, (parcel.content, parcel.to));
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
        let now = Instant::now();
        while let Some(Reverse((due, number))) = waiting.peek().copied()
            && due <= now
        {
            waiting.pop();
            if let Some((content, to)) = contents.remove(&number) {
                // The other side may have gone; then nobody misses the parcel.
                to.send(content).ok();
            }
        }
    }
}

/// Passes connections on to `target` for ever.
pub(crate) async fn proxy(listener: TcpListener, target: SocketAddr, line: Line, trip: Duration) {
    let mut connections = JoinSet::new();
    loop {
        let Ok((near, _)) = listener.accept().await else { continue };
        let (line, accepted) = (line.clone(), Instant::now());
        connections.spawn(async move {
            // A connection that breaks breaks for both sides; the client reports it.
            pass(near, target, Delay { line, open: accepted + trip, half: trip / 2 }).await.ok();
        });
        while connections.try_join_next().is_some() {}
    }
}

#[derive(Clone)]
struct Delay {
    line: Line,
    /// When the handshake is over.
    open: Instant,
    half: Duration,
}

async fn pass(near: TcpStream, target: SocketAddr, delay: Delay) -> io::Result<()> {
    let far = TcpStream::connect(target).await?;
    near.set_nodelay(true)?;
    far.set_nodelay(true)?;
    let (near_read, near_write) = near.into_split();
    let (far_read, far_write) = far.into_split();
    let (to_far, for_far) = unbounded_channel();
    let (to_near, for_near) = unbounded_channel();
    tokio::try_join!(
        read(near_read, to_far, delay.clone()),
        write(far_write, for_far),
        read(far_read, to_near, delay),
        write(near_write, for_near),
    )?;
    Ok(())
}

async fn read(
    mut from: impl AsyncRead + Unpin,
    to: UnboundedSender<Bytes>,
    delay: Delay,
) -> io::Result<()> {
    let mut buffer = vec![0; 32 * 1024];
    loop {
        let length = from.read(&mut buffer).await?;
        let due = Instant::now().max(delay.open) + delay.half;
        let content = buffer[..length].to_vec();
        if delay.line.0.send(Parcel { due, content, to: to.clone() }).is_err() || length == 0 {
            return Ok(());
        }
    }
}

async fn write(
    mut to: impl AsyncWrite + Unpin,
    mut from: UnboundedReceiver<Bytes>,
) -> io::Result<()> {
    while let Some(content) = from.recv().await {
        if content.is_empty() {
            break;
        }
        to.write_all(&content).await?;
    }
    to.shutdown().await
}
