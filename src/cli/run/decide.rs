//! Runs the commands by which people decide, and learn why.

use serde_json::json;

use crate::cli::arguments::decide::{
    Approve, Forget, Pause, Policy, PolicyCommand, PolicySet, Reject, Resume, Skip, Snooze, Why,
};
use crate::cli::arguments::{Command, Update};
use crate::cli::backend::{Backend, decide::Spoken};
use crate::cli::run::{CommandError, Manner, print, print_json, update};
use crate::cli::show::why as show;
use crate::core::id::ContainerName;
use crate::core::rule::Rule;
use crate::core::text;
use crate::core::verdict::Paused;

const WHICH: &str = "name a container, or say --group or --all; one of them";

/// Carries one of these commands out; `None` where it is another one.
pub(super) async fn run(
    backend: &mut Backend,
    command: &Command,
    manner: Manner,
) -> Option<Result<u8, CommandError>> {
    Some(match command {
        Command::Approve(asked) => approve(backend, asked, manner).await,
        Command::Reject(Reject { name, json }) => {
            rule(backend, (name, Spoken::Reject, *json), manner).await
        }
        Command::Skip(Skip { name, json }) => {
            rule(backend, (name, Spoken::Skip, *json), manner).await
        }
        Command::Snooze(Snooze { name, until, json }) => {
            rule(backend, (name, Spoken::Snooze(until), *json), manner).await
        }
        Command::Forget(asked) => forget(backend, asked, manner).await,
        Command::Pause(asked) => pause(backend, asked, manner).await,
        Command::Resume(asked) => resume(backend, asked, manner).await,
        Command::Why(asked) => why(backend, asked, manner).await,
        Command::Policy(asked) => policy(backend, asked).await,
        _ => return None,
    })
}

/// Says what is wrong with a command before anything is opened for it.
pub(super) fn usable(command: &Command) -> Result<(), CommandError> {
    match command {
        Command::Pause(Pause { name: None, group: None, all: false, .. }) => Ok(()),
        Command::Pause(Pause { name, group, all, .. })
        | Command::Resume(Resume { name, group, all, .. }) => {
            paused(name.as_ref(), group.as_ref(), *all).map(drop)
        }
        Command::Policy(Policy { command: PolicyCommand::Set(asked) }) => read(asked).map(drop),
        _ => Ok(()),
    }
}

async fn approve(
    backend: &mut Backend,
    asked: &Approve,
    manner: Manner,
) -> Result<u8, CommandError> {
    let Approve { name, now, json } = asked;
    if !now {
        return rule(backend, (name, Spoken::Approve, *json), manner).await;
    }
    backend.rule(name, Spoken::Approve, manner.language).await?;
    let wanted = Update {
        names: vec![name.clone()],
        all: false,
        force: false,
        backup: false,
        dry_run: false,
        json: *json,
    };
    update(backend, &wanted, manner).await
}

async fn rule(
    backend: &mut Backend,
    (name, spoken, json): (&str, Spoken<'_>, bool),
    manner: Manner,
) -> Result<u8, CommandError> {
    let view = backend.rule(name, spoken, manner.language).await?;
    Ok(if json { print_json(&view) } else { print(&show::verdict(&view)) })
}

async fn forget(backend: &mut Backend, asked: &Forget, manner: Manner) -> Result<u8, CommandError> {
    let view = backend.forget(&asked.name).await?;
    let line = show::forgotten(&view, manner.language);
    Ok(if asked.json { print_json(&view) } else { print(&line) })
}

async fn pause(backend: &mut Backend, asked: &Pause, manner: Manner) -> Result<u8, CommandError> {
    let Pause { name, group, all, json } = asked;
    if name.is_none() && group.is_none() && !all {
        let views = backend.pauses(manner.language).await?;
        let lines = show::pauses(&views, manner.language);
        return Ok(if *json { print_json(&views) } else { print(&lines) });
    }
    let paused = paused(name.as_ref(), group.as_ref(), *all)?;
    let view = backend.pause(paused, manner.language).await?;
    let line = show::pauses(std::slice::from_ref(&view), manner.language);
    Ok(if *json { print_json(&view) } else { print(&line) })
}

async fn resume(backend: &mut Backend, asked: &Resume, manner: Manner) -> Result<u8, CommandError> {
    let Resume { name, group, all, json } = asked;
    let paused = paused(name.as_ref(), group.as_ref(), *all)?;
    let (of, name) = paused.parts();
    let said = json!({"of": of, "name": Some(name).filter(|name| !name.is_empty())});
    let line = text::of_resumed(&paused, manner.language);
    backend.resume(paused).await?;
    Ok(if *json { print_json(&said) } else { print(&format!("{line}\n")) })
}

fn paused(
    name: Option<&String>,
    group: Option<&String>,
    all: bool,
) -> Result<Paused, CommandError> {
    match (name, group, all) {
        (Some(name), None, false) => Ok(Paused::Container(ContainerName::from_engine(name))),
        (None, Some(group), false) => Ok(Paused::Group(group.clone())),
        (None, None, true) => Ok(Paused::Everything),
        _ => Err(CommandError::Usage(WHICH)),
    }
}

async fn why(backend: &mut Backend, asked: &Why, manner: Manner) -> Result<u8, CommandError> {
    let language = asked.language.unwrap_or(manner.language);
    let view = backend.why(&asked.name, language).await?;
    Ok(if asked.json { print_json(&view) } else { print(&show::why(&view, language)) })
}

async fn policy(backend: &mut Backend, asked: &Policy) -> Result<u8, CommandError> {
    match &asked.command {
        PolicyCommand::List(asked) => {
            let rules = backend.rules().await?;
            Ok(if asked.json { print_json(&rules) } else { print(&show::rules(&rules)) })
        }
        PolicyCommand::Set(asked) => {
            let rule = backend.put_rule(read(asked)?).await?;
            let rules = std::slice::from_ref(&rule);
            Ok(if asked.json { print_json(&rule) } else { print(&show::rules(rules)) })
        }
        PolicyCommand::Remove(asked) => {
            backend.remove_rule(&asked.name).await?;
            let said = json!({"removed": asked.name});
            let line = format!("removed: {}\n", asked.name);
            Ok(if asked.json { print_json(&said) } else { print(&line) })
        }
    }
}

/// Reads a rule from the command line; what is wrong with it is told as a server would tell it.
fn read(asked: &PolicySet) -> Result<Rule, CommandError> {
    let bad = |problem: String| CommandError::BadRule { name: asked.name.clone(), problem };
    let rule: Rule = serde_json::from_str(&asked.rule).map_err(|error| bad(error.to_string()))?;
    let rule = Rule { name: asked.name.clone(), ..rule };
    rule.problem().map_or(Ok(rule), |problem| Err(bad(problem.to_string())))
}
