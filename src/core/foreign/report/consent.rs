//! Whose updates the compose snippet asks for.

use std::collections::BTreeMap;

use super::{Seen, Service, Verdict};

const ENABLED: &str = "DOCKER_AUTO_UPDATE_ENABLED";
const UPDATE_CRON: &str = "DOCKER_AUTO_UPDATE_CRON";
const SCAN_CRON: &str = "DOCKER_AUTO_SCAN_CRON";
const ALLOW_COMPOSE: &str = "DOCKER_AUTO_UPDATE_ALLOW_COMPOSE";
pub(super) const MODE: &str = "docker-auto.mode";
/// The labels that say of a container what is done with it.
const SAID: [&str; 2] = [MODE, "docker-auto.enable"];

/// Takes the consent to the updates of all containers out of variables, and says whether they do not
/// refuse updates; what was to be updated at certain times is then looked at.
pub(super) fn withdraw(ours: &mut BTreeMap<String, String>) -> bool {
    let refused = ours.get(ENABLED).is_some_and(|text| text != "true");
    if !refused {
        ours.remove(ENABLED);
    }
    if let Some(cron) = ours.remove(UPDATE_CRON) {
        ours.entry(SCAN_CRON.to_owned()).or_insert(cron);
    }
    ours.remove(ALLOW_COMPOSE);
    !refused
}

/// Returns the containers that get labels, with the consent of those that were named; what a
/// container says itself stands above it.
pub(super) fn asked(seen: &[Seen], containers: &[Service], names: &[&str]) -> Vec<Service> {
    let mut all = containers.to_vec();
    let meant = seen.iter().filter(|seen| names.contains(&seen.name.as_str()));
    for seen in meant.filter(|seen| !SAID.iter().any(|label| seen.labels.contains_key(*label))) {
        let at = all.iter().position(|service| service.container == seen.name);
        let mut service = at.map_or_else(|| Service::of(seen), |at| all.remove(at));
        let said = SAID.iter().any(|label| service.labels.contains_key(*label));
        if !said && !service.settings.iter().any(|line| line.verdict == Verdict::Unreadable) {
            service.labels.insert(MODE.to_owned(), "auto".to_owned());
        }
        all.push(service);
    }
    all
}
