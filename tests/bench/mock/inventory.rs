//! The bodies of a mock engine: what Docker 28 says about running containers of distinct images.

use crate::image::{Image, digest};
use crate::scene::TAG;
use bytes::Bytes;
use serde_json::{Value, json};
use std::collections::HashMap;

/// The newest API version that the mock speaks.
pub(crate) const API_VERSION: &str = "1.51";

const CREATED: &str = "2026-01-01T00:00:00.000000000Z";
const GATEWAY: &str = "172.17.0.1";

/// Everything that the engine has.
#[derive(Default)]
pub(crate) struct Inventory {
    pub(crate) containers: Bytes,
    pub(crate) images: Bytes,
    /// Inspections of containers and images, by identifier and by name.
    pub(crate) inspections: HashMap<String, Bytes>,
    pub(crate) info: Bytes,
}

impl Inventory {
    /// Returns an engine that runs one container of each image, pulled from `registry`.
    ///
    /// An engine always calls loopback registries insecure. Where the mock stands for a registry of the internet
    /// (`insecure` is empty) it must not, or clients would think that plain HTTP is allowed.
    pub(crate) fn new(images: &[Image], registry: &str, insecure: &[&str]) -> Self {
        let mut inventory = Self::default();
        let mut containers = Vec::new();
        let mut listed = Vec::new();
        for (number, image) in images.iter().enumerate() {
            let container = Container::new(number, image, registry);
            containers.push(container.summary());
            listed.push(image_summary(image, registry));
            let inspection = Bytes::from(container.inspection().to_string());
            inventory.inspections.insert(container.id.clone(), inspection.clone());
            inventory.inspections.insert(container.name.clone(), inspection);
            let inspection = Bytes::from(image_inspection(image, registry).to_string());
            inventory.inspections.insert(image.config.digest.clone(), inspection.clone());
            inventory.inspections.insert(container.reference, inspection);
        }
        inventory.containers = Bytes::from(Value::Array(containers).to_string());
        inventory.images = Bytes::from(Value::Array(listed).to_string());
        inventory.info = Bytes::from(info(images.len(), insecure).to_string());
        inventory
    }
}

/// Returns the answer to `GET /version`.
pub(crate) fn version() -> String {
    json!({
        "Platform": { "Name": "" },
        "Components": [{ "Name": "Engine", "Version": "28.5.2", "Details": { "ApiVersion": API_VERSION } }],
        "Version": "28.5.2", "ApiVersion": API_VERSION, "MinAPIVersion": "1.24", "GitCommit": "0",
        "GoVersion": "go1.24", "Os": "linux", "Arch": "amd64", "KernelVersion": "6.1.0", "BuildTime": CREATED,
    })
    .to_string()
}

/// Returns the answer to `GET /networks`.
pub(crate) fn networks() -> String {
    let network = |name: &str, driver: &str| {
        json!({
            "Name": name, "Id": &digest(name.as_bytes())[7..], "Created": CREATED, "Scope": "local",
            "Driver": driver, "EnableIPv4": true, "EnableIPv6": false,
            "IPAM": { "Driver": "default", "Options": null,
                      "Config": [{ "Subnet": "172.17.0.0/16", "Gateway": GATEWAY }] },
            "Internal": false, "Attachable": false, "Ingress": false, "ConfigFrom": { "Network": "" },
            "ConfigOnly": false, "Containers": {}, "Options": {}, "Labels": {},
        })
    };
    let all = [network("bridge", "bridge"), network("host", "host"), network("none", "null")];
    Value::from(all.to_vec()).to_string()
}

fn info(containers: usize, insecure: &[&str]) -> Value {
    json!({
        "ID": "8a0c5b1e-0000-4000-8000-000000000000", "Name": "bench", "ServerVersion": "28.5.2",
        "Containers": containers, "ContainersRunning": containers, "ContainersPaused": 0, "ContainersStopped": 0,
        "Images": containers, "Driver": "overlay2", "DriverStatus": [["Backing Filesystem", "extfs"]],
        "Plugins": { "Volume": ["local"], "Network": ["bridge", "host", "null"], "Log": ["json-file"] },
        "MemoryLimit": true, "SwapLimit": true, "CpuCfsPeriod": true, "CpuCfsQuota": true, "CPUShares": true,
        "CPUSet": true, "PidsLimit": true, "IPv4Forwarding": true, "OomKillDisable": false,
        "LoggingDriver": "json-file", "CgroupDriver": "systemd", "CgroupVersion": "2",
        "KernelVersion": "6.1.0", "OperatingSystem": "Debian GNU/Linux 12 (bookworm)", "OSType": "linux",
        "Architecture": "x86_64", "NCPU": 2, "MemTotal": 8_000_000_000_u64, "DockerRootDir": "/var/lib/docker",
        "IndexServerAddress": "https://index.docker.io/v1/",
        "RegistryConfig": { "InsecureRegistryCIDRs": insecure, "IndexConfigs": {}, "Mirrors": [] },
        "HttpProxy": "", "HttpsProxy": "", "NoProxy": "", "Labels": [], "ExperimentalBuild": false,
        "Swarm": { "NodeID": "", "NodeAddr": "", "LocalNodeState": "inactive", "ControlAvailable": false },
        "LiveRestoreEnabled": false, "Isolation": "", "InitBinary": "docker-init", "DefaultRuntime": "runc",
        "Runtimes": { "runc": { "path": "runc" } }, "SecurityOptions": ["name=seccomp,profile=builtin"],
        "Warnings": null,
    })
}

