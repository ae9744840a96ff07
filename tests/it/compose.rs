//! Docker Compose stays at peace: after an update it finds its project as it left it.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use tempfile::TempDir;

use crate::support::lab::{lab_variable, needs, the_lab};
use crate::support::scene::{Scene, on_each_engine};

/// The two lines of Compose that are in use; they write their labels differently.
const COMPOSES: [&str; 2] = ["LAB_COMPOSE", "LAB_COMPOSE_OLDER"];

/// A project that is up, with version 1 of its images.
struct Project<'a> {
    scene: &'a Scene,
    folder: TempDir,
    compose: PathBuf,
}

impl<'a> Project<'a> {
    fn up(scene: &'a Scene, compose: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for image in ["db", "web", "tool"] {
            scene.push(image, "1");
            scene.host.pull(&scene.reference(image));
        }
        let service = |name: &str, more: &str| {
            format!(
                "  {name}:\n    image: {}\n    labels: {{scene: {}}}\n    stop_signal: SIGKILL\n{more}",
                scene.reference(name),
                scene.prefix
            )
        };
        let waits = "    depends_on: {db: {condition: service_started, restart: true}}\n";
        let file = format!(
            "services:\n{}{}{}",
            service("db", "    volumes: [data:/data]\n"),
            service("web", &format!("{waits}    configs: [{{source: note, target: /note}}]\n")),
            service("tool", "    profiles: [tools]\n"),
        );
        let rest = "configs: {note: {content: hello}}\nvolumes: {data: {}}\n";
        fs::write(folder.path().join("compose.yaml"), file + rest).unwrap();
        let project = Self { scene, folder, compose: lab_variable(compose).into() };
        project.run(&["up", "-d"]);
        project
    }

    /// Runs a command of Compose, which must succeed; returns all that it says.
    #[track_caller]
    fn run(&self, arguments: &[&str]) -> String {
        let output = Command::new(&self.compose)
            .args(["--ansi", "never", "--progress", "plain", "-p", &self.scene.prefix])
            .args(arguments)
            .current_dir(self.folder.path())
            .env("DOCKER_HOST", self.scene.host.docker_host())
            .env("DOCKER_CONFIG", &the_lab().client_config)
            .output()
            .unwrap();
        let said = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
        let said = said.concat();
        assert!(output.status.success(), "{:?} {arguments:?}: {said}", self.compose);
        said
    }

    fn ids(&self, names: &[&str]) -> Vec<String> {
        names.iter().map(|name| self.scene.seen(name).id).collect()
    }

    /// Compose finds nothing to do.
    #[track_caller]
    fn is_at_peace(&self, names: &[&str], arguments: &[&str]) {
        let before = self.ids(names);
        let said = self.run(arguments);
        let engine = self.scene.host.engine;
        assert_eq!(self.ids(names), before, "{engine:?} {:?}: {said}", self.compose);
        for word in ["Recreate", "Creat", "Stopp", "Start"] {
            assert!(!said.contains(word), "{engine:?} {:?}: {said}", self.compose);
        }
        assert_eq!(said.matches("Running").count(), names.len(), "{said}");
    }
}

#[test]
fn compose_finds_its_project_as_it_left_it() {
    needs!(lab);
    on_each_engine(|engine| {
        for compose in COMPOSES {
            let scene = Scene::on(engine);
            let project = Project::up(&scene, compose);
            let names = ["db-1", "web-1"];
            project.is_at_peace(&names, &["up", "-d"]);
            let before = project.ids(&names);
            for image in ["db", "web"] {
                scene.push(image, "2");
            }
            let full = names.map(|name| scene.name(name));
            scene.program().run(&["update", &full[0], &full[1]]).expect(0);
            assert_eq!(names.map(|name| scene.version(name)), ["2", "2"]);
            let after = project.ids(&names);
            assert!(before.iter().all(|id| !after.contains(id)), "{after:?}");
            project.is_at_peace(&names, &["up", "-d"]);
            project.is_at_peace(&names, &["up", "-d", "--no-recreate"]);
            let shown = project.run(&["ps", "--format", "{{.Name}} {{.State}}"]);
            for name in &full {
                assert!(shown.contains(&format!("{name} running")), "{shown}");
            }
            project.run(&["down", "-v"]);
            assert_eq!(scene.containers(), []);
        }
    });
}

#[test]
fn replicas_are_updated_and_one_off_containers_left_alone() {
    needs!(lab);
    on_each_engine(|engine| {
        let scene = Scene::on(engine);
        let project = Project::up(&scene, COMPOSES[0]);
        let scaled = ["up", "-d", "--scale", "web=2"];
        project.run(&scaled);
        let once = scene.name("once");
        project.run(&["run", "-d", "--no-deps", "--name", &once, "web"]);
        let one_off = scene.seen("once");
        for image in ["db", "web"] {
            scene.push(image, "2");
        }
        let program = scene.program().env("DOCKER_AUTO_UPDATE_ENABLED", "true");
        let held = program.run(&["update", "--all", "--json"]).stdout;
        assert!(held.contains("compose"), "{held}");
        assert_eq!(scene.version("web-1"), "1");
        let program = program.env("DOCKER_AUTO_UPDATE_ALLOW_COMPOSE", "true");
        program.run(&["update", "--all"]).expect(0);
        let names = ["db-1", "web-1", "web-2"];
        assert_eq!(names.map(|name| scene.version(name)), ["2", "2", "2"]);
        assert_eq!(scene.seen("once"), one_off);
        let told = program.run(&["check", &once]).expect(0).stdout;
        assert!(told.contains("docker compose run"), "{told}");
        project.is_at_peace(&names, &scaled);
        project.run(&["--profile", "tools", "up", "-d", "--scale", "web=2"]);
        assert_eq!(scene.version("tool-1"), "1");
        scene.host.delete(&format!("/containers/{once}?force=1"));
        project.run(&["--profile", "tools", "down", "-v"]);
        assert_eq!(scene.containers(), []);
    });
}

/// Compose writes a config's content into the container's own layer.
#[test]
fn what_compose_wrote_into_a_container_is_carried() {
    needs!(lab);
    on_each_engine(|engine| {
        let scene = Scene::on(engine);
        let project = Project::up(&scene, COMPOSES[0]);
        let note = || scene.host.exec(&scene.name("web-1"), &["sh", "-c", "cat /note; true"]);
        assert_eq!(note().trim(), "hello");
        scene.push("web", "2");
        let web = scene.name("web-1");
        scene.program().run(&["update", &web]).expect(0);
        assert_eq!((scene.version("web-1").as_str(), note().trim()), ("2", "hello"));
        project.run(&["down", "-v"]);
    });
}
