//! The kinds of containers and images that an operation meets.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use docker_auto::core::carry::{Carried, Nature};
use docker_auto::core::digest::{Digest, Platform};
use docker_auto::core::health::{ExitZero, HealthGate, Requirement, Restarts};
use docker_auto::core::hook::{Hook, Hooks};
use docker_auto::core::id::{ContainerId, ContainerName, HostId, ImageId, OperationId, TargetId};
use docker_auto::core::inventory::RunState;
use docker_auto::core::ourselves;
use docker_auto::core::plan::blueprint::{
    Blueprint, Dependent, Helper, Making, OldContainer, Removal, Retag, Retention, Sharer, Source,
};
use docker_auto::core::plan::recreate::{plan_rollback, plan_update, reserved_name};
use docker_auto::core::plan::{ImageSummary, OperationKind, RejectKey, Trigger, UpdatePlan};
use docker_auto::core::reference::ImageRef;
use docker_auto::core::retention::{ImageCare, Unwanted, keep_tag};
use serde_json::{Value, json};

use crate::support::fake_host::container::{Behaviour, Container, Image, Policy};
use crate::support::fake_host::engine::Engine;
use crate::support::fake_host::user::PORT;

mod data;
mod file;
mod rerun;
mod shapes;

pub(crate) use self::data::BACKUP;
pub(crate) use self::file::{FILE, file};
pub(crate) use self::rerun::RERUN;
pub(crate) use self::shapes::SHAPES;

use self::data::{data, restored};
use self::file::change;
use self::rerun::{has_run, reruns};

/// The service's name, and the reference it follows.
pub(crate) const NAME: &str = "web";
pub(crate) const REFERENCE: &str = "registry.test/web:1";
/// The one that it follows where its version moves.
pub(crate) const OTHER_REFERENCE: &str = "registry.test/web:2";
const OPERATION: &str = "0198c0de-0000-7000-8000-0000001b2c3d";
/// The volumes that hold the service's data.
const DATA: [&str; 2] = ["anonymous", "data"];

/// What the container is like.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "a table of cases: independent facts")]
pub(crate) struct Shape {
    pub(crate) label: &'static str,
    pub(crate) state: RunState,
    pub(crate) policy: Policy,
    pub(crate) auto_remove: bool,
    pub(crate) port: bool,
    /// How many calls an auto-removal takes.
    pub(crate) removal_calls: u32,
    /// It binds a path of the host, so that a probe container is made first.
    pub(crate) binds: bool,
    pub(crate) retention: Retention,
    /// The image that it runs is held for a way back, and the one before is removed.
    pub(crate) cares: bool,
    pub(crate) origin: Origin,
    /// Its tag is another one from then on.
    pub(crate) moves: bool,
    /// That tag is written into its Compose file.
    pub(crate) file: bool,
    /// Another service lives in its namespace, a third one is restarted with it, and a fourth one
    /// lives in that one's namespace.
    pub(crate) family: bool,
    /// Those go from one crash to the next, and did so before.
    pub(crate) ill: bool,
    /// Another one that ends by itself is run again before it, and ends with this code.
    pub(crate) rerun: Option<i64>,
    /// Commands run inside it before and after.
    pub(crate) hooks: bool,
    /// It is docker-auto itself.
    pub(crate) ourselves: bool,
    pub(crate) care: Care,
}

/// What becomes of its data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Care {
    Stays,
    /// It is saved before.
    Saved,
    /// What was saved comes back.
    Restored,
}

/// Where the new image comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    Registry,
    /// It was built here.
    Local,
    /// It ran before: the operation is a rollback.
    Previous,
    /// The registry brings what already runs.
    Same,
}

/// The service that lives in the first one's namespace, the one that is restarted with it, and who
/// lives with that one.
pub(crate) const SHARER: &str = "side";
pub(crate) const DEPENDENT: &str = "ui";
pub(crate) const LODGER: &str = "log";
const SHARER_REFERENCE: &str = "registry.test/side:1";

/// What the new image does when it runs.
pub(crate) const BEHAVIOURS: [Behaviour; 6] = [
    Behaviour::Serves,
    Behaviour::NeverStarts,
    Behaviour::Exits(1),
    Behaviour::Exits(0),
    Behaviour::Unhealthy,
    Behaviour::CrashLoops,
];

/// One shape with one image: a plan and the engine it meets.
pub(crate) struct Scenario {
    pub(crate) shape: Shape,
    pub(crate) behaviour: Behaviour,
    pub(crate) plan: Arc<UpdatePlan>,
    pub(crate) engine: Engine,
    pub(crate) old: ContainerId,
}

