//! What people decided: about one image on one container, and what they paused.

use serde::{Deserialize, Serialize};

use crate::core::candidate::{Candidate, Mark};
use crate::core::id::{ContainerName, Timestamp};

/// Who decides on the command line, as it is stored.
pub const COMMAND_LINE: &str = "the command line";

/// Who decided something, and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    /// Who.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// What a person said of an image that could run in a container's place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "word", rename_all = "snake_case")]
pub enum Word {
    /// It may run, at docker-auto's own time.
    Approved,
    /// It is left out.
    Skipped,
    /// It counts as if it had failed here.
    Rejected,
    /// Not before a certain time.
    Snoozed {
        /// That time.
        until: Timestamp,
    },
}

impl Word {
    /// Returns the stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Approved => "approved",
            Self::Skipped => "skipped",
            Self::Rejected => "rejected",
            Self::Snoozed { .. } => "snoozed",
        }
    }

    /// Says whether the word outlives the image's being the newest one: a tag may come back to it.
    fn outlives_news(&self) -> bool {
        matches!(self, Self::Skipped | Self::Rejected)
    }
}

/// A person's word on one image; another image is another matter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// The word.
    #[serde(flatten)]
    pub word: Word,
    /// The image.
    #[serde(flatten)]
    pub mark: Mark,
    /// Who said it, and when.
    #[serde(flatten)]
    pub said: Said,
}

impl Verdict {
    /// Says whether it is about a candidate.
    pub fn is_of(&self, candidate: &Candidate) -> bool {
        self.mark.is(candidate)
    }

    /// Says whether it means nothing any more, now that these are the images that could run, none
    /// where the newest one does.
    pub fn is_overtaken(&self, newest: &[Mark]) -> bool {
        let is_newest = newest.iter().any(|newest| newest.meets(&self.mark));
        !self.word.outlives_news() && !is_newest
    }
}

/// What is paused.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "of", content = "name", rename_all = "snake_case")]
pub enum Paused {
    /// Everything.
    Everything,
    /// The containers that name this group.
    Group(String),
    /// One container.
    Container(ContainerName),
}

impl Paused {
    /// Returns the kind's stable code and the name that belongs to it.
    pub fn parts(&self) -> (&'static str, &str) {
        match self {
            Self::Everything => ("everything", ""),
            Self::Group(name) => ("group", name),
            Self::Container(name) => ("container", name.as_str()),
        }
    }

    /// Returns what it is called on the command line.
    pub fn argument(&self) -> String {
        match self {
            Self::Everything => "--all".to_owned(),
            Self::Group(name) => format!("--group {name}"),
            Self::Container(name) => name.to_string(),
        }
    }

    /// Says whether a container is meant.
    pub fn holds(&self, name: &ContainerName, group: Option<&str>) -> bool {
        match self {
            Self::Everything => true,
            Self::Group(paused) => group == Some(paused),
            Self::Container(paused) => paused == name,
        }
    }
}

/// A pause: nothing of it is updated until a person resumes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pause {
    /// What is paused.
    #[serde(flatten)]
    pub paused: Paused,
    /// Who paused it, and when.
    #[serde(flatten)]
    pub said: Said,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_holds_what_it_names() {
        let group = Paused::Group("media".into());
        let container = Paused::Container(ContainerName::new("web"));
        for (paused, name, own, holds) in [
            (&Paused::Everything, "web", None, true),
            (&group, "web", Some("media"), true),
            (&group, "web", Some("other"), false),
            (&group, "media", None, false),
            (&container, "web", None, true),
            (&container, "db", Some("web"), false),
        ] {
            assert_eq!(paused.holds(&ContainerName::new(name), own), holds, "{paused:?} {name}");
        }
    }

    #[test]
    fn what_is_stored_reads_back() {
        let said = Said { by: COMMAND_LINE.into(), at: Timestamp::default() };
        for (paused, json) in [
            (Paused::Everything, r#"{"of":"everything","#),
            (Paused::Group("a".into()), r#"{"of":"group","name":"a","#),
        ] {
            let pause = Pause { paused, said: said.clone() };
            let text = serde_json::to_string(&pause).unwrap();
            assert!(text.starts_with(json), "{text}");
            assert_eq!(serde_json::from_str::<Pause>(&text).unwrap(), pause);
        }
    }
}
