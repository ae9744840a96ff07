//! The health gates of an update: from the label, the variable, or the new image's own healthcheck.

use std::time::Duration;

use serde_json::{Map, Value};

use crate::core::compose::Labels;
use crate::core::health::{ExitZero, HealthGate, Requirement, Restarts, derived_timeout};
use crate::core::id::Timestamp;
use crate::core::policy::Policy;
use crate::core::probe::{self, Probe, Vantage};

/// The wait for `healthy` where nothing says how long: the image's healthcheck is not known.
const FALLBACK_TIMEOUT: Duration = Duration::from_mins(5);

/// The wait for docker-auto itself to serve.
const READY_TIMEOUT: Duration = Duration::from_mins(2);

/// So soon after a restart by its policy nobody knows whether that was the last one: the engine lets
/// up to a minute pass between two.
const RECENT_SECONDS: i64 = 60;

/// The gates of both containers.
pub(super) struct Gates {
    pub(super) new: HealthGate,
    pub(super) old: HealthGate,
}

/// Returns the gates for a container that is made from `body` on the image with this config.
pub(super) fn gates(
    inspect: &Value,
    body: &Value,
    new_config: Option<&Value>,
    policy: &Policy,
) -> Gates {
    let gate = |healthcheck: Option<Value>| {
        let exit_zero = exit_zero(inspect, healthcheck.as_ref());
        let derived = healthcheck.as_ref().map_or(FALLBACK_TIMEOUT, derived_timeout);
        HealthGate {
            timeout: policy.health_timeout.as_ref().map_or(derived, |timeout| timeout.value),
            stable: policy.health_stable.value,
            require: requirement(inspect),
            exit_zero,
            restarts: Restarts::SinceStart,
            probes: Vec::new(),
            soak: Duration::ZERO,
        }
    };
    let old = inspect.pointer("/Config/Healthcheck").filter(|check| !check.is_null()).cloned();
    Gates { new: gate(effective(body, new_config)), old: gate(old) }
}

impl Gates {
    /// Adds to the new container's gate what its labels ask for besides. The old one is not asked:
    /// nobody knows whether it would have answered; nor is the new one where that cannot be done.
    pub(super) fn probing(self, labels: &Labels, from: Option<&Vantage>) -> Self {
        let Some(from) = from else { return self };
        let (probes, soak) = (probe::probes(labels, from), probe::soak(labels));
        // What has ended cannot be asked any more.
        let exit_zero = if probes.is_empty() { self.new.exit_zero } else { ExitZero::Failed };
        Self { new: HealthGate { exit_zero, probes, soak, ..self.new }, ..self }
    }

    /// Asks nothing of one that goes along and was not well before: whatever fails then, it is not what
    /// is updated, and an update that mends it must be able to land.
    pub(super) fn of_companion(self, ailment: Option<&str>) -> Self {
        if ailment.is_none() {
            return self;
        }
        let nothing = |gate| HealthGate { require: Requirement::Nothing, ..gate };
        Self { new: nothing(self.new), old: nothing(self.old) }
    }

    /// Has either say that it serves, for it is docker-auto itself; whatever its healthcheck says.
    pub(super) fn of_ourselves(self, policy: &Policy) -> Self {
        let timeout = policy.health_timeout.as_ref().map_or(READY_TIMEOUT, |timeout| timeout.value);
        let ready = |gate: HealthGate| HealthGate {
            timeout,
            stable: Duration::ZERO,
            // It must go on to say so, and since the same start.
            soak: gate.soak.max(gate.stable),
            require: Requirement::Stable,
            exit_zero: ExitZero::Failed,
            probes: std::iter::once(Probe::Ready).chain(gate.probes.iter().cloned()).collect(),
            ..gate
        };
        Self { new: ready(self.new), old: ready(self.old) }
    }
}

/// Says what is wrong with a container that is up. Restarts that are long over are its past.
pub(super) fn ailment(inspect: &Value, now: Timestamp) -> Option<&'static str> {
    let state = &inspect["State"];
    let health = state["Health"]["Status"].as_str();
    let started: Option<Timestamp> = state["StartedAt"].as_str().and_then(|at| at.parse().ok());
    let recent = |at| now.signed_duration_since(at).num_seconds() < RECENT_SECONDS;
    let unproven = health == Some("starting") || started.is_none_or(recent);
    let restarted = inspect["RestartCount"].as_u64().is_some_and(|times| times > 0);
    if health == Some("unhealthy") {
        Some("its healthcheck says unhealthy")
    } else if state["Status"] == "restarting" || restarted && unproven {
        Some("its policy restarts it again and again")
    } else {
        None
    }
}

/// What was unhealthy before cannot be asked to be healthy after, or a fix could never land.
fn requirement(inspect: &Value) -> Requirement {
    match inspect.pointer("/State/Health/Status").and_then(Value::as_str) {
        Some("unhealthy") => Requirement::Stable,
        _ => Requirement::Healthy,
    }
}

