//! An image that failed here is not tried again, wherever it turns up.

use serde_json::json;

use crate::support::image::Kind;
use crate::support::lab::needs;
use crate::support::scene::on_each_engine;

use super::{counted, left_alone, status, words};

#[test]
fn the_name_that_is_left_on_a_bad_image_starts_no_loop() {
    needs!(lab);
    on_each_engine(|engine| {
        let scene = counted(engine);
        scene.start("web", &json!({}));
        let good = scene.seen("web").image;
        scene.push_kind("web", "2", Kind::ExitsOne);
        let mut program = scene.program();
        let updated = program.run(&["update", &scene.name("web"), "--json"]).expect(3);
        assert_eq!(updated.result().0, "rolled_back");
        assert_eq!(scene.seen("web").image, good);
        assert_eq!(scene.host.image_id(&scene.reference("web")), good, "the name is taken back");
        // Somebody else pulls it all the same.
        scene.host.pull(&scene.reference("web"));
        // Whether or not the engine's own names are looked at, with the registry and without it.
        for skip in ["true", "false"] {
            program.set("DOCKER_AUTO_POLICY_SKIP_LOCAL_BUILD", skip);
            scene.registry.faults(&json!({}));
            let held = words("UpdateAvailable", "rejected_before");
            assert_eq!(status(&scene, &program, "web"), held, "{engine:?} {skip}");
            assert_eq!(left_alone(&scene, &program, "web"), "rejected_before");
            scene.registry.faults(&json!({"fail": vec![403; 50]}));
            assert_eq!(status(&scene, &program, "web"), words("Error", "forbidden"), "{skip}");
            assert_eq!(left_alone(&scene, &program, "web"), "forbidden");
        }
        // The tag goes back to what runs, while the engine's name stays on the bad image.
        scene.registry.faults(&json!({}));
        scene.push("web", "1");
        assert_ne!(scene.host.image_id(&scene.reference("web")), good);
        assert_eq!(status(&scene, &program, "web"), words("UpToDate", "up_to_date"));
        assert_eq!(left_alone(&scene, &program, "web"), "up_to_date");
        // A third one is a new chance.
        scene.push("web", "3");
        program.run(&["update", &scene.name("web")]).expect(0);
        assert_eq!(scene.version("web"), "3");
    });
}
