//! Pulling, tagging and untagging images.

use serde_json::Value;

use crate::core::digest::{Digest, Platform};
use crate::core::event::What;
use crate::core::id::ImageId;
use crate::core::journal::{Class, StepOutput};
use crate::core::plan::StepError;
use crate::core::reference::ImageRef;

use super::super::call::{Call, in_path};
use super::super::convert::{platform, text, texts};
use super::super::error::DockerError;
use super::super::{Host, pull};
use super::class::{Action, failed};
use super::{HostRunner, StepResult};

/// What is to be there after a pull.
pub(super) struct Pull<'a> {
    pub(super) reference: &'a ImageRef,
    pub(super) platform: &'a Platform,
    pub(super) digest: &'a Digest,
}

/// When a local image is looked at.
enum Look {
    /// It may spare the pull.
    BeforePull,
    /// It was pulled, and this is the digest that the engine said.
    AfterPull(Option<Digest>),
}

impl HostRunner {
    pub(super) async fn pull(&self, wanted: &Pull<'_>) -> StepResult {
        if let Some(image) = self.local(wanted).await?
            && wanted.is_met_by(&image, &Look::BeforePull)
        {
            return Ok(pulled(&image));
        }
        let look = Look::AfterPull(self.fetch(wanted).await?);
        match self.local(wanted).await? {
            Some(image) if wanted.is_met_by(&image, &look) => Ok(pulled(&image)),
            found => Err(StepError::new(Class::Lasting, wanted.miss(found.as_ref(), &look))),
        }
    }

    async fn local(&self, wanted: &Pull<'_>) -> Result<Option<Value>, StepError> {
        let image = self.host.inspect_image(&wanted.reference.to_string(), None).await;
        image.map_err(failed(Action::Make))
    }

    async fn fetch(&self, wanted: &Pull<'_>) -> Result<Option<Digest>, StepError> {
        let reference = wanted.reference;
        let foreign = self.host.foreign(wanted.platform).await.map_err(failed(Action::Make))?;
        let auth = self.credentials.for_pull(reference).await;
        let listener = self.listener.clone();
        let report = move |progress| listener(What::PullProgress(progress));
        let asked = pull::Wanted { reference, platform: foreign };
        let result = self.host.pull(asked, auth.as_ref(), &report).await;
        result.map_err(|error| StepError::new(error.class(), error.to_string()))
    }

    pub(super) async fn tag(&self, image: &ImageId, reference: &str) -> StepResult {
        let parsed = parse(reference)?;
        let path = format!("/images/{}/tag", in_path(image.as_str()));
        let call = Call::post(format!("tagging image {} as {reference}", image.short()), &path)
            .query("repo", &parsed.name())
            .query("tag", parsed.tag().unwrap_or("latest"));
        let result = self.host.transport().call(call).await;
        result.map(|_| StepOutput::Done).map_err(failed(Action::Make))
    }

    pub(super) async fn untag(&self, reference: &str) -> StepResult {
        // Never by ID: that would take all names from the image.
        let name = parse(reference)?.to_string();
        let path = format!("/images/{}", in_path(&name));
        let call = Call::delete(format!("removing the name {reference}"), &path);
        match self.host.transport().call(call).await {
            Ok(_) => Ok(StepOutput::Done),
            Err(error) if error.status() == Some(404) => Ok(StepOutput::Done),
            Err(error) => Err(failed(Action::Make)(error)),
        }
    }
}

fn parse(reference: &str) -> Result<ImageRef, StepError> {
    ImageRef::parse(reference).map_err(|error| StepError::new(Class::Lasting, error.to_string()))
}

fn pulled(image: &Value) -> StepOutput {
    let size_bytes = image["Size"].as_u64().unwrap_or(0);
    StepOutput::Pulled { image: ImageId::new(text(&image["Id"])), size_bytes }
}

impl Pull<'_> {
    /// Says whether a local image is the wanted one, for the wanted platform. What the engine has
    /// just said counts too: with a graph driver, the digest of an index stays with the platform
    /// that was pulled first.
    fn is_met_by(&self, image: &Value, look: &Look) -> bool {
        let said = match look {
            Look::BeforePull => None,
            Look::AfterPull(said) => said.clone(),
        };
        let mut digests = self.digests(image).chain(said);
        digests.any(|digest| digest == *self.digest) && self.has_platform(image, look)
    }

    /// Returns the digests that the image is known by in the reference's own repository.
    fn digests(&self, image: &Value) -> impl Iterator<Item = Digest> {
        let names = texts(&image["RepoDigests"]).into_iter();
        let known = names.filter_map(|name| ImageRef::parse(&name).ok());
        let own = known.filter(|known| known.same_repository(self.reference));
        let own = own.filter_map(|known| known.digest().cloned());
        own.chain(text(&image["Id"]).parse())
    }

    /// Says whether an image is there for the wanted platform. After a pull the containerd store may
    /// call an image unavailable, and not know its platform, which it runs well: the pull skips the
    /// content of layers that a container's file system holds already.
    fn has_platform(&self, image: &Value, look: &Look) -> bool {
        let pulled = matches!(look, Look::AfterPull(_));
        let runs = |candidate: &Platform| candidate.distance_to(self.platform).is_some();
        // An index may be there without the content for this platform.
        let manifests = image["Manifests"].as_array().map(Vec::as_slice).unwrap_or_default();
        let mut images = manifests.iter().filter(|manifest| manifest["Kind"] == "image").peekable();
        if images.peek().is_none() {
            return runs(&platform(image)) || pulled && image["Os"] == "";
        }
        images.any(|manifest| {
            let of = &manifest["ImageData"]["Platform"];
            let variant = of["variant"].as_str();
            let of = Platform::new(&text(&of["os"]), &text(&of["architecture"]), variant);
            let is_there = manifest["Available"] == true || pulled;
            is_there && (runs(&of) || pulled && of.os.is_empty())
        })
    }

    fn miss(&self, found: Option<&Value>, look: &Look) -> String {
        let reference = self.reference.familiar();
        let wanted = self.digest.short();
        match found {
            None => format!("pulling {reference}: the engine does not have it afterwards"),
            Some(image) if !self.has_platform(image, look) => {
                format!("pulling {reference}: it is not there for {}", self.platform)
            }
            Some(image) => {
                let now: Vec<_> = self.digests(image).map(|d| d.short().to_owned()).collect();
                format!(
                    "pulling {reference}: the engine got {} and not {wanted}; the tag moved again, \
                     or the engine's mirror is behind",
                    now.join(", ")
                )
            }
        }
    }
}

