//! Watchtower's variables, of all three lineages.

use std::time::Duration;

use crate::core::foreign::idiom::{
    API_ENDPOINTS, API_UPDATE, GID, MONITORED_IMAGES, RUN_ONCE, SKIPPED_IMAGES, UID, may_be_on,
    restraint, text,
};
use crate::core::foreign::value::{When, at_least_a_minute, go_duration, names, schedule};
use crate::core::foreign::{Content, Meaning, Setting, Tool, Understood, one};
use crate::core::value;

use super::To::{Already, IfOn, Names, Nothing, NothingIfOn, Read, Same, Span, Switch};
use super::{ForeignVariable, FoundVariable, OFF, Source, Variables, row};

pub(super) const MONITOR_ONLY: &str = "WATCHTOWER_MONITOR_ONLY";
const NO_PULL: &str = "WATCHTOWER_NO_PULL";
const SCHEDULE: &str = "WATCHTOWER_SCHEDULE";
const INTERVAL: &str = "WATCHTOWER_POLL_INTERVAL";
const ON_START: &str = "WATCHTOWER_UPDATE_ON_START";

const NOTIFICATIONS: &str = "there are no notifications yet";
const API: &str = "there is no HTTP API to be reached from outside yet";
const LABELS: &str = "it says how Watchtower's labels are read";
const NO_UPDATES: &[(&str, &str)] = &[("DOCKER_AUTO_UPDATE_ENABLED", "false")];
const IMAGES: &str = "nothing is updated by itself beside it; set the label docker-auto.mode of the \
                      containers that are meant, and remove it";
const ONCE: &str = "nothing is updated by itself beside it; run `docker-auto update --all` instead \
                    of serving";
const ASKED: &str = "there is no HTTP API to be reached from outside yet; where it asks for updates, \
                     nothing is updated by itself without WATCHTOWER_HTTP_API_PERIODIC_POLLS";
const LABEL_ENABLE: &str = "WATCHTOWER_LABEL_ENABLE";
const SCOPE: &str = "WATCHTOWER_SCOPE";
const CLEANUP: &str = "WATCHTOWER_CLEANUP";
const RERUN: &str = "set the label docker-auto.rerun=true of the containers that are run again";
const GROUP: &str = "a group alone cannot be set; write WATCHTOWER_LIFECYCLE_UID as well";
const BY_LABEL: &str = "WATCHTOWER_ENABLE_CONTAINERS_BY_LABEL";

