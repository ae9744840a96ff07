//! docker-auto's own container: what stands against replacing it, and the helper that does it.

use std::fmt;
use std::path::Path;

use serde_json::{Map, Value, json};

use crate::core::id::{ContainerId, OperationId};
use crate::core::plan::blueprint::{Making, Removal};
use crate::core::recreate::OPERATION_LABEL;

/// The label of a helper, which names its operation.
pub const HELPER_LABEL: &str = "docker-auto.internal.helper";

/// The helper's command.
pub const HELPER_COMMAND: &str = "self-swap";

/// The variable that names the configuration file.
pub const CONFIGURATION: &str = "DOCKER_AUTO_CONFIG";

/// Why docker-auto cannot replace its own container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// It is not the server, which the helper could replace.
    NoServer,
    /// The engine removes it when it stops.
    AutoRemove,
    /// The helper could not go on with the journal.
    Data,
    /// The helper could not reach the engine.
    Access,
    /// The helper would look for the engine in a network of its own.
    Loopback,
    /// It cannot be told from others.
    Unclear,
}

impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoServer => {
                "docker-auto runs in it and replaces itself only as a server: ask the one that \
                 serves, or pull the new image and recreate it by hand"
            }
            Self::AutoRemove => {
                "docker-auto runs in it and would be gone once it is stopped (--rm): run it without \
                 --rm"
            }
            Self::Data => {
                "docker-auto runs in it and keeps its data in the container itself, where the helper \
                 that replaces it cannot see them: put DOCKER_AUTO_DATA on a volume"
            }
            Self::Access => {
                "docker-auto runs in it and reaches Docker through a file that is in no volume or \
                 bind, so that the helper that replaces it could not: mount the socket, or the folder \
                 of the certificates"
            }
            Self::Loopback => {
                "docker-auto runs in it and reaches Docker at a port of its own container, where the \
                 helper that replaces it would find nothing: let DOCKER_HOST name another container, \
                 or mount the socket"
            }
            Self::Unclear => {
                "docker-auto may run in it or in another one that shares its network, and cannot tell \
                 which: give docker-auto a network of its own, or pull the new image and recreate it \
                 by hand"
            }
        })
    }
}

/// A path, in the ways in which it can be written.
pub type Place = Vec<String>;

/// What the program needs of its container, and a helper of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Needs {
    /// Where its data are.
    pub data: Place,
    /// The files through which it reaches the engine.
    pub access: Vec<Place>,
    /// Whether it reaches the engine at a loopback address.
    pub loopback: bool,
}

/// Returns what stands against replacing the container that a server runs in.
pub fn obstacle(inspect: &Value, needs: &Needs) -> Option<Obstacle> {
    let shared = |place: &Place| place.iter().any(|path| is_shared(inspect, path));
    if Removal::of(inspect) == Removal::Automatic {
        Some(Obstacle::AutoRemove)
    } else if !shared(&needs.data) {
        Some(Obstacle::Data)
    } else if !needs.access.iter().all(shared) {
        Some(Obstacle::Access)
    } else if needs.loopback && !lives_elsewhere(inspect) {
        Some(Obstacle::Loopback)
    } else {
        None
    }
}

/// Returns the container whose network a container lives in.
pub fn network_parent(inspect: &Value) -> Option<ContainerId> {
    let mode = inspect.pointer("/HostConfig/NetworkMode").and_then(Value::as_str)?;
    mode.strip_prefix("container:").map(ContainerId::new)
}

/// Says whether a container has the network of the host or of another container, as its helper will.
fn lives_elsewhere(inspect: &Value) -> bool {
    let mode = inspect.pointer("/HostConfig/NetworkMode").and_then(Value::as_str);
    mode == Some("host") || network_parent(inspect).is_some()
}

/// Says whether a path is in a volume or bind, which another container can have as well.
fn is_shared(inspect: &Value, path: &str) -> bool {
    let mounts = inspect.get("Mounts").and_then(Value::as_array).into_iter().flatten();
    let mounts = mounts.filter_map(|mount| {
        let kind = mount.get("Type")?.as_str()?;
        Some((mount.get("Destination")?.as_str()?, matches!(kind, "volume" | "bind")))
    });
    let tmpfs = inspect.pointer("/HostConfig/Tmpfs").and_then(Value::as_object);
    let tmpfs = tmpfs.into_iter().flatten().map(|(path, _)| (path.as_str(), false));
    let around = mounts.chain(tmpfs).filter(|(folder, _)| is_inside(path, folder));
    let innermost = around.max_by_key(|(folder, _)| folder.trim_end_matches('/').len());
    innermost.is_some_and(|(_, shared)| shared)
}

