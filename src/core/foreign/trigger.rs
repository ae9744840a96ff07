//! Whether triggers of WUD or drydock update every container by themselves.

use crate::core::foreign::variables::Variables;
use crate::core::foreign::watcher;
use crate::core::value::switch;

/// The beginnings of variables of triggers that replace containers.
const KINDS: [&str; 4] =
    ["WUD_TRIGGER_DOCKER", "DD_TRIGGER_DOCKER", "DD_ACTION_DOCKER", "DD_NOTIFICATION_DOCKER"];
/// The beginnings of names that are interchangeable for drydock, which shares thresholds by name.
const SHARED: [&str; 3] = ["DD_TRIGGER_", "DD_ACTION_", "DD_NOTIFICATION_"];
/// How names end whose values may be in files.
const FILE: &str = "__FILE";
/// What watchers may say in a file that is not read, and that restrains.
const IN_FILES: [&str; 5] =
    [watcher::WINDOW, "_MAINTENANCE_WINDOW_TZ", watcher::MODE, watcher::MIN_AGE, "_WATCHBYDEFAULT"];
/// What drydock's presets for images may set without leaving an update out.
const HARMLESS: [&str; 6] = [
    "_IMAGE",
    "_DISPLAY_NAME",
    "_DISPLAY_ICON",
    "_DISPLAY_PICTURE",
    "_LINK_TEMPLATE",
    "_TAG_PIN_INFO",
];

/// Says whether there is a trigger that replaces containers by itself, and nothing that restrains it
/// in a way that cannot be had here. One of the kind `dockercompose` replaces those of its file
/// alone.
pub(super) fn triggers(variables: &Variables) -> bool {
    let given = || variables.iter().filter(|(_, value)| !value.trim().is_empty());
    let is_plain = |name: &str| {
        KINDS.iter().any(|kind| name.strip_prefix(kind).is_some_and(|rest| rest.starts_with('_')))
    };
    let mut of_docker = given().filter(|(name, _)| KINDS.iter().any(|kind| name.starts_with(kind)));
    given().any(|(name, _)| is_plain(name))
        && of_docker.all(|(name, value)| lets(name, value) && is_automatic(name, variables))
        && !given().any(|(name, value)| restrains(name, value))
        && watcher::windows(variables).is_ok()
}

/// Says whether a trigger's variable leaves it to replace every container, for every update.
fn lets(name: &str, value: &str) -> bool {
    if name.ends_with(FILE) {
        return false;
    }
    match name.rsplit_once('_').map_or(name, |(_, part)| part) {
        "MODE" => ["simple", "batch"].contains(&value.trim().to_ascii_lowercase().as_str()),
        "AUTO" => every(value),
        "INCLUDEBYDEFAULT" => switch(value) == Ok(true),
        "DRYRUN" => switch(value) == Ok(false),
        "THRESHOLD" => value.trim().eq_ignore_ascii_case("all"),
        _ => true,
    }
}

fn every(value: &str) -> bool {
    switch(value) == Ok(true) || value.trim().eq_ignore_ascii_case("all")
}

/// drydock's triggers replace only containers that name them, unless they are told otherwise; WUD's
/// replace all.
fn is_automatic(name: &str, variables: &Variables) -> bool {
    let trigger = name.rsplit_once('_').map_or(name, |(trigger, _)| trigger);
    let auto = variables.get(&format!("{trigger}_AUTO"));
    !name.starts_with("DD_") || auto.is_some_and(|value| every(value))
}

/// Says whether a variable leaves updates out: of some images, or of those that a scan refuses.
fn restrains(name: &str, value: &str) -> bool {
    let unread = name.strip_suffix(FILE);
    match unread.unwrap_or(name) {
        "DD_SECURITY_SCANNER" => true,
        "DD_SECURITY_VERIFY_SIGNATURES" => unread.is_some() || switch(value) != Ok(false),
        bare if SHARED.iter().any(|it| bare.starts_with(it)) && bare.ends_with("_THRESHOLD") => {
            unread.is_some() || !value.trim().eq_ignore_ascii_case("all")
        }
        bare if bare.starts_with(watcher::PREFIX) && bare.contains("_IMGSET_") => {
            !HARMLESS.iter().any(|end| bare.ends_with(end))
        }
        bare if ["WUD_WATCHER_", watcher::PREFIX].iter().any(|it| bare.starts_with(it)) => {
            unread.is_some() && IN_FILES.iter().any(|end| bare.ends_with(end))
        }
        _ => false,
    }
}
