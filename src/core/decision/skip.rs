//! Why a container is not looked at: each reason with a stable code, its cause and the cure.

use std::fmt;

use crate::core::comparison::LocalEvidence;
use crate::core::compose::{Compose, Foreign};
use crate::core::decision::Role;
use crate::core::decision::hold::{BY_NAME, short};
use crate::core::policy::{LabelSelector, Origin, Scope, Unselected};
use crate::core::reference::ImageRef;

/// Why a container is not looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SkipReason {
    /// Its name is one that operations give to their own containers.
    NameReserved,
    /// Someone else manages it.
    Foreign(Foreign),
    /// It was made by `docker compose run`.
    OneOff(Compose),
    /// docker-auto itself depends on it.
    Infrastructure(Role),
    /// A label or list leaves it out.
    NotSelected(Unselected),
    /// It is another instance's matter.
    OtherScope {
        /// The label with its own scope, if it has one.
        own: Option<Origin>,
        /// Which containers are this instance's matter.
        scope: Scope,
        /// The setting.
        origin: Origin,
    },
    /// Its mode is off.
    ModeOff(Origin),
    /// It does not run, and such containers are not included.
    Stopped(Origin),
    /// It is frozen.
    Paused,
    /// It is being removed, or is broken.
    BeingRemoved,
    /// Its reference has a digest.
    PinnedDigest(ImageRef),
    /// Its reference has a digest and no tag that could move.
    DigestWithoutTag(ImageRef),
    /// Its tag stands for one version.
    PinnedSemver {
        /// The tag.
        tag: String,
        /// The setting.
        origin: Origin,
    },
    /// It was made from an image ID; the name is the only one that the image has.
    PinnedImageId(Option<ImageRef>),
    /// Its tag is not among those that are looked at.
    TagNotFloating {
        /// The tag.
        tag: String,
        /// The setting.
        origin: Origin,
    },
    /// No registry knows its image.
    BuiltLocally {
        /// Its reference.
        reference: ImageRef,
        /// What shows it.
        evidence: LocalEvidence,
        /// The setting.
        origin: Origin,
    },
}

impl SkipReason {
    /// Returns the stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NameReserved => "name_reserved",
            Self::Foreign(_) => "foreign",
            Self::OneOff(_) => "one_off",
            Self::Infrastructure(_) => "infrastructure",
            Self::NotSelected(_) => "not_selected",
            Self::OtherScope { .. } => "other_scope",
            Self::ModeOff(_) => "mode_off",
            Self::Stopped(_) => "stopped",
            Self::Paused => "paused",
            Self::BeingRemoved => "being_removed",
            Self::PinnedDigest(_) => "pinned_digest",
            Self::DigestWithoutTag(_) => "digest_without_tag",
            Self::PinnedSemver { .. } => "pinned_semver",
            Self::PinnedImageId(_) => "pinned_image_id",
            Self::TagNotFloating { .. } => "tag_not_floating",
            Self::BuiltLocally { .. } => "built_locally",
        }
    }
}

const FORCE: &str = "the label docker-auto.force=true";

