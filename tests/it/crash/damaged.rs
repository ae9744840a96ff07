//! The program is killed, and its journal has suffered as well.

use std::fs;
use std::path::PathBuf;

use serde_json::json;

use super::lane::{mounts, text};
use super::matrix::Ordeal;
use super::point::Point;
use super::scenario::NAME;
use super::trial::Trial;

/// The last line was not written to its end.
pub(super) const TORN: Ordeal = ("killed, a line half written,", |trial, point| {
    damaged(trial, point, |lines| lines.push(r#"[{"entry":"done","posi"#.into()));
});

/// The last line is not readable any more.
pub(super) const ILLEGIBLE: Ordeal = ("killed, the last line illegible,", |trial, point| {
    damaged(trial, point, |lines| {
        let last = lines.last_mut().expect("there is at least the plan");
        let middle = last.len() / 2;
        last[middle] = 0xff;
        lines.push(Vec::new());
    });
});

/// The last line is lost, though what it announced was done.
pub(super) const LOST: Ordeal = ("killed, the last line lost,", |trial, point| {
    damaged(trial, point, |lines| *lines.last_mut().expect("there is one") = Vec::new());
});

/// The plan is not readable any more: nobody knows what was under way, so nothing is touched, and a
/// person is told what to do.
pub(super) const HEADLESS: Ordeal = ("killed, the plan illegible,", |trial, point| {
    let Some(operation) = trial.run_to_its_death(point.rule()) else { return };
    let journal = journal(trial, &operation);
    let mut bytes = fs::read(&journal).expect("an open operation has its file");
    bytes[..8].fill(0xff);
    fs::write(&journal, &bytes).expect("the file is ours");
    let containers = trial.lane.host.names("");
    let told = trial.start_only(&format!("the journal {} cannot be read", journal.display()));
    assert_eq!(trial.lane.host.names(""), containers, "nothing is touched");
    assert_eq!(fs::read(&journal).expect("it is kept"), bytes, "it is evidence");
    follow(trial, &told);
    check_kept(trial);
    if trial.lane.host.inspect(NAME)["Image"] == *trial.before.image {
        let refused = trial.program.run(&["update", NAME]).expect(1);
        assert!(refused.stdout.contains("cannot be read"), "{}", refused.stdout);
    }
    fs::remove_file(&journal).expect("the log asks for it");
    trial.update();
    let now = trial.lane.host.inspect(NAME);
    assert_ne!(now["Image"], *trial.before.image, "it is updated as ever");
    check_kept(trial);
});

/// All that docker-auto knew is gone. Where the old container stands still under another name and
/// the new one does not run, there is no doubt, and it is brought back; everything else is told.
pub(super) const DATALESS: Ordeal = ("killed, the data directory lost,", |trial, point| {
    trial.run_to_its_death(point.rule());
    let data = trial.program.data_dir();
    fs::remove_dir_all(&data).and_then(|()| fs::create_dir(&data)).expect("the folder is ours");
    let containers = trial.lane.host.names("");
    let left = |role: &str| containers.iter().any(|(name, _)| name.contains(role));
    let runs = containers.contains(&(NAME.to_owned(), "running".to_owned()));
    if left(".da-") {
        let told = trial.start_only("was left by an operation whose journal is lost");
        if left(".da-old-") && !runs {
            let inspect = trial.lane.host.inspect(NAME);
            assert_eq!(text(&inspect["Id"]), trial.before.id, "the old one is back: {told}");
            assert_eq!(inspect["State"]["Running"], true, "{told}");
            assert_eq!(inspect["HostConfig"]["RestartPolicy"], trial.before.policy, "{told}");
        } else {
            assert_eq!(trial.lane.host.names(""), containers, "nothing is touched: {told}");
        }
        follow(trial, &told);
    }
    check_kept(trial);
    trial.update();
    assert_ne!(
        trial.lane.host.inspect(NAME)["Image"],
        *trial.before.image,
        "it is updated as ever"
    );
    check_kept(trial);
});

/// Does what the log asks a person to do.
fn follow(trial: &Trial<'_>, told: &str) {
    let host = &trial.lane.host;
    for (name, _) in host.names(&format!("{NAME}.da-")) {
        assert!(told.contains(&name), "{name} is named: {told}");
        if told.contains(&format!("`docker rename {name} {NAME}`")) {
            host.post(&format!("/containers/{name}/rename?name={NAME}"), &json!({}));
        } else {
            host.delete(&format!("/containers/{name}?force=1"));
        }
    }
    // It is up already unless it was stopped for the update.
    host.post(&format!("/containers/{NAME}/start"), &json!({}));
}

/// Checks that there is one container, with everything that is worth keeping.
fn check_kept(trial: &Trial<'_>) {
    let (host, before) = (&trial.lane.host, &trial.before);
    assert_eq!(host.names(""), [(NAME.to_owned(), "running".to_owned())]);
    let inspect = host.inspect(NAME);
    let is_old = text(&inspect["Image"]) == before.image;
    assert_eq!(text(&inspect["Id"]) == before.id, is_old, "the old one is the old object");
    assert_eq!(mounts(&inspect), before.mounts);
    assert_eq!(before.damaged_files(), [""; 0], "the data are there");
}

fn damaged(trial: &mut Trial<'_>, point: &Point, damage: impl FnOnce(&mut Vec<Vec<u8>>)) {
    let operation = trial.run_to_its_death(point.rule());
    if let Some(operation) = &operation {
        let journal = journal(trial, operation);
        let mut bytes = fs::read(&journal).expect("an open operation has its file");
        let length = bytes.len();
        let mut lines: Vec<_> = bytes.split(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
        // Behind the last line is the reserve. The plan itself stays.
        lines.pop();
        if lines.len() > 1 {
            damage(&mut lines);
        }
        bytes = lines.join(&b'\n');
        bytes.resize(length, b' ');
        fs::write(&journal, bytes).expect("the file is ours");
    }
    trial.recover(operation.as_deref());
    trial.update();
    trial.check_goal(operation.as_deref());
}

fn journal(trial: &Trial<'_>, operation: &str) -> PathBuf {
    trial.program.data_dir().join("operations").join(format!("{operation}.jsonl"))
}
