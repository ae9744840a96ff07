//! The commands by which people decide, and learn why.

use argh::FromArgs;

use crate::core::text::Language;
use crate::core::value;

/// Lets the image that a container could run now, as `docker-auto why` names it, do so at docker-auto's
/// own next time, whatever its mode. The word is for this image alone, and takes back reject, skip and
/// snooze of it; what was said of others, such as a newer one that is left out, `forget` takes back.
#[derive(Debug, FromArgs)]
#[argh(subcommand, name = "approve")]
pub struct Approve {
    /// the container
    #[argh(positional)]
    pub name: String,
    /// update it at once
    #[argh(switch)]
    pub now: bool,
    /// print JSON
    #[argh(switch)]
    pub json: bool,
}

/// Has the image that a container could run now count as if it had failed there, until there is another
/// one.
#[derive(Debug, FromArgs)]
#[argh(subcommand, name = "reject")]
pub struct Reject {
    /// the container
    #[argh(positional)]
    pub name: String,
    /// print JSON
    #[argh(switch)]
    pub json: bool,
}

/// Leaves the image that a container could run now out; the next one is another matter.
#[derive(Debug, FromArgs)]
#[argh(subcommand, name = "skip")]
pub struct Skip {
    /// the container
    #[argh(positional)]
    pub name: String,
    /// print JSON
    #[argh(switch)]
    pub json: bool,
}

/// Puts the image that a container could run now off.
#[derive(Debug, FromArgs)]
#[argh(subcommand, name = "snooze")]
pub struct Snooze {
    /// the container
    #[argh(positional)]
    pub name: String,
    /// a duration such as 7d, a date such as 2026-12-31 (its first moment in TZ), or a moment such as
    /// 2026-12-31T18:00:00Z
    #[argh(positional)]
    pub until: String,
    /// print JSON
    #[argh(switch)]
    pub json: bool,
}

/// Takes back what was said of images in a container's place: approve, reject, skip and snooze.
#[derive(Debug, FromArgs)]
#[argh(subcommand, name = "forget")]
pub struct Forget {
    /// the container
    #[argh(positional)]
    pub name: String,
    /// print JSON
    #[argh(switch)]
    pub json: bool,
}

/// Holds all updates of a container, a group or everything until it is resumed; without any, shows
/// what is paused.
#[derive(Debug, FromArgs)]
#[argh(subcommand, name = "pause")]
pub struct Pause {
    /// the container
    #[argh(positional)]
    pub name: Option<String>,
    /// all containers whose label docker-auto.group is this
    #[argh(option)]
    pub group: Option<String>,
    /// everything
    #[argh(switch)]
    pub all: bool,
    /// print JSON
    #[argh(switch)]
    pub json: bool,
}

/// Ends a pause.
#[derive(Debug, FromArgs)]
#[argh(subcommand, name = "resume")]
pub struct Resume {
    /// the container
    #[argh(positional)]
    pub name: Option<String>,
    /// all containers whose label docker-auto.group is this
    #[argh(option)]
    pub group: Option<String>,
    /// everything
    #[argh(switch)]
    pub all: bool,
    /// print JSON
    #[argh(switch)]
    pub json: bool,
}

/// Explains how a container is judged: every question that is asked, its answer and where that comes
/// from, when it lifts, and what to do.
#[derive(Debug, FromArgs)]
#[argh(subcommand, name = "why")]
pub struct Why {
    /// the container
    #[argh(positional)]
    pub name: String,
    /// print JSON
    #[argh(switch)]
    pub json: bool,
    /// en or zh; as configured where it is left out
    #[argh(option, from_str_fn(language))]
    pub language: Option<Language>,
}

fn language(text: &str) -> Result<Language, String> {
    value::choice(text, &Language::WORDS)
}

/// Stores rules: settings for the containers that they match, above the configuration and below labels.
#[derive(Debug, FromArgs)]
#[argh(subcommand, name = "policy")]
pub struct Policy {
    /// what to do
    #[argh(subcommand)]
    pub command: PolicyCommand,
}

/// What to do with rules.
#[derive(Debug, FromArgs)]
#[argh(subcommand)]
pub enum PolicyCommand {
    /// Lists them.
    List(PolicyList),
    /// Stores one.
    Set(PolicySet),
    /// Removes one.
    Remove(PolicyRemove),
}

/// Lists the rules in the order in which they are laid over one another.
#[derive(Debug, FromArgs)]
#[argh(subcommand, name = "list")]
pub struct PolicyList {
    /// print JSON
    #[argh(switch)]
    pub json: bool,
}

/// Stores a rule in place of the one of its name.
#[derive(Debug, FromArgs)]
#[argh(subcommand, name = "set")]
pub struct PolicySet {
    /// its name
    #[argh(positional)]
    pub name: String,
    /// JSON, such as '{{"match": {{"name": "web-*"}}, "set": {{"mode": "approve"}}, "priority": 1}}'; to
    /// match there are name, image, project, host and label; settings are labels without docker-auto.
    #[argh(positional)]
    pub rule: String,
    /// print JSON
    #[argh(switch)]
    pub json: bool,
}

/// Removes a rule.
#[derive(Debug, FromArgs)]
#[argh(subcommand, name = "remove")]
pub struct PolicyRemove {
    /// its name
    #[argh(positional)]
    pub name: String,
    /// print JSON
    #[argh(switch)]
    pub json: bool,
}
