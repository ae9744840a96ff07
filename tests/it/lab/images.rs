//! Images differ where their description does, and their containers behave as named.

use serde_json::{Value, json};

use super::{SECOND, body};
use crate::support::containers::Cleanup;
use crate::support::engine::{Engine, Host};
use crate::support::image::{ImageSpec, Index, Kind};
use crate::support::lab::{needs, unique};
use crate::support::registry::Registry;
use crate::support::wait::wait_until;

#[test]
fn the_kinds_of_images_behave_as_named() {
    needs!(lab);
    let registry = Registry::shared();
    let host = Host::shared(Engine::New);
    let prefix = unique();
    let _cleanup = Cleanup { host: &host, prefix: &prefix };
    let start = |kind: Kind| {
        let image = ImageSpec::web(&format!("{prefix}/app"), &format!("{kind:?}")).kind(kind);
        registry.push(&image);
        host.pull(&image.reference(&registry));
        let name = format!("{prefix}-{kind:?}");
        host.create_and_start(&name, &body(&image.reference(&registry)));
        name
    };
    let state = |name: &str| host.inspect(name)["State"].clone();
    let ends = [(Kind::ExitsZero, 0), (Kind::ExitsOne, 1), (Kind::Crashes, 1)]
        .map(|(kind, code)| (start(kind), code));
    let healths = [
        (Kind::Sickens, "unhealthy"),
        (Kind::Unhealthy, "unhealthy"),
        (Kind::Slow, "healthy"),
        (Kind::Web, "healthy"),
    ]
    .map(|(kind, health)| (start(kind), health));
    let stops = [(Kind::SlowStop, 15, 0), (Kind::IgnoresTerm, 4, 137)]
        .map(|(kind, limit, code)| (start(kind), limit, code));
    let plain = start(Kind::Plain);
    for (name, code) in ends {
        wait_until("it ends", 20 * SECOND, || state(&name)["Status"] == "exited");
        assert_eq!(state(&name)["ExitCode"], code, "{name}");
    }
    for (name, limit, code) in stops {
        wait_until("it is ready", 20 * SECOND, || host.logs(&name).contains("ready"));
        host.post(&format!("/containers/{name}/stop?t={limit}"), &json!({}));
        assert_eq!(state(&name)["ExitCode"], code, "{name}");
    }
    for (name, health) in healths {
        host.wait_health(&name, health);
    }
    assert_eq!(state(&plain)["Health"], Value::Null);
}

#[test]
fn an_index_changes_only_where_it_is_told_to() {
    needs!(lab);
    let registry = Registry::shared();
    let prefix = unique();
    let image = ImageSpec::web(&format!("{prefix}/app"), "1").index(Index::Attested);
    let variants = [
        image.clone(),
        image.clone().attestation("built once more"),
        image.clone().other_version("2"),
    ];
    let host = Host::shared(Engine::New);
    let ids = variants.map(|variant| {
        let digest = registry.push(&variant);
        host.pull(&variant.reference(&registry));
        (digest, host.image_id(&variant.reference(&registry)))
    });
    let [(first, id), (attested, _), (foreign, _)] = &ids;
    assert!(first != attested && first != foreign && attested != foreign);
    assert!(ids.iter().all(|(_, other)| other == id), "this machine's image is the same: {ids:?}");

    let host = Host::shared(Engine::Containerd);
    let plain = ImageSpec::web(&format!("{prefix}/app"), "2");
    for variant in [
        plain.clone().index(Index::Multi).docker_media_types(),
        plain.clone().index(Index::Nested),
        plain.clone().platform("amd64").created("2026-02-03T04:05:06Z"),
        plain.clone().blob(200_000, "noise"),
    ] {
        let digest = registry.push(&variant);
        host.pull(&variant.reference(&registry));
        assert_eq!(host.image_id(&variant.reference(&registry)), digest, "{variant:?}");
        registry.delete(&format!("{prefix}/app"), &digest);
    }
}