/// Only what nothing restarts and nothing probes can be a job that runs once.
fn exit_zero(inspect: &Value, healthcheck: Option<&Value>) -> ExitZero {
    let policy = inspect.pointer("/HostConfig/RestartPolicy/Name").and_then(Value::as_str);
    let probed = healthcheck.is_some_and(|check| check["Test"][0] != "NONE");
    match policy {
        None | Some("" | "no") if !probed => ExitZero::Finished,
        _ => ExitZero::Failed,
    }
}

/// The healthcheck that the engine will merge: the body's own fields over the image's.
fn effective(body: &Value, new_config: Option<&Value>) -> Option<Value> {
    let own = body.get("Healthcheck").and_then(Value::as_object);
    let image = new_config.and_then(image_healthcheck);
    let mut merged: Map<String, Value> = image.cloned().unwrap_or_default();
    for (field, value) in own.into_iter().flatten() {
        let unset = value.is_null() || *value == 0 || value.as_array().is_some_and(Vec::is_empty);
        if !unset {
            merged.insert(field.clone(), value.clone());
        }
    }
    (!merged.is_empty()).then(|| merged.into())
}

/// A config from the registry calls it `config`, an inspect `Config`.
fn image_healthcheck(config: &Value) -> Option<&Map<String, Value>> {
    let inner = config.get("config").or_else(|| config.get("Config"))?;
    inner.get("Healthcheck")?.as_object()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn who_was_not_well_before_is_asked_for_nothing() {
        let now = "2026-11-23T04:00:00Z".parse().unwrap();
        for (status, health, restarts, started, words) in [
            ("running", None, 0, "2026-11-23T03:59:59.5Z", None),
            ("running", Some("healthy"), 0, "2026-11-22T04:00:00Z", None),
            // It was restarted now and then in its life.
            ("running", None, 7, "2026-11-22T04:00:00Z", None),
            ("running", Some("healthy"), 7, "2026-11-22T04:00:00Z", None),
            ("running", Some("starting"), 0, "2026-11-23T03:59:00Z", None),
            ("running", None, 7, "2026-11-23T03:59:30.123456789Z", Some("again and again")),
            // The engine's clock is ahead of ours.
            ("running", None, 1, "2026-11-23T04:09:00Z", Some("again and again")),
            ("running", Some("starting"), 1, "2026-11-23T03:50:00Z", Some("again and again")),
            ("restarting", None, 3, "2026-11-23T03:50:00Z", Some("again and again")),
            ("running", Some("unhealthy"), 0, "2026-11-22T04:00:00Z", Some("says unhealthy")),
        ] {
            let health = health.map(|word| json!({"Status": word}));
            let state = json!({"Status": status, "StartedAt": started, "Health": health});
            let inspect = json!({"State": state, "RestartCount": restarts});
            let ailment = ailment(&inspect, now);
            assert_eq!(ailment.is_some(), words.is_some(), "{inspect}: {ailment:?}");
            assert!(ailment.unwrap_or_default().contains(words.unwrap_or_default()), "{inspect}");
            let gates = gates(&inspect, &json!({}), None, &Policy::default()).of_companion(ailment);
            let nothing = [gates.new, gates.old].map(|gate| gate.require == Requirement::Nothing);
            assert_eq!(nothing, [words.is_some(); 2], "{inspect}");
        }
    }

    #[test]
    fn gates_follow_from_what_is_known() {
        let second = 1_000_000_000_u64;
        let check =
            |interval: u64| json!({"Retries": 1, "Interval": interval * second, "Timeout": second});
        let inspect = |policy: &str, health: &str| {
            json!({"State": {"Health": {"Status": health}},
                   "HostConfig": {"RestartPolicy": {"Name": policy}}, "Config": {}})
        };
        for (inspect, body, config, timeout, require, exit_zero) in [
            (
                inspect("always", "healthy"),
                json!({}),
                json!({"config": {"Healthcheck": check(99)}}),
                110,
                Requirement::Healthy,
                ExitZero::Failed,
            ),
            (
                inspect("no", "unhealthy"),
                json!({"Healthcheck": {"Interval": 199 * second, "Retries": 0}}),
                json!({"Config": {"Healthcheck": check(99)}}),
                220,
                Requirement::Stable,
                ExitZero::Failed,
            ),
            (
                inspect("no", "starting"),
                json!({}),
                json!({}),
                300,
                Requirement::Healthy,
                ExitZero::Finished,
            ),
            (
                inspect("on-failure", "starting"),
                json!({}),
                json!({}),
                300,
                Requirement::Healthy,
                ExitZero::Failed,
            ),
            (
                inspect("unless-stopped", "starting"),
                json!({}),
                json!({}),
                300,
                Requirement::Healthy,
                ExitZero::Failed,
            ),
        ] {
            let gates = gates(&inspect, &body, Some(&config), &Policy::default());
            let seen = (gates.new.timeout.as_secs(), gates.new.require, gates.new.exit_zero);
            assert_eq!(seen, (timeout, require, exit_zero), "{inspect} {body} {config}");
        }
    }
}
