//! Container labels: one table that reads them and makes the README's.

use std::fmt::{self, Write as _};
use std::time::Duration;

use crate::core::backup::{BACKUP, Saving};
use crate::core::carry::{CARRY, Wish};
use crate::core::compose::Labels;
use crate::core::dependency::{self, DEPENDS_ON};
use crate::core::duration;
use crate::core::hook;
use crate::core::policy::{Mode, Origin, PolicyPatch, Sourced};
use crate::core::probe;
use crate::core::value;

/// Labels that begin so are ours.
pub const PREFIX: &str = "docker-auto.";
/// Labels that begin so are written by us alone.
pub const INTERNAL: &str = "docker-auto.internal.";

/// Labels that begin so name a network, and say which MAC address the container has in it.
pub const MAC: &str = "docker-auto.mac.";

/// A row of the table of labels.
#[derive(Debug)]
pub struct Label {
    /// Its name.
    pub name: &'static str,
    /// What may be written.
    pub values: &'static str,
    /// What holds without it.
    pub default: &'static str,
    /// What it means.
    pub doc: &'static str,
    rank: Rank,
    on_error: OnError,
    read: fn(&mut PolicyPatch, &str, Origin) -> Result<(), String>,
}

/// Which label wins where two say the same thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rank {
    /// Another tool's name.
    Alias,
    /// Ours.
    Own,
}

/// What a value that cannot be read means for updates of its container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum OnError {
    /// They are held back: the label was probably meant to do that.
    HoldBack,
    /// Nothing: the setting is as if it were not there.
    Ignore,
}

