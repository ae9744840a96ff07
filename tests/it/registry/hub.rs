//! Docker Hub's own API: when images were pushed, and how little depends on it.

use std::time::Duration;

use docker_auto::core::digest::Digest;
use docker_auto::core::id::Timestamp;
use docker_auto::core::reference::ImageRef;
use docker_auto::core::secret::Secret;
use docker_auto::registry::{Credential, Login, Registry, Settings, Wanted};
use serde_json::json;

use super::fake::settings;
use crate::support::scene::PATIENCE;
use crate::support::scripted::{Reaction, Reply, ScriptedServer};

const PUSHED: &str = "2026-05-03T10:00:00.123456Z";

fn client(server: &ScriptedServer) -> Registry {
    let login = Login::Password { username: "alice".into(), password: Secret::new("s3cret") };
    let address = format!("http://{}/", server.address());
    Registry::new(Settings {
        credentials: vec![Credential { host: "docker.io".into(), login }],
        hub_api: Some(address.parse().unwrap()),
        ..settings()
    })
    .unwrap()
}

async fn ask(registry: &Registry, image: &str) -> Option<Timestamp> {
    let wanted = Wanted::new(ImageRef::parse(image).unwrap());
    let (digest, manifest) = (Digest::of(b"index"), Digest::of(b"manifest"));
    registry.published_at(&wanted, (&digest, &manifest)).await.ok().flatten()
}

#[tokio::test]
async fn the_date_of_an_image_is_told_without_credentials() {
    let body = json!({"digest": Digest::of(b"index"), "tag_last_pushed": PUSHED}).to_string();
    let server = ScriptedServer::plain(move |_| Reply::new(200).body(body.clone()).into());
    let registry = client(&server);
    let pushed = Some(PUSHED.parse().unwrap());
    for (image, found, path) in [
        ("nginx:1.27", pushed, Some("/v2/repositories/library/nginx/tags/1.27")),
        ("team/app:latest", pushed, Some("/v2/repositories/team/app/tags/latest")),
        ("registry-1.docker.io/team/app:1", pushed, Some("/v2/repositories/team/app/tags/1")),
        ("ghcr.io/team/app:1", None, None),
    ] {
        server.forget();
        assert_eq!(ask(&registry, image).await, found, "{image}");
        let seen = server.seen();
        assert_eq!(seen.first().map(|seen| seen.path.as_str()), path, "{image}");
        let shown = seen.iter().filter(|seen| !seen.header("authorization").is_empty());
        assert_eq!(shown.count(), 0, "{image}");
    }
    let registry = Registry::new(settings()).unwrap();
    server.forget();
    assert_eq!((ask(&registry, "nginx:1.27").await, server.seen().len()), (None, 0), "turned off");
}

#[tokio::test]
async fn an_api_that_does_not_answer_is_left_alone_for_a_while() {
    let limited = Reply::new(429).header("retry-after", "3600");
    let moved = Reply::new(302).header("location", "http://198.51.100.1/");
    for (name, reaction, requests) in [
        ("unknown", Reaction::from(Reply::new(404)), 2),
        ("forbidden", Reply::new(403).into(), 2),
        ("moved", moved.into(), 2),
        ("no JSON", Reply::new(200).body("<html>").into(), 2),
        ("limited", limited.into(), 1),
        ("silent", Reaction::Hang, 1),
    ] {
        let server = ScriptedServer::plain(move |_| reaction.clone());
        let registry = client(&server);
        let began = std::time::Instant::now();
        for _ in 0..2 {
            assert_eq!(ask(&registry, "nginx:1.27").await, None, "{name}");
        }
        assert_eq!(server.seen().len(), requests, "{name}");
        assert!(began.elapsed() < PATIENCE, "{name}");
    }
}

#[tokio::test]
async fn it_is_asked_again_after_a_while() {
    let server = ScriptedServer::plain(|_| Reply::new(429).header("retry-after", "1").into());
    let registry = client(&server);
    assert_eq!(ask(&registry, "nginx:1.27").await, None);
    let asked = server.seen().len();
    for (minutes, more) in [(5, false), (6, true)] {
        tokio::time::pause();
        tokio::time::advance(Duration::from_mins(minutes)).await;
        tokio::time::resume();
        assert_eq!(ask(&registry, "nginx:1.27").await, None);
        assert_eq!(server.seen().len() > asked, more, "{minutes} minutes later");
    }
}
