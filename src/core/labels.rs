//! Container labels: one table that reads them and makes the README's.

mod table;
mod time;

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};

use crate::core::compose::Labels;
use crate::core::foreign::labels::{self as foreign, Unreadable};
use crate::core::policy::{About, Origin, PolicyPatch};
use crate::core::value;

pub use self::table::LABELS;

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
    on_error: OnError,
    read: fn(&mut PolicyPatch, &str, Origin) -> Result<(), String>,
}

/// What a value that cannot be read means for updates of its container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum OnError {
    /// They are held back: the label was probably meant to do that, or to say how they are made.
    HoldBack(About),
    /// Nothing: the setting is as if it were not there.
    Ignore,
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

/// Reads a container's labels, of which foreign ones were understood before. Unknown names and bad
/// values are problems and change nothing, except that a bad value of a label that may have been meant
/// to restrain updates holds them back.
pub fn read(labels: &Labels) -> (PolicyPatch, Vec<LabelProblem>) {
    let mut patch = PolicyPatch::default();
    let mut problems = Vec::new();
    for row in &LABELS {
        let Some(text) = labels.get(row.name) else { continue };
        let origin = origin(labels, row.name, text);
        if let Err(cure) = (row.read)(&mut patch, text, origin.clone()) {
            problems.push(LabelProblem::at(&origin, cure));
            if let OnError::HoldBack(about) = row.on_error {
                patch.say_unclear(origin, about);
            }
        }
    }
    for Unreadable { name, cure, holds_back } in foreign::unreadable(labels) {
        let value = labels.get(name).cloned().unwrap_or_default();
        let origin = Origin::Label { name: name.to_owned(), value };
        problems.push(LabelProblem::at(&origin, cure.to_owned()));
        if holds_back {
            patch.say_unclear(origin, About::Whether);
        }
    }
    for problem in bad_addresses(labels) {
        let LabelProblem { label: name, value, .. } = problem.clone();
        patch.say_unclear(Origin::Label { name, value }, About::How);
        problems.push(problem);
    }
    problems.extend(unknown(labels));
    (patch, problems)
}

/// A label of ours may have been made from a foreign one, or from a variable beside such.
fn origin(labels: &Labels, name: &str, value: &str) -> Origin {
    let Some(theirs) = foreign::made_from(labels, name) else {
        return Origin::Label { name: name.to_owned(), value: value.to_owned() };
    };
    match labels.get(theirs) {
        Some(value) => Origin::Label { name: theirs.to_owned(), value: value.clone() },
        None => Origin::Variable(theirs.to_owned()),
    }
}

impl LabelProblem {
    fn at(origin: &Origin, cure: String) -> Self {
        let (label, value) = match origin {
            Origin::Label { name, value } => (name.clone(), value.clone()),
            Origin::Variable(name) => (name.clone(), String::new()),
            _ => Default::default(),
        };
        Self { label, value, cure }
    }
}

/// Says whether a label of ours is read.
pub fn is_known(name: &str) -> bool {
    LABELS.iter().any(|row| row.name == name) || name.starts_with(MAC)
}

