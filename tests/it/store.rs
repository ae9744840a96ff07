//! The store on real files: what is written is read back, whatever happened to the files meanwhile.

use std::path::Path;

use docker_auto::clock::Clock;
use docker_auto::core::id::{HostId, Timestamp};
use docker_auto::core::plan::UpdatePlan;
use docker_auto::store::Store;
use serde_json::json;
use tempfile::TempDir;

mod damage;
mod decided;
mod disk;
mod history;
mod lock;
mod operations;
mod resources;
mod succession;

/// The moment at which all tests begin.
const START: &str = "2026-11-22T03:00:00Z";

fn moment(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn clock() -> Clock {
    Clock::settable(moment(START))
}

fn directory() -> TempDir {
    tempfile::tempdir().unwrap()
}

fn local() -> HostId {
    HostId::default()
}

async fn open(directory: &Path) -> Store {
    Store::open(directory, clock()).await.unwrap()
}

/// Returns a plan of a few steps for a container; the operations of greater numbers are later.
fn plan(operation: u32, container: &str) -> UpdatePlan {
    let start = |key: &str| json!({"step": "start", "container": key});
    serde_json::from_value(json!({
        "operation": format!("01997cf2-7a33-7000-8000-{operation:012x}"),
        "kind": "update",
        "trigger": "auto",
        "target": {"host": "local", "name": container},
        "reference": "docker.io/library/nginx:1.27",
        "old_image": {"id": "sha256:aaaa"},
        "new_image": {"id": "sha256:bbbb"},
        "summary": format!("update {container}"),
        "was_running": true,
        "containers": {
            "old": {"id": "1", "name": container},
            "new": {"name": format!("{container}.da-new-0a1b2c")},
        },
        "steps": [
            {
                "action": {"step": "stop", "container": "old", "grace": 10.0},
                "undo": [start("old")],
                "on_wake": "back",
            },
            {"action": start("new"), "on_wake": "verify"},
        ],
        "no_return": 2,
        "rescue": [],
    }))
    .unwrap()
}
