//! What people decided, causes and questions, in English.

use crate::core::decision::{Asked, Cause, Lifts, Question};
use crate::core::verdict::{Paused, Said, Word};
use crate::core::version::{Passed, PassedOver};

use crate::core::text::{is_consent, moment};

pub(super) fn person(said: &Said) -> String {
    format!("{} at {}", said.by, moment(said.at))
}

pub(in crate::core::text) fn paused(paused: &Paused) -> String {
    match paused {
        Paused::Everything => "everything".to_owned(),
        Paused::Group(name) => format!("the group {name}"),
        Paused::Container(name) => format!("the container {name}"),
    }
}

pub(in crate::core::text) fn word(word: &Word) -> String {
    match word {
        Word::Approved => "approved; it runs at the next check or update schedule".to_owned(),
        Word::Skipped => "left out; another image is another matter".to_owned(),
        Word::Rejected => {
            "rejected, as if it had failed; another image is another matter".to_owned()
        }
        Word::Snoozed { until } => format!("put off until {}", moment(*until)),
    }
}

pub(in crate::core::text) fn cause(cause: &Cause<'_>) -> String {
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

pub(in crate::core::text) fn lifts(lifts: Lifts) -> String {
    match lifts {
        Lifts::At(at) => format!("at {}", moment(at)),
        Lifts::NextCheck => "at the next check, if it is better then".to_owned(),
        Lifts::OtherImage => "when there is another image".to_owned(),
        Lifts::ByPerson => "when a person says so".to_owned(),
        Lifts::WhenChanged => "when the container or that setting is changed".to_owned(),
        Lifts::Nothing => "nothing holds it".to_owned(),
    }
}

pub(in crate::core::text) fn question(question: Question) -> &'static str {
    match question {
        Question::Name => "is its name its own?",
        Question::Manager => "does nobody else manage it?",
        Question::Role => "can docker-auto do without it for a moment?",
        Question::Scope => "is it this instance's matter?",
        Question::Selection => "do labels and lists select it?",
        Question::Looking => "is it looked at?",
        Question::State => "is its state one to update in?",
        Question::Reference => "which reference does it follow?",
        Question::Tag => "is its tag one that moves?",
        Question::Engine => "does the engine say what runs?",
        Question::Versions => "which newer version is there?",
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
        Question::Schedule => "has its schedule come?",
        Question::Cooldown => "is that image old enough?",
        Question::Blackout => "is it no blackout date?",
        Question::Window => "is it within its window?",
    }
}

pub(in crate::core::text) fn passed_over(passed: &Passed) -> String {
    let tag = &passed.tag;
    match passed.why {
        PassedOver::NoPlatform => format!("{tag} has no image for its platform"),
        PassedOver::NotAnImage => format!("{tag} is no container image"),
        PassedOver::CoolingDown { until } => {
            format!("{tag} is cooling down until {}", moment(until))
        }
        PassedOver::Snoozed { until } => format!("{tag} is put off until {}", moment(until)),
        PassedOver::Failed => format!("{tag} failed here"),
        PassedOver::Refused => format!("{tag} was refused"),
    }
}

fn version(asked: &Asked) -> String {
    let mut parts: Vec<_> = asked.passed.iter().map(passed_over).collect();
    match &asked.found {
        Some(found) if parts.is_empty() => parts.push(found.clone()),
        Some(found) => parts.push(format!("taking {found}")),
        None => parts.push("none".to_owned()),
    }
    parts.join("; ")
}

pub(in crate::core::text) fn answer(asked: &Asked) -> String {
    let word = match (asked.ended, &asked.found) {
        (None, _) if asked.question == Question::Versions => version(asked),
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