fn is_inside(path: &str, folder: &str) -> bool {
    let rest = path.strip_prefix(folder.trim_end_matches('/'));
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// What a helper must not have of its model: it is no service, and must not be taken for one.
const NOT_THE_HELPERS: [&str; 7] = [
    "Domainname",
    "ExposedPorts",
    "Hostname",
    "MacAddress",
    "NetworkingConfig",
    "StopSignal",
    "StopTimeout",
];

/// What the helper runs.
#[derive(Clone, Copy, Debug)]
pub struct Program<'a> {
    /// The image that runs now, by its ID.
    pub image: &'a str,
    /// The program's file in it.
    pub path: &'a str,
    /// The configuration file, which an argument may have named.
    pub configuration: Option<&'a Path>,
}

/// Returns how the helper is made: as docker-auto itself, but for what makes that a service.
pub fn helper(own: &Making, program: &Program<'_>, operation: &OperationId) -> Making {
    let mut body = own.body.as_object().cloned().unwrap_or_default();
    let networks = body.get("NetworkingConfig").map(plain_networks);
    body.retain(|field, _| !NOT_THE_HELPERS.contains(&field.as_str()));
    body.insert("Image".into(), program.image.into());
    body.insert("Entrypoint".into(), json!([program.path]));
    if let Some(file) = program.configuration {
        name_configuration(&mut body, file);
    }
    body.insert("Cmd".into(), json!([HELPER_COMMAND, "--operation", operation]));
    body.insert("Healthcheck".into(), json!({"Test": ["NONE"]}));
    body.insert("Labels".into(), json!({(OPERATION_LABEL): operation, (HELPER_LABEL): operation}));
    if let Some(networks) = networks {
        body.insert("NetworkingConfig".into(), networks);
    }
    if let Some(host) = body.get_mut("HostConfig").and_then(Value::as_object_mut) {
        disarm(host);
    }
    let plain = |(network, endpoint): &(String, Value)| (network.clone(), plain_endpoint(endpoint));
    Making {
        body: body.into(),
        platform: own.platform.clone(),
        connects: own.connects.iter().map(plain).collect(),
        files: own.files.clone(),
    }
}

fn name_configuration(body: &mut Map<String, Value>, file: &Path) {
    let name = format!("{CONFIGURATION}=");
    let before = body.get("Env").and_then(Value::as_array).into_iter().flatten();
    let others = before.filter(|it| it.as_str().is_none_or(|it| !it.starts_with(&name)));
    let set = format!("{name}{}", file.display()).into();
    let all: Vec<Value> = others.cloned().chain([set]).collect();
    body.insert("Env".into(), all.into());
}

/// Without ports, and up again whatever happens until it removes itself.
fn disarm(host: &mut Map<String, Value>) {
    for field in ["AutoRemove", "PortBindings", "PublishAllPorts"] {
        host.remove(field);
    }
    host.insert("RestartPolicy".into(), json!({"Name": "always"}));
}

fn plain_networks(config: &Value) -> Value {
    let endpoints = config.get("EndpointsConfig").and_then(Value::as_object);
    let endpoints = endpoints.into_iter().flatten();
    let endpoints =
        endpoints.map(|(network, endpoint)| (network.clone(), plain_endpoint(endpoint)));
    json!({"EndpointsConfig": endpoints.collect::<Map<_, _>>()})
}

/// Addresses and names are the service's; how others are called is of use to the helper, too.
fn plain_endpoint(endpoint: &Value) -> Value {
    let links = endpoint.get("Links").filter(|links| !links.is_null());
    links.map_or_else(|| json!({}), |links| json!({"Links": links}))
}

#[cfg(test)]
mod tests {
    use crate::core::carry::{Carried, Nature};
    use crate::core::digest::Platform;

    use super::*;

    fn needs(data: &[&str], access: &[&str]) -> Needs {
        let place = |paths: &[&str]| paths.iter().map(|path| (*path).to_owned()).collect();
        let access = if access.is_empty() { Vec::new() } else { vec![place(access)] };
        Needs { data: place(data), access, loopback: false }
    }

    #[test]
    fn its_own_loopback_is_not_the_helpers() {
        let needs = Needs { loopback: true, ..needs(&["/data"], &[]) };
        let mounts = json!([{"Type": "volume", "Destination": "/data"}]);
        for (mode, expected) in [
            ("bridge", Some(Obstacle::Loopback)),
            ("default", Some(Obstacle::Loopback)),
            ("host", None),
            ("container:1", None),
        ] {
            let inspect = json!({"Mounts": mounts, "HostConfig": {"NetworkMode": mode}});
            assert_eq!(obstacle(&inspect, &needs), expected, "{mode}");
        }
    }

