//! The rename-swap: everything that can fail comes before the stop, the old
//! containers stay untouched until the new ones are proven.

use std::collections::BTreeMap;

use serde_json::json;

use crate::core::digest::Digest;
use crate::core::id::{ContainerName, OperationId};
use crate::core::plan::blueprint::{Blueprint, Retag, Retention, Source};
use crate::core::plan::data::DataSteps;
use crate::core::plan::files::FileSteps;
use crate::core::plan::member::{Member, back, forward, making_steps};
use crate::core::plan::{
    ImageSummary, Key, OperationKind, PlannedContainer, PlannedStep, RejectKey, Step, UpdatePlan,
    Volumes,
};
use crate::core::recreate::OPERATION_LABEL;
use crate::core::retention::{Unwanted, keep_tag};

/// Returns the name that an operation gives to a container in a role.
pub fn reserved_name(name: &ContainerName, role: &str, operation: &OperationId) -> ContainerName {
    ContainerName::new(format!("{name}.da-{role}-{}", operation.short()))
}

/// Returns the plan that moves a container to its new image.
pub fn plan_update(blueprint: Blueprint) -> UpdatePlan {
    plan(blueprint, OperationKind::Update, Vec::new())
}

/// Returns the plan that moves a container back to an image it ran before, and remembers the one it
/// leaves as rejected.
pub fn plan_rollback(blueprint: Blueprint) -> UpdatePlan {
    let reject =
        Step::Reject { target: blueprint.target.clone(), image: reject_key(&blueprint.old_image) };
    // Where only the data goes back, the image is as good as it was.
    let leaves = blueprint.old_image.id != blueprint.new_image.id;
    plan(blueprint, OperationKind::Rollback, leaves.then_some(reject).into_iter().collect())
}

/// Returns what is remembered of an image that failed.
pub fn reject_key(image: &ImageSummary) -> RejectKey {
    image.manifest.as_ref().map_or_else(|| RejectKey::image(&image.id), RejectKey::manifest)
}

fn plan(blueprint: Blueprint, kind: OperationKind, epilogue: Vec<Step>) -> UpdatePlan {
    let planner = Planner::of(&blueprint);
    let mut steps = planner.prepare();
    steps.extend(planner.swap());
    steps.extend(planner.prove());
    let no_return = steps.len();
    steps.extend(planner.tidy());
    steps.extend(epilogue.into_iter().chain(planner.remove_images()).map(forward));
    let rescue = planner.rescue();
    let summary = planner.summary(kind);
    let containers = planner.containers();
    UpdatePlan {
        kind,
        summary,
        was_running: blueprint.old.state.is_up(),
        containers: containers.into_iter().collect(),
        steps,
        no_return,
        rescue,
        operation: blueprint.operation,
        trigger: blueprint.trigger,
        target: blueprint.target,
        reference: blueprint.reference,
        leaves: blueprint.leaves,
        old_image: blueprint.old_image,
        new_image: blueprint.new_image,
        warnings: blueprint.warnings,
        differences: blueprint.differences,
        unrestored: None,
        anonymous: BTreeMap::new(),
    }
}

/// Lays the steps of a blueprint out.
pub(super) struct Planner<'a> {
    pub(super) blueprint: &'a Blueprint,
    /// The container that is updated.
    pub(super) main: Member<'a>,
    /// Those that are made anew with it, in starting order.
    sharers: Vec<Member<'a>>,
    /// Those that are restarted with it, in starting order.
    dependents: Vec<Member<'a>>,
    /// Those that are run again before it, in this order.
    reruns: Vec<Member<'a>>,
}

impl<'a> Planner<'a> {
    fn of(blueprint: &'a Blueprint) -> Self {
        Self {
            blueprint,
            main: Member::main(blueprint),
            sharers: Member::sharers(blueprint),
            dependents: Member::dependents(blueprint),
            reruns: Member::reruns(blueprint),
        }
    }