/// All labels that are read.
pub const LABELS: [Label; 22] = [
    Label {
        name: "docker-auto.enable",
        values: "`true`, `false`",
        default: "the lists of the `policy.*` settings",
        doc: "Whether the container is looked at. Stands above those lists.",
        rank: Rank::Own,
        on_error: OnError::HoldBack,
        read: |patch, text, origin| set(&mut patch.enable, value::switch(text), origin),
    },
    Label {
        name: "docker-auto.mode",
        values: "`auto`, `approve`, `watch`, `off`",
        default: "`auto` where updates are enabled",
        doc: "`auto` updates by itself, even where `update.enabled` and `update.allow_compose` are \
              not set; `approve` waits for a person's word; `watch` only shows what is newer; `off` \
              does not even look.",
        rank: Rank::Own,
        on_error: OnError::HoldBack,
        read: |patch, text, origin| set(&mut patch.mode, value::choice(text, &Mode::WORDS), origin),
    },
    Label {
        name: "docker-auto.force",
        values: "`true`, `false`",
        default: "`false`",
        doc: "Lifts pins (`1.2.3`, `tag@sha256:…`) and the rejection of an image that failed before.",
        rank: Rank::Own,
        on_error: OnError::Ignore,
        read: |patch, text, origin| set(&mut patch.force, value::switch(text), origin),
    },
    Label {
        name: "docker-auto.stop-timeout",
        values: "a duration",
        default: "the container's own, else the engine's",
        doc: "How long the old container may take to stop before it is killed.",
        rank: Rank::Own,
        on_error: OnError::Ignore,
        read: |patch, text, origin| set(&mut patch.stop_timeout, span(text), origin),
    },
    Label {
        name: "docker-auto.health.timeout",
        values: "a duration",
        default: "`health.timeout`",
        doc: "How long the new container may take to become healthy before it is rolled back.",
        rank: Rank::Own,
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
        rank: Rank::Own,
        on_error: OnError::Ignore,
        read: |patch, text, origin| set(&mut patch.health_stable, span(text), origin),
    },
    Label {
        name: probe::EXEC,
        values: "a shell command, or a JSON array of a program and its arguments",
        default: "",
        doc: "Must end with 0 inside the new container before the update counts; tried again until \
              the health timeout.",
        rank: Rank::Own,
        on_error: OnError::HoldBack,
        read: |_, text, _| hook::command(text).map(drop),
    },
    Label {
        name: probe::LOG,
        values: "a regular expression",
        default: "",
        doc: "A line of the new container's log must match it before the update counts.",
        rank: Rank::Own,
        on_error: OnError::HoldBack,
        read: |_, text, _| probe::pattern(text).map(drop),
    },
    Label {
        name: probe::SOAK,
        values: "a duration",
        default: "`0s`",
        doc: "How long the new container must stay good once it is good first: unhealthy, restarted, \
              ended, or three failed probes in a row within that time roll it back.",
        rank: Rank::Own,
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
        rank: Rank::Own,
        on_error: OnError::HoldBack,
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
        rank: Rank::Own,
        on_error: OnError::Ignore,
        read: |patch, text, origin| {
            // Data that was saved in vain can be thrown away; the other way round it is lost.
            let asked = value::choice(text, &Saving::WORDS);
            set(&mut patch.backup, Ok(asked.clone().unwrap_or(Saving::Volumes)), origin)?;
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
        rank: Rank::Own,
        on_error: OnError::Ignore,
        read: |_, text, _| dependency::problem(text).map_or(Ok(()), Err),
    },
    Label {
        name: "docker-auto.mac.<network>",
        values: "`keep`, a MAC address",
        default: "configured ones are kept, where the engine tells them from its own",
        doc: "The MAC address that the new container has in this network.",
        rank: Rank::Own,
        on_error: OnError::Ignore,
        // Checked here, and read where the body of the new container is made.
        read: |_, _, _| Ok(()),
    },
    Label {
        name: hook::PRE_UPDATE,
        values: "a shell command, or a JSON array of a program and its arguments",
        default: "",
        doc: "Is run inside the old container before anything is stopped. Exit code 75 postpones the \
              update to the next time, any other one but 0 ends it; so does taking too long. After \
              a crash it may run a second time.",
        rank: Rank::Own,
        on_error: OnError::HoldBack,
        read: |_, text, _| hook::command(text).map(drop),
    },
    Label {
        name: hook::POST_UPDATE,
        values: "the same",
        default: "",
        doc: "Is run inside the new container once it is proven. How it ends is told, and changes \
              nothing. After a crash it may run a second time. A rollback runs no hooks.",
        rank: Rank::Own,
        on_error: OnError::Ignore,
        read: |_, text, _| hook::command(text).map(drop),
    },
    Label {
        name: hook::USER,
        values: "`USER`, `UID`, `USER:GROUP`, `UID:GID`",
        default: "the container's own user",
        doc: "Who runs the hooks.",
        rank: Rank::Own,
        on_error: OnError::HoldBack,
        read: |_, text, _| hook::user(text).map(drop),
    },
    Label {
        name: hook::TIMEOUT,
        values: "a duration",
        default: "`60s`",
        doc: "How long a hook may take before its processes are killed.",
        rank: Rank::Own,
        on_error: OnError::Ignore,
        read: |_, text, _| hook::timeout(text).map(drop),
    },
    Label {
        name: "watchdocker.skip",
        values: "`true`",
        default: "",
        doc: "The same as `docker-auto.enable=false`.",
        rank: Rank::Alias,
        on_error: OnError::HoldBack,
        read: |patch, text, origin| {
            if value::switch(text)? { set(&mut patch.enable, Ok(false), origin) } else { Ok(()) }
        },
    },
    Label {
        name: "watchdocker.force",
        values: "`true`",
        default: "",
        doc: "The same as `docker-auto.force=true`.",
        rank: Rank::Alias,
        on_error: OnError::Ignore,
        read: |patch, text, origin| set(&mut patch.force, value::switch(text), origin),
    },
    Label {
        name: "watchdocker.skipUpdate",
        values: "`true`",
        default: "",
        doc: "The same as `docker-auto.mode=watch`.",
        rank: Rank::Alias,
        on_error: OnError::HoldBack,
        read: watch,
    },
    Label {
        name: "com.centurylinklabs.watchtower.monitor-only",
        values: "`true`",
        default: "",
        doc: "The same as `docker-auto.mode=watch`.",
        rank: Rank::Alias,
        on_error: OnError::HoldBack,
        read: watch,
    },
    // After the other aliases: where two of them restrain, the stricter one counts.
    Label {
        name: "com.centurylinklabs.watchtower.enable",
        values: "`false`",
        default: "",
        doc: "The same as `docker-auto.mode=off`.",
        rank: Rank::Alias,
        on_error: OnError::HoldBack,
        read: |patch, text, origin| {
            if value::switch(text)? { Ok(()) } else { set(&mut patch.mode, Ok(Mode::Off), origin) }
        },
    },
];

type Read<T> = Result<T, String>;

fn set<T>(field: &mut Option<Sourced<T>>, value: Read<T>, origin: Origin) -> Read<()> {
    *field = Some(Sourced { value: value?, origin });
    Ok(())
}

fn watch(patch: &mut PolicyPatch, text: &str, origin: Origin) -> Read<()> {
    if value::switch(text)? { set(&mut patch.mode, Ok(Mode::Watch), origin) } else { Ok(()) }
}

fn span(text: &str) -> Read<Duration> {
    duration::parse(text).map_err(|error| error.to_string())
}

/// A label that means nothing; the others are read all the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabelProblem {
    /// The label's name.
    pub label: String,
    /// Its value.
    pub value: String,
    /// What is wrong and what to write instead.
    pub cure: String,
}

