//! Commands that run inside a container around its update: what its labels ask for, how they ended.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::core::compose::Labels;
use crate::core::duration;
use crate::core::plan::seconds;

/// The label of the command before a check.
pub const PRE_CHECK: &str = "docker-auto.hook.pre-check";
/// The label of the command after a check.
pub const POST_CHECK: &str = "docker-auto.hook.post-check";
/// The label of the command before the stop.
pub const PRE_UPDATE: &str = "docker-auto.hook.pre-update";
/// The label of the command after the proof.
pub const POST_UPDATE: &str = "docker-auto.hook.post-update";
/// The label of the user who runs them.
pub const USER: &str = "docker-auto.hook.user";
/// The label of the time that each may take.
pub const TIMEOUT: &str = "docker-auto.hook.timeout";

const DEFAULT_TIMEOUT: Duration = Duration::from_mins(1);
/// `EX_TEMPFAIL`: not now.
const POSTPONE: i64 = 75;
/// What of the last line of an output is told.
const LINE_BYTES: usize = 200;

/// When a hook runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Moment {
    /// Before `serve` checks.
    PreCheck,
    /// In the old container, before anything is stopped.
    PreUpdate,
    /// In the new one, once it is proven.
    PostUpdate,
    /// After a check of `serve`, and the updates that follow it.
    PostCheck,
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::PreCheck => "pre-check",
            Self::PreUpdate => "pre-update",
            Self::PostUpdate => "post-update",
            Self::PostCheck => "post-check",
        })
    }
}

/// One command to be run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hook {
    /// The command and its arguments; no shell is added.
    pub command: Vec<String>,
    /// Who runs it, if not the container's own user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// How long it may take.
    #[serde(with = "seconds")]
    pub timeout: Duration,
}

/// The commands that a container asks for around its update.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hooks {
    /// See [`Moment::PreUpdate`].
    pub pre_update: Option<Hook>,
    /// See [`Moment::PostUpdate`].
    pub post_update: Option<Hook>,
}

impl Hook {
    /// Returns what labels ask for at a moment; what cannot be read is a problem told elsewhere.
    pub fn of(labels: &Labels, moment: Moment) -> Option<Self> {
        let label = match moment {
            Moment::PreCheck => PRE_CHECK,
            Moment::PreUpdate => PRE_UPDATE,
            Moment::PostUpdate => POST_UPDATE,
            Moment::PostCheck => POST_CHECK,
        };
        let own_timeout = labels.get(TIMEOUT).and_then(|text| timeout(text).ok());
        Some(Self {
            command: command(labels.get(label)?).ok()?,
            user: labels.get(USER).and_then(|text| user(text).ok()).map(str::to_owned),
            timeout: own_timeout.unwrap_or(DEFAULT_TIMEOUT),
        })
    }
}

impl Hooks {
    /// Returns what labels ask for around an update.
    pub fn of(labels: &Labels) -> Self {
        let hook = |moment| Hook::of(labels, moment);
        Self { pre_update: hook(Moment::PreUpdate), post_update: hook(Moment::PostUpdate) }
    }
}

/// Reads a command: a JSON array is run as it is, any other text by the container's shell.
pub fn command(text: &str) -> Result<Vec<String>, String> {
    const CURE: &str = "write a shell command, or a JSON array such as [\"/bin/backup\", \"now\"]";
    let text = text.trim();
    if text.is_empty() {
        return Err(CURE.to_owned());
    }
    match serde_json::from_str::<Value>(text) {
        Ok(Value::Array(_)) => {}
        // No shell command begins so, it is an array with a mistake in it.
        Err(error) if text.starts_with("[\"") => return Err(format!("{CURE} ({error})")),
        _ => return Ok(["sh", "-c", text].map(str::to_owned).into()),
    }
    let words = serde_json::from_str::<Vec<String>>(text).unwrap_or_default();
    let named = words.first().is_some_and(|program| !program.is_empty());
    if named { Ok(words) } else { Err(CURE.to_owned()) }
}

/// Reads a user.
pub fn user(text: &str) -> Result<&str, String> {
    let text = text.trim();
    let plain = !text.is_empty() && !text.contains(char::is_whitespace);
    plain.then_some(text).ok_or_else(|| "write a user, UID, user:group or UID:GID".to_owned())
}

/// Reads a time limit.
pub fn timeout(text: &str) -> Result<Duration, String> {
    duration::at_least(text, Duration::from_secs(1)).map_err(|error| error.to_string())
}

/// What became of a command.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Execution {
    /// How it ended.
    #[serde(flatten)]
    pub end: End,
    /// The beginning and the end of what it wrote.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
}

/// How a command ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "end", rename_all = "snake_case")]
pub enum End {
    /// By itself.
    Exited {
        /// Its exit code.
        exit_code: i64,
    },
    /// It took too long.
    TimedOut {
        /// How long it was waited for.
        #[serde(with = "seconds")]
        after: Duration,
        /// What became of its processes.
        processes: Processes,
    },
    /// The engine would not run it.
    Refused {
        /// Why.
        reason: String,
    },
}