impl Host {
    /// Returns a platform that the engine has to be told, because it is not its own.
    pub(super) async fn foreign<'a>(
        &self,
        platform: &'a Platform,
    ) -> Result<Option<&'a Platform>, DockerError> {
        let own = self.engine_facts().await?.platform;
        Ok((platform.distance_to(&own) != Some(0)).then_some(platform))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn digest(letter: &str) -> Digest {
        format!("sha256:{}", letter.repeat(64)).parse().unwrap()
    }

    #[test]
    fn a_local_image_is_judged_by_its_own_repository_and_platform() {
        let reference = ImageRef::parse("r.test/a/b:1").unwrap();
        let platform = Platform::new("linux", "amd64", None);
        let wanted = Pull { reference: &reference, platform: &platform, digest: &digest("a") };
        let manifest = |architecture: &str, available: bool| {
            json!({"Kind": "image", "Available": available,
                "ImageData": {"Platform": {"os": "linux", "architecture": architecture}}})
        };
        let known = |repository: &str, letter: &str| format!("{repository}@{}", digest(letter));
        for (image, expected) in [
            (json!({"RepoDigests": [known("x/y", "a"), known("r.test/a/b", "a")]}), true),
            (json!({"RepoDigests": [known("r.test/a/b", "b"), known("r.test/a/b", "a")]}), true),
            (json!({"RepoDigests": [known("x/y", "a")]}), false),
            (json!({"RepoDigests": [known("r.test/a/b", "b")]}), false),
            (json!({"RepoDigests": null, "Id": digest("a")}), true),
            (json!({"RepoDigests": ["<none>@<none>"], "Id": digest("b")}), false),
            (json!({"Id": digest("a"), "Architecture": "arm64"}), false),
            (json!({"Id": digest("a"), "Manifests": [manifest("amd64", true)]}), true),
            (json!({"Id": digest("a"), "Manifests": [manifest("amd64", false)]}), false),
            (json!({"Id": digest("a"), "Manifests": [manifest("arm64", true)]}), false),
        ] {
            let mut image = image;
            if image["Architecture"].is_null() {
                image["Architecture"] = json!("amd64");
            }
            image["Os"] = json!("linux");
            assert_eq!(wanted.is_met_by(&image, &Look::BeforePull), expected, "{image}");
        }
        let (said, foreign) = (digest("a"), json!({"Os": "linux", "Architecture": "amd64"}));
        assert!(wanted.is_met_by(&foreign, &Look::AfterPull(Some(said))));
        let moved = json!({"Id": digest("b"), "Os": "linux", "Architecture": "amd64"});
        let pulled = Look::AfterPull(None);
        assert!(
            wanted.miss(Some(&moved), &pulled).contains("got bbbbbbbbbbbb and not aaaaaaaaaaaa")
        );
    }

    #[test]
    fn an_image_that_was_pulled_without_all_its_layers_counts() {
        let reference = ImageRef::parse("r.test/a/b:1").unwrap();
        let platform = Platform::new("linux", "amd64", None);
        let wanted = Pull { reference: &reference, platform: &platform, digest: &digest("a") };
        let image = |os: &str, architecture: &str| {
            let platform = json!({"os": os, "architecture": architecture});
            let data = json!({"Platform": platform});
            json!({"Id": digest("a"), "Os": "", "Architecture": "",
                "Manifests": [{"Kind": "image", "Available": false, "ImageData": data}]})
        };
        let bare = json!({"Id": digest("a"), "Os": "", "Architecture": ""});
        for (image, expected) in [
            (image("", ""), true),
            (image("linux", "amd64"), true),
            (image("linux", "arm64"), false),
            (bare, true),
        ] {
            assert!(!wanted.is_met_by(&image, &Look::BeforePull), "{image}");
            assert_eq!(wanted.is_met_by(&image, &Look::AfterPull(None)), expected, "{image}");
        }
    }
}
