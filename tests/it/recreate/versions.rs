//! By every version of the API, what is sent is what an engine of that version takes.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::{Situation, cases, made, read};

/// Minor versions of the API at which something changed for create bodies, and the newest.
const VERSIONS: [u16; 6] = [41, 43, 44, 48, 52, 56];

/// Returns why an engine would refuse a create body, or leave a part of it out without a word, as
/// moby's `postContainersCreate` and the checks behind it do.
fn refusals(body: &Value, minor: u16) -> Vec<&'static str> {
    let host = &body["HostConfig"];
    let endpoints = &body["NetworkingConfig"]["EndpointsConfig"];
    let networks: Vec<_> = entries(endpoints).collect();
    let some = |field: &str| networks.iter().any(|(_, endpoint)| !is_empty(&endpoint[field]));
    let own = |endpoint: &Value, field: &str| !is_empty(&endpoint[field]);
    let predefined = |name: &str| matches!(name, "bridge" | "host" | "none");
    let shares = text(&host["NetworkMode"]).starts_with("container:");
    let of_network = ["Links", "Dns", "ExtraHosts", "PortBindings"];
    let mounts = || host["Mounts"].as_array().into_iter().flatten();
    [
        ("several endpoints", minor < 44 && networks.len() > 1),
        ("an endpoint's MacAddress is not read", minor < 44 && some("MacAddress")),
        ("a container-wide MacAddress", minor >= 44 && !is_empty(&body["MacAddress"])),
        ("an interface's sysctl", minor >= 48 && has_interface_sysctl(&host["Sysctls"])),
        ("GwPriority is not read", minor < 48 && some("GwPriority")),
        ("KernelMemory", minor >= 42 && !is_empty(&host["KernelMemory"])),
        ("KernelMemoryTCP", minor >= 52 && !is_empty(&host["KernelMemoryTCP"])),
        ("options of another mount", minor >= 42 && mounts().any(has_foreign_options)),
        ("an empty list of bindings", minor >= 52 && has_empty_binding(&host["PortBindings"])),
        ("two forms of a limit", ["NanoCpus", "CpuQuota"].iter().all(|it| !is_empty(&host[*it]))),
        ("a hostname of the host", host["UTSMode"] == "host" && own(body, "Hostname")),
        ("a hostname of another", shares && own(body, "Hostname")),
        ("exposed ports of another", shares && own(body, "ExposedPorts")),
        ("settings of another's network", shares && of_network.iter().any(|it| own(host, it))),
        ("endpoints of another", shares && !networks.is_empty()),
        (
            "aliases or addresses in a predefined network",
            networks.iter().any(|(name, endpoint)| {
                let ipam = &endpoint["IPAMConfig"];
                predefined(name) && (own(endpoint, "Aliases") || own(ipam, "IPv4Address"))
            }),
        ),
        ("what the engine gave", networks.iter().any(|(_, endpoint)| own(endpoint, "EndpointID"))),
    ]
    .into_iter()
    .filter_map(|(why, refused)| refused.then_some(why))
    .collect()
}

fn has_interface_sysctl(sysctls: &Value) -> bool {
    entries(sysctls).any(|(name, _)| {
        let mut parts = name.split('.');
        parts.next() == Some("net") && parts.nth(2).is_some_and(|part| part.starts_with("eth"))
    })
}

fn has_foreign_options(mount: &Value) -> bool {
    let kinds = [("Bind", "bind"), ("Volume", "volume"), ("Tmpfs", "tmpfs"), ("Image", "image")];
    kinds.iter().any(|(options, kind)| {
        !mount[format!("{options}Options")].is_null() && text(&mount["Type"]) != *kind
    })
}

fn has_empty_binding(bindings: &Value) -> bool {
    entries(bindings).any(|(port, hosts)| port.starts_with('/') || is_empty(hosts))
}

/// Returns a case with another version of the API.
fn at(rest: &Value, minor: u16) -> Value {
    let mut rest = if rest.is_null() { json!({}) } else { rest.clone() };
    rest["engine"]["api_version"] = format!("1.{minor}").into();
    rest
}

/// Returns what is sent in a case, if it can be made anew at all.
fn sent(case: &Path, minor: u16, change: impl Fn(Value) -> Value) -> Option<Value> {
    let read = |name: &str| read(case, name).map(&change);
    let inspect = read("inspect")?;
    let (old_image, new_image) = (read("old-image"), read("new-image"));
    let rest = at(&super::read(case, "case").unwrap_or_default(), minor);
    let made = made(&Situation {
        inspect: &inspect,
        mac_inspect: rest.get("mac_inspect"),
        old_image: old_image.as_ref(),
        new_image: new_image.as_ref(),
        rest: &rest,
    });
    Some(made.ok()?.body)
}

