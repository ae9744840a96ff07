//! The examples are what they say: their files can be read, and name what there is.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::support::engine::{Engine, Host, HostOptions, run};
use crate::support::lab::{lab_variable, needs, the_lab, variable};
use crate::support::program::{Program, binary};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Returns the demo's files with their text.
fn files() -> Vec<(PathBuf, String)> {
    let folder = fs::read_dir(root().join("examples/demo")).unwrap();
    let paths = folder.map(|entry| entry.unwrap().path()).filter(|path| path.is_file());
    paths.map(|path| (path.clone(), fs::read_to_string(&path).unwrap())).collect()
}

/// Returns the words of a text that begin so, each once, as far as `of_word` goes.
fn words<'t>(text: &'t str, start: &str, of_word: impl Fn(char) -> bool) -> BTreeSet<&'t str> {
    let found = text.match_indices(start).map(|(at, _)| {
        let rest = &text[at..];
        &rest[..rest.find(|character| !of_word(character)).unwrap_or(rest.len())]
    });
    found.collect()
}

fn is_name(character: char) -> bool {
    character.is_ascii_uppercase() || character == '_'
}

#[test]
fn the_example_for_compose_is_one() {
    needs!(lab);
    let file = root().join("examples/compose.yml");
    let mut command = Command::new(lab_variable("LAB_COMPOSE"));
    command.env("DOCKER_CONFIG", &the_lab().client_config);
    let shown = run(command.arg("-f").arg(file).args(["config", "--format", "json"]));
    let shown: serde_json::Value = serde_json::from_str(&shown).unwrap();
    let service = &shown["services"]["docker-auto"];
    let built = service["build"]["context"].as_str().unwrap();
    assert!(Path::new(built).join("Dockerfile").is_file(), "{built}");
    // What it sets is read without a word of complaint.
    let program = service["environment"].as_object().unwrap().iter();
    let program = program.fold(Program::without_engine(), |program, (name, value)| {
        program.env(name, value.as_str().unwrap())
    });
    let said = program.env("DOCKER_HOST", "unix:///no/such.sock").run(&["check"]).expect(1).stderr;
    let complaints: Vec<_> = said.lines().filter(|line| line.contains("WARN")).collect();
    assert_eq!(complaints, [""; 0]);
    assert!(said.contains("/no/such.sock"), "{said}");
}

#[test]
fn the_demos_scripts_can_be_read_and_name_what_there_is() {
    needs!(lab);
    let help = Program::without_engine().run(&["--help"]).expect(0).stdout;
    let all: String = files().iter().map(|(_, text)| text.as_str()).collect();
    for (path, text) in files() {
        let shown = path.display();
        if text.starts_with("#!/usr/bin/python3") {
            let read = "import ast, sys; ast.parse(open(sys.argv[1]).read())";
            run(Command::new("/usr/bin/python3").args(["-c", read]).arg(&path));
        } else {
            run(Command::new("/bin/bash").arg("-n").arg(&path));
        }
        let is_path = |c: char| c.is_ascii_alphanumeric() || "/._-".contains(c);
        for named in words(&text, "examples/", is_path).union(&words(&text, "tests/lab", is_path)) {
            assert!(root().join(named).exists(), "{shown} names {named}");
        }
        for name in words(&text, "LAB_", is_name) {
            // Its own folder and its own names are said by the scripts of the lab.
            let known = ["LAB_DIR", "LAB_"].contains(&name) || variable(name).is_some();
            assert!(known, "{shown} names {name}");
        }
        for line in text.lines().filter_map(|line| line.strip_prefix("shown ")) {
            let verb = line.split_whitespace().next().unwrap();
            let told = help.lines().any(|line| line.trim_start().starts_with(&format!("{verb} ")));
            assert!(told, "{shown} uses {verb}");
        }
    }
    // The servers that are pushed, and those that are built for it.
    let after = |start: &str| -> BTreeSet<_> {
        let lines = all.lines().map(str::trim).filter_map(|line| line.strip_prefix(start));
        lines.filter_map(|rest| rest.split_whitespace().next()).map(str::to_owned).collect()
    };
    let (mut pushed, built) = (after("push "), after("packed "));
    // Those of the first demo are the lab's own images.
    pushed.retain(|name| !name.contains('/'));
    assert_eq!(pushed, built);
    assert_eq!(built.len(), 3);
}

/// The first demo as a whole, as `examples/demo/run` runs it; the servers would be packages to fetch.
#[test]
fn the_demo_shows_what_it_says() {
    needs!(lab);
    let host = Host::private(Engine::New, &HostOptions::default());
    let folder = TempDir::new().unwrap();
    let mut show = Command::new(root().join("examples/demo/show"));
    show.arg(binary()).current_dir(root());
    show.env("LAB_HOST_NEW", &host.socket).env("TMPDIR", folder.path());
    let shown = run(&mut show);
    for words in ["shop was here", "mail was here", "blog was here", "rolled_back", "unhealthy"] {
        assert!(shown.contains(words), "{words}: {shown}");
    }
}
