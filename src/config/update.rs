//! The updates: whether, when, and how many at once.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::config::scan::schedule;
use crate::config::variable::{Kind, Secrecy, Variable, rule, set};
use crate::config::{Config, ConfigProblem};
use crate::core::policy::{Origin, Sourced, Updates};
use crate::core::window::{Blackouts, Schedule, Windows};

/// How containers are updated.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct UpdateConfig {
    /// Whether they are, by themselves; [`crate::core::policy::Rules::updates`] says what follows.
    pub enabled: bool,
    /// The times at which they are.
    pub schedule: Option<Schedule>,
    /// Whether the old container is removed, or kept beside the new one.
    pub remove_old: bool,
    /// How many previous images of a container are kept for its way back.
    pub keep_images: u32,
    /// How many components there are at once on a host.
    pub concurrency: u32,
}

pub(super) const VARIABLES: [Variable; 11] = [
    Variable {
        key: "update.enabled",
        name: "DOCKER_AUTO_UPDATE_ENABLED",
        aliases: &["WATCH_UPDATE_ENABLED", "UPDATE_ENABLED"],
        kind: Kind::Switch,
        default: "false",
        doc: "Updates containers by itself, as soon as a check finds something newer.",
        secrecy: Secrecy::Open,
        set: |config, given| set(&mut config.update.enabled, given.switch()),
    },
    Variable {
        key: "update.cron",
        name: "DOCKER_AUTO_UPDATE_CRON",
        aliases: &["WATCH_UPDATE_CRON", "UPDATE_CRON"],
        kind: Kind::Cron,
        default: "",
        doc: "Updates containers by itself at these times, after a check.",
        secrecy: Secrecy::Open,
        set: |config, given| {
            let schedule = schedule(config, &given)?;
            // As for a container's own: with each update comes a check.
            if schedule.is_faster_than_a_minute() {
                return Err("updates may be a minute apart at least; write one second".to_owned());
            }
            set(&mut config.update.schedule, Ok(Some(schedule)))
        },
    },
    Variable {
        key: "update.window",
        name: "DOCKER_AUTO_UPDATE_WINDOW",
        aliases: &[],
        kind: Kind::Text("`DAYS TIMES ZONE`, several with `;` between them, `always`"),
        default: "",
        doc: "When updates may begin, such as `Mon-Fri 22:00-06:00; Sat,Sun Europe/Berlin`.",
        secrecy: Secrecy::Open,
        set: |config, given| {
            let value = Windows::parse(given.text)?;
            set(&mut config.policy.window, Ok(Some(Sourced { value, origin: given.origin })))
        },
    },
    Variable {
        key: "update.blackout",
        name: "DOCKER_AUTO_UPDATE_BLACKOUT",
        aliases: &[],
        kind: Kind::List("dates, `FIRST..LAST`"),
        default: "",
        doc: "Days on which no update begins, such as `2026-12-24..2026-12-26`, or every year \
              `12-24..01-02`.",
        secrecy: Secrecy::Open,
        set: |config, given| {
            let value = Blackouts::parse(given.text)?;
            set(&mut config.policy.blackout, Ok(Some(Sourced { value, origin: given.origin })))
        },
    },
    Variable {
        key: "update.cooldown",
        name: "DOCKER_AUTO_UPDATE_COOLDOWN",
        aliases: &[],
        kind: Kind::Duration,
        default: "0s",
        doc: "How old an image must be before it is taken, such as `7d`.",
        secrecy: Secrecy::Open,
        set: |config, given| {
            let value = given.duration(Duration::ZERO)?;
            set(&mut config.policy.cooldown, Ok(Sourced { value, origin: given.origin }))
        },
    },
    Variable {
        key: "update.allow_compose",
        name: "DOCKER_AUTO_UPDATE_ALLOW_COMPOSE",
        aliases: &["WATCH_UPDATE_ALLOW_COMPOSE", "UPDATE_ALLOW_COMPOSE"],
        kind: Kind::Switch,
        default: "false",
        doc: "Includes containers that Docker Compose made.",
        secrecy: Secrecy::Open,
        set: |config, given| {
            rule(config, |rules| &mut rules.allow_compose, given.switch(), given.origin)
        },
    },
    Variable {
        key: "update.strategy",
        name: "DOCKER_AUTO_UPDATE_STRATEGY",
        aliases: &["WATCH_UPDATE_STRATEGY", "UPDATE_STRATEGY"],
        kind: Kind::Words("`recreate`"),
        default: "recreate",
        doc: "How a container is replaced: a new one is made beside it, takes its place, and gives it back \
              if it is no good. There is no other way; another word is refused.",
        secrecy: Secrecy::Open,
        set: |_, given| {
            let cure = "write recreate, which is the only one";
            given.text.eq_ignore_ascii_case("recreate").then_some(()).ok_or_else(|| cure.to_owned())
        },
    },
    Variable {
        key: "update.remove_old",
        name: "DOCKER_AUTO_UPDATE_REMOVE_OLD",
        aliases: &["WATCH_UPDATE_REMOVE_OLD", "UPDATE_REMOVE_OLD"],
        kind: Kind::Switch,
        default: "true",
        doc: "Removes the old container after an update; `false` keeps it, stopped, unless compose \
              made it.",
        secrecy: Secrecy::Open,
        set: |config, given| set(&mut config.update.remove_old, given.switch()),
    },
    Variable {
        key: "update.keep_images",
        name: "DOCKER_AUTO_UPDATE_KEEP_IMAGES",
        aliases: &[],
        kind: Kind::Number,
        default: "1",
        doc: "How many previous images of a container are kept for a rollback; those that it ran \
              before are removed after an update, unless something else uses or names them.",
        secrecy: Secrecy::Open,
        set: |config, given| set(&mut config.update.keep_images, given.number(0..=1000)),
    },
    Variable {
        key: "update.stop_timeout",
        name: "DOCKER_AUTO_UPDATE_STOP_TIMEOUT",
        aliases: &[],
        kind: Kind::Duration,
        default: "",
        doc: "How long an old container may take to stop before it is killed; if not set the \
              container's own time, else the engine's.",
        secrecy: Secrecy::Open,
        set: |config, given| {
            let value = given.duration(Duration::ZERO)?;
            config.policy.stop_timeout = Some(Sourced { value, origin: given.origin });
            Ok(())
        },
    },
    Variable {
        key: "update.concurrency",
        name: "DOCKER_AUTO_UPDATE_CONCURRENCY",
        aliases: &["WATCH_UPDATE_CONCURRENCY", "UPDATE_CONCURRENCY"],
        kind: Kind::Number,
        default: "1",
        doc: "How many containers of a host are updated at once.",
        secrecy: Secrecy::Open,
        set: |config, given| set(&mut config.update.concurrency, given.number(1..=64)),
    },
];

