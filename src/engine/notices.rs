//! Follows the engine's events, so that what is known of a host is not as old as its last check.

use std::collections::BTreeSet;
use std::time::Duration;

use tokio::time::Instant;

use crate::core::id::ContainerName;
use crate::core::inventory::Inventory;
use crate::core::notice::Notice;
use crate::core::plan::Trigger;
use crate::docker::{DockerError, Notices};
use crate::engine::command::{Backup, CheckRequest, Freshness, Intent, Selection, UpdateRequest};
use crate::engine::judge::{Bench, Memory};
use crate::engine::{Engine, EngineError};
use crate::logging::Chain;

/// The pauses between two tries to follow the events; the last one repeats.
const PAUSES: [u64; 7] = [1, 2, 5, 15, 30, 60, 300];

/// Events that were followed this long begin the pauses anew.
const FOLLOWED_WELL: Duration = Duration::from_mins(1);

/// What happened on a host and was not looked at yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Noticed {
    /// Whether a name may stand for another image.
    images: bool,
    /// The containers that are others now.
    containers: BTreeSet<ContainerName>,
}

impl Noticed {
    fn add(&mut self, notice: Notice) {
        match notice {
            Notice::Images => self.images = true,
            Notice::Container(name) => drop(self.containers.insert(name)),
        }
    }

    fn append(&mut self, mut other: Self) {
        self.images |= other.images;
        self.containers.append(&mut other.containers);
    }

    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl Engine {
    /// Follows the events in a task of its own. What happened is handed on when this much time has
    /// passed since the first of it: who pulls an image often makes the container anew himself.
    pub(super) fn watch(&self, settle: Duration) {
        let engine = self.clone();
        self.tasks.spawn_loop("events", move || {
            let engine = engine.clone();
            async move { engine.follow_events(settle).await }
        });
    }

    async fn follow_events(&self, settle: Duration) {
        let mut pauses = PAUSES.iter();
        let mut said = None;
        let mut missed = false;
        while !self.stop.is_cancelled() {
            let began = Instant::now();
            match self.host.notices().await {
                Ok(notices) => {
                    said = None;
                    log::debug!(action = "watch"; "following what happens on the host");
                    // Nobody told what happened until they were followed again.
                    self.noticed.send_modify(|noticed| noticed.images |= missed);
                    let last = self.gather(notices, settle).await;
                    self.noticed.send_modify(|noticed| noticed.append(last));
                }
                Err(error) => say_unfollowed(&error, &mut said),
            }
            missed = true;
            if began.elapsed() >= FOLLOWED_WELL {
                pauses = PAUSES.iter();
            }
            let pause = Duration::from_secs(pauses.next().copied().unwrap_or(300));
            if self.rest(pause).await.is_err() {
                return;
            }
        }
    }

    /// Hands on what happens until the engine tells nothing more; returns what is not handed on yet.
    async fn gather(&self, mut notices: Notices, settle: Duration) -> Noticed {
        let mut fresh = Noticed::default();
        let mut due = None;
        loop {
            let settled = async {
                match due {
                    Some(at) => tokio::time::sleep_until(at).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                notice = notices.next() => {
                    let Some(notice) = notice else { return fresh };
                    fresh.add(notice);
                    due.get_or_insert_with(|| Instant::now() + settle);
                }
                () = settled => {
                    due = None;
                    let some = std::mem::take(&mut fresh);
                    self.noticed.send_modify(|all| all.append(some));
                }
                () = self.stop.cancelled() => return fresh,
            }
        }
    }

    /// Waits until something happened that was not looked at yet, and takes it.
    ///
    /// *Cancel safety*: nothing is lost.
    pub(super) async fn noticed(&self) -> Noticed {
        let mut listener = self.noticed.subscribe();
        // The sender lives in `self`, so that the wait cannot end for its loss.
        let _ = listener.wait_for(|noticed| !noticed.is_empty()).await;
        let mut taken = Noticed::default();
        self.noticed.send_modify(|noticed| taken = std::mem::take(noticed));
        taken
    }

    /// Looks again at the containers that are others now, and updates those whose image's name was
    /// moved here, as far as that is allowed.
    async fn look_again(&self, noticed: Noticed) -> Result<(), EngineError> {
        let inventory = self.discover().await?;
        if !noticed.containers.is_empty() {
            self.forget_results(&inventory).await?;
        }
        let present = |name: &ContainerName| inventory.containers.contains_key(name);
        let names: Vec<_> = noticed.containers.into_iter().filter(present).collect();
        if !names.is_empty() {
            let request = CheckRequest { names, freshness: Freshness::Cached };
            Box::pin(self.check_in(&inventory, &request)).await?;
            self.snapshot(&inventory).await?;
        }
        let moved = if noticed.images { self.moved(&inventory).await? } else { Vec::new() };
        if !moved.is_empty() {
            let request = UpdateRequest {
                selection: Selection::Among(moved),
                intent: Intent::Act,
                trigger: Trigger::Auto,
                backup: Backup::AsLabelled,
                freshness: Freshness::Forced,
            };
            let operated = Box::pin(self.update_in(&inventory, &request)).await?;
            super::schedule::report_failures(operated);
        }
        Ok(())
    }

    /// Forgets the results of containers that are gone or have another name; one that an operation
    /// is busy with has its name back when that is over.
    async fn forget_results(&self, inventory: &Inventory) -> Result<(), EngineError> {
        let known = self.store.targets().results(self.host.id()).await?;
        let known = known.into_iter().map(|(name, _)| name);
        let is_gone = |name: &ContainerName| {
            !inventory.containers.contains_key(name) && !self.limits.is_busy(name)
        };
        let gone: Vec<_> = known.filter(is_gone).collect();
        if !gone.is_empty() {
            self.store.targets().forget(self.host.id(), gone).await?;
        }
        Ok(())
    }

    /// Returns the containers whose reference names another image here than the one that they run,
    /// since the last time that this was asked; without those that an operation is busy with.
    async fn moved(&self, inventory: &Inventory) -> Result<Vec<ContainerName>, EngineError> {
        let way = self.way().await?;
        let now = self.clock.now();
        let bench = Bench::new(inventory, Memory::default(), &self.settings, way, now);
        let all = inventory.containers.values();
        let moved = all.filter(|container| {
            let image = bench.moved(&bench.subject(container));
            !self.limits.is_busy(&container.name)
                && self.agenda().note_moved(&container.name, image.as_ref())
        });
        Ok(moved.map(|container| container.name.clone()).collect())
    }

    /// Does what was noticed; what fails is seen again at the next check.
    pub(super) async fn heed(&self, noticed: Noticed) {
        match self.look_again(noticed).await {
            Ok(()) | Err(EngineError::Stopping) => {}
            Err(error) => log::error!(action = "watch"; "{}", Chain(&error)),
        }
    }
}

/// Says once what is in the way; an engine that is not there is told by others.
fn say_unfollowed(error: &DockerError, said: &mut Option<String>) {
    let trouble = error.chain();
    if !error.is_unreachable() && said.as_ref() != Some(&trouble) {
        log::warn!(
            action = "watch";
            "{trouble}; what happens on the host is seen at the next check"
        );
    }
    *said = Some(trouble);
}
