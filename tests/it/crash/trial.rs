//! One interruption: the program is killed at a point and started again.

use std::time::Duration;

use crate::support::program::{Output, Program, Running};
use crate::support::wait::wait_until;

use super::lane::{Before, Lane};
use super::point::{Point, points};
use super::scenario::{NAME, NewImage, Scenario};
use super::state::{Runs, check_host, check_record, history, is_goal, open_operations, told};

/// Longer than any of these runs takes on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);

/// Which commands are run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flow {
    /// `serve` is killed; `serve` recovers, and then `update` goes on.
    ServeRecovers,
    /// `update` is killed; `serve` recovers and goes on by itself.
    ServeGoesOn,
    /// `update` is killed, and run again.
    UpdateAgain,
}

/// One update on a lane, with everything that is needed to tell what happened.
pub(super) struct Trial<'a> {
    lane: &'a Lane,
    scenario: &'a Scenario,
    flow: Flow,
    before: Before,
    program: Program,
}

impl<'a> Trial<'a> {
    pub(super) fn new(lane: &'a Lane, scenario: &'a Scenario, flow: Flow) -> Self {
        let before = lane.reset(scenario);
        let program = lane.program(scenario).env("DOCKER_AUTO_SCAN_ON_START", "true");
        Self { lane, scenario, flow, before, program }
    }

    /// Runs the update without interruption; returns the points of its calls.
    pub(super) fn record(&self) -> Vec<Point> {
        match self.flow {
            Flow::ServeRecovers => self.serve_to_the_goal(),
            Flow::ServeGoesOn | Flow::UpdateAgain => drop(self.update()),
        }
        let calls = self.lane.proxy.log();
        let records = history(&self.program);
        let [record] = records.as_slice() else { panic!("one record, not {:#?}", told(&records)) };
        assert!(is_goal(self.scenario, record), "{record}");
        check_host(self.lane, self.scenario, &self.before);
        points(&calls, record["id"].as_str().unwrap_or_default())
    }

    /// Kills the program at a point and has it recover.
    pub(super) fn interrupt(&mut self, point: &Point) {
        let operation = self.kill_at(point);
        match self.flow {
            Flow::ServeRecovers => {
                self.recover(operation.as_deref());
                self.update();
            }
            Flow::ServeGoesOn => self.serve_to_the_goal(),
            Flow::UpdateAgain => drop(self.update()),
        }
        self.check_goal(operation.as_deref());
    }

    /// Runs the program until it is killed at a point; returns the operation that it left open.
    pub(super) fn kill_at(&self, point: &Point) -> Option<String> {
        let kill = point.rule().kill(&self.program.pid_file());
        self.lane.proxy.set_rules(&[kill]);
        let command: &[&str] = match self.flow {
            Flow::ServeRecovers => &["serve"],
            Flow::ServeGoesOn | Flow::UpdateAgain => &["update", NAME],
        };
        let ended = self.program.spawn(command).wait_exit(PATIENCE);
        assert_eq!(ended.code, -9, "the point was not reached\n{}", ended.stderr);
        self.lane.proxy.set_rules(&[]);
        let mut open = open_operations(&self.program);
        assert!(open.len() < 2, "one operation at most: {open:?}");
        open.pop()
    }

    /// Has `serve` deal with what is open and do nothing else.
    fn recover(&mut self, operation: Option<&str>) {
        self.program.set("DOCKER_AUTO_SCAN_ON_START", "false");
        let serving = self.serve();
        wait_until("it is recovered", PATIENCE, || open_operations(&self.program).is_empty());
        end(serving);
        let runs = check_host(self.lane, self.scenario, &self.before);
        if let Some(operation) = operation {
            check_record(&self.program, operation, (&self.before, runs), self.lane);
        }
    }

    fn serve(&self) -> Running {
        let serving = self.program.spawn(&["serve"]);
        let listens = || serving.stderr().contains("listening on");
        wait_until("it listens", PATIENCE, listens);
        serving
    }

    fn update(&self) -> Output {
        let updated = self.program.run(&["update", NAME]);
        let codes: &[i32] = match self.scenario.new_image {
            NewImage::Good => &[0],
            // It may have been rejected before.
            NewImage::Exits | NewImage::Unhealthy => &[0, 3],
            NewImage::Refused => &[1],
        };
        assert!(
            codes.contains(&updated.code),
            "{}\n{}{}",
            updated.code,
            updated.stdout,
            updated.stderr
        );
        updated
    }

    /// Has `serve` come to the end that the update has, by itself.
    fn serve_to_the_goal(&self) {
        let serving = self.serve();
        let mut last = None;
        wait_until("the update has its end", PATIENCE, || {
            let now = (open_operations(&self.program).is_empty(), serving.stderr().len());
            // Nothing happened since the last look.
            if !now.0 || last.replace(now) == Some(now) {
                return false;
            }
            history(&self.program).iter().any(|record| is_goal(self.scenario, record))
        });
        end(serving);
    }

    fn check_goal(&self, operation: Option<&str>) {
        let runs = check_host(self.lane, self.scenario, &self.before);
        let wanted = match self.scenario.new_image {
            NewImage::Good => Runs::New,
            _ => Runs::Old,
        };
        assert_eq!(runs, wanted, "the update comes to its end after all");
        let records = history(&self.program);
        let told = told(&records);
        assert!(records.iter().any(|record| is_goal(self.scenario, record)), "{told:#?}");
        if let Some(operation) = operation {
            let known = records.iter().any(|record| record["id"] == operation);
            assert!(known, "{operation} in {told:#?}");
        }
        assert_eq!(open_operations(&self.program), [""; 0], "no operation is open");
    }

    /// Tells what happened, for the message of a failure.
    pub(super) fn story(&self) -> String {
        let calls = self.lane.proxy.log();
        let calls: Vec<_> =
            calls.iter().map(|call| format!("{} → {}", call.line, call.outcome)).collect();
        let containers = self.lane.host.names("");
        format!(
            "containers: {containers:?}\ncalls:\n  {}\n{}",
            calls.join("\n  "),
            self.program.story()
        )
    }
}

/// Ends a server in order.
fn end(serving: Running) {
    serving.terminate();
    let ended = serving.wait_exit(PATIENCE);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
}