    /// The one that is updated, then those that are made anew with it.
    fn replaced(&self) -> impl DoubleEndedIterator<Item = &Member<'a>> {
        std::iter::once(&self.main).chain(&self.sharers).chain(&self.reruns)
    }

    pub(super) fn all(&self) -> impl DoubleEndedIterator<Item = &Member<'a>> {
        self.replaced().chain(&self.dependents)
    }

    fn containers(&self) -> Vec<(Key, PlannedContainer)> {
        let made = |key, name| (key, PlannedContainer { id: None, name });
        let mut containers = vec![
            made(Key::probe(), self.main.reserved("new")),
            made(Key::rescue(), self.main.name.clone()),
        ];
        for member in self.all() {
            let id = Some(member.old.id.clone());
            let name = member.name.clone();
            containers.push((member.key.clone(), PlannedContainer { id, name }));
        }
        for member in self.replaced() {
            containers.push(made(member.new_key.clone(), member.reserved("new")));
        }
        containers.extend(self.data().container());
        containers.extend(self.files().container());
        containers.extend(self.helper_name().map(|name| made(Key::helper(), name)));
        containers
    }

    /// Everything before an old container is touched: whatever fails here costs nothing.
    fn prepare(&self) -> Vec<PlannedStep> {
        let expect = || self.all().map(|member| back(member.expect(), Vec::new()));
        let mut steps: Vec<_> = expect().collect();
        steps.extend(self.bring_image());
        steps.extend(self.keep_image());
        steps.extend(self.probe_bind_sources());
        steps.extend(self.data().prepare());
        steps.extend(self.main.create());
        steps.extend(self.files().keep());
        for (member, sharer) in self.sharers.iter().zip(&self.blueprint.sharers) {
            steps.extend(member.create_on_its_image(sharer.retag.as_ref()));
        }
        for (member, rerun) in self.reruns.iter().zip(&self.blueprint.reruns) {
            steps.extend(member.create_on_its_image(rerun.retag.as_ref()));
        }
        steps.extend(expect());
        // A hook takes its time, in which others may change things.
        let hook = self.main.pre_update(&self.blueprint.hooks);
        steps.extend(hook.into_iter().flat_map(|hook| std::iter::once(hook).chain(expect())));
        steps.extend(self.rerun());
        steps.extend(self.hand_over());
        steps
    }

    /// Lets those end that must have ended before the new container starts, while the old one serves:
    /// what they fail at costs nothing. They too take their time.
    fn rerun(&self) -> Vec<PlannedStep> {
        let run: Vec<_> = self.reruns.iter().flat_map(Member::run_to_its_end).collect();
        let expect = self.all().map(|member| back(member.expect(), Vec::new()));
        if run.is_empty() { run } else { run.into_iter().chain(expect).collect() }
    }

    /// Binds in the short form (`/source:/target`) of a source that is gone make the engine create an
    /// empty directory at the start, and a database in it anew; so do long ones that ask for it. All
    /// others are refused at the create: so a container that is never started binds the same sources
    /// in that form.
    fn probe_bind_sources(&self) -> Vec<PlannedStep> {
        if self.blueprint.bind_sources.is_empty() {
            return Vec::new();
        }
        let mounts = self.blueprint.bind_sources.iter().enumerate().map(|(index, source)| {
            json!({"Type": "bind", "Source": source, "Target": format!("/source/{index}")})
        });
        let body = json!({
            "Image": self.blueprint.reference.familiar(),
            "Entrypoint": ["probe"],
            "Labels": {(OPERATION_LABEL): self.blueprint.operation},
            "HostConfig": {"Mounts": mounts.collect::<Vec<_>>(), "NetworkMode": "none"},
        });
        let create = Step::Create {
            key: Key::probe(),
            name: self.main.reserved("new"),
            body,
            platform: self.blueprint.replacement.platform.clone(),
            image: self.blueprint.new_image.id.clone(),
        };
        let remove = || Step::Remove { container: Key::probe(), volumes: Volumes::Remove };
        vec![back(create, vec![remove()]), back(remove(), Vec::new())]
    }

    fn bring_image(&self) -> Option<PlannedStep> {
        let reference = &self.blueprint.reference;
        match &self.blueprint.source {
            Source::Registry(digest) => {
                let pull = Step::Pull {
                    reference: reference.clone(),
                    platform: self.blueprint.replacement.platform.clone(),
                    digest: digest.clone(),
                };
                let failed = self.blueprint.image_care.failed.clone().map(remove_image);
                Some(back(pull, failed.into_iter().collect()))
            }
            Source::Local => None,
            Source::Retag(retag) => {
                let undo = retag.iter().map(Retag::home).collect();
                let (image, reference) =
                    (self.blueprint.new_image.id.clone(), reference.familiar());
                Some(back(Step::Tag { image, reference }, undo))
            }
        }
    }

    /// An auto-removed container leaves no object behind: its image is held by a name of ours.
    fn keep_image(&self) -> Option<PlannedStep> {
        let reference = self.keep_reference();
        let image = self.blueprint.old_image.id.clone();
        let tag = Step::Tag { image, reference: reference.clone() };
        self.main.vanishes().then(|| back(tag, vec![Step::Untag { reference }]))
    }

    fn keep_reference(&self) -> String {
        keep_tag(&self.blueprint.operation)
    }

    /// The window in which the service is down: who needs it stops first.
    fn swap(&self) -> Vec<PlannedStep> {
        let stops = self.sharers.iter().chain(&self.dependents).rev().filter_map(Member::stop);
        stops
            .chain(self.files().keep_the_last())
            .chain(self.main.stop())
            .chain(self.data().save())
            .chain(self.keep_database())
            .chain(self.replaced().flat_map(Member::exchange))
            .collect()
    }

    fn files(&self) -> FileSteps<'_> {
        FileSteps { blueprint: self.blueprint, main: &self.main }
    }

    fn data(&self) -> DataSteps<'_> {
        DataSteps { blueprint: self.blueprint, main: &self.main }
    }

    /// Who is needed starts first. Only those that someone waits for are proven before he starts: the
    /// window in which the others are down must not hold their proofs.
    fn prove(&self) -> Vec<PlannedStep> {
        let mut steps = Vec::new();
        let mut unproven: Vec<&Member<'_>> = Vec::new();
        for member in self.all() {
            let awaited = |other: &&Member<'_>| member.awaits.contains(other.name);
            let (first, rest) = unproven.into_iter().partition(awaited);
            let first: Vec<_> = first;
            steps.extend(first.into_iter().filter_map(Member::prove));
            steps.extend(member.start().map(|start| self.with_database(member, start)));
            unproven = rest;
            unproven.push(member);
        }
        steps.extend(unproven.into_iter().filter_map(Member::prove));
        steps.extend(self.main.post_update(&self.blueprint.hooks));
        steps
    }

    fn tidy(&self) -> Vec<PlannedStep> {
        let remove = |member: &Member<'_>| Step::Remove {
            container: member.key.clone(),
            volumes: Volumes::Keep,
        };
        let kept = self.main.reserved("kept");
        let main = match (self.main.vanishes(), self.blueprint.retention) {
            (true, _) => self.blueprint.image_care.keep_tag.is_none().then(|| {
                Step::Untag { reference: self.keep_reference() } // it was held for the way back
            }),
            (false, Retention::Remove) => Some(remove(&self.main)),
            (false, Retention::Keep) => {
                Some(Step::Rename { container: self.main.key.clone(), to: kept })
            }
        };
        let others = self.sharers.iter().chain(&self.reruns).rev().map(remove);
        let data = self.data().tidy();
        let tidying = data.chain(self.files().tidy()).chain(self.hold_image());
        let tidying = tidying.chain(others).chain(main);
        self.rewrite_file().into_iter().chain(tidying).map(forward).collect()
    }

    /// The file says what is proven: before, the way back would have to change it again, and what
    /// fails here costs the service nothing.
    fn rewrite_file(&self) -> Option<Step> {
        self.blueprint.file.clone().map(|change| Step::RewriteFile { change })
    }

    /// Without a name the old image would be lost to the next `docker image prune`.
    fn hold_image(&self) -> Option<Step> {
        let reference = self.blueprint.image_care.keep_tag.clone()?;
        let image = self.blueprint.old_image.id.clone();
        (!self.main.vanishes()).then_some(Step::Tag { image, reference })
    }

    fn remove_images(&self) -> impl Iterator<Item = Step> {
        self.blueprint.image_care.unwanted.iter().cloned().map(remove_image)
    }

    fn rescue(&self) -> Vec<Step> {
        let image = self.blueprint.old_image.id.clone();
        let reference = self.blueprint.leaves.as_ref().unwrap_or(&self.blueprint.reference);
        let tag = Step::Tag { image: image.clone(), reference: reference.familiar() };
        let name = self.main.name.clone();
        let (create, connects) =
            making_steps(&self.blueprint.restoration, &Key::rescue(), name, image);
        let mut steps = vec![tag, create];
        steps.extend(connects);
        steps.extend(self.files().bring_back());
        if self.blueprint.old.state.is_up() {
            let gate = self.blueprint.old_gate.clone();
            steps.push(Step::Start { container: Key::rescue() });
            steps.push(Step::AwaitHealthy { container: Key::rescue(), gate });
        }
        steps
    }

    fn summary(&self, kind: OperationKind) -> String {
        let shown = |image: &ImageSummary| {
            let short = image.digest.as_ref().map_or_else(|| image.id.short(), Digest::short);
            match &image.version {
                Some(version) => format!("{version} ({short})"),
                None => short.to_owned(),
            }
        };
        let verb = match kind {
            OperationKind::Update => "update",
            OperationKind::Rollback => "roll back",
        };
        let data = self.data().summary();
        let names = |members: &[Member<'_>]| {
            let names: Vec<_> = members.iter().map(|member| member.name.as_str()).collect();
            names.join(", ")
        };
        let with =
            [("recreate", &self.sharers), ("restart", &self.dependents), ("run", &self.reruns)];
        let with = with.into_iter().filter(|(_, members)| !members.is_empty());
        let with = with.map(|(verb, members)| format!("; {verb} {}", names(members)));
        let with = with.collect::<Vec<_>>().concat();
        let leaves = self.blueprint.leaves.as_ref();
        let leaves = leaves.map(|left| format!("{} → ", left.familiar())).unwrap_or_default();
        let file = self.blueprint.file.as_ref();
        let file = file.map(|change| format!("; write it into {}", change.path));
        let file = file.unwrap_or_default();
        format!(
            "{verb} {} ({leaves}{}): {} → {}{with}{data}{file}",
            self.blueprint.target.name,
            self.blueprint.reference.familiar(),
            shown(&self.blueprint.old_image),
            shown(&self.blueprint.new_image)
        )
    }
}

fn remove_image(unwanted: Unwanted) -> Step {
    let Unwanted { image, keep_tags, heir } = unwanted;
    Step::RemoveImage { image, keep_tags, heir }
}