/// Returns the cases of Docker: what Podman shows is for Podman.
fn of_docker() -> impl Iterator<Item = PathBuf> {
    cases().into_iter().filter(|case| {
        let rest = read(case, "case").unwrap_or_default();
        rest["engine"]["podman"] != true
    })
}

#[test]
fn every_version_takes_what_is_sent_to_it() {
    let mut problems = Vec::new();
    let mut sent_bodies = 0;
    for case in of_docker() {
        for minor in VERSIONS {
            let Some(body) = sent(&case, minor, |value| value) else { continue };
            sent_bodies += 1;
            for why in refusals(&body, minor) {
                problems.push(format!("{} by API 1.{minor}: {why}", case.display()));
            }
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
    assert!(sent_bodies > 300, "only {sent_bodies} bodies");
}

#[test]
fn fields_that_newer_versions_leave_out_are_the_same_as_empty_ones() {
    for case in of_docker() {
        for minor in [52, 56] {
            let (whole, sparse) = (sent(&case, minor, |value| value), sent(&case, minor, sparse));
            assert_eq!(whole, sparse, "{} by API 1.{minor}", case.display());
        }
    }
}

#[test]
fn refusals_are_found() {
    let endpoint = |fields: Value| json!({"NetworkingConfig": {"EndpointsConfig": {"n": fields}}});
    let bridge =
        |fields: Value| json!({"NetworkingConfig": {"EndpointsConfig": {"bridge": fields}}});
    let two = json!({"NetworkingConfig": {"EndpointsConfig": {"a": {}, "b": {}}}});
    let host = |fields: Value| json!({"HostConfig": fields});
    let sysctl = host(json!({"Sysctls": {"net.ipv4.conf.eth0.x": "1"}}));
    let mount = host(json!({"Mounts": [{"Type": "bind", "TmpfsOptions": {}}]}));
    let shared = json!({"Hostname": "x", "HostConfig": {"NetworkMode": "container:y"}});
    for (body, refused_by) in [
        (json!({}), &[][..]),
        (two, &[41, 43]),
        (endpoint(json!({"MacAddress": "m"})), &[41, 43]),
        (json!({"MacAddress": "m"}), &[44, 48, 52, 56]),
        (sysctl, &[48, 52, 56]),
        (host(json!({"Sysctls": {"net.core.somaxconn": "1"}})), &[]),
        (endpoint(json!({"GwPriority": 1})), &[41, 43, 44]),
        (host(json!({"KernelMemory": 1})), &[43, 44, 48, 52, 56]),
        (host(json!({"KernelMemoryTCP": 1})), &[52, 56]),
        (mount, &[43, 44, 48, 52, 56]),
        (host(json!({"PortBindings": {"1/tcp": []}})), &[52, 56]),
        (host(json!({"NanoCpus": 1, "CpuQuota": 1})), &VERSIONS),
        (shared, &VERSIONS),
        (bridge(json!({"Aliases": ["a"]})), &VERSIONS),
        (endpoint(json!({"Aliases": ["a"]})), &[]),
        (endpoint(json!({"EndpointID": "a"})), &VERSIONS),
    ] {
        let by: Vec<_> =
            VERSIONS.into_iter().filter(|minor| !refusals(&body, *minor).is_empty()).collect();
        assert_eq!(by, refused_by, "{body}");
    }
}

/// Returns what an engine shows without what it leaves out from API 1.52 on: empty fields of an
/// image's config, and what a container has in its networks a second time.
fn sparse(mut shown: Value) -> Value {
    for config in ["Config", "config"] {
        if shown["HostConfig"].is_null()
            && let Some(fields) = shown.get_mut(config).and_then(Value::as_object_mut)
        {
            fields.retain(|_, value| !is_empty(value));
        }
    }
    if let Some(settings) = shown.get_mut("NetworkSettings").and_then(Value::as_object_mut) {
        settings.retain(|field, _| field == "Networks");
    }
    shown
}

fn entries(value: &Value) -> impl Iterator<Item = (&str, &Value)> {
    value.as_object().into_iter().flatten().map(|(name, value)| (name.as_str(), value))
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// Says whether a field is not asked for.
fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(value) => !value,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
    }
}
