//! Servers that live in the test's own process, in a thread with a runtime of their own.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::thread::{self, JoinHandle};

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinSet;

/// A server in a thread of its own; dropping it ends it with all its connections.
#[derive(Debug)]
pub(crate) struct Background {
    pub(crate) address: SocketAddr,
    end: Option<oneshot::Sender<Infallible>>,
    thread: Option<JoinHandle<()>>,
}

impl Background {
    /// Accepts connections on a free port of the loopback and serves each with `serve`.
    pub(crate) fn start<Served>(
        serve: impl Fn(TcpStream, usize) -> Served + Send + Sync + 'static,
    ) -> Self
    where
        Served: Future<Output = ()> + Send + 'static,
    {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let (end, ended) = oneshot::channel::<Infallible>();
        let run = async move {
            let listener = TcpListener::from_std(listener).unwrap();
            let mut connections = JoinSet::new();
            let accepting = async {
                for number in 0.. {
                    let Ok((stream, _)) = listener.accept().await else { return };
                    stream.set_nodelay(true).unwrap();
                    connections.spawn(serve(stream, number));
                }
            };
            tokio::select! { () = accepting => {}, _ = ended => {} }
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let thread = thread::spawn(move || runtime.block_on(run));
        Self { address, end: Some(end), thread: Some(thread) }
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        drop(self.end.take());
        if let Some(thread) = self.thread.take() {
            let ended = thread.join();
            assert!(ended.is_ok() || thread::panicking(), "a scripted server panicked");
        }
    }
}
