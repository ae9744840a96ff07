//! The rows of the table of labels.

use std::time::Duration;

use crate::core::backup::{BACKUP, Saving};
use crate::core::carry::{CARRY, Wish};
use crate::core::compose::Labels;
use crate::core::compose::file::COMPOSE_WRITE;
use crate::core::dependency::{self, DEPENDS_ON, RERUN};
use crate::core::duration;
use crate::core::hook;
use crate::core::policy::{About, Mode, Origin, Sourced};
use crate::core::probe;
use crate::core::value;
use crate::core::version::{Pattern, Track, Transform};

use super::{Label, OnError, time};

/// All labels that are read.
pub const LABELS: [Label; 38] = [
    Label {
        name: "docker-auto.enable",
        values: "`true`, `false`",
        default: "the lists of the `policy.*` settings",
        doc: "Whether the container is looked at. Stands above those lists.",
        on_error: OnError::HoldBack(About::Whether),
        read: |patch, text, origin| set(&mut patch.enable, value::switch(text), origin),
    },
    Label {
        name: "docker-auto.mode",
        values: "`auto`, `approve`, `watch`, `off`",
        default: "`auto` where updates are enabled",
        doc: "`auto` updates by itself, even where `update.enabled` and `update.allow_compose` are \
              not set; `approve` waits for a person's word; `watch` only shows what is newer; `off` \
              does not even look.",
        on_error: OnError::HoldBack(About::Whether),
        read: |patch, text, origin| set(&mut patch.mode, value::choice(text, &Mode::WORDS), origin),
    },
    Label {
        name: "docker-auto.force",
        values: "`true`, `false`",
        default: "`false`",
        doc: "Lifts pins (`1.2.3`, `tag@sha256:…`), the cooldown, and the rejection of an image that \
              failed before.",
        on_error: OnError::HoldBack(About::Whether),
        read: |patch, text, origin| set(&mut patch.force, value::switch(text), origin),
    },
    time::SCHEDULE,
    time::WINDOW,
    time::BLACKOUT,
    time::COOLDOWN,
    time::SCOPE,
    Label {
        name: "docker-auto.group",
        values: "a name",
        default: "",
        doc: "The group that it belongs to, which `docker-auto pause --group` holds as a whole.",
        on_error: OnError::Ignore,
        read: |patch, text, origin| set(&mut patch.group, value::name(text), origin),
    },
    Label {
        name: "docker-auto.track",
        values: "`tag`, `patch`, `minor`, `major`",
        default: "`policy.track`",
        doc: "How far its version may move: `tag` follows what its tag names; `patch` moves `1.27.3` \
              to `1.27.5`, `minor` also to `1.28.0`, `major` also to `2.0.0`. Prefix, number of \
              parts and variant (`-alpine`) stay. What lies beyond is shown.",
        on_error: OnError::HoldBack(About::How),
        read: |patch, text, origin| {
            set(&mut patch.versions.track, value::choice(text, &Track::WORDS), origin)
        },
    },
    Label {
        name: "docker-auto.tag.include",
        values: "a regular expression",
        default: "",
        doc: "Only tags that match it are moved to.",
        on_error: OnError::HoldBack(About::How),
        read: |patch, text, origin| set(&mut patch.versions.include, Pattern::parse(text), origin),
    },
    Label {
        name: "docker-auto.tag.exclude",
        values: "a regular expression",
        default: "",
        doc: "Tags that match it are never moved to.",
        on_error: OnError::HoldBack(About::How),
        read: |patch, text, origin| set(&mut patch.versions.exclude, Pattern::parse(text), origin),
    },
    Label {
        name: "docker-auto.tag.prerelease",
        values: "`true`, `false`",
        default: "`false`",
        doc: "Whether `-rc.1`, `-beta2` and the like are moved to. A container that runs one also moves \
              to others that are as near to a release, and `false` does not change that: \
              `docker-auto.tag.exclude` leaves them out.",
        on_error: OnError::HoldBack(About::How),
        read: |patch, text, origin| {
            set(&mut patch.versions.prerelease, value::switch(text), origin)
        },
    },
    Label {
        name: "docker-auto.tag.transform",
        values: "`REGEX => REPLACEMENT`",
        default: "",
        doc: "How tags are rewritten before they are read as versions, such as \
              `^r(\\d+)_(\\d+) => $1.$2`.",
        on_error: OnError::HoldBack(About::How),
        read: |patch, text, origin| {
            set(&mut patch.versions.transform, Transform::parse(text), origin)
        },
    },
    Label {
        name: "docker-auto.skip-local-build",
        values: "`true`, `false`",
        default: "`policy.skip_local_build`",
        doc: "`false` follows the image when its tag is moved on this host by a build, a load or \
              `docker tag`. On the containerd image store a build is told from a pull only while the \
              registry has no such tag.",
        on_error: OnError::HoldBack(About::Whether),
        read: |patch, text, origin| set(&mut patch.skip_local_build, value::switch(text), origin),
    },
    Label {
        name: "docker-auto.skip-pinned-digest",
        values: "`true`, `false`",
        default: "`policy.skip_pinned_digest`",
        doc: "`false` moves `tag@sha256:…` with its tag.",
        on_error: OnError::HoldBack(About::Whether),
        read: |patch, text, origin| set(&mut patch.skip_pinned_digest, value::switch(text), origin),
    },
    Label {
        name: "docker-auto.skip-semver-pinned",
        values: "`true`, `false`",
        default: "`policy.skip_semver_pinned`",
        doc: "`false` looks at a tag such as `1.2.3` as well, in case it is pushed anew.",
        on_error: OnError::HoldBack(About::Whether),
        read: |patch, text, origin| set(&mut patch.skip_semver_pinned, value::switch(text), origin),
    },
    Label {
        name: "docker-auto.floating-tags",
        values: "tags, separated by commas",
        default: "`policy.floating_tags`",
        doc: "The container is looked at only while its tag is one of these, such as \
              `latest,stable`.",
        on_error: OnError::HoldBack(About::Whether),
        read: |patch, text, origin| set(&mut patch.floating_tags, tags(text), origin),
    },
    Label {
        name: "docker-auto.stop-timeout",
        values: "a duration",
        default: "the container's own, else the engine's",
        doc: "How long the old container may take to stop before it is killed.",
        on_error: OnError::Ignore,
        read: |patch, text, origin| set(&mut patch.stop_timeout, span(text), origin),
    },
    Label {
        name: "docker-auto.health.timeout",
        values: "a duration",
        default: "`health.timeout`",
        doc: "How long the new container may take to become healthy before it is rolled back.",
        on_error: OnError::Ignore,
        read: |patch, text, origin| {
            let timeout = duration::at_least(text, Duration::from_secs(1));
            set(&mut patch.health_timeout, timeout.map_err(|error| error.to_string()), origin)
        },
    },
    Label {
        name: "docker-auto.health.stable",
        values: "a duration",
        default: "`health.stable`",
        doc: "How long a new container without a healthcheck must stay up.",
        on_error: OnError::Ignore,
        read: |patch, text, origin| set(&mut patch.health_stable, span(text), origin),
    },
    Label {
        name: probe::EXEC,
        values: "a shell command, or a JSON array of a program and its arguments",
        default: "",
        doc: "Must end with 0 inside the new container before the update counts; tried again until \
              the health timeout.",
        on_error: OnError::HoldBack(About::How),
        read: |_, text, _| hook::command(text).map(drop),
    },
    Label {
        name: probe::LOG,
        values: "a regular expression",
        default: "",
        doc: "A line of the new container's log must match it before the update counts.",
        on_error: OnError::HoldBack(About::How),
        read: |_, text, _| probe::pattern(text).map(drop),
    },
    Label {
        name: probe::TCP,
        values: "`PORT`",
        default: "",
        doc: "A port that must accept connections inside the new container before the update counts. \
              It is asked from here where that reaches the container, else from inside its network, \
              by a short-lived container of our own image.",
        on_error: OnError::HoldBack(About::How),
        read: |_, text, _| probe::port(text).map(drop),
    },
    Label {
        name: probe::HTTP,
        values: "`PORT/PATH`",
        default: "",
        doc: "A path that must be answered over HTTP, with a status below 400, by the new container \
              before the update counts. Asked like `docker-auto.health.tcp`.",
        on_error: OnError::HoldBack(About::How),
        read: |_, text, _| probe::page(text).map(drop),
    },
    Label {
        name: probe::SOAK,
        values: "a duration",
        default: "`0s`",
        doc: "How long the new container must stay good once it is good first: unhealthy, restarted, \
              ended, or three failed probes in a row within that time roll it back.",
        on_error: OnError::Ignore,
        read: |_, text, _| span(text).map(drop),
    },
    Label {
        name: CARRY,
        values: "`/path,/path`, `none`",
        default: "secrets in `/run/secrets`",
        doc: "Files in the container's own layer that are copied to the new container, with their \
              owners and modes, beside secrets. With `none` a container with secrets there is not \
              updated at all.",
        on_error: OnError::HoldBack(About::How),
        read: |_, text, _| {
            Wish::read(&Labels::from([(CARRY.to_owned(), text.to_owned())])).map(drop)
        },
    },
    Label {
        name: BACKUP,
        values: "`volumes`, `none`",
        default: "`none`",
        doc: "`volumes` saves the container's volumes and the host's folders that it can write to \
              before each update, while it is stopped; `docker-auto rollback NAME --restore` brings \
              them back. A word that is neither is told, and counts as `volumes`.",
        on_error: OnError::Ignore,
        read: |patch, text, origin| {
            // Data that was saved in vain can be thrown away; the other way round it is lost.
            let asked = value::choice(text, &Saving::WORDS);
            set(&mut patch.backup, Ok(asked.clone().unwrap_or(Saving::Volumes)), origin)?;
            asked.map(drop)
        },
    },
    Label {
        name: COMPOSE_WRITE,
        values: "`true`, `false`",
        default: "`compose.write`",
        doc: "Whether another tag is also written into the container's Compose file or its `.env`, once \
              the new container is proven, and back by a rollback. Only files in the directories of \
              `compose.directories` are written. A word that is neither is told, and counts as \
              `false`.",
        on_error: OnError::Ignore,
        read: |patch, text, origin| {
            // What somebody wanted to be left alone is not written.
            let asked = value::switch(text);
            set(&mut patch.compose_write, Ok(asked.clone().unwrap_or(false)), origin)?;
            asked.map(drop)
        },
    },
    Label {
        name: DEPENDS_ON,
        values: "`NAME`, `NAME:healthy`, `NAME:restart`, `NAME:healthy:restart`, …",
        default: "Compose's `depends_on`, namespaces, links and volumes, which always count too",
        doc: "The containers, or services of its compose project, that it needs: they are updated \
              before it; with `healthy` it starts only when they are, with `restart` it is restarted \
              when one of them is replaced.",
        on_error: OnError::Ignore,
        read: |_, text, _| dependency::problem(text).map_or(Ok(()), Err),
    },
    Label {
        name: RERUN,
        values: "`true`, `false`, a duration",
        default: "`false`",
        doc: "On a container that ends by itself, such as a migration: before a container that needs \
              it done (Compose's `service_completed_successfully`, or `NAME:completed`) is updated, it \
              is made anew, on the new image if it follows the same one, and run to its end while the \
              old container still serves. Anything but exit code 0 within the duration (`10m` with \
              `true`) leaves the containers as they were; an image that it failed on is not tried \
              again, if it is the one of the update. No update is made with a backup of data that it \
              can write to.",
        on_error: OnError::HoldBack(About::How),
        read: |_, text, _| dependency::rerun(text).map(drop),
    },
    Label {
        name: "docker-auto.mac.<network>",
        values: "`keep`, a MAC address",
        default: "configured ones are kept, where the engine tells them from its own",
        doc: "The MAC address that the new container has in this network.",
        on_error: OnError::HoldBack(About::How),
        // Checked beside this table, and read where the body of the new container is made.
        read: |_, _, _| Ok(()),
    },
    Label {
        name: hook::PRE_CHECK,
        values: "a shell command, or a JSON array of a program and its arguments",
        default: "",
        doc: "Is run inside the container before each check of `serve`, while it is running. How it \
              ends is told, and changes nothing; `docker-auto why NAME` shows what it wrote the last \
              time.",
        on_error: OnError::Ignore,
        read: |_, text, _| hook::command(text).map(drop),
    },
    Label {
        name: hook::PRE_UPDATE,
        values: "a shell command, or a JSON array of a program and its arguments",
        default: "",
        doc: "Is run inside the old container before anything is stopped. Exit code 75 postpones the \
              update to the next time, any other one but 0 ends it; so does taking too long. After \
              a crash it may run a second time.",
        on_error: OnError::HoldBack(About::How),
        read: |_, text, _| hook::command(text).map(drop),
    },
    Label {
        name: hook::POST_UPDATE,
        values: "the same",
        default: "",
        doc: "Is run inside the new container once it is proven. How it ends is told, and changes \
              nothing. After a crash it may run a second time. A rollback runs no hooks.",
        on_error: OnError::Ignore,
        read: |_, text, _| hook::command(text).map(drop),
    },
    Label {
        name: hook::POST_CHECK,
        values: "the same",
        default: "",
        doc: "Is run inside the container after each check of `serve`, and the updates that follow \
              it. How it ends is told, and changes nothing; `docker-auto why NAME` shows what it wrote \
              the last time.",
        on_error: OnError::Ignore,
        read: |_, text, _| hook::command(text).map(drop),
    },
    Label {
        name: hook::USER,
        values: "`USER`, `UID`, `USER:GROUP`, `UID:GID`",
        default: "the container's own user",
        doc: "Who runs the hooks.",
        on_error: OnError::HoldBack(About::How),
        read: |_, text, _| hook::user(text).map(drop),
    },
    Label {
        name: hook::TIMEOUT,
        values: "a duration",
        default: "`60s`",
        doc: "How long a hook may take before its processes are killed; one of a check ten minutes at the \
              most.",
        on_error: OnError::Ignore,
        read: |_, text, _| hook::timeout(text).map(drop),
    },
];

type Read<T> = Result<T, String>;

pub(super) fn set<T>(field: &mut Option<Sourced<T>>, value: Read<T>, origin: Origin) -> Read<()> {
    *field = Some(Sourced { value: value?, origin });
    Ok(())
}

/// An empty list would look at all tags, which nobody who writes one means.
fn tags(text: &str) -> Read<Vec<String>> {
    let tags: Vec<String> = value::list(text).map(ToOwned::to_owned).collect();
    let cure = "write tags, separated by commas, such as latest,stable";
    if tags.is_empty() { Err(cure.to_owned()) } else { Ok(tags) }
}

pub(super) fn span(text: &str) -> Read<Duration> {
    duration::parse(text).map_err(|error| error.to_string())
}
