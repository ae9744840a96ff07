//! Labels that cannot be understood are told, restrain what they may have meant to, and stop no others.

use serde_json::json;

use crate::support::lab::needs;
use crate::support::scene::{Scene, on_each_engine};

#[test]
fn bad_labels_are_told_and_stop_no_others() {
    needs!(lab);
    on_each_engine(|engine| {
        let scene = Scene::on(engine);
        for (short, label, value) in [
            ("mode", "docker-auto.mode", "sometimes"),
            ("enable", "docker-auto.enable", "perhaps"),
            ("health", "docker-auto.health.timeout", "soon"),
            ("unknown", "docker-auto.health.timeot", "5s"),
            ("good", "docker-auto.health.timeout", "20s"),
        ] {
            scene.start_outdated(short, &json!({"Labels": {label: value}}));
        }
        let program = scene.program();
        let shown = program.run(&["check"]).stdout;
        let own: Vec<_> = shown.lines().filter(|line| line.starts_with(&scene.prefix)).collect();
        for (short, words) in [
            ("health", "such as 90s"),
            ("mode", "docker-auto.mode=sometimes: write one of"),
            ("enable", "docker-auto.enable=perhaps: write true or false"),
            ("health", "docker-auto.health.timeout"),
            ("unknown", "did you mean docker-auto.health.timeout?"),
        ] {
            let name = format!("{}: ", scene.name(short));
            let told = own.iter().any(|line| line.starts_with(&name) && line.contains(words));
            assert!(told, "{short}: {words}: {shown}");
        }
        let good = format!("{}: ", scene.name("good"));
        assert!(!own.iter().any(|line| line.starts_with(&good)), "{shown}");
        let program = program.env("DOCKER_AUTO_UPDATE_ENABLED", "true");
        program.run(&["update", "--all"]).expect(0);
        assert_eq!(scene.version("good"), "2");
        for short in ["mode", "enable"] {
            assert_eq!(scene.version(short), "1", "it may have been meant to forbid it");
        }
        program.run(&["update", &scene.name("mode")]).expect(0);
        assert_eq!(scene.version("mode"), "2", "a person's word is clear");
    });
}
