//! What a Compose file asks for that nobody but Compose does.

use std::collections::BTreeSet;

/// The label with the paths of a project's files, separated by commas.
pub const CONFIG_FILES: &str = "com.docker.compose.project.config_files";

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

#[cfg(test)]
mod tests {
    use super::*;

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
