//! The proxy before an engine acts at exactly the call that it was told.

use std::time::{Duration, Instant};

use serde_json::json;

use super::{SECOND, body};
use crate::support::containers::Cleanup;
use crate::support::engine::{Engine, Host, HostOptions};
use crate::support::http::{Question, ask_unix};
use crate::support::image::ImageSpec;
use crate::support::lab::{needs, unique};
use crate::support::program::Program;
use crate::support::proxy::{EngineProxy, Rule};

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
    let begun = Instant::now();
    assert_eq!(ping(10 * SECOND).as_deref(), Some("OK"));
    assert!(begun.elapsed() >= Duration::from_millis(300), "it is delayed");
    let answer = ask_unix(&proxy.socket, Question::get("/_ping")).unwrap();
    assert_eq!(answer.header("connection"), Some("close"), "else a pool would use it again");
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
    assert_eq!(through.read_in(&name, &["echo", "hello"]), "hello\n");
    assert_eq!(proxy.log().len() % 3, 0, "create, start and inspect of each exec");
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
