//! drydock's labels: WUD's, and more.

use crate::core::foreign::value::{milliseconds, needs};
use crate::core::foreign::{Meaning, Understood, one};
use crate::core::value::{self, switch};

use super::wud::{COMPOSE, DIGEST, INCLUDE, WATCH};
use super::wud::{compose_file, digest, exclude, include, shown, transform, watch};
use super::{ForeignLabel, Scene, lenient, strict};

pub(super) const LABELS: [ForeignLabel; 24] = [
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
    lenient("dd.updatePolicy.skipDigests", "nothing: `docker-auto skip NAME` skips one", |_, _| {
        Ok(Meaning::Nothing("skip one with `docker-auto skip NAME`"))
    }),
    lenient("dd.update.mode", "nothing: what we reach the engine through is left alone", |_, _| {
        Ok(Meaning::Already("the way to the engine is recognised, and left alone"))
    }),
    lenient("dd.rollback.auto", "`true` holds anyway; `false` cannot be had", |text, _| {
        Ok(match switch(text)? {
            true => Meaning::Already("what fails is always rolled back"),
            false => Meaning::Nothing("what fails is always rolled back"),
        })
    }),
    lenient("dd.rollback.window", "`docker-auto.health.soak`, in milliseconds", |text, _| {
        one("docker-auto.health.soak", milliseconds(text)?)
    }),
    lenient("dd.rollback.interval", "nothing", |_, _| {
        Ok(Meaning::Already("a container's health is watched all the time"))
    }),
    lenient("dd.depends_on", "`docker-auto.depends-on`", |text, scene| {
        let restart = scene.labels.get("dd.depends_on.action").is_some_and(|it| it == "restart");
        let names =
            if restart { needs(text) } else { value::list(text).collect::<Vec<_>>().join(",") };
        one("docker-auto.depends-on", names)
    }),
    lenient("dd.depends_on.action", "`restart`: each of those names with `:restart`", |_, _| {
        Ok(Meaning::Already("dd.depends_on takes it along"))
    }),
    lenient("dd.hook.*", HOOK, |_, _| {
        Ok(Meaning::Nothing(
            "it runs in drydock's container; docker-auto.hook.pre-update and .post-update run in the \
             container that is updated",
        ))
    }),
    lenient("dd.display.*", "nothing", shown),
    lenient("dd.link.template", "nothing", shown),
    lenient("dd.compose.file", COMPOSE, compose_file),
    lenient("dd.action.*", MODE, by_mode),
    lenient("dd.notification.*", MODE, by_mode),
    lenient("dd.*", "nothing", |_, _| Ok(Meaning::Nothing("this label is not known here"))),
];

const MODE: &str = "nothing: `docker-auto.mode` says what is done";
const HOOK: &str = "nothing: it runs in drydock's container, `docker-auto.hook.pre-update` and \
                    `.post-update` in the one that is updated";

fn by_mode(_: &str, _: &Scene<'_>) -> Understood {
    Ok(Meaning::Nothing("docker-auto.mode says what is done"))
}

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
