//! Stories: `fixtures/decide/*.txt` — settings, labels, images, a registry's answer, a time → the
//! decision with its reason.
//!
//! A story is a block of lines; its first line names it. What is found stands in its lines that
//! begin with `=`: what is asked of a registry, the code and status, the sentence.
//! `UPDATE_EXPECT=1` writes them; read the diff before you keep it. A word of a capital letter and
//! digits (`A`, `D2`) stands for a digest.

use std::fs;
use std::path::{Path, PathBuf};

use docker_auto::core::remote::FailureCode;

mod story;
mod why;
mod words;

pub(crate) use story::Story;
use words::GOOD;

const STORIES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/decide");

/// Returns the files of stories.
fn stories() -> Vec<PathBuf> {
    let files = fs::read_dir(STORIES).unwrap().map(|file| file.unwrap().path());
    let mut files: Vec<_> = files.filter(|path| path.extension() == Some("txt".as_ref())).collect();
    files.sort();
    files
}

#[test]
fn containers_are_judged_as_their_stories_tell() {
    let told: usize = stories().iter().map(|file| check(file)).sum();
    assert!(told >= 100, "only {told} stories in {STORIES}");
}

#[test]
fn no_failure_of_a_registry_looks_like_being_up_to_date() {
    let images = ["nginx:1.27", "acme/web", "ghcr.io/acme/web:main", "localhost:5000/web"];
    for (code, image) in FailureCode::ALL.iter().flat_map(|code| images.map(|image| (code, image)))
    {
        for more in ["forgets", "store containerd", "identity pulled", "asked named"] {
            let name = image.split(':').next().unwrap();
            let local = format!("local A tags {image} digests {name}@D1");
            let answer = format!("registry fails {} no answer", code.as_str());
            let story =
                Story::read("a failure", &[&format!("image {image}"), &local, more, &answer]);
            let judged = story.judged();
            let good = judged.contains(" (Error)") || judged.contains("built_locally (Skipped)");
            assert!(good, "{image}, {more}, {answer}: {judged}");
        }
    }
}

/// Judges the stories of a file and returns how many there are.
fn check(path: &Path) -> usize {
    let expected = fs::read_to_string(path).expect(GOOD);
    let blocks: Vec<&str> = expected.trim_end().split("\n\n").collect();
    let mut told = 0;
    let mut found = Vec::new();
    for block in blocks {
        let given: Vec<&str> = block.lines().filter(|line| !line.starts_with('=')).collect();
        let mut text = given.join("\n");
        let lines: Vec<&str> = given.into_iter().filter(|line| !line.starts_with('#')).collect();
        if let Some((title, lines)) = lines.split_first() {
            told += 1;
            text.push_str(&Story::read(title, lines).judged());
        }
        found.push(text);
    }
    let found = found.join("\n\n") + "\n";
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        fs::write(path, &found).expect(GOOD);
        return told;
    }
    let differs = expected.lines().zip(found.lines()).enumerate().find(|(_, (e, f))| e != f);
    if let Some((line, (expected, found))) = differs {
        panic!("{}:{}\n  expected: {expected}\n  found:    {found}", path.display(), line + 1);
    }
    assert_eq!(expected, found, "{}", path.display());
    told
}