impl fmt::Display for LabelProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the label {}={}: {}", self.label, self.value, self.cure)
    }
}

/// Reads a container's labels. Unknown names and bad values are problems and change nothing, except
/// that a bad value of a label that may have been meant to restrain updates holds them back.
pub fn read(labels: &Labels) -> (PolicyPatch, Vec<LabelProblem>) {
    let mut patch = PolicyPatch::default();
    let mut problems = Vec::new();
    for rank in [Rank::Alias, Rank::Own] {
        for row in LABELS.iter().filter(|row| row.rank == rank) {
            let Some(text) = labels.get(row.name) else { continue };
            let origin = Origin::Label { name: row.name.to_owned(), value: text.clone() };
            if let Err(cure) = (row.read)(&mut patch, text, origin.clone()) {
                if row.on_error == OnError::HoldBack {
                    patch.unclear = Some(origin);
                }
                let label = row.name.to_owned();
                problems.push(LabelProblem { label, value: text.clone(), cure });
            }
        }
    }
    problems.extend(bad_addresses(labels));
    problems.extend(unknown(labels));
    (patch, problems)
}

fn bad_addresses(labels: &Labels) -> impl Iterator<Item = LabelProblem> {
    let given = labels.iter().filter(|(name, _)| name.starts_with(MAC));
    given.filter(|(_, value)| *value != "keep" && !value::is_mac(value)).map(|(name, value)| {
        let cure = "write keep, or a MAC address such as 02:42:ac:11:00:02".to_owned();
        LabelProblem { label: name.clone(), value: value.clone(), cure }
    })
}

fn unknown(labels: &Labels) -> impl Iterator<Item = LabelProblem> {
    // Names are compared exactly; one in other letters is a mistake that should be heard of.
    let ours = |name: &str| {
        let name = name.to_ascii_lowercase();
        name.starts_with(PREFIX) && !name.starts_with(INTERNAL)
    };
    let known = |name: &str| LABELS.iter().any(|row| row.name == name) || name.starts_with(MAC);
    let strange = labels.iter().filter(move |(name, _)| ours(name) && !known(name));
    strange.map(|(name, value)| {
        let own = LABELS.iter().filter(|row| row.rank == Rank::Own).map(|row| row.name);
        let cure = format!("there is no such label{}", value::did_you_mean(name, own));
        LabelProblem { label: name.clone(), value: value.clone(), cure }
    })
}

