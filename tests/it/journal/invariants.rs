//! What must be true when an operation has ended, whatever happened to it on the way.

use docker_auto::core::id::ImageId;
use docker_auto::core::journal::{JournalEntry, Outcome, StepOutput, WAKES_FORCE_BACK};
use docker_auto::core::plan::Step;
use docker_auto::core::plan::blueprint::Retention;

use self::facts::{Facts, PARKED};
use super::drive::Ran;
use super::scenario::{
    BACKUP, Care, DEPENDENT, FILE, LODGER, OLDER, OTHER_REFERENCE, Origin, REFERENCE, RERUN,
    SHARER, Scenario, file, followed, meant,
};
use crate::support::fake_host::Fault;
use crate::support::fake_host::container::Behaviour;
use crate::support::fake_host::user::{Action, THEIRS};

mod facts;
mod outcome;

/// Returns what is wrong with how an operation ended; nothing, if all is well.
pub(crate) fn problems(scenario: &Scenario, ran: &Ran) -> Vec<String> {
    let Some(outcome) = &ran.outcome else { return vec!["it never ends".into()] };
    let problems = ran.engine.violations.clone();
    let mut end = End { facts: Facts { scenario, ran, outcome }, problems };
    end.journal();
    end.data();
    end.backups();
    end.rejections();
    end.leftovers();
    end.tags();
    end.images();
    end.possible();
    end.pauses();
    end.neighbours();
    end.family();
    end.rerun();
    end.database();
    end.file();
    end.outcome();
    end.problems
}

struct End<'a> {
    facts: Facts<'a>,
    problems: Vec<String>,
}

impl<'a> std::ops::Deref for End<'a> {
    type Target = Facts<'a>;

    fn deref(&self) -> &Facts<'a> {
        &self.facts
    }
}

