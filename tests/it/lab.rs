//! The lab itself: engines, registries and faults are what the other tests take them for.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::containers::Cleanup;
use crate::support::engine::{Engine, Host, HostOptions, docker};
use crate::support::http::{Question, ask_tcp, ask_unix};
use crate::support::image::{ImageSpec, Index, Kind};
use crate::support::lab::{missing_lab, needs, the_lab, unique};
use crate::support::program::Program;
use crate::support::proxy::{EngineProxy, Rule};
use crate::support::registry::Registry;
use crate::support::wait::{wait_for, wait_until};

const SECOND: Duration = Duration::from_secs(1);

/// A container of an image without a network of its own.
fn body(reference: &str) -> Value {
    json!({"Image": reference, "HostConfig": {"NetworkMode": "none"}})
}

#[test]
fn each_engine_is_what_it_stands_for() {
    needs!(lab);
    for engine in Engine::ALL {
        let host = Host::shared(engine);
        let api = host.get("/version")["ApiVersion"].as_str().unwrap().to_owned();
        let minor: u32 = api.strip_prefix("1.").unwrap().parse().unwrap();
        assert_eq!(minor < 44, engine == Engine::Old, "{engine:?} speaks {api}");
        let store = host.get("/info")["DriverStatus"].to_string();
        let containerd = store.contains("io.containerd.snapshotter.v1");
        assert_eq!(containerd, engine == Engine::Containerd, "{engine:?} stores by {store}");
    }
}

#[test]
fn the_containerd_engine_refuses_old_clients() {
    needs!(lab);
    let host = Host::shared(Engine::Containerd);
    let answer = ask_unix(&host.socket, Question::get("/v1.41/version")).unwrap();
    assert_eq!(answer.status, 400);
    assert!(answer.text().contains("client version 1.41 is too old"), "{}", answer.text());
}

#[test]
fn a_pushed_image_runs_on_each_engine() {
    needs!(lab);
    let registry = Registry::shared();
    let prefix = unique();
    let image = ImageSpec::web(&format!("{prefix}/app"), "1").version("1.2.3");
    let image = image.config(&json!({"Labels": {"flavour": "sour"}, "Env": ["TASTE=good"]}));
    let reference = image.reference(&registry);
    let digest = registry.push(&image);
    assert_eq!(registry.push(&image), digest, "the same description makes the same digest");
    for engine in Engine::ALL {
        let host = Host::shared(engine);
        let _cleanup = Cleanup { host: &host, prefix: &prefix };
        let name = format!("{prefix}-web");
        host.pull(&reference);
        host.create_and_start(&name, &body(&reference));
        host.wait_health(&name, "healthy");
        let page = host.exec(&name, &["wget", "-q", "-O", "-", "http://127.0.0.1:8080/"]);
        assert_eq!(page, "app 1.2.3\n");
        assert!(host.logs(&name).contains("starting app 1.2.3"));
        let container = host.inspect(&name);
        assert_eq!(container["Config"]["Labels"]["flavour"], "sour");
        assert_eq!(container["Image"], json!(host.image_id(&reference)));
        assert_eq!(host.names(&prefix), [(name, "running".to_owned())]);
    }
}

#[test]
fn published_ports_are_reached_at_the_address_of_the_host() {
    needs!(lab);
    let prefix = unique();
    for engine in Engine::ALL {
        let host = Host::shared(engine);
        let _cleanup = Cleanup { host: &host, prefix: &prefix };
        let reference = format!("{prefix}-loaded:2");
        host.docker_load(&ImageSpec::web(&format!("{prefix}-loaded"), "2"));
        let ports = json!({"8080/tcp": [{"HostPort": ""}]});
        let body = json!({"Image": reference, "HostConfig": {"PortBindings": ports}});
        let name = format!("{prefix}-published");
        host.create_and_start(&name, &body);
        let bindings = &host.inspect(&name)["NetworkSettings"]["Ports"]["8080/tcp"];
        let port = bindings[0]["HostPort"].as_str().unwrap();
        let address = format!("{}:{port}", host.address);
        let page = wait_for("the page", 10 * SECOND, || {
            ask_tcp(&address, Question::get("/")).ok().filter(|answer| answer.status == 200)
        });
        assert_eq!(page.text(), format!("{prefix}-loaded 2\n"));
        assert_eq!(page.header("content-type"), Some("text/html"));
    }
}

