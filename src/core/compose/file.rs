//! What a Compose file asks for that nobody but Compose does.

use std::collections::BTreeSet;

/// The label with the paths of a project's files, separated by commas.
pub const CONFIG_FILES: &str = "com.docker.compose.project.config_files";

/// The label with the directory of a project, in which its `.env` is.
pub const WORKING_DIRECTORY: &str = "com.docker.compose.project.working_dir";
/// The label with the paths of a project's files with variables, where it names some.
pub const VARIABLE_FILES: &str = "com.docker.compose.project.environment_file";
/// The label with the mark of a service's settings, by which Compose sees that they have changed.
pub const MARK: &str = "com.docker.compose.config-hash";
/// The label by which another tag is written into a container's Compose file.
pub const COMPOSE_WRITE: &str = "docker-auto.compose.write";

/// Commands that Compose itself runs around the life of a service's containers.
const HOOKS: [&str; 3] = ["post_start", "pre_start", "pre_stop"];

/// Returns the hooks that a file has for a service, as far as its lines tell: this is no reader of
/// YAML, and what is written in one line or comes from an anchor is not seen.
pub fn hooks(file: &str, service: &str) -> BTreeSet<&'static str> {
    let mut found = BTreeSet::new();
    let mut path: Vec<(usize, &str)> = Vec::new();
    for line in file.lines() {
        let text = line.trim_start();
        let Some((key, _)) = text.split_once(':').filter(|_| !text.starts_with(['#', '-'])) else {
            continue;
        };
        let indent = line.len() - text.len();
        while path.pop_if(|(above, _)| *above >= indent).is_some() {}
        path.push((indent, key.trim_end().trim_matches(['"', '\''])));
        if let [(0, "services"), (_, name), (_, field)] = path[..]
            && name == service
        {
            found.extend(HOOKS.into_iter().find(|hook| *hook == field));
        }
    }
    found
}

/// The words without which a file has no contents of its own, as far as one can see.
const MAY_HAVE_CONTENTS: [&str; 4] = ["configs", "secrets", "extends", "include"];

/// Says whether a file may write contents into containers, itself or through others.
pub fn may_have_contents(file: &str) -> bool {
    MAY_HAVE_CONTENTS.iter().any(|word| file.contains(word))
}

/// Returns the paths at which a file puts configs and secrets into a service's containers, as far as
/// its lines tell. More are returned than it has: every word there may be a path.
pub fn contents(file: &str, service: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut path: Vec<(usize, &str)> = Vec::new();
    for line in file.lines() {
        let text = line.trim_start();
        if text.is_empty() || text.starts_with('#') {
            continue;
        }
        let indent = line.len() - text.len();
        // The items of a list may stand no deeper than its key.
        let is_item = text.starts_with('-');
        let left = |(above, _): &mut (usize, &str)| *above > indent || *above == indent && !is_item;
        while path.pop_if(left).is_some() {}
        let key = text.split_once(':').filter(|_| !is_item);
        if let Some((key, _)) = key.filter(|_| path.len() < 3) {
            path.push((indent, key.trim_end().trim_matches(['"', '\''])));
        }
        if let [(0, "services"), (_, name), (_, "configs" | "secrets")] = path[..]
            && name == service
        {
            found.extend(words(text).map(|word| format!("/{}", word.trim_start_matches('/'))));
        }
    }
    found
}

fn words(line: &str) -> impl Iterator<Item = &str> {
    let ends = |letter: char| letter.is_whitespace() || "\"',:[]{}".contains(letter);
    line.split(ends).filter(|word| !matches!(*word, "" | "-"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contents_are_found_at_their_service() {
        let file = "services:\n  db:\n    configs: [other]\n  \"web\":\n    image: /no/path\n    configs:\n    - note\n    \
                    - source: deep\n      target: \"/etc/app/deep.conf\"\n      # target: /commented\n      mode: 0440\n    \
                    secrets: [{source: key, target: /etc/key}]\n    labels:\n      x: /label\n\
                    configs:\n  note: {content: /content}\n";
        let found = contents(file, "web");
        for path in ["/note", "/etc/app/deep.conf", "/etc/key"] {
            assert!(found.contains(path), "{path}: {found:?}");
        }
        for path in ["/no/path", "/label", "/content", "/other", "/commented"] {
            assert!(!found.contains(path), "{path}: {found:?}");
        }
        assert!(contents(file, "db").contains("/other"));
        assert!(contents(file, "gone").is_empty());
        assert!(may_have_contents(file) && !may_have_contents("services:\n  web: {image: x}"));
    }

    #[test]
    fn hooks_are_found_at_their_service() {
        let file = "# services:\nname: shop\nservices:\n  db:\n    pre_stop:\n      - command: x\n  \"web\":\n    \
                    image: web\n    post_start:\n    - command: [a, b]\n      user: root\n    # pre_stop:\n    \
                    labels:\n      pre_start: no\n    pre_stop :\n      - command: y\nvolumes:\n  web:\n    pre_start: {}\n";
        for (service, expected) in [
            ("web", &["post_start", "pre_stop"][..]),
            ("db", &["pre_stop"]),
            ("other", &[]),
            ("", &[]),
        ] {
            assert!(hooks(file, service).into_iter().eq(expected.iter().copied()), "{service}");
        }
        assert!(hooks("{services: {web: {post_start: []}}}", "web").is_empty());
        assert!(hooks("\u{0}:::\n\t- : é:\n  :", "web").is_empty());
    }
}
