//! What an operation has left whose journal is lost: the plan that brings the old container back, in
//! the one case where there is no doubt (scenario 37).

use serde_json::{Value, json};

use crate::core::anonymous::Places;
use crate::core::id::{ContainerId, ContainerName, ImageId, OperationId, TargetId, Timestamp};
use crate::core::inventory::RunState;
use crate::core::plan::member::forward;
use crate::core::plan::{
    ImageSummary, Key, OperationKind, PlannedContainer, PlannedStep, Step, Trigger, UpdatePlan,
};
use crate::core::recreate::OPERATION_LABEL;
use crate::core::reference::ImageRef;

/// Two containers of one service, as the engine shows them.
#[derive(Clone, Copy, Debug)]
pub struct Remains<'a> {
    /// The service.
    pub target: &'a TargetId,
    /// The one that was stopped and renamed.
    pub old: &'a Value,
    /// The one that should have taken its place.
    pub new: &'a Value,
}

/// Returns the plan that gives the old container its name, its restart policy and its life back.
/// `None` unless it stands still under the name that an operation gave it, and what that operation
/// made does not run: under the service's name, or under its first one.
pub fn plan_repair(remains: &Remains<'_>, operation: &OperationId) -> Option<UpdatePlan> {
    let Remains { target, old, new } = remains;
    let (old_name, new_name) = (name(old), name(new));
    let (base, role, short) = old_name.reserved_parts()?;
    let spare = ContainerName::new(format!("{base}.da-new-{short}"));
    let places = new_name == target.name || new_name == spare;
    let stand = [state(old), state(new)].into_iter().all(stands_still);
    let ours = (base, role) == (target.name.as_str(), "old") && places && made_by(new, short);
    if !(ours && stand) {
        return None;
    }
    let reference = ImageRef::parse(text(old, "/Config/Image")).ok()?;
    // Who was down before the operation made the other one stays down.
    let was_running = time(old, "/State/FinishedAt")? >= time(new, "/Created")?;
    let (here, there) = (Key::old(), Key::replacement());
    let policy = new.pointer("/HostConfig/RestartPolicy")?.clone();
    // The engine's next start must not bring up both.
    let stays_down = json!({"Name": "no", "MaximumRetryCount": 0});
    let disarm = Step::SetRestartPolicy { container: there.clone(), policy: stays_down };
    let mut steps = vec![expect(&here, old), expect(&there, new), disarm];
    if new_name == target.name {
        steps.push(Step::Rename { container: there.clone(), to: spare.clone() });
    }
    steps.push(Step::Rename { container: here.clone(), to: target.name.clone() });
    steps.push(Step::SetRestartPolicy { container: here.clone(), policy: policy.clone() });
    steps.extend(was_running.then(|| Step::Start { container: here.clone() }));
    let planned = |inspect: &Value| PlannedContainer {
        id: Some(ContainerId::new(text(inspect, "/Id"))),
        name: target.name.clone(),
    };
    let steps: Vec<PlannedStep> = steps.into_iter().map(forward).collect();
    Some(UpdatePlan {
        operation: operation.clone(),
        kind: OperationKind::Rollback,
        trigger: Trigger::Auto,
        target: (*target).clone(),
        reference,
        leaves: None,
        old_image: image(new),
        new_image: image(old),
        summary: format!(
            "repair {base}: an operation whose journal is lost left it as {old_name}; {spare} is kept"
        ),
        warnings: unarmed(&policy).into_iter().collect(),
        differences: Vec::new(),
        was_running,
        containers: [(here, planned(old)), (there, planned(new))].into(),
        no_return: steps.len(),
        steps,
        rescue: Vec::new(),
        unrestored: None,
        anonymous: Places::new(),
    })
}

impl UpdatePlan {
    /// Says whether anything takes it back before its point of no return.
    pub fn has_way_back(&self) -> bool {
        self.steps.iter().any(|step| !step.undo.is_empty())
    }
}

/// What was on its way back already had its policy taken.
fn unarmed(policy: &Value) -> Option<String> {
    let unarmed = policy.get("Name").and_then(Value::as_str).is_none_or(|name| name == "no");
    let warning = "no restart policy is left to be seen: set it again, should it have had one";
    unarmed.then(|| warning.to_owned())
}

fn expect(container: &Key, inspect: &Value) -> Step {
    Step::Expect {
        container: container.clone(),
        name: name(inspect),
        state: state(inspect),
        image: ImageId::new(text(inspect, "/Image")),
        settings: None,
    }
}

fn image(inspect: &Value) -> ImageSummary {
    ImageSummary {
        id: ImageId::new(text(inspect, "/Image")),
        digest: None,
        manifest: None,
        version: None,
        created_at: None,
        size_bytes: None,
    }
}

fn made_by(inspect: &Value, short: &str) -> bool {
    let label = inspect.pointer("/Config/Labels").and_then(|labels| labels.get(OPERATION_LABEL));
    let label = label.and_then(Value::as_str);
    label.is_some_and(|operation| OperationId::new(operation).short() == short)
}

fn stands_still(state: RunState) -> bool {
    matches!(state, RunState::Created | RunState::Exited)
}

fn state(inspect: &Value) -> RunState {
    RunState::parse(text(inspect, "/State/Status"))
}

fn name(inspect: &Value) -> ContainerName {
    ContainerName::new(text(inspect, "/Name").trim_start_matches('/'))
}

