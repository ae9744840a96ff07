//! Writes down what a check found, and says what is new: each thing once, and one image once for all
//! that wait for it.

use std::collections::{BTreeMap, BTreeSet};
use std::iter;

use serde_json::json;

use crate::core::candidate::Candidate;
use crate::core::comparison::Match;
use crate::core::decision::{Decision, Request, Status};
use crate::core::event::What;
use crate::core::id::ContainerName;
use crate::engine::command::Assessment;
use crate::engine::{Engine, EngineError};
use crate::store::{Checked, News, Saying, Scope};

const AVAILABLE: &str = "available";
const FAILED: &str = "failed";

impl Engine {
    /// Stores the results of a check in one transaction, and tells what is new.
    pub(super) async fn record(
        &self,
        names: &[ContainerName],
        assessments: &[Assessment],
        request: Request,
    ) -> Result<(), EngineError> {
        let host = self.host.id();
        let same = assessments.iter().filter_map(|assessment| match &assessment.decision {
            Decision::UpToDate { how: Match::Content(digest), .. } => {
                Some((assessment.container.image_id.clone(), digest.clone()))
            }
            _ => None,
        });
        let same: Vec<_> = same.collect();
        if !same.is_empty() {
            self.store.snapshots().add_equivalents(host, same).await?;
        }
        // What a person lifts for once is no other judgement of the versions that wait.
        if !matches!(request, Request::Named | Request::Forced) {
            Box::pin(self.settle_verdicts(assessments)).await?;
        }
        if request != Request::Forced {
            self.note_waits(assessments, request).await?;
        }
        let scope = if names.is_empty() { Scope::Whole } else { Scope::Part };
        let results = assessments.iter().map(checked).collect();
        let news = self.store.targets().record_scan(host, scope, results).await?;
        for (name, what) in told(assessments, &news) {
            self.tell(self.target(&name), None, what);
        }
        Ok(())
    }
}

fn checked(assessment: &Assessment) -> Checked {
    let decision = &assessment.decision;
    Checked {
        name: assessment.container.name.clone(),
        result: json!({
            "status": decision.status().as_str(),
            "code": decision.code(),
            "message": decision.to_string(),
            "checked_at": assessment.checked_at,
        }),
        sayings: sayings(decision),
    }
}

/// Returns what there is to say of a decision. What was said of an image stands until it runs or
/// another one is found: a check that found nothing out, or did not look, takes nothing back.
fn sayings(decision: &Decision) -> Vec<Saying> {
    let failed = (decision.status() == Status::Error).then(|| decision.code().to_owned());
    let mut sayings = vec![Saying { topic: FAILED, key: failed }];
    match decision {
        Decision::UpToDate { .. } => sayings.push(Saying { topic: AVAILABLE, key: None }),
        Decision::Update { candidate } | Decision::Hold { candidate, .. } => {
            sayings.push(Saying { topic: AVAILABLE, key: Some(key(candidate)) });
        }
        Decision::Skip { .. } | Decision::Unknown { .. } => {}
    }
    sayings
}

/// Returns what tells an image from another one: what would run, not the list that names it, which
/// may be pushed anew for other platforms.
fn key(candidate: &Candidate) -> String {
    candidate.reject_key().as_str().to_owned()
}

/// Returns what is to be told of what is new: a failed check by itself, and all that were found to
/// wait for one image together.
fn told(assessments: &[Assessment], news: &[News]) -> Vec<(ContainerName, What)> {
    let by_name: BTreeMap<_, _> = assessments.iter().map(|it| (&it.container.name, it)).collect();
    let (mut told, mut waiting) = (Vec::new(), BTreeMap::<String, Vec<&Assessment>>::new());
    for one in news {
        let Some(found) = by_name.get(&one.name) else { continue };
        match (one.topic, found.decision.candidate()) {
            (AVAILABLE, Some(candidate)) => waiting.entry(key(candidate)).or_default().push(found),
            (FAILED, _) => {
                let (reason, message) = (found.decision.code(), found.decision.to_string());
                let what = What::CheckFailed { reason: reason.to_owned(), message };
                told.push((one.name.clone(), what));
            }
            _ => {}
        }
    }
    told.extend(waiting.into_values().filter_map(|waiting| available(&waiting)));
    told
}

fn available(waiting: &[&Assessment]) -> Option<(ContainerName, What)> {
    let (first, others) = waiting.split_first()?;
    let runs = |it: &&Assessment| {
        let current = it.current.as_ref().map_or("unknown", |digest| digest.short());
        current.to_owned()
    };
    let old: BTreeSet<String> = waiting.iter().map(runs).collect();
    let what = What::UpdateAvailable {
        old: old.into_iter().collect::<Vec<_>>().join(", "),
        new: first.decision.candidate()?.short().to_owned(),
        others: others.iter().map(|it| it.container.name.clone()).collect(),
    };
    Some((first.container.name.clone(), what))
}

/// Returns ` for a, b and c`, or nothing for one alone, whom its event names.
pub(super) fn whose(first: &ContainerName, others: &[ContainerName]) -> String {
    let Some((last, between)) = others.split_last() else { return String::new() };
    let before: Vec<&str> = iter::once(first).chain(between).map(ContainerName::as_str).collect();
    format!(" for {} and {last}", before.join(", "))
}

#[cfg(test)]
mod tests;