pub(super) const VARIABLES: [ForeignVariable; 66] = [
    row(INTERVAL, Read(interval)),
    row(SCHEDULE, Read(update_schedule)),
    row(RUN_ONCE, NothingIfOn(ONCE)),
    row(ON_START, Switch("DOCKER_AUTO_SCAN_ON_START")),
    row("WATCHTOWER_TIMEOUT", Span("DOCKER_AUTO_UPDATE_STOP_TIMEOUT")),
    row(NO_PULL, IfOn(NO_UPDATES)),
    row("WATCHTOWER_NO_RESTART", NothingIfOn("a new container runs where the old one ran")),
    row("WATCHTOWER_NO_STARTUP_MESSAGE", Already(NOTIFICATIONS)),
    row(CLEANUP, Read(cleanup)),
    row("WATCHTOWER_REMOVE_VOLUMES", NothingIfOn("data is kept: volumes go to the new container")),
    row(
        LABEL_ENABLE,
        Read(|text, all| if value::switch(text)? { only_labels(ENABLED, all) } else { Ok(OFF) }),
    ),
    row("WATCHTOWER_LABEL_TAKE_PRECEDENCE", Already(LABELS)),
    row("WATCHTOWER_DISABLE_CONTAINERS", Names("DOCKER_AUTO_POLICY_EXCLUDE_NAMES")),
    row(BY_LABEL, Read(|text, all| only_labels(&selectors(text), all))),
    row(
        "WATCHTOWER_DISABLE_CONTAINERS_BY_LABEL",
        Read(|text, _| one("DOCKER_AUTO_POLICY_EXCLUDE_LABELS", selectors(text))),
    ),
    row(MONITORED_IMAGES, Nothing(IMAGES)),
    row(SKIPPED_IMAGES, Nothing(IMAGES)),
    row(SCOPE, Same("DOCKER_AUTO_POLICY_SCOPE")),
    row(MONITOR_ONLY, IfOn(NO_UPDATES)),
    row("WATCHTOWER_INCLUDE_STOPPED", Switch("DOCKER_AUTO_DOCKER_INCLUDE_STOPPED")),
    row("WATCHTOWER_INCLUDE_RESTARTING", Already("containers that restart are looked at anyway")),
    row("WATCHTOWER_REVIVE_STOPPED", NothingIfOn("what did not run is updated and not started")),
    row("WATCHTOWER_ROLLING_RESTART", Already("containers are updated one after the other")),
    row("WATCHTOWER_USE_COMPOSE_DEPENDS_ON", Already("compose's depends_on always counts")),
    row("WATCHTOWER_COMPOSE_DEPENDS_ON", Already("compose's depends_on always counts")),
    row("WATCHTOWER_RERUN_INIT_DEPS", NothingIfOn(RERUN)),
    row(
        "WATCHTOWER_UPDATE_STRATEGY",
        Read(|text, _| match text {
            "recreate" => Ok(Meaning::Already("containers are made anew, beside the old one")),
            _ => Ok(Meaning::Nothing("the new container starts when the old one has stopped")),
        }),
    ),
    row("WATCHTOWER_BLUE_GREEN_DRAIN", Nothing("two containers never serve at the same time")),
    row("WATCHTOWER_HEALTH_CHECK_GATED", Already("every update is gated and rolled back")),
    row("WATCHTOWER_HEALTH_CHECK_TIMEOUT", Span("DOCKER_AUTO_HEALTH_TIMEOUT")),
    row("WATCHTOWER_IMAGE_COOLDOWN", Span("DOCKER_AUTO_UPDATE_COOLDOWN")),
    row("WATCHTOWER_COOLDOWN_DELAY", Span("DOCKER_AUTO_UPDATE_COOLDOWN")),
    row("WATCHTOWER_COOLDOWN_PLATFORM_*", Already("the container's own platform counts")),
    row(
        GID,
        Read(|_, all| match text_of(all, UID) {
            Some(_) => Ok(Meaning::Already(LABELS)),
            None => Ok(Meaning::Nothing(GROUP)),
        }),
    ),
    row("WATCHTOWER_LIFECYCLE_*", Already(LABELS)),
    row("WATCHTOWER_EPHEMERAL_SELF_UPDATE", Already("it replaces itself through a helper")),
    row("WATCHTOWER_WATCH_DOCKER_EVENTS", Already("what happens on the host is seen at once")),
    row("WATCHTOWER_NO_WATCHDOG", Already("there is no watchdog to turn off")),
    row("WATCHTOWER_AUDIT_UNMANAGED", Already("`docker-auto check` says of each why it is left")),
    row("WATCHTOWER_PREFLIGHT", Already("what an update needs is looked at before it begins")),
    row("WATCHTOWER_DISABLE_MEMORY_SWAPPINESS", Already("what the engine refuses is left out")),
    row("WATCHTOWER_CPU_COPY_MODE", Already("what the engine refuses is left out")),
    row(
        "WATCHTOWER_REGISTRY_TLS_SKIP",
        NothingIfOn("name the registries in DOCKER_AUTO_REGISTRY_INSECURE"),
    ),
    row("WATCHTOWER_REGISTRY_TLS_MIN_VERSION", Already("TLS 1.2 is the least")),
    row("WATCHTOWER_INSECURE_REGISTRY", Names("DOCKER_AUTO_REGISTRY_INSECURE")),
    row("WATCHTOWER_REGISTRY_CA_BUNDLE", Same("DOCKER_AUTO_REGISTRY_CA")),
    row("WATCHTOWER_WARN_ON_HEAD_FAILURE", Already("a refused HEAD is asked again with GET")),
    row("WATCHTOWER_HTTP_API_HOST", Read(listen)),
    row(
        "WATCHTOWER_HTTP_API_PORT",
        Read(|text, all| match text_of(all, "WATCHTOWER_HTTP_API_HOST") {
            Some(_) => Ok(Meaning::Already("WATCHTOWER_HTTP_API_HOST takes it along")),
            None => one("DOCKER_AUTO_SERVER_ADDR", format!(":{}", text.trim_start_matches(':'))),
        }),
    ),
    row(API_UPDATE, NothingIfOn(ASKED)),
    row(API_ENDPOINTS, Nothing(ASKED)),
    row("WATCHTOWER_HTTP_API_*", Nothing(API)),
    row("WATCHTOWER_DEBUG", IfOn(&[("DOCKER_AUTO_LOG_LEVEL", "debug")])),
    row("WATCHTOWER_TRACE", IfOn(&[("DOCKER_AUTO_LOG_LEVEL", "trace")])),
    row("WATCHTOWER_LOG_LEVEL", Read(level)),
    row(
        "WATCHTOWER_LOG_FORMAT",
        Read(|text, _| {
            let format = if text.eq_ignore_ascii_case("json") { "json" } else { "text" };
            one("DOCKER_AUTO_LOG_FORMAT", format)
        }),
    ),
    row("WATCHTOWER_NO_COLOR", IfOn(&[("NO_COLOR", "1")])),
    row("WATCHTOWER_PORCELAIN", Nothing("`docker-auto check --json` is for programs")),
    row("WATCHTOWER_NOTIFICATIONS", Nothing(NOTIFICATIONS)),
    row("WATCHTOWER_NOTIFICATIONS_*", Nothing(NOTIFICATIONS)),
    row("WATCHTOWER_NOTIFICATION_*", Nothing(NOTIFICATIONS)),
    row("WATCHTOWER_HOST", Same("DOCKER_AUTO_DOCKER_HOST")),
    row("WATCHTOWER_TLSVERIFY", Switch("DOCKER_TLS_VERIFY")),
    row("WATCHTOWER_CERT_PATH", Same("DOCKER_CERT_PATH")),
    row("WATCHTOWER_API_VERSION", Already("the version is agreed on with the engine")),
    row("WATCHTOWER_HEALTH_CHECK", Already("the image has its own healthcheck")),
];

