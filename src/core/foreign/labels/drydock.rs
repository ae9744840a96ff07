//! drydock's labels: WUD's, and more.

use crate::core::foreign::value::{milliseconds, needs};
use crate::core::foreign::watcher::{WEEK, days};
use crate::core::foreign::{Meaning, Understood, one};
use crate::core::value::{self, switch};

use super::wud::{
    AS_SET, COMPOSE, COMPOSE_FILE, DIGEST, EXCLUDED, INCLUDE, INCLUDED, MODE, SHOWN, WATCH,
};
use super::wud::{digest, exclude, include, transform, watch};
use super::wud::{triggers_excluded, triggers_included};
use super::{ForeignLabel, Scene, UNKNOWN, already, lenient, nothing, strict};

pub(super) const LABELS: [ForeignLabel; 38] = [
    strict("dd.watch", WATCH, watch),
    lenient("dd.watch.digest", DIGEST, digest),
    strict("dd.tag.include", INCLUDE, include),
    strict("dd.tag.exclude", "`docker-auto.tag.exclude`", exclude),
    strict("dd.tag.transform", "`docker-auto.tag.transform`", transform),
    lenient("dd.tag.family", "`strict` holds anyway", |text, _| match text.trim() {
        "strict" => Ok(Meaning::Already("a tag is only followed within its family")),
        _ => Ok(Meaning::Nothing("a tag is only followed within its family")),
    }),
    lenient("dd.group", "`docker-auto.group`", |text, _| one("docker-auto.group", text.trim())),
    strict(MATURITY, "`mature`: `docker-auto.cooldown`", maturity),
    strict(AGE, "`docker-auto.cooldown`, unless the mode is `all`", age),
    strict("dd.updatePolicy.skipTags", "`docker-auto.tag.exclude`", |text, _| {
        let tags: Vec<String> = value::list(text).map(regex::escape).collect();
        one("docker-auto.tag.exclude", format!("^(?:{})$", tags.join("|")))
    }),
    strict(
        "dd.updatePolicy.skipDigests",
        "`docker-auto.mode=watch`: remove it, and skip one with `docker-auto skip NAME`",
        |text, _| if text.trim().is_empty() { Ok(AS_SET) } else { one(MODE, "watch") },
    ),
    already(
        "dd.update.mode",
        "nothing: what we reach the engine through is left alone",
        "the way to the engine is recognised, and left alone",
    ),
    lenient("dd.rollback.auto", "`true` holds anyway; `false` cannot be had", |text, _| {
        Ok(if switch(text)? {
            Meaning::Already("what fails is always rolled back")
        } else {
            Meaning::Nothing("what fails is always rolled back")
        })
    }),
    lenient("dd.rollback.window", "`docker-auto.health.soak`, in milliseconds", |text, _| {
        one("docker-auto.health.soak", milliseconds(text)?)
    }),
    already("dd.rollback.interval", "nothing", "a container's health is watched all the time"),
    lenient("dd.depends_on", "`docker-auto.depends-on`", |text, scene| {
        let restart = scene.labels.get("dd.depends_on.action").is_some_and(|it| it == "restart");
        let names =
            if restart { needs(text) } else { value::list(text).collect::<Vec<_>>().join(",") };
        one("docker-auto.depends-on", names)
    }),
    already(
        "dd.depends_on.action",
        "`restart`: each of those names with `:restart`",
        "dd.depends_on takes it along",
    ),
    strict("dd.hook.pre", ABORTS, pre_hook),
    nothing("dd.hook.*", HOOK, IN_DRYDOCK),
    nothing("dd.display.*", "nothing", SHOWN),
    nothing("dd.link.template", "nothing", SHOWN),
    already("dd.compose.file", COMPOSE, COMPOSE_FILE),
    strict("dd.action.include", INCLUDED, triggers_included),
    strict("dd.action.exclude", EXCLUDED, triggers_excluded),
    strict("dd.trigger.include", INCLUDED, triggers_included),
    strict("dd.trigger.exclude", EXCLUDED, triggers_excluded),
    strict("dd.action.auto", "`docker-auto.mode=watch`, unless it is `true`", |text, _| {
        let all = text.trim().eq_ignore_ascii_case("all") || switch(text) == Ok(true);
        if all { Ok(AS_SET) } else { one(MODE, "watch") }
    }),
    nothing("dd.action.*", MEANT, BY_MODE),
    nothing("dd.notification.*", MEANT, BY_MODE),
    strict(
        "dd.security.gate",
        "`docker-auto.mode=watch`, unless it is `off`: images are not scanned here",
        |text, _| match text.trim() {
            "off" => Ok(Meaning::Already("images are not scanned")),
            _ => one(MODE, "watch"),
        },
    ),
    nothing("dd.tag.pin.info", "nothing", SHOWN),
    nothing("dd.inspect.tag.*", "nothing: the tag alone is compared", "the tag alone is compared"),
    nothing("dd.registry.lookup.*", LOOKUP, "the registry of the container's own image is asked"),
    nothing("dd.port.label", "nothing", SHOWN),
    nothing("dd.source.repo", "nothing", SHOWN),
    already(
        "dd.webhook.enabled",
        "nothing: there are no webhooks",
        "there are no webhooks that could ask for updates",
    ),
    already(
        "dd.runtime.*",
        "nothing: what the image gave and what its user wrote is told apart anyway",
        "what the image gave and what its user wrote is told apart anyway",
    ),
    nothing("dd.*", "nothing", UNKNOWN),
];

