//! Records of operations as they are made from their journals.

use serde_json::json;

use crate::core::journal::Class;

use super::*;

const IMAGES: [&str; 2] = ["sha256:aaaa", "sha256:bbbb"];

/// Returns a plan of six steps: create, stop, start, remove the old one; `old` is `1`.
pub(super) fn plan() -> UpdatePlan {
    let planned = |action: serde_json::Value, undo: serde_json::Value| json!({"action": action, "undo": undo, "on_wake": "back"});
    let halt = |key: &str| json!({"step": "stop", "container": key, "grace": 10.0});
    let start = |key: &str| json!({"step": "start", "container": key});
    let remove = |key: &str| json!({"step": "remove", "container": key, "volumes": "keep"});
    serde_json::from_value(json!({
        "operation": "01997cf2-7a33-7000-8000-0000000a1b2c",
        "kind": "update",
        "trigger": "schedule",
        "target": {"host": "local", "name": "web"},
        "reference": "docker.io/library/nginx:1.27",
        "old_image": {"id": IMAGES[0], "version": "1.27.1", "size_bytes": 10},
        "new_image": {"id": IMAGES[1], "version": "1.27.2", "size_bytes": 7},
        "summary": "update web",
        "warnings": ["an anonymous volume is carried over"],
        "was_running": true,
        "containers": {
            "old": {"id": "1", "name": "web"},
            "new": {"name": "web.da-new-0a1b2c"},
            "rescue": {"name": "web"},
        },
        "steps": [
            planned(json!({
                "step": "create", "key": "new", "name": "web.da-new-0a1b2c", "body": {},
                "platform": {"os": "linux", "architecture": "amd64"}, "image": IMAGES[1],
            }), json!([remove("new")])),
            planned(halt("old"), json!([start("old")])),
            planned(start("new"), json!([
                {"step": "collect_evidence", "container": "new"}, halt("new"),
            ])),
            planned(remove("old"), json!([])),
        ],
        "no_return": 3,
        "rescue": [start("rescue")],
    }))
    .unwrap()
}

/// Returns entries one second apart, from a shorthand: `>` begins a step, `+` ends it well, `-`
/// ends it badly; `0` is a step, `2.1` an undo entry.
fn journal(shorthand: &str, outcome: Outcome) -> Vec<JournalEntry> {
    let mut entries = Vec::new();
    let mut at = "2026-11-22T03:00:00Z".parse::<Timestamp>().unwrap();
    for word in shorthand.split_whitespace() {
        entries.push(entry(word, at));
        at += chrono::TimeDelta::seconds(1);
    }
    entries.push(JournalEntry::Finished { at, outcome });
    entries
}

fn entry(word: &str, at: Timestamp) -> JournalEntry {
    let (mark, place) = word.split_at(1);
    let position = match place.split_once('.') {
        Some((step, undo)) => {
            Position::Undo { step: step.parse().unwrap(), undo: undo.parse().unwrap() }
        }
        None => Position::Forward(place.parse().unwrap()),
    };
    match mark {
        ">" => JournalEntry::Started { position, at },
        "-" => {
            JournalEntry::Failed { position, at, class: Class::Lasting, error: "no luck".into() }
        }
        _ => JournalEntry::Done { position, at, output: output(place) },
    }
}

fn output(place: &str) -> StepOutput {
    match place {
        "0" => StepOutput::Created { id: ContainerId::new("2") },
        "2.0" => StepOutput::Evidence(Evidence { exit_code: 3, ..Evidence::default() }),
        _ => StepOutput::Done,
    }
}

struct Expected {
    status: Status,
    left: Option<&'static str>,
    outage: Option<f64>,
    error: Option<&'static str>,
    warnings: &'static [&'static str],
    evidence: usize,
}

/// Of an update that went well.
const WELL: Expected = Expected {
    status: Status::Success,
    left: Some("2"),
    outage: Some(3.0),
    error: None,
    warnings: &[],
    evidence: 0,
};

