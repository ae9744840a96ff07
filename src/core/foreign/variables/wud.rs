//! WUD's variables.

use crate::core::foreign::idiom::text;
use crate::core::foreign::trigger::triggers;
use crate::core::foreign::value::milliseconds;
use crate::core::foreign::{Meaning, Setting, Understood, one};
use crate::core::value::switch;

use super::To::{Already, Nothing, Read, Same, Switch};
use super::{ForeignVariable, Variables, check_schedule, row};

pub(super) const NOTIFICATIONS: &str = "there are no notifications yet";
pub(super) const JITTER: &str = "DOCKER_AUTO_SCAN_JITTER";
pub(super) const EVENTS: &str = "what happens on the host is seen at once";
pub(super) const CERTIFICATES: &str =
    "put ca.pem, cert.pem and key.pem into a folder: DOCKER_CERT_PATH";
pub(super) const REGISTRY: &str = "credentials need a host, an account and a password or token";
pub(super) const SERVER: &str = "there is no panel yet; DOCKER_AUTO_SERVER_ADDR answers /healthz";
pub(super) const UNREAD: &str = "a file is not read here; beside one of a window, an age or WATCHBYDEFAULT nothing is updated by \
     itself; write the value itself";
const COMPOSE_ALONE: &str = "updates stay off: such a trigger changes the containers of its file alone, or other variables \
     restrain it; the label docker-auto.mode=auto asks for those of its container";
const BY_DEFAULT_WUD: &str = "wud.watch=true";

pub(super) const VARIABLES: [ForeignVariable; 24] = [
    row("WUD_WATCHER_*__FILE", Nothing(UNREAD)),
    row("WUD_WATCHER_*_CRON", Read(check_schedule)),
    row("WUD_WATCHER_*_HOST", Read(host)),
    row("WUD_WATCHER_*_PORT", Already("it goes along with the HOST")),
    row("WUD_WATCHER_*_SOCKET", Read(socket)),
    row("WUD_WATCHER_*_JITTER", Read(|text, _| one(JITTER, milliseconds(text)?))),
    row("WUD_WATCHER_*_WATCHALL", Switch("DOCKER_AUTO_DOCKER_INCLUDE_STOPPED")),
    row("WUD_WATCHER_*_WATCHATSTART", Switch("DOCKER_AUTO_SCAN_ON_START")),
    row("WUD_WATCHER_*_WATCHBYDEFAULT", Read(|text, _| by_default(text, BY_DEFAULT_WUD))),
    row("WUD_WATCHER_*_WATCHEVENTS", Already(EVENTS)),
    row("WUD_WATCHER_*_CAFILE", Nothing(CERTIFICATES)),
    row("WUD_WATCHER_*_CERTFILE", Nothing(CERTIFICATES)),
    row("WUD_WATCHER_*_KEYFILE", Nothing(CERTIFICATES)),
    row("WUD_TRIGGER_DOCKERCOMPOSE_*", Read(compose_trigger)),
    row("WUD_TRIGGER_DOCKER_*", Read(trigger)),
    row("WUD_TRIGGER_*", Nothing(NOTIFICATIONS)),
    row("WUD_REGISTRY_*", Nothing(REGISTRY)),
    row("WUD_SERVER_PORT", Read(|text, _| one("DOCKER_AUTO_SERVER_ADDR", format!(":{text}")))),
    row("WUD_SERVER_*", Nothing(SERVER)),
    row("WUD_AUTH_*", Nothing(SERVER)),
    row("WUD_LOG_LEVEL", Same("DOCKER_AUTO_LOG_LEVEL")),
    row("WUD_LOG_FORMAT", Same("DOCKER_AUTO_LOG_FORMAT")),
    row("WUD_PROMETHEUS_ENABLED", Nothing("there are no metrics yet")),
    row("WUD_STORE_*", Nothing("DOCKER_AUTO_DATA says where everything is kept")),
];

/// The port stands beside it, under the same watcher's name.
pub(super) fn host(given: &str, all: &Variables) -> Understood {
    let ports = all.iter().filter(|(name, _)| name.ends_with("_PORT"));
    let mut watchers = ports.filter(|(name, _)| {
        let watcher = name.strip_suffix("PORT").unwrap_or_default();
        text(all, &format!("{watcher}HOST")) == Some(given)
    });
    let port = watchers.next().map_or("2375", |(_, port)| port.trim());
    one("DOCKER_AUTO_DOCKER_HOST", format!("tcp://{given}:{port}"))
}

pub(super) fn socket(path: &str, _: &Variables) -> Understood {
    one("DOCKER_AUTO_DOCKER_HOST", format!("unix://{path}"))
}

pub(super) fn by_default(text: &str, label: &str) -> Understood {
    if switch(text)? {
        Ok(Meaning::Already("containers without a label are looked at"))
    } else {
        one("DOCKER_AUTO_POLICY_ONLY_LABELS", label)
    }
}

pub(super) fn trigger(_: &str, all: &Variables) -> Understood {
    if triggers(all) {
        one("DOCKER_AUTO_UPDATE_ENABLED", "true")
    } else {
        Ok(Meaning::Already(
            "updates stay off: the triggers do nothing by themselves or not with every container, or \
             other variables restrain them; the label docker-auto.mode=auto asks for those of its \
             container",
        ))
    }
}

pub(super) fn compose_trigger(text: &str, all: &Variables) -> Understood {
    if !triggers(all) {
        return Ok(Meaning::Already(COMPOSE_ALONE));
    }
    let mut meaning = trigger(text, all)?;
    if let Meaning::Ours(settings) = &mut meaning {
        settings.push(Setting::open("DOCKER_AUTO_UPDATE_ALLOW_COMPOSE", "true"));
    }
    Ok(meaning)
}
