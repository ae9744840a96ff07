//! A version that moves is written into the project's files, and Compose agrees with what runs.

use std::fs;

use serde_json::json;

use super::{COMPOSES, Project};
use crate::support::engine::Engine;
use crate::support::image::{ImageSpec, Kind};
use crate::support::lab::{lab_variable, needs};
use crate::support::program::Program;
use crate::support::scene::Scene;

const NAMES: [&str; 2] = ["one-1", "two-1"];

fn image(scene: &Scene, name: &str, version: &str) -> ImageSpec {
    let spec = ImageSpec::web(&format!("{}/{name}", scene.prefix), version);
    spec.version(version).kind(Kind::Plain)
}

fn push(scene: &Scene, version: &str) {
    for name in ["one", "two"] {
        scene.registry.push(&image(scene, name, version));
    }
}

/// Brings a project up that says one of its tags in its file, the other one in its `.env`, and has
/// all that marks are made of.
fn up<'a>(scene: &'a Scene, compose: &str) -> Project<'a> {
    let folder = tempfile::tempdir().unwrap();
    push(scene, "1.0.0");
    let reference = |name| image(scene, name, "1.0.0").reference(&scene.registry);
    let (one, two) = (reference("one"), reference("two"));
    scene.host.pull(&one);
    scene.host.pull(&two);
    let two = two.trim_end_matches("1.0.0");
    let prefix = &scene.prefix;
    let file = format!(
        "# Läden
x-labels: &labels
  scene: {prefix}
  docker-auto.track: minor
services:
  one: # the first
    image: \"{one}\"   # {one}
    labels: {{<<: *labels, docker-auto.compose.write: 'true'}}
    stop_signal: SIGKILL
    environment: [A=1, 'B=${{TAG}}']
    env_file: [one.env, {{path: gone.env, required: false}}]
    deploy: {{replicas: 1, restart_policy: {{condition: on-failure, max_attempts: 3}}}}
  two:
    image: {two}${{TWO:-0.9.0}}
    labels: {{<<: *labels, more: 'a & b'}}
    stop_signal: SIGKILL
    volumes: [data:/data, './files:/files:ro']
    ports: ['8080', '8090-8091']
    depends_on: [one]
    extends: base
    scale: 1
  base:
    image: {one}
    scale: 0
    init: true
volumes: {{data: {{}}}}
"
    );
    let over = "services:
  one: {environment: {C: 3, A: 2}, labels: [over=1], volumes: ['./files:/files']}
";
    fs::create_dir(folder.path().join("files")).unwrap();
    fs::write(folder.path().join("compose.override.yaml"), over).unwrap();
    fs::write(folder.path().join("one.env"), "A=0\nD='$x' # no more\n").unwrap();
    fs::write(folder.path().join(".env"), "# versions\nTAG=x\nTWO='1.0.0' # of two").unwrap();
    let file = file.replace('\n', "\r\n");
    let project = Project { scene, folder, file, compose: lab_variable(compose).into() };
    project.write();
    project.run(&["up", "-d"]);
    project
}

/// Returns the texts of a project's two files.
fn texts(project: &Project<'_>) -> [String; 2] {
    let folder = project.folder.path();
    ["compose.yaml", ".env"].map(|name| fs::read_to_string(folder.join(name)).unwrap())
}

#[track_caller]
fn plans(program: &Program, name: &str, words: &str) {
    let plan = program.run(&["plan", name]).expect(0).stdout;
    assert!(plan.contains(words), "{plan}");
}

#[test]
fn a_moved_version_is_written_down_and_back() {
    needs!(lab);
    for compose in COMPOSES {
        let scene = Scene::on(Engine::ALL[0]);
        let project = up(&scene, compose);
        let full = NAMES.map(|name| scene.name(name));
        let before = texts(&project);
        push(&scene, "1.0.1");
        let program = scene.program();
        plans(&program, &full[0], "old tag (DOCKER_AUTO_COMPOSE_DIRECTORIES names no directory");
        let program = program.env("DOCKER_AUTO_COMPOSE_DIRECTORIES", "/srv/none");
        plans(&program, &full[0], "compose.yaml: it lies in none of the directories");
        let folder = project.folder.path().display().to_string();
        let program = program.env("DOCKER_AUTO_COMPOSE_DIRECTORIES", &folder);
        let alone = program.run(&["plan", &full[1]]).expect(0).stdout;
        assert!(!alone.contains("TWO="), "its label does not ask for it: {alone}");
        let program = program.env("DOCKER_AUTO_COMPOSE_WRITE", "true");
        plans(&program, &full[1], "  - TWO=1.0.0\n  + TWO=1.0.1\n");
        assert_eq!(texts(&project), before, "a plan writes nothing");

        let updated = program.run(&["update", &full[0], &full[1], "--json"]).expect(0).json();
        assert_eq!(updated[0]["record"]["files"][0]["line"], json!(7), "{updated}");
        assert_eq!(NAMES.map(|name| scene.version(name)), ["1.0.1", "1.0.1"]);
        let [file, variables] = &before;
        let written =
            [file.replacen("one:1.0.0", "one:1.0.1", 1), variables.replace("1.0.0", "1.0.1")];
        assert_eq!(texts(&project), written);
        project.is_at_peace(&NAMES, &["up", "-d"]);

        program.run(&["rollback", &full[0]]).expect(0);
        program.run(&["rollback", &full[1]]).expect(0);
        assert_eq!(NAMES.map(|name| scene.version(name)), ["1.0.0", "1.0.0"]);
        assert_eq!(texts(&project), before);
        project.is_at_peace(&NAMES, &["up", "-d"]);

        scene.registry.push(&image(&scene, "one", "1.2.0").kind(Kind::ExitsOne));
        program.run(&["update", &full[0], "--json"]).expect(3);
        assert_eq!(texts(&project), before, "what failed is not written");
        project.is_at_peace(&NAMES, &["up", "-d"]);
        project.run(&["down", "-v"]);
    }
}