/// Of one that failed before anything was touched.
const FAILED: Expected = Expected {
    status: Status::Failed,
    left: Some("1"),
    outage: None,
    error: Some("no luck"),
    ..WELL
};

fn check(shorthand: &str, outcome: &Outcome, expected: &Expected) -> HistoryRecord {
    let entries = journal(shorthand, outcome.clone());
    let record = HistoryRecord::from_journal(&plan(), &entries);
    assert_eq!(record.status, expected.status, "{shorthand}");
    assert_eq!(record.outcome, *outcome);
    assert_eq!(record.container_id.as_ref().map(ContainerId::as_str), expected.left);
    assert_eq!(record.outage_seconds, expected.outage, "{shorthand}");
    assert_eq!(record.error_message.as_deref(), expected.error);
    assert_eq!(record.warnings[1..], *expected.warnings, "{shorthand}");
    assert_eq!(record.evidence.len(), expected.evidence);
    let count = u32::try_from(entries.len() - 1).unwrap();
    assert!((record.duration_seconds - f64::from(count)).abs() < 1e-9);
    let text = serde_json::to_string(&record).unwrap();
    assert_eq!(serde_json::from_str::<HistoryRecord>(&text).unwrap(), record);
    record
}

#[test]
fn an_update_that_went_well() {
    let record = check(">0 +0 >1 +1 >2 +2 >3 +3", &Outcome::Updated, &WELL);
    let steps: Vec<_> = record.steps.iter().map(|step| (&*step.step, step.duration_ms)).collect();
    let second = Some(1000);
    assert_eq!(
        steps,
        [("create", second), ("stop", second), ("start", second), ("remove", second)]
    );
    assert_eq!((record.old_size_bytes, record.new_size_bytes), (Some(10), Some(7)));
    assert_eq!(record.plan, Some(Box::new(plan())));
    assert_eq!((&*record.old_image, &*record.new_image), ("nginx:1.27", "nginx:1.27"));
}

#[test]
fn tidying_that_fails_is_a_warning() {
    check(
        ">0 +0 >1 +1 >2 +2 >3 -3",
        &Outcome::Updated,
        &Expected { warnings: &["remove: no luck"], ..WELL },
    );
}

#[test]
fn an_update_that_was_taken_back() {
    let record = check(
        ">0 +0 >1 +1 >2 -2 >2.0 +2.0 >2.1 +2.1 >1.0 +1.0 >0.0 +0.0",
        &Outcome::RolledBack("no luck".into()),
        &Expected { status: Status::Rollback, outage: Some(9.0), evidence: 1, ..FAILED },
    );
    assert_eq!(record.steps[2].error.as_deref(), Some("no luck"));
    assert_eq!(record.steps[3].position, Position::Undo { step: 2, undo: 0 });
}

#[test]
fn an_update_that_never_touched_anything() {
    check(">0 -0", &Outcome::Aborted("no luck".into()), &FAILED);
}

#[test]
fn an_interrupted_step_has_no_duration() {
    let record = check(
        ">0 >0 +0 >1 +1",
        &Outcome::NeedsHelp("it was interrupted too often".into()),
        &Expected { left: None, error: Some("it was interrupted too often"), ..FAILED },
    );
    let durations: Vec<_> = record.steps.iter().map(|step| step.duration_ms).collect();
    assert_eq!(durations, [None, Some(1000), Some(1000)]);
}

#[test]
fn a_journal_without_an_end_needs_help() {
    let record = HistoryRecord::from_journal(&plan(), &[]);
    assert_eq!(record.outcome, Outcome::NeedsHelp("its journal has no end".into()));
    assert_eq!(record.steps, []);
}

#[test]
fn words_of_the_status_are_read_back() {
    for status in Status::ALL {
        assert_eq!(Status::parse(status.as_str()), Some(status));
        assert_eq!(serde_json::to_value(status).unwrap(), status.as_str());
    }
    assert_eq!(Status::parse("Success"), None);
}