impl Scenario {
    /// Returns the scenario of a shape and an image.
    pub(crate) fn of(shape: Shape, behaviour: Behaviour) -> Self {
        let (engine, old) = engine(shape, behaviour);
        let blueprint = blueprint(shape, old.clone());
        let plan = match shape.origin {
            Origin::Previous => plan_rollback(blueprint),
            _ => plan_update(blueprint),
        };
        Self { shape, behaviour, plan: Arc::new(plan), engine, old }
    }

    /// Returns all of them.
    pub(crate) fn all() -> Vec<Self> {
        let pairs = SHAPES.iter().flat_map(|shape| BEHAVIOURS.map(|image| (*shape, image)));
        // Where the new image never runs, what it would do is all the same.
        let runs = |shape: &Shape| shape.state.is_up() && shape.origin != Origin::Same;
        let runs = |shape: &Shape| runs(shape) && shape.rerun != Some(1);
        let telling = pairs.filter(|(shape, image)| runs(shape) || *image == Behaviour::Serves);
        telling.map(|(shape, behaviour)| Self::of(shape, behaviour)).collect()
    }

    /// Says whether the new image, left alone, passes the gate.
    pub(crate) fn is_good(&self) -> bool {
        match self.behaviour {
            _ if self.shape.rerun.is_some_and(|code| code != 0) => false,
            _ if !self.was_running() => true,
            Behaviour::Serves => true,
            // Nothing can live with a job that is over.
            _ => self.ends_well() && !self.shape.auto_remove && !self.shape.family,
        }
    }

    /// Says whether the new image is a job that ends well.
    pub(crate) fn ends_well(&self) -> bool {
        self.behaviour == Behaviour::Exits(0) && exit_zero(self.shape) == ExitZero::Finished
    }

    /// Says whether the service was up before.
    pub(crate) fn was_running(&self) -> bool {
        self.shape.state.is_up()
    }

    /// Says whether the plan is a rollback.
    pub(crate) fn is_rollback(&self) -> bool {
        self.plan.kind == OperationKind::Rollback
    }

    /// Returns the volumes that must outlive everything.
    pub(crate) fn data() -> BTreeSet<String> {
        DATA.map(str::to_owned).into()
    }

    /// Returns the volumes that the new container must have.
    pub(crate) fn new_data(&self) -> BTreeSet<String> {
        DATA.map(|name| restored(self.shape, name).to_owned()).into()
    }

    /// Returns the key under which an image would be rejected.
    pub(crate) fn reject_key(image: &ImageSummary) -> RejectKey {
        RejectKey::image(&image.id)
    }
}

impl std::fmt::Display for Scenario {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} × {:?}", self.shape.label, self.behaviour)
    }
}

fn old_image() -> ImageId {
    ImageId::new("sha256:old")
}

fn new_image() -> ImageId {
    ImageId::new("sha256:new")
}

/// The image that it ran before the old one, and the name by which it is held.
pub(crate) const OLDER: &str = "sha256:older";
const OLDER_TAG: &str = "docker-auto.local/keep:older";

fn image_care(shape: Shape) -> ImageCare {
    let care = || ImageCare {
        keep_tag: Some(keep_tag(&OperationId::new(OPERATION))),
        unwanted: vec![Unwanted {
            image: ImageId::new(OLDER),
            keep_tags: vec![OLDER_TAG.to_owned()],
            heir: None,
        }],
        failed: Some(Unwanted {
            image: new_image(),
            keep_tags: vec![followed(shape).to_owned()],
            heir: (!shape.moves).then(old_image),
        }),
    };
    if shape.cares { care() } else { ImageCare::default() }
}

