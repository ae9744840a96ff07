//! Image references, read and normalised as Docker does it.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::core::digest::Digest;

/// A reference to an image: registry, repository and a tag, a digest or both.
///
/// A reference without either has the tag `latest`. `Display` prints the full form
/// (`docker.io/library/nginx:1.27`), [`ImageRef::familiar`] the short one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ImageRef {
    registry: Box<str>,
    repository: Box<str>,
    tag: Option<Box<str>>,
    digest: Option<Digest>,
}

/// Why a text is no image reference; names the text and the offending part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReferenceError {
    text: String,
    reason: &'static str,
}

impl fmt::Display for ReferenceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} is not an image reference: {}", self.text, self.reason)
    }
}

impl std::error::Error for ReferenceError {}

/// The registry of references that name none.
pub const DOCKER_HUB: &str = "docker.io";

/// The host behind that name. Engines take it for a registry of its own.
pub const DOCKER_HUB_HOST: &str = "registry-1.docker.io";

/// Says whether people mean Docker Hub where they write a host, in small letters, beside an account.
pub fn is_docker_hub(host: &str) -> bool {
    matches!(host, DOCKER_HUB | "index.docker.io" | DOCKER_HUB_HOST | "registry.hub.docker.com")
}

impl ImageRef {
    /// Reads a reference as `docker pull` does: a first component with a dot, a colon or equal to
    /// `localhost` is a registry, everything else is Docker Hub's, one component there is
    /// `library/…`. Image IDs (`sha256:…` or 64 hexadecimal digits) are errors.
    pub fn parse(text: &str) -> Result<Self, ReferenceError> {
        let error = |reason| ReferenceError { text: text.to_owned(), reason };
        if is_image_id(text) {
            return Err(error("it is an image ID; name a repository and a tag"));
        }
        let (rest, digest) = match text.split_once('@') {
            Some((rest, digest)) => {
                let digest = digest.parse().map_err(|_| error("the part after @ is no digest"))?;
                (rest, Some(digest))
            }
            None => (text, None),
        };
        let (name, tag) = split_tag(rest);
        if tag.is_some_and(|tag| !is_tag(tag)) {
            return Err(error("the tag may hold letters, digits, _ . - and 128 of them at most"));
        }
        let (registry, repository) = split_registry(name);
        if !registry.is_none_or(is_host) {
            return Err(error("the part before the first slash is no host name"));
        }
        if !is_repository(repository) {
            return Err(error(
                "a repository is written in lower-case letters, digits, . _ - and /",
            ));
        }
        let (registry, repository) = normalise(registry, repository);
        let tag = match (tag, &digest) {
            (None, None) => Some("latest".into()),
            (tag, _) => tag.map(Into::into),
        };
        Ok(Self { registry, repository, tag, digest })
    }

    /// Returns the registry's host, with its port if it has one; `docker.io` for Docker Hub.
    pub fn registry(&self) -> &str {
        &self.registry
    }

    /// Says whether it leads to Docker Hub, by whichever name.
    pub fn is_on_docker_hub(&self) -> bool {
        [DOCKER_HUB, DOCKER_HUB_HOST].contains(&self.registry())
    }

    /// Returns the repository's path within its registry, `library/nginx` for `nginx`.
    pub fn repository(&self) -> &str {
        &self.repository
    }

    /// Returns the tag; `None` only where a digest stands alone.
    pub fn tag(&self) -> Option<&str> {
        self.tag.as_deref()
    }

    /// Returns the digest that the reference is pinned to.
    pub fn digest(&self) -> Option<&Digest> {
        self.digest.as_ref()
    }

    /// Returns `registry/repository`, the name that all tags share.
    pub fn name(&self) -> String {
        format!("{}/{}", self.registry, self.repository)
    }

    /// Says whether both are of one repository.
    pub fn same_repository(&self, other: &Self) -> bool {
        self.registry == other.registry && self.repository == other.repository
    }

