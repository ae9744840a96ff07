//! The one that ends by itself, and is run again before the service is replaced.

use std::time::Duration;

use docker_auto::core::digest::Platform;
use docker_auto::core::health::{ExitZero, HealthGate, Requirement, Restarts};
use docker_auto::core::id::{ContainerName, ImageId};
use docker_auto::core::inventory::RunState;
use docker_auto::core::journal::{Class, JournalEntry, Next, Outcome, Position, StepOutput, next};
use docker_auto::core::plan::Step;
use docker_auto::core::plan::blueprint::{Making, OldContainer, Rerun};
use docker_auto::core::plan::recreate::plan_update;
use serde_json::json;

use super::{
    NAME, OPERATION, SHAPES, Shape, blueprint, neighbour_id, neighbour_old, new_image, old_image,
};
use crate::support::fake_host::container::{Behaviour, Container, Image, Policy};
use crate::support::fake_host::engine::Engine;

/// Its name.
pub(crate) const RERUN: &str = "migrate";

/// The image that it is run on, and its reference.
fn rerun_image() -> ImageId {
    ImageId::new("sha256:migrate")
}

const RERUN_REFERENCE: &str = "registry.test/migrate:1";

/// It has run once, to a good end.
pub(super) fn has_run(engine: &mut Engine, code: i64) {
    let image = Image { behaviour: Behaviour::Exits(code), declares_volume: false };
    engine.images.insert(rerun_image(), image);
    engine.tags.insert(RERUN_REFERENCE.into(), rerun_image());
    let container = Container {
        bystander: true,
        state: RunState::Exited,
        started_before: true,
        networks: [NAME.to_owned()].into(),
        ..Container::of(ContainerName::new(RERUN), old_image())
    };
    engine.create(container).unwrap();
}

pub(super) fn reruns(shape: Shape) -> Vec<Rerun> {
    let gate = HealthGate {
        timeout: Duration::from_secs(20),
        stable: Duration::ZERO,
        require: Requirement::Completed,
        exit_zero: ExitZero::Finished,
        restarts: Restarts::WhileWatched,
        probes: Vec::new(),
        soak: Duration::ZERO,
    };
    let id = neighbour_id(2);
    let rerun = |_| Rerun {
        name: ContainerName::new(RERUN),
        old: OldContainer {
            state: RunState::Exited,
            ..neighbour_old(Shape { policy: Policy::No, ..shape }, id)
        },
        image: old_image(),
        new_image: rerun_image(),
        retag: None,
        replacement: Making {
            body: json!({
                "Image": RERUN_REFERENCE,
                "Labels": {"docker-auto.internal.operation": OPERATION},
                "HostConfig": {"NetworkMode": "front", "RestartPolicy": {"Name": "no"}},
            }),
            platform: Platform::new("linux", "amd64", None),
            connects: Vec::new(),
            files: Vec::new(),
        },
        gate,
    };
    shape.rerun.map(rerun).into_iter().collect()
}

/// An image that never ran is neither remembered as a bad one nor removed.
#[test]
fn only_what_ran_the_new_image_speaks_of_it() {
    let at = || "2026-01-02T03:04:05Z".parse().unwrap();
    for (image, blamed) in [(rerun_image(), false), (new_image(), true)] {
        let shape = Shape { cares: true, rerun: Some(1), ..SHAPES[0] };
        let mut blueprint = blueprint(shape, neighbour_id(1));
        blueprint.reruns[0].new_image = image.clone();
        let plan = plan_update(blueprint);
        let done = |position| JournalEntry::Done { position, at: at(), output: StepOutput::Done };
        let is_last =
            |step: &Step| matches!(step, Step::AwaitHealthy { container, .. } if container.ends());
        let last = plan.steps.iter().position(|planned| is_last(&planned.action)).unwrap();
        let mut entries: Vec<_> = (0..last).map(Position::Forward).map(done).collect();
        // What was begun is what is taken back.
        entries.push(JournalEntry::Started { position: Position::Forward(last), at: at() });
        let (position, class) = (Position::Forward(last), Class::Lasting);
        entries.push(JournalEntry::Failed { position, at: at(), class, error: "1".into() });
        let mut steps = Vec::new();
        let outcome = loop {
            match next(&plan, &entries) {
                Next::Do(position) => {
                    steps.push(position.step(&plan).unwrap());
                    entries.push(done(position));
                }
                Next::Finish(outcome) => break outcome,
            }
        };
        let has = |wanted: fn(&Step) -> bool| steps.iter().any(|step| wanted(step));
        assert_eq!(outcome, Outcome::Aborted("1".into()), "{image}");
        assert!(has(|step| matches!(step, Step::CollectEvidence { .. })), "{image}");
        assert_eq!(has(|step| matches!(step, Step::Reject { .. })), blamed, "{image}");
        assert_eq!(has(|step| matches!(step, Step::RemoveImage { .. })), blamed, "{image}");
    }
}