/// The label with which Watchtower's users opt in.
const ENABLED: &str = "com.centurylinklabs.watchtower.enable=true";

fn text_of<'a>(all: &'a Variables, name: &str) -> Option<&'a str> {
    text(all, name)
}

/// Says whether Watchtower would only look, or updates otherwise than can be had here.
fn only_looks(all: &Variables) -> bool {
    may_be_on(all, MONITOR_ONLY) || may_be_on(all, NO_PULL) || restraint(all).is_some()
}

/// Watchtower asks for the labels of both its variables at once; any label of our list is enough.
fn only_labels(labels: &str, all: &Variables) -> Understood {
    let ours = ["DOCKER_AUTO_POLICY_ONLY_LABELS", "WATCH_POLICY_ONLY_LABELS"];
    let settled = ours.iter().any(|name| text(all, name).is_some());
    let others = text(all, BY_LABEL).is_some_and(|text| selectors(text) != ENABLED);
    if others && may_be_on(all, LABEL_ENABLE) && !settled {
        return Err(format!(
            "{LABEL_ENABLE} and {BY_LABEL} ask for two labels at once, which cannot be said here: \
             set DOCKER_AUTO_POLICY_ONLY_LABELS, of which any label is enough"
        ));
    }
    one("DOCKER_AUTO_POLICY_ONLY_LABELS", labels)
}

fn update_schedule(text: &str, all: &Variables) -> Understood {
    match schedule(text)? {
        When::Every(interval) => one("DOCKER_AUTO_SCAN_INTERVAL", interval),
        When::Cron(cron) if only_looks(all) => one("DOCKER_AUTO_SCAN_CRON", cron),
        When::Cron(cron) => one("DOCKER_AUTO_UPDATE_CRON", cron),
    }
}