    /// Returns the same repository with another tag and no digest.
    pub fn with_tag(&self, tag: &str) -> Result<Self, ReferenceError> {
        if !is_tag(tag) {
            return Err(ReferenceError {
                text: tag.to_owned(),
                reason: "the tag may hold letters, digits, _ . - and 128 of them at most",
            });
        }
        Ok(Self { tag: Some(tag.into()), digest: None, ..self.clone() })
    }

    /// Returns the reference pinned to a digest, its tag kept.
    #[must_use]
    pub fn with_digest(&self, digest: Digest) -> Self {
        Self { digest: Some(digest), ..self.clone() }
    }

    /// Returns the short form that people write: `nginx:1.27`.
    pub fn familiar(&self) -> String {
        let name = match (&*self.registry, self.repository.strip_prefix("library/")) {
            (DOCKER_HUB, Some(short)) if !short.contains('/') => short.to_owned(),
            (DOCKER_HUB, _) => self.repository.to_string(),
            _ => self.name(),
        };
        self.with_suffix(name)
    }

    fn with_suffix(&self, mut name: String) -> String {
        if let Some(tag) = &self.tag {
            name.push(':');
            name.push_str(tag);
        }
        if let Some(digest) = &self.digest {
            name.push('@');
            name.push_str(digest.as_str());
        }
        name
    }
}

impl fmt::Display for ImageRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.with_suffix(self.name()))
    }
}

impl FromStr for ImageRef {
    type Err = ReferenceError;

    fn from_str(text: &str) -> Result<Self, ReferenceError> {
        Self::parse(text)
    }
}

impl TryFrom<String> for ImageRef {
    type Error = ReferenceError;

    fn try_from(text: String) -> Result<Self, ReferenceError> {
        Self::parse(&text)
    }
}

impl From<ImageRef> for String {
    fn from(reference: ImageRef) -> Self {
        reference.to_string()
    }
}

/// Says whether a text is an image ID rather than a reference: `sha256:<hexadecimal>` or 64
/// hexadecimal digits alone.
pub fn is_image_id(text: &str) -> bool {
    let hexadecimal = |digits: &str| digits.bytes().all(|b| b.is_ascii_hexdigit());
    match text.strip_prefix("sha256:") {
        Some(digits) => digits.len() >= 12 && hexadecimal(digits),
        None => text.len() == 64 && hexadecimal(text),
    }
}

fn split_tag(rest: &str) -> (&str, Option<&str>) {
    let after_slash = rest.rfind('/').map_or(0, |slash| slash + 1);
    match rest[after_slash..].split_once(':') {
        Some((last, tag)) => (&rest[..after_slash + last.len()], Some(tag)),
        None => (rest, None),
    }
}

fn split_registry(name: &str) -> (Option<&str>, &str) {
    match name.split_once('/') {
        Some((first, rest))
            if first.contains(['.', ':'])
                || first == "localhost"
                || first.bytes().any(|b| b.is_ascii_uppercase()) =>
        {
            (Some(first), rest)
        }
        _ => (None, name),
    }
}

fn normalise(registry: Option<&str>, repository: &str) -> (Box<str>, Box<str>) {
    match registry {
        None | Some(DOCKER_HUB | "index.docker.io") => {
            let official = !repository.contains('/');
            let path = if official { format!("library/{repository}") } else { repository.into() };
            (DOCKER_HUB.into(), path.into())
        }
        Some(host) => (host.to_ascii_lowercase().into(), repository.into()),
    }
}

fn is_host(host: &str) -> bool {
    let (name, port) = match host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, port)) => {
            if address.parse::<std::net::Ipv6Addr>().is_err() {
                return false;
            }
            return port.is_empty() || port.strip_prefix(':').is_some_and(is_port);
        }
        None => host.split_once(':').map_or((host, None), |(name, port)| (name, Some(port))),
    };
    let label = |part: &str| {
        !part.is_empty()
            && !part.starts_with('-')
            && !part.ends_with('-')
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    name.split('.').all(label) && port.is_none_or(is_port)
}