impl End<'_> {
    fn must(&mut self, holds: bool, otherwise: &str) {
        if !holds {
            self.problems.push(otherwise.to_owned());
        }
    }

    fn journal(&mut self) {
        let finished = |entry: &&JournalEntry| matches!(entry, JournalEntry::Finished { .. });
        let count = self.ran.entries.iter().filter(finished).count();
        self.must(count == 1, "the journal is not finished exactly once");
        let said = self.ran.entries.iter().any(|entry| {
            matches!(entry, JournalEntry::Finished { outcome, .. } if outcome == self.outcome)
        });
        self.must(said, "the journal tells another end");
        let forced = self.woken_before_commit() >= WAKES_FORCE_BACK as usize;
        let updated = *self.outcome == Outcome::Updated;
        self.must(!(forced && updated), "it went on after the wake-up that forces it back");
    }

    /// The service's volumes outlive everything; those of a failed container go with it.
    fn data(&mut self) {
        // An engine that restarts, or anyone who stops it, takes an auto-removed container away with
        // its anonymous volumes, with or without us.
        let others_doing =
            self.scenario.shape.auto_remove && (self.engine_restarted() || self.meddled());
        let kept = Scenario::data().is_subset(&self.engine().volumes);
        self.must(kept || others_doing, "a volume of the service is gone");
        let mounted = |volume: &String| {
            self.engine().containers.values().any(|other| other.volumes().any(|v| v == volume))
        };
        let leaked = self.engine().volumes.iter().any(|v| v.starts_with("fresh") && !mounted(v));
        // Where a person must look, nothing is removed any more.
        let help = matches!(self.outcome, Outcome::NeedsHelp(_));
        let not_removed = self.failed(|step| matches!(step, Step::RemoveVolume { .. }));
        let excused = self.meddled() || help || not_removed;
        self.must(!leaked || excused, "a volume that was made for a failed container is left");
    }

    /// What was saved stays, whatever becomes of the update, and what was not is not there.
    fn backups(&mut self) {
        let not_removed = self.failed(|step| matches!(step, Step::DiscardBackup { .. }));
        let partial = !self.engine().partial_backups.is_empty();
        self.must(!partial || not_removed, "a backup that was not completed is left");
        let saved = self.engine().backups.contains(BACKUP);
        let asked = self.scenario.shape.care == Care::Saved;
        let updated = *self.outcome == Outcome::Updated;
        self.must(saved || !(asked && updated), "it was updated without a backup");
        let is_told = |entry: &JournalEntry| {
            matches!(entry, JournalEntry::Done { output: StepOutput::BackedUp(_), .. })
        };
        let told = self.ran.entries.iter().any(is_told);
        self.must(saved || !told, "a backup that was told of is gone");
    }

    fn rejections(&mut self) {
        let tried = Scenario::reject_key(&self.scenario.plan.new_image);
        let left = Scenario::reject_key(&self.scenario.plan.old_image);
        let rejected = self.engine().rejected.contains(&tried);
        let not_reached = self.failed(|step| matches!(step, Step::Reject { .. }));
        let parked = self.scenario.shape.family && matches!(self.outcome, Outcome::NeedsHelp(_));
        let excused = not_reached || parked || self.wakes() >= PARKED;
        let failed = self.image_failed();
        // Who removed an auto-removed container, the engine or a person, nobody can say.
        let unknown = self.scenario.shape.auto_remove && self.meddled();
        self.must(rejected == failed || excused || unknown, "rejected and failed are not the same");
        let blameless = self.scenario.is_good() && !self.unlucky() && !self.meddled();
        self.must(!(rejected && blameless), "a good image is rejected");
        let left_behind = self.scenario.is_rollback() && *self.outcome == Outcome::Updated;
        let same = self.engine().rejected.contains(&left) == left_behind;
        self.must(same || excused, "what a rollback leaves is not what is rejected");
    }

    fn leftovers(&mut self) {
        let not_removed = self.failed(|step| matches!(step, Step::Remove { .. }));
        let kept = |step: &Step| matches!(step, Step::Rename { to, .. } if is_role(to, "kept"));
        let not_kept = self.failed(kept);
        let keeps = self.scenario.shape.retention == Retention::Keep;
        for (id, container) in &self.ran.engine.containers {
            let Some((_, role, _)) = container.name.reserved_parts() else { continue };
            let excused = match (self.outcome, role) {
                (Outcome::NeedsHelp(_), _) => true,
                (Outcome::Updated, "kept") => keeps,
                (Outcome::Updated, "old") => not_removed || not_kept,
                // Theirs has the name now; the old one is not ours to throw away.
                (Outcome::Superseded(_), "old") => *id == self.scenario.old,
                (_, "new" | "bad" | "data" | "files") => not_removed,
                _ => false,
            };
            if !excused {
                self.problems.push(format!("{} is left", container.name));
            }
        }
    }

    fn tags(&mut self) {
        let needs_help = matches!(self.outcome, Outcome::NeedsHelp(_));
        let not_removed = self.failed(|step| matches!(step, Step::Untag { .. }));
        let held =
            self.engine().tags.iter().any(|(tag, image)| {
                tag.starts_with("docker-auto.local/") && image.as_str() != OLDER
            });
        let excused = not_removed || needs_help;
        let is_way_back = self.scenario.shape.cares && *self.outcome == Outcome::Updated;
        self.must(!held || is_way_back || excused, "the image is still held by a name of ours");
        let excused = self.failed(|step| matches!(step, Step::Tag { .. }));
        self.must(held || !is_way_back || excused, "the image is not held for the way back");
        let not_tagged = self.failed(|step| matches!(step, Step::Tag { .. }));
        let foreign = self.fired(|fault| fault == Fault::User(Action::Recreate));
        let back = self.engine().tags.get(REFERENCE) == Some(&self.scenario.plan.old_image.id);
        let moved = self.scenario.is_rollback() && *self.outcome != Outcome::Updated;
        let excused = not_tagged || needs_help || foreign;
        self.must(back || !moved || excused, "the reference is not what it was");
        let shape = self.scenario.shape;
        let as_it_was = self.engine().tags.get(followed(shape)) == meant(shape).as_ref();
        let excused = excused || not_removed;
        self.must(as_it_was || !moved || excused, "the reference that was tried has moved");
    }

    /// The image of two versions ago goes when the operation is over, and not before; those that
    /// are needed never go.
    fn images(&mut self) {
        let has = |image: &ImageId| self.engine().images.contains_key(image);
        let gone = !has(&ImageId::new(OLDER));
        let old_is_there = has(&self.scenario.plan.old_image.id);
        let failed = !has(&self.scenario.plan.new_image.id);
        let stays = self.failed(|step| matches!(step, Step::RemoveImage { .. }));
        let updated = *self.outcome == Outcome::Updated;
        let needs_help = matches!(self.outcome, Outcome::NeedsHelp(_));
        self.must(old_is_there, "the image for the way back is gone");
        if self.scenario.shape.cares {
            self.must(gone == updated || stays || needs_help, "the wrong images were removed");
            self.must(!failed || self.image_failed(), "a new image is gone that did not fail");
            let back =
                matches!(self.outcome, Outcome::RolledBack(_) | Outcome::RecoveredFromSpec(_));
            // What was there before stays.
            let pulled = self.scenario.shape.origin == Origin::Registry;
            let left = back && pulled && self.image_failed() && !failed;
            let used = self.failed(|step| matches!(step, Step::Remove { .. }));
            let excused = stays || used || self.meddled() || self.wakes() >= PARKED;
            self.must(!left || excused, "an image that failed is left");
        }
    }

    /// The outcome is one that what happened can lead to.
    fn possible(&mut self) {
        let scenario = self.scenario;
        let undisturbed = self.ran.fired.is_empty();
        let same = scenario.shape.origin == Origin::Same;
        let vanishes = scenario.shape.auto_remove;
        let meddled = self.meddled();
        let holds = match self.outcome {
            Outcome::Updated => !same && (scenario.is_good() || meddled),
            Outcome::NoChange => same,
            Outcome::Aborted(_) => !undisturbed || scenario.shape.rerun == Some(1),
            Outcome::RolledBack(_) => !undisturbed || !scenario.is_good() && !vanishes,
            Outcome::RecoveredFromSpec(_) => {
                meddled || vanishes && (!undisturbed || !scenario.is_good())
            }
            Outcome::Superseded(_) => {
                meddled || vanishes && self.engine_restarted() && !self.stop_begun()
            }
            Outcome::NeedsHelp(_) => {
                // The engine takes it once more, when what held its files is removed already.
                let lacks_files = self.failed(|step| matches!(step, Step::CopyFiles { .. }));
                let taken = vanishes && self.engine_restarted() && lacks_files;
                self.unlucky() || meddled || taken || self.wakes() >= PARKED
            }
        };
        self.must(holds, "nothing that happened leads to this outcome");
    }

    /// A program that ends because it is asked to leaves the service up, unless it is the very
    /// image on trial that is not.
    fn pauses(&mut self) {
        let judged = self.scenario.behaviour == Behaviour::Serves && self.scenario.was_running();
        let disturbed = self.meddled() || self.engine_restarted() || self.unlucky();
        let up = |engine| Facts::owner_in(engine).is_some_and(|(_, owner)| owner.state.is_up());
        let all_up = self.ran.pauses.iter().all(up);
        self.must(all_up || !judged || disturbed, "the program ended while the service was down");
    }

    /// What other people did stands, and costs the service nothing that they did not ask for.
    fn neighbours(&mut self) {
        let facts = self.facts;
        let did = |action| facts.fired(|fault| fault == Fault::User(action));
        let others = [Action::Remove, Action::Stop, Action::Rename];
        let asked = others.into_iter().any(did);
        if did(Action::Recreate) {
            let owner = self.owner();
            let theirs = owner.is_some_and(|(_, c)| c.image.as_str() == "user" && c.state.is_up());
            self.must(theirs || asked, "their container was touched");
        }
        let all = self.engine().containers.values();
        let up = all.filter(|container| container.state.is_up() && !container.bystander).count();
        // A job that is done is down, and a prune takes it away like any other.
        let done = self.scenario.ends_well() && self.committed();
        let excused = !self.scenario.was_running() || self.unlucky() || self.engines_doing();
        let excused = excused || done;
        let theirs = did(Action::Recreate) || asked;
        if did(Action::Prune) && !theirs {
            let up = self.owner().is_some_and(|(_, owner)| owner.state.is_up());
            self.must(up || excused, "a prune cost the service");
        }
        if did(Action::Rename) {
            self.must(up > 0 || excused, "a rename cost the service");
        }
    }
}

