//! The words that stories are written in.

use std::collections::BTreeMap;

use docker_auto::core::comparison::Identity;
use docker_auto::core::decision::{Request, Role};
use docker_auto::core::digest::Platform;
use docker_auto::core::id::{ContainerName, Timestamp};
use docker_auto::core::ourselves::Obstacle;
use docker_auto::core::remote::{FailureCode, RemoteFailure};
use docker_auto::core::rule::Rule;
use docker_auto::core::verdict::{Pause, Paused, Said, Word};

/// What a story writes can be read.
pub(super) const GOOD: &str = "a good story";

pub(super) fn pair(text: &str) -> (String, String) {
    let (name, value) = text.split_once('=').expect(GOOD);
    (name.to_owned(), value.to_owned())
}

/// Words by turns: a name and its value.
pub(super) fn fields(text: &str) -> BTreeMap<&str, &str> {
    let words: Vec<&str> = text.split(' ').filter(|word| !word.is_empty()).collect();
    words.chunks(2).map(|pair| (pair[0], pair[1])).collect()
}

pub(super) fn platform(text: &str) -> Platform {
    let parts: Vec<&str> = text.split('/').collect();
    Platform::new(parts[0], parts[1], parts.get(2).copied())
}

pub(super) fn failure(text: &str) -> RemoteFailure {
    let (code, text) = text.split_once(' ').expect(GOOD);
    let (until, message) = match text.strip_prefix("until ").and_then(|rest| rest.split_once(' ')) {
        Some((until, message)) => (Some(until.parse().expect(GOOD)), message),
        None => (None, text),
    };
    let code = FailureCode::ALL.into_iter().find(|known| known.as_str() == code).expect(GOOD);
    RemoteFailure { code, message: message.to_owned(), until }
}

pub(super) fn identity(word: &str) -> Identity {
    match word {
        "pulled" => Identity::Pulled,
        "built" => Identity::Built,
        _ => Identity::Unknown,
    }
}

pub(super) fn role(word: &str) -> Role {
    match word {
        "ourselves" => Role::Ourselves(None),
        "ourselves, auto-removed" => Role::Ourselves(Some(Obstacle::AutoRemove)),
        "ourselves, without a volume" => Role::Ourselves(Some(Obstacle::Data)),
        "ourselves, without the socket" => Role::Ourselves(Some(Obstacle::Access)),
        "ourselves, at its loopback" => Role::Ourselves(Some(Obstacle::Loopback)),
        "ourselves, unclear" => Role::Ourselves(Some(Obstacle::Unclear)),
        "ourselves, no server" => Role::Ourselves(Some(Obstacle::NoServer)),
        "network_parent" => Role::NetworkParent,
        "docker_access" => Role::DockerAccess,
        _ => Role::Ordinary,
    }
}

pub(super) fn request(word: &str) -> Request {
    match word {
        "schedule" => Request::Schedule,
        "everything" => Request::Everything,
        "named" => Request::Named,
        "forced" => Request::Forced,
        _ => Request::Check,
    }
}

pub(super) fn word_of(word: &str, until: Option<Timestamp>) -> Word {
    match (word, until) {
        ("approved", None) => Word::Approved,
        ("skipped", None) => Word::Skipped,
        ("rejected", None) => Word::Rejected,
        ("snoozed", Some(until)) => Word::Snoozed { until },
        _ => panic!("{word} means nothing"),
    }
}

/// `everything`, `group NAME` or `container NAME`.
pub(super) fn pause(text: &str) -> Pause {
    let paused = match text.split_once(' ') {
        Some(("group", name)) => Paused::Group(name.to_owned()),
        Some(("container", name)) => Paused::Container(ContainerName::new(name)),
        _ => Paused::Everything,
    };
    let at = "2026-05-03T08:00:00Z".parse().expect(GOOD);
    Pause { paused, said: Said { by: "alice".to_owned(), at } }
}

/// `NAME {…}`, a rule without problems.
pub(super) fn rule(text: &str) -> Rule {
    let (name, json) = text.split_once(' ').expect(GOOD);
    let rule: Rule = serde_json::from_str(json).expect(GOOD);
    let rule = Rule { name: name.to_owned(), ..rule };
    assert_eq!(rule.problem(), None, "{text}");
    rule
}