fn is_port(text: &str) -> bool {
    text.parse::<u16>().is_ok_and(|port| port > 0)
}

fn is_tag(tag: &str) -> bool {
    let word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    let mut bytes = tag.bytes();
    tag.len() <= 128
        && bytes.next().is_some_and(word)
        && bytes.all(|b| word(b) || b == b'.' || b == b'-')
}

fn is_repository(repository: &str) -> bool {
    repository.len() <= 255 && !repository.is_empty() && repository.split('/').all(is_component)
}

/// One component: runs of lower-case letters and digits, joined by `.`, `_`, `__` or dashes.
fn is_component(component: &str) -> bool {
    let alphanumeric = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let edges = component.bytes().next().is_some_and(alphanumeric)
        && component.bytes().last().is_some_and(alphanumeric);
    let separators = component
        .split(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
        .all(|run| matches!(run, "" | "." | "_" | "__") || run.bytes().all(|b| b == b'-'));
    edges && separators
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_read_as_docker_does() {
        let hash = "a".repeat(64);
        for (text, full, familiar) in [
            ("nginx", "docker.io/library/nginx:latest", "nginx:latest"),
            ("nginx:1.27", "docker.io/library/nginx:1.27", "nginx:1.27"),
            ("grafana/grafana", "docker.io/grafana/grafana:latest", "grafana/grafana:latest"),
            ("index.docker.io/nginx", "docker.io/library/nginx:latest", "nginx:latest"),
            // To an engine that is another name of other images, though they come from the same place.
            (
                "registry-1.docker.io/a/b:1",
                "registry-1.docker.io/a/b:1",
                "registry-1.docker.io/a/b:1",
            ),
            ("ghcr.io/a/b:v1", "ghcr.io/a/b:v1", "ghcr.io/a/b:v1"),
            ("localhost/a", "localhost/a:latest", "localhost/a:latest"),
            ("localhost:5000/a/b", "localhost:5000/a/b:latest", "localhost:5000/a/b:latest"),
            ("[::1]:5000/a:1", "[::1]:5000/a:1", "[::1]:5000/a:1"),
            ("GHCR.io/a/b", "ghcr.io/a/b:latest", "ghcr.io/a/b:latest"),
            ("a/b/c:x_Y.z-1", "docker.io/a/b/c:x_Y.z-1", "a/b/c:x_Y.z-1"),
            ("a__b/c--d", "docker.io/a__b/c--d:latest", "a__b/c--d:latest"),
        ] {
            let reference = ImageRef::parse(text).unwrap();
            assert_eq!(
                (reference.to_string(), reference.familiar()),
                (full.into(), familiar.into())
            );
            assert_eq!(ImageRef::parse(full), Ok(reference));
        }
        let pinned = ImageRef::parse(&format!("nginx:1@sha256:{hash}")).unwrap();
        assert_eq!((pinned.tag(), pinned.digest().unwrap().short()), (Some("1"), "aaaaaaaaaaaa"));
        let digest_only = ImageRef::parse(&format!("nginx@sha256:{hash}")).unwrap();
        assert_eq!(digest_only.tag(), None);
    }

    #[test]
    fn bad_references_name_themselves() {
        let long_tag = format!("a:{}", "t".repeat(129));
        let hash = "a".repeat(64);
        let image_id = format!("sha256:{hash}");
        for text in [
            "",
            ":",
            "a:",
            "/a",
            "a/",
            "a//b",
            "Nginx",
            "a b",
            "a:b c",
            "a@b",
            "a@sha256:12",
            "a:-x",
            "-a",
            "a..b",
            "a___b",
            "ho st.io/a",
            "host:port/a",
            "host:99999/a",
            "[::x]:1/a",
            "é",
            &long_tag,
            &hash,
            &image_id,
        ] {
            let error = ImageRef::parse(text).unwrap_err().to_string();
            assert!(error.contains(&format!("{text:?}")), "{error}");
        }
    }
}
