//! What may be done with a container: settings, each with the place that it came from.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::core::backup::Saving;
use crate::core::compose::Labels;
use crate::core::id::ContainerName;
use crate::core::version::{VersionPatch, VersionRules};
use crate::core::window::{Blackouts, Schedule, Windows};

mod rules;

pub use rules::{LabelSelector, NamePattern, Rules, Scope, Updates};

/// A setting and the place that it came from.
#[derive(Clone, Debug, PartialEq)]
pub struct Sourced<T> {
    /// The setting.
    pub value: T,
    /// Where it came from.
    pub origin: Origin,
}

impl<T> Sourced<T> {
    /// Returns a setting that nobody made.
    pub fn by_default(value: T) -> Self {
        Self { value, origin: Origin::Default }
    }
}

/// Where a setting came from; a later one stands above an earlier one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Nobody set it.
    Default,
    /// An environment variable, by the name that was used.
    Variable(String),
    /// A key of the configuration file.
    File {
        /// The key, with dots.
        key: String,
        /// The file's path.
        file: Arc<str>,
    },
    /// A stored rule.
    Rule {
        /// Its name.
        name: String,
    },
    /// A label of the container.
    Label {
        /// Its name.
        name: String,
        /// Its value.
        value: String,
    },
    /// The command that is being carried out.
    Command,
}

impl Origin {
    /// Says whether a setting from here stands above one from there.
    pub fn stands_above(&self, other: &Self) -> bool {
        self.rank() > other.rank()
    }

    /// Says whether it is a label that is not one of ours.
    pub fn is_foreign(&self) -> bool {
        matches!(self, Self::Label { name, .. } if !name.starts_with("docker-auto."))
    }

    fn rank(&self) -> u8 {
        match self {
            Self::Default => 0,
            Self::Variable(_) | Self::File { .. } => 1,
            Self::Rule { .. } => 2,
            Self::Label { .. } => 3,
            Self::Command => 4,
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("the default"),
            Self::Variable(name) => write!(f, "the variable {name}"),
            Self::File { key, file } => write!(f, "the key {key} in {file}"),
            Self::Rule { name } => write!(f, "the rule {name}"),
            Self::Label { name, value } => write!(f, "the label {name}={value}"),
            Self::Command => f.write_str("the command"),
        }
    }
}

/// What is done when a newer image is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Update by itself, where updates are enabled.
    Auto,
    /// Show it and wait for a person's word.
    Approve,
    /// Show it and do nothing.
    Watch,
    /// Do not even look.
    Off,
}

impl Mode {
    /// All modes by the words that name them.
    pub const WORDS: [(&'static str, Self); 4] = [
        ("auto", Self::Auto),
        ("approve", Self::Approve),
        ("watch", Self::Watch),
        ("off", Self::Off),
    ];
}

/// The settings of one container: defaults below configuration below stored rules below
/// labels below the command.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    /// The settings that hold for all containers alike.
    pub rules: Arc<Rules>,
    /// Whether its own label selects it; `None` where it has none.
    pub enable: Option<Sourced<bool>>,
    /// What is done when a newer image is there.
    pub mode: Sourced<Mode>,
    /// Whether pins and rejections are lifted.
    pub force: Sourced<bool>,
    /// The group that it is paused with.
    pub group: Option<Sourced<String>>,
    /// Whether an image that was built here is left alone; `None` leaves it to the rules.
    pub skip_local_build: Option<Sourced<bool>>,
    /// Whether a reference with a digest is left alone; `None` leaves it to the rules.
    pub skip_pinned_digest: Option<Sourced<bool>>,
    /// Whether a tag such as `1.2.3` is left alone; `None` leaves it to the rules.
    pub skip_semver_pinned: Option<Sourced<bool>>,
    /// The only tags with which it is looked at; `None` leaves it to the rules.
    pub floating_tags: Option<Sourced<Vec<String>>>,
    /// How long it may take to stop; `None` leaves it to the container and the engine.
    pub stop_timeout: Option<Sourced<Duration>>,
    /// The longest wait for `healthy`; `None` derives it from the new image's healthcheck.
    pub health_timeout: Option<Sourced<Duration>>,
    /// How long a container without healthcheck must stay up.
    pub health_stable: Sourced<Duration>,
    /// What is saved before an update.
    pub backup: Sourced<Saving>,
    /// Whether another tag is written into its Compose file as well.
    pub compose_write: Sourced<bool>,
    /// Which versions it follows.
    pub versions: VersionRules,
    /// The times of its updates, in place of those that hold for all.
    pub schedule: Option<Sourced<Schedule>>,
    /// When its updates may begin; `None` is always.
    pub window: Option<Sourced<Windows>>,
    /// The dates on which none may begin.
    pub blackout: Option<Sourced<Blackouts>>,
    /// How old an image must be.
    pub cooldown: Sourced<Duration>,
    /// Whose matter it is, where several instances share a host.
    pub scope: Option<Sourced<String>>,
    /// A label that cannot be understood and was meant to restrain updates, or their way.
    pub unclear: Option<Unclear>,
}

