//! What is updated in the crash tests, to what, and how that ends when nobody interrupts it.

use serde_json::{Value, json};

use crate::support::image::{ImageSpec, Kind};
use crate::support::lab::unique;
use crate::support::registry::Registry;

/// The container that is updated.
pub(super) const NAME: &str = "web";
/// The volume with its data.
pub(super) const VOLUME: &str = "data";

/// The container that shares its network, where there is one.
pub(super) const SHARER: &str = "tail";
/// The container that is restarted with it, where there is one.
pub(super) const DEPENDENT: &str = "needs";

/// What the new image is like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NewImage {
    /// It runs.
    Good,
    /// It ends at once.
    Exits,
    /// Its healthcheck says so.
    Unhealthy,
    /// The engine refuses to create a container of it.
    Refused,
}

impl NewImage {
    fn of(self, image: ImageSpec) -> ImageSpec {
        let second = 1_000_000_000_u64;
        match self {
            Self::Good => image.kind(Kind::Plain),
            Self::Exits => image.kind(Kind::ExitsOne),
            Self::Unhealthy => image.kind(Kind::Plain).config(&json!({"Healthcheck": {
                "Test": ["CMD-SHELL", "exit 1"], "Interval": second / 5, "Retries": 2,
            }})),
            // There is nothing that it could run.
            Self::Refused => image.kind(Kind::Plain).config(&json!({"Entrypoint": null})),
        }
    }
}

/// Who goes with the old container.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Company {
    /// Nobody.
    #[default]
    None,
    /// One that shares its network, and one that is restarted with it.
    Family,
}

/// How the old container is made.
#[derive(Clone, Debug, Default)]
pub(super) struct Old {
    /// Its restart policy; `always` if nothing is said.
    pub(super) policy: Option<&'static str>,
    /// Whether the engine removes it when it ends.
    pub(super) auto_remove: bool,
    /// Whether it has volumes without a name.
    pub(super) anonymous_volumes: bool,
    /// Whether it is in two networks.
    pub(super) networks: bool,
    /// What of it is saved first, if anything.
    pub(super) backup: Option<&'static str>,
    /// Who goes with it.
    pub(super) company: Company,
    /// How its image behaves, if not plainly.
    pub(super) kind: Option<Kind>,
}

/// An update with its images in the registry.
#[derive(Debug)]
pub(super) struct Scenario {
    pub(super) name: &'static str,
    pub(super) new_image: NewImage,
    pub(super) old: Old,
    /// What the program is told besides.
    pub(super) settings: Vec<(&'static str, &'static str)>,
    /// The reference that the container follows.
    pub(super) reference: String,
    /// The repository and digest of the old image.
    pub(super) old_image: String,
    pub(super) repository: String,
}

impl Scenario {
    /// Pushes the images of an update: the tag has moved on from the old one to the new one.
    pub(super) fn new(name: &'static str, new_image: NewImage, old: Old) -> Self {
        let registry = Registry::shared();
        let repository = format!("{}/{name}", unique());
        let image = |version| ImageSpec::web(&repository, "1").version(version);
        let mut first = image("1.0.0").kind(old.kind.unwrap_or(Kind::Plain));
        if old.anonymous_volumes {
            first = first.config(&json!({"Volumes": {"/state": {}}}));
        }
        let digest = registry.push(&first);
        let mut second = new_image.of(image("2.0.0"));
        if old.anonymous_volumes {
            second = second.config(&json!({"Volumes": {"/state": {}}}));
        }
        registry.push(&second);
        let reference = first.reference(&registry);
        let repository = format!("{}/{repository}", registry.address);
        let old_image = format!("{repository}@{digest}");
        Self { name, new_image, old, settings: Vec::new(), reference, old_image, repository }
    }

    /// Adds a setting of the program.
    pub(super) fn setting(mut self, name: &'static str, value: &'static str) -> Self {
        self.settings.push((name, value));
        self
    }

    /// Says whether the old container is kept.
    pub(super) fn keeps_old(&self) -> bool {
        self.settings.contains(&("DOCKER_AUTO_UPDATE_REMOVE_OLD", "false"))
    }

    /// Returns the networks that the container is in.
    pub(super) fn networks(&self) -> &'static [&'static str] {
        if self.old.networks { &["back", "front"] } else { &["none"] }
    }

    /// Returns the body of the old container.
    pub(super) fn body(&self) -> Value {
        let policy = self.old.policy.unwrap_or("always");
        let retries = u8::from(policy == "on-failure") * 3;
        let policy = json!({"Name": policy, "MaximumRetryCount": retries});
        let mut binds = vec![format!("{VOLUME}:/data")];
        if self.old.anonymous_volumes {
            binds.push("/scratch".to_owned());
        }
        let network = if self.old.networks { "front" } else { "none" };
        let mut host = json!({"NetworkMode": network, "Binds": binds});
        if self.old.auto_remove {
            host["AutoRemove"] = true.into();
        } else {
            host["RestartPolicy"] = policy;
        }
        let backup = self.old.backup.unwrap_or("none");
        let labels = json!({"docker-auto.mode": "auto", "docker-auto.backup": backup});
        json!({"Image": self.reference, "Labels": labels, "HostConfig": host})
    }

    /// Returns the containers that go with it, in the order in which they are started.
    pub(super) fn companions(&self) -> Vec<(&'static str, Value)> {
        if self.old.company == Company::None {
            return Vec::new();
        }
        let body = |network: String, labels: Value| {
            let host = json!({"NetworkMode": network, "RestartPolicy": {"Name": "always"}});
            json!({"Image": self.old_image, "Labels": labels, "HostConfig": host})
        };
        let needs = json!({"docker-auto.depends-on": format!("{NAME}:restart")});
        vec![
            (SHARER, body(format!("container:{NAME}"), json!({}))),
            (DEPENDENT, body("none".to_owned(), needs)),
        ]
    }

    /// Says whether this is the end that the update has when nobody interrupts it.
    pub(super) fn is_goal(&self, outcome: &str, reason: &str) -> bool {
        let says = |words: &str| reason.to_lowercase().contains(words);
        match self.new_image {
            NewImage::Good => outcome == "updated",
            NewImage::Exits if self.old.auto_remove => outcome == "recovered_from_spec",
            // It depends on when one looks.
            NewImage::Exits => {
                let ended = says("ended with exit code 1") || says("times by its policy");
                outcome == "rolled_back" && ended
            }
            NewImage::Unhealthy => outcome == "rolled_back" && says("says unhealthy"),
            NewImage::Refused => outcome == "aborted" && says("no command specified"),
        }
    }
}
