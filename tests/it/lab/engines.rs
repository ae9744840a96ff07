//! Each engine is what it stands for, and private hosts can be broken and mended.

use std::thread;

use serde_json::json;

use super::{SECOND, body};
use crate::support::containers::Cleanup;
use crate::support::engine::{Engine, Host, HostOptions, docker};
use crate::support::http::{Question, ask_tcp, ask_unix};
use crate::support::image::ImageSpec;
use crate::support::lab::{missing_lab, needs, the_lab, unique};
use crate::support::registry::Registry;
use crate::support::wait::wait_for;

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
        let page = host.read_in(&name, &["wget", "-q", "-O", "-", "http://127.0.0.1:8080/"]);
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
    thread::scope(|scope| {
        for engine in Engine::ALL {
            scope.spawn(move || killed_and_back(engine));
        }
    });
}

fn killed_and_back(engine: Engine) {
    let arguments = vec!["--live-restore".into()];
    let host = Host::private(engine, &HostOptions { arguments, ..HostOptions::default() });
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
