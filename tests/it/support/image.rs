//! Images for tests, described by what matters to the test and made without an engine.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::engine::{Host, run};
use super::lab::script;
use super::registry::Registry;

/// How the containers of an image behave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Answers "NAME VERSION" on port 8080, healthy after a second.
    Web,
    /// The same without a health check.
    Plain,
    /// Ends at once with 0.
    ExitsZero,
    /// Ends at once with 1.
    ExitsOne,
    /// Ends after two seconds with 1; with a restart policy again and again.
    Crashes,
    /// Never healthy.
    Unhealthy,
    /// Healthy for three seconds, then not.
    Sickens,
    /// Healthy after six seconds.
    Slow,
    /// Takes three seconds to stop.
    SlowStop,
    /// Has to be killed.
    IgnoresTerm,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Web => "web",
            Self::Plain => "plain",
            Self::ExitsZero => "exit0",
            Self::ExitsOne => "exit1",
            Self::Crashes => "crash",
            Self::Unhealthy => "unhealthy",
            Self::Sickens => "sickens",
            Self::Slow => "slow",
            Self::SlowStop => "slow-stop",
            Self::IgnoresTerm => "ignore-term",
        }
    }
}

/// What a tag points to, if not to the manifest of one platform.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Index {
    /// This machine's platform and a foreign one.
    Multi,
    /// The same, each with an attestation.
    Attested,
    /// An index that holds the index of `Multi`.
    Nested,
}

impl Index {
    fn name(self) -> &'static str {
        match self {
            Self::Multi => "multi",
            Self::Attested => "attest",
            Self::Nested => "nested",
        }
    }
}

/// An image to be pushed or loaded; the same description makes the same digest.
#[derive(Clone, Debug)]
pub(crate) struct ImageSpec {
    repository: String,
    tag: String,
    options: Vec<String>,
}

impl ImageSpec {
    /// Returns an image that is healthy and answers its name and version; the version is the tag.
    pub(crate) fn web(repository: &str, tag: &str) -> Self {
        Self { repository: repository.to_owned(), tag: tag.to_owned(), options: Vec::new() }
    }

    fn option(mut self, name: &str, value: impl Into<String>) -> Self {
        self.options.extend([name.to_owned(), value.into()]);
        self
    }

    /// Sets the version that it answers and is labelled with.
    pub(crate) fn version(self, version: &str) -> Self {
        self.option("--version", version)
    }

    /// Sets how its containers behave.
    pub(crate) fn kind(self, kind: Kind) -> Self {
        self.option("--kind", kind.name())
    }

    /// Merges fields into the image's config: variables and labels each, other fields whole; null removes.
    pub(crate) fn config(self, config: &Value) -> Self {
        self.option("--config", config.to_string())
    }

    /// Sets the platform, `architecture[/variant]`.
    pub(crate) fn platform(self, platform: &str) -> Self {
        self.option("--platform", platform)
    }

    /// Sets the time at which it says that it was made.
    pub(crate) fn created(self, time: &str) -> Self {
        self.option("--created", time)
    }

    /// Adds a layer of that many bytes which cannot be compressed; another seed makes another layer.
    pub(crate) fn blob(self, bytes: u64, seed: &str) -> Self {
        self.option("--blob", bytes.to_string()).option("--seed", seed)
    }

    /// Adds the program itself, as `/docker-auto`.
    pub(crate) fn program(self, program: &Path) -> Self {
        self.option("--program", program.display().to_string())
    }

    /// Puts it into an index.
    pub(crate) fn index(self, index: Index) -> Self {
        self.option("--index", index.name())
    }

    /// Sets the version of the foreign platform's image in an index, which is the same otherwise.
    pub(crate) fn other_version(self, version: &str) -> Self {
        self.option("--other-version", version)
    }

    /// Sets what the attestations of an index say.
    pub(crate) fn attestation(self, text: &str) -> Self {
        self.option("--attestation", text)
    }

    /// Uses Docker's media types instead of OCI's.
    pub(crate) fn docker_media_types(mut self) -> Self {
        self.options.push("--docker".to_owned());
        self
    }

    /// Returns `registry/repository:tag`.
    pub(crate) fn reference(&self, registry: &Registry) -> String {
        format!("{}/{}:{}", registry.address, self.repository, self.tag)
    }
}

impl Registry {
    /// Pushes an image; returns the digest that its tag has now.
    #[track_caller]
    pub(crate) fn push(&self, image: &ImageSpec) -> String {
        let mut command = self.seed("push", image.repository.as_str(), &image.tag);
        run(command.args(&image.options)).trim().to_owned()
    }

    /// Deletes what a digest names.
    #[track_caller]
    pub(crate) fn delete(&self, repository: &str, digest: &str) {
        run(&mut self.seed("delete", repository, digest));
    }
}

impl Host {
    /// Loads an image as `docker load` does, under the reference `repository:tag`.
    #[track_caller]
    pub(crate) fn docker_load(&self, image: &ImageSpec) {
        let mut command = Command::new(script("seed.py"));
        command.arg("load").arg(&self.socket).args([&image.repository, &image.tag]);
        run(command.args(&image.options));
    }
}
