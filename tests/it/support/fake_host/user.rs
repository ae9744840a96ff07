//! What other people do to the same engine at the same time.

use docker_auto::core::id::{ContainerId, ContainerName, ImageId};
use docker_auto::core::inventory::RunState;
use docker_auto::core::plan::Volumes;

use super::container::Container;
use super::engine::Engine;

/// The port that services are reached at.
pub(crate) const PORT: u16 = 8080;

/// One thing that a person does, always to whoever has the service's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Action {
    /// `docker rm -f web`
    Remove,
    /// `docker rename web mine`
    Rename,
    /// `docker rm -f web && docker run -d --name web …`
    Recreate,
    /// `docker stop web`
    Stop,
    /// `docker container prune -f`
    Prune,
    /// Another service takes the port, if it is free.
    Steal,
    /// That other service leaves.
    Return,
    /// A person writes something else into the Compose file.
    Edit,
}

impl Action {
    /// Those that are about the service's own containers.
    pub(crate) const OURS: [Self; 5] =
        [Self::Remove, Self::Rename, Self::Recreate, Self::Stop, Self::Prune];

    /// Says whether it is about the service's own containers.
    pub(crate) fn is_about_the_service(self) -> bool {
        Self::OURS.contains(&self)
    }

    /// Does it.
    pub(crate) fn perform(self, engine: &mut Engine, name: &ContainerName) {
        let owner = engine.named(name).cloned();
        match (self, owner) {
            (Self::Prune, _) => prune(engine),
            (Self::Steal, _) => steal(engine),
            (Self::Return, _) => leave(engine),
            (Self::Edit, _) => edit(engine),
            (Self::Remove, Some(owner)) => remove(engine, &owner),
            (Self::Recreate, owner) => {
                if let Some(owner) = owner {
                    remove(engine, &owner);
                }
                run(engine, name);
            }
            // A person's command may be refused; that is theirs to see.
            (Self::Rename, Some(owner)) => drop(engine.rename(&owner, &ContainerName::new("mine"))),
            (Self::Stop, Some(owner)) => drop(engine.stop(&owner)),
            (Self::Remove | Self::Rename | Self::Stop, None) => {}
        }
    }
}

fn remove(engine: &mut Engine, id: &ContainerId) {
    drop(engine.stop(id));
    engine.discard(id, Volumes::Keep);
}

fn prune(engine: &mut Engine) {
    let stopped = |c: &Container| matches!(c.state, RunState::Created | RunState::Exited);
    let stopped = engine.containers.iter().filter(|(_, container)| stopped(container));
    let stopped: Vec<_> = stopped.map(|(id, _)| id.clone()).collect();
    for id in &stopped {
        engine.discard(id, Volumes::Keep);
    }
}

/// What a person writes into a Compose file.
pub(crate) const THEIRS: &str = "services: {}\n";

fn edit(engine: &mut Engine) {
    engine.files.values_mut().for_each(|file| THEIRS.clone_into(file));
}

fn steal(engine: &mut Engine) {
    let thief = Container {
        port: Some(PORT),
        bystander: true,
        ..Container::of(ContainerName::new("thief"), ImageId::new("user"))
    };
    let made = engine.create(thief).expect("the name is free");
    if engine.start(&made).is_err() {
        engine.discard(&made, Volumes::Remove);
    }
}

fn leave(engine: &mut Engine) {
    if let Some(thief) = engine.named(&ContainerName::new("thief")).cloned() {
        remove(engine, &thief);
    }
}

/// A person's own container: the model's `user` image, with nothing of ours on it.
fn run(engine: &mut Engine, name: &ContainerName) {
    let made = engine.create(Container::of(name.clone(), ImageId::new("user")));
    if let Ok(id) = made {
        engine.start(&id).expect("the user's image starts");
    }
}
