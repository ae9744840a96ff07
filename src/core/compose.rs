//! What compose labels mean, and which containers belong to someone else's orchestrator.

pub mod edit;
pub mod file;

use std::collections::BTreeMap;
use std::fmt;

use crate::core::id::ContainerName;

/// The labels of a container.
pub type Labels = BTreeMap<String, String>;

/// What Docker Compose wrote on a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compose {
    /// The project.
    pub project: String,
    /// The service within the project.
    pub service: String,
    /// The number among the service's containers; 1 where the label is missing or unreadable.
    pub number: u32,
    /// Whether it belongs to the service or was made by `docker compose run`.
    pub kind: ComposeKind,
}

/// Why compose made a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ComposeKind {
    /// It is one of the service's containers.
    Service,
    /// It was made by `docker compose run` for one command.
    OneOff,
}

impl Compose {
    /// Reads compose's labels; `None` for a container that compose did not make.
    pub fn read(labels: &Labels) -> Option<Self> {
        let label = |name: &str| labels.get(&format!("com.docker.compose.{name}"));
        let project = label("project").filter(|project| !project.is_empty())?;
        let one_off = label("oneoff").is_some_and(|value| value.eq_ignore_ascii_case("true"));
        Some(Self {
            project: project.clone(),
            service: label("service").cloned().unwrap_or_default(),
            number: label("container-number").and_then(|n| n.parse().ok()).unwrap_or(1),
            kind: if one_off { ComposeKind::OneOff } else { ComposeKind::Service },
        })
    }
}

impl fmt::Display for Compose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.project, self.service)
    }
}

/// Who else manages a container, so that replacing it would only make them replace it again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Foreign {
    /// A task of a swarm service: the service is what is updated.
    SwarmTask,
    /// A container of a Kubernetes pod.
    Kubernetes,
    /// A builder of `docker buildx`.
    BuildxBuilder,
    /// A container of a test run.
    Testcontainers,
}

impl Foreign {
    /// Recognises a foreign container by its labels and name.
    pub fn recognise(name: &ContainerName, labels: &Labels) -> Option<Self> {
        let any = |start: &str| labels.keys().any(|key| key.starts_with(start));
        let is_true = |key: &str| labels.get(key).is_some_and(|v| v.eq_ignore_ascii_case("true"));
        if any("com.docker.swarm.task") || any("com.docker.swarm.service.id") {
            Some(Self::SwarmTask)
        } else if any("io.kubernetes.") || name.as_str().starts_with("k8s_") {
            Some(Self::Kubernetes)
        } else if name.as_str().starts_with("buildx_buildkit_") {
            Some(Self::BuildxBuilder)
        } else if is_true("org.testcontainers") {
            Some(Self::Testcontainers)
        } else {
            None
        }
    }
}

impl fmt::Display for Foreign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SwarmTask => "a task of a swarm service, which the swarm replaces by itself",
            Self::Kubernetes => "a container of a Kubernetes pod, which Kubernetes manages",
            Self::BuildxBuilder => "a builder of docker buildx, which buildx manages",
            Self::Testcontainers => "a container of a test run, which the test removes",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(text: &str) -> Labels {
        let pairs = text.split_whitespace().filter_map(|pair| pair.split_once('='));
        pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
    }

    #[test]
    fn compose_labels_are_read() {
        for (text, expected) in [
            ("", None),
            ("com.docker.compose.service=web", None),
            ("com.docker.compose.project=", None),
            ("com.docker.compose.project=shop", Some(("shop", "", 1, ComposeKind::Service))),
            (
                "com.docker.compose.project=shop com.docker.compose.service=web \
                 com.docker.compose.container-number=3 com.docker.compose.oneoff=False",
                Some(("shop", "web", 3, ComposeKind::Service)),
            ),
            (
                "com.docker.compose.project=shop com.docker.compose.container-number=x \
                 com.docker.compose.oneoff=True",
                Some(("shop", "", 1, ComposeKind::OneOff)),
            ),
        ] {
            let read = Compose::read(&labels(text));
            let read = read.as_ref().map(|c| (&*c.project, &*c.service, c.number, c.kind));
            assert_eq!(read, expected, "{text}");
        }
    }

    #[test]
    fn foreign_containers_are_recognised() {
        for (name, text, expected) in [
            ("web", "", None),
            ("web", "com.docker.compose.project=shop", None),
            ("web.1.x", "com.docker.swarm.task.id=x", Some(Foreign::SwarmTask)),
            ("web.1.x", "com.docker.swarm.task=", Some(Foreign::SwarmTask)),
            ("k8s_POD_web", "", Some(Foreign::Kubernetes)),
            ("web", "io.kubernetes.pod.name=web", Some(Foreign::Kubernetes)),
            ("buildx_buildkit_default0", "", Some(Foreign::BuildxBuilder)),
            ("my_buildx_buildkit_", "", None),
            ("loud_fox", "org.testcontainers=true", Some(Foreign::Testcontainers)),
            ("loud_fox", "org.testcontainers=false", None),
        ] {
            let found = Foreign::recognise(&ContainerName::new(name), &labels(text));
            assert_eq!(found, expected, "{name} {text}");
        }
    }
}