#[test]
fn the_kinds_of_images_behave_as_named() {
    needs!(lab);
    let registry = Registry::shared();
    let host = Host::shared(Engine::New);
    let prefix = unique();
    let _cleanup = Cleanup { host: &host, prefix: &prefix };
    let start = |kind: Kind| {
        let image = ImageSpec::web(&format!("{prefix}/app"), &format!("{kind:?}")).kind(kind);
        registry.push(&image);
        host.pull(&image.reference(&registry));
        let name = format!("{prefix}-{kind:?}");
        host.create_and_start(&name, &body(&image.reference(&registry)));
        name
    };
    let state = |name: &str| host.inspect(name)["State"].clone();
    let ends = [(Kind::ExitsZero, 0), (Kind::ExitsOne, 1), (Kind::Crashes, 1)]
        .map(|(kind, code)| (start(kind), code));
    let healths = [
        (Kind::Sickens, "unhealthy"),
        (Kind::Unhealthy, "unhealthy"),
        (Kind::Slow, "healthy"),
        (Kind::Web, "healthy"),
    ]
    .map(|(kind, health)| (start(kind), health));
    let stops =
        [(Kind::SlowStop, 0), (Kind::IgnoresTerm, 137)].map(|(kind, code)| (start(kind), code));
    let plain = start(Kind::Plain);
    for (name, code) in ends {
        wait_until("it ends", 20 * SECOND, || state(&name)["Status"] == "exited");
        assert_eq!(state(&name)["ExitCode"], code, "{name}");
    }
    for (name, code) in stops {
        wait_until("it is ready", 20 * SECOND, || host.logs(&name).contains("ready"));
        host.post(&format!("/containers/{name}/stop?t=4"), &json!({}));
        assert_eq!(state(&name)["ExitCode"], code, "{name}");
    }
    for (name, health) in healths {
        host.wait_health(&name, health);
    }
    assert_eq!(state(&plain)["Health"], Value::Null);
}

#[test]
fn an_index_changes_only_where_it_is_told_to() {
    needs!(lab);
    let registry = Registry::shared();
    let prefix = unique();
    let image = ImageSpec::web(&format!("{prefix}/app"), "1").index(Index::Attested);
    let variants = [
        image.clone(),
        image.clone().attestation("built once more"),
        image.clone().other_version("2"),
    ];
    let host = Host::shared(Engine::New);
    let ids = variants.map(|variant| {
        let digest = registry.push(&variant);
        host.pull(&variant.reference(&registry));
        (digest, host.image_id(&variant.reference(&registry)))
    });
    let [(first, id), (attested, _), (foreign, _)] = &ids;
    assert!(first != attested && first != foreign && attested != foreign);
    assert!(ids.iter().all(|(_, other)| other == id), "this machine's image is the same: {ids:?}");

    let host = Host::shared(Engine::Containerd);
    let plain = ImageSpec::web(&format!("{prefix}/app"), "2");
    for variant in [
        plain.clone().index(Index::Multi).docker_media_types(),
        plain.clone().index(Index::Nested),
        plain.clone().platform("amd64").created("2026-02-03T04:05:06Z"),
        plain.clone().blob(200_000, "noise"),
    ] {
        let digest = registry.push(&variant);
        host.pull(&variant.reference(&registry));
        assert_eq!(host.image_id(&variant.reference(&registry)), digest, "{variant:?}");
        registry.delete(&format!("{prefix}/app"), &digest);
    }
}

#[test]
fn registries_ask_for_what_they_are_named_after() {
    needs!(lab);
    let image = ImageSpec::web(&format!("{}/app", unique()), "1");
    for (registry, challenge) in [(Registry::basic(), "Basic "), (Registry::token(), "Bearer ")] {
        registry.push(&image);
        let answer = ask_tcp(&registry.address, Question::get("/v2/")).unwrap();
        assert_eq!(answer.status, 401);
        assert!(answer.header("www-authenticate").unwrap().starts_with(challenge));
    }
    Registry::tls().push(&image);
    assert!(the_lab().pki.join("foreign-ca.crt").exists());
}

