//! What is written into Compose files, as text: `fixtures/compose/*.txt`.
//!
//! A case begins with `##` and its name; `old: … new: … service: …` stand for other values than the
//! usual ones. `@ NAME` begins a file: those that end in `env` set variables, the others are
//! Compose's; `@ NAME of PATH` the one, or `nothing`, that is found by a path that a service names.
//! Then comes what is expected: `> FILE:LINE:` with the whole line as it is afterwards, `! ` with the
//! beginning of the reason for which nothing is written, or `= already`. `␍` stands for
//! a carriage return, `⊥` for the end of a file without a newline, `<BOM>` for a byte order mark.

use std::fs;

use docker_auto::core::compose::edit::{Project, Rewriting, SourceFile, VariableFile, rewrite};
use docker_auto::core::reference::ImageRef;

mod agreed;
mod marks;
mod property;

const CASES: [(&str, usize); 2] = [("written", 57), ("refused", 69)];

struct Case {
    name: String,
    project: Project,
    old: String,
    new: String,
    expected: String,
}

impl Case {
    fn read(text: &str) -> Self {
        let mut lines = text.lines().peekable();
        let name = lines.next().unwrap().trim_start_matches("## ").to_owned();
        let (mut old, mut new) = ("nginx:1.27.3".to_owned(), "nginx:1.27.5".to_owned());
        let (service, folder) = ("web".to_owned(), "/srv/shop".to_owned());
        let mut project = Project { service, folder, ..Project::default() };
        if let Some(line) = lines.next_if(|line| line.starts_with("old: ")) {
            let words: Vec<_> = line.split(' ').collect();
            for pair in words.chunks(2) {
                match pair[0] {
                    "old:" => pair[1].clone_into(&mut old),
                    "new:" => pair[1].clone_into(&mut new),
                    "service:" => pair[1].clone_into(&mut project.service),
                    other => panic!("{name}: {other}"),
                }
            }
        }
        while let Some(file) = lines.next_if(|line| line.starts_with("@ ")) {
            let mut text = String::new();
            while let Some(line) = lines.next_if(|line| !line.starts_with(['@', '>', '!', '='])) {
                text.push_str(&unmasked(line));
            }
            let path = file.trim_start_matches("@ ").trim_end_matches(" unreadable");
            if let Some((path, named)) = path.split_once(" of ") {
                let found = SourceFile { path: path.to_owned(), text };
                let found = (path != "nothing").then_some(found);
                project.environment.insert(named.to_owned(), found);
                continue;
            }
            let path = path.to_owned();
            if path.ends_with("env") {
                let text = if file.ends_with(" unreadable") {
                    Err("permission denied".to_owned())
                } else {
                    Ok(text)
                };
                project.variables.push(VariableFile { path, text });
            } else {
                project.files.push(SourceFile { path, text });
            }
        }
        let expected = lines.next().unwrap_or_else(|| panic!("{name} expects nothing")).to_owned();
        assert_eq!(lines.next(), None, "{name}");
        Self { name, project, old, new, expected }
    }

    /// Returns what is found in place of what is expected.
    fn problem(&self) -> Option<String> {
        let Self { name, project, old, new, expected } = self;
        let (from, to) = (ImageRef::parse(old).unwrap(), ImageRef::parse(new).unwrap());
        let found = match rewrite(project, &from, &to) {
            Ok(Rewriting::Already) => "= already".to_owned(),
            Err(refused) => {
                let told = format!("! {refused}");
                if told.starts_with(expected) { expected.clone() } else { told }
            }
            Ok(Rewriting::Edit(edit)) => {
                let before = project.text(&edit.path);
                let after = edit.apply(before).unwrap();
                let changed = lines(before, &after);
                let shown = edit.shown.0 != edit.shown.1 && !edit.shown.0.contains('\n');
                let [(line, text)] = &changed[..] else { return Some(format!("{name}: {after}")) };
                let same = shown && *line == edit.line;
                format!("> {}:{}:{text}", edit.path, if same { *line } else { 0 })
            }
        };
        (found != *expected).then(|| format!("{name}:\n  expected {expected}\n  found    {found}"))
    }
}

