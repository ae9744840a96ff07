//! When Docker Hub says that an image was pushed: its own API knows, which registries do not.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use serde::Deserialize;
use tokio::time::Instant;
use url::Url;

use super::client::{Client, Request};
use super::error::RegistryError;
use super::insecure::Tolerance;
use super::peer::PeerKey;
use crate::core::digest::Digest;
use crate::core::id::Timestamp;
use crate::core::reference::ImageRef;

/// The longest answer that is read.
const LONGEST_ANSWER: usize = 1 << 20;

/// How long an answer may take: nothing depends on it.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long an API that could not be asked is left alone.
const LEFT_ALONE_FOR: Duration = Duration::from_mins(10);

/// Docker Hub's own API.
#[derive(Debug)]
pub(super) struct Hub {
    /// Where it is; `None` where it is not to be asked.
    address: Option<Url>,
    /// Until when it is left alone.
    silent: Mutex<Option<Instant>>,
}

/// Docker Hub's API could not be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unasked;

/// What it says of a tag.
#[derive(Deserialize)]
struct TagAnswer {
    digest: Option<String>,
    tag_last_pushed: Option<String>,
    last_updated: Option<String>,
    #[serde(default)]
    images: Vec<ImageAnswer>,
}

#[derive(Deserialize)]
struct ImageAnswer {
    digest: Option<String>,
    last_pushed: Option<String>,
}

impl Hub {
    pub(super) fn new(address: Option<Url>) -> Self {
        Self { address, silent: Mutex::default() }
    }

    /// Returns when the image behind a tag was pushed; `None` where nobody says it. It is asked
    /// without credentials, so that of private images it says nothing.
    ///
    /// # Errors
    ///
    /// Where it could not be asked, or is left alone for that.
    pub(super) async fn pushed_at(
        &self,
        client: &Client,
        reference: &ImageRef,
        (digest, manifest): (&Digest, &Digest),
    ) -> Result<Option<Timestamp>, Unasked> {
        let address = self.address.as_ref().filter(|_| reference.is_on_docker_hub());
        let Some(address) = address else { return Ok(None) };
        if self.is_silent() {
            return Err(Unasked);
        }
        match ask(client, address, reference).await {
            Ok(body) => {
                let told = body.and_then(|body| serde_json::from_slice::<TagAnswer>(&body).ok());
                Ok(told.and_then(|told| pushed_at(told, (digest, manifest))))
            }
            Err(error) => {
                log::debug!("when {} was pushed is not known: {error}", reference.familiar());
                let until = Instant::now() + LEFT_ALONE_FOR;
                *self.silent.lock().unwrap_or_else(PoisonError::into_inner) = Some(until);
                Err(Unasked)
            }
        }
    }

    fn is_silent(&self) -> bool {
        let silent = self.silent.lock().unwrap_or_else(PoisonError::into_inner);
        silent.is_some_and(|until| until > Instant::now())
    }
}

/// Asks for a tag; `None` where the API does not know it.
async fn ask(
    client: &Client,
    address: &Url,
    reference: &ImageRef,
) -> Result<Option<Bytes>, RegistryError> {
    let (repository, tag) = (reference.repository(), reference.tag().unwrap_or_default());
    let doing = format!("asking Docker Hub when {} was pushed", reference.familiar());
    let path = format!("/v2/repositories/{repository}/tags/{tag}");
    let request = Request::json(&doing, path, LONGEST_ANSWER, PATIENCE);
    let peer = client.peer(PeerKey::of_url(address, Tolerance::new(Vec::new())));
    let asking = tokio::time::timeout(PATIENCE, client.call(&peer, &request));
    let timed_out = |_| RegistryError::Timeout { doing: doing.as_str().into(), after: PATIENCE };
    let answer = asking.await.map_err(timed_out)??;
    Ok(answer.status.is_success().then_some(answer.body))
}

/// Returns the date of the very image; a tag that was pushed again meanwhile says nothing of it.
fn pushed_at(told: TagAnswer, (digest, manifest): (&Digest, &Digest)) -> Option<Timestamp> {
    let moment = |text: Option<String>| text?.parse::<Timestamp>().ok();
    let is = |text: &Option<String>, digest: &Digest| text.as_deref() == Some(digest.as_str());
    let is_tag = is(&told.digest, digest);
    let image = told.images.into_iter().find(|image| is(&image.digest, manifest));
    if image.is_none() && !is_tag {
        return None;
    }
    let own = image.and_then(|image| moment(image.last_pushed));
    own.or_else(|| moment(told.tag_last_pushed)).or_else(|| moment(told.last_updated))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn dates_are_those_of_the_very_image() {
        let (index, manifest, other) =
            (Digest::of(b"index"), Digest::of(b"manifest"), Digest::of(b"other"));
        let (pushed, image, updated) =
            ("2026-05-03T10:00:00.123456Z", "2026-05-02T10:00:00Z", "2026-05-01T10:00:00Z");
        let check = |body: Value, expected: Option<&str>| {
            let told = serde_json::from_value(body.clone()).unwrap();
            let found = pushed_at(told, (&index, &manifest));
            assert_eq!(found, expected.map(|text| text.parse().unwrap()), "{body}");
        };
        let entry = |digest: &Digest| json!({"digest": digest, "last_pushed": image});
        check(json!({}), None);
        check(json!({"tag_last_pushed": pushed}), None);
        check(json!({"digest": other, "tag_last_pushed": pushed}), None);
        check(json!({"digest": index, "tag_last_pushed": pushed}), Some(pushed));
        check(json!({"digest": index, "last_updated": updated}), Some(updated));
        check(json!({"digest": index, "tag_last_pushed": "soon"}), None);
        check(json!({"images": [entry(&other), entry(&manifest)]}), Some(image));
        check(
            json!({"digest": index, "tag_last_pushed": pushed, "images": [entry(&manifest)]}),
            Some(image),
        );
        let silent = json!({"digest": manifest, "last_pushed": null});
        check(json!({"tag_last_pushed": pushed, "images": [silent]}), Some(pushed));
        check(json!({"digest": null, "last_updated": null, "images": []}), None);
    }
}
