//! Asking a port of a new container: from here, or by a container of ours in its network.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::connect::{is_near, knock};
use crate::core::id::{ContainerId, ContainerName, ImageId, OperationId};
use crate::core::ourselves::network_parent;
use crate::core::plan::Volumes;
use crate::core::probe::Door;

use super::super::Host;
use super::super::call::{Call, in_path};
use super::super::error::DockerError;
use super::super::output::Output;

/// How long an answer is waited for.
const ANSWER: Duration = Duration::from_secs(10);
/// How long a visitor may take from its start to its end.
const VISIT: Duration = Duration::from_secs(30);
/// The image that a visitor is made of, and the program's file in it.
pub(super) type Program<'a> = (&'a ImageId, &'a str);
/// What a visitor says when it was answered well.
pub const GOOD: &str = "good";

/// Whose loopback this program has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loopback {
    /// That of the engine's host.
    OfHost,
    /// One of its own.
    Own,
}

impl Host {
    /// Returns the addresses by which a container may be reached from its host, that of whose
    /// network it shares; the loopback for one in the host's own network.
    async fn addresses(&self, inspect: &Value) -> Result<Vec<IpAddr>, DockerError> {
        let Some(other) = network_parent(inspect) else { return Ok(addresses(inspect)) };
        let other = self.inspect_container(&other).await?;
        Ok(other.as_ref().map(addresses).unwrap_or_default())
    }

    /// Says whether each of these ports of a container answers here at some address, be it with a
    /// refusal: then it can be asked from here. `loopback` says whether ours is the host's.
    pub async fn reaches(
        &self,
        inspect: &Value,
        doors: &[Door],
        loopback: Loopback,
    ) -> Result<bool, DockerError> {
        let mut addresses = self.addresses(inspect).await?;
        addresses.retain(|address| loopback == Loopback::OfHost || !address.is_loopback());
        for door in doors {
            let mut near = false;
            for address in &addresses {
                near = near || is_near(&format!("{}:{}", host(*address), door.port)).await;
            }
            if !near {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Asks a container's port from here, at one address after the other.
    pub(super) async fn ask_from_here(
        &self,
        inspect: &Value,
        door: &Door,
    ) -> Result<Result<(), String>, DockerError> {
        let mut answer = Err("it has no address".to_owned());
        for address in self.addresses(inspect).await? {
            answer = knock(&door.at(&host(address)), ANSWER).await;
            if answer.is_ok() {
                break;
            }
        }
        Ok(answer)
    }

    /// Asks a container's port by a visitor: a container of our own image in its network, which the
    /// engine removes as soon as it has ended.
    pub(super) async fn ask_from_inside(
        &self,
        id: &ContainerId,
        door: &Door,
        (program, operation): (Program<'_>, &OperationId),
    ) -> Result<Result<(), String>, DockerError> {
        let name = ContainerName::of_probe(operation);
        let name = name.as_str();
        // What a crash has left of one.
        self.discard(name, Volumes::Remove).await?;
        let body = visitor(id, door, program);
        let call = Call::post("making a container to probe with", "/containers/create");
        let made = self.transport().call(call.query("name", name).body(&body)).await?;
        let visitor = ContainerId::new(made["Id"].as_str().unwrap_or_default());
        let said = self.listen_to(&visitor).await;
        self.discard(visitor.as_str(), Volumes::Remove).await?;
        let said = said?;
        let said = said.trim();
        Ok(if said == GOOD { Ok(()) } else { Err(said.to_owned()) })
    }

    /// Starts a visitor and returns what it says.
    async fn listen_to(&self, visitor: &ContainerId) -> Result<String, DockerError> {
        let path = format!("/containers/{}", in_path(visitor.as_str()));
        let attach = Call::post("listening to a probe", &format!("{path}/attach"))
            .query("stream", "1")
            .query("stdout", "1")
            .query("stderr", "1")
            .anew();
        let stream = self.transport().open(&attach).await?;
        let start = Call::post("starting a container to probe with", &format!("{path}/start"));
        self.transport().call(start).await?;
        let mut output = Output::default();
        match timeout(VISIT, read_all(stream, &mut output)).await {
            Ok(()) => Ok(output.text()),
            Err(_) => Ok(format!("the probe did not end within {} s", VISIT.as_secs())),
        }
    }
}

/// A stream that breaks has said what it said: the visitor's word is whole or it is none.
async fn read_all(mut stream: Incoming, output: &mut Output) {
    while let Some(Ok(frame)) = stream.frame().await {
        if let Some(bytes) = frame.data_ref() {
            output.push(bytes);
        }
    }
}

fn addresses(inspect: &Value) -> Vec<IpAddr> {
    let networks = inspect["NetworkSettings"]["Networks"].as_object();
    if networks.is_some_and(|networks| networks.contains_key("host")) {
        return vec![IpAddr::V4(Ipv4Addr::LOCALHOST)];
    }
    let endpoints = networks.into_iter().flatten().map(|(_, endpoint)| endpoint);
    let fields = endpoints.flat_map(|endpoint| {
        ["IPAddress", "GlobalIPv6Address"].map(|field| endpoint[field].as_str())
    });
    fields.flatten().filter_map(|text| text.parse().ok()).collect()
}

fn host(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => format!("[{address}]"),
    }
}

fn visitor(id: &ContainerId, door: &Door, (image, program): Program<'_>) -> Value {
    json!({
        "Image": image.as_str(),
        "Entrypoint": [program],
        "Cmd": ["probe", door.at("127.0.0.1")],
        "Healthcheck": {"Test": ["NONE"]},
        "Labels": {"docker-auto.enable": "false"},
        "HostConfig": {
            "NetworkMode": format!("container:{}", id.as_str()),
            "AutoRemove": true,
            "ReadonlyRootfs": true,
            "CapDrop": ["ALL"],
            "LogConfig": {"Type": "none"},
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read() {
        for (networks, expected) in [
            (json!({"bridge": {"IPAddress": "172.17.0.2", "GlobalIPv6Address": ""}}), "172.17.0.2"),
            (json!({"host": {"IPAddress": ""}}), "127.0.0.1"),
            (json!({"none": {"IPAddress": ""}}), ""),
            (
                json!({"a": {"IPAddress": "10.0.0.2", "GlobalIPv6Address": "fd00::2"},
                    "b": {"IPAddress": "10.1.0.2"}}),
                "10.0.0.2 fd00::2 10.1.0.2",
            ),
            (Value::Null, ""),
        ] {
            let inspect = json!({"NetworkSettings": {"Networks": networks}});
            let found: Vec<_> = addresses(&inspect).iter().map(ToString::to_string).collect();
            assert_eq!(found.join(" "), expected);
        }
    }
}