/// Reads the settings of a rule: our own labels without their prefix, as far as they are settings of
/// the policy. Returns by its key what is wrong with each of the others.
pub fn read_rule(
    name: &str,
    settings: &BTreeMap<String, String>,
) -> (PolicyPatch, Vec<(String, String)>) {
    let origin = Origin::Rule { name: name.to_owned() };
    let (mut patch, mut problems) = (PolicyPatch::default(), Vec::new());
    for (key, text) in settings {
        let own = LABELS.iter();
        let Some(row) = own.clone().find(|row| row.name.strip_prefix(PREFIX) == Some(key)) else {
            let known = own.filter_map(|row| row.name.strip_prefix(PREFIX));
            let cure = format!("there is no such setting{}", value::did_you_mean(key, known));
            problems.push((key.clone(), cure));
            continue;
        };
        let mut read = PolicyPatch::default();
        match (row.read)(&mut read, text, origin.clone()) {
            Ok(()) if read == PolicyPatch::default() => {
                let cure =
                    format!("only a label can say this: write {} on the container", row.name);
                problems.push((key.clone(), cure));
            }
            Ok(()) => drop((row.read)(&mut patch, text, origin.clone())),
            Err(cure) => {
                if let OnError::HoldBack(about) = row.on_error {
                    patch.say_unclear(origin.clone(), about);
                }
                problems.push((key.clone(), cure));
            }
        }
    }
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
    let strange = labels.iter().filter(move |(name, _)| ours(name) && !is_known(name));
    strange.map(|(name, value)| {
        let own = LABELS.iter().map(|row| row.name);
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
    use std::time::Duration;

    use crate::core::duration;
    use crate::core::foreign::Idiom;
    use crate::core::policy::Sourced;

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
        let skip = patch.skip_local_build.as_ref();
        say("skip-local-build", skip.map(|skip| skip.value.to_string()));
        let skip = patch.skip_pinned_digest.as_ref();
        say("skip-pinned-digest", skip.map(|skip| skip.value.to_string()));
        let skip = patch.skip_semver_pinned.as_ref();
        say("skip-semver-pinned", skip.map(|skip| skip.value.to_string()));
        say("floating-tags", patch.floating_tags.as_ref().map(|tags| tags.value.join("+")));
        say("stop", span(&patch.stop_timeout));
        say("timeout", span(&patch.health_timeout));
        say("stable", span(&patch.health_stable));
        say("group", patch.group.as_ref().map(|group| group.value.clone()));
        say("compose-write", patch.compose_write.as_ref().map(|write| write.value.to_string()));
        say("backup", patch.backup.as_ref().map(|backup| format!("{:?}", backup.value)));
        let versions = &patch.versions;
        say("track", versions.track.as_ref().map(|track| format!("{:?}", track.value)));
        say("prerelease", versions.prerelease.as_ref().map(|early| early.value.to_string()));
        say("include", versions.include.as_ref().map(|include| include.value.to_string()));
        say("exclude", versions.exclude.as_ref().map(|exclude| exclude.value.to_string()));
        say("schedule", patch.schedule.as_ref().map(|schedule| schedule.value.to_string()));
        say("window", patch.window.as_ref().map(|window| window.value.text().to_owned()));
        say("blackout", patch.blackout.as_ref().map(|dates| dates.value.text().to_owned()));
        say("cooldown", span(&patch.cooldown));
        say("scope", patch.scope.as_ref().map(|scope| scope.value.clone()));
        say("unclear", patch.unclear.as_ref().map(|unclear| unclear.origin.to_string()));
        words.extend(patch.versions.transform.is_some().then(|| "transform".to_owned()));
        words.join(" ")
    }

    fn check(text: &str, expected: &str, problems: usize) {
        let (patch, found) = read(&foreign::understood(&pairs(text), &Idiom::default()));
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
            ("docker-auto.health.tcp=22 docker-auto.health.http=80/x", "", 0),
            ("docker-auto.health.tcp=x", "unclear=the label docker-auto.health.tcp=x", 1),
            ("docker-auto.health.http=x", "unclear=the label docker-auto.health.http=x", 1),
            ("docker-auto.hook.pre-check=x docker-auto.hook.post-check=[]", "", 1),
        ] {
            check(text, expected, problems);
        }
    }

    #[test]
    fn labels_of_versions_are_read() {
        for (text, expected, problems) in [
            ("docker-auto.track=minor", "track=Minor", 0),
            ("docker-auto.track=TAG", "track=Tag", 0),
            ("docker-auto.track=minr", "unclear=the label docker-auto.track=minr", 1),
            ("docker-auto.tag.include=^1 docker-auto.tag.exclude=rc$", "include=^1 exclude=rc$", 0),
            ("docker-auto.tag.include=(", "unclear=the label docker-auto.tag.include=(", 1),
            ("docker-auto.tag.exclude=(", "unclear=the label docker-auto.tag.exclude=(", 1),
            ("docker-auto.tag.prerelease=true", "prerelease=true", 0),
            ("docker-auto.tag.prerelease=x", "unclear=the label docker-auto.tag.prerelease=x", 1),
            ("docker-auto.tag.transform=^v=>w", "transform", 0),
            ("docker-auto.tag.transform=^v", "unclear=the label docker-auto.tag.transform=^v", 1),
        ] {
            check(text, expected, problems);
        }
    }

    /// A person's word stands above when, and not above how.
    #[test]
    fn what_says_how_an_update_is_made_stands_above_the_rest() {
        for (text, about, name) in [
            ("docker-auto.mode=of", About::Whether, "mode"),
            ("docker-auto.force=x", About::Whether, "force"),
            ("docker-auto.mode=of docker-auto.carry=x", About::How, "carry"),
            ("docker-auto.carry=x docker-auto.window=x", About::How, "carry"),
            ("docker-auto.track=x", About::How, "track"),
            ("docker-auto.mac.front=x", About::How, "mac.front"),
        ] {
            let (patch, _) = read(&pairs(text));
            let unclear = patch.unclear.unwrap();
            let Origin::Label { name: found, .. } = unclear.origin else { panic!("{text}") };
            assert_eq!((unclear.about, &*found), (about, &*format!("{PREFIX}{name}")), "{text}");
        }
    }

    #[test]
    fn labels_of_time_are_checked() {
        for (text, expected, problems) in [
            ("docker-auto.schedule=@daily", "schedule=@daily (UTC)", 0),
            ("docker-auto.schedule=daily", "unclear=the label docker-auto.schedule=daily", 1),
            ("docker-auto.window=Mon-Fri", "window=Mon-Fri", 0),
            ("docker-auto.window=22-6", "unclear=the label docker-auto.window=22-6", 1),
            ("docker-auto.blackout=12-24..12-26", "blackout=12-24..12-26", 0),
            ("docker-auto.blackout=24.12.", "unclear=the label docker-auto.blackout=24.12.", 1),
            ("docker-auto.cooldown=1w", "cooldown=7d", 0),
            ("docker-auto.cooldown=0", "cooldown=0s", 0),
            ("docker-auto.cooldown=7", "unclear=the label docker-auto.cooldown=7", 1),
            ("docker-auto.scope=home", "scope=home", 0),
        ] {
            check(text, expected, problems);
        }
    }

    #[test]
    fn labels_of_what_is_left_alone_are_read() {
        for (text, expected, problems) in [
            ("docker-auto.skip-local-build=false", "skip-local-build=false", 0),
            (
                "docker-auto.skip-pinned-digest=false docker-auto.skip-semver-pinned=0",
                "skip-pinned-digest=false skip-semver-pinned=false",
                0,
            ),
            (
                "docker-auto.skip-pinned-digest=x",
                "unclear=the label docker-auto.skip-pinned-digest=x",
                1,
            ),
            (
                "docker-auto.skip-semver-pinned=x",
                "unclear=the label docker-auto.skip-semver-pinned=x",
                1,
            ),
            ("docker-auto.floating-tags=latest,,stable", "floating-tags=latest+stable", 0),
            ("docker-auto.floating-tags=,", "unclear=the label docker-auto.floating-tags=,", 1),
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
            ("docker-auto.group=media", "group=media", 0),
            ("docker-auto.group=", "", 1),
            ("docker-auto.compose.write=true", "compose-write=true", 0),
            ("docker-auto.compose.write=yeah", "compose-write=false", 1),
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
            (
                "docker-auto.mac.n=zz docker-auto.mac.m=02:42:ac:11:00",
                "unclear=the label docker-auto.mac.m=02:42:ac:11:00",
                2,
            ),
            ("com.centurylinklabs.watchtower.enable=false", "mode=Off", 0),
            ("com.centurylinklabs.watchtower.enable=true", "mode=Auto", 0),
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