fn time(inspect: &Value, path: &str) -> Option<Timestamp> {
    text(inspect, path).parse().ok()
}

fn text<'a>(inspect: &'a Value, path: &str) -> &'a str {
    inspect.pointer(path).and_then(Value::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use crate::core::id::HostId;
    use crate::core::journal::{Class, JournalEntry, Next, Outcome, Position, StepOutput, next};

    use super::*;

    const OPERATION: &str = "0198c0de-0000-7000-8000-1b2c3d";

    fn inspect(id: &str, name: &str, status: &str, finished: &str) -> Value {
        json!({
            "Id": id, "Name": format!("/{name}"), "Image": format!("sha256:{id}"),
            "Created": "2026-01-02T00:00:00Z",
            "Config": {"Image": "web:1", "Labels": {(OPERATION_LABEL): OPERATION}},
            "State": {"Status": status, "FinishedAt": finished},
            "HostConfig": {"RestartPolicy": {"Name": "always"}},
        })
    }

    fn plan(old: &Value, new: &Value) -> Option<UpdatePlan> {
        let target = TargetId { host: HostId::default(), name: ContainerName::new("web") };
        let operation = OperationId::new("0198c0de-0000-7000-8000-ffffff");
        plan_repair(&Remains { target: &target, old, new }, &operation)
    }

    #[test]
    fn only_the_obvious_case_is_repaired() {
        let (before, after) = ("2026-01-01T00:00:00Z", "2026-01-02T00:00:01.5Z");
        let policy = "set_restart_policy";
        let all = ["expect", "expect", policy, "rename", "rename", policy, "start"];
        let renamed = ["expect", "expect", policy, "rename", policy, "start"];
        let down = ["expect", "expect", policy, "rename", "rename", policy];
        let old_name = "web.da-old-1b2c3d";
        for (old, new, expected) in [
            ((old_name, "exited", after), ("web", "created"), &all[..]),
            ((old_name, "exited", after), ("web", "exited"), &all),
            ((old_name, "exited", after), ("web.da-new-1b2c3d", "created"), &renamed),
            ((old_name, "exited", before), ("web", "created"), &down),
            ((old_name, "created", "0001-01-01T00:00:00Z"), ("web", "created"), &down),
            ((old_name, "exited", after), ("web", "running"), &[]),
            ((old_name, "exited", after), ("web", "restarting"), &[]),
            ((old_name, "exited", after), ("web", "paused"), &[]),
            ((old_name, "running", after), ("web", "created"), &[]),
            ((old_name, "exited", after), ("other", "created"), &[]),
            ((old_name, "exited", after), ("web.da-new-999999", "created"), &[]),
            ((old_name, "exited", "never"), ("web", "created"), &[]),
            (("other.da-old-1b2c3d", "exited", after), ("web", "created"), &[]),
            (("web.da-old-999999", "exited", after), ("web", "created"), &[]),
            (("web.da-kept-1b2c3d", "exited", after), ("web", "created"), &[]),
            (("web", "exited", after), ("web.da-new-1b2c3d", "created"), &[]),
        ] {
            let plan = plan(&inspect("1", old.0, old.1, old.2), &inspect("2", new.0, new.1, after));
            let verbs = plan.iter().flat_map(|plan| &plan.steps).map(|step| step.action.verb());
            assert_eq!(verbs.collect::<Vec<_>>(), expected, "{old:?} {new:?}");
        }
    }

    #[test]
    fn it_ends_with_the_old_container_under_its_name() {
        let old = inspect("1", "web.da-old-1b2c3d", "exited", "2026-01-03T00:00:00Z");
        let plan = plan(&old, &inspect("2", "web", "created", "")).unwrap();
        let (at, mut entries) = (Timestamp::default(), Vec::new());
        while let Next::Do(position) = next(&plan, &entries) {
            assert_eq!(position, Position::Forward(entries.len() / 2));
            entries.push(JournalEntry::Started { position, at });
            entries.push(JournalEntry::Done { position, at, output: StepOutput::Done });
        }
        assert_eq!(next(&plan, &entries), Next::Finish(Outcome::Updated));
        assert_eq!(entries.len(), 14);
        assert_eq!(
            (plan.old_image.id.as_str(), plan.new_image.id.as_str()),
            ("sha256:2", "sha256:1")
        );
    }

    /// Nothing takes it back: who is left in the middle must be told.
    #[test]
    fn a_repair_that_fails_needs_help() {
        let old = inspect("1", "web.da-old-1b2c3d", "exited", "2026-01-03T00:00:00Z");
        let plan = plan(&old, &inspect("2", "web", "created", "")).unwrap();
        let at = Timestamp::default();
        for (failing, touched) in [(0, false), (1, false), (6, true)] {
            let mut entries = Vec::new();
            for index in 0..=failing {
                let position = Position::Forward(index);
                entries.push(JournalEntry::Started { position, at });
                entries.push(if index == failing {
                    let error = "no luck".to_owned();
                    JournalEntry::Failed { position, at, class: Class::Lasting, error }
                } else {
                    JournalEntry::Done { position, at, output: StepOutput::Done }
                });
            }
            let expected = if touched {
                Outcome::NeedsHelp("no luck; then nothing takes it back".to_owned())
            } else {
                Outcome::Aborted("no luck".to_owned())
            };
            assert_eq!(next(&plan, &entries), Next::Finish(expected), "{failing}");
        }
    }
}
