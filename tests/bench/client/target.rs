//! What the clients look at: the containers of an engine, their registry, and its tokens.

use super::wire::{Answer, Connection, Wire};
use crate::fault::Fault;
use http::Method;
use serde::Deserialize;
use std::collections::HashMap;

/// The image of a container and what is known of it.
pub(crate) struct Wanted {
    pub(crate) id: String,
    pub(crate) repository: String,
    tag: String,
    digest: String,
}

impl Wanted {
    /// Returns the path of the manifest that the tag names.
    pub(crate) fn manifest(&self) -> String {
        format!("/v2/{}/manifests/{}", self.repository, self.tag)
    }

    /// Returns whether the registry's answer names the image that runs.
    pub(crate) fn is(&self, answer: &Answer) -> bool {
        let digest = answer.headers.get("docker-content-digest");
        answer.status == 200
            && digest.is_some_and(|digest| digest.as_bytes() == self.digest.as_bytes())
    }
}

/// What a client has found out.
#[derive(Default)]
pub(crate) struct Found {
    pub(crate) registry: String,
    pub(crate) wanted: Vec<Wanted>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Container<'a> {
    #[serde(rename = "ImageID")]
    image_id: &'a str,
    image: &'a str,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Image<'a> {
    id: &'a str,
    #[serde(borrow)]
    repo_digests: Vec<&'a str>,
}

/// Lists containers and images, both at once, and joins them.
pub(crate) async fn look(wire: &Wire, engine: &std::path::Path) -> Result<Found, Fault> {
    let list = async |path| {
        let connection = wire.connect_unix(engine).await?;
        connection.ask(Method::GET, path, None).await
    };
    let (containers, images) =
        tokio::try_join!(list("/containers/json?all=1"), list("/images/json"))?;
    let images: Vec<Image<'_>> = serde_json::from_slice(&images.body)?;
    let images: HashMap<_, _> = images.iter().map(|image| (image.id, image)).collect();
    let containers: Vec<Container<'_>> = serde_json::from_slice(&containers.body)?;
    let mut found = Found::default();
    for container in &containers {
        let (rest, tag) = container.image.rsplit_once(':').ok_or("a reference without a tag")?;
        let (registry, repository) =
            rest.split_once('/').ok_or("a reference without a registry")?;
        let image = images.get(container.image_id).ok_or("a container without its image")?;
        let digest = image.repo_digests.first().and_then(|name| name.rsplit_once('@'));
        registry.clone_into(&mut found.registry);
        found.wanted.push(Wanted {
            id: container.image_id.to_owned(),
            repository: repository.to_owned(),
            tag: tag.to_owned(),
            digest: digest.ok_or("an image without a digest")?.1.to_owned(),
        });
    }
    Ok(found)
}

/// Where tokens come from, as a challenge says.
#[derive(Clone)]
pub(crate) struct Realm {
    pub(crate) address: String,
    path: String,
}

impl Realm {
    /// Reads the challenge of an answer, if there is one.
    pub(crate) fn of(answer: &Answer) -> Option<Self> {
        let value = answer.headers.get("www-authenticate")?.to_str().ok()?;
        let realm = value.split_once("realm=\"")?.1.split_once('"')?.0;
        let (address, path) = realm.strip_prefix("https://")?.split_once('/')?;
        Some(Self { address: address.to_owned(), path: format!("/{path}?service=bench") })
    }

    /// Asks for a token that opens some repositories.
    pub(crate) async fn token<'a>(
        &self,
        connection: &Connection,
        repositories: impl Iterator<Item = &'a Wanted>,
    ) -> Result<String, Fault> {
        #[derive(Deserialize)]
        struct Body {
            token: String,
        }
        let mut path = self.path.clone();
        for wanted in repositories {
            path.push_str("&scope=repository:");
            path.push_str(&wanted.repository);
            path.push_str(":pull");
        }
        let answer = connection.ask(Method::GET, &path, None).await?;
        Ok(serde_json::from_slice::<Body>(&answer.body)?.token)
    }
}
