//! What a tool does with versions, which is not done here where nothing else is set.

use std::collections::BTreeMap;

use crate::core::foreign::Tool;
use crate::core::foreign::labels::FoundLabel;
use crate::core::policy::Sourced;
use crate::core::reference::ImageRef;
use crate::core::value::switch;
use crate::core::version::{Track, VersionRules, has_versions};

use super::{Line, Mounted, Variables, Verdict};

/// With it newer versions are looked for.
pub(super) const TRACK: &str = "docker-auto.track";
/// The labels with which WUD and drydock watch a container, and its newer versions.
const WATCH: [&str; 2] = ["wud.watch", "dd.watch"];

/// The labels that say which tags are newer versions.
const INCLUDE: [&str; 2] = ["wud.tag.include", "dd.tag.include"];

/// Says of a watched container whose image's tag is a version that it alone is followed here.
pub(super) fn of_watched(found: &[FoundLabel], image: &str) -> Option<Line> {
    let says_so =
        |found: &&FoundLabel| WATCH.contains(&&*found.name) && switch(&found.value) == Ok(true);
    let watched = found.iter().find(says_so)?;
    let rules = VersionRules { track: Sourced::by_default(Track::Major), ..Default::default() };
    let reference = ImageRef::parse(image).ok()?;
    has_versions(reference.tag()?, &rules).then(|| own_tag(watched.tool))
}

/// Says of a container with a pattern for tags that its own tag is followed, where the tool only
/// tells of newer versions.
pub(super) fn of_told(found: &[FoundLabel]) -> Option<Line> {
    let tells = found.iter().find(|found| INCLUDE.contains(&&*found.name))?;
    let tool = tells.tool;
    let note = format!(
        "{tool} only tells of newer versions, which is no consent to them: the container's own tag \
         is followed; set {TRACK}=major where newer versions are meant"
    );
    Some(line(tool, note))
}

/// Says that a container's own tag is followed, and how newer ones are.
pub(super) fn own_tag(tool: Tool) -> Line {
    let note = match tool {
        Tool::Drydock => format!(
            "{tool} compares the digest of a tag such as 1.27.3, which is left alone here: set \
             docker-auto.skip-semver-pinned=false, or DOCKER_AUTO_POLICY_SKIP_SEMVER_PINNED=false \
             for all containers; {TRACK}=major looks for newer versions as well"
        ),
        _ => format!(
            "{tool} looks for newer versions than that of a tag such as 1.27.3, which is left \
             alone here: set {TRACK}=major, or DOCKER_AUTO_POLICY_TRACK for all containers"
        ),
    };
    line(tool, note)
}

/// Says that watch-docker's own file is read as it is.
pub(super) fn own_file() -> Line {
    let note =
        "its keys are read here as well: mount the file, and name it with DOCKER_AUTO_CONFIG";
    Line {
        name: "its file".to_owned(),
        value: "config.yaml".to_owned(),
        implied: false,
        verdict: Verdict::NothingToSet,
        ..line(Tool::WatchDocker, note.to_owned())
    }
}

/// Says that what Ouroboros was told is not read: its variables have no beginning of their own, and are
/// not known. They may have been meant to restrain updates.
pub(super) fn unread() -> Line {
    let note = "set DOCKER_AUTO_SCAN_INTERVAL for INTERVAL, DOCKER_AUTO_UPDATE_CRON for CRON, \
                DOCKER_AUTO_POLICY_EXCLUDE_NAMES for IGNORE, DOCKER_AUTO_POLICY_ONLY_LABELS=\
                com.ouroboros.enable=true for LABEL_ENABLE, and the label docker-auto.mode=auto \
                of each container of MONITOR";
    Line {
        name: "its variables and flags".to_owned(),
        value: "not known here".to_owned(),
        implied: false,
        verdict: Verdict::Unreadable,
        ..line(Tool::Ouroboros, note.to_owned())
    }
}

/// The labels with Watchtower's hooks begin so.
const HOOKS: &str = "com.centurylinklabs.watchtower.lifecycle.p";
/// And mean one of these.
const OUR_HOOKS: &str = "docker-auto.hook.p";

/// Says of a container with hooks of Watchtower what they are not given. A script in the container may
/// read it, which the label does not show.
pub(super) fn of_hooks(lines: &[Line]) -> Option<Line> {
    let is_hook = |line: &&Line| {
        line.name.starts_with(HOOKS) && line.ours.keys().any(|ours| ours.starts_with(OUR_HOOKS))
    };
    let tool = lines.iter().find(is_hook)?.tool;
    let note = "hooks are not given it: what reads it needs its container's name and image from \
                elsewhere, such as the container's own environment";
    Some(Line {
        name: "the variable of its hooks".to_owned(),
        value: "WT_CONTAINER".to_owned(),
        implied: false,
        ..line(tool, note.to_owned())
    })
}

/// Says of what is mounted in a tool what it tells it: the logins of its user, and the host's clock.
pub(super) fn of_mounts(tool: Tool, variables: &Variables, mounts: &[Mounted]) -> Vec<Line> {
    let set =
        |name: &str| variables.get(name).map(|text| text.trim()).filter(|text| !text.is_empty());
    let mounted = |path: &str| mounts.iter().find(|mounted| mounted.at == path);
    let told = |name: &str, Mounted { from, at }: &Mounted, verdict, note: &str| Line {
        name: name.to_owned(),
        value: format!("{at} from {from}"),
        implied: false,
        verdict,
        ..line(tool, note.to_owned())
    };
    let logins = || {
        let folder = set("DOCKER_CONFIG").unwrap_or_default().trim_end_matches('/');
        let file = mounted(&format!("{folder}/config.json"))?;
        let note = "the file is read here as well: mount it, and name its directory with \
                    DOCKER_CONFIG, which is DOCKER_CONFIG=/ where it lies in /config.json";
        Some(told("its logins", file, Verdict::NothingToSet, note))
    };
    let clock = || {
        let file = mounted("/etc/localtime")?;
        let note = "its times are those of the host's clock, ours those of TZ: set TZ to the \
                    host's time zone, such as Europe/Berlin";
        Some(told("its clock", file, Verdict::NoEquivalent, note))
    };
    let logins = (tool == Tool::Watchtower).then(logins).flatten();
    let clock = set("TZ").is_none().then(clock).flatten();
    logins.into_iter().chain(clock).collect()
}

fn line(tool: Tool, note: String) -> Line {
    Line {
        name: TRACK.to_owned(),
        value: String::new(),
        tool,
        implied: true,
        verdict: Verdict::NoEquivalent,
        ours: BTreeMap::new(),
        note: Some(note),
    }
}