#[test]
fn a_faulty_registry_fails_as_told_and_keeps_a_log() {
    needs!(lab);
    let registry = Registry::faulty(&json!({"fail": [503, "drop"], "only": "/manifests/"}));
    let repository = format!("{}/app", unique());
    registry.push(&ImageSpec::web(&repository, "1"));
    let path = format!("/v2/{repository}/manifests/1");
    let accept = [("Accept", "application/vnd.oci.image.manifest.v1+json")];
    let head = Question { method: "HEAD", headers: &accept, ..Question::get(&path) };
    assert_eq!(ask_tcp(&registry.address, head).unwrap().status, 503);
    assert!(ask_tcp(&registry.address, head).is_err(), "the connection is reset");
    assert_eq!(ask_tcp(&registry.address, head).unwrap().status, 200);
    let outcomes: Vec<_> = registry.log().iter().map(|entry| entry["status"].clone()).collect();
    assert_eq!(outcomes, [json!(503), json!("drop"), json!(200)]);

    registry.forget();
    registry.faults(&json!({"rate_limit": 1, "rate_window": 60}));
    let statuses = ["HEAD", "GET", "GET"].map(|method| {
        let answer = ask_tcp(&registry.address, Question { method, ..head }).unwrap();
        (answer.status, answer.header("retry-after").is_some())
    });
    assert_eq!(statuses, [(200, false), (200, false), (429, true)]);
    assert_eq!((registry.count("HEAD", &repository), registry.count("GET", &repository)), (1, 2));
}

#[test]
fn an_engine_pulls_through_a_faulty_registry() {
    needs!(lab);
    let registry = Registry::faulty(&json!({}));
    let image = ImageSpec::web(&format!("{}/app", unique()), "1");
    registry.push(&image);
    for engine in Engine::ALL {
        registry.forget();
        Host::shared(engine).pull(&image.reference(&registry));
        assert!(registry.count("GET", "/blobs/") > 0, "{engine:?}");
    }
}

#[test]
fn a_rule_before_a_call_keeps_it_from_the_engine() {
    needs!(lab);
    let prefix = unique();
    let host = Host::shared(Engine::New);
    let _cleanup = Cleanup { host: &host, prefix: &prefix };
    let create = "POST .*/networks/create";
    let proxy = EngineProxy::start(&host, &[Rule::before(create).nth(2).drop_call()]);
    let asked = [1, 2, 3].map(|number| create_network(&proxy, &format!("{prefix}-{number}")));
    assert_eq!(asked, [Some(201), None, Some(201)]);
    assert_eq!(network_names(&host, &prefix), [format!("{prefix}-1"), format!("{prefix}-3")]);
    let outcomes: Vec<_> = proxy.log().into_iter().map(|call| call.outcome).collect();
    assert_eq!(outcomes, [json!(201), json!("dropped before"), json!(201)]);
}

#[test]
fn a_rule_after_a_call_loses_the_answer_only() {
    needs!(lab);
    let prefix = unique();
    let host = Host::shared(Engine::New);
    let _cleanup = Cleanup { host: &host, prefix: &prefix };
    let create = "POST .*/networks/create";
    let proxy = EngineProxy::start(&host, &[Rule::after(create).nth(1).drop_call()]);
    let asked = [1, 2].map(|number| create_network(&proxy, &format!("{prefix}-{number}")));
    assert_eq!(asked, [None, Some(201)]);
    assert_eq!(network_names(&host, &prefix), [format!("{prefix}-1"), format!("{prefix}-2")]);
    proxy.set_rules(&[Rule::before(create).fail(500, "no space left on device")]);
    assert_eq!(create_network(&proxy, &format!("{prefix}-3")), Some(500));
    assert_eq!(proxy.log().last().unwrap().outcome, 500);
    assert!(proxy.log().iter().all(|call| call.line.ends_with("/networks/create")));
}

#[test]
fn a_rule_kills_the_caller_before_or_after_the_call() {
    needs!(lab);
    let prefix = unique();
    let host = Host::shared(Engine::Old);
    let _cleanup = Cleanup { host: &host, prefix: &prefix };
    let proxy = EngineProxy::start(&host, &[]);
    let caller = Program::of("/usr/bin/curl".into());
    let pid_file = caller.pid_file();
    let socket = proxy.socket.display().to_string();
    let create = |name: &str| {
        let body = json!({"Name": format!("{prefix}-{name}"), "Internal": true}).to_string();
        let url = "http://engine/v1.41/networks/create";
        let json = "Content-Type: application/json";
        caller.run(&["-s", "--unix-socket", &socket, "-H", json, "-d", &body, url]).code
    };
    proxy.set_rules(&[Rule::before("/networks/create").kill(&pid_file)]);
    assert_eq!(create("before"), -9);
    proxy.set_rules(&[Rule::after("/networks/create").kill(&pid_file)]);
    assert_eq!(create("after"), -9);
    assert_eq!(network_names(&host, &prefix), [format!("{prefix}-after")]);
    let outcomes: Vec<_> = proxy.log().into_iter().map(|call| call.outcome).collect();
    assert_eq!(outcomes, ["killed before", "killed after"]);
}

