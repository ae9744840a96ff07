//! Plans as text for people: one line a step, the way back beside it.

use std::fmt::Write as _;

use crate::core::backup;
use crate::core::compose::edit::FileChange;
use crate::core::health::{ExitZero, HealthGate, Requirement};
use crate::core::plan::{Key, Step, UpdatePlan, Volumes};

/// Returns a plan as lines: what it does, its warnings, what differs, its steps.
pub fn describe_plan(plan: &UpdatePlan) -> String {
    let mut text = format!("{}\n", plan.summary);
    for warning in &plan.warnings {
        let _ = writeln!(text, "  warning: {warning}");
    }
    text.push_str("differences in the container:\n");
    if plan.differences.is_empty() {
        text.push_str("  none but the image\n");
    }
    for difference in &plan.differences {
        let _ = writeln!(text, "  {}: {} → {}", difference.field, difference.old, difference.new);
    }
    for change in changes(plan) {
        let _ = writeln!(text, "changes in {}, line {}:", change.path, change.line);
        let _ = writeln!(text, "  - {}\n  + {}", change.before, change.after);
    }
    text.push_str("steps:\n");
    for (index, planned) in plan.steps.iter().enumerate() {
        if index == plan.no_return {
            text.push_str("  --- no way back from here, only tidying ---\n");
        }
        let _ = writeln!(text, "  {:>2}. {}", index + 1, describe_step(plan, &planned.action));
        for undo in &planned.undo {
            let _ = writeln!(text, "      ↩ {}", describe_step(plan, undo));
        }
    }
    text
}

/// Returns what is written into Compose files.
fn changes(plan: &UpdatePlan) -> impl Iterator<Item = &FileChange> {
    plan.steps.iter().filter_map(|planned| match &planned.action {
        Step::RewriteFile { change } => Some(change),
        _ => None,
    })
}

/// Returns a step as one sentence without a full stop.
pub fn describe_step(plan: &UpdatePlan, step: &Step) -> String {
    let who = |key: &Key| name_of(plan, key);
    match step {
        Step::Expect { container, image, .. } => {
            format!("verify that {} still runs {}", who(container), image.short())
        }
        Step::Pull { reference, platform, digest } => {
            format!("pull {} for {platform} and verify {}", reference.familiar(), digest.short())
        }
        Step::Tag { image, reference } => format!("tag {} as {reference}", image.short()),
        Step::Untag { reference } => format!("remove the tag {reference}"),
        Step::Create { name, image, .. } => format!("create {name} on {}", image.short()),
        Step::Connect { container, network, .. } => {
            format!("connect {} to the network {network}", who(container))
        }
        Step::SetRestartPolicy { container, policy } => {
            format!("set the restart policy of {} to {}", who(container), policy_name(policy))
        }
        Step::Stop { container, grace, .. } => {
            format!("stop {} (up to {} s)", who(container), grace.as_secs())
        }
        Step::WaitRemoved { container } => format!("wait until {} is removed", who(container)),
        Step::Rename { container, to } => format!("rename {} to {to}", who(container)),
        Step::Start { container } => format!("start {}", who(container)),
        Step::AwaitHealthy { container, gate } => {
            format!("wait until {} {}", who(container), describe_gate(gate))
        }
        Step::CollectEvidence { container } => {
            format!("keep the logs, exit code and health output of {}", who(container))
        }
        Step::Reject { target, image } => {
            format!("remember that {} failed on {}", image.as_str(), target.name)
        }
        Step::CopyFiles { from, to, path } => {
            format!("copy {path} from {} to {}", who(from), who(to))
        }
        Step::Remove { container, volumes: Volumes::Keep } => {
            format!("remove {}, its volumes stay", who(container))
        }
        Step::Remove { container, volumes: Volumes::Remove } => {
            format!("remove {} with the volumes made for it", who(container))
        }
        Step::RemoveImage { image, .. } => {
            format!("remove the image {}, unless something uses it", image.short())
        }
        Step::HandOver { container } => format!("hand over to {}", who(container)),
        Step::KeepDatabase => "keep a copy of docker-auto's database".to_owned(),
        Step::RestoreDatabase => "put back the copy of docker-auto's database".to_owned(),
        Step::Exec { container, moment, hook } => {
            let (who, words) = (who(container), hook.command.join(" "));
            format!("run the {moment} hook in {who}: {words} (up to {} s)", hook.timeout.as_secs())
        }
        Step::PrepareBackup { .. }
        | Step::BackUp { .. }
        | Step::DiscardBackup { .. }
        | Step::PruneBackups { .. }
        | Step::CreateVolume { .. }
        | Step::RemoveVolume { .. }
        | Step::Restore { .. }
        | Step::RewriteFile { .. } => describe_data_step(step),
    }
}

