//! What is asked of an engine: versions, facts, inventory and inspects, on each kind of engine.

use std::time::Duration;

use docker_auto::core::id::{ContainerId, ContainerName, HostId, ImageId, Timestamp};
use docker_auto::core::inventory::{ImageStore, RunState};
use docker_auto::docker::{Endpoint, Host, NEWEST, Timeouts, Tls};
use serde_json::{Value, json};

use crate::support::containers::Cleanup;
use crate::support::engine::{self, Engine};
use crate::support::image::{ImageSpec, Index};
use crate::support::lab::{needs, unique};
use crate::support::proxy::{EngineProxy, Rule};
use crate::support::registry::Registry;

/// Returns our side of a host of the lab.
pub(crate) fn connected(host: &engine::Host) -> Host {
    patient(host, Timeouts::default())
}

/// The same with time limits.
pub(crate) fn patient(host: &engine::Host, timeouts: Timeouts) -> Host {
    let endpoint = Endpoint::parse(&host.docker_host(), &Tls::Off).expect("a socket");
    Host::with_timeouts(HostId::default(), endpoint, timeouts).expect("no TLS files to read")
}

/// Time limits for calls that are to be given up.
pub(crate) fn hurried(limit: Duration) -> Timeouts {
    Timeouts { ping: limit, ask: limit, manage: limit, ..Timeouts::default() }
}

/// A container of an image without a network of its own.
pub(crate) fn body(reference: &str) -> Value {
    json!({"Image": reference, "HostConfig": {"NetworkMode": "none"}})
}

#[tokio::test]
async fn each_engine_tells_what_it_is() {
    needs!(lab);
    for kind in Engine::ALL {
        let facts = connected(&engine::Host::shared(kind)).engine_facts().await.unwrap();
        let old = kind == Engine::Old;
        assert_eq!(facts.api_version.minor == 41, old, "{}", facts.api_version);
        assert!(facts.api_version <= NEWEST && !facts.version.is_empty());
        let containerd = kind == Engine::Containerd;
        assert_eq!(facts.store == ImageStore::Containerd, containerd, "{kind:?}");
        assert_eq!(&*facts.platform.os, "linux");
        assert!(facts.runtimes.contains(&facts.default_runtime), "{:?}", facts.runtimes);
        let insecure = |registry: &String| registry.starts_with("10.77.0.");
        assert!(facts.insecure_registries.iter().any(insecure), "{:?}", facts.insecure_registries);
        assert!(!facts.podman && !facts.name.is_empty());
    }
}

#[tokio::test]
async fn an_inventory_takes_two_lists_and_inspects_only_what_they_hide() {
    needs!(lab);
    let registry = Registry::shared();
    for kind in Engine::ALL {
        let host = engine::Host::shared(kind);
        let prefix = unique();
        let _cleanup = Cleanup { host: &host, prefix: &prefix };
        let first = ImageSpec::web(&format!("{prefix}/app"), "1").version("1");
        let reference = first.reference(&registry);
        let digest = registry.push(&first);
        host.pull(&reference);
        let (hidden, named) = (format!("{prefix}-hidden"), format!("{prefix}-named"));
        host.create_and_start(&hidden, &body(&reference));
        let image = host.image_id(&reference);
        registry.push(&first.clone().version("2"));
        host.pull(&reference);
        host.post(&format!("/containers/create?name={named}"), &body(&reference));
        host.post("/networks/create", &json!({"Name": format!("{prefix}-net")}));

        let proxy = EngineProxy::start(&host, &[]);
        let found = connected(&host.behind(&proxy)).inventory(Timestamp::default()).await.unwrap();
        let hidden = &found.containers[&ContainerName::new(hidden)];
        assert_eq!((hidden.image.as_str(), hidden.state), (&*reference, RunState::Running));
        assert_eq!(hidden.image_id, ImageId::new(image));
        let named = &found.containers[&ContainerName::new(named)];
        assert_eq!((named.image.as_str(), named.state), (&*reference, RunState::Created));
        let new = &found.images[&named.image_id];
        assert_eq!(new.repo_tags, std::slice::from_ref(&reference));
        assert_eq!(new.labels["org.opencontainers.image.version"], "2");
        assert!(new.size_bytes > 0);
        if kind != Engine::Containerd {
            let known = format!("{registry}/{prefix}/app@{digest}", registry = registry.address);
            assert_eq!(found.images[&hidden.image_id].repo_digests, [known]);
        }
        assert!(found.networks.contains(&format!("{prefix}-net")));
        let calls: Vec<_> = proxy.log().into_iter().map(|call| call.line).collect();
        let of = |part: &str| calls.iter().filter(|line| line.contains(part)).count();
        let counts = ["/_ping", "/containers/json?all=1", "/images/json", "/networks"].map(of);
        assert_eq!(counts, [1, 1, 1, 1], "{calls:#?}");
        let inspect = format!("/containers/{}/json", hidden.id);
        assert_eq!(of(&inspect), 1, "{calls:#?}");
        assert_eq!(of(&format!("/containers/{}/json", named.id)), 0, "{calls:#?}");
        let version = format!("GET /v{}/", found.engine.api_version);
        assert!(calls.iter().all(|line| line.starts_with(&version) || line == "GET /_ping"));
    }
}

