//! Volumes that nobody named, and that an update had to name to keep them: from then on the engine
//! takes them for ones that somebody named, and leaves them behind when it removes a container.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::core::id::ContainerId;
use crate::core::journal::{Known, Outcome};
use crate::core::plan::blueprint::Removal;
use crate::core::plan::{Key, Step, UpdatePlan};
use crate::core::recreate::volume_name;

/// The names of volumes by where they are mounted.
pub type Places = BTreeMap<String, String>;

/// The volumes of a container that nobody named.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Anonymous {
    /// Their names by where they are mounted.
    pub volumes: Places,
    /// The container with which the engine would remove them, where it was started with `--rm`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub goes_with: Option<ContainerId>,
}

impl Anonymous {
    /// Returns what an operation that is over leaves of a container's, of which this was known before;
    /// `None` if that stays as it was.
    pub fn left_by(
        plan: &UpdatePlan,
        known: &Known,
        outcome: &Outcome,
        before: Option<Self>,
    ) -> Option<Self> {
        let key = match outcome {
            Outcome::Updated => Key::replacement(),
            Outcome::RecoveredFromSpec(_) => Key::rescue(),
            // The container is the one that was there.
            Outcome::NoChange | Outcome::Aborted(_) | Outcome::RolledBack(_) => return None,
            // That one may be gone although its end has not come: somebody still needs the data.
            Outcome::Superseded(_) | Outcome::NeedsHelp(_) => {
                let mut volumes = before.map(|before| before.volumes).unwrap_or_default();
                volumes.extend(plan.anonymous.clone());
                return Some(Self { volumes, goes_with: None });
            }
        };
        let actions = plan.steps.iter().map(|planned| &planned.action).chain(&plan.rescue);
        let mut bodies = actions.filter_map(|step| match step {
            Step::Create { key: made, body, .. } if *made == key => Some(body),
            _ => None,
        });
        let goes = Removal::of(bodies.next()?) == Removal::Automatic;
        let goes_with = known.ids.get(&key).filter(|_| goes).cloned();
        Some(Self { volumes: plan.anonymous.clone(), goes_with })
    }

    /// Returns those that would be gone with their container had nobody named them.
    pub fn leave(&self) -> impl Iterator<Item = &str> {
        let leave = self.volumes.values().filter(|_| self.goes_with.is_some());
        leave.map(String::as_str).filter(|name| is_nameless(name))
    }
}

/// Returns which of these a container still mounts where it did.
pub fn still_mounted(known: &Places, inspect: &Value) -> Places {
    let mounts = inspect["Mounts"].as_array().into_iter().flatten();
    let mounted = mounts.filter_map(|mount| {
        let volume = Some(mount).filter(|mount| mount["Type"] == "volume").and_then(volume_name)?;
        Some((mount["Destination"].as_str()?, volume))
    });
    let same = mounted.filter(|(place, volume)| known.get(*place).is_some_and(|it| it == volume));
    same.map(|(place, volume)| (place.to_owned(), volume.to_owned())).collect()
}

