//! The house's rules about its own text: layers, documentation, sizes, words that must not appear.
//!
//! Each rule is a function from a text to what is wrong with it, shown to find a bad sample, and
//! then asked of the whole repository.

use std::fs;
use std::path::{Path, PathBuf};

mod files;
mod layers;
mod paths;
mod words;

/// One file of the repository; its path is relative.
struct File {
    path: String,
    text: String,
}

/// Something that breaks a rule: where, and what.
type Problem = String;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Returns all text files of the repository, in order; `Cargo.lock` is Cargo's.
fn repository() -> Vec<File> {
    let mut found = Vec::new();
    collect(root(), &mut found);
    found.sort();
    let file = |path: PathBuf| {
        let text = String::from_utf8(fs::read(&path).unwrap()).ok()?;
        let path = path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned();
        Some(File { path, text })
    };
    found.into_iter().filter_map(file).collect()
}

fn collect(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).unwrap() {
        let entry = entry.unwrap();
        let (path, name) = (entry.path(), entry.file_name());
        let skipped = ["target", "dist", ".git", "Cargo.lock", "__pycache__"];
        if skipped.iter().any(|skipped| name == *skipped) {
            continue;
        }
        let kind = entry.file_type().unwrap();
        if kind.is_dir() {
            collect(&path, found);
        } else if kind.is_file() {
            found.push(path);
        }
    }
}

/// Returns the Rust files of the program and of the tests.
fn sources() -> Vec<File> {
    let is_rust = |file: &File| Path::new(&file.path).extension().is_some_and(|end| end == "rs");
    let found: Vec<_> = repository().into_iter().filter(is_rust).collect();
    assert!(found.len() > 20, "the sources are found");
    found
}

/// Fails with everything that breaks a rule.
fn none(problems: &[Problem]) {
    assert!(problems.is_empty(), "\n{}\n", problems.join("\n"));
}

/// Shows that a rule finds something in bad text and nothing in good text.
fn check(rule: impl Fn(&File) -> Vec<Problem>, path: &str, good: &[&str], bad: &[&str]) {
    let ask = |text: &&str| rule(&File { path: path.to_owned(), text: (*text).to_owned() });
    for text in good {
        assert_eq!(ask(text), Vec::<Problem>::new(), "{text:?} in {path} is good");
    }
    for text in bad {
        assert_eq!(ask(text).len(), 1, "{text:?} in {path} has one problem");
    }
}
