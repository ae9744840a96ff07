//! A container with its status, as R26 and R27 define it, and why.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::core::candidate::{Candidate, CandidateImage};
use crate::core::decision::{Decision, UnknownReason};
use crate::core::foreign::labels as foreign;
use crate::core::id::Timestamp;
use crate::core::inventory::RunState;
use crate::core::text::{self, Language};
use crate::core::version::Passed;
use crate::core::waiting::is_believable;
use crate::engine::command::Assessment;

/// One container's status.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ContainerView {
    /// Its full ID.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The image as its creator wrote it.
    pub image: String,
    /// Whether its state is `running`.
    pub running: bool,
    /// The digest of what it runs.
    pub current_digest: Option<String>,
    /// The digest that the registry answered.
    pub remote_digest: Option<String>,
    /// `UpToDate`, `UpdateAvailable`, `Skipped` or `Error`.
    pub status: String,
    /// Whether the status is `Skipped`.
    pub skipped: bool,
    /// Why it is skipped; empty otherwise.
    pub skip_reason: String,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// When it was checked last.
    pub last_checked_at: Option<Timestamp>,
    /// Why the status is what it is.
    pub reason: ReasonView,
    /// What it could run instead.
    pub candidate: Option<CandidateView>,
    /// The version that its image says it has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub current_version: Option<String>,
    /// The newest tag beyond the versions that it follows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub newest_beyond: Option<String>,
    /// The newer versions that are not taken, the newest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub passed_over: Vec<PassedView>,
    /// Labels that could not be understood, or that have no effect.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<String>,
}

/// A reason: a stable code for programs and a sentence for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReasonView {
    /// The code, such as `up_to_date` or `rate_limited`.
    pub code: String,
    /// The sentence.
    pub message: String,
    /// When it lifts, if that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

/// An image that a container could run instead.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CandidateView {
    /// The reference that leads to it.
    pub reference: String,
    /// The digest that the reference resolves to; the ID of a local image.
    pub digest: Option<String>,
    /// Its tag, where it is another one than the container follows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    /// The version that it says it has, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Where it was found: `registry`, a mirror's host, or `local`.
    pub source: String,
    /// When it was published, as its registry says, else when it was built, as it says itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub published_at: Option<Timestamp>,
    /// The size of its layers as they are pulled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size_bytes: Option<u64>,
    /// The platform that it is for, such as `linux/amd64`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform: Option<String>,
}

/// A newer version that is not taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PassedView {
    /// Its tag.
    pub tag: String,
    /// `no_platform`, `not_an_image`, `cooling_down`, `snoozed`, `rejected_before` or `refused`.
    pub code: String,
    /// When that ends by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

impl From<&Passed> for PassedView {
    fn from(passed: &Passed) -> Self {
        let (code, until) = (passed.why.code().to_owned(), passed.why.until());
        Self { tag: passed.tag.clone(), code, until }
    }
}

impl ContainerView {
    /// Tells a judgement in a language.
    pub fn told(assessment: &Assessment, language: Language) -> Self {
        let Assessment { container, decision, .. } = assessment;
        let skipped = matches!(decision, Decision::Skip { .. });
        let skip_reason = skipped.then(|| text::of(decision, language).to_string());
        let versions = decision.versions().cloned().unwrap_or_default();
        Self {
            id: container.id.to_string(),
            name: container.name.to_string(),
            image: container.image.clone(),
            running: container.state == RunState::Running,
            current_digest: assessment.current.as_ref().map(ToString::to_string),
            remote_digest: assessment.remote.as_ref().map(ToString::to_string),
            status: decision.status().as_str().to_owned(),
            skipped: skip_reason.is_some(),
            skip_reason: skip_reason.unwrap_or_default(),
            labels: foreign::as_written(&container.labels),
            last_checked_at: Some(assessment.checked_at),
            reason: ReasonView::told(decision, language),
            candidate: decision.candidate().map(CandidateView::from),
            current_version: versions.running,
            newest_beyond: versions.beyond,
            passed_over: versions.passed.iter().map(PassedView::from).collect(),
            problems: assessment.problems.clone(),
        }
    }
}

impl ReasonView {
    /// Tells a reason in a language.
    pub fn told(decision: &Decision, language: Language) -> Self {
        let until = match decision {
            Decision::Hold { until, .. } => *until,
            Decision::Unknown { reason: UnknownReason::Registry(failure) } => failure.until,
            _ => None,
        };
        let message = text::of(decision, language).to_string();
        Self { code: decision.code().to_owned(), message, until }
    }
}

impl From<&Candidate> for CandidateView {
    fn from(candidate: &Candidate) -> Self {
        let moves = candidate.versions.leaves.is_some();
        let bare = Self {
            reference: candidate.reference.familiar(),
            digest: None,
            tag: candidate.reference.tag().filter(|_| moves).map(ToOwned::to_owned),
            version: None,
            source: "local".to_owned(),
            published_at: None,
            size_bytes: None,
            platform: None,
        };
        match &candidate.image {
            CandidateImage::Local { id, .. } => Self { digest: Some(id.to_string()), ..bare },
            CandidateImage::Remote(image) => Self {
                digest: Some(image.resolved.digest.to_string()),
                version: image.version.clone(),
                source: image.resolved.mirror.clone().unwrap_or_else(|| "registry".to_owned()),
                published_at: image.created_at.filter(|at| is_believable(*at)),
                size_bytes: image.size_bytes,
                platform: image.platform.as_ref().map(ToString::to_string),
                ..bare
            },
        }
    }
}

impl CandidateView {
    /// Tells when it was published, how large it is and what it is for, as far as that is known.
    pub fn about(&self, language: Language) -> Option<String> {
        let known = (self.published_at, self.size_bytes, self.platform.as_deref());
        text::of_image(known, language)
    }
}
