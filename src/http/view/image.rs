//! A watched image, and how it stands.

use serde::{Deserialize, Serialize};

use crate::core::id::Timestamp;
use crate::engine::watched::WatchedImage;
use crate::http::view::container::ReasonView;

/// One watched image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ImageView {
    /// Its reference in the familiar form.
    pub reference: String,
    /// `UpToDate`, `UpdateAvailable`, `NotPulled` or `Error`.
    pub status: String,
    /// What its tag names, as the registry said last.
    pub remote_digest: Option<String>,
    /// Since when it names that, as far as it was seen.
    pub since: Option<Timestamp>,
    /// What it named before, as far as it was seen.
    pub previous_digest: Option<String>,
    /// Why the last question had no answer.
    pub error: Option<ReasonView>,
    /// When it was checked last.
    pub last_checked_at: Timestamp,
}

impl From<&WatchedImage> for ImageView {
    fn from(image: &WatchedImage) -> Self {
        let watched = &image.watched;
        Self {
            reference: watched.reference.familiar(),
            status: image.standing().as_str().to_owned(),
            remote_digest: watched.digest.as_ref().map(ToString::to_string),
            since: watched.since,
            previous_digest: watched.previous.as_ref().map(ToString::to_string),
            error: watched.failure.as_ref().map(|failure| ReasonView {
                code: format!("registry_{}", failure.code.as_str()),
                message: format!("{}: {}", failure.message, failure.code.cure()),
                until: failure.until,
            }),
            last_checked_at: watched.checked_at,
        }
    }
}
