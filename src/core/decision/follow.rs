//! Which reference a container follows, and everything that stands against looking it up.

use crate::core::comparison::{Given, Host};
use crate::core::compose::{Compose, ComposeKind, Foreign};
use crate::core::decision::{Decision, Facts, Role, SkipReason, UnknownReason};
use crate::core::inventory::RunState;
use crate::core::policy::{Mode, Sourced};
use crate::core::reference::ImageRef;

/// The reference that a container follows, once nothing stands against looking it up.
pub(super) struct Followed {
    /// The reference to ask for.
    pub(super) reference: ImageRef,
    pub(super) host: Host,
    pub(super) pin: Pin,
}

/// Whether the container names a digest beside its tag, and shall again.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Pin {
    Kept,
    None,
}

/// Settles everything that needs neither a registry nor the image.
pub(super) fn follow(facts: &Facts<'_>) -> Result<Followed, Box<Decision>> {
    let skip = |reason| Box::new(Decision::Skip { reason });
    if let Some(reason) = excluded(facts).or_else(|| unready(facts)) {
        return Err(skip(reason));
    }
    let rules = &facts.policy.rules;
    let lifts_digest = facts.is_forced() || !rules.skip_pinned_digest.value;
    let (reference, host) = match facts.running.given() {
        Given::Reference(reference, host) => (reference, host),
        Given::ImageId(Some(reference)) if lifts_digest => {
            let host = Host::of(&reference);
            (reference, host)
        }
        Given::ImageId(name) => return Err(skip(SkipReason::PinnedImageId(name))),
        Given::Unreadable(text) => {
            return Err(Box::new(Decision::Unknown { reason: UnknownReason::BadReference(text) }));
        }
    };
    let (reference, pin) = match (reference.digest(), reference.tag()) {
        (None, _) => (reference, Pin::None),
        (Some(_), None) => return Err(skip(SkipReason::DigestWithoutTag(reference))),
        (Some(_), Some(_)) if !lifts_digest => {
            return Err(skip(SkipReason::PinnedDigest(reference)));
        }
        (Some(_), Some(tag)) => match reference.with_tag(tag) {
            Ok(tag) => (tag, Pin::Kept),
            Err(_) => return Err(skip(SkipReason::PinnedDigest(reference))),
        },
    };
    match unfollowed_tag(facts, &reference) {
        Some(reason) => Err(skip(reason)),
        None => Ok(Followed { reference, host, pin }),
    }
}

/// Containers that are never ours to touch, and those that nobody selected.
fn excluded(facts: &Facts<'_>) -> Option<SkipReason> {
    let container = facts.running.container;
    let labels = &container.labels;
    if container.name.is_reserved() {
        return Some(SkipReason::NameReserved);
    }
    if let Some(foreign) = Foreign::recognise(&container.name, labels) {
        return Some(SkipReason::Foreign(foreign));
    }
    if let Some(compose) = Compose::read(labels).filter(|c| c.kind == ComposeKind::OneOff) {
        return Some(SkipReason::OneOff(compose));
    }
    if matches!(facts.role, Role::DockerAccess | Role::NetworkParent) {
        return Some(SkipReason::Infrastructure(facts.role));
    }
    if let Some(reason) = other_scope(facts) {
        return Some(reason);
    }
    if let Some(why) = facts.policy.unselected(&container.name, labels) {
        return Some(SkipReason::NotSelected(why));
    }
    let mode = &facts.policy.mode;
    let off = mode.value == Mode::Off && !facts.is_named();
    off.then(|| SkipReason::ModeOff(mode.origin.clone()))
}

/// Containers that another instance looks after; naming one does not change whose it is.
fn other_scope(facts: &Facts<'_>) -> Option<SkipReason> {
    let Sourced { value: scope, origin } = &facts.policy.rules.scope;
    let own = &facts.policy.scope;
    let included = scope.includes(own.as_ref().map(|own| own.value.as_str()));
    (!included).then(|| SkipReason::OtherScope {
        own: own.as_ref().map(|own| own.origin.clone()),
        scope: scope.clone(),
        origin: origin.clone(),
    })
}

/// Containers whose state forbids it.
fn unready(facts: &Facts<'_>) -> Option<SkipReason> {
    let stopped = &facts.policy.rules.include_stopped;
    match facts.running.container.state {
        RunState::Running | RunState::Restarting => None,
        RunState::Paused => Some(SkipReason::Paused),
        RunState::Removing | RunState::Dead => Some(SkipReason::BeingRemoved),
        RunState::Created | RunState::Exited => {
            (!stopped.value).then(|| SkipReason::Stopped(stopped.origin.clone()))
        }
    }
}

/// Tags that stand for one version, and those that the configuration does not list.
fn unfollowed_tag(facts: &Facts<'_>, reference: &ImageRef) -> Option<SkipReason> {
    let rules = &facts.policy.rules;
    let tag = reference.tag()?;
    if facts.is_forced() {
        return None;
    }
    if rules.skip_semver_pinned.value && is_version(tag) {
        let origin = rules.skip_semver_pinned.origin.clone();
        return Some(SkipReason::PinnedSemver { tag: tag.to_owned(), origin });
    }
    let floating = &rules.floating_tags;
    let listed = floating.value.iter().any(|listed| listed.eq_ignore_ascii_case(tag));
    (!floating.value.is_empty() && !listed).then(|| SkipReason::TagNotFloating {
        tag: tag.to_owned(),
        origin: floating.origin.clone(),
    })
}

/// `1.2.3` and `v1.2.3`; a suffix makes it a tag that may move.
fn is_version(tag: &str) -> bool {
    let number = tag.strip_prefix('v').unwrap_or(tag);
    semver::Version::parse(number).is_ok_and(|version| version.pre.is_empty())
}
