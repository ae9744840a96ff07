//! What containers are asked for; `PREFIX` stands for what the test's own names begin with, `SUBNET`
//! for a part of its own addresses.

use docker_auto::core::inventory::ApiVersion;
use serde_json::{Value, json};

/// The config of the image that containers are made of.
pub(super) const OLD_IMAGE: &str = r#"{
    "Env": ["PATH=/bin", "A=old", "B=old"], "User": "", "WorkingDir": "/www/", "StopSignal": "SIGUSR1",
    "Cmd": ["serve"], "ExposedPorts": {"8080/tcp": {}, "81/tcp": {}}, "Volumes": {"/old": {}},
    "Labels": {"tier": "old", "gone": "yes"},
    "Healthcheck": {"Test": ["CMD-SHELL", "true old"], "Interval": 3000000000, "Retries": 5}
}"#;

/// The config of the image that they are moved to.
pub(super) const NEW_IMAGE: &str = r#"{
    "Env": ["PATH=/bin:/sbin", "A=new", "C=new"], "User": "app", "WorkingDir": "/data", "StopSignal": "SIGUSR2",
    "Entrypoint": ["/bin/sh", "/entry.sh"], "Cmd": ["run"], "ExposedPorts": {"82/tcp": {}},
    "Volumes": {"/new": {}}, "Labels": {"tier": "new"},
    "Healthcheck": {"Test": ["CMD-SHELL", "true new"], "Timeout": 4000000000, "StartPeriod": 1000000000}
}"#;

/// One container as its owner asks for it.
#[derive(Debug)]
pub(super) struct Wish {
    pub(super) title: &'static str,
    pub(super) body: Value,
    /// Networks that are connected after the creation.
    pub(super) connects: Vec<(String, Value)>,
    /// Whether it is started, as some things show only then.
    pub(super) starts: bool,
    /// The API that knows its fields.
    pub(super) since: ApiVersion,
}

/// A wish as it is written here.
pub(super) struct Written {
    title: &'static str,
    body: &'static str,
    connects: &'static [(&'static str, &'static str)],
    starts: bool,
    since: u16,
}

impl Written {
    /// Returns the wish with names and addresses of its own.
    pub(super) fn read(&self, prefix: &str, api_version: ApiVersion) -> Wish {
        let read = |text: &str| -> Value {
            let subnet = api_version.minor.to_string();
            let text = text.replace("PREFIX", prefix).replace("SUBNET", &subnet);
            serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", self.title))
        };
        let mut body = read(self.body);
        body["Image"] = format!("{prefix}/app:1").into();
        if body["HostConfig"].is_null() {
            // Docker 20.10 fills in nothing where there is none at all.
            body["HostConfig"] = json!({});
        }
        let connect =
            |(network, endpoint): &(&str, &str)| (format!("{prefix}-{network}"), read(endpoint));
        Wish {
            title: self.title,
            body,
            connects: self.connects.iter().map(connect).collect(),
            starts: self.starts,
            since: ApiVersion::v1(self.since),
        }
    }
}

const fn created(title: &'static str, body: &'static str) -> Written {
    Written { title, body, connects: &[], starts: false, since: 41 }
}

const fn started(title: &'static str, body: &'static str) -> Written {
    Written { starts: true, ..created(title, body) }
}

