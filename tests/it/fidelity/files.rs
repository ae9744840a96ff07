//! Files that no mount shows, because they lie in the container's own layer.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, chown};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::engine::{Engine, docker};
use crate::support::image::Kind;
use crate::support::lab::needs;
use crate::support::scene::{Scene, on_each_engine};

use super::update;

const PUT: &str = "mkdir -p /run/secrets/more /app/sub && \
    printf token >/run/secrets/token && chown 1000:1001 /run/secrets/token && \
    chmod 440 /run/secrets/token && printf deep >/run/secrets/more/deep && \
    printf data >/app/sub/data && ln -s sub/data /app/link && printf 1 >/tmp/x && printf v >/www/extra";
const SHOW: &str = "stat -c '%n %u %g %a %s' /run/secrets/token /run/secrets/more/deep 2>&1; \
    cat /run/secrets/token /run/secrets/more/deep /app/link 2>&1; test -e /tmp/x && echo passing; \
    test -e /www/extra && echo extra; true";

fn start(scene: &Scene, label: &str, more: &Value) {
    let mut body = json!({"Labels": {"scene": scene.prefix, "docker-auto.carry": label}});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    scene.start("web", &body);
    scene.host.exec(&scene.name("web"), &["sh", "-c", PUT]);
    scene.push("web", "2");
}

fn shown(scene: &Scene) -> String {
    scene.host.read_in(&scene.name("web"), &["sh", "-c", SHOW])
}

#[test]
fn secrets_are_carried_with_owner_and_mode() {
    needs!(lab);
    on_each_engine(|engine| {
        for (label, data) in [("", "can't open '/app/link'"), ("/app", "data")] {
            let scene = Scene::on(engine);
            start(&scene, label, &json!({}));
            let plan = scene.program().run(&["plan", &scene.name("web")]).expect(0).stdout;
            assert!(plan.contains("copy /run/secrets/token"), "{plan}");
            assert!(plan.contains("/www/extra") && plan.contains("will be lost"), "{plan}");
            assert_eq!(plan.contains("/app/sub/data"), label.is_empty(), "{plan}");
            let told = scene.program().run(&["update", &scene.name("web")]).expect(0).stderr;
            assert!(told.contains("/www/extra") && told.contains("will be lost"), "{told}");
            let shown = shown(&scene);
            assert!(shown.contains("/run/secrets/token 1000 1001 440 5"), "{shown}");
            assert!(shown.contains("/run/secrets/more/deep 0 0 644 4"), "{shown}");
            assert!(shown.contains("tokendeep") && shown.contains(data), "{shown}");
            assert!(!shown.contains("passing") && !shown.contains("extra"), "{shown}");
            // They are carried as often as it is updated.
            scene.push("web", "3");
            update(&scene, &scene.program(), "web");
            let again = self::shown(&scene);
            assert!(again.contains("/run/secrets/token 1000 1001 440 5"), "{again}");
        }
    });
}

/// As Compose does it: into a container that was made and not started.
#[test]
fn secrets_that_were_put_in_before_the_start_are_carried() {
    needs!(lab);
    on_each_engine(|engine| {
        let scene = Scene::on(engine);
        scene.push("web", "1");
        scene.host.pull(&scene.reference("web"));
        let name = scene.name("web");
        let create = format!("/containers/create?name={name}");
        scene.host.post(&create, &scene.body("web", &json!({})));
        let folder = TempDir::new().unwrap();
        let secret = folder.path().join("run/secrets/token");
        fs::create_dir_all(folder.path().join("run/secrets")).unwrap();
        fs::write(&secret, "token").unwrap();
        chown(&secret, Some(1000), Some(1001)).unwrap();
        fs::set_permissions(&secret, Permissions::from_mode(0o440)).unwrap();
        docker(&scene.host, folder.path(), &["cp", "-a", "run", &format!("{name}:/")]);
        scene.host.post(&format!("/containers/{name}/start"), &json!({}));
        for version in ["1", "2", "3"] {
            if version != "1" {
                scene.push("web", version);
                update(&scene, &scene.program(), "web");
            }
            let shown = shown(&scene);
            assert!(shown.contains("/run/secrets/token 1000 1001 440 5"), "{engine:?}: {shown}");
        }
    });
}

