//! Who may name what: the layers of the program, and the crates that stand behind each of them.

use super::paths::{NamedPath, code, paths};
use super::{File, Problem, check, none, root, sources};

/// A module and the modules that it may name; those above them are the composition root.
const LAYERS: &[(&str, &[&str])] = &[
    ("core", &[]),
    ("clock", &["core"]),
    ("shutdown", &[]),
    ("logging", &["clock", "core", "shutdown"]),
    ("config", &["core"]),
    ("connect", &["core"]),
    ("store", &["clock", "core", "logging", "shutdown"]),
    ("docker", &["clock", "connect", "core", "logging"]),
    ("registry", &["clock", "connect", "core", "logging"]),
    ("engine", &["clock", "core", "docker", "logging", "registry", "shutdown", "store"]),
    ("http", &["clock", "core", "engine", "logging", "shutdown", "store"]),
];

/// Modules that put the others together and may name them all.
const ROOTS: &[&str] = &["app", "cli", "lib", "main"];

/// Who may name a crate.
enum Who {
    All,
    AllButCore,
    Only(&'static [&'static str]),
}

use Who::{All, AllButCore, Only};

/// The modules that speak HTTP.
const WIRE: Who = Only(&["app", "cli", "connect", "docker", "http", "registry"]);

/// Every crate that the program depends on.
const CRATES: &[(&str, Who)] = &[
    ("argh", Only(&["cli", "main"])),
    ("base64", Only(&["connect", "core", "docker", "registry"])),
    ("bollard", Only(&["docker"])),
    ("bytes", WIRE),
    ("chrono", All),
    ("chrono_tz", Only(&["app", "cli", "config", "core", "engine"])),
    ("cron", Only(&["core"])),
    ("env_logger", Only(&["logging"])),
    ("flate2", Only(&["store"])),
    ("futures_util", AllButCore),
    ("hmac", Only(&["registry"])),
    ("http", WIRE),
    ("http_body_util", WIRE),
    ("hyper", WIRE),
    ("hyper_util", WIRE),
    ("log", AllButCore),
    ("matchit", Only(&["http"])),
    ("nix", Only(&["registry", "store"])),
    ("redb", Only(&["store"])),
    ("regex", Only(&["core"])),
    ("rustls", Only(&["connect"])),
    ("rustls_native_certs", Only(&["connect"])),
    ("rustls_pki_types", Only(&["connect"])),
    ("saphyr_parser", Only(&["core"])),
    ("semver", Only(&["core"])),
    ("serde", All),
    ("serde_json", All),
    ("sha2", Only(&["core", "registry", "store"])),
    ("tar", Only(&["docker", "store"])),
    ("thiserror", AllButCore),
    ("tokio", AllButCore),
    ("tokio_rustls", Only(&["connect"])),
    ("tokio_util", AllButCore),
    ("tower_service", Only(&["connect", "docker", "registry"])),
    ("url", AllButCore),
    ("uuid", Only(&["engine"])),
    ("webpki_root_certs", Only(&["connect"])),
];

/// Crates of the tests alone.
const TEST_CRATES: &[&str] = &["proptest", "rcgen", "tempfile"];

/// What `core` may not name of the standard library, and who else may, if anyone.
const EFFECTS: &[(&str, &[&str])] = &[
    ("std::env", &["cli", "config", "main"]),
    ("std::process::exit", &["main"]),
    ("std::fs", ALL_BUT_CORE),
    ("std::net", ALL_BUT_CORE),
    ("std::os", ALL_BUT_CORE),
    ("std::process", ALL_BUT_CORE),
    ("std::thread", ALL_BUT_CORE),
    ("std::time::Instant", ALL_BUT_CORE),
    ("std::time::SystemTime", &[]),
];

/// Stands for every module but `core`.
const ALL_BUT_CORE: &[&str] = &["*"];

/// What `core` may name of `std::net`: addresses are plain data.
const ADDRESSES: &[&str] = &["AddrParseError", "IpAddr", "Ipv4Addr", "Ipv6Addr", "SocketAddr"];