    #[test]
    fn what_stands_against_it_is_named() {
        let socket = ["/var/run/docker.sock", "/run/docker.sock"];
        let mount = |kind: &str, path: &str| json!({"Type": kind, "Destination": path});
        let bind = || mount("bind", "/var/run/docker.sock");
        for (mounts, tmpfs, needs, expected) in [
            (vec![mount("volume", "/data"), bind()], "", needs(&["/data"], &socket), None),
            (vec![mount("bind", "/"), bind()], "", needs(&["/data"], &socket), None),
            (vec![mount("volume", "/data/"), bind()], "", needs(&["/data/x"], &[]), None),
            (vec![mount("volume", "/data")], "", needs(&["/data"], &[]), None),
            (
                vec![mount("volume", "/dat"), bind()],
                "",
                needs(&["/data"], &[]),
                Some(Obstacle::Data),
            ),
            (vec![bind()], "", needs(&["/data"], &socket), Some(Obstacle::Data)),
            (vec![mount("tmpfs", "/data")], "", needs(&["/data"], &[]), Some(Obstacle::Data)),
            (
                vec![mount("volume", "/data")],
                "/data/x",
                needs(&["/data/x"], &[]),
                Some(Obstacle::Data),
            ),
            (
                vec![mount("volume", "/data")],
                "",
                needs(&["/data"], &socket),
                Some(Obstacle::Access),
            ),
        ] {
            let tmpfs: Map<_, _> = [tmpfs]
                .iter()
                .filter(|path| !path.is_empty())
                .map(|path| ((*path).into(), json!("")))
                .collect();
            let mut inspect = json!({"Mounts": mounts, "HostConfig": {"Tmpfs": tmpfs}});
            assert_eq!(obstacle(&inspect, &needs), expected, "{inspect} {needs:?}");
            inspect["HostConfig"]["AutoRemove"] = true.into();
            assert_eq!(obstacle(&inspect, &needs), Some(Obstacle::AutoRemove), "{inspect}");
        }
    }

    #[test]
    fn the_parent_of_a_network_is_read() {
        for (mode, parent) in [("container:0a1b", Some("0a1b")), ("bridge", None), ("", None)] {
            let inspect = json!({"HostConfig": {"NetworkMode": mode}});
            assert_eq!(network_parent(&inspect), parent.map(ContainerId::new), "{mode}");
        }
        assert_eq!(network_parent(&json!({})), None);
    }

    #[test]
    fn the_helper_is_no_service() {
        let own = Making {
            body: json!({
                "Image": "docker-auto:1",
                "Cmd": ["serve"],
                "Env": ["DOCKER_HOST=unix:///socket"],
                "User": "65532",
                "Hostname": "auto",
                "ExposedPorts": {"8080/tcp": {}},
                "Healthcheck": {"Interval": 1},
                "Labels": {"com.docker.compose.project": "home"},
                "HostConfig": {
                    "Binds": ["/socket:/socket"],
                    "GroupAdd": ["999"],
                    "NetworkMode": "front",
                    "PortBindings": {"8080/tcp": [{"HostPort": "80"}]},
                    "RestartPolicy": {"Name": "no"},
                    "SecurityOpt": ["no-new-privileges"],
                },
                "NetworkingConfig": {"EndpointsConfig": {"front": {
                    "Aliases": ["auto"], "IPAMConfig": {"IPv4Address": "172.18.0.5"}, "Links": ["proxy:docker"],
                }}},
            }),
            platform: Platform::new("linux", "amd64", None),
            connects: vec![("back".into(), json!({"Aliases": ["auto"], "MacAddress": "02:00"}))],
            files: vec![Carried { path: "/run/secrets/a".into(), nature: Nature::Fixed }],
        };
        let operation = OperationId::new("0198c0de-0000-7000-8000-1b2c3d");
        let program = Program {
            image: "sha256:1",
            path: "/docker-auto",
            configuration: Some(Path::new("/config.yaml")),
        };
        let helper = helper(&own, &program, &operation);
        let expected = json!({
            "Image": "sha256:1",
            "Entrypoint": ["/docker-auto"],
            "Cmd": ["self-swap", "--operation", operation],
            "Env": ["DOCKER_HOST=unix:///socket", "DOCKER_AUTO_CONFIG=/config.yaml"],
            "User": "65532",
            "Healthcheck": {"Test": ["NONE"]},
            "Labels": {
                "docker-auto.internal.helper": operation,
                "docker-auto.internal.operation": operation,
            },
            "HostConfig": {
                "Binds": ["/socket:/socket"],
                "GroupAdd": ["999"],
                "NetworkMode": "front",
                "RestartPolicy": {"Name": "always"},
                "SecurityOpt": ["no-new-privileges"],
            },
            "NetworkingConfig": {"EndpointsConfig": {"front": {"Links": ["proxy:docker"]}}},
        });
        assert_eq!(helper.body, expected);
        assert_eq!(helper.connects, [("back".to_owned(), json!({}))]);
        assert_eq!(helper.files, own.files);
    }
}
