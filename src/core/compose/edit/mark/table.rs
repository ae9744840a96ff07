//! The settings of a service in the order in which Compose writes them down, and the form of each.

use super::form::{Form, Table};

/// All that are understood.
pub(super) const FIELDS: Table = &[
    ("annotations", Form::Pairs),
    ("attach", Form::Switch),
    ("cap_add", Form::Texts),
    ("cap_drop", Form::Texts),
    ("cgroup_parent", Form::Text),
    ("cgroup", Form::Text),
    ("cpu_count", Form::Number),
    ("cpu_percent", Form::Number),
    ("cpu_period", Form::Number),
    ("cpu_quota", Form::Number),
    ("cpus", Form::Number),
    ("cpuset", Form::Text),
    ("cpu_shares", Form::Number),
    ("command", Form::Command),
    ("configs", Form::Configs),
    ("container_name", Form::Text),
    ("depends_on", Form::Needs),
    ("deploy", Form::Record(DEPLOY)),
    ("device_cgroup_rules", Form::Lines),
    ("devices", Form::Devices),
    ("dns", Form::Texts),
    ("dns_opt", Form::Texts),
    ("dns_search", Form::Texts),
    ("domainname", Form::Text),
    ("entrypoint", Form::Command),
    ("environment", Form::Environment),
    ("env_file", Form::UnmarkedList),
    ("expose", Form::Texts),
    ("external_links", Form::Lines),
    ("extra_hosts", Form::Hosts),
    ("group_add", Form::Lines),
    ("gpus", Form::Requests(REQUEST)),
    ("hostname", Form::Text),
    ("healthcheck", Form::Record(HEALTH)),
    ("image", Form::Text),
    ("init", Form::Switch),
    ("ipc", Form::Text),
    ("isolation", Form::Text),
    ("labels", Form::Pairs),
    ("links", Form::Texts),
    ("logging", Form::Logging),
    ("mem_limit", Form::Bytes),
    ("mem_reservation", Form::Bytes),
    ("memswap_limit", Form::Bytes),
    ("mem_swappiness", Form::Bytes),
    ("mac_address", Form::Text),
    ("network_mode", Form::Text),
    ("networks", Form::Networks),
    ("oom_kill_disable", Form::Flag),
    ("oom_score_adj", Form::Number),
    ("pid", Form::Text),
    ("pids_limit", Form::Number),
    ("platform", Form::Text),
    ("ports", Form::Ports),
    ("privileged", Form::Flag),
    ("profiles", Form::UnmarkedList),
    ("pull_policy", Form::Unmarked),
    ("read_only", Form::Flag),
    ("restart", Form::Text),
    ("runtime", Form::Text),
    ("scale", Form::Unmarked),
    ("secrets", Form::Secrets),
    ("security_opt", Form::Lines),
    ("shm_size", Form::Bytes),
    ("stdin_open", Form::Flag),
    ("stop_grace_period", Form::Span),
    ("stop_signal", Form::Text),
    ("storage_opt", Form::Pairs),
    ("sysctls", Form::Pairs),
    ("tmpfs", Form::Texts),
    ("tty", Form::Flag),
    ("ulimits", Form::Limits),
    ("user", Form::Text),
    ("userns_mode", Form::Text),
    ("uts", Form::Text),
    ("volumes", Form::Volumes),
    ("volumes_from", Form::Lines),
    ("working_dir", Form::Text),
];

const DEPLOY: Table = &[
    ("mode", Form::Text),
    ("replicas", Form::Unmarked),
    ("labels", Form::Pairs),
    ("update_config", Form::Record(UPDATE)),
    ("rollback_config", Form::Record(UPDATE)),
    ("resources", Form::Always(RESOURCES)),
    ("restart_policy", Form::Record(RESTART)),
    ("placement", Form::Always(PLACEMENT)),
    ("endpoint_mode", Form::Text),
];

const UPDATE: Table = &[
    ("parallelism", Form::Amount),
    ("delay", Form::Span),
    ("failure_action", Form::Text),
    ("monitor", Form::Span),
    ("max_failure_ratio", Form::Number),
    ("order", Form::Text),
];

const RESOURCES: Table =
    &[("limits", Form::Record(RESOURCE)), ("reservations", Form::Record(RESOURCE))];

const RESOURCE: Table = &[
    ("cpus", Form::Number),
    ("memory", Form::Bytes),
    ("pids", Form::Number),
    ("devices", Form::Each(REQUEST)),
];

/// A device that is asked for by what it can do.
const REQUEST: Table = &[
    ("capabilities", Form::Lines),
    ("driver", Form::Text),
    ("count", Form::Amount),
    ("device_ids", Form::Lines),
    ("options", Form::Pairs),
];

const RESTART: Table = &[
    ("condition", Form::Text),
    ("delay", Form::Span),
    ("max_attempts", Form::Amount),
    ("window", Form::Span),
];

const PLACEMENT: Table = &[
    ("constraints", Form::Lines),
    ("preferences", Form::Each(&[("spread", Form::Text)])),
    ("max_replicas_per_node", Form::Number),
];

const HEALTH: Table = &[
    ("test", Form::Test),
    ("timeout", Form::Span),
    ("interval", Form::Span),
    ("retries", Form::Amount),
    ("start_period", Form::Span),
    ("start_interval", Form::Span),
    ("disable", Form::Flag),
];

pub(super) const LOGGING: Table = &[("driver", Form::Text), ("options", Form::Pairs)];

/// How a service is in a network; the newer and the older Compose differ in what else there is.
pub(super) const NETWORK: Table =
    &[("aliases", Form::Texts), ("ipv4_address", Form::Text), ("ipv6_address", Form::Text)];

/// How a directory of the host is mounted.
pub(super) const BIND: Table =
    &[("selinux", Form::Text), ("propagation", Form::Text), ("create_host_path", Form::Flag)];

/// How a volume is mounted.
pub(super) const VOLUME: Table = &[("nocopy", Form::Flag), ("subpath", Form::Text)];

pub(super) const TMPFS: Table = &[("size", Form::Bytes)];
