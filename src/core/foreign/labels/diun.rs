//! diun's labels.

use crate::core::foreign::value::any_pattern;
use crate::core::foreign::{Meaning, one};
use crate::core::value::switch;

use super::{ForeignLabel, UNKNOWN, already, lenient, nothing, strict};

pub(super) const LABELS: [ForeignLabel; 12] = [
    strict(
        "diun.enable",
        "`true`: `docker-auto.mode=watch`. `false`: `docker-auto.mode=off`",
        |text, _| one("docker-auto.mode", if switch(text)? { "watch" } else { "off" }),
    ),
    lenient(
        "diun.watch_repo",
        "`true`: `docker-auto.track=major` where the container is only watched",
        |text, scene| match (switch(text)?, scene.is_only_watched()) {
            (true, true) => one("docker-auto.track", "major"),
            (true, false) => Ok(Meaning::Nothing(TOLD)),
            (false, _) => Ok(Meaning::Already("only the container's own tag is followed")),
        },
    ),
    strict("diun.include_tags", "`docker-auto.tag.include`", |text, _| {
        one("docker-auto.tag.include", any_pattern(text)?)
    }),
    strict("diun.exclude_tags", "`docker-auto.tag.exclude`", |text, _| {
        one("docker-auto.tag.exclude", any_pattern(text)?)
    }),
    already(
        "diun.sort_tags",
        "nothing: versions are always compared as versions",
        "versions are always compared as versions",
    ),
    already("diun.max_tags", "nothing", "as many tags are read as the registry has"),
    already(
        "diun.platform",
        "nothing: it is the container's own",
        "the container's own platform counts",
    ),
    nothing("diun.notify_on", "nothing", SHOWN),
    nothing("diun.hub_link", "nothing", SHOWN),
    nothing("diun.metadata.*", "nothing", SHOWN),
    already(
        "diun.regopt",
        "nothing: credentials are chosen by their host",
        "credentials are chosen by the host of the image",
    ),
    nothing("diun.*", "nothing", UNKNOWN),
];

const TOLD: &str = "diun only tells of newer versions, which is no consent to them: the container's \
                    own tag is followed; set docker-auto.track=major";
const SHOWN: &str = "it only changes what is told of the container";
