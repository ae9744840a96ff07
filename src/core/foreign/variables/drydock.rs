//! drydock's variables: WUD's, and more.

use crate::core::foreign::value::milliseconds;
use crate::core::foreign::watcher::{WEEK, days, min_age, takes_all, windows};
use crate::core::foreign::{Meaning, Understood, one};

use super::To::{Already, Nothing, Read, Switch};
use super::wud::{CERTIFICATES, EVENTS, JITTER, NOTIFICATIONS, REGISTRY, SERVER, UNREAD};
use super::wud::{by_default, compose_trigger, host, socket, trigger};
use super::{COOLDOWN, ForeignVariable, To, Variables, check_schedule, row};

const BY_DEFAULT: &str = "dd.watch=true,wud.watch=true";
const WINDOW: &str = "nothing is updated by itself beside it: it names days of the month, many short \
                      times or several windows; write DOCKER_AUTO_UPDATE_WINDOW, and remove it";
const PRESETS: &str = "what presets for images leave out cannot be had for them alone, so that nothing \
                       is updated by itself beside it; set labels such as docker-auto.tag.exclude on \
                       their containers, and remove it";
const SCANS: &str = "images are not scanned here, so that nothing is updated by itself where \
                     DD_SECURITY_SCANNER or DD_SECURITY_VERIFY_SIGNATURES is set";
const SHARED: &str = "drydock shares a threshold between what has the same name, so that nothing is \
                      updated by itself beside it; remove it";
const THRESHOLD: To = Read(|text, _| {
    Ok(Meaning::Nothing(if text.eq_ignore_ascii_case("all") { NOTIFICATIONS } else { SHARED }))
});
const SHOWN: &str = "it only changes what is shown";
const REMOTE: &str = "the engine is reached over a socket, TCP, or TLS with DOCKER_TLS_VERIFY";

