//! The other tools, and how their containers and variables are recognised.

use std::fmt;

use serde::Serialize;

/// A tool that keeps containers up to date, or watches them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Tool {
    /// Watchtower, of any of its three lineages.
    Watchtower,
    /// What's up Docker.
    #[serde(rename = "WUD")]
    Wud,
    /// drydock, which understands what WUD does.
    #[serde(rename = "drydock")]
    Drydock,
    /// diun.
    #[serde(rename = "diun")]
    Diun,
    /// cup.
    #[serde(rename = "cup")]
    Cup,
    /// Ouroboros.
    Ouroboros,
    /// watch-docker.
    #[serde(rename = "watch-docker")]
    WatchDocker,
}

/// The tools with their names, the repositories of their images and the beginnings of their variables.
const TOOLS: [(Tool, &str, &[&str], &str); 7] = [
    (Tool::Watchtower, "Watchtower", &["watchtower"], "WATCHTOWER_"),
    (Tool::Wud, "WUD", &["wud", "whatsupdocker", "whats-up-docker"], "WUD_"),
    (Tool::Drydock, "drydock", &["drydock"], "DD_"),
    (Tool::Diun, "diun", &["diun"], "DIUN_"),
    (Tool::Cup, "cup", &["cup"], "CUP_"),
    (Tool::Ouroboros, "Ouroboros", &["ouroboros"], ""),
    (Tool::WatchDocker, "watch-docker", &["watch-docker", "watchdocker"], "WATCH_"),
];

/// Variables that no tool has invented, and that are called the same here: libraries read them, in
/// whichever tool. The other names of ours mean nothing to a tool of somebody else.
const EVERYBODYS: [&str; 9] = [
    "TZ",
    "DOCKER_HOST",
    "DOCKER_TLS_VERIFY",
    "DOCKER_CERT_PATH",
    "DOCKER_CONFIG",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "NO_COLOR",
];

impl Tool {
    /// Returns the tool that an image is of: the last part of its repository names it.
    pub fn of_image(image: &str) -> Option<Self> {
        let name = image.split('@').next().unwrap_or(image);
        let last = name.rsplit('/').next().unwrap_or(name);
        let last = last.split(':').next().unwrap_or(last).to_ascii_lowercase();
        let found = TOOLS.iter().find(|(_, _, images, _)| images.contains(&last.as_str()));
        found.map(|(tool, ..)| *tool)
    }

    /// Returns the tool that a variable's name begins like.
    pub fn of_variable(name: &str) -> Option<Self> {
        let mut named = TOOLS.iter().filter(|(.., prefix)| !prefix.is_empty());
        let found = named.find(|(.., prefix)| name.starts_with(prefix));
        found.map(|(tool, ..)| *tool).or(match name {
            "REPO_USER" | "REPO_PASS" => Some(Self::Watchtower),
            _ => None,
        })
    }

    /// Says whether a variable of ours tells it something, too: all do where it is our forerunner.
    pub fn shares(self, name: &str) -> bool {
        let proxy = name.ends_with("_proxy").then(|| name.to_ascii_uppercase());
        self == Self::WatchDocker || EVERYBODYS.contains(&proxy.as_deref().unwrap_or(name))
    }
}

impl fmt::Display for Tool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let found = TOOLS.iter().find(|(tool, ..)| tool == self);
        f.write_str(found.map_or("", |(_, name, ..)| name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tools_are_recognised_by_their_images() {
        for (image, expected) in [
            ("containrrr/watchtower", Some(Tool::Watchtower)),
            ("ghcr.io/nicholas-fedor/watchtower:1.21", Some(Tool::Watchtower)),
            ("registry.example:5000/watchtower@sha256:00", Some(Tool::Watchtower)),
            ("getwud/wud:8", Some(Tool::Wud)),
            ("fmartinou/whats-up-docker", Some(Tool::Wud)),
            ("codeswhat/drydock", Some(Tool::Drydock)),
            ("crazymax/diun:latest", Some(Tool::Diun)),
            ("ghcr.io/sergi0g/cup", Some(Tool::Cup)),
            ("pyouroboros/ouroboros", Some(Tool::Ouroboros)),
            ("jianxcao/watch-docker", Some(Tool::WatchDocker)),
            ("nginx", None),
            ("example/cups:1", None),
            ("watchtower/nginx", None),
        ] {
            assert_eq!(Tool::of_image(image), expected, "{image}");
        }
        assert_eq!(Tool::of_variable("WATCHTOWER_X"), Some(Tool::Watchtower));
        assert_eq!(Tool::of_variable("REPO_PASS"), Some(Tool::Watchtower));
        assert_eq!(Tool::of_variable("PATH"), None);
        assert_eq!(Tool::Drydock.to_string(), "drydock");
    }
}
