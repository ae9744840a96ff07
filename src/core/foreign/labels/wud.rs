//! WUD's labels.

use crate::core::foreign::value::pattern;
use crate::core::foreign::{Meaning, Setting, Understood, one};
use crate::core::value::{list, switch};

use super::{ForeignLabel, Scene, UNKNOWN, already, lenient, nothing, strict};

pub(super) const LABELS: [ForeignLabel; 11] = [
    strict("wud.watch", WATCH, watch),
    lenient("wud.watch.digest", DIGEST, digest),
    strict("wud.tag.include", INCLUDE, include),
    strict("wud.tag.exclude", "`docker-auto.tag.exclude`", exclude),
    strict("wud.tag.transform", "`docker-auto.tag.transform`", transform),
    strict("wud.trigger.include", INCLUDED, triggers_included),
    strict("wud.trigger.exclude", EXCLUDED, triggers_excluded),
    nothing("wud.link.template", "nothing", SHOWN),
    nothing("wud.display.*", "nothing", SHOWN),
    already("wud.compose.file", COMPOSE, COMPOSE_FILE),
    nothing("wud.*", "nothing", UNKNOWN),
];

pub(super) const WATCH: &str = "`true`: `docker-auto.mode=watch`; beside variables that make the tool \
                                update by itself nothing, since those say what is done. `false`: \
                                `docker-auto.mode=off`";
pub(super) const DIGEST: &str = "`true` holds anyway; `false` cannot be had";
pub(super) const INCLUDE: &str = "`docker-auto.tag.include`, with `docker-auto.track=major` where the \
                                  tool updates by itself, or the container is only watched";
pub(super) const COMPOSE: &str = "nothing: compose's own labels say where its file is";
pub(super) const COMPOSE_FILE: &str = "compose's own labels say where its file is";
pub(super) const SHOWN: &str = "it only changes how the container is shown";
pub(super) const INCLUDED: &str = "`docker-auto.mode=watch`, unless it names a trigger of the kind \
                                   `docker` or `dockercompose` for all updates";
pub(super) const EXCLUDED: &str = "`docker-auto.mode=watch`, unless it only names triggers of other \
                                   kinds than `docker` and `dockercompose`";
pub(super) const MODE: &str = "docker-auto.mode";
pub(super) const AS_SET: Meaning = Meaning::Already("what the other settings say is done");

pub(super) fn watch(text: &str, scene: &Scene<'_>) -> Understood {
    match (switch(text)?, scene.idiom.watched_are_updated) {
        (false, _) => one("docker-auto.mode", "off"),
        (true, false) => one("docker-auto.mode", "watch"),
        (true, true) => Ok(Meaning::Already("the triggers say what is done with it")),
    }
}

/// A trigger is called `KIND.NAME`, with `:THRESHOLD` where it is not meant for all updates.
pub(super) fn triggers_included(text: &str, _: &Scene<'_>) -> Understood {
    let updates = |trigger: &str| {
        let (name, threshold) = trigger.split_once(':').unwrap_or((trigger, "all"));
        let kind = name.split('.').next().unwrap_or(name).trim();
        let is_docker = ["docker", "dockercompose"].iter().any(|it| kind.eq_ignore_ascii_case(it));
        is_docker && threshold.trim().eq_ignore_ascii_case("all")
    };
    let mut named = list(text).peekable();
    if named.peek().is_none() || named.any(updates) { Ok(AS_SET) } else { one(MODE, "watch") }
}

/// A name without a kind may be that of a trigger that updates.
pub(super) fn triggers_excluded(text: &str, _: &Scene<'_>) -> Understood {
    let tells = |trigger: &str| {
        let kind = trigger.split_once('.').map(|(kind, _)| kind.trim().to_ascii_lowercase());
        kind.is_some_and(|kind| !kind.starts_with("docker"))
    };
    if list(text).all(tells) { Ok(AS_SET) } else { one(MODE, "watch") }
}

pub(super) fn digest(text: &str, _: &Scene<'_>) -> Understood {
    Ok(if switch(text)? {
        Meaning::Already("digests are always compared")
    } else {
        Meaning::Nothing("digests are always compared: a check is one HEAD request")
    })
}

/// Tags are only looked through where another one may be taken. A tool that only tells of newer
/// versions is no consent to them: what updates the container otherwise keeps to its own tag.
pub(super) fn include(text: &str, scene: &Scene<'_>) -> Understood {
    let mut meaning = one("docker-auto.tag.include", pattern(text)?)?;
    let follows = scene.idiom.watched_are_updated || scene.is_only_watched();
    if let Meaning::Ours(settings) = &mut meaning
        && follows
    {
        settings.push(Setting::open("docker-auto.track", "major"));
    }
    Ok(meaning)
}

pub(super) fn exclude(text: &str, _: &Scene<'_>) -> Understood {
    one("docker-auto.tag.exclude", pattern(text)?)
}

pub(super) fn transform(text: &str, _: &Scene<'_>) -> Understood {
    let (matching, _) = text.split_once("=>").ok_or("write PATTERN => REPLACEMENT")?;
    pattern(matching.trim())?;
    one("docker-auto.tag.transform", text.trim())
}
