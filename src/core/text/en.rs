//! Reasons in English.

use crate::core::candidate::Candidate;
use crate::core::comparison::{LocalEvidence, Match};
use crate::core::decision::{
    Asked, Cause, Decision, HoldReason, Lifts, Question, Role, SkipReason, UnknownReason,
};
use crate::core::duration;
use crate::core::policy::{LabelSelector, Origin, Unselected};
use crate::core::reference::ImageRef;
use crate::core::remote::RemoteFailure;
use crate::core::verdict::{Paused, Said, Word};

use super::{Telling, is_consent, moment, named, short};

const BY_NAME: &str = "update it by its name with docker-auto update";
const SOONER: &str = "wait, or update it by its name with docker-auto update";
const FORCE: &str = "the label docker-auto.force=true";

pub(super) fn decision(decision: &Decision) -> Telling {
    match decision {
        Decision::UpToDate { reference, how } => Telling::plain(up_to_date(reference, how)),
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
    let Some((version, mirror)) = remote else {
        return format!("{name} names another image here now ({short})");
    };
    let version = if version.is_empty() { String::new() } else { format!(", version {version}") };
    let mirror = mirror.map(|mirror| format!(", as its mirror {mirror} says")).unwrap_or_default();
    format!("{name} has moved to {short} in its registry{version}{mirror}")
}

pub(super) fn hold(reason: &HoldReason) -> Telling {
    match reason {
        HoldReason::UpdatesNotEnabled(origin) => Telling::new(
            format!("updates are not enabled ({origin})"),
            format!(
                "set DOCKER_AUTO_UPDATE_ENABLED=true, give the container the label \
                 docker-auto.mode=auto, or {BY_NAME}"
            ),
        ),
        HoldReason::WatchMode(origin) => {
            Telling::new(format!("{origin} says that it is only watched"), BY_NAME)
        }
        HoldReason::AwaitingApproval(origin) => Telling::new(
            format!("{origin} asks for a person's word"),
            format!("approve it with docker-auto approve, or {BY_NAME}"),
        ),
        HoldReason::ComposeHeldBack { compose, origin } => Telling::new(
            format!("it belongs to the compose service {compose}, and {origin} holds those back"),
            format!(
                "set DOCKER_AUTO_UPDATE_ALLOW_COMPOSE=true, give the container the label \
                 docker-auto.mode=auto, or {BY_NAME}"
            ),
        ),
        HoldReason::RejectedBefore { at, why } => Telling::new(
            format!("this image failed here at {} ({why}) and is not tried again", moment(*at)),
            "wait for another one, or try it with docker-auto update --force",
        ),
        HoldReason::LabelUnclear(origin) => Telling::new(
            format!("{origin} cannot be understood and may have been meant to forbid it"),
            format!("correct it, or {BY_NAME}"),
        ),
        HoldReason::WaitingForSchedule { .. }
        | HoldReason::ScheduleNeverAllowed { .. }
        | HoldReason::OutsideWindow { .. }
        | HoldReason::Blackout { .. }
        | HoldReason::CoolingDown { .. } => hold_by_time(reason),
        HoldReason::Irreplaceable(obstacle) => Telling::sentence(&obstacle.to_string()),
        HoldReason::Skipped(_)
        | HoldReason::RejectedByPerson(_)
        | HoldReason::Snoozed { .. }
        | HoldReason::Paused { .. } => hold_by_person(reason),
    }
}

fn hold_by_time(reason: &HoldReason) -> Telling {
    match reason {
        HoldReason::WaitingForSchedule { schedule, origin } => {
            Telling::new(format!("{origin} has updates wait for {schedule:?}"), SOONER)
        }
        HoldReason::ScheduleNeverAllowed { schedule, origin } => Telling::new(
            format!(
                "{origin} has updates wait for {schedule:?}, and none of the next times lies in its \
                 window and on no blackout date"
            ),
            format!("change one of these settings, or {BY_NAME}"),
        ),
        HoldReason::OutsideWindow { windows, origin } => {
            Telling::new(format!("{origin} lets updates begin only in {windows:?}"), SOONER)
        }
        HoldReason::Blackout { dates, origin } => {
            Telling::new(format!("{origin} lets no update begin on {dates:?}"), SOONER)
        }
        HoldReason::CoolingDown { since, cooldown, origin } => Telling::new(
            format!(
                "{origin} asks for images that are {} old, and this one is there since {}",
                duration::print(*cooldown),
                moment(*since)
            ),
            "wait, or take it with docker-auto update --force",
        ),
        _ => Telling::default(),
    }
}

fn hold_by_person(reason: &HoldReason) -> Telling {
    let other = "wait for another one, or let it run with docker-auto approve";
    match reason {
        HoldReason::Skipped(said) => {
            Telling::new(format!("this image was left out by {}", person(said)), other)
        }
        HoldReason::RejectedByPerson(said) => {
            Telling::new(format!("this image was rejected by {}", person(said)), other)
        }
        HoldReason::Snoozed { said, .. } => Telling::new(
            format!("this image was put off by {}", person(said)),
            format!("let it run with docker-auto approve, or {BY_NAME}"),
        ),
        HoldReason::Paused { paused: what, said } => {
            let resume = match what {
                Paused::Everything => "--all".to_owned(),
                Paused::Group(name) => format!("--group {name}"),
                Paused::Container(name) => name.to_string(),
            };
            Telling::new(
                format!("{} was paused by {}", paused(what), person(said)),
                format!("docker-auto resume {resume}, or update it once with --force"),
            )
        }
        _ => Telling::default(),
    }
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
            let own = match own {
                Some(own) => format!("{own} makes it another instance's matter"),
                None => "it has no label docker-auto.scope".to_owned(),
            };
            Telling::new(
                format!("{own}, and {origin} has this one look only at {scope}"),
                "change one of them",
            )
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
        SkipReason::PinnedDigest(_)
        | SkipReason::DigestWithoutTag(_)
        | SkipReason::PinnedSemver { .. }
        | SkipReason::PinnedImageId(_)
        | SkipReason::TagNotFloating { .. }
        | SkipReason::BuiltLocally { .. } => skip_for_image(reason),
    }
}