impl End<'_> {
    /// Who goes along with the service is as well off afterwards as before, unless something that
    /// nobody could mend stands in the way, which is then said.
    fn family(&mut self) {
        if !self.scenario.shape.family {
            return;
        }
        let user = self.engine().tags.get("registry.test/side:1").map(ImageId::as_str);
        let needs_help = matches!(self.outcome, Outcome::NeedsHelp(_));
        self.must(
            user == Some("user") || needs_help || self.unlucky(),
            "a neighbour's tag has moved",
        );
        // What the engine's own restart does to those that it does not start again is its doing.
        let engines = self.engine_restarted();
        let hopeless = needs_help || self.meddled() || engines;
        for name in [SHARER, DEPENDENT, LODGER] {
            let Some((_, one)) = self.service(name) else {
                self.must(hopeless, &format!("nobody has the name {name}"));
                continue;
            };
            self.must(one.state.is_up() || hopeless, &format!("{name} is {:?}", one.state));
            let parent = if name == LODGER { self.service(DEPENDENT) } else { self.owner() };
            let joined = one.joined.as_ref().map(|joined| (joined, one.joined_at));
            let now = parent.map(|(id, parent)| (id, parent.started_at));
            let with_parent = joined.is_none() || joined == now;
            self.must(with_parent || hopeless, &format!("{name} lives with nobody"));
            let armed = one.policy == self.scenario.shape.policy;
            self.must(armed || hopeless, &format!("{name} has lost its restart policy"));
        }
    }
}

