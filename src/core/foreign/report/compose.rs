//! The compose snippet in which other tools' settings are ours.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::Service;

/// What stands in place of a secret.
const HIDDEN: &str = "***";

/// Returns a service of ours with these variables, and the labels of the other services; empty where
/// there is nothing to write.
pub(super) fn snippet(variables: &BTreeMap<String, String>, containers: &[Service]) -> String {
    let labelled: Vec<&Service> =
        containers.iter().filter(|service| !service.labels.is_empty()).collect();
    if variables.is_empty() && labelled.is_empty() {
        return String::new();
    }
    let mut text = String::from(
        "services:\n  docker-auto:\n    image: docker-auto\n    restart: unless-stopped\n    volumes:\n      \
         - /var/run/docker.sock:/var/run/docker.sock\n      - docker-auto:/data\n",
    );
    if !variables.is_empty() {
        text.push_str("    environment:\n");
    }
    for (name, value) in variables {
        if value == HIDDEN {
            let file = name.to_ascii_lowercase();
            let file = file.strip_prefix("docker_auto_").unwrap_or(&file);
            let _ = writeln!(text, "      # the secret is not shown: keep it as a file");
            let _ =
                writeln!(text, "      {name}_FILE: {}", quoted(&format!("/run/secrets/{file}")));
        } else {
            let _ = writeln!(text, "      {name}: {}", quoted(value));
        }
    }
    for service in labelled {
        let key = service.service.as_ref().unwrap_or(&service.container);
        let _ = writeln!(text, "  {}:  # the container {}", key_of(key), service.container);
        text.push_str("    labels:\n");
        for (name, value) in &service.labels {
            let _ = writeln!(text, "      {name}: {}", quoted(value));
        }
    }
    text.push_str("volumes:\n  docker-auto:\n");
    text
}

/// A double-quoted text of YAML is one of JSON; compose would replace what follows a single dollar.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text.replace('$', "$$")).to_string()
}

fn key_of(name: &str) -> String {
    let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
    let word = name.starts_with(|c: char| c.is_ascii_alphabetic());
    if plain && word { name.to_owned() } else { quoted(name) }
}
