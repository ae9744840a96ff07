//! The tests that rows cite, with everything of their files that they use.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use super::Test;

/// What begins an item, after its visibility.
const KINDS: [&str; 9] = [
    "async fn ",
    "fn ",
    "const ",
    "static ",
    "struct ",
    "enum ",
    "impl<",
    "impl ",
    "macro_rules! ",
];

/// Checks that a test is there; returns it with the items of its file that it uses.
pub(super) fn cited((file, name): Test) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it").join(file);
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{file}: {error}"));
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let is_it = |line: &str| line.contains(&format!("fn {name}("));
    let is_test = lines.windows(2).any(|two| two[0].contains("test") && is_it(two[1]));
    assert!(is_test, "{file} has no test {name}");
    used(name, &items(&text))
}

/// Returns a file's items by their names; those of a module of tests have none of their own.
fn items(text: &str) -> BTreeMap<&str, String> {
    let lines: Vec<&str> = text.lines().collect();
    let mut items: BTreeMap<&str, String> = BTreeMap::new();
    for (index, line) in lines.iter().enumerate() {
        let Some(name) = name_of(line) else { continue };
        let last = lines[index..].iter().position(|line| {
            let ends = line.ends_with(';') || line.ends_with('}');
            ends && !line.starts_with(' ')
        });
        let whole = &lines[index..=index + last.unwrap_or_default()];
        items.entry(name).or_default().push_str(&whole.join("\n"));
    }
    items
}

/// Returns the name of the item that begins in a line: of an `impl` its type's.
fn name_of(line: &str) -> Option<&str> {
    let visible = line.strip_prefix("pub(crate) ").or_else(|| line.strip_prefix("pub(super) "));
    let line = visible.unwrap_or(line);
    let kind = KINDS.iter().find(|kind| line.starts_with(**kind))?;
    let rest = &line[kind.len()..];
    let rest = rest.split_once(" for ").map_or(rest, |(_, of)| of);
    words(rest).next()
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty())
}

/// Returns an item with all that it names, and all that those name.
fn used(name: &str, items: &BTreeMap<&str, String>) -> String {
    let (mut found, mut named) = (String::new(), BTreeSet::new());
    let mut open = vec![name];
    while let Some(name) = open.pop() {
        let Some(item) = items.get(name).filter(|_| named.insert(name)) else { continue };
        found.push_str(item);
        open.extend(words(item));
    }
    found
}

#[test]
fn a_test_counts_with_what_it_uses() {
    let text = "const A: &str = \"one\";\nfn b() {\n    A;\n}\nfn c() {\n    d();\n}\nfn d(\n    x: u8,\n) {\n    \
                2;\n}\nimpl Other for E {\n    fn f() {}\n}\n";
    let items = items(text);
    for (name, words, others) in
        [("b", ["A;", "one"], "d()"), ("c", ["d()", "2;"], "one"), ("E", ["impl", "f()"], "one")]
    {
        let used = used(name, &items);
        assert!(words.iter().all(|word| used.contains(word)), "{name}: {used}");
        assert!(!used.contains(others), "{name}: {used}");
    }
}
