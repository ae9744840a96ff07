//! What containers are asked for: every flag of `docker run`, and what only the API has.
//!
//! `PREFIX` stands for what the test's own names begin with, `FOLDER` for a folder of its own.

use crate::support::engine::Engine;

/// One container as its owner asks for it.
pub(super) struct Dish {
    pub(super) name: &'static str,
    pub(super) wish: Wish,
    /// What it runs in place of the image's command.
    pub(super) command: &'static [&'static str],
    /// Whether it is started: some wishes show only then, and some no kernel of a test fulfils.
    pub(super) starts: bool,
    /// The engines that can be asked for it.
    pub(super) engines: &'static [Engine],
    /// Whether it may be refused, because the kernel or the storage lacks something.
    pub(super) may_be_refused: bool,
    /// A network to connect, and its endpoint.
    pub(super) connect: Option<(&'static str, &'static str)>,
}

/// How it is asked for.
pub(super) enum Wish {
    /// By `docker create`, with flags that have a value or none; flags that a client does not know
    /// are left out.
    Flags(&'static [(&'static str, &'static str)]),
    /// By a body of the API.
    Body(&'static str),
}

const PLAIN: Dish = Dish {
    name: "",
    wish: Wish::Flags(&[]),
    command: &[],
    starts: false,
    engines: ALL,
    may_be_refused: false,
    connect: None,
};

/// Every flag that goes with the others.
const EVERYTHING: &[(&str, &str)] = &[
    ("add-host", "db:10.0.0.5"),
    ("annotation", "owner=me"),
    ("attach", "STDOUT"),
    ("blkio-weight", "300"),
    ("blkio-weight-device", "/dev/null:300"),
    ("cap-add", "NET_ADMIN"),
    ("cap-drop", "MKNOD"),
    ("cgroupns", "private"),
    ("cidfile", "FOLDER/cid"),
    ("cpu-period", "100000"),
    ("cpu-quota", "50000"),
    ("cpu-shares", "512"),
    ("cpuset-cpus", "0"),
    ("cpuset-mems", "0"),
    ("device", "/dev/null:/dev/mine:r"),
    ("device-cgroup-rule", "c 1:3 rw"),
    ("dns", "9.9.9.9"),
    ("dns-option", "ndots:1"),
    ("dns-search", "example.test"),
    ("domainname", "example.test"),
    ("entrypoint", "/bin/sleep"),
    ("env", "OWN=1"),
    ("env-file", "FOLDER/env"),
    ("expose", "9000"),
    ("group-add", "1000"),
    ("health-cmd", "true"),
    ("health-interval", "1s"),
    ("health-retries", "7"),
    ("health-start-interval", "1s"),
    ("health-start-period", "2s"),
    ("health-timeout", "9s"),
    ("hostname", "box"),
    ("init", ""),
    ("interactive", ""),
    ("ip", "198.51.100.77"),
    ("ip6", "fd00:da::77"),
    ("ipc", "shareable"),
    ("isolation", "default"),
    ("kernel-memory", "64m"),
    ("label", "own=a b"),
    ("label-file", "FOLDER/labels"),
    ("link", "PREFIX-donor:other"),
    ("link-local-ip", "169.254.34.68"),
    ("log-driver", "local"),
    ("log-opt", "max-size=1m"),
    ("mac-address", "02:de:ad:be:ef:02"),
    ("memory", "256m"),
    ("memory-reservation", "128m"),
    ("memory-swap", "512m"),
    ("memory-swappiness", "10"),
    ("mount", "type=volume,dst=/nameless"),
    (
        "mount",
        "type=volume,src=PREFIX-mounted,dst=/mounted,readonly,volume-driver=local,volume-label=a=b,\
         volume-nocopy,volume-opt=type=tmpfs,volume-opt=device=tmpfs",
    ),
    ("mount", "type=tmpfs,dst=/memory,tmpfs-size=1m,tmpfs-mode=1770"),
    (
        "mount",
        "type=bind,src=FOLDER,dst=/bound,readonly,bind-propagation=private,consistency=cached",
    ),
    ("network", "PREFIX-zulu"),
    ("network-alias", "two"),
    ("oom-kill-disable", ""),
    ("oom-score-adj", "100"),
    ("pids-limit", "200"),
    ("publish", "127.0.0.1:18981:8080"),
    ("publish-all", ""),
    ("pull", "never"),
    ("quiet", ""),
    ("read-only", ""),
    ("restart", "on-failure:4"),
    ("runtime", "io.containerd.runc.v2"),
    ("security-opt", "no-new-privileges"),
    ("security-opt", "systempaths=unconfined"),
    ("security-opt", "seccomp=unconfined"),
    ("shm-size", "8m"),
    ("stop-signal", "SIGKILL"),
    ("stop-timeout", "3"),
    ("sysctl", "net.core.somaxconn=256"),
    ("tmpfs", "/run/own:size=1m"),
    ("tty", ""),
    ("ulimit", "nofile=1024:2048"),
    ("user", "1000:1000"),
    ("userns", "host"),
    ("volume", "PREFIX-named:/named:nocopy"),
    ("volume", "/bare"),
    ("volume", "FOLDER:/host:ro,z"),
    ("volume-driver", "local"),
    ("volumes-from", "PREFIX-donor:ro"),
    ("workdir", "/tmp"),
];

/// All containers of the test; the first one has nothing of its own.
pub(super) const DISHES: &[Dish] = &[
    Dish { name: "plain", ..PLAIN },
    Dish {
        name: "everything",
        wish: Wish::Flags(EVERYTHING),
        command: &["1000000"],
        starts: true,
        connect: Some((
            "alpha",
            r#"{"Aliases": ["uno"], "Links": ["PREFIX-donor:linked"], "GwPriority": 5,
                "DriverOpts": {"com.docker.network.endpoint.sysctls": "net.ipv4.conf.IFNAME.log_martians=1"}}"#,
        )),
        ..PLAIN
    },
    Dish {
        name: "limits",
        wish: Wish::Flags(&[
            ("cpus", "0.5"),
            ("gpus", "all"),
            ("cgroup-parent", "/own"),
            ("device-read-bps", "/dev/null:1mb"),
            ("device-read-iops", "/dev/null:100"),
            ("device-write-bps", "/dev/null:1mb"),
            ("device-write-iops", "/dev/null:100"),
            ("no-healthcheck", ""),
        ]),
        ..PLAIN
    },
    Dish {
        name: "host",
        wish: Wish::Flags(&[
            ("uts", "host"),
            ("pid", "host"),
            ("ipc", "host"),
            ("network", "host"),
        ]),
        starts: true,
        ..PLAIN
    },
    Dish { name: "privileged", wish: Wish::Flags(&[("privileged", "")]), ..PLAIN },
    Dish {
        name: "storage",
        wish: Wish::Flags(&[("storage-opt", "size=1g")]),
        may_be_refused: true,
        ..PLAIN
    },
    Dish {
        name: "realtime",
        wish: Wish::Flags(&[("cpu-rt-period", "1000000"), ("cpu-rt-runtime", "950000")]),
        may_be_refused: true,
        ..PLAIN
    },
    Dish { name: "passing", wish: Wish::Flags(&[("rm", "")]), starts: true, ..PLAIN },
    Dish {
        name: "shared",
        wish: Wish::Flags(&[
            ("network", "container:PREFIX-donor"),
            ("pid", "container:PREFIX-donor"),
            ("ipc", "container:PREFIX-donor"),
        ]),
        starts: true,
        ..PLAIN
    },
    Dish {
        name: "linked",
        wish: Wish::Flags(&[("link", "PREFIX-donor:other")]),
        starts: true,
        ..PLAIN
    },
    Dish {
        name: "api",
        wish: Wish::Body(
            r#"{"ArgsEscaped": true, "OnBuild": ["RUN x"], "Shell": ["/bin/own"],
                "AttachStdin": true, "AttachStderr": true, "StdinOnce": true, "OpenStdin": true,
                "NetworkDisabled": true, "HostConfig": {
                "CpuCount": 2, "ConsoleSize": [30, 80], "DeviceRequests": [{"Driver": "nvidia",
                "DeviceIDs": ["0"], "Capabilities": [["gpu"]], "Options": {"x": "y"}}], "Mounts": [
                {"Type": "bind", "Source": "FOLDER", "Target": "/one",
                 "BindOptions": {"NonRecursive": true}}]}}"#,
        ),
        ..PLAIN
    },
    Dish {
        name: "young",
        wish: Wish::Body(
            r#"{"HostConfig": {"Mounts": [
                {"Type": "image", "Source": "IMAGE", "Target": "/image", "ImageOptions": {"Subpath": "bin"}},
                {"Type": "volume", "Source": "PREFIX-named", "Target": "/sub", "VolumeOptions": {"Subpath": "a"}},
                {"Type": "tmpfs", "Target": "/memory", "TmpfsOptions": {"Options": [["noexec"]]}},
                {"Type": "bind", "Source": "FOLDER/made", "Target": "/made", "BindOptions": {"CreateMountpoint": true}},
                {"Type": "bind", "Source": "FOLDER", "Target": "/flat", "ReadOnly": true,
                 "BindOptions": {"ReadOnlyNonRecursive": true}},
                {"Type": "bind", "Source": "FOLDER", "Target": "/deep", "ReadOnly": true,
                 "BindOptions": {"Propagation": "rprivate", "ReadOnlyForceRecursive": true}}]}}"#,
        ),
        engines: &[Engine::New, Engine::Containerd],
        ..PLAIN
    },
];