fn engine(shape: Shape, behaviour: Behaviour) -> (Engine, ContainerId) {
    let mut engine = Engine::default();
    engine.removal_calls = shape.removal_calls;
    for (id, behaviour, declares_volume) in [
        (old_image(), Behaviour::Serves, false),
        (new_image(), behaviour, true),
        (ImageId::new("user"), Behaviour::Serves, false),
        (ImageId::new("ill"), Behaviour::CrashLoops, false),
    ] {
        engine.images.insert(id, Image { behaviour, declares_volume });
    }
    if shape.cares {
        let older = Image { behaviour: Behaviour::Serves, declares_volume: false };
        engine.images.insert(ImageId::new(OLDER), older);
        engine.tags.insert(OLDER_TAG.into(), ImageId::new(OLDER));
    }
    let brought = if shape.origin == Origin::Same { old_image() } else { new_image() };
    engine.registry.insert(followed(shape).into(), brought);
    let tagged = if shape.origin == Origin::Local { new_image() } else { old_image() };
    engine.tags.insert(REFERENCE.into(), tagged);
    if let Some(meant) = meant(shape).filter(|_| shape.moves) {
        engine.tags.insert(OTHER_REFERENCE.into(), meant);
    }
    let mut container = Container {
        policy: shape.policy,
        auto_remove: shape.auto_remove,
        port: shape.port.then_some(PORT),
        anonymous: ["anonymous".to_owned()].into(),
        carried: ["data".to_owned()].into(),
        networks: ["front", "back", "side"].map(str::to_owned).into(),
        ..Container::of(ContainerName::new(NAME), old_image())
    };
    (container.started_before, container.has_files) = (true, true);
    // Its policy restarted it now and then in its life; that says nothing against it.
    let id = engine.create(container).unwrap();
    engine.start(&id).unwrap();
    engine.present(&id).unwrap().restart_count = 3;
    if !shape.state.is_up() {
        engine.stop(&id).unwrap();
    }
    if shape.file {
        engine.files.insert(FILE.into(), file(REFERENCE));
    }
    if shape.ourselves {
        // The helper is made of the image itself, whatever its names mean by now.
        engine.tags.insert(old_image().as_str().to_owned(), old_image());
    }
    if let Some(code) = shape.rerun {
        has_run(&mut engine, code);
    }
    if shape.family {
        for name in [SHARER, DEPENDENT, LODGER] {
            neighbour(&mut engine, shape, name, &id);
        }
        // The sharer's tag has moved on since it was made.
        engine.tags.insert(SHARER_REFERENCE.into(), ImageId::new("user"));
    }
    (engine, id)
}

fn neighbour(engine: &mut Engine, shape: Shape, name: &str, parent: &ContainerId) {
    let id = engine.create(Container {
        policy: shape.policy,
        bystander: true,
        joined: match name {
            SHARER => Some(parent.clone()),
            LODGER => Some(neighbour_id(3)),
            _ => None,
        },
        networks: [NAME.to_owned()].into(),
        ..Container::of(ContainerName::new(name), neighbour_image(shape))
    });
    engine.start(&id.unwrap()).unwrap();
}

fn neighbour_image(shape: Shape) -> ImageId {
    if shape.ill { ImageId::new("ill") } else { old_image() }
}

/// As the planner's caller sees it: who was broken before is asked for nothing.
fn neighbour_gate(shape: Shape, gate: &HealthGate) -> HealthGate {
    let require = if shape.ill { Requirement::Nothing } else { gate.require };
    HealthGate { require, ..gate.clone() }
}

/// Returns the id of a neighbour, which is made after the service itself.
fn neighbour_id(number: u32) -> ContainerId {
    ContainerId::new(format!("c{number}"))
}

fn sharers(shape: Shape, gate: &HealthGate, operation: &OperationId) -> Vec<Sharer> {
    let parent = reserved_name(&ContainerName::new(NAME), "new", operation);
    let sharer = || Sharer {
        name: ContainerName::new(SHARER),
        old: neighbour_old(shape, neighbour_id(2)),
        image: neighbour_image(shape),
        awaits: Vec::new(),
        retag: Some(Retag { reference: SHARER_REFERENCE.into(), back: Some(ImageId::new("user")) }),
        replacement: Making {
            body: json!({
                "Image": SHARER_REFERENCE,
                "Labels": {"docker-auto.internal.operation": OPERATION},
                "HostConfig": {
                    "NetworkMode": format!("container:{parent}"),
                    "RestartPolicy": {"Name": shape.policy.name()},
                },
            }),
            platform: Platform::new("linux", "amd64", None),
            connects: Vec::new(),
            files: Vec::new(),
        },
        gate: neighbour_gate(shape, gate),
        old_gate: neighbour_gate(shape, gate),
    };
    shape.family.then(sharer).into_iter().collect()
}

fn dependents(shape: Shape, gate: &HealthGate) -> Vec<Dependent> {
    let dependent = |name, number, awaits| Dependent {
        name: ContainerName::new(name),
        old: neighbour_old(shape, neighbour_id(number)),
        image: neighbour_image(shape),
        awaits,
        gate: neighbour_gate(shape, gate),
    };
    let both = || {
        let awaits = vec![ContainerName::new(NAME)];
        vec![dependent(DEPENDENT, 3, awaits), dependent(LODGER, 4, Vec::new())]
    };
    if shape.family { both() } else { Vec::new() }
}

fn neighbour_old(shape: Shape, id: ContainerId) -> OldContainer {
    OldContainer {
        id,
        state: RunState::Running,
        settings: None,
        restart_policy: json!({"Name": shape.policy.name(), "MaximumRetryCount": 0}),
        stop_timeout: None,
        removal: Removal::Stays,
        grace: Duration::from_secs(10),
    }
}

