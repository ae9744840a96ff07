//! Rules about files: a first sentence, a size that can be read, a place in the module tree, and tables
//! in the README that are the program's own.

use std::collections::BTreeSet;
use std::fs;

use super::{File, Problem, check, none, root, sources};

/// No file is longer.
const LONGEST: usize = 500;

/// A `mod.rs` is an entrance, not a room.
const LONGEST_ENTRANCE: usize = 150;

/// Entrances that may be longer, and why.
const LONGER: &[(&str, usize, &str)] = &[
    ("src/core/plan/mod.rs", 250, "the types of a plan, which are read together"),
    ("src/engine/mod.rs", 250, "the engine's own state, beside its entrance"),
    ("src/registry/mod.rs", 300, "the client's whole surface, beside its entrance"),
];

fn first_sentence(file: &File) -> Vec<Problem> {
    let first = file.text.lines().next().unwrap_or_default();
    let sentence = first.strip_prefix("//! ").is_some_and(|text| !text.trim().is_empty());
    let problem = || format!("{}: the first line says in one sentence what the file is", file.path);
    (!sentence).then(problem).into_iter().collect()
}

fn size(file: &File) -> Vec<Problem> {
    let lines = file.text.lines().count();
    let longer = LONGER.iter().find(|(path, ..)| *path == file.path);
    let most = match longer {
        Some((_, most, _)) => *most,
        None if file.path.ends_with("/mod.rs") => LONGEST_ENTRANCE,
        None => LONGEST,
    };
    let problem = || format!("{}: has {lines} lines, {most} are the most", file.path);
    (lines > most).then(problem).into_iter().collect()
}

/// Returns the files that no other one declares: they are not compiled.
fn forgotten(files: &[File]) -> Vec<Problem> {
    let declared: BTreeSet<String> = files.iter().flat_map(declarations).collect();
    let roots = ["src/lib.rs", "src/main.rs", "tests/it/main.rs", "tests/bench/main.rs"];
    let is_forgotten = |file: &&File| {
        let module = file.path.strip_suffix("/mod.rs").or_else(|| file.path.strip_suffix(".rs"));
        !roots.contains(&&*file.path) && !module.is_some_and(|module| declared.contains(module))
    };
    let problem = |file: &File| format!("{}: no file declares it", file.path);
    files.iter().filter(is_forgotten).map(problem).collect()
}

/// Returns the modules that a file declares, as paths without an extension.
fn declarations(file: &File) -> Vec<String> {
    let stem = file.path.strip_suffix(".rs").unwrap_or(&file.path);
    let (parent, name) = stem.rsplit_once('/').unwrap_or(("", stem));
    let folder = if matches!(name, "lib" | "main" | "mod") { parent } else { stem };
    let names = file.text.lines().filter_map(|line| {
        let (before, name) = line.trim().strip_suffix(';')?.rsplit_once("mod ")?;
        let visible = before.trim_end();
        (visible.is_empty() || visible == "pub" || visible.starts_with("pub(")).then_some(name)
    });
    names.map(|name| format!("{folder}/{name}")).collect()
}

/// Says what is wrong if a README does not hold a table as the program has it.
fn table_problem(readme: &str, table: &str) -> Vec<Problem> {
    let holds = !table.trim().is_empty() && readme.contains(table.trim());
    let problem = "README.md: a table is not the program's; it should be:\n";
    (!holds).then(|| format!("{problem}{table}")).into_iter().collect()
}

#[test]
fn every_file_says_what_it_is() {
    none(&sources().iter().flat_map(first_sentence).collect::<Vec<_>>());
    check(
        first_sentence,
        "src/x.rs",
        &["//! Something.\n"],
        &["", "//!\n", "// Something.\n", "\n//! Something.\n", "use std::fmt;\n"],
    );
}

#[test]
fn no_file_is_too_long() {
    let files = sources();
    none(&files.iter().flat_map(size).collect::<Vec<_>>());
    let lines = |count: usize| "x\n".repeat(count);
    check(size, "src/x.rs", &[&lines(500)], &[&lines(501)]);
    check(size, "src/x/mod.rs", &[&lines(150)], &[&lines(151)]);
    check(size, LONGER[0].0, &[&lines(250)], &[&lines(251)]);
}

#[test]
fn exceptions_are_needed() {
    let files = sources();
    for (path, ..) in LONGER {
        // A file that does not exist yet needs no judgement.
        for file in files.iter().filter(|file| file.path == *path) {
            let lines = file.text.lines().count();
            assert!(lines > LONGEST_ENTRANCE, "{path} needs no exception any more");
        }
    }
}

#[test]
fn no_file_is_forgotten() {
    none(&forgotten(&sources()));
    let file = |path: &str, text: &str| File { path: path.into(), text: text.into() };
    let declared = [
        file("src/lib.rs", "pub mod a;\n#[cfg(test)]\nmod tests {}\n"),
        file("src/a.rs", "pub(crate) mod b;\n"),
        file("src/a/b/mod.rs", "    mod c;\n"),
        file("src/a/b/c.rs", ""),
        file("tests/it/main.rs", "mod d;\n"),
        file("tests/it/d.rs", "// mod e;\nlet f = \"mod g;\";\n"),
    ];
    assert_eq!(forgotten(&declared), Vec::<Problem>::new());
    for path in ["src/x.rs", "src/a/x.rs", "src/c.rs", "tests/it/e.rs", "tests/it/d/e.rs"] {
        let [lib, a, b, c, main, d] = declared.each_ref().map(|one| file(&one.path, &one.text));
        let found = forgotten(&[lib, a, b, c, main, d, file(path, "")]);
        assert_eq!(found, [format!("{path}: no file declares it")]);
    }
}

#[test]
fn the_readme_holds_the_tables_of_the_program() {
    if let Ok(readme) = fs::read_to_string(root().join("README.md")) {
        none(&table_problem(&readme, &docker_auto::config::readme_table()));
        none(&table_problem(&readme, &docker_auto::core::labels::readme_labels()));
        none(&table_problem(&readme, &docker_auto::core::foreign::labels::readme_table()));
    }
    let table = "| Variable | Default |\n|---|---|\n| `DOCKER_AUTO_A` | `1` |\n";
    let readme = format!("# Title\n\n{table}\nText\n");
    assert_eq!(table_problem(&readme, table), Vec::<Problem>::new());
    for readme in ["# Title\n", "| Variable | Default |\n|---|---|\n| `DOCKER_AUTO_A` | `2` |\n"] {
        assert_eq!(table_problem(readme, table).len(), 1, "{readme}");
    }
    assert_eq!(table_problem("# Title\n", "").len(), 1, "a table without rows holds nothing");
}
