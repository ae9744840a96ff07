//! Writes down what a check found, and says what is new: each thing once.

use serde_json::json;

use crate::core::comparison::Match;
use crate::core::decision::{Decision, Request, Status};
use crate::core::event::What;
use crate::core::id::ContainerName;
use crate::engine::command::Assessment;
use crate::engine::{Engine, EngineError};
use crate::store::{Checked, Saying, Scope};

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
        Box::pin(self.settle_verdicts(assessments)).await?;
        self.note_waits(assessments, request).await?;
        let scope = if names.is_empty() { Scope::Whole } else { Scope::Part };
        let results = assessments.iter().map(checked).collect();
        let news = self.store.targets().record_scan(host, scope, results).await?;
        for one in news {
            let found = assessments.iter().find(|it| it.container.name == one.name);
            if let Some(what) = found.and_then(|it| what(it, one.topic)) {
                self.tell(self.target(&one.name), None, what);
            }
        }
        Ok(())
    }
}

fn checked(assessment: &Assessment) -> Checked {
    let decision = &assessment.decision;
    let failed = (decision.status() == Status::Error).then(|| decision.code().to_owned());
    let available = decision.candidate().map(|candidate| candidate.short().to_owned());
    Checked {
        name: assessment.container.name.clone(),
        result: json!({
            "status": decision.status().as_str(),
            "code": decision.code(),
            "message": decision.to_string(),
            "checked_at": assessment.checked_at,
        }),
        sayings: vec![
            Saying { topic: AVAILABLE, key: available },
            Saying { topic: FAILED, key: failed },
        ],
    }
}

fn what(assessment: &Assessment, topic: &str) -> Option<What> {
    let decision = &assessment.decision;
    match topic {
        AVAILABLE => {
            let old = assessment.current.as_ref().map_or("unknown", |digest| digest.short());
            let new = decision.candidate()?.short();
            Some(What::UpdateAvailable { old: old.to_owned(), new: new.to_owned() })
        }
        FAILED => Some(What::CheckFailed {
            reason: decision.code().to_owned(),
            message: decision.to_string(),
        }),
        _ => None,
    }
}