#[test]
fn what_is_written_up_to_the_end_is_carried() {
    needs!(lab);
    on_each_engine(|engine| {
        let scene = Scene::on(engine);
        let last =
            "trap 'printf last >/app/sub/data; exit 0' TERM; while :; do sleep 1 & wait $!; done";
        start(&scene, "/app", &json!({"Entrypoint": ["sh", "-c", last]}));
        update(&scene, &scene.program(), "web");
        let shown = shown(&scene);
        assert!(shown.contains("tokendeeplast"), "{shown}");
    });
}

/// The engine removes it as soon as it stops, and the new one as soon as that ends.
#[test]
fn a_container_that_goes_when_it_ends_comes_back_with_its_files() {
    needs!(lab);
    on_each_engine(|engine| {
        let scene = Scene::on(engine);
        start(&scene, "/app", &json!({"HostConfig": {"NetworkMode": "none", "AutoRemove": true}}));
        scene.push_kind("web", "2", Kind::ExitsOne);
        let program = scene.program();
        let plan = program.run(&["plan", &scene.name("web")]).expect(0).stdout;
        assert!(plan.contains("what it writes there while it ends goes with it"), "{plan}");
        let updated = program.run(&["update", &scene.name("web"), "--json"]).expect(3);
        assert_eq!(updated.result().0, "recovered_from_spec", "{}", updated.stdout);
        scene.all_run(&["web"]);
        scene.push("web", "3");
        for version in ["1", "3"] {
            if version == "3" {
                update(&scene, &program, "web");
            }
            let shown = shown(&scene);
            assert_eq!(scene.version("web"), version);
            assert!(shown.contains("/run/secrets/token 1000 1001 440 5"), "{engine:?}: {shown}");
            assert!(shown.contains("tokendeepdata"), "{engine:?}: {shown}");
        }
        scene.all_run(&["web"]);
    });
}

#[test]
fn who_wants_nothing_carried_is_not_updated_over_secrets() {
    needs!(lab);
    on_each_engine(|engine| {
        let scene = Scene::on(engine);
        start(&scene, "none", &json!({}));
        let before = scene.seen("web");
        let told = scene.program().run(&["update", &scene.name("web")]).expect(1);
        let said = format!("{}{}", told.stdout, told.stderr);
        assert!(
            said.contains("/run/secrets/token") && said.contains("docker-auto.carry=none"),
            "{said}"
        );
        assert_eq!(scene.seen("web"), before);
        scene.all_run(&["web"]);
    });
}

#[test]
fn a_mounted_secret_is_left_where_it_is() {
    needs!(lab);
    let scene = Scene::on(Engine::New);
    let mounts = json!({"HostConfig": {"NetworkMode": "none", "Mounts": [
        {"Type": "volume", "Source": scene.name("secrets"), "Target": "/run/secrets/more"},
    ]}});
    start(&scene, "", &mounts);
    let plan = scene.program().run(&["plan", &scene.name("web")]).expect(0).stdout;
    assert!(!plan.contains("copy /run/secrets/more"), "{plan}");
    update(&scene, &scene.program(), "web");
    assert!(shown(&scene).contains("tokendeep"));
}

#[test]
fn a_label_that_names_no_path_is_told() {
    needs!(lab);
    let scene = Scene::on(Engine::New);
    start(&scene, "app", &json!({}));
    let told = scene.program().run(&["check", &scene.name("web")]).expect(0).stdout;
    assert!(told.contains("docker-auto.carry=app") && told.contains("absolute path"), "{told}");
    // A person's word counts on what it says.
    let before = scene.seen("web");
    let told = scene.program().run(&["update", &scene.name("web")]);
    let said = format!("{}{}", told.stdout, told.stderr);
    assert!(said.contains("docker-auto.carry=app cannot be understood"), "{said}");
    assert_eq!(scene.seen("web"), before);
}
