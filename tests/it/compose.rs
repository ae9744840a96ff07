//! Docker Compose stays at peace: after an update it finds its project as it left it.

mod flavours;

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use tempfile::TempDir;

use crate::support::engine::Engine;
use crate::support::image::ImageSpec;
use crate::support::lab::{lab_variable, needs, the_lab};
use crate::support::scene::{Scene, on_each_engine};

mod written;

/// The two lines of Compose that are in use; they write their labels differently.
const COMPOSES: [&str; 2] = ["LAB_COMPOSE", "LAB_COMPOSE_OLDER"];

/// A project that is up, with version 1 of its images.
struct Project<'a> {
    scene: &'a Scene,
    folder: TempDir,
    file: String,
    compose: PathBuf,
}

impl<'a> Project<'a> {
    fn up(scene: &'a Scene, compose: &str) -> Self {
        Self::up_with(scene, compose, |image| image)
    }

    /// The same with images that are something more.
    fn up_with(scene: &'a Scene, compose: &str, more: impl Fn(ImageSpec) -> ImageSpec) -> Self {
        let project = Self::prepare(scene, compose, more);
        project.run(&["up", "-d"]);
        project
    }

    fn prepare(scene: &'a Scene, compose: &str, more: impl Fn(ImageSpec) -> ImageSpec) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for image in ["db", "web", "tool"] {
            scene.registry.push(&more(scene.image(image, "1")));
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
        let project =
            Self { scene, folder, file: file + rest, compose: lab_variable(compose).into() };
        project.write();
        project
    }

    fn write(&self) {
        fs::write(self.folder.path().join("compose.yaml"), &self.file).unwrap();
    }

    /// Runs a command of Compose, which must succeed; returns all that it says.
    #[track_caller]
    fn run(&self, arguments: &[&str]) -> String {
        let output = Command::new(&self.compose)
            .args(["--ansi", "never", "--progress", "plain", "-p", &self.scene.prefix])
            .args(arguments)
            .current_dir(self.folder.path())
            .env("THE_KEY", "key of tests")
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
        // Each with another engine: what differs between them is the engine's or Compose's alone.
        let compose = if engine == Engine::New { COMPOSES[1] } else { COMPOSES[0] };
        let scene = Scene::on(engine);
        let project = Project::up(&scene, compose);
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

/// Contents with owners and modes of their own, at places of their own.
const CONTENTS: &str = r#"
    configs:
      - {source: note, target: /note, uid: "1000", gid: "1001", mode: 0440}
      - source: note
        target: /etc/app/deep.conf
      - {source: note, target: /run/app.conf}
    secrets:
      - key
      - {source: key, target: /etc/app/key, mode: 0400}
      - {source: key, target: /tmp/key, mode: 0400}
"#;

/// What the program inside sees of them.
fn contents(scene: &Scene) -> String {
    let files = "/note /etc/app/deep.conf /run/app.conf /run/secrets/key /etc/app/key /tmp/key";
    let look = format!("stat -c '%n %u %g %a' {files} 2>&1; cat {files}; true");
    scene.host.read_in(&scene.name("web-1"), &["sh", "-c", &look])
}

/// Compose writes the contents of configs and secrets into the container's own layer, before each
/// start of its own; when it did so is told by clocks that may be wrong.
#[test]
fn what_compose_wrote_into_a_container_is_carried() {
    needs!(lab);
    on_each_engine(|engine| {
        let compose = if engine == Engine::Old { COMPOSES[1] } else { COMPOSES[0] };
        let scene = Scene::on(engine);
        let mut project = Project::prepare(&scene, compose, |image| image);
        project.file =
            project.file.replace("    configs: [{source: note, target: /note}]\n", CONTENTS);
        project.file += "secrets: {key: {environment: THE_KEY}}\n";
        project.write();
        project.run(&["up", "-d"]);
        let first = contents(&scene);
        for line in ["/note 1000 1001 440", "/etc/app/key 0 0 400", "hello", "key of tests"] {
            assert!(first.contains(line), "{engine:?} {line}: {first}");
        }
        let web = scene.name("web-1");
        let update = |version: &str| {
            scene.push("web", version);
            scene.program().run(&["update", &web]).expect(0);
            assert_eq!(
                (scene.version("web-1").as_str(), contents(&scene)),
                (version, first.clone())
            );
        };
        update("2");
        // Compose writes them again, long after the first start as far as one can see.
        project.run(&["stop", "web"]);
        project.run(&["start", "web"]);
        update("3");
        // A clock that is ahead, of Compose's machine or of the engine's; the file tells.
        let ahead = ["sh", "-c", "touch -d 2035-01-01 /note /etc/app/*"];
        scene.host.exec(&web, &ahead);
        update("4");
        // Nothing tells, and what nobody may write to is not given up.
        fs::remove_file(project.folder.path().join("compose.yaml")).unwrap();
        scene.host.exec(&web, &ahead);
        scene.push("web", "5");
        let before = scene.seen("web-1");
        let refused = scene.program().run(&["update", &web]).expect(1);
        let said = format!("{}{}", refused.stdout, refused.stderr);
        assert!(said.contains("may be configs or secrets that Compose wrote"), "{said}");
        assert!(said.contains("/etc/app/key") && said.contains("docker-auto.carry"), "{said}");
        assert_eq!(scene.seen("web-1"), before);
        project.write();
        project.run(&["down", "-v"]);
    });
}

/// The data of before comes back into other volumes than those of the file.
#[test]
fn compose_leaves_data_that_was_restored_as_it_is() {
    needs!(lab);
    on_each_engine(|engine| {
        let scene = Scene::on(engine);
        // The newer one looks at volumes as well, the older one does not.
        let project = Project::up(&scene, COMPOSES[usize::from(engine == Engine::Old)]);
        let (program, db, names) = (scene.program(), scene.name("db-1"), ["db-1", "web-1"]);
        let write = |what: &str| {
            let command = format!("printf {what} >/data/rows");
            scene.host.exec(&db, &["sh", "-c", &command]);
        };
        let rows = || scene.host.read_in(&db, &["cat", "/data/rows"]);
        for version in ["2", "3"] {
            write("rows");
            scene.push("db", version);
            program.run(&["update", &db, "--backup"]).expect(0);
            assert_eq!(scene.version("db-1"), version);
            write("broken");
            program.run(&["rollback", &db, "--restore"]).expect(0);
            assert_eq!((scene.version("db-1"), rows()), ("1".to_owned(), "rows".to_owned()));
            project.is_at_peace(&names, &["up", "-d"]);
            assert_eq!(rows(), "rows");
        }
        project.run(&["down", "-v"]);
    });
}