/// Says whether a setting is one of ours, and not another tool's.
fn is_ours(setting: &Origin) -> bool {
    match setting {
        Origin::Variable(name) => VARIABLES.iter().any(|variable| variable.is_called(name)),
        _ => true,
    }
}

/// Settles when containers are updated. Either setting is consent enough; an explicit `false`
/// stands above a schedule, since nothing may be changed against a person's word.
pub(super) fn settle(
    config: &mut Config,
    given: &BTreeMap<&'static str, Origin>,
) -> Vec<ConfigProblem> {
    let mut problems = Vec::new();
    let origin = |key| given.get(key).cloned().unwrap_or(Origin::Default);
    let update = &config.update;
    let (cron, refusal) = (given.get("update.cron"), given.get("update.enabled"));
    // Ours stand above theirs: a schedule of ours is consent enough beside another tool's refusal.
    let overruled = cron.filter(|cron| is_ours(cron)).zip(refusal.filter(|it| !is_ours(it)));
    if let (Some(_), false, Some((cron, refusal))) = (&update.schedule, update.enabled, overruled) {
        let why = format!("{cron} is set as well and stands above it");
        problems.push(ConfigProblem::Ignored { setting: refusal.clone(), why });
    }
    let refusal = refusal.filter(|_| overruled.is_none());
    let updates = match (&update.schedule, update.enabled, refusal) {
        (Some(_), false, Some(refusal)) => {
            let setting = origin("update.cron");
            let why = format!("{refusal} turns updates off");
            problems.push(ConfigProblem::Ignored { setting, why });
            Sourced { value: Updates::Never, origin: origin("update.enabled") }
        }
        (Some(schedule), _, _) => {
            Sourced { value: Updates::At(schedule.clone()), origin: origin("update.cron") }
        }
        (None, true, _) => Sourced { value: Updates::AtCheck, origin: origin("update.enabled") },
        (None, false, _) => Sourced { value: Updates::Never, origin: origin("update.enabled") },
    };
    let rules = Arc::make_mut(&mut config.policy.rules);
    rules.updates = updates;
    rules.time_zone = config.time_zone;
    problems
}
