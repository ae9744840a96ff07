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

pub(super) const VARIABLES: [Variable; 10] = [
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

/// Settles when containers are updated. Either setting is consent enough; an explicit `false`
/// stands above a schedule, since nothing may be changed against a person's word.
pub(super) fn settle(
    config: &mut Config,
    given: &BTreeMap<&'static str, String>,
) -> Vec<ConfigProblem> {
    let mut problems = Vec::new();
    let origin = |key| given.get(key).cloned().map_or(Origin::Default, Origin::Variable);
    let update = &config.update;
    let updates = match (&update.schedule, update.enabled, given.get("update.enabled")) {
        (Some(_), false, Some(refusal)) => {
            let variable = given.get("update.cron").cloned().unwrap_or_default();
            let why = format!("{refusal} turns updates off");
            problems.push(ConfigProblem::Ignored { variable, why });
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