fn blueprint(shape: Shape, old: ContainerId) -> Blueprint {
    let making = |reference| Making {
        body: body(shape, reference),
        platform: Platform::new("linux", "amd64", None),
        connects: ["back", "side"].map(|network| (network.to_owned(), json!({}))).into(),
        files: vec![Carried { path: "/data".into(), nature: Nature::Living }],
    };
    let gate = HealthGate {
        timeout: Duration::from_secs(6),
        stable: Duration::from_secs(3),
        require: Requirement::Healthy,
        exit_zero: exit_zero(shape),
        restarts: Restarts::SinceStart,
        probes: Vec::new(),
        soak: Duration::ZERO,
    };
    Blueprint {
        operation: OperationId::new(OPERATION),
        trigger: Trigger::Auto,
        target: TargetId { host: HostId::default(), name: ContainerName::new(NAME) },
        reference: ImageRef::parse(followed(shape)).unwrap(),
        leaves: shape.moves.then(|| ImageRef::parse(REFERENCE).unwrap()),
        old: OldContainer {
            id: old,
            state: shape.state,
            settings: None,
            restart_policy: json!({"Name": shape.policy.name(), "MaximumRetryCount": 0}),
            stop_timeout: None,
            removal: if shape.auto_remove { Removal::Automatic } else { Removal::Stays },
            grace: Duration::from_secs(10),
        },
        old_image: summary(old_image()),
        new_image: summary(new_image()),
        source: source(shape),
        replacement: making(followed(shape)),
        restoration: making(REFERENCE),
        sharers: sharers(shape, &gate, &OperationId::new(OPERATION)),
        dependents: dependents(shape, &gate),
        reruns: reruns(shape),
        old_gate: gate.clone(),
        gate,
        retention: shape.retention,
        image_care: image_care(shape),
        bind_sources: shape.binds.then(|| "/srv/web".to_owned()).into_iter().collect(),
        warnings: Vec::new(),
        differences: Vec::new(),
        hooks: hooks(shape),
        data: data(shape),
        file: shape.file.then(change),
        helper: shape.ourselves.then(|| helper(&making(REFERENCE))),
    }
}

fn helper(own: &Making) -> Helper {
    let image = old_image();
    let program =
        ourselves::Program { image: image.as_str(), path: "/docker-auto", configuration: None };
    let making = ourselves::helper(own, &program, &OperationId::new(OPERATION));
    Helper { image, making }
}

fn source(shape: Shape) -> Source {
    match shape.origin {
        Origin::Registry | Origin::Same => Source::Registry(Digest::of(b"new")),
        Origin::Local => Source::Local,
        Origin::Previous => {
            Source::Retag(Some(Retag { reference: followed(shape).into(), back: meant(shape) }))
        }
    }
}

fn hooks(shape: Shape) -> Hooks {
    let hook =
        || Hook { command: vec!["/hook".to_owned()], user: None, timeout: Duration::from_mins(1) };
    let hook = || shape.hooks.then(hook);
    Hooks { pre_update: hook(), post_update: hook() }
}

/// As the planner's caller sees it: a container that nothing restarts may end well.
fn exit_zero(shape: Shape) -> ExitZero {
    if shape.policy == Policy::No { ExitZero::Finished } else { ExitZero::Failed }
}

/// Returns what the reference that it follows from then on means before.
pub(crate) fn meant(shape: Shape) -> Option<ImageId> {
    match (shape.moves, shape.cares) {
        (false, _) => Some(old_image()),
        (true, true) => Some(ImageId::new("user")),
        (true, false) => None,
    }
}

/// Returns the reference that it follows from then on.
pub(crate) fn followed(shape: Shape) -> &'static str {
    if shape.moves { OTHER_REFERENCE } else { REFERENCE }
}

fn body(shape: Shape, reference: &str) -> Value {
    let mounts = DATA.map(|name| json!({"Type": "volume", "Source": restored(shape, name)}));
    let ports =
        if shape.port { json!({"80/tcp": [{"HostPort": PORT.to_string()}]}) } else { json!({}) };
    json!({
        "Image": reference,
        "Labels": {"docker-auto.internal.operation": OPERATION},
        "HostConfig": {
            "AutoRemove": shape.auto_remove,
            "NetworkMode": "front",
            "PortBindings": ports,
            "Mounts": mounts,
            "RestartPolicy": {"Name": shape.policy.name(), "MaximumRetryCount": 0},
        },
    })
}

fn summary(id: ImageId) -> ImageSummary {
    ImageSummary {
        id,
        digest: None,
        manifest: None,
        version: None,
        created_at: None,
        size_bytes: None,
    }
}
