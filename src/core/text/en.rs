//! Reasons in English.

use crate::core::candidate::Candidate;
use crate::core::comparison::{LocalEvidence, Match};
use crate::core::decision::{Decision, Role, SkipReason, UnknownReason};
use crate::core::policy::{LabelSelector, Origin, Unselected};
use crate::core::reference::ImageRef;
use crate::core::remote::RemoteFailure;
use crate::core::version::Versions;

use super::{SHOWN, Telling, moment, moved, named, short, told};

mod chain;
mod hold;

pub(super) use chain::{answer, cause, lifts, passed_over, paused, question, word};
pub(super) use hold::hold;

const BY_NAME: &str = "update it by its name with docker-auto update";
const FORCE: &str = "the label docker-auto.force=true";

pub(super) fn decision(decision: &Decision) -> Telling {
    match decision {
        Decision::UpToDate { reference, how, versions } => {
            Telling::plain(up_to_date(reference, how, versions) + &around(versions))
        }
        Decision::Update { candidate: newer } => Telling::plain(candidate(newer)),
        Decision::Hold { candidate: newer, reason, until } => {
            let note = until.map(|until| format!("due at {}", moment(until))).unwrap_or_default();
            Telling { note, ..hold(reason).of_candidate(&candidate(newer)) }
        }
        Decision::Skip { reason } => skip(reason),
        Decision::Unknown { reason } => unknown(reason),
    }
}

fn candidate(candidate: &Candidate) -> String {
    let (name, short, remote) = named(candidate);
    let around = around(&candidate.versions);
    let Some((version, mirror)) = remote else {
        return format!("{name} names another image here now ({short}){around}");
    };
    let what = match (moved(candidate), told(candidate)) {
        (Some((name, old, new)), _) => format!("{name}{old} → {new} ({short})"),
        (None, Some((old, new, tag))) => {
            format!("{name} ({old}) → {tag} ({new}): it has moved to {short} in its registry")
        }
        (None, None) if version.is_empty() => {
            format!("{name} has moved to {short} in its registry")
        }
        (None, None) => format!("{name} has moved to {short} in its registry, version {version}"),
    };
    let mirror = mirror.map(|mirror| format!(", as its mirror {mirror} says")).unwrap_or_default();
    format!("{what}{mirror}{around}")
}

/// Tells of newer versions that are not taken, and of what lies beyond those that are followed.
fn around(versions: &Versions) -> String {
    let mut parts: Vec<String> = versions.passed.iter().take(SHOWN).map(passed_over).collect();
    if versions.passed.len() > SHOWN {
        parts.push(format!("{} more are not taken", versions.passed.len() - SHOWN));
    }
    if versions.unseen > 0 {
        parts.push(format!("{} older ones were not looked at", versions.unseen));
    }
    parts.extend(versions.beyond.as_ref().map(|beyond| format!("{beyond} exists")));
    parts.iter().flat_map(|part| ["; ", part]).collect()
}

pub(super) fn skip(reason: &SkipReason) -> Telling {
    match reason {
        SkipReason::NameReserved => Telling::new(
            "its name is one that docker-auto gives to containers of its own operations",
            "give it another name if it is yours",
        ),
        SkipReason::Foreign(foreign) => Telling::plain(format!("it is {foreign}")),
        SkipReason::OneOff(compose) => Telling::plain(format!(
            "it was made by docker compose run for one command of {compose}"
        )),
        SkipReason::Infrastructure(role) => infrastructure(*role),
        SkipReason::NotSelected(why) => not_selected(why),
        SkipReason::OtherScope { own, scope, origin } => {
            let own = own.as_ref().map_or_else(
                || "it has no label docker-auto.scope".to_owned(),
                |own| format!("{own} makes it another instance's matter"),
            );
            let what = format!("{own}, and {origin} has this one look only at {scope}");
            Telling::new(what, "change one of them")
        }
        SkipReason::ModeOff(origin) => Telling::new(format!("{origin} turns it off"), BY_NAME),
        SkipReason::Stopped(origin) => Telling::new(
            format!("it does not run, and {origin} leaves such containers out"),
            "start it, or set DOCKER_AUTO_DOCKER_INCLUDE_STOPPED=true",
        ),
        SkipReason::Paused => {
            Telling::new("it is paused", "docker unpause makes it eligible again")
        }
        SkipReason::BeingRemoved => Telling::plain("it is being removed, or its removal broke off"),
        SkipReason::PinnedDigest { .. }
        | SkipReason::DigestWithoutTag(_)
        | SkipReason::PinnedSemver { .. }
        | SkipReason::PinnedImageId(_)
        | SkipReason::TagNotFloating { .. }
        | SkipReason::BuiltLocally { .. } => skip_for_image(reason),
    }
}

