//! Watchtower's labels, of all three lineages.

use std::time::Duration;

use crate::core::duration;
use crate::core::foreign::value::{command, go_duration, minutes, needs};
use crate::core::foreign::{Meaning, Setting, Understood, one};
use crate::core::hook;
use crate::core::value::switch;

use super::{ForeignLabel, Scene, UNKNOWN, lenient, nothing, strict};

const SECOND: Duration = Duration::from_secs(1);
/// As good as none.
const NO_LIMIT: Duration = Duration::from_hours(24);
/// The prefix of them all.
macro_rules! label {
    ($rest:literal) => {
        concat!("com.centurylinklabs.watchtower", $rest)
    };
}

pub(super) const LABELS: [ForeignLabel; 24] = [
    strict(
        label!(".enable"),
        "`false`: `docker-auto.mode=off`. `true`: `docker-auto.mode=auto`; beside variables of \
         Watchtower nothing, since those say what is done",
        enable,
    ),
    strict(label!(".monitor-only"), "`true`: `docker-auto.mode=watch`", monitor_only),
    strict(
        label!(".no-pull"),
        "`true`: `docker-auto.mode=watch`: what is not pulled is only shown",
        |text, _| {
            if switch(text)? {
                one("docker-auto.mode", "watch")
            } else {
                Ok(Meaning::Already("images are pulled"))
            }
        },
    ),
    strict(label!(".scope"), "`docker-auto.scope`", |text, _| match text.trim() {
        "" | "none" => Ok(Meaning::Already("without a scope it belongs to every instance")),
        scope => one("docker-auto.scope", scope),
    }),
    lenient(
        label!(".depends-on"),
        "`docker-auto.depends-on`, each name with `:restart`",
        |text, _| one("docker-auto.depends-on", needs(text)),
    ),
    nothing(
        label!(".stop-signal"),
        "nothing: set `stop_signal` of the container itself",
        "set stop_signal of the container itself, which the engine obeys",
    ),
    lenient(label!(".lifecycle.pre-check"), "`docker-auto.hook.pre-check`", |text, scene| {
        hook(hook::PRE_CHECK, text, scene)
    }),
    strict(label!(".lifecycle.pre-update"), "`docker-auto.hook.pre-update`", |text, scene| {
        hook(hook::PRE_UPDATE, text, scene)
    }),
    lenient(label!(".lifecycle.post-update"), "`docker-auto.hook.post-update`", |text, scene| {
        hook(hook::POST_UPDATE, text, scene)
    }),
    lenient(label!(".lifecycle.post-check"), "`docker-auto.hook.post-check`", |text, scene| {
        hook(hook::POST_CHECK, text, scene)
    }),
    lenient(label!(".lifecycle.pre-check-timeout"), TIMEOUT, timeout),
    lenient(label!(".lifecycle.pre-update-timeout"), TIMEOUT, timeout),
    lenient(label!(".lifecycle.post-update-timeout"), TIMEOUT, timeout),
    lenient(label!(".lifecycle.post-check-timeout"), TIMEOUT, timeout),
    strict(
        label!(".lifecycle.uid"),
        "`docker-auto.hook.user`, with the group if there is one",
        uid,
    ),
    strict(label!(".lifecycle.gid"), "the group in `docker-auto.hook.user`", |_, scene| {
        if scene.labels.contains_key(label!(".lifecycle.uid")) {
            Ok(Meaning::Already("the label of the uid takes it along"))
        } else {
            Err("a group alone cannot be set; write the uid as well".to_owned())
        }
    }),
    strict(label!(".cooldown-delay"), "`docker-auto.cooldown`", |text, _| {
        one("docker-auto.cooldown", go_duration(text, SECOND)?)
    }),
    strict(label!(".image-cooldown"), "`docker-auto.cooldown`", |text, _| {
        one("docker-auto.cooldown", go_duration(text, SECOND)?)
    }),
    lenient(label!(".health-check-timeout"), "`docker-auto.health.timeout`", |text, _| {
        one("docker-auto.health.timeout", go_duration(text, SECOND)?)
    }),
    lenient(
        label!(".update-strategy"),
        "`recreate` holds anyway; there is nothing like `rolling-restart` and `blue-green`",
        |text, _| match text.trim() {
            "recreate" => Ok(Meaning::Already("containers are made anew, beside the old one")),
            _ => Ok(Meaning::Nothing("the new container starts when the old one has stopped")),
        },
    ),
    nothing(label!(".blue-green.drain"), "nothing", "two containers never serve at the same time"),
    strict(label!(".no-init-deps"), "`true`: `docker-auto.rerun=false`", |text, _| {
        if switch(text)? {
            one("docker-auto.rerun", "false")
        } else {
            Ok(Meaning::Already("docker-auto.rerun=true asks for it to be run again"))
        }
    }),
    nothing(label!(".*"), "nothing: marks that Watchtower makes for itself", UNKNOWN),
    nothing(
        label!(""),
        "nothing: it marks Watchtower's own container",
        "it marks Watchtower itself; two updaters should not run side by side",
    ),
];

const TIMEOUT: &str = "`docker-auto.hook.timeout`, in minutes; the longest counts for all";

fn enable(text: &str, scene: &Scene<'_>) -> Understood {
    match (switch(text)?, &scene.idiom.watchtower) {
        (false, _) => one("docker-auto.mode", "off"),
        (true, Some(it)) if it.monitor_only && !is_released(scene) => {
            one("docker-auto.mode", "watch")
        }
        (true, None) => one("docker-auto.mode", "auto"),
        (true, Some(_)) => Ok(Meaning::Already("Watchtower's variables say what is done with it")),
    }
}

/// Says whether the container's own label lifts what the variable says of all.
fn is_released(scene: &Scene<'_>) -> bool {
    let takes = scene.idiom.watchtower.as_ref().is_some_and(|it| it.label_takes_precedence);
    let label = scene.labels.get(label!(".monitor-only"));
    takes && label.is_some_and(|text| switch(text) == Ok(false))
}

fn monitor_only(text: &str, scene: &Scene<'_>) -> Understood {
    match (switch(text)?, is_released(scene)) {
        (true, _) => one("docker-auto.mode", "watch"),
        (false, true) => one("docker-auto.mode", "auto"),
        (false, false) => Ok(Meaning::Already("what the other settings say is done")),
    }
}

fn hook(ours: &'static str, text: &str, scene: &Scene<'_>) -> Understood {
    match &scene.idiom.watchtower {
        Some(watchtower) if !watchtower.hooks => Ok(Meaning::Nothing(
            "WATCHTOWER_LIFECYCLE_HOOKS is not on, so that it is not run; remove the label before \
                 those variables go",
        )),
        _ => one(ours, command(text)?),
    }
}

fn timeout(text: &str, _: &Scene<'_>) -> Understood {
    let limit = minutes(text)?.unwrap_or(NO_LIMIT);
    one(hook::TIMEOUT, duration::print(limit))
}

fn uid(text: &str, scene: &Scene<'_>) -> Understood {
    let uid = hook::user(text)?;
    let group = scene.labels.get(label!(".lifecycle.gid")).map(|gid| format!(":{}", gid.trim()));
    let user = format!("{uid}{}", group.unwrap_or_default());
    hook::user(&user)?;
    Ok(Meaning::Ours(vec![Setting::open(hook::USER, user)]))
}
