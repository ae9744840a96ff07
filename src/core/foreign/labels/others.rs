//! The labels of Ouroboros and watch-docker.

use crate::core::foreign::value::needs;
use crate::core::foreign::{Meaning, Understood, one};
use crate::core::value::switch;

use super::{ForeignLabel, Scene, lenient, strict};

pub(super) const LABELS: [ForeignLabel; 9] = [
    strict(
        "com.ouroboros.enable",
        "`false`: `docker-auto.mode=off`. `true`: `docker-auto.mode=auto`",
        |text, _| one("docker-auto.mode", if switch(text)? { "auto" } else { "off" }),
    ),
    lenient("com.ouroboros.depends_on", DEPENDS, depends),
    lenient("com.ouroboros.hard_depends_on", DEPENDS, depends),
    lenient(
        "com.ouroboros.stop_signal",
        "nothing: set `stop_signal` of the container itself",
        |_, _| {
            Ok(Meaning::Nothing("set stop_signal of the container itself, which the engine obeys"))
        },
    ),
    lenient("com.ouroboros.*", "nothing", unknown),
    strict("watchdocker.skip", "`true`: `docker-auto.enable=false`", |text, _| {
        match switch(text)? {
            true => one("docker-auto.enable", "false"),
            false => Ok(Meaning::Already("what the other settings say is done")),
        }
    }),
    lenient("watchdocker.force", "`docker-auto.force`", |text, _| {
        one("docker-auto.force", switch(text)?.to_string())
    }),
    strict("watchdocker.skipUpdate", "`true`: `docker-auto.mode=watch`", |text, _| {
        match switch(text)? {
            true => one("docker-auto.mode", "watch"),
            false => Ok(Meaning::Already("what the other settings say is done")),
        }
    }),
    lenient("watchdocker.*", "nothing", unknown),
];

const DEPENDS: &str = "`docker-auto.depends-on`, each name with `:restart`";

fn depends(text: &str, _: &Scene<'_>) -> Understood {
    one("docker-auto.depends-on", needs(text))
}

fn unknown(_: &str, _: &Scene<'_>) -> Understood {
    Ok(Meaning::Nothing("this label is not known here"))
}
