//! A running `docker-auto serve`, from its exec to its end with this value.

use crate::count::Counts;
use crate::fault::{Fault, while_doing};
use crate::harness::Harness;
use crate::mocks::Mocks;
use crate::plain_http;
use crate::product::{Product, World};
use crate::resident::Resident;
use crate::scene::{Network, Scene};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Everything that a server is waited for happens within this time.
const PATIENCE: Duration = Duration::from_mins(1);

/// A server.
pub(crate) struct Server {
    child: Child,
    log: PathBuf,
    pub(crate) control: PathBuf,
    pub(crate) address: SocketAddr,
}

impl Server {
    /// Starts a server; it need not answer yet.
    pub(crate) fn start(product: &Product, world: &World) -> Result<Self, Fault> {
        let address = free_address()?;
        let log = world.data.with_extension("log");
        let file = File::create(&log).map_err(while_doing("creating the server's log"))?;
        let child = product
            .command(world, &["serve"])?
            .env("DOCKER_AUTO_SERVER_ADDR", address.to_string())
            .env("DOCKER_AUTO_SCAN_INTERVAL", "1h")
            .stdin(Stdio::null())
            .stdout(file.try_clone()?)
            .stderr(file)
            .spawn()
            .map_err(while_doing("starting the server"))?;
        Ok(Self { child, log, control: world.data.join("control.sock"), address })
    }

    /// Starts a server in a scene of the mocks and waits until its first check is over.
    pub(crate) fn checked(
        harness: &mut Harness,
        network: Network,
        containers: usize,
    ) -> Result<Self, Fault> {
        harness.mocks.show(Scene::up_to_date(network, containers))?;
        harness.mocks.reset()?;
        let data = harness.scratch.path().join("server");
        let world = World::mock(&harness.mocks.places, network, &data)?;
        let mut server = Self::start(&harness.product, &world)?;
        server.await_heads(&mut harness.mocks, containers)?;
        Ok(server)
    }

    /// Waits until the registry has answered so many HEADs since the last reset, and nothing follows.
    pub(crate) fn await_heads(
        &mut self,
        mocks: &mut Mocks,
        wanted: usize,
    ) -> Result<Counts, Fault> {
        let wanted = u64::try_from(wanted)?;
        let deadline = Instant::now() + PATIENCE;
        loop {
            let counts = mocks.counts()?;
            if counts.heads >= wanted {
                sleep(Duration::from_millis(300));
                return mocks.counts();
            }
            self.alive()?;
            if Instant::now() > deadline {
                let said = self.last_words();
                return Err(
                    format!("the server made {} of {wanted} HEADs{said}", counts.heads).into()
                );
            }
            sleep(Duration::from_millis(10));
        }
    }

    /// Asks for a check of everything and returns how long the answer took.
    pub(crate) fn check_now(&mut self) -> Result<Duration, Fault> {
        let start = Instant::now();
        let request = plain_http::post("/api/v1/check", r#"{"force":true}"#);
        let answer = plain_http::over_unix(&self.control, &request)?;
        let wall = start.elapsed();
        if answer.status / 100 != 2 {
            let body = String::from_utf8_lossy(&answer.body).into_owned();
            return Err(format!("POST /api/v1/check was answered {}: {body}", answer.status).into());
        }
        Ok(wall)
    }

    /// Waits for the first answer to `GET /healthz`, asking again at once.
    pub(crate) fn await_health(&mut self) -> Result<(), Fault> {
        let request = plain_http::request("GET", "/healthz");
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            if let Ok(answer) = plain_http::over_tcp(self.address, &request, Duration::from_secs(5))
                && answer.status == 200
            {
                return Ok(());
            }
            self.alive()?;
            sleep(Duration::from_micros(100));
        }
        Err(format!("the server never said that it is healthy{}", self.last_words()).into())
    }

    /// Ends the server as Docker would, with SIGTERM.
    pub(crate) fn end(mut self) -> Result<(), Fault> {
        kill(Pid::from_raw(i32::try_from(self.child.id())?), Signal::SIGTERM)?;
        let deadline = Instant::now() + PATIENCE;
        while self.child.try_wait()?.is_none() {
            if Instant::now() > deadline {
                return Err("the server does not end on SIGTERM".into());
            }
            sleep(Duration::from_millis(5));
        }
        Ok(())
    }

    pub(crate) fn resident(&self) -> Resident {
        Resident(self.child.id())
    }

    /// Returns an error if the server has ended by itself.
    fn alive(&mut self) -> Result<(), Fault> {
        match self.child.try_wait()? {
            None => Ok(()),
            Some(status) => {
                Err(format!("the server ended with {status}{}", self.last_words()).into())
            }
        }
    }

    fn last_words(&self) -> String {
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        let last = &lines[lines.len().saturating_sub(3)..];
        if last.is_empty() { String::new() } else { format!("; it said: {}", last.join(" / ")) }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// Returns an address below the ephemeral ports, where no outgoing connection can take it meanwhile.
pub(crate) fn free_address() -> Result<SocketAddr, Fault> {
    let first = 20_000 + u16::try_from(std::process::id() % 10_000)?;
    (first..first + 1000)
        .map(|port| SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
        .find(|address| TcpListener::bind(address).is_ok())
        .ok_or_else(|| "no port is free".into())
}
