//! Which reference a container follows, and everything that stands against looking it up.

use crate::core::comparison::{Given, Host};
use crate::core::compose::{Compose, ComposeKind, Foreign};
use crate::core::decision::trail::{Question, Trail};
use crate::core::decision::{Decision, Facts, SkipReason, UnknownReason};
use crate::core::inventory::{Container, RunState};
use crate::core::policy::{Mode, Origin, Policy, Sourced, Unselected};
use crate::core::reference::ImageRef;
use crate::core::version::has_versions;

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
pub(super) fn follow(facts: &Facts<'_>, trail: &mut Trail) -> Result<Followed, Box<Decision>> {
    excluded(facts, trail)?;
    let stopped = &facts.policy.rules.include_stopped.origin;
    trail.ask(Question::State, Some(stopped), unready(facts).map(skip))?;
    let followed = match reference(facts) {
        Ok(followed) => followed,
        Err(decision) => {
            trail.end(Question::Reference, &decision);
            return Err(decision);
        }
    };
    trail.find(Question::Reference, None, || followed.reference.familiar());
    let origin = &facts.policy.skip_semver_pinned().origin;
    let unfollowed = unfollowed_tag(facts, &followed.reference).map(skip);
    trail.ask(Question::Tag, Some(origin), unfollowed)?;
    Ok(followed)
}

fn skip(reason: SkipReason) -> Box<Decision> {
    Box::new(Decision::Skip { reason })
}

/// Returns the reference that may move.
fn reference(facts: &Facts<'_>) -> Result<Followed, Box<Decision>> {
    let Sourced { value: pinned, origin } = facts.policy.skip_pinned_digest();
    let lifts_digest = facts.is_forced() || !pinned;
    let stays = |reference| skip(SkipReason::PinnedDigest { reference, origin: origin.clone() });
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
        (Some(_), Some(_)) if !lifts_digest => return Err(stays(reference)),
        (Some(_), Some(tag)) => match reference.with_tag(tag) {
            Ok(tag) => (tag, Pin::Kept),
            Err(_) => return Err(stays(reference)),
        },
    };
    Ok(Followed { reference, host, pin })
}

/// Containers that are never ours to touch, and those that nobody selected.
fn excluded(facts: &Facts<'_>, trail: &mut Trail) -> Result<(), Box<Decision>> {
    let container = facts.running.container;
    let labels = &container.labels;
    let reserved = container.name.is_reserved().then_some(SkipReason::NameReserved);
    trail.ask(Question::Name, None, reserved.map(skip))?;
    let foreign = Foreign::recognise(&container.name, labels).map(SkipReason::Foreign);
    let one_off = Compose::read(labels).filter(|c| c.kind == ComposeKind::OneOff);
    let managed = foreign.or(one_off.map(SkipReason::OneOff));
    trail.ask(Question::Manager, None, managed.map(skip))?;
    trail.ask(Question::Role, None, facts.role.infrastructure().map(skip))?;
    let scope = &facts.policy.rules.scope.origin;
    trail.ask(Question::Scope, Some(scope), other_scope(facts.policy).map(skip))?;
    let enable = facts.policy.enable.as_ref().map(|enable| &enable.origin);
    let unselected = facts.policy.unselected(&container.name, labels).map(SkipReason::NotSelected);
    trail.ask(Question::Selection, enable, unselected.map(skip))?;
    let mode = &facts.policy.mode;
    let off = mode.value == Mode::Off && !facts.is_named();
    let off = off.then(|| SkipReason::ModeOff(mode.origin.clone()));
    trail.ask(Question::Looking, Some(&mode.origin), off.map(skip))
}

/// Returns what leaves a container alone by settings, whoever asks: its scope, its selection, its
/// mode.
pub fn left_out(policy: &Policy, container: &Container) -> Option<SkipReason> {
    left_out_for(policy, container, |_| true)
}

/// Returns what shuts docker-auto out of a container, so that it goes along with no other one either.
/// One that only has none of the labels that are asked for is not updated, but is made anew or
/// restarted with those it needs.
pub fn shut_out(policy: &Policy, container: &Container) -> Option<SkipReason> {
    left_out_for(policy, container, |why| !matches!(why, Unselected::HasNone { .. }))
}

fn left_out_for(
    policy: &Policy,
    container: &Container,
    counts: impl Fn(&Unselected) -> bool,
) -> Option<SkipReason> {
    let mode = &policy.mode;
    let off = || (mode.value == Mode::Off).then(|| SkipReason::ModeOff(mode.origin.clone()));
    let unselected = || policy.unselected(&container.name, &container.labels).filter(counts);
    other_scope(policy).or_else(|| unselected().map(SkipReason::NotSelected)).or_else(off)
}

/// Containers that another instance looks after; naming one does not change whose it is.
fn other_scope(policy: &Policy) -> Option<SkipReason> {
    let Sourced { value: scope, origin } = &policy.rules.scope;
    let own = &policy.scope;
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
    let pinned = facts.policy.skip_semver_pinned();
    let tag = reference.tag()?;
    if facts.is_forced() {
        return None;
    }
    let versions = &facts.policy.versions;
    // What another tool's label was read as does not lift what was said of such tags in our words.
    let foreign = versions.track.origin.is_foreign();
    let kept = foreign && pinned.value && pinned.origin != Origin::Default;
    let moves = has_versions(tag, versions) && !kept;
    if pinned.value && !moves && is_version(tag) {
        let origin = pinned.origin.clone();
        return Some(SkipReason::PinnedSemver { tag: tag.to_owned(), origin });
    }
    let floating = facts.policy.floating_tags();
    // Whoever says more closely which versions it follows means this tag as well.
    if moves && !foreign && versions.track.origin.stands_above(&floating.origin) {
        return None;
    }
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
