//! The labels of Ouroboros and watch-docker.

use crate::core::foreign::value::needs;
use crate::core::foreign::{Meaning, Understood, one};
use crate::core::value::switch;

use super::{ForeignLabel, Scene, UNKNOWN, lenient, nothing, strict};

pub(super) const LABELS: [ForeignLabel; 9] = [
    strict(
        "com.ouroboros.enable",
        "`false`: `docker-auto.mode=off`. `true`: `docker-auto.mode=auto`",
        |text, _| one("docker-auto.mode", if switch(text)? { "auto" } else { "off" }),
    ),
    lenient("com.ouroboros.depends_on", DEPENDS, depends),
    lenient("com.ouroboros.hard_depends_on", DEPENDS, depends),
    nothing(
        "com.ouroboros.stop_signal",
        "nothing: set `stop_signal` of the container itself",
        "set stop_signal of the container itself, which the engine obeys",
    ),
    nothing("com.ouroboros.*", "nothing", UNKNOWN),
    strict("watchdocker.skip", "`true`: `docker-auto.enable=false`", |text, _| {
        if switch(text)? {
            one("docker-auto.enable", "false")
        } else {
            Ok(Meaning::Already("what the other settings say is done"))
        }
    }),
    lenient("watchdocker.force", "`docker-auto.force`", |text, _| {
        one("docker-auto.force", switch(text)?.to_string())
    }),
    strict("watchdocker.skipUpdate", "`true`: `docker-auto.mode=watch`", |text, _| {
        if switch(text)? {
            one("docker-auto.mode", "watch")
        } else {
            Ok(Meaning::Already("what the other settings say is done"))
        }
    }),
    nothing("watchdocker.*", "nothing", UNKNOWN),
];

const DEPENDS: &str = "`docker-auto.depends-on`, each name with `:restart`";

fn depends(text: &str, _: &Scene<'_>) -> Understood {
    one("docker-auto.depends-on", needs(text))
}
