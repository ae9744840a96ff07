//! What the rules look at: the container as shown, the images, the engine.

use serde_json::Value;

use crate::core::id::ContainerName;
use crate::core::inventory::{ApiVersion, EngineFacts};
use crate::core::recreate::Subject;
use crate::core::recreate::error::PlanError;
use crate::core::recreate::value::{entries, is_empty, text};
use crate::core::reference::{ImageRef, is_image_id};

/// The value of everything that is not there.
static MISSING: Value = Value::Null;

/// A container as the engine shows it.
pub(super) struct Shown<'a> {
    pub(super) id: &'a str,
    pub(super) name: ContainerName,
    pub(super) inspect: &'a Value,
    pub(super) config: &'a Value,
    pub(super) host_config: &'a Value,
    pub(super) networks: &'a Value,
}

/// What a container's settings are compared with, to know which of them came from its image.
#[derive(Clone, Copy)]
pub(super) enum Inherited<'a> {
    /// The config of the image that it runs.
    Known(&'a Value),
    /// That image is gone. What equals the new image's config need not be sent; everything else is
    /// kept as if the owner had asked for it, as losing a setting is worse than pinning one.
    Guessed(&'a Value),
}

impl<'a> Inherited<'a> {
    /// Returns the image config to compare with.
    pub(super) fn config(self) -> &'a Value {
        match self {
            Self::Known(config) | Self::Guessed(config) => config,
        }
    }
}

/// How a container is attached to networks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum NetworkMode {
    /// It has the host's network.
    Host,
    /// It has none.
    None,
    /// It has another container's.
    Container,
    /// It has networks of its own; this is the one that its mode names.
    Networks(String),
}

/// Everything that the rules look at.
pub(super) struct Scene<'a> {
    pub(super) subject: &'a Subject<'a>,
    pub(super) shown: Shown<'a>,
    pub(super) inherited: Inherited<'a>,
    /// The new image's config; `None` when it stays on its image, or nothing is known of it.
    pub(super) new_config: Option<&'a Value>,
    pub(super) network_mode: NetworkMode,
}

impl<'a> Scene<'a> {
    /// Returns what the move to another image looks at.
    pub(super) fn update(subject: &'a Subject<'a>) -> Result<Self, PlanError> {
        let new_config = subject.new_image.map(config_of);
        let inherited = match subject.old_image {
            Some(image) => Inherited::Known(config_of(image)),
            None => Inherited::Guessed(new_config.unwrap_or(&MISSING)),
        };
        Self::new(subject, inherited, new_config)
    }

    /// Returns what the same again looks at. Without the image's config everything is sent as it
    /// is shown, which on the same image is exact.
    pub(super) fn restoration(subject: &'a Subject<'a>) -> Result<Self, PlanError> {
        let inherited = Inherited::Known(subject.old_image.map_or(&MISSING, config_of));
        Self::new(subject, inherited, None)
    }

    fn new(
        subject: &'a Subject<'a>,
        inherited: Inherited<'a>,
        new_config: Option<&'a Value>,
    ) -> Result<Self, PlanError> {
        let shown = Shown::read(subject.inspect)?;
        let network_mode = NetworkMode::of(&shown);
        Ok(Self { subject, shown, inherited, new_config, network_mode })
    }

    pub(super) fn engine(&self) -> &'a EngineFacts {
        self.subject.engine
    }

    /// Says whether the engine speaks at least API version 1.`minor`.
    pub(super) fn since(&self, minor: u16) -> bool {
        self.subject.engine.api_version >= ApiVersion::v1(minor)
    }

    /// Returns what to write as `Image`: the owner's own text while it names the same reference,
    /// never an ID, which would pin the container for every tool.
    pub(super) fn image_text(&self) -> String {
        let text = self.shown.image();
        match ImageRef::parse(text) {
            Ok(reference) if reference == *self.subject.reference => text.to_owned(),
            _ => self.subject.reference.familiar(),
        }
    }

    /// Returns what is to be said before any rule is applied.
    pub(super) fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        if matches!(self.inherited, Inherited::Guessed(_)) {
            warnings.push(
                "the image that it runs is gone from the engine and was never recorded, so its \
                 settings cannot be told from the owner's; all are kept but its image labels"
                    .to_owned(),
            );
        }
        if self.new_config.is_some() && is_image_id(self.shown.image()) {
            warnings.push(format!(
                "it was created from the image ID {}; from now on it follows {}",
                self.shown.image(),
                self.subject.reference.familiar()
            ));
        }
        warnings
    }
}

impl<'a> Shown<'a> {
    fn read(inspect: &'a Value) -> Result<Self, PlanError> {
        let name = ContainerName::from_engine(text(&inspect["Name"]));
        let missing = |field| PlanError::Unreadable { container: name.clone(), field };
        let id = inspect["Id"].as_str().ok_or_else(|| missing("Id"))?;
        for field in ["Config", "HostConfig"] {
            inspect[field].as_object().ok_or_else(|| missing(field))?;
        }
        Ok(Self {
            id,
            inspect,
            config: &inspect["Config"],
            host_config: &inspect["HostConfig"],
            networks: &inspect["NetworkSettings"]["Networks"],
            name,
        })
    }

    /// Returns the first twelve digits of the ID, which the engine uses as a hostname and an alias.
    pub(super) fn short_id(&self) -> &'a str {
        self.id.get(..12).unwrap_or(self.id)
    }

    /// Returns the image as the container's creator wrote it.
    pub(super) fn image(&self) -> &'a str {
        text(&self.config["Image"])
    }

    /// Says whether it was made and never started.
    pub(super) fn is_unused(&self) -> bool {
        text(&self.inspect["State"]["Status"]) == "created"
    }
}

impl NetworkMode {
    /// Reads the mode; a network named by its ID becomes its name, as a mix of both would make two
    /// endpoints of one network.
    fn of(shown: &Shown<'_>) -> Self {
        let mode = text(&shown.host_config["NetworkMode"]);
        match mode {
            "host" => Self::Host,
            "none" => Self::None,
            mode if mode.starts_with("container:") => Self::Container,
            "" | "default" => Self::Networks("bridge".to_owned()),
            mode => {
                let by_id = entries(shown.networks).find(|(name, endpoint)| {
                    let id = text(&endpoint["NetworkID"]);
                    *name != mode && mode.len() >= 12 && id.starts_with(mode)
                });
                Self::Networks(by_id.map_or(mode, |(name, _)| name).to_owned())
            }
        }
    }
}

/// Returns an image's config, from its inspect (`Config`) or as the registry has it (`config`).
pub(super) fn config_of(image: &Value) -> &Value {
    if is_empty(&image["Config"]) { &image["config"] } else { &image["Config"] }
}