impl End<'_> {
    /// What is run again has run to its end before the service was touched; with an update it is the
    /// new one that is there, and else the old one.
    fn rerun(&mut self) {
        if self.scenario.shape.rerun.is_none() {
            return;
        }
        let updated = *self.outcome == Outcome::Updated;
        let excused = matches!(self.outcome, Outcome::NeedsHelp(_)) || self.meddled();
        let ended = self.has(|entry, step| {
            let awaited = matches!(step, Step::AwaitHealthy { container, .. } if container.ends());
            awaited && matches!(entry, JournalEntry::Done { .. })
        });
        self.must(ended || !self.stop_begun(), "the service was stopped before it");
        let Some((_, one)) = self.service(RERUN) else {
            return self.must(excused, "nobody has the name of what is run again");
        };
        let old = one.image == self.scenario.plan.old_image.id;
        self.must(!one.state.is_up(), "what is run again has not ended");
        self.must(old != updated || excused, "the wrong one of what is run again is there");
    }

    /// Whoever serves finds the database as the same version left it.
    fn database(&mut self) {
        let left_alone = self.meddled() || self.failed(|step| *step == Step::RestoreDatabase);
        let version = match self.outcome {
            Outcome::Updated => 1,
            Outcome::Superseded(_) | Outcome::NeedsHelp(_) => return,
            _ => 0,
        };
        let expected = if self.scenario.shape.ourselves { version } else { 0 };
        let same = self.engine().database == expected;
        self.must(same || left_alone, "the database is another version's");
    }
}

impl End<'_> {
    /// The file says what runs, or what it said before; what a person wrote stays.
    fn file(&mut self) {
        let Some(text) = self.engine().files.get(FILE) else { return };
        if self.fired(|fault| fault == Fault::User(Action::Edit)) {
            return self.must(text == THEIRS, "what a person wrote is gone");
        }
        let failed = self.failed(|step| matches!(step, Step::RewriteFile { .. }));
        let (old, new) = (file(REFERENCE), file(OTHER_REFERENCE));
        self.must(*text == old || *text == new, "the file is neither the old nor the new one");
        let (is_old, is_new) = (*text == old, *text == new);
        match self.outcome {
            Outcome::Updated => self.must(is_new || failed, "the file does not say what runs"),
            Outcome::NeedsHelp(_) if self.committed() => {}
            _ => self.must(is_old, "the file says what does not run"),
        }
    }
}

fn is_role(name: &docker_auto::core::id::ContainerName, wanted: &str) -> bool {
    name.reserved_parts().is_some_and(|(_, role, _)| role == wanted)
}
