//! Containers that name one certain image.

use serde_json::json;

use crate::support::lab::needs;
use crate::support::scene::on_each_engine;

use super::{counted, left_alone, manifests, status, words};

#[test]
fn digests_and_image_ids_are_pins() {
    needs!(lab);
    on_each_engine(|engine| {
        let scene = counted(engine);
        let digest = scene.push("web", "1");
        let reference = scene.reference("web");
        scene.host.pull(&reference);
        let (name, _) = reference.rsplit_once(':').unwrap();
        let id = scene.host.image_id(&reference);
        let digits = id.trim_start_matches("sha256:");
        let containers = [
            ("both", format!("{reference}@{digest}"), "pinned_digest"),
            ("digest", format!("{name}@{digest}"), "digest_without_tag"),
            ("id", id.clone(), "pinned_image_id"),
            ("short", digits[..12].to_owned(), "pinned_image_id"),
        ];
        scene.host.pull(&format!("{name}@{digest}"));
        for (short, image, _) in &containers {
            let body = scene.body("web", &json!({"Image": image}));
            scene.host.create_and_start(&scene.name(short), &body);
        }
        scene.push("web", "2");
        scene.registry.forget();
        let program = scene.program();
        for (short, image, code) in &containers {
            assert_eq!(status(&scene, &program, short), words("Skipped", code), "{image}");
            assert_eq!(left_alone(&scene, &program, short), *code, "{image}");
        }
        assert_eq!(manifests(&scene.registry), (0, 0), "{engine:?}");
    });
}