/// Returns the README's table of labels in Markdown.
pub fn readme_labels() -> String {
    let mut table =
        String::from("| Label | Values | Default | Meaning |\n| --- | --- | --- | --- |\n");
    for Label { name, values, default, doc, .. } in &LABELS {
        let _ = writeln!(table, "| `{name}` | {values} | {default} | {doc} |");
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(text: &str) -> Labels {
        let pairs = text.split_whitespace().filter_map(|pair| pair.split_once('='));
        pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    /// What a patch says, in one line.
    fn shown(patch: &PolicyPatch) -> String {
        let mut words = Vec::new();
        let mut say = |name: &str, value: Option<String>| {
            words.extend(value.map(|value| format!("{name}={value}")));
        };
        let span = |field: &Option<Sourced<Duration>>| {
            field.as_ref().map(|field| duration::print(field.value))
        };
        say("enable", patch.enable.as_ref().map(|enable| enable.value.to_string()));
        say("mode", patch.mode.as_ref().map(|mode| format!("{:?}", mode.value)));
        say("force", patch.force.as_ref().map(|force| force.value.to_string()));
        say("stop", span(&patch.stop_timeout));
        say("timeout", span(&patch.health_timeout));
        say("stable", span(&patch.health_stable));
        say("backup", patch.backup.as_ref().map(|backup| format!("{:?}", backup.value)));
        say("unclear", patch.unclear.as_ref().map(ToString::to_string));
        words.join(" ")
    }

    fn check(text: &str, expected: &str, problems: usize) {
        let (patch, found) = read(&pairs(text));
        assert_eq!((shown(&patch).as_str(), found.len()), (expected, problems), "{text}");
    }

    #[test]
    fn labels_of_hooks_and_probes_are_checked() {
        for (text, expected, problems) in [
            ("docker-auto.hook.pre-update=x docker-auto.hook.post-update=[]", "", 1),
            (
                "docker-auto.hook.pre-update=[]",
                "unclear=the label docker-auto.hook.pre-update=[]",
                1,
            ),
            ("docker-auto.hook.timeout=5m docker-auto.hook.user=1:2", "", 0),
            ("docker-auto.hook.timeout=0s", "", 1),
            (
                "docker-auto.health.soak=1m docker-auto.health.exec=x docker-auto.health.log=x",
                "",
                0,
            ),
            ("docker-auto.health.soak=1", "", 1),
            ("docker-auto.health.log=(", "unclear=the label docker-auto.health.log=(", 1),
            ("docker-auto.health.exec=[]", "unclear=the label docker-auto.health.exec=[]", 1),
        ] {
            check(text, expected, problems);
        }
    }

    #[test]
    fn labels_make_a_patch() {
        for (text, expected, problems) in [
            ("", "", 0),
            ("docker-auto.enable=true", "enable=true", 0),
            ("docker-auto.enable=0", "enable=false", 0),
            ("docker-auto.mode=AUTO", "mode=Auto", 0),
            ("docker-auto.mode=approve", "mode=Approve", 0),
            ("docker-auto.mode=watch", "mode=Watch", 0),
            ("docker-auto.mode=off", "mode=Off", 0),
            ("docker-auto.force=yes", "force=true", 0),
            ("docker-auto.stop-timeout=1m30s", "stop=1m30s", 0),
            ("docker-auto.stop-timeout=0s", "stop=0s", 0),
            (
                "docker-auto.health.timeout=2m docker-auto.health.stable=3s",
                "timeout=2m stable=3s",
                0,
            ),
            ("docker-auto.health.timeout=2 docker-auto.health.stable=3s", "stable=3s", 1),
            ("docker-auto.backup=volumes", "backup=Volumes", 0),
            ("docker-auto.backup=none", "backup=Nothing", 0),
            ("docker-auto.backup=volume", "backup=Volumes", 1),
            ("docker-auto.backup=true", "backup=Volumes", 1),
            ("watchdocker.skip=true", "enable=false", 0),
            ("watchdocker.skip=false", "", 0),
            ("watchdocker.force=true", "force=true", 0),
            ("watchdocker.skipUpdate=true", "mode=Watch", 0),
            ("watchdocker.skip=true docker-auto.enable=true", "enable=true", 0),
            ("watchdocker.force=true docker-auto.force=false", "force=false", 0),
            ("docker-auto.mode=x docker-auto.force=x", "unclear=the label docker-auto.mode=x", 2),
            ("docker-auto.Mode=watch docker-auto.=1", "", 2),
            ("Docker-Auto.mode=off", "", 1),
            ("docker-auto.mac.n=keep docker-auto.mac.m=02:42:ac:11:00:02", "", 0),
            ("docker-auto.mac.n=zz docker-auto.mac.m=02:42:ac:11:00", "", 2),
            ("com.centurylinklabs.watchtower.enable=false", "mode=Off", 0),
            ("com.centurylinklabs.watchtower.enable=true", "", 0),
            ("com.centurylinklabs.watchtower.monitor-only=true", "mode=Watch", 0),
            (
                "com.centurylinklabs.watchtower.monitor-only=true \
                 com.centurylinklabs.watchtower.enable=false",
                "mode=Off",
                0,
            ),
            ("com.centurylinklabs.watchtower.enable=false docker-auto.mode=auto", "mode=Auto", 0),
            (
                "com.centurylinklabs.watchtower.enable=x",
                "unclear=the label com.centurylinklabs.watchtower.enable=x",
                1,
            ),
            ("docker-auto.internal.x=1 docker-auto=1 watchdocker.other=1", "", 0),
        ] {
            check(text, expected, problems);
        }
    }
}