pub(super) const VARIABLES: [ForeignVariable; 56] = [
    row("DD_WATCHER_*__FILE", Nothing(UNREAD)),
    row("DD_WATCHER_*_IMGSET_*_DISPLAY_*", Nothing(SHOWN)),
    row("DD_WATCHER_*_IMGSET_*_LINK_TEMPLATE", Nothing(SHOWN)),
    row("DD_WATCHER_*_IMGSET_*_TAG_PIN_INFO", Nothing(SHOWN)),
    row("DD_WATCHER_*_IMGSET_*_IMAGE", Nothing("it names an image for a preset")),
    row("DD_WATCHER_*_IMGSET_*", Nothing(PRESETS)),
    row("DD_WATCHER_*_CRON", Read(check_schedule)),
    row("DD_WATCHER_*_HOST", Read(host)),
    row("DD_WATCHER_*_PORT", Already("it goes along with the HOST")),
    row("DD_WATCHER_*_SOCKET", Read(socket)),
    row("DD_WATCHER_*_JITTER", Read(|text, _| one(JITTER, milliseconds(text)?))),
    row("DD_WATCHER_*_WATCHALL", Switch("DOCKER_AUTO_DOCKER_INCLUDE_STOPPED")),
    row("DD_WATCHER_*_WATCHATSTART", Switch("DOCKER_AUTO_SCAN_ON_START")),
    row("DD_WATCHER_*_WATCHBYDEFAULT", Read(|text, _| by_default(text, BY_DEFAULT))),
    row("DD_WATCHER_*_WATCHEVENTS", Already(EVENTS)),
    row("DD_WATCHER_*_DISCOVERY_SETTLE_MS", Already("a host is given time to settle")),
    row("DD_WATCHER_*_MAINTENANCE_WINDOW", Read(maintenance)),
    row("DD_WATCHER_*_MAINTENANCE_WINDOW_TZ", Already("it goes along with the window")),
    row("DD_WATCHER_*_MATURITY_MODE", Read(maturity)),
    row("DD_WATCHER_*_MATURITY_MIN_AGE_DAYS", Read(age)),
    row("DD_WATCHER_*_TAG_FAMILY", Already("a tag is only followed within its family")),
    row("DD_WATCHER_*_TAG_PIN_INFO", Nothing(SHOWN)),
    row("DD_WATCHER_*_CAFILE", Nothing(CERTIFICATES)),
    row("DD_WATCHER_*_CERTFILE", Nothing(CERTIFICATES)),
    row("DD_WATCHER_*_KEYFILE", Nothing(CERTIFICATES)),
    row("DD_WATCHER_*_AUTH_*", Nothing(REMOTE)),
    row("DD_WATCHER_*_PROTOCOL", Nothing(REMOTE)),
    row("DD_WATCHER_*", Nothing("nothing here is set by it")),
    row("DD_TRIGGER_DOCKERCOMPOSE_*", Read(compose_trigger)),
    row("DD_TRIGGER_DOCKER_*", Read(trigger)),
    row("DD_TRIGGER_*_THRESHOLD", THRESHOLD),
    row("DD_TRIGGER_*", Nothing(NOTIFICATIONS)),
    row("DD_ACTION_DOCKERCOMPOSE_*", Read(compose_trigger)),
    row("DD_ACTION_DOCKER_*", Read(trigger)),
    row("DD_ACTION_*_THRESHOLD", THRESHOLD),
    row("DD_ACTION_*", Nothing("commands are run by hooks: docker-auto.hook.post-update")),
    row("DD_NOTIFICATION_DOCKERCOMPOSE_*", Read(compose_trigger)),
    row("DD_NOTIFICATION_DOCKER_*", Read(trigger)),
    row("DD_NOTIFICATION_*_THRESHOLD", THRESHOLD),
    row("DD_NOTIFICATION_*", Nothing(NOTIFICATIONS)),
    row("DD_REGISTRY_*", Nothing(REGISTRY)),
    row(
        "DD_UPDATE_MAX_CONCURRENT",
        Read(|text, _| match text {
            "0" => Ok(Meaning::Already("one container after the other")),
            number => one("DOCKER_AUTO_UPDATE_CONCURRENCY", number),
        }),
    ),
    row("DD_ROLLBACK_*", Already("what fails is always rolled back")),
    row("DD_SECURITY_*", Nothing(SCANS)),
    row("DD_HOOKS_ENABLED", Nothing("drydock's hooks run in its own container")),
    row("DD_SERVER_PORT", Read(|text, _| one("DOCKER_AUTO_SERVER_ADDR", format!(":{text}")))),
    row("DD_SERVER_*", Nothing(SERVER)),
    row("DD_AUTH_*", Nothing(SERVER)),
    row("DD_ANONYMOUS_AUTH_*", Nothing(SERVER)),
    row("DD_WEBHOOK_*", Nothing("there are no webhooks that could ask for updates")),
    row("DD_PROMETHEUS_ENABLED", Nothing("there are no metrics yet")),
    row("DD_STORE_*", Nothing("DOCKER_AUTO_DATA says where everything is kept")),
    row("DD_RELEASE_NOTES_*", Nothing(SHOWN)),
    row("DD_LOCAL_WATCHER", Nothing("one host is looked at; DOCKER_AUTO_DOCKER_HOST says which")),
    row("DD_RUN_AS_ROOT", Already("the image says who runs it")),
    row("DD_ALLOW_INSECURE_ROOT", Already("the image says who runs it")),
];

/// Says whether an environment has a variable that is drydock's for certain: Datadog's begin like it.
pub(super) fn is_there(all: &Variables) -> bool {
    all.keys().any(|name| VARIABLES.iter().any(|row| row.matches(name)))
}

fn maintenance(_: &str, all: &Variables) -> Understood {
    match windows(all) {
        Ok(Some(window)) => one("DOCKER_AUTO_UPDATE_WINDOW", window),
        _ => Ok(Meaning::Nothing(WINDOW)),
    }
}

fn maturity(text: &str, all: &Variables) -> Understood {
    match text {
        "mature" => one(COOLDOWN, format!("{}d", min_age(all).unwrap_or(WEEK))),
        "all" => Ok(Meaning::Already("without a cooldown every image may be taken at once")),
        _ => Err("write all or mature".to_owned()),
    }
}

fn age(text: &str, all: &Variables) -> Understood {
    let own = days(text)?;
    if takes_all(all) {
        return Ok(Meaning::Already("MATURITY_MODE=all asks for no age"));
    }
    one(COOLDOWN, format!("{}d", min_age(all).unwrap_or(own)))
}