/// Everything that containers are asked for.
pub(super) const WISHES: &[Written] = &[
    started("nothing of its own", "{}"),
    started(
        "everything of its own",
        r#"{
            "Env": ["A=mine", "OWN=a=b", "EMPTY=", "B", "UNKNOWN"], "User": "1000:1000",
            "WorkingDir": "/tmp", "StopSignal": "SIGKILL", "StopTimeout": 3, "Entrypoint": ["/bin/sh", "-c"],
            "Cmd": ["sleep 1000"], "ExposedPorts": {"99/udp": {}}, "Labels": {"tier": "mine", "own": "a = b"},
            "Healthcheck": {"Test": ["CMD", "true"], "Interval": 9000000000, "Timeout": 8000000000,
                            "Retries": 7, "StartPeriod": 6000000000},
            "Hostname": "box", "Domainname": "example.test", "Tty": true, "OpenStdin": true, "StdinOnce": true,
            "AttachStdin": true, "AttachStdout": true, "AttachStderr": true
        }"#,
    ),
    created("no entrypoint", r#"{"Entrypoint": [""], "Cmd": ["/bin/sleep", "1"]}"#),
    created("an empty entrypoint", r#"{"Entrypoint": []}"#),
    created("the image's entrypoint without its command", r#"{"Entrypoint": ["/entry.sh"]}"#),
    created("an entrypoint and the image's command", r#"{"Entrypoint": ["/x"], "Cmd": ["serve"]}"#),
    created("a command", r#"{"Cmd": ["other"]}"#),
    created("no healthcheck", r#"{"Healthcheck": {"Test": ["NONE"]}}"#),
    created("another interval", r#"{"Healthcheck": {"Interval": 9000000000}}"#),
    Written {
        since: 44,
        ..created("another start interval", r#"{"Healthcheck": {"StartInterval": 9000000000}}"#)
    },
    started(
        "limits and rights",
        r#"{"HostConfig": {
            "CpuShares": 512, "CpuPeriod": 100000, "CpuQuota": 50000, "CpusetCpus": "0",
            "Memory": 268435456, "MemorySwap": 536870912, "MemoryReservation": 134217728, "OomScoreAdj": 100,
            "PidsLimit": 200, "ShmSize": 134217728, "Ulimits": [{"Name": "nofile", "Soft": 1024, "Hard": 2048}],
            "Sysctls": {"net.core.somaxconn": "256"}, "CapAdd": ["NET_ADMIN"], "CapDrop": ["MKNOD"],
            "Devices": [{"PathOnHost": "/dev/null", "PathInContainer": "/dev/mine", "CgroupPermissions": "r"}],
            "DeviceCgroupRules": ["c 1:3 rw"], "SecurityOpt": ["no-new-privileges:true"],
            "GroupAdd": ["1000"], "Init": true, "ReadonlyRootfs": true, "IpcMode": "shareable",
            "CgroupnsMode": "private", "RestartPolicy": {"Name": "on-failure", "MaximumRetryCount": 4},
            "LogConfig": {"Type": "json-file", "Config": {"max-size": "1m", "tag": "{{.Name}}"}}
        }}"#,
    ),
    created(
        "privileged",
        r#"{"HostConfig": {"Privileged": true, "NanoCpus": 500000000, "Init": false}}"#,
    ),
    created("unconfined paths", r#"{"HostConfig": {"MaskedPaths": [], "ReadonlyPaths": []}}"#),
    created(
        "own paths",
        r#"{"HostConfig": {"MaskedPaths": ["/x"], "ReadonlyPaths": ["/proc/sys", "/y"]}}"#,
    ),
    Written {
        since: 43,
        ..created(
            "annotations and devices",
            r#"{"HostConfig": {"Annotations": {"a": "b"}, "DeviceRequests": [
                {"Driver": "nvidia", "Count": -1, "Capabilities": [["gpu"]], "Options": {"x": "y"}}]}}"#,
        )
    },
    created(
        "names and hosts",
        r#"{"HostConfig": {"Dns": ["9.9.9.9"], "DnsOptions": ["ndots:1"], "DnsSearch": ["example.test"],
            "ExtraHosts": ["db:10.0.0.5"]}}"#,
    ),
    created(
        "published ports",
        r#"{"ExposedPorts": {"8080/tcp": {}, "9000/udp": {}}, "HostConfig": {"PublishAllPorts": true,
            "PortBindings": {"8080/tcp": [{"HostIp": "127.0.0.1", "HostPort": "18080"}],
                             "9000/udp": [{"HostIp": "", "HostPort": ""}]}}}"#,
    ),
    started(
        "volumes of all kinds",
        r#"{"Volumes": {"/own": {}}, "HostConfig": {
            "Binds": ["/bare", "PREFIX-named:/named", "/etc/hostname:/host:ro", "PREFIX-nocopy:/nocopy:nocopy"],
            "Mounts": [{"Type": "volume", "Target": "/nameless/"},
                       {"Type": "volume", "Source": "PREFIX-mounted", "Target": "/mounted", "ReadOnly": true},
                       {"Type": "tmpfs", "Target": "/memory", "TmpfsOptions": {"SizeBytes": 1048576}},
                       {"Type": "bind", "Source": "/etc", "Target": "/etc-host", "ReadOnly": true,
                        "BindOptions": {"Propagation": "rprivate"}}],
            "Tmpfs": {"/run": "rw,size=1m"}, "VolumesFrom": ["PREFIX-donor:ro"]}}"#,
    ),
    started("a tmpfs over the image's volume", r#"{"HostConfig": {"Tmpfs": {"/old": "size=1m"}}}"#),
    started("removed when it stops", r#"{"HostConfig": {"AutoRemove": true}}"#),
    started("the host's network", r#"{"HostConfig": {"NetworkMode": "host"}}"#),
    started(
        "a name in the host's network",
        r#"{"Hostname": "mine", "HostConfig": {"NetworkMode": "host"}}"#,
    ),
    started("no network", r#"{"HostConfig": {"NetworkMode": "none"}}"#),
    created(
        "the host's names",
        r#"{"HostConfig": {"UTSMode": "host", "PidMode": "host", "IpcMode": "host"}}"#,
    ),
    started(
        "another's namespaces",
        r#"{"HostConfig": {"NetworkMode": "container:PREFIX-donor", "PidMode": "container:PREFIX-donor",
            "IpcMode": "container:PREFIX-donor"}}"#,
    ),
    started("links", r#"{"HostConfig": {"Links": ["PREFIX-donor:other", "PREFIX-donor"]}}"#),
    Written {
        connects: &[(
            "alpha",
            r#"{"IPAMConfig": {"IPv4Address": "198.18.SUBNET.77"}, "Aliases": ["one", "uno"],
                "Links": ["PREFIX-donor:linked"]}"#,
        )],
        ..started(
            "two networks",
            r#"{"Hostname": "box", "HostConfig": {"NetworkMode": "PREFIX-zulu"}, "NetworkingConfig": {
                "EndpointsConfig": {"PREFIX-zulu": {"IPAMConfig": {"IPv4Address": "198.19.SUBNET.88"},
                                                    "Aliases": ["two"]}}}}"#,
        )
    },
    Written {
        connects: &[("alpha", "{}"), ("zulu", r#"{"Aliases": ["late"]}"#)],
        ..started("the default network and two more", "{}")
    },
    Written {
        since: 48,
        ..started(
            "endpoints with all their options",
            r#"{"HostConfig": {"NetworkMode": "PREFIX-zulu"}, "NetworkingConfig": {"EndpointsConfig": {
                "PREFIX-zulu": {"GwPriority": 5, "MacAddress": "02:de:ad:be:ef:01"},
                "PREFIX-alpha": {"GwPriority": 7, "IPAMConfig": {"LinkLocalIPs": ["169.254.34.68"]},
                    "DriverOpts": {"com.docker.network.endpoint.sysctls": "net.ipv4.conf.IFNAME.log_martians=1"}}}}}"#,
        )
    },
    started(
        "a hardware address",
        r#"{"MacAddress": "02:de:ad:be:ef:02", "HostConfig": {"NetworkMode": "PREFIX-zulu"}}"#,
    ),
    started("a hardware address in the default network", r#"{"MacAddress": "02:de:ad:be:ef:03"}"#),
];