impl fmt::Display for SkipReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NameReserved => f.write_str(
                "its name is one that docker-auto gives to containers of its own operations: give it \
                 another name if it is yours",
            ),
            Self::Foreign(foreign) => write!(f, "it is {foreign}"),
            Self::OneOff(compose) => {
                write!(f, "it was made by docker compose run for one command of {compose}")
            }
            Self::Infrastructure(role) => infrastructure(f, *role),
            Self::NotSelected(why) => not_selected(f, why),
            Self::OtherScope { own, scope, origin } => {
                match own {
                    Some(own) => write!(f, "{own} makes it another instance's matter")?,
                    None => f.write_str("it has no label docker-auto.scope")?,
                }
                write!(f, ", and {origin} has this one look only at {scope}: change one of them")
            }
            Self::ModeOff(origin) => write!(f, "{origin} turns it off: {BY_NAME}"),
            Self::Stopped(origin) => write!(
                f,
                "it does not run, and {origin} leaves such containers out: start it, or set \
                 DOCKER_AUTO_DOCKER_INCLUDE_STOPPED=true"
            ),
            Self::Paused => f.write_str("it is paused: docker unpause makes it eligible again"),
            Self::BeingRemoved => f.write_str("it is being removed, or its removal broke off"),
            Self::PinnedDigest(reference) => write!(
                f,
                "its reference {} is pinned to a digest: {FORCE} moves it to its tag's newest digest",
                short(reference)
            ),
            Self::DigestWithoutTag(reference) => write!(
                f,
                "its reference {} is a digest without a tag, so that nothing newer can be named: \
                 recreate it with a tag",
                short(reference)
            ),
            Self::PinnedSemver { tag, origin } => write!(
                f,
                "its tag {tag} stands for one version, and {origin} leaves those alone: use a tag that \
                 moves, or {FORCE}"
            ),
            Self::PinnedImageId(name) => pinned_image_id(f, name.as_ref()),
            Self::TagNotFloating { tag, origin } => write!(
                f,
                "{origin} does not list its tag {tag}: add it there, or use {FORCE}"
            ),
            Self::BuiltLocally { reference, evidence, origin } => {
                built_locally(f, reference, evidence)?;
                write!(
                    f,
                    "; {origin} leaves such images alone: DOCKER_AUTO_POLICY_SKIP_LOCAL_BUILD=false \
                     follows rebuilds, for one container the label docker-auto.skip-local-build=false"
                )
            }
        }
    }
}

fn infrastructure(f: &mut fmt::Formatter<'_>, role: Role) -> fmt::Result {
    f.write_str(match role {
        Role::DockerAccess => {
            "docker-auto reaches Docker through it: update it by hand, or give docker-auto the socket"
        }
        Role::NetworkParent | Role::Ourselves(_) | Role::Ordinary => {
            "docker-auto lives in its network: update it by hand, and recreate docker-auto then"
        }
    })
}

fn not_selected(f: &mut fmt::Formatter<'_>, why: &Unselected) -> fmt::Result {
    const CURE: &str = "the label docker-auto.enable=true includes it";
    match why {
        Unselected::Label(origin) => {
            write!(f, "{origin} leaves it out: recreate it without that label")
        }
        Unselected::Has { selector, origin } => {
            write!(f, "{origin} leaves out what has the label {selector}: {CURE}")
        }
        Unselected::Named { pattern, origin } => {
            write!(f, "{origin} leaves out the name {pattern}: {CURE}")
        }
        Unselected::HasNone { wanted, origin } => {
            let wanted: Vec<String> = wanted.iter().map(LabelSelector::to_string).collect();
            write!(f, "{origin} asks for one of the labels {}: {CURE}", wanted.join(", "))
        }
    }
}

fn pinned_image_id(f: &mut fmt::Formatter<'_>, name: Option<&ImageRef>) -> fmt::Result {
    f.write_str("it was made from an image ID, ")?;
    match name {
        Some(name) => {
            write!(f, "which pins it: recreate it with {}, or use {FORCE}", name.familiar())
        }
        None => f.write_str("from which no reference follows: recreate it with a reference"),
    }
}

fn built_locally(
    f: &mut fmt::Formatter<'_>,
    reference: &ImageRef,
    evidence: &LocalEvidence,
) -> fmt::Result {
    let name = reference.familiar();
    match evidence {
        LocalEvidence::NoDigest => write!(
            f,
            "its image was built, loaded or retagged here: it has no digest of {}",
            reference.name()
        ),
        LocalEvidence::Built => write!(f, "the engine says that its image {name} was built here"),
        LocalEvidence::UnknownToHub(message) => write!(
            f,
            "{name} is no image of Docker Hub ({message}), so it was built here or is private there"
        ),
    }
}
