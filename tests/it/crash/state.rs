//! What has to hold of a host and a data directory after every interruption.

use std::fs;

use serde_json::Value;

use crate::support::program::Program;

use super::lane::{mounts, text};
use super::scenario::{NAME, NewImage, SHARER};
use super::trial::{EngineWas, Trial};

/// Which image the container runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Runs {
    Old,
    New,
}

/// Checks everything that must hold between two runs of the program: exactly one container, running
/// a good image under its name, with its data, and nothing left over. Returns which image.
pub(super) fn check_host(trial: &Trial<'_>) -> Runs {
    let inspect = trial.lane.host.inspect(NAME);
    let runs = if inspect["Image"] == *trial.before.image { Runs::Old } else { Runs::New };
    let good = runs == Runs::Old || trial.scenario.new_image == NewImage::Good;
    assert!(good, "it runs the broken image");
    if runs == Runs::Old && !trial.scenario.old.auto_remove {
        assert_eq!(text(&inspect["Id"]), trial.before.id, "the old container itself is back");
    }
    check_names(trial, runs);
    check_companions(trial, runs, &inspect);
    check_fidelity(trial, &inspect);
    check_images(trial, runs);
    check_backups(trial, runs);
    if trial.engine == EngineWas::Up {
        let all = 1 + trial.before.companions.len();
        assert_eq!(trial.lane.most_at_once(&trial.before), all, "never two of one at once");
    }
    runs
}

fn check_names(trial: &Trial<'_>, runs: Runs) {
    let mut names = trial.lane.host.names("");
    if trial.scenario.keeps_old() && runs == Runs::New {
        let kept = names.iter().position(|(name, state)| {
            name.starts_with(&format!("{NAME}.da-kept-")) && state == "exited"
        });
        let (kept, _) = names.remove(kept.unwrap_or_else(|| panic!("none is kept: {names:?}")));
        let kept = trial.lane.host.inspect(&kept);
        assert_eq!(text(&kept["Id"]), trial.before.id);
        assert_eq!(kept["HostConfig"]["RestartPolicy"]["Name"], "no", "it stays down");
    }
    for (companion, id) in &trial.before.companions {
        let place = names.iter().position(|(name, _)| name == companion);
        let (_, state) = names.remove(place.unwrap_or_else(|| panic!("{companion} is lost")));
        assert!(state == "running" || trial.companion_may_be_down(id), "{companion} is {state}");
    }
    let [(name, state)] = names.as_slice() else { panic!("nothing is left over: {names:?}") };
    assert_eq!(name, NAME);
    assert!(state == "running" || trial.may_be_down(), "it is {state}");
}

/// Those that go with it run their own images, the sharer in the network of the one that runs now.
fn check_companions(trial: &Trial<'_>, runs: Runs, main: &Value) {
    for (name, id) in &trial.before.companions {
        let inspect = trial.lane.host.inspect(name);
        assert_eq!(inspect["Image"], *trial.before.image, "{name} runs its own image");
        let same = text(&inspect["Id"]) == *id;
        if *name == SHARER {
            let network = format!("container:{}", text(&main["Id"]));
            assert_eq!(inspect["HostConfig"]["NetworkMode"], *network, "{name}");
            assert_eq!(same, runs == Runs::Old, "{name} is made anew with it, and only then");
        } else {
            assert!(same, "{name} is restarted, not made anew");
        }
    }
}

/// The old image is held for a way back while there is one, and not longer.
fn check_images(trial: &Trial<'_>, runs: Runs) {
    let held = trial.lane.keep_tags();
    match (runs, held.as_slice()) {
        (Runs::Old, []) => {}
        (Runs::New, [tag]) => assert_eq!(*trial.lane.host.image_id(tag), *trial.before.image),
        _ => panic!("{held:?} are held"),
    }
}

/// Nothing half is left of what was saved, and the new one does not run without it.
fn check_backups(trial: &Trial<'_>, runs: Runs) {
    let folder = trial.program.data_dir().join("backups");
    let entries = fs::read_dir(folder).into_iter().flatten();
    let folders: Vec<_> = entries.map(|entry| entry.expect("it is ours").path()).collect();
    assert!(
        trial.scenario.old.backup.is_none() || runs == Runs::Old || !folders.is_empty(),
        "nothing saved"
    );
    for folder in folders {
        let manifest = fs::read(folder.join("manifest.json")).expect("only complete ones are left");
        let manifest: Value = serde_json::from_slice(&manifest).expect("it is JSON");
        let archive = &manifest["archives"][0];
        let saved = fs::metadata(folder.join(text(&archive["file"]))).expect("it is there");
        assert_eq!(saved.len(), archive["archive_bytes"], "{}", folder.display());
        assert!(archive["entries"].as_u64() >= Some(2), "the folder and its file: {archive}");
    }
}

fn check_fidelity(trial: &Trial<'_>, inspect: &Value) {
    let (lane, before) = (trial.lane, &trial.before);
    assert_eq!(inspect["HostConfig"]["RestartPolicy"], before.policy, "the restart policy");
    assert_eq!(mounts(inspect), before.mounts, "the volumes have their places");
    assert_eq!(lane.volumes(), before.volumes, "no volume is lost, and none is left over");
    assert_eq!(before.damaged_files(), [""; 0], "the data are there");
    let networks = &inspect["NetworkSettings"]["Networks"];
    let networks: Vec<_> = networks.as_object().into_iter().flat_map(|all| all.keys()).collect();
    assert_eq!(networks, trial.scenario.networks(), "the networks are the same");
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

/// Returns the record of an operation, of which there is exactly one.
pub(super) fn record_of(program: &Program, operation: &str) -> Value {
    let mut records = history(program);
    let told = told(&records);
    records.retain(|record| record["id"] == operation);
    let one = records.pop().filter(|_| records.is_empty());
    one.unwrap_or_else(|| panic!("one record of {operation}, not {told:#?}"))
}

/// Checks that the interrupted operation is over and that its record says what is so.
pub(super) fn check_record(trial: &Trial<'_>, operation: &str, runs: Runs) {
    assert_eq!(open_operations(&trial.program), [""; 0], "no operation is open");
    let record = record_of(&trial.program, operation);
    let outcome = text(&record["outcome"]);
    let says = match outcome.as_str() {
        "updated" => Runs::New,
        "aborted" | "rolled_back" | "recovered_from_spec" => Runs::Old,
        other => panic!("it ended as {other}: {}", record["reason"]),
    };
    assert_eq!(says, runs, "it ended as {outcome}");
    let inspect = trial.lane.host.inspect(NAME);
    assert_eq!(record["container_id"], inspect["Id"], "the record names the container");
    let state = &inspect["State"];
    if outcome != "aborted" {
        assert_eq!(state["Status"], "running", "it was touched, so it is up again");
    } else if trial.engine == EngineWas::Up {
        // The outcome says that the old container was not touched.
        assert_eq!(state["StartedAt"], trial.before.started_at, "{}", record["reason"]);
    }
}

/// Says whether a record is of the end that the update has when nobody interrupts it.
pub(super) fn is_goal(trial: &Trial<'_>, record: &Value) -> bool {
    trial.scenario.is_goal(&text(&record["outcome"]), &text(&record["reason"]))
}
