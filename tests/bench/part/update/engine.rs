//! A real engine over its unix socket: just the calls that the outage of an update needs.

use crate::fault::{Fault, while_doing};
use crate::plain_http::{self, over_unix};
use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The label of everything that the benchmark makes.
pub(crate) const LABEL: &str = "docker-auto-bench";

/// An engine.
pub(crate) struct Engine {
    pub(crate) socket: PathBuf,
}

/// What an engine says has happened to a container.
pub(crate) struct Event {
    pub(crate) action: String,
    /// Since 1970.
    pub(crate) time: Duration,
}

impl Engine {
    /// Finds the engine: `LAB_HOST_NEW`, else `DOCKER_HOST`.
    pub(crate) fn find() -> Result<Self, Fault> {
        let host = std::env::var_os("LAB_HOST_NEW")
            .or_else(|| std::env::var_os("DOCKER_HOST"))
            .ok_or("needs a real engine: set DOCKER_HOST to unix://…")?;
        let host = host.into_string().map_err(|_| "DOCKER_HOST is no text")?;
        if host.contains("://") && !host.starts_with("unix://") {
            return Err("needs an engine on a unix socket".into());
        }
        Ok(Self { socket: PathBuf::from(host.trim_start_matches("unix://")) })
    }

    /// Returns the engine's version.
    pub(crate) fn version(&self) -> Result<String, Fault> {
        let version = self.ask("GET", "/version", None)?;
        Ok(version["Version"].as_str().unwrap_or("unknown").to_owned())
    }

    /// Pulls `registry/repository:tag`.
    pub(crate) fn pull(&self, image: &str, tag: &str) -> Result<(), Fault> {
        let path = format!("/images/create?fromImage={image}&tag={tag}");
        let request = plain_http::post(&path, "");
        let answer = over_unix(&self.socket, &request)?;
        let said = String::from_utf8_lossy(&answer.body).into_owned();
        if answer.status != 200 || said.contains("\"error\"") {
            let last = said.lines().last().unwrap_or_default();
            return Err(format!("pulling {image}: {last}").into());
        }
        Ok(())
    }

    /// Creates and starts a container of a page server with a published port.
    pub(crate) fn run(&self, name: &str, image: &str, port: u16) -> Result<(), Fault> {
        let body = json!({
            "Image": image,
            "Labels": { LABEL: name },
            "ExposedPorts": { "8080/tcp": {} },
            "HostConfig": { "PortBindings": { "8080/tcp": [{ "HostPort": port.to_string() }] } },
        });
        self.ask("POST", &format!("/containers/create?name={name}"), Some(&body))?;
        self.ask("POST", &format!("/containers/{name}/start"), None).map(drop)
    }

    /// Restarts a container as `docker restart` does.
    pub(crate) fn restart(&self, name: &str) -> Result<(), Fault> {
        self.ask("POST", &format!("/containers/{name}/restart?t=10"), None).map(drop)
    }

    /// Removes all containers and images of the benchmark, also those of a run that was ended.
    pub(crate) fn sweep(&self) -> Result<(), Fault> {
        let filter = format!("filters=%7B%22label%22%3A%5B%22{LABEL}%22%5D%7D");
        let containers = self.ask("GET", &format!("/containers/json?all=1&{filter}"), None)?;
        for id in identifiers(&containers) {
            self.ask("DELETE", &format!("/containers/{id}?force=1&v=1"), None)?;
        }
        let images = self.ask("GET", &format!("/images/json?all=1&{filter}"), None)?;
        for id in identifiers(&images) {
            self.ask("DELETE", &format!("/images/{id}?force=1"), None)?;
        }
        Ok(())
    }

    /// Returns the events of a container of the benchmark, from now on and for ever.
    pub(crate) fn events(
        &self,
        name: &str,
    ) -> Result<impl Iterator<Item = Event> + Send + use<>, Fault> {
        let filter = format!(
            "%7B%22label%22%3A%5B%22{LABEL}%3D{name}%22%5D%2C%22type%22%3A%5B%22container%22%5D%7D"
        );
        let mut stream = self.connect()?;
        let request = plain_http::request("GET", &format!("/events?filters={filter}"));
        stream.write_all(request.as_bytes())?;
        let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
        // The engine answers as soon as it listens for events; after that none is missed.
        lines.by_ref().find(String::is_empty).ok_or("the engine tells no events")?;
        Ok(lines.filter_map(|line| event(&line)))
    }

    fn connect(&self) -> Result<UnixStream, Fault> {
        let doing = format!("connecting to {}", self.socket.display());
        UnixStream::connect(&self.socket).map_err(while_doing(&doing))
    }

    fn ask(&self, method: &str, path: &str, body: Option<&Value>) -> Result<Value, Fault> {
        let request = match (method, body) {
            ("POST", body) => {
                plain_http::post(path, &body.map_or_else(String::new, Value::to_string))
            }
            (method, _) => plain_http::request(method, path),
        };
        let answer = over_unix(&self.socket, &request)?;
        let body = String::from_utf8_lossy(&answer.body).into_owned();
        if answer.status >= 400 {
            return Err(format!("{method} {path}: {} {}", answer.status, body.trim()).into());
        }
        Ok(serde_json::from_str(&body).unwrap_or(Value::Null))
    }
}

/// Returns the address where an engine publishes ports.
pub(crate) fn published_at(socket: &Path, given: Option<&str>) -> String {
    if let Some(given) = given {
        return given.to_owned();
    }
    // An engine of the lab has a network of its own and its last number beside its socket.
    let number = std::fs::read_to_string(socket.with_file_name("address")).unwrap_or_default();
    let lab = std::env::var_os("LAB_ADDRESS").and_then(|lab| lab.into_string().ok());
    match lab.as_deref().and_then(|lab| lab.rsplit_once('.')) {
        Some((network, _)) if !number.is_empty() => format!("{network}.{}", number.trim()),
        _ => "127.0.0.1".to_owned(),
    }
}

fn identifiers(list: &Value) -> Vec<String> {
    let list = list.as_array().map_or(&[][..], Vec::as_slice);
    list.iter().filter_map(|entry| entry["Id"].as_str().map(str::to_owned)).collect()
}

fn event(line: &str) -> Option<Event> {
    let value: Value = serde_json::from_str(line).ok()?;
    let time = Duration::from_nanos(value["timeNano"].as_u64()?);
    Some(Event { action: value["Action"].as_str()?.to_owned(), time })
}