fn interval(text: &str, all: &Variables) -> Understood {
    if text_of(all, SCHEDULE).is_some() {
        return Ok(Meaning::Already("WATCHTOWER_SCHEDULE says when"));
    }
    let interval = go_duration(text, Duration::from_secs(1))?;
    one("DOCKER_AUTO_SCAN_INTERVAL", at_least_a_minute(interval))
}

const KEEP_IMAGES: &str = "DOCKER_AUTO_UPDATE_KEEP_IMAGES";
/// More than a container will ever have run.
const ALL_IMAGES: &str = "1000";

/// Images before the last one are removed in any case, unless so many are kept.
fn cleanup(text: &str, _: &Variables) -> Understood {
    one(KEEP_IMAGES, if value::switch(text)? { "1" } else { ALL_IMAGES })
}

fn level(text: &str, _: &Variables) -> Understood {
    let level = text.to_ascii_lowercase();
    let ours = match level.as_str() {
        "panic" | "fatal" => "error",
        "error" | "warn" | "warning" | "info" | "debug" | "trace" => level.as_str(),
        _ => return Err("write one of error, warn, info, debug, trace".to_owned()),
    };
    one("DOCKER_AUTO_LOG_LEVEL", ours)
}

fn listen(host: &str, all: &Variables) -> Understood {
    let port = text_of(all, "WATCHTOWER_HTTP_API_PORT").unwrap_or("8080").trim_start_matches(':');
    let host = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
    one("DOCKER_AUTO_SERVER_ADDR", format!("{host}:{port}"))
}

/// `key=value` asks for the value, `key=` and `key` for the label alone.
fn selectors(text: &str) -> String {
    let each = names(text);
    let each = value::list(&each).map(|one| one.strip_suffix('=').unwrap_or(one));
    each.collect::<Vec<_>>().join(",")
}

/// What Watchtower does where its variables say nothing else: it updates every container, compose's
/// too, each day, unless it has a scope, and keeps their images. Where one of them restrains it
/// otherwise than can be had here, nothing is updated.
pub(super) fn implied(all: &Variables) -> Option<FoundVariable> {
    let restraint = restraint(all).map(ToOwned::to_owned);
    let restrained = restraint.is_some();
    let first = || all.keys().find(|name| name.starts_with("WATCHTOWER_")).cloned();
    let name = restraint.or_else(first)?;
    let every =
        text_of(all, SCHEDULE).is_none_or(|text| matches!(schedule(text), Ok(When::Every(_))));
    let mut settings = Vec::new();
    let mut add = |name: &str, value: &str| settings.push(Setting::open(name, value));
    if restrained {
        add("DOCKER_AUTO_UPDATE_ENABLED", "false");
    } else if !only_looks(all) {
        if every {
            add("DOCKER_AUTO_UPDATE_ENABLED", "true");
        }
        add("DOCKER_AUTO_UPDATE_ALLOW_COMPOSE", "true");
    }
    if every {
        if text_of(all, INTERVAL).is_none() && text_of(all, SCHEDULE).is_none() {
            add("DOCKER_AUTO_SCAN_INTERVAL", "1d");
        }
        add("DOCKER_AUTO_SCAN_ON_START", "false");
    }
    // The first Watchtower would take containers of every scope, its successor those without one.
    if text_of(all, SCOPE).is_none() {
        add("DOCKER_AUTO_POLICY_SCOPE", "none");
    }
    if text_of(all, CLEANUP).is_none() {
        add(KEEP_IMAGES, ALL_IMAGES);
    }
    let meaning = if settings.is_empty() { OFF } else { Meaning::Ours(settings) };
    Some(FoundVariable {
        name,
        value: Content::Open(String::new()),
        tool: Tool::Watchtower,
        meaning: Ok(meaning),
        source: Source::Implied,
    })
}
