//! The program is killed, and its journal has suffered as well.

use std::fs;
use std::path::PathBuf;

use super::matrix::Ordeal;
use super::point::Point;
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
