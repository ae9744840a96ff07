//! Probes: what a new container is asked besides its healthcheck before it counts.

use std::fmt;
use std::time::Duration;

use regex::RegexBuilder;
use serde::{Deserialize, Serialize};

use crate::core::compose::Labels;
use crate::core::duration;
use crate::core::hook;
use crate::core::id::{ContainerId, ImageId};

/// The label of the command that must succeed inside the container.
pub const EXEC: &str = "docker-auto.health.exec";
/// The label of the port that must accept connections.
pub const TCP: &str = "docker-auto.health.tcp";
/// The label of the port and path that must answer well.
pub const HTTP: &str = "docker-auto.health.http";
/// The label of the pattern that a line of the log must match.
pub const LOG: &str = "docker-auto.health.log";
/// The label of how long it must stay good.
pub const SOAK: &str = "docker-auto.health.soak";

/// What a pattern may take in memory.
const PATTERN_BYTES: usize = 1 << 20;

/// One question; it is asked again until it is answered well.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "probe", rename_all = "snake_case")]
pub enum Probe {
    /// A command inside the container ends with 0.
    Exec {
        /// The command and its arguments.
        command: Vec<String>,
    },
    /// A line that it has logged since its start matches.
    Log {
        /// A regular expression.
        pattern: String,
    },
    /// A port of it answers.
    Port {
        /// What is asked there.
        #[serde(flatten)]
        door: Door,
        /// Where it is asked from.
        from: Vantage,
    },
    /// The docker-auto in it has said that it serves.
    Ready,
}

/// What a docker-auto says when it serves: which container it is in, and since when that runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ready {
    /// The container.
    pub container: ContainerId,
    /// The start that it speaks of, as the engine prints it.
    pub started_at: String,
}

/// What is asked of a port.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Door {
    /// The port, inside the container.
    pub port: u16,
    /// The path of an HTTP request that must be answered with a status below 400; without one it is
    /// enough that a connection is accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
}

/// Where a port is asked from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "vantage", rename_all = "snake_case")]
pub enum Vantage {
    /// From where this program is: it reaches the container's addresses.
    Here,
    /// From the container's own network, where a container of this program's image is started.
    Inside {
        /// The image.
        image: ImageId,
        /// The program's file in it.
        program: String,
    },
}

impl Door {
    /// Returns what labels ask of ports; what cannot be read is a problem told elsewhere.
    pub fn of(labels: &Labels) -> Vec<Self> {
        let tcp = labels.get(TCP).and_then(|text| port(text).ok());
        let tcp = tcp.map(|port| Self { port, path: None });
        let http = labels.get(HTTP).and_then(|text| page(text).ok());
        tcp.into_iter().chain(http).collect()
    }

    /// Returns it as a URL, `tcp://HOST:PORT` or `http://HOST:PORT/PATH`.
    pub fn at(&self, host: &str) -> String {
        match &self.path {
            Some(path) => format!("http://{host}:{}{path}", self.port),
            None => format!("tcp://{host}:{}", self.port),
        }
    }
}

impl fmt::Display for Door {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.path {
            Some(path) => write!(f, "port {} answers {path}", self.port),
            None => write!(f, "port {} accepts connections", self.port),
        }
    }
}

/// Reads a port.
pub fn port(text: &str) -> Result<u16, String> {
    let port = text.trim().parse().ok().filter(|port| *port != 0);
    port.ok_or_else(|| "write a port of the container from 1 to 65535, such as 5432".to_owned())
}

/// Reads a port and a path.
pub fn page(text: &str) -> Result<Door, String> {
    const CURE: &str = "write the port of the container and a path, such as 8080/health";
    let (number, path) = text.trim().split_once('/').unwrap_or((text, ""));
    let port = port(number).map_err(|_| CURE.to_owned())?;
    let path = format!("/{path}");
    let plain = path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#');
    if plain { Ok(Door { port, path: Some(path) }) } else { Err(CURE.to_owned()) }
}

impl fmt::Display for Probe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exec { command } => write!(f, "`{}` succeeds in it", command.join(" ")),
            Self::Log { pattern } => write!(f, "it logs a line like {pattern}"),
            Self::Ready => f.write_str("docker-auto says that it serves"),
            Self::Port { door, .. } => door.fmt(f),
        }
    }
}

