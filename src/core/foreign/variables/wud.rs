//! The variables of WUD and drydock.

use crate::core::foreign::idiom::{text, triggers};
use crate::core::foreign::value::milliseconds;
use crate::core::foreign::{Meaning, Setting, Understood, one};
use crate::core::value::switch;

use super::To::{Already, Nothing, Read, Same, Switch};
use super::{ForeignVariable, Variables, check_schedule, row};

const NOTIFICATIONS: &str = "there are no notifications yet";
const JITTER: &str = "DOCKER_AUTO_SCAN_JITTER";
const EVENTS: &str = "what happens on the host is seen at once";
const CERTIFICATES: &str = "put ca.pem, cert.pem and key.pem into a folder: DOCKER_CERT_PATH";
const REGISTRY: &str = "credentials need a host, an account and a password or token";
const SERVER: &str = "there is no panel yet; DOCKER_AUTO_SERVER_ADDR answers /healthz";
const BY_DEFAULT_WUD: &str = "wud.watch=true";
const BY_DEFAULT_DRYDOCK: &str = "dd.watch=true,wud.watch=true";

pub(super) const VARIABLES: [ForeignVariable; 44] = [
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
    row("DD_WATCHER_*_CRON", Read(check_schedule)),
    row("DD_WATCHER_*_HOST", Read(host)),
    row("DD_WATCHER_*_PORT", Already("it goes along with the HOST")),
    row("DD_WATCHER_*_SOCKET", Read(socket)),
    row("DD_WATCHER_*_JITTER", Read(|text, _| one(JITTER, milliseconds(text)?))),
    row("DD_WATCHER_*_WATCHALL", Switch("DOCKER_AUTO_DOCKER_INCLUDE_STOPPED")),
    row("DD_WATCHER_*_WATCHATSTART", Switch("DOCKER_AUTO_SCAN_ON_START")),
    row("DD_WATCHER_*_WATCHBYDEFAULT", Read(|text, _| by_default(text, BY_DEFAULT_DRYDOCK))),
    row("DD_WATCHER_*_WATCHEVENTS", Already(EVENTS)),
    row(
        "DD_WATCHER_*_MATURITY_MIN_AGE_DAYS",
        Read(|text, _| {
            let days: u16 = text.parse().map_err(|_| "write whole days".to_owned())?;
            one("DOCKER_AUTO_UPDATE_COOLDOWN", format!("{days}d"))
        }),
    ),
    row("DD_WATCHER_*_TAG_FAMILY", Already("a tag is only followed within its family")),
    row("DD_WATCHER_*", Nothing("this variable is not known here")),
    row("DD_TRIGGER_DOCKERCOMPOSE_*", Read(compose_trigger)),
    row("DD_TRIGGER_DOCKER_*", Read(trigger)),
    row("DD_TRIGGER_*", Nothing(NOTIFICATIONS)),
    row("DD_ACTION_DOCKERCOMPOSE_*", Read(compose_trigger)),
    row("DD_ACTION_DOCKER_*", Read(trigger)),
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
];

/// The port stands beside it, under the same watcher's name.
fn host(given: &str, all: &Variables) -> Understood {
    let ports = all.iter().filter(|(name, _)| name.ends_with("_PORT"));
    let mut watchers = ports.filter(|(name, _)| {
        let watcher = name.strip_suffix("PORT").unwrap_or_default();
        text(all, &format!("{watcher}HOST")) == Some(given)
    });
    let port = watchers.next().map_or("2375", |(_, port)| port.trim());
    one("DOCKER_AUTO_DOCKER_HOST", format!("tcp://{given}:{port}"))
}

fn socket(path: &str, _: &Variables) -> Understood {
    one("DOCKER_AUTO_DOCKER_HOST", format!("unix://{path}"))
}

fn by_default(text: &str, label: &str) -> Understood {
    if switch(text)? {
        Ok(Meaning::Already("containers without a label are looked at"))
    } else {
        one("DOCKER_AUTO_POLICY_ONLY_LABELS", label)
    }
}

fn trigger(_: &str, all: &Variables) -> Understood {
    if triggers(all) {
        one("DOCKER_AUTO_UPDATE_ENABLED", "true")
    } else {
        Ok(Meaning::Already(
            "updates stay off: the triggers do nothing by themselves, or not with every container; \
             the label docker-auto.mode=auto asks for those of its container",
        ))
    }
}

fn compose_trigger(text: &str, all: &Variables) -> Understood {
    let mut meaning = trigger(text, all)?;
    if let Meaning::Ours(settings) = &mut meaning {
        settings.push(Setting::open("DOCKER_AUTO_UPDATE_ALLOW_COMPOSE", "true"));
    }
    Ok(meaning)
}