const BY_MODE: &str = "docker-auto.mode says what is done";
const MEANT: &str = "nothing: `docker-auto.mode` says what is done";
const LOOKUP: &str = "nothing: the registry of the container's own image is asked";
const IN_DRYDOCK: &str = "it runs in drydock's container; docker-auto.hook.pre-update and \
                          .post-update run in the container that is updated";
const HOOK: &str = "nothing: it runs in drydock's container, `docker-auto.hook.pre-update` and \
                    `.post-update` in the one that is updated";

const ABORTS: &str = "`docker-auto.mode=watch`, unless `dd.hook.pre.abort` is `false`: a command in \
                      drydock's container would stop updates, `docker-auto.hook.pre-update` is one in \
                      the container that is updated";
const AGE: &str = "dd.updatePolicy.maturityMinAgeDays";
const MATURITY: &str = "dd.updatePolicy.maturityMode";

/// A command that fails stops drydock's update, unless it is told to go on.
fn pre_hook(text: &str, scene: &Scene<'_>) -> Understood {
    let goes_on = scene.labels.get("dd.hook.pre.abort").is_some_and(|it| switch(it) == Ok(false));
    match (text.trim(), goes_on) {
        ("", _) => Ok(AS_SET),
        (_, true) => Ok(Meaning::Nothing(IN_DRYDOCK)),
        (_, false) => one(MODE, "watch"),
    }
}

/// What is left out is as the watcher says, or a week.
fn maturity(text: &str, scene: &Scene<'_>) -> Understood {
    match text.trim() {
        "mature" => {
            let given = scene.labels.get(AGE).map(|text| days(text)).transpose()?;
            let days = given.or(scene.idiom.min_age_days).unwrap_or(WEEK);
            one("docker-auto.cooldown", format!("{days}d"))
        }
        "all" => Ok(Meaning::Already("it asks for no cooldown")),
        _ => Err("write all or mature".to_owned()),
    }
}

/// Days alone may have been meant as a cooldown.
fn age(text: &str, scene: &Scene<'_>) -> Understood {
    let days = days(text)?;
    match scene.labels.get(MATURITY).map(|mode| mode.trim()) {
        Some("all") => Ok(Meaning::Already("dd.updatePolicy.maturityMode=all asks for no age")),
        Some(_) => Ok(Meaning::Already("dd.updatePolicy.maturityMode takes it along")),
        None => one("docker-auto.cooldown", format!("{days}d")),
    }
}
