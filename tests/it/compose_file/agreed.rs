//! The marks of `fixtures/compose/marks.txt` are those that the lab's Composes give.
//!
//! A container's mark is that of a service with its files of variables read, which `config` does and
//! `config --hash` does not: so one reads what the other says.

use std::collections::HashMap;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use super::marks::{Case, FOLDER, TAGS, VARIABLES};
use crate::support::lab::{lab_variable, needs};

/// What the services of the cases speak of.
const MORE: &str = "  db: {image: db}
  cache: {image: cache}
volumes: {data: {}}
networks: {front: {}, default: {}}
configs: {note: {content: x}}
secrets: {s: {file: ./s}}
";

/// Writes all cases as the services of one project, each with both tags.
fn write(folder: &Path, cases: &[Case]) {
    let (mut file, mut over) = ("services:\n".to_owned(), "services:\n".to_owned());
    for (number, case) in cases.iter().enumerate() {
        for tag in TAGS {
            let name = format!("  web-{number}-{tag}:\n");
            file.extend([&*name, "    image: nginx:", tag, "\n", &case.settings]);
            over += &case.part("override").map_or(String::new(), |text| name + text);
        }
        file += &case.services();
        for (part, text) in case.parts.iter().filter(|(part, _)| part.contains('.')) {
            fs::write(folder.join(part), text).unwrap();
        }
    }
    fs::write(folder.join("compose.yaml"), file + MORE).unwrap();
    fs::write(folder.join("compose.override.yaml"), over).unwrap();
    fs::write(folder.join(".env"), VARIABLES).unwrap();
}

fn compose(program: &str, arguments: &[&str], input: &str) -> String {
    let mut command = Command::new(program);
    command.args(["-p", "shop", "--profile", "*"]).args(arguments);
    command.env_clear().env("PATH", "/usr/bin:/bin").env("HOME", "/nonexistent");
    let pipes = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut running = pipes.spawn().unwrap();
    running.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = running.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_marks_of_the_cases_are_real() {
    needs!(lab);
    let cases = Case::all();
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), &cases);
    let here = folder.path().to_str().unwrap();
    let [file, over] = ["compose.yaml", "compose.override.yaml"].map(|it| format!("{here}/{it}"));
    let mut wrong = Vec::new();
    for (index, name) in ["LAB_COMPOSE", "LAB_COMPOSE_OLDER"].into_iter().enumerate() {
        let program = lab_variable(name);
        let read = ["-f", &file, "-f", &over, "config", "--no-consistency", "--format", "json"];
        let whole = compose(&program, &read, "").replace(here, FOLDER);
        let hash = ["--project-directory", FOLDER, "-f", "-", "config", "--no-consistency"];
        let said = compose(&program, &[&hash[..], &["--hash", "*"]].concat(), &whole);
        let marks: HashMap<_, _> = said.lines().filter_map(|line| line.split_once(' ')).collect();
        for (number, case) in cases.iter().enumerate() {
            let found = TAGS.map(|tag| marks[&*format!("web-{number}-{tag}")]);
            if case.marks[index] != found {
                wrong.push(format!("{}\n= {} {}", case.name, found[0], found[1]));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