/// Returns the module that a file belongs to, and the path of its module from the crate's root.
fn module(path: &str) -> Option<(&str, Vec<&str>)> {
    let inside = path.strip_prefix("src/")?.strip_suffix(".rs")?;
    let inside = inside.strip_suffix("/mod").unwrap_or(inside);
    let segments: Vec<_> = inside.split('/').collect();
    Some((segments[0], segments))
}

fn problems(file: &File) -> Vec<Problem> {
    let Some((own, segments)) = module(&file.path) else { return Vec::new() };
    let code = code(&file.text);
    let mut problems = Vec::new();
    for named in paths(&code) {
        let why = inside_problem(own, &segments, &named)
            .or_else(|| crate_problem(own, &named))
            .or_else(|| effect_problem(own, &named));
        problems.extend(why.map(|why| format!("{}:{}: {why}", file.path, named.line)));
    }
    problems.dedup();
    problems
}

/// Returns what is wrong with naming a module of the program.
fn inside_problem(own: &str, segments: &[&str], named: &NamedPath) -> Option<String> {
    let mut path = named.segments.iter().map(String::as_str);
    let first = path.next()?;
    let other = match first {
        "crate" | "docker_auto" => path.next()?,
        "super" => {
            let ups = named.segments.iter().take_while(|segment| *segment == "super").count();
            let climbs_out = ups >= segments.len();
            named.segments.get(ups).filter(|_| climbs_out)?
        }
        _ => return None,
    };
    let known =
        |name: &str| ROOTS.contains(&name) || LAYERS.iter().any(|(layer, _)| *layer == name);
    if other == own || ROOTS.contains(&own) || !known(other) {
        return None;
    }
    match LAYERS.iter().find(|(layer, _)| *layer == own) {
        Some((_, below)) if below.contains(&other) => None,
        Some(_) => Some(format!("{own} may not name {other}")),
        None => Some(format!("{own} has no row in LAYERS")),
    }
}

fn crate_problem(own: &str, named: &NamedPath) -> Option<String> {
    let (name, who) = CRATES.iter().find(|(name, _)| named.segments[0] == *name)?;
    let allowed = match who {
        All => true,
        AllButCore => own != "core",
        Only(modules) => modules.contains(&own),
    };
    (!allowed).then(|| format!("{own} may not name the crate {name}"))
}

fn effect_problem(own: &str, named: &NamedPath) -> Option<String> {
    let path = named.segments.join("::");
    let address = path.strip_prefix("std::net::").is_some_and(|name| ADDRESSES.contains(&name));
    let asks_time = ["Utc::now", "Local::now"].iter().any(|now| path.ends_with(now));
    if own == "core" && asks_time {
        return Some("core has no clock".into());
    }
    let begins = |effect: &str| path == effect || path.starts_with(&format!("{effect}::"));
    let (effect, who) = EFFECTS.iter().find(|(effect, _)| begins(effect) && !address)?;
    let allowed = who.contains(&own) || (*who == ALL_BUT_CORE && own != "core");
    (!allowed).then(|| format!("{own} may not name {effect}"))
}

/// Modules of the program are named one in a line, so that edges are seen.
fn grouped(file: &File) -> Vec<Problem> {
    let code: String = code(&file.text).split_whitespace().collect();
    let found = ["usecrate::{", "usedocker_auto::{"].iter().any(|group| code.contains(group));
    let problem = || format!("{}: write one `use crate::module::…` for each module", file.path);
    found.then(problem).into_iter().collect()
}

/// Returns the names under a heading of the manifest, as code writes them.
fn dependencies(manifest: &str, heading: &str) -> Vec<String> {
    let section = manifest.split_once(&format!("[{heading}]\n")).map_or("", |(_, rest)| rest);
    let section = section.split("\n[").next().unwrap_or_default();
    let names = section.lines().filter_map(|line| line.split_once(" ="));
    names.map(|(name, _)| name.replace('-', "_")).collect()
}

#[test]
fn layers_name_only_what_they_may() {
    none(&sources().iter().flat_map(problems).collect::<Vec<_>>());
}

