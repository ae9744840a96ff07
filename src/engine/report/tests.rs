//! What is told of check after check: changes alone, each once, and one image once for all.

use tempfile::TempDir;

use super::*;
use crate::clock::Clock;
use crate::core::candidate::CandidateImage;
use crate::core::decision::{HoldReason, SkipReason, UnknownReason};
use crate::core::digest::Digest;
use crate::core::id::{ContainerId, HostId, ImageId, Timestamp};
use crate::core::inventory::{Container, RunState};
use crate::core::policy::{Origin, Policy};
use crate::core::reference::ImageRef;
use crate::core::remote::{FailureCode, RemoteDigest, RemoteFailure, RemoteImage};
use crate::core::version::Versions;
use crate::store::Store;

/// `same`, `skip`, `fails CODE`, or `update` and `hold` with an index and a manifest.
fn decision(text: &str) -> Decision {
    let words: Vec<&str> = text.split(' ').collect();
    let reference = ImageRef::parse("nginx:1.27").unwrap();
    match words[..] {
        ["same"] => {
            Decision::UpToDate { reference, how: Match::LocalName, versions: Versions::default() }
        }
        ["skip"] => Decision::Skip { reason: SkipReason::Paused },
        ["fails", code] => {
            let code = FailureCode::ALL.into_iter().find(|one| one.as_str() == code).unwrap();
            let failure = RemoteFailure { code, message: "no answer".into(), until: None };
            Decision::Unknown { reason: UnknownReason::Registry(failure) }
        }
        [word, index, manifest] => {
            let digest = Digest::of(index.as_bytes());
            let image = RemoteImage {
                resolved: RemoteDigest { digest, mirror: None },
                manifest: Digest::of(manifest.as_bytes()),
                config: None,
                platform: None,
                created_at: None,
                size_bytes: None,
                version: None,
                revision: None,
            };
            let image = CandidateImage::Remote(Box::new(image));
            let candidate = Candidate { reference, image, versions: Versions::default() };
            if word == "update" {
                return Decision::Update { candidate };
            }
            let reason = HoldReason::WatchMode(Origin::Default);
            Decision::Hold { candidate, reason, until: None }
        }
        _ => panic!("{text}"),
    }
}

fn assessment((name, text): &(&str, &str)) -> Assessment {
    Assessment {
        container: Container {
            id: ContainerId::new("c0ffee"),
            name: ContainerName::new(*name),
            image: "nginx:1.27".to_owned(),
            image_id: ImageId::new("sha256:1"),
            labels: BTreeMap::new(),
            state: RunState::Running,
            created_at: Timestamp::default(),
            published_ports: Vec::new(),
            addresses: Vec::new(),
        },
        current: None,
        remote: None,
        decision: decision(text),
        chain: Vec::new(),
        manifest: None,
        policy: Policy::default(),
        problems: Vec::new(),
        beyond: Vec::new(),
        checked_at: Timestamp::default(),
    }
}

/// Returns what a check tells: the event's code and whom it is about.
async fn check(store: &Store, found: &[(&str, &str)]) -> Vec<String> {
    let assessments: Vec<_> = found.iter().map(assessment).collect();
    let results = assessments.iter().map(checked).collect();
    let news = store.targets().record_scan(&HostId::default(), Scope::Whole, results).await;
    let told = told(&assessments, &news.unwrap());
    let line = |(name, what): &(ContainerName, What)| match what {
        What::UpdateAvailable { old, others, .. } => {
            assert_eq!(old, "unknown", "one word for all of whom nothing is known");
            format!("{} {name}{}", what.code(), whose(name, others))
        }
        What::CheckFailed { reason, message } => {
            assert!(!message.is_empty());
            format!("{} {name} {reason}", what.code())
        }
        other => panic!("{other:?}"),
    };
    told.iter().map(line).collect()
}

#[tokio::test]
async fn changes_alone_are_told() {
    let folder = TempDir::new().unwrap();
    let store = Store::open(folder.path(), Clock::settable(Timestamp::default())).await.unwrap();
    for (found, expected) in [
        ("same", ""),
        ("hold I2 M2", "update_available web"),
        ("hold I2 M2", ""),
        ("update I2 M2", ""),
        // The list of platforms was pushed anew; what would run here is the same.
        ("hold I3 M2", ""),
        ("fails timeout", "check_failed web timeout"),
        ("fails timeout", ""),
        ("hold I3 M2", ""),
        ("fails timeout", "check_failed web timeout"),
        ("fails not_found", "check_failed web not_found"),
        ("skip", ""),
        ("hold I2 M2", ""),
        ("hold I2 M4", "update_available web"),
        ("same", ""),
        ("hold I2 M4", "update_available web"),
        ("same", ""),
    ] {
        let told = check(&store, &[("web", found)]).await;
        assert_eq!(told.join(", "), expected, "{found}");
    }
}

#[tokio::test]
async fn one_image_is_told_once_for_all_that_wait_for_it() {
    let folder = TempDir::new().unwrap();
    let store = Store::open(folder.path(), Clock::settable(Timestamp::default())).await.unwrap();
    let first = [
        ("a", "hold I2 M2"),
        ("b", "same"),
        ("c", "fails timeout"),
        ("d", "update I2 M2"),
        ("e", "hold I5 M5"),
        ("f", "hold I2 M2"),
    ];
    let mut told = check(&store, &first).await;
    told.sort();
    let expected =
        ["check_failed c timeout", "update_available a for a, d and f", "update_available e"];
    assert_eq!(told, expected);
    assert_eq!(check(&store, &first).await, [""; 0]);
    // One that joins later is told alone; what was said of the others stands.
    let joined = first.map(|(name, found)| (name, if name == "b" { "hold I2 M2" } else { found }));
    assert_eq!(check(&store, &joined).await, ["update_available b"]);
}
