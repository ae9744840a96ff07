//! What has to hold of a host and a data directory after every interruption.

use std::fs;

use serde_json::Value;

use crate::support::program::Program;

use super::lane::{Before, Lane, mounts, text};
use super::scenario::{NAME, NewImage, Scenario};

/// Which image the container runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Runs {
    Old,
    New,
}

/// Checks everything that must hold between two runs of the program: exactly one container, running
/// a good image under its name, with its data, and nothing left over. Returns which image.
pub(super) fn check_host(lane: &Lane, scenario: &Scenario, before: &Before) -> Runs {
    let inspect = check_container(lane, before);
    let runs = if inspect["Image"] == *before.image { Runs::Old } else { Runs::New };
    let good = runs == Runs::Old || scenario.new_image == NewImage::Good;
    assert!(good, "it runs the broken image");
    if runs == Runs::Old && !scenario.old.auto_remove {
        assert_eq!(text(&inspect["Id"]), before.id, "the old container itself is back");
    }
    let networks = &inspect["NetworkSettings"]["Networks"];
    let networks: Vec<_> = networks.as_object().into_iter().flat_map(|all| all.keys()).collect();
    let wanted: &[&str] = if scenario.old.networks { &["back", "front"] } else { &["none"] };
    assert_eq!(networks, wanted, "the networks are the same");
    check_names(lane, before, runs, keeps(scenario));
    runs
}

/// Says whether old containers are kept.
fn keeps(scenario: &Scenario) -> bool {
    scenario.settings.contains(&("DOCKER_AUTO_UPDATE_REMOVE_OLD", "false"))
}

fn check_container(lane: &Lane, before: &Before) -> Value {
    let inspect = lane.host.inspect(NAME);
    let state = &inspect["State"];
    assert_eq!(state["Status"], "running", "{state}");
    assert_eq!(inspect["HostConfig"]["RestartPolicy"], before.policy, "the restart policy");
    assert_eq!(mounts(&inspect), before.mounts, "the volumes have their places");
    assert_eq!(lane.volumes(), before.volumes, "no volume is lost, and none is left over");
    assert_eq!(before.damaged_files(), [""; 0], "the data are there");
    assert_eq!(lane.keep_tags(), [""; 0], "no image is held any more");
    inspect
}

fn check_names(lane: &Lane, before: &Before, runs: Runs, keeps: bool) {
    let mut names = lane.host.names("");
    if keeps && runs == Runs::New {
        let kept = names.iter().position(|(name, state)| {
            name.starts_with(&format!("{NAME}.da-kept-")) && state == "exited"
        });
        let (kept, _) = names.remove(kept.unwrap_or_else(|| panic!("none is kept: {names:?}")));
        let kept = lane.host.inspect(&kept);
        assert_eq!(text(&kept["Id"]), before.id);
        assert_eq!(kept["HostConfig"]["RestartPolicy"]["Name"], "no", "it stays down");
    }
    assert_eq!(names, [(NAME.to_owned(), "running".to_owned())], "nothing is left over");
}

/// Returns the open operations of a data directory.
pub(super) fn open_operations(program: &Program) -> Vec<String> {
    // Before the program has made it there is none.
    let Ok(folder) = fs::read_dir(program.data_dir().join("operations")) else { return Vec::new() };
    let names = folder.map(|entry| entry.expect("it is ours").file_name());
    let names = names.filter_map(|name| name.into_string().ok());
    names.filter_map(|name| name.strip_suffix(".jsonl").map(str::to_owned)).collect()
}

/// Returns the history, the newest first.
pub(super) fn history(program: &Program) -> Vec<Value> {
    let listed = program.run(&["history", "--json"]);
    assert_eq!(listed.code, 0, "history: {}", listed.stderr);
    let records: Value = serde_json::from_str(&listed.stdout).expect("it prints JSON");
    records.as_array().cloned().unwrap_or_default()
}

/// Returns what matters of records in a message.
pub(super) fn told(records: &[Value]) -> Vec<String> {
    let tell =
        |record: &Value| format!("{} {}: {}", record["id"], record["outcome"], record["reason"]);
    records.iter().map(tell).collect()
}

/// Checks that the interrupted operation is over and that its record says what is so.
pub(super) fn check_record(
    program: &Program,
    operation: &str,
    (before, runs): (&Before, Runs),
    lane: &Lane,
) -> Value {
    assert_eq!(open_operations(program), [""; 0], "no operation is open");
    let records = history(program);
    let of = |record: &&Value| record["id"] == operation;
    let found: Vec<_> = records.iter().filter(of).collect();
    let [record] = found.as_slice() else {
        panic!("one record of {operation}, not {:#?}", told(&records))
    };
    let outcome = text(&record["outcome"]);
    let says = match outcome.as_str() {
        "updated" => Runs::New,
        "aborted" | "rolled_back" | "recovered_from_spec" => Runs::Old,
        other => panic!("{operation} ended as {other}: {}", record["reason"]),
    };
    assert_eq!(says, runs, "{operation} ended as {outcome}");
    let inspect = lane.host.inspect(NAME);
    assert_eq!(record["container_id"], inspect["Id"], "the record names the container");
    if outcome == "aborted" {
        // It says that the old container was not touched.
        assert_eq!(inspect["State"]["StartedAt"], before.started_at, "{}", record["reason"]);
    }
    (*record).clone()
}

/// Says whether a record is of the end that the update has when nobody interrupts it.
pub(super) fn is_goal(scenario: &Scenario, record: &Value) -> bool {
    scenario.is_goal(&text(&record["outcome"]), &text(&record["reason"]))
}