/// Returns the lines that differ, as they are afterwards.
fn lines(before: &str, after: &str) -> Vec<(usize, String)> {
    let (mut one, mut other) = (before.split_inclusive('\n'), after.split_inclusive('\n'));
    let pairs = std::iter::from_fn(|| match (one.next(), other.next()) {
        (None, None) => None,
        pair => Some(pair),
    });
    let different = pairs.enumerate().filter(|(_, (one, other))| one != other);
    different.map(|(index, (_, other))| (index + 1, masked(other.unwrap_or("(gone)")))).collect()
}

fn masked(line: &str) -> String {
    let ended = match line.strip_suffix('\n') {
        Some(line) => line.to_owned(),
        None => format!("{line}⊥"),
    };
    ended.replace('\r', "␍").replace('\u{feff}', "<BOM>")
}

/// Finds a project's files by their paths.
trait Texts {
    fn text(&self, path: &str) -> &str;
}

impl Texts for Project {
    fn text(&self, path: &str) -> &str {
        let file = self.files.iter().find(|file| file.path == path).map(|file| &file.text);
        let variables = self.variables.iter().find(|file| file.path == path);
        file.or_else(|| variables.and_then(|file| file.text.as_ref().ok())).unwrap()
    }
}

fn unmasked(line: &str) -> String {
    let line = line.replace("<BOM>", "\u{feff}").replace('␍', "\r");
    match line.strip_suffix('⊥') {
        Some(line) => line.to_owned(),
        None => line + "\n",
    }
}

/// Files of the allowed size that would become very large, or take very long.
#[test]
fn what_grows_beyond_all_bounds_is_refused() {
    let (long, key) = ("a".repeat(800_000), "a".repeat(1_000));
    let aliases = "- *a\n".repeat(40_000);
    let web = |image: &str| format!("services: {{web: {{image: '{image}'}}}}\n");
    for (text, variables, expected) in [
        (format!("x-a: &a {long}\nx-b:\n{aliases}"), "", "aliases of too much text"),
        (format!("x-a: &a {{{key}: 1}}\nx-b:\n{aliases}"), "", "aliases of too much text"),
        (web(&"$A".repeat(100_000)), "A=1", "too long for one"),
        (web("nginx:$A"), &*format!("A={long}"), "too long for one"),
        (web(&format!("nginx:{}", "$A".repeat(400))), "A=abcd", "too long for one"),
    ] {
        let path = "compose.yaml".to_owned();
        let (env, set) = (".env".to_owned(), Ok(variables.to_owned()));
        let project = Project {
            files: vec![SourceFile { path, text }],
            variables: vec![VariableFile { path: env, text: set }],
            service: "web".to_owned(),
            ..Project::default()
        };
        let reference = |text: &str| ImageRef::parse(text).unwrap();
        let refused = rewrite(&project, &reference("nginx:1"), &reference("nginx:2")).unwrap_err();
        assert!(refused.to_string().ends_with(expected), "{refused}");
        let told = format!("{project:?}");
        assert!(!told.contains("image") && !told.contains("A="), "texts may be secrets");
    }
}

#[test]
fn files_are_written_or_left_as_their_cases_tell() {
    for (file, least) in CASES {
        let path = format!("{}/tests/fixtures/compose/{file}.txt", env!("CARGO_MANIFEST_DIR"));
        let text = fs::read_to_string(path).unwrap();
        let cases: Vec<_> = text.split("\n\n").map(Case::read).collect();
        let wrong: Vec<_> = cases.iter().filter_map(Case::problem).collect();
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
        assert!(cases.len() >= least, "only {} cases in {file}", cases.len());
    }
}