/// A setting of a container that cannot be understood, and holds its updates back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unclear {
    /// Where it is.
    pub origin: Origin,
    /// What it was meant to say.
    pub about: About,
}

/// What a setting says of an update.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum About {
    /// Whether and when there is one: a person's word stands above it.
    Whether,
    /// To what, and how it is made: a person's word counts on it.
    How,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            rules: Arc::default(),
            enable: None,
            mode: Sourced::by_default(Mode::Auto),
            force: Sourced::by_default(false),
            group: None,
            skip_local_build: None,
            skip_pinned_digest: None,
            skip_semver_pinned: None,
            floating_tags: None,
            stop_timeout: None,
            health_timeout: None,
            health_stable: Sourced::by_default(Duration::from_secs(10)),
            backup: Sourced::by_default(Saving::Nothing),
            compose_write: Sourced::by_default(false),
            versions: VersionRules::default(),
            schedule: None,
            window: None,
            blackout: None,
            cooldown: Sourced::by_default(Duration::ZERO),
            scope: None,
            unclear: None,
        }
    }
}

/// Settings to lay over a policy; `None` leaves what is there.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PolicyPatch {
    /// See [`Policy::enable`].
    pub enable: Option<Sourced<bool>>,
    /// See [`Policy::mode`].
    pub mode: Option<Sourced<Mode>>,
    /// See [`Policy::force`].
    pub force: Option<Sourced<bool>>,
    /// See [`Policy::group`].
    pub group: Option<Sourced<String>>,
    /// See [`Policy::skip_local_build`].
    pub skip_local_build: Option<Sourced<bool>>,
    /// See [`Policy::skip_pinned_digest`].
    pub skip_pinned_digest: Option<Sourced<bool>>,
    /// See [`Policy::skip_semver_pinned`].
    pub skip_semver_pinned: Option<Sourced<bool>>,
    /// See [`Policy::floating_tags`].
    pub floating_tags: Option<Sourced<Vec<String>>>,
    /// See [`Policy::stop_timeout`].
    pub stop_timeout: Option<Sourced<Duration>>,
    /// See [`Policy::health_timeout`].
    pub health_timeout: Option<Sourced<Duration>>,
    /// See [`Policy::health_stable`].
    pub health_stable: Option<Sourced<Duration>>,
    /// See [`Policy::backup`].
    pub backup: Option<Sourced<Saving>>,
    /// See [`Policy::compose_write`].
    pub compose_write: Option<Sourced<bool>>,
    /// See [`Policy::versions`].
    pub versions: VersionPatch,
    /// See [`Policy::schedule`].
    pub schedule: Option<Sourced<Schedule>>,
    /// See [`Policy::window`].
    pub window: Option<Sourced<Windows>>,
    /// See [`Policy::blackout`].
    pub blackout: Option<Sourced<Blackouts>>,
    /// See [`Policy::cooldown`].
    pub cooldown: Option<Sourced<Duration>>,
    /// See [`Policy::scope`].
    pub scope: Option<Sourced<String>>,
    /// See [`Policy::unclear`].
    pub unclear: Option<Unclear>,
}

impl PolicyPatch {
    /// Notes a setting that cannot be understood; one that no person's word lifts stands above others.
    pub fn say_unclear(&mut self, origin: Origin, about: About) {
        let stands = |unclear: &Unclear| unclear.about == About::How || about == About::Whether;
        if !self.unclear.as_ref().is_some_and(stands) {
            self.unclear = Some(Unclear { origin, about });
        }
    }

    /// Returns the patch of a command that forces.
    pub fn force() -> Self {
        let force = Sourced { value: true, origin: Origin::Command };
        Self { force: Some(force), ..Self::default() }
    }

    /// Returns the patch of a command that asks for a backup.
    pub fn backup() -> Self {
        let backup = Sourced { value: Saving::Volumes, origin: Origin::Command };
        Self { backup: Some(backup), ..Self::default() }
    }
}

/// Why a container is not selected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unselected {
    /// Its own label says so.
    Label(Origin),
    /// It has a label that the configuration leaves alone.
    Has {
        /// The label.
        selector: LabelSelector,
        /// The setting.
        origin: Origin,
    },
    /// The configuration leaves its name alone.
    Named {
        /// The name.
        pattern: NamePattern,
        /// The setting.
        origin: Origin,
    },
    /// It has none of the labels that the configuration asks for.
    HasNone {
        /// The labels that are asked for.
        wanted: Vec<LabelSelector>,
        /// The setting.
        origin: Origin,
    },
}

