//! One update that is interrupted, with everything that is needed to tell what happened.

use std::time::Duration;

use crate::support::program::{Output, Program, Running};
use crate::support::proxy::Rule;
use crate::support::wait::wait_until;

use super::lane::{Before, Lane};
use super::point::{Point, points};
use super::scenario::{NAME, NewImage, Scenario};
use super::state::{Runs, check_host, check_record, history, is_goal, open_operations, told};

/// Longer than any of these runs takes on a busy machine.
pub(super) const PATIENCE: Duration = Duration::from_mins(1);

/// Which command begins the update.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Begin {
    /// `serve`, which checks at its start; the container's label says that it may be updated.
    Serve,
    /// `update NAME`.
    Update,
}

/// Whether the engine was killed meanwhile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum EngineWas {
    Up,
    Killed,
}

/// One update on a lane.
pub(super) struct Trial<'a> {
    pub(super) lane: &'a Lane,
    pub(super) scenario: &'a Scenario,
    pub(super) before: Before,
    pub(super) program: Program,
    pub(super) engine: EngineWas,
    begin: Begin,
}

impl<'a> Trial<'a> {
    /// Makes the old container and a data directory.
    pub(super) fn new(lane: &'a Lane, scenario: &'a Scenario, begin: Begin) -> Self {
        let before = lane.reset(scenario);
        let program = lane.program(scenario);
        Self { lane, scenario, before, program, engine: EngineWas::Up, begin }
    }

    /// Runs the update without interruption; returns the points of its calls.
    pub(super) fn record(&self) -> Vec<Point> {
        match self.begin {
            Begin::Serve => self.serve_to_the_goal(),
            Begin::Update => drop(self.update()),
        }
        let calls = self.lane.proxy.log();
        let records = history(&self.program);
        let [record] = records.as_slice() else { panic!("one record, not {:#?}", told(&records)) };
        assert!(is_goal(self, record), "{:?}", told(&records));
        check_host(self);
        points(&calls, record["id"].as_str().unwrap_or_default())
    }

    /// Starts the update.
    pub(super) fn begin(&self) -> Running {
        let command: &[&str] = match self.begin {
            Begin::Serve => &["serve"],
            Begin::Update => &["update", NAME],
        };
        self.program.spawn(command)
    }

    /// Runs the program until a rule kills it; returns the operation that it left open.
    pub(super) fn run_to_its_death(&self, rule: Rule) -> Option<String> {
        self.lane.proxy.set_rules(&[rule.kill(&self.program.pid_file())]);
        let ended = self.begin().wait_exit(PATIENCE);
        assert_eq!(ended.code, -9, "the point was not reached\n{}", ended.stderr);
        self.lane.proxy.set_rules(&[]);
        self.open_operation()
    }

    /// Returns the operation that is open, if there is one.
    pub(super) fn open_operation(&self) -> Option<String> {
        let mut open = open_operations(&self.program);
        assert!(open.len() < 2, "one operation at most: {open:?}");
        open.pop()
    }

    /// Has `serve` deal with what is open and do nothing else, and checks what came of it.
    pub(super) fn recover(&mut self, operation: Option<&str>) {
        self.recover_only();
        self.check_recovered(operation);
    }

    /// Has `serve` deal with what is open and do nothing else.
    pub(super) fn recover_only(&mut self) {
        self.program.set("DOCKER_AUTO_SCAN_ON_START", "false");
        let serving = self.serve();
        wait_until("it is recovered", PATIENCE, || open_operations(&self.program).is_empty());
        end(serving);
        self.program.set("DOCKER_AUTO_SCAN_ON_START", "true");
    }

    /// Has `serve` do what it does before any check, which is to begin with some words; returns its log.
    pub(super) fn start_only(&mut self, words: &str) -> String {
        self.program.set("DOCKER_AUTO_SCAN_ON_START", "false");
        let serving = self.serve();
        wait_until(words, PATIENCE, || serving.stderr().contains(words));
        let told = end(serving);
        self.program.set("DOCKER_AUTO_SCAN_ON_START", "true");
        told
    }