/// What became of the processes of a command that took too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Processes {
    /// They were killed.
    Killed,
    /// They go on in the container: there is no shell, or no right, to kill them with.
    Left,
}

impl Execution {
    /// Returns what is wrong with how it ended; `None` if it ended well.
    pub fn problem(&self) -> Option<String> {
        match &self.end {
            End::Exited { exit_code: 0 } => None,
            End::Exited { exit_code } => {
                let line = self.last_line().map(|line| format!(": {line}"));
                Some(format!("ended with exit code {exit_code}{}", line.unwrap_or_default()))
            }
            End::TimedOut { after, processes } => Some(format!(
                "did not end within {} and {}",
                duration::print(*after),
                match processes {
                    Processes::Killed => "was killed",
                    Processes::Left => "may go on in the container, where it cannot be killed",
                }
            )),
            End::Refused { reason } => Some(format!("could not be run: {reason}")),
        }
    }

    /// Returns what the end of a pre-update hook has against the update.
    pub fn objection(&self) -> Option<String> {
        match self.end {
            End::Exited { exit_code: POSTPONE } => {
                Some(format!("postponed by its hook (pre-update ended with exit code {POSTPONE})"))
            }
            _ => self.problem().map(|problem| format!("its pre-update hook {problem}")),
        }
    }

    fn last_line(&self) -> Option<&str> {
        let line = self.text.lines().map(str::trim).rfind(|line| !line.is_empty())?;
        Some(&line[..line.floor_char_boundary(LINE_BYTES)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_read() {
        for (text, expected) in [
            ("pg_dump > /dump", &["sh", "-c", "pg_dump > /dump"][..]),
            (r#"["/bin/backup", "a b"]"#, &["/bin/backup", "a b"]),
            ("  exit 75 ", &["sh", "-c", "exit 75"]),
            ("[ ! -e /busy ] || exit 75", &["sh", "-c", "[ ! -e /busy ] || exit 75"]),
            ("true", &["sh", "-c", "true"]),
            ("1", &["sh", "-c", "1"]),
        ] {
            assert_eq!(command(text).unwrap(), expected, "{text}");
        }
        for text in ["", " ", "[]", "[1]", r#"[""]"#, r#"["a", 1]"#, r#"["a", "b""#] {
            let cure = command(text).unwrap_err();
            assert!(cure.contains("JSON array such as"), "{text}: {cure}");
        }
    }

    #[test]
    fn labels_make_hooks() {
        let labels = |pairs: &[(&str, &str)]| {
            let owned = pairs.iter().map(|(name, value)| ((*name).into(), (*value).into()));
            owned.collect::<Labels>()
        };
        assert_eq!(Hooks::of(&labels(&[(USER, "root"), (PRE_UPDATE, "[]")])), Hooks::default());
        let hooks = Hooks::of(&labels(&[(PRE_UPDATE, "x"), (POST_UPDATE, "[\"y\"]")]));
        let shell = ["sh", "-c", "x"].map(str::to_owned).into();
        let plain = |command| Hook { command, user: None, timeout: DEFAULT_TIMEOUT };
        assert_eq!(hooks.pre_update, Some(plain(shell)));
        assert_eq!(hooks.post_update, Some(plain(vec!["y".to_owned()])));
        let hooks = Hooks::of(&labels(&[(POST_UPDATE, "x"), (USER, "1:2"), (TIMEOUT, "1h")]));
        let hook = hooks.post_update.unwrap();
        assert_eq!((hook.user.as_deref(), hook.timeout.as_secs()), (Some("1:2"), 3600));
    }

    #[test]
    fn ends_are_told() {
        let after = Duration::from_secs(90);
        let exited = |exit_code| End::Exited { exit_code };
        for (end, text, objection) in [
            (exited(0), "fine", None),
            (
                exited(75),
                "busy",
                Some("postponed by its hook (pre-update ended with exit code 75)"),
            ),
            (exited(2), "", Some("its pre-update hook ended with exit code 2")),
            (
                exited(2),
                "a\nno room\n\n",
                Some("its pre-update hook ended with exit code 2: no room"),
            ),
            (
                End::TimedOut { after, processes: Processes::Killed },
                "",
                Some("its pre-update hook did not end within 1m30s and was killed"),
            ),
            (
                End::Refused { reason: "no sh".into() },
                "",
                Some("its pre-update hook could not be run: no sh"),
            ),
        ] {
            let execution = Execution { end, text: text.to_owned() };
            assert_eq!(execution.objection().as_deref(), objection);
            assert_eq!(execution.problem().is_some(), objection.is_some());
            let json = serde_json::to_string(&execution).unwrap();
            assert_eq!(serde_json::from_str::<Execution>(&json).unwrap(), execution, "{json}");
        }
    }
}
