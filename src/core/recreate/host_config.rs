//! The settings that no image gives: sent as they are shown, but for the few in this table.

use serde_json::{Map, Value};

use crate::core::recreate::ports;
use crate::core::recreate::scene::{NetworkMode, Scene};
use crate::core::recreate::value::{entries, is_empty, is_zero, items, text};

/// What becomes of one field.
enum Fixed {
    /// Sent as it is shown.
    Keep,
    /// Sent otherwise.
    Send(Value),
    /// Not sent: it says nothing, or the engine fills it in again.
    Omit,
    /// Not sent although it said something, and why.
    Lose(&'static str),
}

type Fix = fn(&Value, &Scene<'_>) -> Fixed;

/// Every field that is not simply sent as it is shown. Namespaces, mounts, links and interface
/// settings need more than their own value and have modules of their own.
const FIXES: &[(&str, Fix)] = &[
    ("ConsoleSize", console_size),
    ("ContainerIDFile", client_side),
    ("CpuPeriod", cpu_quota),
    ("CpuQuota", cpu_quota),
    ("Devices", devices),
    ("KernelMemory", kernel_memory),
    ("KernelMemoryTCP", kernel_memory_tcp),
    ("MaskedPaths", masked_paths),
    ("MemorySwappiness", memory_swappiness),
    ("NanoCpus", nano_cpus),
    ("OomKillDisable", oom_kill_disable),
    ("PidsLimit", pids_limit),
    ("PortBindings", port_bindings),
    ("PublishAllPorts", publish_all_ports),
    ("ReadonlyPaths", readonly_paths),
    ("Runtime", runtime),
    ("SecurityOpt", security_options),
];

/// Returns the settings to send.
pub(super) fn own(scene: &Scene<'_>, warnings: &mut Vec<String>) -> Map<String, Value> {
    let mut own = Map::new();
    for (field, value) in entries(scene.shown.host_config) {
        let fix = FIXES.iter().find(|(name, _)| *name == field);
        match fix.map_or(Fixed::Keep, |(_, fix)| fix(value, scene)) {
            Fixed::Keep => own.insert(field.to_owned(), value.clone()),
            Fixed::Send(value) => own.insert(field.to_owned(), value),
            Fixed::Omit => None,
            Fixed::Lose(why) => {
                warnings.push(format!("its {field} of {value} is left out: {why}"));
                None
            }
        };
    }
    own
}

fn omit_if(condition: bool) -> Fixed {
    if condition { Fixed::Omit } else { Fixed::Keep }
}

/// `[0, 0]` is what the engine shows for none.
fn console_size(value: &Value, _: &Scene<'_>) -> Fixed {
    omit_if(items(value).iter().all(is_zero))
}

/// Written by the command line on its own side.
fn client_side(_: &Value, _: &Scene<'_>) -> Fixed {
    Fixed::Omit
}

/// Gone from the API with 1.42; engines of that age refuse or ignore it.
fn kernel_memory(value: &Value, scene: &Scene<'_>) -> Fixed {
    removed(value, scene.since(42))
}

/// Gone from the API with 1.52.
fn kernel_memory_tcp(value: &Value, scene: &Scene<'_>) -> Fixed {
    removed(value, scene.since(52))
}

fn removed(value: &Value, is_gone: bool) -> Fixed {
    match (is_zero(value), is_gone) {
        (true, _) => Fixed::Omit,
        (false, true) => Fixed::Lose("this engine no longer has it"),
        (false, false) => Fixed::Keep,
    }
}

/// Refused with cgroups of version 2 (containrrr/watchtower#1060); below zero it means none.
fn memory_swappiness(value: &Value, scene: &Scene<'_>) -> Fixed {
    let none = value.as_i64().is_none_or(|value| value < 0);
    omit_if(none || scene.engine().cgroup_version == 2)
}

/// Filled with `false` by the engine; where it is not supported, saying it draws a warning.
fn oom_kill_disable(value: &Value, _: &Scene<'_>) -> Fixed {
    omit_if(is_zero(value))
}

/// Zero and less mean no limit.
fn pids_limit(value: &Value, _: &Scene<'_>) -> Fixed {
    omit_if(value.as_i64().is_none_or(|limit| limit <= 0))
}

/// Podman shows both forms of a limit of processors and refuses both together.
fn nano_cpus(_: &Value, scene: &Scene<'_>) -> Fixed {
    omit_if(scene.engine().podman && has_both_cpu_limits(scene))
}

/// Of two forms of the same limit, Docker keeps `NanoCpus`.
fn cpu_quota(value: &Value, scene: &Scene<'_>) -> Fixed {
    let host_config = scene.shown.host_config;
    let number = |field| host_config[field].as_i64().unwrap_or(0);
    let nano_cpus = i128::from(number("CpuQuota")) * 1_000_000_000;
    let same_limit = nano_cpus == i128::from(number("NanoCpus")) * i128::from(number("CpuPeriod"));
    let repeated = !scene.engine().podman && has_both_cpu_limits(scene) && same_limit;
    omit_if(repeated && !is_zero(value))
}

fn has_both_cpu_limits(scene: &Scene<'_>) -> bool {
    ["NanoCpus", "CpuPeriod", "CpuQuota"]
        .iter()
        .all(|field| scene.shown.host_config[field].as_i64().is_some_and(|value| value > 0))
}

/// Podman leaves the permissions of a device empty and refuses them empty.
fn devices(value: &Value, _: &Scene<'_>) -> Fixed {
    let mut devices = value.clone();
    for device in devices.as_array_mut().into_iter().flatten() {
        if device.is_object() && is_empty(&device["CgroupPermissions"]) {
            device["CgroupPermissions"] = "rwm".into();
        }
    }
    Fixed::Send(devices)
}

/// See `ports.rs`.
fn port_bindings(value: &Value, scene: &Scene<'_>) -> Fixed {
    let published = ports::published(scene);
    match (published.is_empty(), is_empty(value)) {
        (true, true) => Fixed::Keep,
        (true, false) => Fixed::Omit,
        (false, _) => Fixed::Send(published.into()),
    }
}

fn publish_all_ports(_: &Value, scene: &Scene<'_>) -> Fixed {
    omit_if(scene.network_mode == NetworkMode::Container)
}

/// The default runtime is filled in again, and some proxies before the socket refuse any name.
fn runtime(value: &Value, scene: &Scene<'_>) -> Fixed {
    let engine = scene.engine();
    let is_default = text(value) == engine.default_runtime;
    let is_nameless = engine.podman && text(value) == "oci";
    omit_if(is_empty(value) || is_default || is_nameless)
}

/// The engine's own list is left to the engine, so that a newer one's protects the new container;
/// an empty one takes the protection away and stays.
fn masked_paths(value: &Value, _: &Scene<'_>) -> Fixed {
    omit_if(value.is_null() || is_list_of(value, MASKED_SINCE_19, MASKED_LATER))
}

fn readonly_paths(value: &Value, _: &Scene<'_>) -> Fixed {
    omit_if(value.is_null() || is_list_of(value, READONLY, &[]))
}

const MASKED_SINCE_19: &[&str] = &[
    "/proc/acpi",
    "/proc/asound",
    "/proc/kcore",
    "/proc/keys",
    "/proc/latency_stats",
    "/proc/sched_debug",
    "/proc/scsi",
    "/proc/timer_list",
    "/proc/timer_stats",
    "/sys/firmware",
];
const MASKED_LATER: &[&str] = &["/proc/interrupts", "/sys/devices/virtual/powercap"];
const READONLY: &[&str] =
    &["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"];

fn is_list_of(value: &Value, always: &[&str], later: &[&str]) -> bool {
    let shown: Vec<_> = items(value).iter().map(text).collect();
    let thermal = |path: &str| {
        path.starts_with("/sys/devices/system/cpu/cpu") && path.ends_with("/thermal_throttle")
    };
    always.iter().all(|path| shown.contains(path))
        && shown.iter().all(|path| always.contains(path) || later.contains(path) || thermal(path))
}

/// Labels for `SELinux` that the engine copied from the container whose namespace is shared are that
/// container's and may be others by now.
fn security_options(value: &Value, scene: &Scene<'_>) -> Fixed {
    let shares = ["IpcMode", "PidMode"]
        .iter()
        .any(|field| text(&scene.shown.host_config[field]).starts_with("container:"));
    if !shares || is_empty(value) {
        return Fixed::Keep;
    }
    let copied = |option: &&Value| {
        let option = text(option);
        ["user", "role", "type", "level"].iter().any(|part| {
            ["=", ":"].iter().any(|sign| option.starts_with(&format!("label{sign}{part}:")))
        })
    };
    Fixed::Send(items(value).iter().filter(|option| !copied(option)).cloned().collect())
}
