//! What people decide: a word on the image that could run in a container's place, pauses, and the
//! explanation of a judgement.

use std::collections::BTreeSet;

use crate::core::candidate::Mark;
use crate::core::decision::Request;
use crate::core::id::ContainerName;
use crate::core::verdict::{Pause, Paused, Said, Verdict, Word};
use crate::engine::check::meant;
use crate::engine::command::{Assessment, Freshness, Ruling};
use crate::engine::{Engine, EngineError};
use crate::store::{Given, Newest};

/// What a person's word came to.
#[derive(Clone, Debug)]
pub struct Ruled {
    /// The word.
    pub word: Word,
    /// Who said it, and when.
    pub said: Said,
    /// How the container is judged from now on.
    pub assessment: Assessment,
}

impl Engine {
    /// Stores a person's word on the image that could run in a container's place.
    pub async fn rule(&self, ruling: &Ruling) -> Result<Ruled, EngineError> {
        let now = self.clock.now();
        if let Word::Snoozed { until } = ruling.word
            && until <= now
        {
            return Err(EngineError::Past(until));
        }
        let assessment = self.explain(&ruling.name).await?;
        let name = assessment.container.name.clone();
        let Some(candidate) = assessment.decision.candidate() else {
            let reason = assessment.decision.to_string();
            return Err(EngineError::NoCandidate { name, reason });
        };
        let said = Said { by: ruling.by.clone(), at: now };
        let (word, mark) = (ruling.word, Mark::of(candidate));
        let verdict = Verdict { word, mark, said: said.clone() };
        let given = Given { target: self.target(&name), verdict };
        self.store.verdicts().say(given).await?;
        log::info!(action = "decide", container = name.as_str(), event = word.code(); "{name}: {} was {} by {}", candidate.short(), word.code(), said.by);
        let assessment = self.explain(&name).await?;
        Ok(Ruled { word, said, assessment })
    }

    /// Takes back all that people said of images in a container's place; returns it.
    pub async fn forget(
        &self,
        name: &ContainerName,
        by: &str,
    ) -> Result<(ContainerName, Vec<Verdict>), EngineError> {
        // A container may be gone of whose images something was said.
        let meant = self.existing(Paused::Container(name.clone())).await;
        let name = match meant {
            Ok(Paused::Container(name)) => name,
            _ => name.clone(),
        };
        let said = self.store.verdicts().forget(&self.target(&name)).await?;
        if said.is_empty() {
            return Err(EngineError::NothingSaid(name));
        }
        log::info!(action = "decide", container = name.as_str(), event = "forgotten"; "{name}: {by} took back what was said of its images");
        Ok((name, said))
    }

    /// Says how a container is judged, and every question on the way.
    pub async fn explain(&self, name: &ContainerName) -> Result<Assessment, EngineError> {
        let inventory = self.discover().await?;
        self.assess_one(&inventory, name, (Freshness::Cached, Request::Check)).await
    }

    /// Pauses a container, a group or everything; returns the pause that holds.
    pub async fn pause(&self, paused: Paused, by: String) -> Result<Pause, EngineError> {
        let paused = self.existing(paused).await?;
        if let Paused::Group(name) = &paused {
            self.expect_group(name).await?;
        }
        let pause = Pause { paused, said: Said { by, at: self.clock.now() } };
        let pause = self.store.verdicts().pause(self.host.id(), pause).await?;
        let (kind, name) = pause.paused.parts();
        log::info!(action = "decide", event = "paused"; "{kind} {name} was paused by {}", pause.said.by);
        Ok(pause)
    }

    /// Ends a pause.
    pub async fn resume(&self, paused: Paused, by: &str) -> Result<(), EngineError> {
        // A container may be gone whose pause is still there.
        let paused = self.existing(paused.clone()).await.unwrap_or(paused);
        if !self.store.verdicts().resume(self.host.id(), paused.clone()).await? {
            return Err(EngineError::NotPaused(paused));
        }
        let (kind, name) = paused.parts();
        log::info!(action = "decide", event = "resumed"; "{kind} {name} was resumed by {by}");
        Ok(())
    }

    /// Returns what is paused, the widest first.
    pub async fn pauses(&self) -> Result<Vec<Pause>, EngineError> {
        Ok(self.store.verdicts().pauses(self.host.id()).await?)
    }

    /// Names a container as the engine does, and a group as labels do, whatever a person wrote.
    async fn existing(&self, paused: Paused) -> Result<Paused, EngineError> {
        let name = match paused {
            Paused::Container(name) => name,
            Paused::Group(name) => return Ok(Paused::Group(name.trim().to_owned())),
            Paused::Everything => return Ok(paused),
        };
        let inventory = self.discover().await?;
        let names = meant(&inventory, std::slice::from_ref(&name))?;
        Ok(Paused::Container(names.into_iter().next().unwrap_or(name)))
    }

    /// Says no where no container is of a group: a slip of the pen would hold nothing. Where the
    /// engine cannot be asked, the word counts as it stands.
    async fn expect_group(&self, name: &str) -> Result<(), EngineError> {
        let inventory = match self.discover().await {
            Err(error) if error.is_unreachable() => return Ok(()),
            found => found?,
        };
        let groups = inventory.containers.values().filter_map(|one| self.policy_of(one).group);
        let known: BTreeSet<_> = groups.map(|group| group.value).collect();
        if known.contains(name) {
            return Ok(());
        }
        Err(EngineError::NoGroup { name: name.to_owned(), known: known.into_iter().collect() })
    }

    /// Forgets the words that are overtaken by what a check found.
    pub(super) async fn settle_verdicts(&self, found: &[Assessment]) -> Result<(), EngineError> {
        let mut words = self.store.verdicts().of_host(self.host.id()).await?;
        let mut overtaken = Vec::new();
        for assessment in found {
            let name = &assessment.container.name;
            let decision = &assessment.decision;
            let Some(versions) = decision.versions() else { continue };
            // Those that are passed over for now keep what was said of them.
            let passed = versions.passed.iter().filter_map(|passed| passed.mark.clone());
            let marks: Vec<_> =
                decision.candidate().map(Mark::of).into_iter().chain(passed).collect();
            let words = words.remove(name).unwrap_or_default();
            if words.iter().any(|verdict| verdict.is_overtaken(&marks)) {
                overtaken.push(Newest { name: name.clone(), marks });
            }
        }
        if overtaken.is_empty() {
            return Ok(());
        }
        Ok(self.store.verdicts().settle(self.host.id(), overtaken).await?)
    }
}
