//! A container on a real engine, its page, and the two ways it is taken down and brought back.

use super::engine::{Engine, published_at};
use super::poll::{Poller, longest_gap};
use crate::fault::Fault;
use crate::harness::Harness;
use crate::product::{Trust, World};
use crate::run::to_end;
use crate::scene::{PAGE, Scene, TAG};
use std::net::SocketAddr;
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

/// No trial takes longer.
const PATIENCE: Duration = Duration::from_secs(30);

/// How a container is taken down and brought back.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Actor {
    Restart,
    Update,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Traffic {
    Quiet,
    Busy,
}

/// What all trials stand on.
pub(crate) struct Ground {
    pub(crate) engine: Engine,
    world: World,
    /// Where ports are published.
    pub(crate) host: String,
    image: String,
    /// The version of the page that the tag names.
    pub(crate) version: u32,
    first_port: u16,
}

impl Ground {
    /// Gives the engine the page's image.
    pub(crate) fn build(harness: &mut Harness, engine: Engine) -> Result<Self, Fault> {
        let outer = harness.mocks.places.outer;
        let data = harness.scratch.path().join("update");
        std::fs::create_dir_all(&data)?;
        harness.mocks.show(Scene::Page { version: 1 })?;
        let image = format!("{outer}/{PAGE}");
        engine.pull(&image, TAG)?;
        let world = World {
            engine: format!("unix://{}", engine.socket.display()),
            data,
            registry: Trust::Insecure(format!("{}/32", outer.ip())),
        };
        let host = published_at(&engine.socket, harness.options.engine_address.as_deref());
        let first_port = 22_000 + u16::try_from(std::process::id() % 500)? * 12;
        Ok(Self { engine, world, host, image, version: 1, first_port })
    }

    /// Starts the container with a number and waits until its page answers.
    pub(crate) fn start(&self, number: u16) -> Result<String, Fault> {
        let name = format!("docker-auto-bench-{number}");
        let image = format!("{}:{TAG}", self.image);
        self.engine.run(&name, &image, self.first_port + number)?;
        let address = self.address(number)?;
        let poller = Poller::start(address, Duration::from_millis(20));
        let first = poller.first(PATIENCE);
        poller.finish()?;
        first.map(|_| name).ok_or_else(|| {
            format!("the page at {address} never answered: is that the engine's address? (--engine-address)")
                .into()
        })
    }

    /// Returns where the container with a number publishes its page.
    pub(crate) fn address(&self, number: u16) -> Result<SocketAddr, Fault> {
        Ok(SocketAddr::new(self.host.parse()?, self.first_port + number))
    }

    /// Returns how long the container was away, in milliseconds.
    pub(crate) fn trial(
        &mut self,
        harness: &mut Harness,
        trial: Trial,
        name: &str,
    ) -> Result<f64, Fault> {
        if trial.actor == Actor::Update {
            self.next_version(harness)?;
        }
        let gap = match trial.traffic {
            Traffic::Busy => {
                let poller = Poller::start(self.address(0)?, Duration::from_millis(2));
                poller.first(PATIENCE).ok_or("the page does not answer before the trial")?;
                self.act(harness, trial.actor, name)?;
                thread::sleep(Duration::from_millis(100));
                *gaps(vec![poller], self.version)?.first().ok_or("no gap was seen")?
            }
            Traffic::Quiet => self.quiet(harness, trial.actor, name)?,
        };
        // The engine has time to settle, as it would between the cycles of a day.
        thread::sleep(Duration::from_millis(300));
        Ok(gap)
    }

    /// Lets the actor act while nobody connects, and polls only from the engine's word that the new one runs.
    fn quiet(&self, harness: &mut Harness, actor: Actor, name: &str) -> Result<f64, Fault> {
        let events = self.engine.events(name)?;
        let address = self.address(0)?;
        let (away, returned) = channel();
        thread::spawn(move || {
            let mut killed = None;
            for event in events {
                match (event.action.as_str(), killed) {
                    ("kill", None) => killed = Some(event.time),
                    ("start", Some(killed)) => {
                        let poller = Poller::start(address, Duration::from_millis(1));
                        let first = poller.first(PATIENCE);
                        let answers = poller.finish();
                        // Nobody listens any more if the trial has failed.
                        away.send((killed, first, answers)).ok();
                        return;
                    }
                    _ => {}
                }
            }
        });
        self.act(harness, actor, name)?;
        let (killed, first, answers) = returned.recv_timeout(PATIENCE)?;
        let first = first.ok_or("the page never answered again")?;
        self.expect_version(&answers?.last().unwrap_or(&first).page)?;
        Ok(first.time.saturating_sub(killed).as_secs_f64() * 1000.0)
    }

    fn act(&self, harness: &Harness, actor: Actor, name: &str) -> Result<(), Fault> {
        match actor {
            Actor::Restart => self.engine.restart(name),
            Actor::Update => self.update(harness, &[name]),
        }
    }

    /// Updates containers in one cycle.
    pub(crate) fn update(&self, harness: &Harness, names: &[&str]) -> Result<(), Fault> {
        let arguments = [&["update"], names, &["--json"]].concat();
        let mut command = harness.product.command(&self.world, &arguments)?;
        // The stability window lies after the outage and would only make the runs longer.
        let run = to_end(command.env("DOCKER_AUTO_HEALTH_STABLE", "1s"))?;
        if !run.status.success() {
            let said = run.errors.lines().last().unwrap_or_default();
            return Err(format!("update ended with {}: {said}", run.status).into());
        }
        Ok(())
    }

    /// Moves the tag to a new version of the page.
    pub(crate) fn next_version(&mut self, harness: &mut Harness) -> Result<(), Fault> {
        self.version += 1;
        harness.mocks.show(Scene::Page { version: self.version })
    }

    fn expect_version(&self, page: &str) -> Result<(), Fault> {
        expect_version(page, self.version)
    }
}

/// Who acts, and whether anybody is looking.
#[derive(Clone, Copy)]
pub(crate) struct Trial {
    pub(crate) actor: Actor,
    pub(crate) traffic: Traffic,
}

/// Ends pollers and returns the longest gap of each, after which the page must have a version.
pub(crate) fn gaps(pollers: Vec<Poller>, version: u32) -> Result<Vec<f64>, Fault> {
    let mut gaps = Vec::new();
    for poller in pollers {
        let answers = poller.finish()?;
        expect_version(&answers.last().ok_or("the page never answered")?.page, version)?;
        gaps.push(longest_gap(&answers));
    }
    Ok(gaps)
}

fn expect_version(page: &str, version: u32) -> Result<(), Fault> {
    if page == version.to_string() {
        return Ok(());
    }
    Err(format!("the container runs version {page} instead of {version}").into())
}
