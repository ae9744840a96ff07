//! drydock's labels: WUD's, and more.

use crate::core::foreign::value::{milliseconds, needs};
use crate::core::foreign::{Meaning, Understood, one};
use crate::core::value::{self, switch};

use super::wud::{COMPOSE, COMPOSE_FILE, DIGEST, EXCLUDED, INCLUDE, INCLUDED, SHOWN, WATCH};
use super::wud::{digest, exclude, include, transform, watch};
use super::wud::{triggers_excluded, triggers_included};
use super::{ForeignLabel, Scene, UNKNOWN, already, lenient, nothing, strict};

pub(super) const LABELS: [ForeignLabel; 28] = [
    strict("dd.watch", WATCH, watch),
    lenient("dd.watch.digest", DIGEST, digest),
    lenient("dd.tag.include", INCLUDE, include),
    lenient("dd.tag.exclude", "`docker-auto.tag.exclude`", exclude),
    lenient("dd.tag.transform", "`docker-auto.tag.transform`", transform),
    lenient("dd.tag.family", "`strict` holds anyway", |text, _| match text.trim() {
        "strict" => Ok(Meaning::Already("a tag is only followed within its family")),
        _ => Ok(Meaning::Nothing("a tag is only followed within its family")),
    }),
    lenient("dd.group", "`docker-auto.group`", |text, _| one("docker-auto.group", text.trim())),
    strict("dd.updatePolicy.maturityMode", "`mature`: `docker-auto.cooldown`", maturity),
    strict("dd.updatePolicy.maturityMinAgeDays", "the days of that cooldown", |text, _| {
        days(text).map(|_| Meaning::Already("dd.updatePolicy.maturityMode takes it along"))
    }),
    strict("dd.updatePolicy.skipTags", "`docker-auto.tag.exclude`", |text, _| {
        let tags: Vec<String> = value::list(text).map(regex::escape).collect();
        one("docker-auto.tag.exclude", format!("^(?:{})$", tags.join("|")))
    }),
    nothing(
        "dd.updatePolicy.skipDigests",
        "nothing: `docker-auto skip NAME` skips one",
        "skip one with `docker-auto skip NAME`",
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
    nothing(
        "dd.hook.*",
        HOOK,
        "it runs in drydock's container; docker-auto.hook.pre-update and .post-update run in the \
             container that is updated",
    ),
    nothing("dd.display.*", "nothing", SHOWN),
    nothing("dd.link.template", "nothing", SHOWN),
    already("dd.compose.file", COMPOSE, COMPOSE_FILE),
    strict("dd.action.include", INCLUDED, triggers_included),
    strict("dd.action.exclude", EXCLUDED, triggers_excluded),
    strict("dd.trigger.include", INCLUDED, triggers_included),
    strict("dd.trigger.exclude", EXCLUDED, triggers_excluded),
    nothing("dd.action.*", MODE, BY_MODE),
    nothing("dd.notification.*", MODE, BY_MODE),
    nothing("dd.*", "nothing", UNKNOWN),
];

const BY_MODE: &str = "docker-auto.mode says what is done";
const MODE: &str = "nothing: `docker-auto.mode` says what is done";
const HOOK: &str = "nothing: it runs in drydock's container, `docker-auto.hook.pre-update` and \
                    `.post-update` in the one that is updated";

/// What is left out means a week.
fn maturity(text: &str, scene: &Scene<'_>) -> Understood {
    match text.trim() {
        "mature" => {
            let given = scene.labels.get("dd.updatePolicy.maturityMinAgeDays");
            let days = given.map_or(Ok(7), |text| days(text))?;
            one("docker-auto.cooldown", format!("{days}d"))
        }
        "all" => Ok(Meaning::Already("without a cooldown every image may be taken at once")),
        _ => Err("write all or mature".to_owned()),
    }
}

fn days(text: &str) -> Result<u32, String> {
    let days = text.trim().parse().ok().filter(|days| *days <= 3650);
    days.ok_or_else(|| "write whole days".to_owned())
}