#[test]
fn no_use_groups_modules() {
    none(&sources().iter().flat_map(grouped).collect::<Vec<_>>());
    check(
        grouped,
        "src/engine/mod.rs",
        &["use crate::core::{id, digest};", "// use crate::{a, b};"],
        &["use crate::{core, store};", "pub(crate) use crate :: {\n core};"],
    );
}

#[test]
fn every_crate_has_its_row() {
    let manifest = std::fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let rows: Vec<_> = CRATES.iter().map(|(name, _)| *name).collect();
    assert_eq!(dependencies(&manifest, "dependencies"), rows);
    let mut tests = dependencies(&manifest, "dev-dependencies");
    tests.retain(|name| !rows.contains(&&**name));
    assert_eq!(tests, TEST_CRATES);
    let sample = "[package]\nname = \"x\"\n\n[dependencies]\na-b = \"1\"\nc = { version = \"2\" }\n\n[lib]\nd = 1\n";
    assert_eq!(dependencies(sample, "dependencies"), ["a_b", "c"]);
}

#[test]
fn the_core_is_pure() {
    let good = [
        "use std::collections::BTreeMap;",
        "use crate::core::id::HostId;",
        "use std::net::{IpAddr, Ipv4Addr};",
        "use std::time::Duration;",
        "use super::{redb, fs};",
        "fn f() { let tokio = 1; g(\"std::fs::read\") } // tokio::spawn",
        "fn f() { chrono::DateTime::<chrono::Utc>::from_timestamp(0, 0) }",
        "use cron::Schedule;",
    ];
    let bad = [
        "use std::fs;",
        "use std::{fmt, fs::File};",
        "use std::net::TcpStream;",
        "use std::{net::{IpAddr, UdpSocket}, fmt};",
        "fn f() { std::env::vars(); }",
        "fn f() { std::process::abort() }",
        "fn f() { std::thread::yield_now() }",
        "fn f() { std::time::Instant::now(); }",
        "fn f() { std::time::SystemTime::now(); }",
        "fn f() { chrono::Utc::now(); }",
        "use chrono::Utc; fn f() { Utc::now(); }",
        "use tokio::sync::watch;",
        "use hyper::Request;",
        "use bollard::Docker;",
        "use redb::Database;",
        "fn f() { log::info!(\"x\") }",
        "use thiserror::Error;",
        "use crate::store::Store;",
        "use super::super::store;",
        "use crate::config;",
        "fn f() { crate::clock::Clock::real(); }",
    ];
    check(problems, "src/core/plan.rs", &good, &bad);
}

#[test]
fn the_edges_keep_to_themselves() {
    for (path, good, bad) in [
        ("src/store/mod.rs", "use redb::Database;", "use bollard::Docker;"),
        ("src/docker/step.rs", "use bollard::Docker;", "use redb::Database;"),
        ("src/docker/step.rs", "use crate::connect::Dial;", "use crate::store::Store;"),
        ("src/connect/dial.rs", "use rustls::ClientConfig;", "use crate::docker::Host;"),
        ("src/registry/mod.rs", "use crate::connect::Dial;", "use crate::docker::Host;"),
        ("src/engine/mod.rs", "use crate::store::Store;", "use crate::http::serve;"),
        ("src/engine/mod.rs", "use crate::docker::Host;", "use hyper::Request;"),
        ("src/http/mod.rs", "use crate::engine::Engine;", "use crate::registry::Registry;"),
        ("src/config.rs", "use std::env;", "use crate::store::Store;"),
        ("src/store/lock.rs", "use std::process;", "use std::env;"),
        ("src/app.rs", "use crate::store::Store;", "fn f() { std::process::exit(1) }"),
        ("src/main.rs", "fn f() { std::process::exit(1) }", "use redb::Database;"),
        ("src/main.rs", "use docker_auto::cli;", "fn f() { bollard::Docker::new() }"),
        ("src/unheard.rs", "use std::fmt;", "use crate::core::id;"),
        ("src/clock.rs", "use super::core::id;", "use super::store::Store;"),
        (
            "src/http/api/history.rs",
            "use super::super::context;",
            "use super::super::super::docker;",
        ),
    ] {
        check(problems, path, &[good], &[bad]);
    }
}