fn skip_for_image(reason: &SkipReason) -> Telling {
    match reason {
        SkipReason::PinnedDigest(reference) => Telling::new(
            format!("its reference {} is pinned to a digest", short(reference)),
            format!("{FORCE} moves it to its tag's newest digest"),
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
            format!("use a tag that moves, or {FORCE}"),
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
    }
}

fn up_to_date(reference: &ImageRef, how: &Match) -> String {
    let name = reference.familiar();
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

fn person(said: &Said) -> String {
    format!("{} at {}", said.by, moment(said.at))
}

pub(super) fn paused(paused: &Paused) -> String {
    match paused {
        Paused::Everything => "everything".to_owned(),
        Paused::Group(name) => format!("the group {name}"),
        Paused::Container(name) => format!("the container {name}"),
    }
}

pub(super) fn word(word: &Word) -> String {
    match word {
        Word::Approved => "approved; it runs at the next check or update schedule".to_owned(),
        Word::Skipped => "left out; another image is another matter".to_owned(),
        Word::Rejected => {
            "rejected, as if it had failed; another image is another matter".to_owned()
        }
        Word::Snoozed { until } => format!("put off until {}", moment(*until)),
    }
}

pub(super) fn cause(cause: &Cause<'_>) -> String {
    match cause {
        Cause::Setting(origin) => origin.to_string(),
        Cause::Registry => "what the registry answered".to_owned(),
        Cause::Engine => "what the engine answered".to_owned(),
        Cause::Person(said) => format!("a person's word ({})", person(said)),
        Cause::Failure(at) => format!("an update that failed at {}", moment(*at)),
        Cause::Container => "the container itself".to_owned(),
        Cause::Ourselves => "docker-auto itself, which needs it".to_owned(),
    }
}

pub(super) fn lifts(lifts: Lifts) -> String {
    match lifts {
        Lifts::At(at) => format!("at {}", moment(at)),
        Lifts::NextCheck => "at the next check, if it is better then".to_owned(),
        Lifts::OtherImage => "when there is another image".to_owned(),
        Lifts::ByPerson => "when a person says so".to_owned(),
        Lifts::WhenChanged => "when the container or that setting is changed".to_owned(),
        Lifts::Nothing => "nothing holds it".to_owned(),
    }
}

pub(super) fn question(question: Question) -> &'static str {
    match question {
        Question::Name => "is its name its own?",
        Question::Manager => "does nobody else manage it?",
        Question::Role => "can docker-auto do without it for a moment?",
        Question::Selection => "do labels and lists select it?",
        Question::Looking => "is it looked at?",
        Question::State => "is its state one to update in?",
        Question::Reference => "which reference does it follow?",
        Question::Tag => "is its tag one that moves?",
        Question::Engine => "does the engine say what runs?",
        Question::Image => "is there another image?",
        Question::Failure => "did that image not fail here?",
        Question::Refusal => "did nobody refuse that image?",
        Question::Ourselves => "can docker-auto replace itself?",
        Question::Pause => "is nothing of it paused?",
        Question::Person => "did a person name it?",
        Question::Snooze => "did nobody put that image off?",
        Question::Approval => "did a person approve that image?",
        Question::Labels => "can its labels be understood?",
        Question::Mode => "does its mode let it update?",
        Question::Compose => "may compose's containers be updated?",
        Question::Updates => "are updates enabled?",
        Question::Schedule => "is it the schedule's time?",
        Question::Age => "is that image old enough?",
        Question::Calendar => "is a window open, and the date no blackout?",
        Question::Scope => "is it this instance's matter?",
    }
}

pub(super) fn answer(asked: &Asked) -> String {
    let word = match (asked.ended, &asked.found) {
        (Some(code), _) => format!("no: {code}"),
        (None, Some(found)) if is_consent(asked.question) => format!("yes: {found}"),
        (None, Some(found)) => found.clone(),
        (None, None) => "yes".to_owned(),
    };
    match &asked.origin {
        Some(origin) => format!("{word} ({origin})"),
        None => word,
    }
}