#[tokio::test]
async fn a_container_that_vanishes_between_list_and_inspect_is_left_out() {
    needs!(lab);
    for kind in Engine::ALL {
        let host = engine::Host::shared(kind);
        let prefix = unique();
        let _cleanup = Cleanup { host: &host, prefix: &prefix };
        let reference = format!("{prefix}:1");
        host.docker_load(&ImageSpec::web(&prefix, "1"));
        let image = host.image_id(&reference);
        let name = format!("{prefix}-gone");
        host.post(&format!("/containers/create?name={name}"), &body(&image));
        let rule = Rule::before("/containers/[0-9a-f]+/json").fail(404, "No such container");
        let proxy = EngineProxy::start(&host, &[rule]);
        let found = connected(&host.behind(&proxy)).inventory(Timestamp::default()).await.unwrap();
        assert!(!found.containers.contains_key(&ContainerName::new(name.clone())), "{kind:?}");
        let found = connected(&host).inventory(Timestamp::default()).await.unwrap();
        assert_eq!(found.containers[&ContainerName::new(name)].image, image, "{kind:?}");
    }
}

#[tokio::test]
async fn names_are_not_taken_for_the_beginning_of_an_id() {
    needs!(lab);
    let host = engine::Host::shared(Engine::Old);
    let prefix = unique();
    let _cleanup = Cleanup { host: &host, prefix: &prefix };
    host.docker_load(&ImageSpec::web(&prefix, "1"));
    let name = format!("{prefix}-web");
    let path = format!("/containers/create?name={name}");
    let made = host.post(&path, &body(&format!("{prefix}:1")));
    let id = ContainerId::new(made["Id"].as_str().unwrap());
    let ours = connected(&host);
    let by_name = ours.find_container(&ContainerName::new(name)).await.unwrap().unwrap();
    assert_eq!(by_name["Id"], id.as_str());
    assert_eq!(ours.find_container(&ContainerName::new(id.short())).await.unwrap(), None);
    assert!(ours.inspect_container(&id).await.unwrap().is_some());
    let missing = ContainerId::new("0".repeat(64));
    assert_eq!(ours.inspect_container(&missing).await.unwrap(), None);
}

#[tokio::test]
async fn images_are_inspected_for_a_platform() {
    needs!(lab);
    let registry = Registry::shared();
    for kind in Engine::ALL {
        let host = engine::Host::shared(kind);
        let ours = connected(&host);
        let image = ImageSpec::web(&format!("{}/app", unique()), "1").index(Index::Multi);
        let (reference, _) = (image.reference(&registry), registry.push(&image));
        assert_eq!(ours.inspect_image(&reference, None).await.unwrap(), None);
        host.pull(&reference);
        let engines_own = ours.engine_facts().await.unwrap().platform;
        let found = ours.inspect_image(&reference, Some(&engines_own)).await.unwrap().unwrap();
        let plain = ours.inspect_image(&reference, None).await.unwrap().unwrap();
        assert_eq!(plain["Id"], host.image_id(&reference), "{kind:?}");
        assert_eq!(found["Architecture"], *engines_own.architecture, "{kind:?}");
        let manifests = plain["Manifests"].as_array().map_or(0, Vec::len);
        assert_eq!(manifests > 0, kind == Engine::Containerd, "{kind:?}");
    }
}