/// An engine that was sent nothing shows an empty name.
fn policy_name(policy: &serde_json::Value) -> &str {
    let name = policy.get("Name").and_then(serde_json::Value::as_str);
    name.filter(|name| !name.is_empty()).unwrap_or("no")
}

/// Returns a step that is about data or files as a sentence.
fn describe_data_step(step: &Step) -> String {
    match step {
        Step::PrepareBackup { folder, needed_bytes: Some(bytes) } => {
            format!("make room for {} in {folder}", backup::shown(*bytes))
        }
        Step::PrepareBackup { folder, needed_bytes: None } => format!("make the folder {folder}"),
        Step::BackUp { folder, mounts, .. } => {
            let places: Vec<_> = mounts.iter().flat_map(|it| &it.destinations).cloned().collect();
            format!("save {} to {folder}", places.join(", "))
        }
        Step::DiscardBackup { folder } => format!("remove {folder}, unless it is complete"),
        Step::PruneBackups { fate: backup::Fate::Failed, .. } => {
            "keep the first and the last backup of updates that failed in a row".to_owned()
        }
        Step::PruneBackups { keep, .. } => format!("keep {keep} backups, remove older ones"),
        Step::CreateVolume { name, .. } => format!("create the volume {name}"),
        Step::RemoveVolume { name } => format!("remove the volume {name}"),
        Step::Restore { folder, mounts, .. } => {
            let volumes: Vec<_> = mounts.iter().map(|it| it.volume.as_str()).collect();
            format!("put what is saved in {folder} into {}", volumes.join(", "))
        }
        Step::RewriteFile { change } => {
            format!(
                "write {} into {}, and keep it as it was in {}",
                change.after, change.path, change.copy
            )
        }
        _ => step.verb().to_owned(),
    }
}

fn name_of(plan: &UpdatePlan, key: &Key) -> String {
    let name = plan.containers.get(key).map_or(key.as_str(), |container| container.name.as_str());
    if key.as_str().ends_with("new") || *key == Key::rescue() || *key == Key::helper() {
        return format!("the {key} container");
    }
    format!("the {key} container {name}")
}

fn describe_gate(gate: &HealthGate) -> String {
    let (timeout, stable) = (gate.timeout.as_secs_f64(), gate.stable.as_secs_f64());
    let finished = match gate.exit_zero {
        ExitZero::Finished => ", or ends with exit code 0",
        ExitZero::Failed => "",
    };
    let mut text = match gate.require {
        Requirement::Healthy => {
            format!(
                "is healthy (up to {timeout} s; stable for {stable} s without a healthcheck){finished}"
            )
        }
        Requirement::Stable => format!("stays up for {stable} s{finished}"),
        Requirement::Completed => format!("ends with exit code 0 (up to {timeout} s)"),
        Requirement::Nothing => "is back, well or not, for it was not well before".to_owned(),
    };
    for probe in &gate.probes {
        let _ = write!(text, ", and {probe}");
    }
    if !gate.soak.is_zero() {
        let _ = write!(text, ", and all this for {} s", gate.soak.as_secs_f64());
    }
    text
}