fn skip_for_image(reason: &SkipReason) -> Telling {
    match reason {
        SkipReason::PinnedDigest { reference, origin } => Telling::new(
            format!(
                "its reference {} is pinned to a digest, and {origin} leaves those alone",
                short(reference)
            ),
            "the label docker-auto.skip-pinned-digest=false moves it to its tag's newest digest",
        ),
        SkipReason::DigestWithoutTag(reference) => Telling::new(
            format!(
                "its reference {} is a digest without a tag, so that nothing newer can be named",
                short(reference)
            ),
            "recreate it with a tag",
        ),
        SkipReason::PinnedSemver { tag, origin } => Telling::new(
            format!("its tag {tag} stands for one version, and {origin} leaves those alone"),
            format!("use a tag that moves, a docker-auto.track label, or {FORCE}"),
        ),
        SkipReason::PinnedImageId(Some(name)) => Telling::new(
            "it was made from an image ID, which pins it",
            format!("recreate it with {}, or use {FORCE}", name.familiar()),
        ),
        SkipReason::PinnedImageId(None) => Telling::new(
            "it was made from an image ID, from which no reference follows",
            "recreate it with a reference",
        ),
        SkipReason::TagNotFloating { tag, origin } => Telling::new(
            format!("{origin} does not list its tag {tag}"),
            format!("add it there, or use {FORCE}"),
        ),
        SkipReason::BuiltLocally { reference, evidence, origin } => Telling::new(
            format!("{}; {origin} leaves such images alone", built_locally(reference, evidence)),
            "DOCKER_AUTO_POLICY_SKIP_LOCAL_BUILD=false follows rebuilds, for one container the label \
             docker-auto.skip-local-build=false",
        ),
        _ => Telling::default(),
    }
}

fn infrastructure(role: Role) -> Telling {
    match role {
        Role::DockerAccess => Telling::new(
            "docker-auto reaches Docker through it",
            "update it by hand, or give docker-auto the socket",
        ),
        Role::NetworkParent | Role::Ourselves(_) | Role::Ordinary => Telling::new(
            "docker-auto lives in its network",
            "update it by hand, and recreate docker-auto then",
        ),
    }
}

fn not_selected(why: &Unselected) -> Telling {
    const CURE: &str = "the label docker-auto.enable=true includes it";
    match why {
        Unselected::Label(origin @ Origin::Rule { .. }) => {
            Telling::new(format!("{origin} leaves it out"), format!("change that rule, or {CURE}"))
        }
        Unselected::Label(origin) => {
            Telling::new(format!("{origin} leaves it out"), "recreate it without that label")
        }
        Unselected::Has { selector, origin } => {
            Telling::new(format!("{origin} leaves out what has the label {selector}"), CURE)
        }
        Unselected::Named { pattern, origin } => {
            Telling::new(format!("{origin} leaves out the name {pattern}"), CURE)
        }
        Unselected::HasNone { wanted, origin } => {
            let wanted: Vec<String> = wanted.iter().map(LabelSelector::to_string).collect();
            Telling::new(format!("{origin} asks for one of the labels {}", wanted.join(", ")), CURE)
        }
    }
}

fn built_locally(reference: &ImageRef, evidence: &LocalEvidence) -> String {
    let name = reference.familiar();
    match evidence {
        LocalEvidence::NoDigest => format!(
            "its image was built, loaded or retagged here: it has no digest of {}",
            reference.name()
        ),
        LocalEvidence::Built => format!("the engine says that its image {name} was built here"),
        LocalEvidence::UnknownToHub(message) => format!(
            "{name} is no image of Docker Hub ({message}), so it was built here or is private there"
        ),
    }
}

fn unknown(reason: &UnknownReason) -> Telling {
    match reason {
        UnknownReason::Registry(RemoteFailure { code, message, until }) => {
            let note = until.map(|until| format!("not before {}", moment(until)));
            Telling { note: note.unwrap_or_default(), ..Telling::new(message, code.cure()) }
        }
        UnknownReason::Engine(error) => {
            Telling::new(error, "look at the engine's log; it is asked again at the next check")
        }
        UnknownReason::BadReference(error) => Telling::new(error, "recreate it with a reference"),
        UnknownReason::NotAsked(reference) => Telling::new(
            format!("the registry was not asked for {}", reference.familiar()),
            "check it",
        ),
        UnknownReason::Unresolved { reference, digest } => Telling::new(
            format!(
                "{} has another digest ({}) in its registry, but its manifest was not read",
                reference.familiar(),
                digest.short()
            ),
            "check it",
        ),
        UnknownReason::NotAllLookedAt { reference, looked_at, unseen } => Telling::new(
            format!(
                "none of the {looked_at} newest versions of {} may be taken, and {unseen} more were \
                 not looked at",
                reference.familiar()
            ),
            "leave out those that are none with the label docker-auto.tag.include or \
             docker-auto.tag.exclude",
        ),
    }
}

fn up_to_date(reference: &ImageRef, how: &Match, versions: &Versions) -> String {
    let version = versions.running.as_ref().filter(|version| reference.tag() != Some(version));
    let version = version.map(|version| format!(" ({version})")).unwrap_or_default();
    let name = format!("{}{version}", reference.familiar());
    match how {
        Match::Digest(digest) => {
            format!("{name} is {} in its registry, which runs", digest.short())
        }
        Match::Content(digest) => {
            format!(
                "{name} is {} in its registry, with the content that runs already",
                digest.short()
            )
        }
        Match::LocalName => format!("{name} still names the local image that runs"),
    }
}