/// Says whether a volume has a name as engines make them up.
pub fn is_nameless(volume: &str) -> bool {
    volume.len() == 64 && volume.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::core::digest::Platform;
    use crate::core::id::{ContainerName, HostId, ImageId, OperationId, TargetId};
    use crate::core::plan::{ImageSummary, OnWake, OperationKind, PlannedStep, Trigger};
    use crate::core::reference::ImageRef;

    use super::*;

    fn hash(digits: &str) -> String {
        digits.repeat(32)
    }

    #[test]
    fn what_is_still_mounted_is_still_anonymous() {
        let mount = |volume: &str, place: &str| json!({"Type": "volume", "Name": volume, "Destination": place});
        let known = Places::from([("/a".into(), hash("aa")), ("/b".into(), hash("bb"))]);
        for (mounts, expected) in [
            (vec![], ""),
            (vec![mount(&hash("aa"), "/a")], "/a"),
            (vec![mount(&hash("bb"), "/a")], ""),
            (
                vec![mount(&hash("aa"), "/a"), mount(&hash("bb"), "/b"), mount("data", "/c")],
                "/a /b",
            ),
            (vec![json!({"Type": "bind", "Source": "/x", "Destination": "/a"})], ""),
        ] {
            let found = still_mounted(&known, &json!({"Mounts": mounts}));
            assert_eq!(found.into_keys().collect::<Vec<_>>().join(" "), expected);
        }
    }

    /// An update of a container with `--rm`.
    fn plan() -> UpdatePlan {
        let create = |key| Step::Create {
            key,
            name: ContainerName::new("app"),
            body: json!({"HostConfig": {"AutoRemove": true}}),
            platform: Platform::new("linux", "amd64", None),
            image: ImageId::new("image"),
        };
        let action = create(Key::replacement());
        let image = ImageSummary {
            id: ImageId::new("image"),
            digest: None,
            manifest: None,
            version: None,
            created_at: None,
            size_bytes: None,
        };
        UpdatePlan {
            operation: OperationId::new("op"),
            kind: OperationKind::Update,
            trigger: Trigger::Auto,
            target: TargetId { host: HostId::default(), name: ContainerName::new("app") },
            reference: ImageRef::parse("app:1").unwrap(),
            leaves: None,
            old_image: image.clone(),
            new_image: image,
            summary: String::new(),
            warnings: Vec::new(),
            differences: Vec::new(),
            was_running: true,
            containers: BTreeMap::new(),
            steps: vec![PlannedStep { action, undo: Vec::new(), on_wake: OnWake::Back }],
            no_return: 1,
            rescue: vec![create(Key::rescue())],
            unrestored: None,
            anonymous: Places::from([("/a".into(), hash("aa"))]),
        }
    }

    #[test]
    fn volumes_go_with_a_container_only_where_its_end_can_be_told() {
        let old = || Anonymous {
            volumes: Places::from([("/b".into(), hash("bb"))]),
            goes_with: Some(ContainerId::new("old")),
        };
        let why = String::new;
        for (outcome, volumes, goes_with) in [
            (Outcome::Updated, "/a", Some("new")),
            (Outcome::RecoveredFromSpec(why()), "/a", None), // nobody knows its ID
            (Outcome::NoChange, "/b", Some("old")),
            (Outcome::Aborted(why()), "/b", Some("old")),
            (Outcome::RolledBack(why()), "/b", Some("old")),
            (Outcome::Superseded(why()), "/a /b", None),
            (Outcome::NeedsHelp(why()), "/a /b", None),
        ] {
            let (plan, ids) = (plan(), [(Key::replacement(), ContainerId::new("new"))]);
            let known = Known { ids: ids.into(), ..Known::of(&plan, &[]) };
            let left = Anonymous::left_by(&plan, &known, &outcome, Some(old()));
            let left = left.unwrap_or_else(old);
            let places: Vec<_> = left.volumes.keys().map(String::as_str).collect();
            assert_eq!(places.join(" "), volumes, "{outcome:?}");
            assert_eq!(left.goes_with, goes_with.map(ContainerId::new), "{outcome:?}");
        }
    }

    #[test]
    fn only_what_would_have_gone_with_its_container_leaves() {
        let volumes = Places::from([("/a".into(), hash("aa")), ("/b".into(), "data".into())]);
        for (goes_with, expected) in [(None, 0), (Some(ContainerId::new("1")), 1)] {
            let known = Anonymous { volumes: volumes.clone(), goes_with };
            assert_eq!(known.leave().count(), expected, "{known:?}");
        }
    }

    #[test]
    fn only_names_of_engines_are_nameless() {
        for (name, expected) in [
            (hash("ab"), true),
            ("data".into(), false),
            ("xy".repeat(32), false),
            ("ab".into(), false),
        ] {
            assert_eq!(is_nameless(&name), expected, "{name}");
        }
    }
}
