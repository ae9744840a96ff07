//! A watched image, and how it stands.

use serde::{Deserialize, Serialize};

use crate::core::id::Timestamp;
use crate::core::remote::RemoteFailure;
use crate::core::text::{self, Language};
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

impl ImageView {
    /// Tells how a watched image stands in a language.
    pub fn told(image: &WatchedImage, language: Language) -> Self {
        let watched = &image.watched;
        let error = |failure: &RemoteFailure| ReasonView {
            code: failure.code.as_str().to_owned(),
            message: text::of_watched(failure, language).to_string(),
            until: failure.until,
        };
        Self {
            reference: watched.reference.familiar(),
            status: image.standing().as_str().to_owned(),
            remote_digest: watched.digest.as_ref().map(ToString::to_string),
            since: watched.since,
            previous_digest: watched.previous.as_ref().map(ToString::to_string),
            error: watched.failure.as_ref().map(error),
            last_checked_at: watched.checked_at,
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::core::reference::ImageRef;
    use crate::core::remote::{FailureCode, RemoteAnswer};
    use crate::core::watched::Watched;

    use super::*;

    #[test]
    fn a_failure_is_told_with_what_to_do_about_it() {
        let reference = ImageRef::parse("nginx:1.27").unwrap();
        for code in FailureCode::ALL {
            let failure = RemoteFailure { code, message: "404".into(), until: None };
            let now = Timestamp::default();
            let watched = Watched::after(None, &reference, &RemoteAnswer::Failed(failure), now);
            let image = WatchedImage { watched, here: None };
            for (language, chinese) in [(Language::English, false), (Language::Chinese, true)] {
                let told = ImageView::told(&image, language).error.unwrap();
                assert_eq!(told.code, code.as_str());
                let (what, cure) = told.message.split_once(": ").unwrap_or_default();
                assert!(what.contains("404") && !cure.is_empty(), "{told:?}");
                for own in [what, cure] {
                    assert!(!own.contains("the container") && !own.contains("容器"), "{told:?}");
                    assert_eq!(own.chars().any(|it| it >= '\u{4e00}'), chinese, "{told:?}");
                }
            }
        }
    }
}
