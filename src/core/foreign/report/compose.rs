//! The compose snippet in which other tools' settings are ours.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::Service;

/// What stands in place of a secret.
const HIDDEN: &str = "***";
/// How our own service is called.
const OURS: &str = "docker-auto";

/// The labels of a service, and the containers that it stands for.
#[derive(Default)]
struct Block<'a> {
    containers: Vec<&'a str>,
    labels: BTreeMap<&'a str, &'a str>,
}

/// The services of a compose project, or what is called like containers without one.
type Blocks<'a> = BTreeMap<&'a str, Block<'a>>;

/// Returns a service of ours with these variables, and the labels of the other services, those of
/// each compose project as a document of their own; empty where there is nothing to write.
pub(super) fn snippet(variables: &BTreeMap<String, String>, containers: &[Service]) -> String {
    let mut projects = projects(containers);
    if variables.is_empty() && projects.is_empty() {
        return String::new();
    }
    let mut alone = projects.remove(&None::<&str>).unwrap_or_default();
    let mut text = String::from(
        "services:\n  docker-auto:\n    image: docker-auto\n    restart: unless-stopped\n    volumes:\n      \
         - /var/run/docker.sock:/var/run/docker.sock\n      - docker-auto:/data\n",
    );
    if let Some(own) = alone.remove(OURS) {
        labels(&mut text, &own);
    }
    environment(&mut text, variables);
    blocks(&mut text, &alone);
    text.push_str("volumes:\n  docker-auto:\n");
    for (project, services) in &projects {
        let project = key_of(project.unwrap_or_default());
        let _ = writeln!(text, "---\n# for the compose project {project}\nservices:");
        blocks(&mut text, services);
    }
    text
}

/// Groups the containers that need labels by their projects and services.
fn projects(containers: &[Service]) -> BTreeMap<Option<&str>, Blocks<'_>> {
    let mut projects: BTreeMap<Option<&str>, Blocks<'_>> = BTreeMap::new();
    for found in containers.iter().filter(|found| !found.labels.is_empty()) {
        let service = found.service.as_deref().filter(|service| !service.is_empty());
        let blocks = projects.entry(found.project.as_deref()).or_default();
        let block = blocks.entry(service.unwrap_or(&found.container)).or_default();
        block.containers.push(&found.container);
        for (name, value) in &found.labels {
            block.labels.entry(name).or_insert(value);
        }
    }
    projects
}

fn environment(text: &mut String, variables: &BTreeMap<String, String>) {
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
}

fn blocks(text: &mut String, services: &Blocks<'_>) {
    for (service, block) in services {
        let noun = if block.containers.len() == 1 { "container" } else { "containers" };
        let containers = block.containers.join(", ");
        let _ = writeln!(text, "  {}:  # the {noun} {containers}", key_of(service));
        labels(text, block);
    }
}

fn labels(text: &mut String, block: &Block<'_>) {
    text.push_str("    labels:\n");
    for (name, value) in &block.labels {
        let _ = writeln!(text, "      {name}: {}", quoted(value));
    }
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