struct Container {
    id: String,
    name: String,
    reference: String,
    image: String,
    number: usize,
    labels: Value,
}

impl Container {
    fn new(number: usize, image: &Image, registry: &str) -> Self {
        Self {
            id: digest(format!("container {number}").as_bytes()).split_off(7),
            name: format!("app-{number:04}"),
            reference: format!("{registry}/{}:{TAG}", image.repository),
            image: image.config.digest.clone(),
            number,
            labels: labels(image),
        }
    }

    fn network(&self) -> Value {
        let (high, low) = (self.number / 250, self.number % 250 + 2);
        json!({
            "IPAMConfig": null, "Links": null, "Aliases": null, "DriverOpts": null, "GwPriority": 0,
            "NetworkID": &digest(b"bridge")[7..], "EndpointID": &self.id, "Gateway": GATEWAY,
            "IPAddress": format!("172.17.{high}.{low}"), "MacAddress": "02:42:ac:11:00:02", "IPPrefixLen": 16,
            "IPv6Gateway": "", "GlobalIPv6Address": "", "GlobalIPv6PrefixLen": 0, "DNSNames": null,
        })
    }

    fn mounts(&self) -> Value {
        json!([{
            "Type": "volume", "Name": format!("data-{:04}", self.number), "Driver": "local", "Mode": "z",
            "Source": format!("/var/lib/docker/volumes/data-{:04}/_data", self.number),
            "Destination": "/data", "RW": true, "Propagation": "",
        }])
    }

    fn summary(&self) -> Value {
        json!({
            "Id": self.id, "Names": [format!("/{}", self.name)], "Image": self.reference, "ImageID": self.image,
            "Command": "/app", "Created": 1_767_225_600, "State": "running", "Status": "Up 3 hours",
            "Ports": [{ "IP": "0.0.0.0", "PrivatePort": 8080, "PublicPort": 20000 + self.number, "Type": "tcp" }],
            "Labels": self.labels, "HostConfig": { "NetworkMode": "bridge" },
            "NetworkSettings": { "Networks": { "bridge": self.network() } }, "Mounts": self.mounts(),
        })
    }

    fn inspection(&self) -> Value {
        json!({
            "Id": self.id, "Created": CREATED, "Path": "/app", "Args": [], "Image": self.image,
            "State": { "Status": "running", "Running": true, "Paused": false, "Restarting": false,
                       "OOMKilled": false, "Dead": false, "Pid": 1000 + self.number, "ExitCode": 0, "Error": "",
                       "StartedAt": CREATED, "FinishedAt": "0001-01-01T00:00:00Z" },
            "Name": format!("/{}", self.name), "RestartCount": 0, "Driver": "overlay2", "Platform": "linux",
            "HostConfig": {
                "Binds": [format!("data-{:04}:/data", self.number)], "NetworkMode": "bridge",
                "PortBindings": { "8080/tcp": [{ "HostIp": "", "HostPort": (20000 + self.number).to_string() }] },
                "RestartPolicy": { "Name": "unless-stopped", "MaximumRetryCount": 0 }, "AutoRemove": false,
            },
            "Mounts": self.mounts(),
            "Config": { "Hostname": &self.id[..12], "Image": self.reference, "Cmd": ["/app"], "Env": ["PATH=/bin"],
                        "ExposedPorts": { "8080/tcp": {} }, "Labels": self.labels },
            "NetworkSettings": { "Networks": { "bridge": self.network() } },
        })
    }
}

fn labels(image: &Image) -> Value {
    json!({
        "maintainer": "bench",
        "org.opencontainers.image.title": image.repository,
        "org.opencontainers.image.source": format!("https://example.com/{}", image.repository),
        "org.opencontainers.image.version": "1.0.0",
    })
}

fn repo_digest(image: &Image, registry: &str) -> String {
    format!("{registry}/{}@{}", image.repository, image.top.digest)
}

fn image_summary(image: &Image, registry: &str) -> Value {
    json!({
        "Id": image.config.digest, "ParentId": "", "Containers": -1, "Created": 1_767_225_600,
        "RepoTags": [format!("{registry}/{}:{TAG}", image.repository)],
        "RepoDigests": [repo_digest(image, registry)],
        "Labels": labels(image), "SharedSize": -1, "Size": 8_000_000,
    })
}

fn image_inspection(image: &Image, registry: &str) -> Value {
    json!({
        "Id": image.config.digest, "Created": CREATED, "Architecture": "amd64", "Os": "linux", "Size": 8_000_000,
        "RepoTags": [format!("{registry}/{}:{TAG}", image.repository)],
        "RepoDigests": [repo_digest(image, registry)],
        "Config": { "Cmd": ["/app"], "Env": ["PATH=/bin"], "Labels": labels(image) },
        "RootFS": { "Type": "layers", "Layers": [digest(image.repository.as_bytes())] },
    })
}
