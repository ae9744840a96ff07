//! diun's variables.

use crate::core::foreign::idiom::is_on;
use crate::core::foreign::{Content, Meaning, Setting, Tool};

use super::To::{Already, Nothing, Read, Same, Span, Switch};
use super::{ForeignVariable, FoundVariable, Source, Variables, check_schedule, row};

const NOTIFICATIONS: &str = "there are no notifications yet";
const BY_DEFAULT: &str = "DIUN_PROVIDERS_DOCKER_WATCHBYDEFAULT";
const LABELS: &str = "set the labels of the containers that are meant";
const PROVIDER: &str = "containers of a Docker engine are looked at, and nothing else";

pub(super) const VARIABLES: [ForeignVariable; 23] = [
    row("DIUN_WATCH_SCHEDULE", Read(check_schedule)),
    row("DIUN_WATCH_WORKERS", Same("DOCKER_AUTO_SCAN_CONCURRENCY")),
    row("DIUN_WATCH_JITTER", Span("DOCKER_AUTO_SCAN_JITTER")),
    row("DIUN_WATCH_FIRSTCHECKNOTIF", Nothing(NOTIFICATIONS)),
    row("DIUN_WATCH_RUNONSTARTUP", Switch("DOCKER_AUTO_SCAN_ON_START")),
    row("DIUN_WATCH_COMPAREDIGEST", Already("digests are always compared")),
    row("DIUN_WATCH_HEALTHCHECKS_*", Nothing(NOTIFICATIONS)),
    row("DIUN_DEFAULTS_*", Nothing(LABELS)),
    row("DIUN_DB_PATH", Nothing("DOCKER_AUTO_DATA says where everything is kept")),
    row("DIUN_METRICS_*", Nothing("there are no metrics yet")),
    row("DIUN_REGOPTS_*", Nothing("credentials need a host, an account and a password")),
    row("DIUN_PROVIDERS_DOCKER", Already("the Docker engine is what is looked at")),
    row("DIUN_PROVIDERS_DOCKER_ENDPOINT", Same("DOCKER_AUTO_DOCKER_HOST")),
    row("DIUN_PROVIDERS_DOCKER_APIVERSION", Already("the version is agreed on with the engine")),
    row("DIUN_PROVIDERS_DOCKER_TLSCERTSPATH", Same("DOCKER_CERT_PATH")),
    row("DIUN_PROVIDERS_DOCKER_TLSVERIFY", Switch("DOCKER_TLS_VERIFY")),
    row(BY_DEFAULT, Already("it says which containers are looked at")),
    row("DIUN_PROVIDERS_DOCKER_WATCHSTOPPED", Switch("DOCKER_AUTO_DOCKER_INCLUDE_STOPPED")),
    row("DIUN_PROVIDERS_*", Nothing(PROVIDER)),
    row("DIUN_NOTIF_*", Nothing(NOTIFICATIONS)),
    row("DIUN_LOG_LEVEL", Same("DOCKER_AUTO_LOG_LEVEL")),
    row("DIUN_LOG_JSON", Nothing("write DOCKER_AUTO_LOG_FORMAT=json")),
    row("DIUN_CONFIG", Nothing("a file is not read; the variables say everything")),
];

/// diun looks only at what is labelled, unless it was told otherwise, and never updates.
pub(super) fn implied(all: &Variables) -> Option<FoundVariable> {
    let name = all.keys().find(|name| name.starts_with("DIUN_PROVIDERS_DOCKER"))?.clone();
    if is_on(all, BY_DEFAULT) {
        return None;
    }
    let only = Setting::open("DOCKER_AUTO_POLICY_ONLY_LABELS", "diun.enable=true");
    Some(FoundVariable {
        name,
        value: Content::Open(String::new()),
        tool: Tool::Diun,
        meaning: Ok(Meaning::Ours(vec![only])),
        source: Source::Implied,
    })
}
