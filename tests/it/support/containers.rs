//! What tests do with containers on a host, each in one call.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE;
use serde_json::{Value, json};

use super::engine::Host;
use super::http::{self, Question};
use super::scene::PATIENCE;
use super::wait::{wait_for, wait_until};

impl Host {
    /// Creates a container from a body of the API and starts it; returns its id.
    #[track_caller]
    pub(crate) fn create_and_start(&self, name: &str, body: &Value) -> String {
        let created = self.post(&format!("/containers/create?name={name}"), body);
        self.post(&format!("/containers/{name}/start"), &json!({}));
        created["Id"].as_str().expect("an engine answers with the id").to_owned()
    }

    /// Returns what the engine knows of a container.
    #[track_caller]
    pub(crate) fn inspect(&self, name: &str) -> Value {
        self.get(&format!("/containers/{name}/json"))
    }

    /// Returns the id of an image.
    #[track_caller]
    pub(crate) fn image_id(&self, reference: &str) -> String {
        let image = self.get(&format!("/images/{reference}/json"));
        image["Id"].as_str().expect("an image has an id").to_owned()
    }

    /// Pulls an image.
    #[track_caller]
    pub(crate) fn pull(&self, reference: &str) {
        self.pull_with(reference, &[]);
    }

    /// Pulls an image that needs credentials.
    #[track_caller]
    pub(crate) fn pull_as(&self, reference: &str, user: &str, password: &str) {
        let login = json!({"username": user, "password": password}).to_string();
        self.pull_with(reference, &[("X-Registry-Auth", &URL_SAFE.encode(login))]);
    }

    #[track_caller]
    fn pull_with(&self, reference: &str, headers: &[(&str, &str)]) {
        let image = encoded(reference);
        let path = format!("/v{}/images/create?fromImage={image}", self.engine.api());
        let question = Question { method: "POST", headers, ..Question::get(&path) };
        let mut tries = 0..5;
        loop {
            let answer = http::ask_unix(&self.socket, question)
                .unwrap_or_else(|error| panic!("pull {reference}: {error}"));
            let text = answer.text();
            // The status is sent before the work is done, so an error stands in the stream.
            if answer.status == 200 && !text.contains("\"error\"") {
                return;
            }
            assert!(tries.next().is_some() && outrun(&text), "pull {reference}: {text}");
        }
    }

    /// Waits until a container's health is `status`.
    #[track_caller]
    pub(crate) fn wait_health(&self, name: &str, status: &str) {
        wait_until(&format!("{name} is {status}"), Duration::from_secs(30), || {
            self.inspect(name)["State"]["Health"]["Status"] == status
        });
    }

    /// Returns the name and state of all containers whose names begin with `prefix`, by name.
    pub(crate) fn names(&self, prefix: &str) -> Vec<(String, String)> {
        let mut found = Vec::new();
        for container in list(&self.get("/containers/json?all=1")) {
            let state = text(&container["State"]);
            for name in list(&container["Names"]) {
                // A name with a second slash is a link from another container.
                let name = text(&name).trim_start_matches('/').to_owned();
                if name.starts_with(prefix) && !name.contains('/') {
                    found.push((name, state.clone()));
                }
            }
        }
        found.sort();
        found
    }

    /// Removes all containers, networks and volumes whose names begin with `prefix`.
    pub(crate) fn remove_all(&self, prefix: &str) {
        for (name, _) in self.names(prefix) {
            // One that a test renames or removes at the same time is gone as well.
            self.request("DELETE", &format!("/containers/{name}?force=1&v=1"), None);
        }
        for network in list(&self.get("/networks")) {
            let name = text(&network["Name"]);
            if name.starts_with(prefix) {
                self.request("DELETE", &format!("/networks/{name}"), None);
            }
        }
        for volume in list(&self.get("/volumes")["Volumes"]) {
            let name = text(&volume["Name"]);
            if name.starts_with(prefix) {
                self.request("DELETE", &format!("/volumes/{name}?force=1"), None);
            }
        }
    }

    /// Runs a command in a container that has to succeed; returns what it prints.
    #[track_caller]
    pub(crate) fn exec(&self, name: &str, command: &[&str]) -> String {
        let (code, output) = self.exec_to_end(name, command);
        assert!(code == 0, "{command:?} in {name}: {code} {output}");
        output
    }