#[test]
fn a_rule_kills_the_engine_in_the_middle_of_a_call() {
    needs!(lab);
    let host = Host::private(Engine::Old, &HostOptions::default());
    let kill = Rule::after("/networks/create").nth(1).run(&host.control_command("kill"));
    let proxy = EngineProxy::start(&host, &[kill.drop_call()]);
    assert_eq!(create_network(&proxy, "first"), None);
    assert!(host.ping(SECOND).is_err());
    host.start();
    assert_eq!(network_names(&host, "first"), ["first"]);
    host.delete("/networks/first");
    assert_eq!(network_names(&host, "first"), [""; 0]);
}

#[test]
fn a_rule_holds_or_delays_a_call() {
    needs!(lab);
    let host = Host::shared(Engine::New);
    let proxy = EngineProxy::start(&host, &[Rule::before("/_ping").delay(0.3)]);
    let ping = |timeout| {
        let question = Question { timeout, ..Question::get("/_ping") };
        ask_unix(&proxy.socket, question).map(|answer| answer.text()).ok()
    };
    assert_eq!(ping(SECOND / 10), None);
    assert_eq!(ping(10 * SECOND).as_deref(), Some("OK"));
    let gate = proxy.socket.with_file_name("gate");
    proxy.set_rules(&[Rule::before("/_ping").hold_until(&gate)]);
    assert_eq!(ping(SECOND / 10), None);
    std::fs::write(&gate, "").unwrap();
    assert_eq!(ping(10 * SECOND).as_deref(), Some("OK"));
}

#[test]
fn attached_output_passes_through_a_proxy() {
    needs!(lab);
    let prefix = unique();
    let host = Host::shared(Engine::New);
    let _cleanup = Cleanup { host: &host, prefix: &prefix };
    host.docker_load(&ImageSpec::web(&prefix, "1"));
    let name = format!("{prefix}-web");
    host.create_and_start(&name, &body(&format!("{prefix}:1")));
    let proxy = EngineProxy::start(&host, &[]);
    let through = host.behind(&proxy);
    assert_eq!(through.exec(&name, &["echo", "hello"]), "hello\n");
    assert_eq!(proxy.log().len(), 3, "create, start and inspect of the exec");
}

fn create_network(proxy: &EngineProxy, name: &str) -> Option<u16> {
    let body = json!({"Name": name, "Internal": true}).to_string();
    let question = Question {
        method: "POST",
        headers: &[("Content-Type", "application/json")],
        body: body.as_bytes(),
        ..Question::get("/networks/create")
    };
    ask_unix(&proxy.socket, question).ok().map(|answer| answer.status)
}

fn network_names(host: &Host, prefix: &str) -> Vec<String> {
    let networks = host.get("/networks");
    let names =
        networks.as_array().into_iter().flatten().filter_map(|network| network["Name"].as_str());
    let mut names: Vec<_> =
        names.filter(|name| name.starts_with(prefix)).map(str::to_owned).collect();
    names.sort();
    names
}

#[test]
fn the_program_runs_with_a_clean_environment() {
    let shell = Program::of("/bin/sh".into()).env("DOCKER_AUTO_LOG_LEVEL", "debug");
    let printed = shell.run(&["-c", "env; echo fine >&2; exit 3"]);
    assert_eq!((printed.code, printed.stderr.as_str()), (3, "fine\n"));
    let mut names: Vec<_> = printed
        .stdout
        .lines()
        .filter_map(|line| line.split_once('='))
        .map(|(name, _)| name)
        .collect();
    names.retain(|name| !["PWD", "_", "SHLVL", "OLDPWD"].contains(name));
    names.sort_unstable();
    assert_eq!(names, ["DOCKER_AUTO_DATA", "DOCKER_AUTO_LOG_LEVEL", "HOME", "PATH"]);
    assert!(shell.data_dir().is_dir());
}