impl Policy {
    /// Returns this policy with a patch laid over it.
    #[must_use]
    pub fn with(&self, patch: PolicyPatch) -> Self {
        // Whoever wrote the patch did not know the time zone of the configuration.
        let here = |schedule: Sourced<Schedule>| Sourced {
            value: schedule.value.in_zone(self.rules.time_zone),
            ..schedule
        };
        Self {
            rules: Arc::clone(&self.rules),
            enable: patch.enable.or_else(|| self.enable.clone()),
            mode: patch.mode.unwrap_or_else(|| self.mode.clone()),
            force: patch.force.unwrap_or_else(|| self.force.clone()),
            group: patch.group.or_else(|| self.group.clone()),
            skip_local_build: patch.skip_local_build.or_else(|| self.skip_local_build.clone()),
            skip_pinned_digest: patch
                .skip_pinned_digest
                .or_else(|| self.skip_pinned_digest.clone()),
            skip_semver_pinned: patch
                .skip_semver_pinned
                .or_else(|| self.skip_semver_pinned.clone()),
            floating_tags: patch.floating_tags.or_else(|| self.floating_tags.clone()),
            stop_timeout: patch.stop_timeout.or_else(|| self.stop_timeout.clone()),
            health_timeout: patch.health_timeout.or_else(|| self.health_timeout.clone()),
            health_stable: patch.health_stable.unwrap_or_else(|| self.health_stable.clone()),
            backup: patch.backup.unwrap_or_else(|| self.backup.clone()),
            compose_write: patch.compose_write.unwrap_or_else(|| self.compose_write.clone()),
            versions: self.versions.with(patch.versions),
            schedule: patch.schedule.map(here).or_else(|| self.schedule.clone()),
            window: patch.window.or_else(|| self.window.clone()),
            blackout: patch.blackout.or_else(|| self.blackout.clone()),
            cooldown: patch.cooldown.unwrap_or_else(|| self.cooldown.clone()),
            scope: patch.scope.or_else(|| self.scope.clone()),
            unclear: patch.unclear.or_else(|| self.unclear.clone()),
        }
    }

    /// Says why a container with this name and these labels is not selected; `None` if it is. Its own
    /// `docker-auto.enable` stands above the lists of the configuration.
    pub fn unselected(&self, name: &ContainerName, labels: &Labels) -> Option<Unselected> {
        match &self.enable {
            Some(Sourced { value: true, .. }) => return None,
            Some(Sourced { value: false, origin }) => {
                return Some(Unselected::Label(origin.clone()));
            }
            None => {}
        }
        let names = &self.rules.exclude_names;
        if let Some(pattern) = names.value.iter().find(|pattern| pattern.matches(name)) {
            let (pattern, origin) = (pattern.clone(), names.origin.clone());
            return Some(Unselected::Named { pattern, origin });
        }
        for list in [&self.rules.exclude_labels, &self.rules.skip_labels] {
            if let Some(selector) = list.value.iter().find(|selector| selector.matches(labels)) {
                let (selector, origin) = (selector.clone(), list.origin.clone());
                return Some(Unselected::Has { selector, origin });
            }
        }
        let only = &self.rules.only_labels;
        let wanted = only.value.is_empty() || only.value.iter().any(|one| one.matches(labels));
        (!wanted).then(|| Unselected::HasNone {
            wanted: only.value.clone(),
            origin: only.origin.clone(),
        })
    }

    /// Returns whether an image that was built here is left alone.
    pub fn skip_local_build(&self) -> &Sourced<bool> {
        self.skip_local_build.as_ref().unwrap_or(&self.rules.skip_local_build)
    }

    /// Returns whether a reference with a digest is left alone.
    pub fn skip_pinned_digest(&self) -> &Sourced<bool> {
        self.skip_pinned_digest.as_ref().unwrap_or(&self.rules.skip_pinned_digest)
    }

    /// Returns whether a tag such as `1.2.3` is left alone.
    pub fn skip_semver_pinned(&self) -> &Sourced<bool> {
        self.skip_semver_pinned.as_ref().unwrap_or(&self.rules.skip_semver_pinned)
    }

    /// Returns the only tags that are looked at; none of them where all are.
    pub fn floating_tags(&self) -> &Sourced<Vec<String>> {
        self.floating_tags.as_ref().unwrap_or(&self.rules.floating_tags)
    }

    /// Says whether the container's own settings ask for updates, whatever holds for the others.
    pub fn consents(&self) -> bool {
        self.mode.value == Mode::Auto && self.mode.origin != Origin::Default
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sourced<T>(value: T) -> Sourced<T> {
        let origin = Origin::Label { name: "l".into(), value: "v".into() };
        Sourced { value, origin }
    }

    #[test]
    fn patches_lie_over_what_is_there() {
        let patch = PolicyPatch {
            mode: Some(sourced(Mode::Watch)),
            stop_timeout: Some(sourced(Duration::from_secs(3))),
            ..PolicyPatch::default()
        };
        let policy = Policy::default().with(patch);
        assert_eq!(policy.mode, sourced(Mode::Watch));
        assert_eq!(policy.health_stable, Policy::default().health_stable);
        let forced = policy.with(PolicyPatch::force());
        assert_eq!((forced.force.value, forced.force.origin), (true, Origin::Command));
        assert_eq!(forced.stop_timeout, policy.stop_timeout);
        assert_eq!(policy.with(PolicyPatch::default()), policy);
    }
}
