//! diun's labels.

use crate::core::foreign::value::any_pattern;
use crate::core::foreign::{Meaning, Understood, one};
use crate::core::value::switch;

use super::{ForeignLabel, Scene, lenient, strict};

pub(super) const LABELS: [ForeignLabel; 12] = [
    strict(
        "diun.enable",
        "`true`: `docker-auto.mode=watch`. `false`: `docker-auto.mode=off`",
        |text, _| one("docker-auto.mode", if switch(text)? { "watch" } else { "off" }),
    ),
    lenient("diun.watch_repo", "`true`: `docker-auto.track=major`", |text, _| {
        match switch(text)? {
            true => one("docker-auto.track", "major"),
            false => Ok(Meaning::Already("only the container's own tag is followed")),
        }
    }),
    lenient("diun.include_tags", "`docker-auto.tag.include`", |text, _| {
        one("docker-auto.tag.include", any_pattern(text)?)
    }),
    lenient("diun.exclude_tags", "`docker-auto.tag.exclude`", |text, _| {
        one("docker-auto.tag.exclude", any_pattern(text)?)
    }),
    lenient("diun.sort_tags", "nothing: versions are always compared as versions", |_, _| {
        Ok(Meaning::Already("versions are always compared as versions"))
    }),
    lenient("diun.max_tags", "nothing", |_, _| {
        Ok(Meaning::Already("as many tags are read as the registry has"))
    }),
    lenient("diun.platform", "nothing: it is the container's own", |_, _| {
        Ok(Meaning::Already("the container's own platform counts"))
    }),
    lenient("diun.notify_on", "nothing", shown),
    lenient("diun.hub_link", "nothing", shown),
    lenient("diun.metadata.*", "nothing", shown),
    lenient("diun.regopt", "nothing: credentials are chosen by their host", |_, _| {
        Ok(Meaning::Already("credentials are chosen by the host of the image"))
    }),
    lenient("diun.*", "nothing", |_, _| Ok(Meaning::Nothing("this label is not known here"))),
];

fn shown(_: &str, _: &Scene<'_>) -> Understood {
    Ok(Meaning::Nothing("it only changes what is told of the container"))
}