#[test]
fn a_running_program_is_seen_signalled_and_ended() {
    let shell = Program::of("/bin/sh".into()).timeout(10 * SECOND);
    let script = "trap 'echo bye; exit 7' TERM; echo ready; while :; do sleep 0.01; done";
    let mut running = shell.spawn(&["-c", script]);
    wait_until("it is ready", 10 * SECOND, || running.stdout() == "ready\n");
    assert!(running.is_running() && running.stderr().is_empty());
    let pid = std::fs::read_to_string(shell.pid_file()).unwrap();
    assert_eq!(pid.trim(), running.pid().to_string());
    running.terminate();
    let ended = running.wait_exit(10 * SECOND);
    assert_eq!((ended.code, ended.stdout.as_str()), (7, "ready\nbye\n"));
    assert_eq!(shell.spawn(&["-c", script]).kill().code, -9);
    let hung = std::panic::catch_unwind(|| {
        Program::of("/bin/sleep".into()).timeout(SECOND / 10).run(&["100"])
    });
    assert!(hung.is_err(), "a run that takes too long fails");
}

#[test]
fn the_program_under_test_is_there() {
    let program = Program::without_engine();
    assert_eq!(program.run(&["--help"]).code, 0);
    let socket = program.data_dir().join("none.sock");
    assert!(Program::new(&socket).run(&["--help"]).code == 0);
}

#[test]
fn a_frozen_engine_does_not_answer_until_it_thaws() {
    needs!(lab);
    let host = Host::private(Engine::New, &HostOptions::default());
    host.freeze();
    let error = host.ping(SECOND / 2).unwrap_err();
    assert!(matches!(error.kind(), std::io::ErrorKind::WouldBlock), "{error}");
    host.thaw();
    host.wait_ready();
}

#[test]
fn a_killed_engine_comes_back_with_its_containers() {
    needs!(lab);
    for engine in Engine::ALL {
        let options =
            HostOptions { arguments: vec!["--live-restore".into()], ..HostOptions::default() };
        let host = Host::private(engine, &options);
        host.docker_load(&ImageSpec::web("app", "1"));
        host.create_and_start("app", &body("app:1"));
        let pid = host.inspect("app")["State"]["Pid"].clone();
        host.kill();
        assert!(host.ping(SECOND).is_err());
        host.start();
        assert_eq!(host.inspect("app")["State"]["Pid"], pid, "{engine:?}");
        host.stop();
        assert!(host.ping(SECOND).is_err());
        host.start();
        assert_eq!(host.names("app"), [("app".to_owned(), "running".to_owned())]);
    }
}

#[test]
fn a_private_host_takes_its_options() {
    needs!(lab);
    let options = HostOptions {
        data_size: Some("32m".into()),
        arguments: vec!["--label=role=test".into()],
        variables: vec!["OTEL_SDK_DISABLED=true".into()],
        trust: vec![Registry::tls().address],
        ..HostOptions::default()
    };
    let host = Host::private(Engine::New, &options);
    assert_eq!(host.get("/info")["Labels"], json!(["role=test"]));
    let root = host.data_root().display().to_string();
    let size = host.run_inside(&["df", "--output=size", "-m", &root]);
    assert_eq!(size.split_whitespace().last(), Some("32"));
    let other = Host::private(Engine::New, &HostOptions::default());
    assert_ne!(other.get("/info")["ID"], host.get("/info")["ID"]);
    assert_ne!(other.address, host.address);
    assert!(host.engine_log().contains("API listen on"));
    let socket = host.socket.clone();
    drop(host);
    assert!(!socket.exists());
}

#[test]
fn the_command_line_client_reaches_each_engine_it_supports() {
    needs!(lab);
    let host = Host::shared(Engine::Containerd);
    let version = docker(&host, &the_lab().dir, &["compose", "version", "--short"]);
    assert!(version.starts_with(char::is_numeric), "{version}");
    let api = docker(&host, &the_lab().dir, &["version", "--format", "{{.Server.APIVersion}}"]);
    assert_eq!(json!(api.trim()), host.get("/version")["ApiVersion"]);
}

#[test]
fn nothing_outside_the_lab_is_reachable() {
    needs!(lab);
    assert_eq!(missing_lab(), None);
    let routes = std::fs::read_to_string("/proc/net/route").unwrap();
    let default =
        routes.lines().skip(1).find(|line| line.split_whitespace().nth(1) == Some("00000000"));
    assert_eq!(default, None, "a lab has no default route");
}