    /// Runs a command that has to succeed and changes nothing in a container that has a shell; returns
    /// all that it prints.
    #[track_caller]
    pub(crate) fn read_in(&self, name: &str, command: &[&str]) -> String {
        let (code, output) = wait_for(&format!("all that {command:?} prints"), PATIENCE, || {
            self.try_read_in(name, command)
        });
        assert!(code == 0, "{command:?} in {name}: {code} {output}");
        output
    }

    /// Runs a command that changes nothing in a container that has a shell; returns its exit code and
    /// all that it prints; nothing if the container does not run, or if the end of the text is missing:
    /// two seconds after a command an engine gives up on what it has not passed on yet.
    pub(crate) fn try_read_in(&self, name: &str, command: &[&str]) -> Option<(Value, String)> {
        let marked = r#"exec 2>&1; "$@"; code=$?; echo; echo END; exit $code"#;
        let (code, output) = self.run_in(name, &[&["sh", "-c", marked, "sh"], command].concat())?;
        Some((code, output.strip_suffix("\nEND\n")?.to_owned()))
    }

    /// Runs a command that changes nothing in a container until it succeeds and prints some words.
    #[track_caller]
    pub(crate) fn wait_printed(&self, name: &str, command: &[&str], words: &str) {
        wait_until(&format!("{command:?} in {name} prints {words:?}"), PATIENCE, || {
            let ran = self.run_in(name, command);
            ran.is_some_and(|(code, output)| code == 0 && output.contains(words))
        });
    }

    /// Runs a command in a container; returns its exit code and what it prints.
    #[track_caller]
    pub(crate) fn exec_to_end(&self, name: &str, command: &[&str]) -> (i64, String) {
        let ran = self.run_in(name, command);
        let (code, output) = ran.unwrap_or_else(|| panic!("{name} runs nothing"));
        (code.as_i64().expect("a command that ended has an exit code"), output)
    }

    /// Runs a command in a container; returns its exit code, `null` if it did not end by itself, and
    /// what it prints; nothing if the container does not run.
    pub(crate) fn run_in(&self, name: &str, command: &[&str]) -> Option<(Value, String)> {
        let body = json!({"AttachStdout": true, "AttachStderr": true, "Cmd": command});
        let (status, created) =
            self.request("POST", &format!("/containers/{name}/exec"), Some(&body));
        let id = (status == 201).then(|| text(&created["Id"]))?;
        let begin = json!({"Detach": false, "Tty": false});
        let output = self.ask("POST", &format!("/exec/{id}/start"), Some(&begin));
        let (_, ended) = self.request("GET", &format!("/exec/{id}/json"), None);
        (output.status == 200).then(|| (ended["ExitCode"].clone(), unframed(&output.body)))
    }

    /// Returns what a container has logged.
    #[track_caller]
    pub(crate) fn logs(&self, name: &str) -> String {
        let answer = self.ask("GET", &format!("/containers/{name}/logs?stdout=1&stderr=1"), None);
        assert!(answer.status == 200, "logs of {name}: {}", answer.text());
        unframed(&answer.body)
    }
}

/// Removes everything with a prefix from a host when it is dropped.
#[derive(Debug)]
pub(crate) struct Cleanup<'a> {
    pub(crate) host: &'a Host,
    pub(crate) prefix: &'a str,
}

impl Drop for Cleanup<'_> {
    fn drop(&mut self) {
        self.host.remove_all(self.prefix);
    }
}

/// Returns the text of a stream in which the engine marks standard output and error by frames.
fn unframed(mut stream: &[u8]) -> String {
    let mut text = Vec::new();
    while let Some((head, rest)) = stream.split_first_chunk::<8>() {
        let [_, _, _, _, length @ ..] = *head;
        let length = u32::from_be_bytes(length) as usize;
        let (part, following) = rest.split_at(length.min(rest.len()));
        text.extend_from_slice(part);
        stream = following;
    }
    String::from_utf8_lossy(&text).into_owned()
}

/// Says whether a pull failed as what it was about to use went with an image that another test removed.
fn outrun(text: &str) -> bool {
    let gone = text.contains("not found") || text.contains("does not exist");
    gone && ["snapshot", "content digest"].iter().any(|what| text.contains(what))
}

fn encoded(reference: &str) -> String {
    reference.replace('/', "%2F").replace(':', "%3A").replace('@', "%40")
}

fn list(value: &Value) -> Vec<Value> {
    value.as_array().cloned().unwrap_or_default()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