    /// Checks the host, and the record of the operation that was interrupted.
    pub(super) fn check_recovered(&self, operation: Option<&str>) {
        let runs = check_host(self);
        if let Some(operation) = operation {
            check_record(self, operation, runs);
        }
    }

    /// Starts `serve` and waits until it listens.
    pub(super) fn serve(&self) -> Running {
        let serving = self.program.spawn(&["serve"]);
        let listens = || serving.stderr().contains("listening on");
        wait_until("it listens", PATIENCE, listens);
        serving
    }

    /// Runs `update NAME`, which has to go as well as it can.
    pub(super) fn update(&self) -> Output {
        let updated = self.program.run(&["update", NAME]);
        let codes: &[i32] = match self.scenario.new_image {
            NewImage::Good => &[0],
            // It may have been rejected before, and is held then.
            NewImage::Exits | NewImage::Unhealthy => &[1, 3],
            NewImage::Refused => &[1],
        };
        let Output { code, stdout, stderr } = &updated;
        assert!(codes.contains(code), "exit code {code}\n{stdout}{stderr}");
        let refused = matches!(self.scenario.new_image, NewImage::Refused);
        let held = *code == 1 && !refused;
        assert!(!held || stdout.contains("held"), "{stdout}{stderr}");
        updated
    }

    /// Has `serve` come to the end that the update has, by itself.
    pub(super) fn serve_to_the_goal(&self) {
        let serving = self.serve();
        let mut last = None;
        wait_until("the update has its end", PATIENCE, || {
            let now = (open_operations(&self.program).is_empty(), serving.stderr().len());
            // Nothing happened since the last look.
            if !now.0 || last.replace(now) == Some(now) {
                return false;
            }
            history(&self.program).iter().any(|record| is_goal(self, record))
        });
        end(serving);
    }

    /// Checks that the update has come to its end after all, and what became of the operation that
    /// was interrupted.
    pub(super) fn check_goal(&self, operation: Option<&str>) {
        let runs = check_host(self);
        let wanted = match self.scenario.new_image {
            NewImage::Good => Runs::New,
            _ => Runs::Old,
        };
        assert_eq!(runs, wanted, "the update comes to its end after all");
        let records = history(&self.program);
        let told = told(&records);
        assert!(records.iter().any(|record| is_goal(self, record)), "{told:#?}");
        if let Some(operation) = operation {
            let known = records.iter().any(|record| record["id"] == operation);
            assert!(known, "{operation} in {told:#?}");
        }
        assert_eq!(open_operations(&self.program), [""; 0], "no operation is open");
    }

    /// Says whether the container may be down: the engine was killed, and left it to people. What
    /// the engine does with a container before the operation touched it stands; only `always` is
    /// sure to come back.
    pub(super) fn may_be_down(&self) -> bool {
        let policy = self.before.policy["Name"].as_str().unwrap_or("no");
        let left = policy == "no" || policy != "always" && !self.touched();
        self.engine == EngineWas::Killed && left
    }

    /// Says whether one that goes with it may be down: an engine that was killed brings up who shares
    /// a network only if the network's owner happens to be up before. What the operation has stopped
    /// it has started again.
    pub(super) fn companion_may_be_down(&self, id: &str) -> bool {
        self.engine == EngineWas::Killed && !self.stopped(id)
    }

    fn touched(&self) -> bool {
        self.stopped("")
    }

    /// Says whether the operation has stopped a container; any, if no ID is given.
    fn stopped(&self, id: &str) -> bool {
        self.lane.proxy.log().iter().any(|call| call.line.contains(&format!("{id}/stop")))
    }

    /// Tells what happened, for the message of a failure.
    pub(super) fn story(&self) -> String {
        let calls = self.lane.proxy.log();
        let calls = calls.iter().map(|call| format!("  {} → {}\n", call.line, call.outcome));
        let calls: Vec<_> = calls.collect();
        let containers = self.lane.is_up().then(|| self.lane.host.names(""));
        let program = self.program.story();
        format!("containers: {containers:?}\ncalls:\n{}{program}", calls.concat())
    }
}

/// Ends a server in order; returns its log.
pub(super) fn end(serving: Running) -> String {
    serving.terminate();
    let ended = serving.wait_exit(PATIENCE);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    ended.stderr
}