/// Flags that ask for nothing that a container keeps, and those that no test can give; why.
pub(super) const OTHER_FLAGS: &[(&str, &str)] = &[
    ("cpu-count", "Windows alone; CpuCount is asked for by the API"),
    ("cpu-percent", "Windows alone; checked on the create body"),
    ("detach", "the client's"),
    ("detach-keys", "the client's"),
    ("disable-content-trust", "the client's"),
    ("help", "the client's"),
    ("io-maxbandwidth", "Windows alone; checked on the create body"),
    ("io-maxiops", "Windows alone; checked on the create body"),
    ("name", "every container has one"),
    ("platform", "has tests of its own"),
    ("sig-proxy", "the client's"),
    ("use-api-socket", "the client's: a mount and a variable"),
];

/// Why a field is not asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unset {
    /// The engine gives it; nobody asks for it.
    Given,
    /// The engine does not know it.
    Unknown,
    /// Some kernels or storages do not have it; where they do it is asked for.
    Machine,
    /// No test can ask for it, and why: what is sent is looked at instead.
    OnTheBody(&'static str),
}

const ALL: &[Engine] = &Engine::ALL;
const OLD: &[Engine] = &[Engine::Old];

/// The beginnings of the paths of fields that are not asked for.
pub(super) const UNSET: &[(&str, &[Engine], Unset)] = &[
    ("Image", ALL, Unset::Given),
    ("NetworkingConfig.EndpointsConfig.*.DNSNames", ALL, Unset::Given),
    ("NetworkingConfig.EndpointsConfig.*.EndpointID", ALL, Unset::Given),
    ("NetworkingConfig.EndpointsConfig.*.Gateway", ALL, Unset::Given),
    ("NetworkingConfig.EndpointsConfig.*.GlobalIPv6Address", ALL, Unset::Given),
    ("NetworkingConfig.EndpointsConfig.*.GlobalIPv6PrefixLen", ALL, Unset::Given),
    ("NetworkingConfig.EndpointsConfig.*.IPAddress", ALL, Unset::Given),
    ("NetworkingConfig.EndpointsConfig.*.IPPrefixLen", ALL, Unset::Given),
    ("NetworkingConfig.EndpointsConfig.*.IPv6Gateway", ALL, Unset::Given),
    ("NetworkingConfig.EndpointsConfig.*.NetworkID", ALL, Unset::Given),
    ("Healthcheck.StartInterval", OLD, Unset::Unknown),
    ("HostConfig.Annotations", OLD, Unset::Unknown),
    ("HostConfig.Mounts.*.BindOptions.CreateMountpoint", OLD, Unset::Unknown),
    ("HostConfig.Mounts.*.BindOptions.ReadOnlyForceRecursive", OLD, Unset::Unknown),
    ("HostConfig.Mounts.*.BindOptions.ReadOnlyNonRecursive", OLD, Unset::Unknown),
    ("HostConfig.Mounts.*.ImageOptions", OLD, Unset::Unknown),
    ("HostConfig.Mounts.*.TmpfsOptions.Options", OLD, Unset::Unknown),
    ("HostConfig.Mounts.*.VolumeOptions.Subpath", OLD, Unset::Unknown),
    ("NetworkingConfig.EndpointsConfig.*.GwPriority", OLD, Unset::Unknown),
    ("HostConfig.BlkioDeviceReadBps", ALL, Unset::Machine),
    ("HostConfig.BlkioDeviceReadIOps", ALL, Unset::Machine),
    ("HostConfig.BlkioDeviceWriteBps", ALL, Unset::Machine),
    ("HostConfig.BlkioDeviceWriteIOps", ALL, Unset::Machine),
    ("HostConfig.BlkioWeight", ALL, Unset::Machine),
    ("HostConfig.BlkioWeightDevice", ALL, Unset::Machine),
    ("HostConfig.CpuRealtimePeriod", ALL, Unset::Machine),
    ("HostConfig.CpuRealtimeRuntime", ALL, Unset::Machine),
    ("HostConfig.MemorySwappiness", ALL, Unset::Machine),
    ("HostConfig.OomKillDisable", ALL, Unset::Machine),
    ("HostConfig.StorageOpt", ALL, Unset::Machine),
    ("HostConfig.Cgroup", ALL, Unset::OnTheBody("engines take no value but the empty one")),
    ("HostConfig.CpuPercent", ALL, Unset::OnTheBody("Windows alone")),
    ("HostConfig.IOMaximumBandwidth", ALL, Unset::OnTheBody("Windows alone")),
    ("HostConfig.IOMaximumIOps", ALL, Unset::OnTheBody("Windows alone")),
];
