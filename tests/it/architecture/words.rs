//! Words that must not stand in the repository: work left undone, tests that are not run, places of
//! one machine, documents that are not here.

use super::{File, Problem, check, none, repository};

/// Each word in two parts, so that this file does not hold it, and what is wrong with it.
const WORDS: &[(&str, &str, &str)] = &[
    ("TO", "DO", "work that is left undone"),
    ("FIX", "ME", "work that is left undone"),
    ("todo", "!(", "work that is left undone"),
    ("unimplemented", "!(", "work that is left undone"),
    ("dbg", "!(", "a trace of a search"),
    ("#[ign", "ore", "a test that is not run"),
    ("#[al", "low(", "write #[expect(…, reason = \"…\")]"),
    ("/wo", "rk/", "a place of one machine"),
    ("/ho", "me/", "a place of one machine"),
    ("/root/", ".", "a place of one machine"),
    ("crates", ".io", "a package registry"),
    ("docs", ".rs/", "a package registry"),
    ("npm", "js.", "a package registry"),
    ("py", "pi.org", "a package registry"),
];

fn words(file: &File) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (number, line) in (1..).zip(file.text.lines()) {
        for (one, two, why) in WORDS {
            if line.contains(&format!("{one}{two}")) {
                problems.push(format!("{}:{number}: {one}{two}: {why}", file.path));
            }
        }
    }
    problems
}

/// Returns mentions of documents that `known` does not hold.
fn documents(file: &File, known: &[String]) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (number, line) in (1..).zip(file.text.lines()) {
        let ends = |character: char| !(character.is_alphanumeric() || "._-/".contains(character));
        for word in line.split(ends).map(|word| word.trim_end_matches('.')) {
            let name = word.rsplit('/').next().unwrap_or(word);
            let document =
                name.strip_suffix(concat!(".", "md")).is_some_and(|stem| !stem.is_empty());
            // Every repository has its README, written last.
            let document = document && name != concat!("README", ".md");
            if document && !known.iter().any(|path| path.rsplit('/').next() == Some(name)) {
                problems.push(format!("{}:{number}: {word} is not here", file.path));
            }
        }
    }
    problems
}

#[test]
fn forbidden_words_do_not_appear() {
    none(&repository().iter().flat_map(words).collect::<Vec<_>>());
    let bad: Vec<_> = WORDS.iter().map(|(one, two, _)| format!("x {one}{two} y")).collect();
    let bad: Vec<_> = bad.iter().map(String::as_str).collect();
    let good = ["a mastodon works at home", "fn todo() {}", "#[expect(x)]", "docs of crates"];
    check(words, "src/x.rs", &good, &bad);
}

#[test]
fn documents_that_are_mentioned_are_here() {
    let files = repository();
    let known: Vec<_> = files.iter().map(|file| file.path.clone()).collect();
    none(&files.iter().flat_map(|file| documents(file, &known)).collect::<Vec<_>>());
    // Put together here, or this file would mention them itself.
    let known = [concat!("examples/GUIDE", ".md").to_owned()];
    let rule = |file: &File| documents(file, &known);
    let good = [
        concat!("see README", ".md."),
        concat!("[guide](examples/GUIDE", ".md)"),
        "a file.rs, the suffix .m",
        "x md",
    ];
    let bad = [
        concat!("// (ELSEWHERE", ".md 12)"),
        concat!("see `docs/OTHER", ".md`."),
        concat!("guide: PLAN-2", ".md"),
    ];
    check(rule, "src/x.rs", &good, &bad);
}
