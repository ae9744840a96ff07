//! The harness's side of the mocks: starts their process and gives it orders.

use crate::count::Counts;
use crate::fault::{Fault, while_doing};
use crate::mock::{Answer, Order, Places};
use crate::scene::Scene;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// The running mocks; they end with this value.
pub(crate) struct Mocks {
    pub(crate) places: Places,
    child: Child,
    orders: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Mocks {
    /// Starts the mocks with their files in a folder.
    pub(crate) fn start(folder: &Path) -> Result<Self, Fault> {
        let outer = std::env::var_os("LAB_ADDRESS").unwrap_or_else(|| "127.0.0.1".into());
        let mut child = Command::new(std::env::current_exe()?)
            .arg("mock")
            .arg(folder)
            .arg(outer)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(while_doing("starting the mocks"))?;
        let orders = child.stdin.take();
        let mut answers = BufReader::new(child.stdout.take().expect("the output is piped"));
        match listen(&mut answers)? {
            Answer::Ready(places) => Ok(Self { places, child, orders, answers }),
            Answer::Done | Answer::Counts(_) => Err("the mocks answer out of turn".into()),
        }
    }

    /// Exchanges what engine and registry show.
    pub(crate) fn show(&mut self, scene: Scene) -> Result<(), Fault> {
        self.order(&Order::Show(scene)).map(drop)
    }

    /// Sets all counts to zero.
    pub(crate) fn reset(&mut self) -> Result<(), Fault> {
        self.order(&Order::Reset).map(drop)
    }

    /// Returns the counts since the last reset.
    pub(crate) fn counts(&mut self) -> Result<Counts, Fault> {
        match self.order(&Order::Count)? {
            Answer::Counts(counts) => Ok(counts),
            Answer::Ready(_) | Answer::Done => Err("the mocks answer out of turn".into()),
        }
    }

    fn order(&mut self, order: &Order) -> Result<Answer, Fault> {
        let orders = self.orders.as_mut().ok_or("the mocks have ended")?;
        writeln!(orders, "{}", serde_json::to_string(order)?)
            .map_err(while_doing("ordering a mock"))?;
        listen(&mut self.answers)
    }
}

impl Drop for Mocks {
    fn drop(&mut self) {
        // The end of the orders ends the process.
        drop(self.orders.take());
        self.child.wait().ok();
    }
}

fn listen(answers: &mut BufReader<ChildStdout>) -> Result<Answer, Fault> {
    let mut line = String::new();
    if answers.read_line(&mut line).map_err(while_doing("listening to the mocks"))? == 0 {
        return Err("the mocks have ended; their last words are above".into());
    }
    Ok(serde_json::from_str(&line)?)
}