/// Returns the probes that labels ask for, with ports asked from somewhere; what cannot be read is a
/// problem told elsewhere.
pub fn probes(labels: &Labels, from: &Vantage) -> Vec<Probe> {
    let command = |text: &String| hook::command(text).ok().map(|command| Probe::Exec { command });
    let pattern = |text: &String| pattern(text).ok().map(|_| Probe::Log { pattern: text.clone() });
    let exec = labels.get(EXEC).and_then(command);
    let log = labels.get(LOG).and_then(pattern);
    let ports = Door::of(labels).into_iter().map(|door| Probe::Port { door, from: from.clone() });
    exec.into_iter().chain(log).chain(ports).collect()
}

/// Returns how long labels say that it must stay good.
pub fn soak(labels: &Labels) -> Duration {
    labels.get(SOAK).and_then(|text| duration::parse(text).ok()).unwrap_or_default()
}

/// Reads a regular expression.
pub fn pattern(text: &str) -> Result<Pattern, String> {
    if text.is_empty() {
        return Err("write a regular expression such as `ready to accept connections`".to_owned());
    }
    let pattern = RegexBuilder::new(text).size_limit(PATTERN_BYTES).build();
    pattern.map(Pattern).map_err(|error| format!("write a regular expression: {error}"))
}

/// A pattern that a line of a log must match.
#[derive(Clone, Debug)]
pub struct Pattern(regex::Regex);

impl Pattern {
    /// Says whether any line of a text matches.
    pub fn matches_a_line_of(&self, text: &str) -> bool {
        text.lines().any(|line| self.0.is_match(line))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_make_probes() {
        let labels = |pairs: &[(&str, &str)]| {
            let owned = pairs.iter().map(|(name, value)| ((*name).into(), (*value).into()));
            owned.collect::<Labels>()
        };
        let here = Vantage::Here;
        let bad = [(EXEC, "[]"), (LOG, "("), (SOAK, "long"), (TCP, "0"), (HTTP, "x/")];
        assert_eq!(probes(&labels(&bad), &here), []);
        assert_eq!(soak(&labels(&[(SOAK, "long")])), Duration::ZERO);
        let all = labels(&[(EXEC, "[\"/up\", \"-q\"]"), (LOG, "^up$"), (SOAK, "2m")]);
        let shown = |labels: &Labels| {
            probes(labels, &here).iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(shown(&all), ["`/up -q` succeeds in it", "it logs a line like ^up$"]);
        let ports = labels(&[(TCP, "22"), (HTTP, "80/a?b=c")]);
        assert_eq!(shown(&ports), ["port 22 accepts connections", "port 80 answers /a?b=c"]);
        assert_eq!(soak(&all).as_secs(), 120);
    }

    #[test]
    fn ports_and_pages_are_read() {
        for (text, url) in [
            ("8080/health", "http://10.0.0.1:8080/health"),
            (" 80/ ", "http://10.0.0.1:80/"),
            ("80", "http://10.0.0.1:80/"),
        ] {
            assert_eq!(page(text).unwrap().at("10.0.0.1"), url);
        }
        let tcp = Door { port: port(" 22").unwrap(), path: None };
        assert_eq!(tcp.at("[fd00::1]"), "tcp://[fd00::1]:22");
        for text in ["", "0", "65536", "-1", "http", "80/a b", "80/ä", "80/a#b", ":80/", "0/"] {
            assert!(page(text).unwrap_err().contains("such as 8080/health"), "{text}");
        }
        for text in ["", "0", "65536", "80/", "x"] {
            assert!(port(text).unwrap_err().contains("1 to 65535"), "{text}");
        }
    }

    #[test]
    fn lines_are_matched() {
        for (text, log, expected) in [
            ("ready", "starting\nready to serve\n", true),
            ("^ready$", "not ready\nready now\n", false),
            ("^ready$", "a\r\nready\r\nb", true),
            (r"port \d+", "port x\nPORT 80", false),
            (r"(?i)port \d+", "port x\nPORT 80", true),
            ("ready", "", false),
        ] {
            let found = pattern(text).unwrap().matches_a_line_of(log);
            assert_eq!(found, expected, "{text} in {log:?}");
        }
        for text in ["", "(", "a{1000}{1000}{1000}"] {
            assert!(pattern(text).unwrap_err().contains("write a regular expression"), "{text}");
        }
    }
}
