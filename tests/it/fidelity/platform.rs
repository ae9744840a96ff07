//! Containers of another platform than their host's.

use serde_json::{Value, json};

use crate::support::image::{ImageSpec, Index};
use crate::support::lab::needs;
use crate::support::scene::{Scene, on_each_engine};

use super::{not_updated, update};

#[cfg(target_arch = "x86_64")]
const FOREIGN: (&str, &str) = ("arm64/v8", "arm64");
#[cfg(not(target_arch = "x86_64"))]
const FOREIGN: (&str, &str) = ("amd64", "amd64");

/// Both platforms in one index, of the same version.
fn both(scene: &Scene, version: &str) -> ImageSpec {
    scene.image("web", version).index(Index::Multi).other_version(version)
}

/// Returns the architecture of the image that a container was made from.
fn architecture(scene: &Scene, inspect: &Value) -> Value {
    let manifest = &inspect["ImageManifestDescriptor"]["platform"]["architecture"];
    if manifest.is_string() {
        return manifest.clone();
    }
    let image = inspect["Image"].as_str().unwrap();
    scene.host.get(&format!("/images/{image}/json"))["Architecture"].clone()
}

#[test]
fn a_container_stays_on_its_platform() {
    needs!(lab);
    on_each_engine(|engine| {
        let scene = Scene::on(engine);
        let foreign = || scene.image("web", "1").platform(FOREIGN.0);
        scene.registry.push(&both(&scene, "1"));
        let reference = scene.reference("web").replace('/', "%2F").replace(':', "%3A");
        let platform = format!("linux%2F{}", FOREIGN.0.replace('/', "%2F"));
        let pull = format!("/images/create?fromImage={reference}&platform={platform}");
        let pulled = scene.host.ask("POST", &pull, None).text();
        assert!(!pulled.contains("\"error\""), "{pulled}");
        let name = scene.name("web");
        let create = format!("/containers/create?name={name}&platform={platform}");
        scene.host.post(&create, &scene.body("web", &json!({})));
        let before = scene.host.inspect(&name);
        assert_eq!(architecture(&scene, &before), FOREIGN.1, "{before}");
        let program = scene.program().env("DOCKER_AUTO_DOCKER_INCLUDE_STOPPED", "true");
        // From one index to the next, and to an image of this platform alone.
        for (version, image) in [("2", both(&scene, "2")), ("3", foreign().version("3"))] {
            scene.registry.push(&image);
            let (_, after) = update(&scene, &program, "web");
            assert_eq!(architecture(&scene, &after), FOREIGN.1, "{after}");
            assert_eq!(scene.version("web"), version, "{engine:?}");
        }
        // An image for the host is none for this container.
        scene.push("web", "4");
        let (output, code) = not_updated(&scene, &program, "web");
        assert_eq!((output.code, &*code), (1, "no_platform"), "{}", output.stdout);
    });
}
