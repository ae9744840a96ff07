//! What is not understood has no mark; beside each of them stands what is.

use super::super::{SourceFile, VariableFile};
use super::*;

/// What other services there are.
const MORE: &str = "  base:\n    init: true\n";

/// Returns the record of a service of two files, of which the second one may say nothing.
fn record(settings: &str, over: &str, set: &str) -> Option<String> {
    let file = |path: &str, text| SourceFile { path: path.to_owned(), text };
    let below = format!("services:\n{MORE}  web:\n    image: nginx\n{settings}");
    let above = format!("services:\n  web:\n{over}");
    let path = "/srv/.env".to_owned();
    let variables = VariableFile { path, text: Ok(set.to_owned()) };
    let environment = [("a", "A=1\n"), ("b", "A=$TAG\n"), ("c", "TAG\n")].map(|(name, text)| {
        let path = format!("/srv/{name}.env");
        (path.clone(), Some(file(&path, text.to_owned())))
    });
    let gone = ("/srv/gone.env".to_owned(), None);
    let project = Project {
        files: vec![file("/srv/compose.yaml", below), file("/srv/more.yaml", above)],
        variables: vec![variables],
        service: "web".to_owned(),
        folder: "/srv".to_owned(),
        environment: environment.into_iter().chain([gone]).collect(),
    };
    let files = Files::read(&project).unwrap();
    let service = layers::service(&files)?;
    let read = reading(&files, |reader| reader.record(&service, FIELDS))?;
    Some(Value::from(read).to_string())
}

fn check((understood, not): (&str, &str), (over, not_over): (&str, &str)) {
    let said = |settings: &str, over: &str| record(settings, over, "TAG=7\n");
    assert!(said(understood, over).is_some(), "{understood}{over}");
    assert_eq!(said(not, not_over), None, "{not}{not_over}");
}

#[test]
fn settings_that_are_not_understood_have_no_record() {
    for (understood, not) in [
        ("x-future: 1", "future: 1"),
        ("deploy: {x-future: 1}", "deploy: {future: 1}"),
        ("deploy: {resources: {limits: {pids: 1}}}", "deploy: {resources: {limits: {future: 1}}}"),
        ("env_file: [{path: gone.env, required: false}]", "env_file: gone.env"),
        ("env_file: a.env", "env_file: unread.env"),
        ("env_file: a.env", "env_file: b.env"),
        ("env_file: a.env", "env_file: c.env"),
        ("env_file: [{path: a.env}]", "env_file: [{path: a.env, format: raw}]"),
        ("extends: base", "extends: nobody"),
        ("extends: {service: base}", "extends: {service: base, file: base.yaml}"),
        ("extends: base", "extends: web"),
        ("ports: ['1-2:1-2']", "ports: ['1-2:1-3']"),
        ("ports: ['1-2']", "ports: ['2-1']"),
        ("ports: ['1-4096']", "ports: ['1-4097']"),
        ("ports: ['1-4000', '1-96']", "ports: ['1-4000', '1-97']"),
        ("ports: [1:2:3]", "ports: [1:2:3:4]"),
        ("ports: [{target: 1, mode: ingress}]", "ports: [{target: 1, mode: host}]"),
        ("command: echo 'a'", "command: echo 'a"),
        ("mem_limit: 1.5g", "mem_limit: 1.5q"),
        ("stop_grace_period: 1s", "stop_grace_period: 1"),
        ("environment: [word]", "environment: word"),
        ("volumes: ['/a:/b:ro']", "volumes: ['/a:/b:nocopy']"),
        ("init: true", "init: perhaps"),
        ("hostname: '${TAG:-x}'", "hostname: '${TAG:+x}'"),
    ] {
        let [understood, not] = [understood, not].map(|text| format!("    {text}\n"));
        check((&understood, &not), ("", ""));
    }
    for (below, over, not) in [
        ("ports: [1]", "ports: [2]", "ports: {a: b}"),
        ("init: true", "init: null", "init: !reset null"),
        ("healthcheck: {test: x}", "healthcheck: {test: y}", "healthcheck: [y]"),
    ] {
        let [below, over, not] = [below, over, not].map(|text| format!("    {text}\n"));
        check((&below, &below), (&over, &not));
    }
}

#[test]
fn variables_do_not_become_more_text_than_is_read() {
    let settings = format!("    command: {}\n", "$TAG".repeat(1_000));
    for (length, expected) in [(1_000, 1_000_000), (1_100, 1_100 * (MOST_BYTES / 1_100))] {
        let set = format!("TAG={}\n", "z".repeat(length));
        let record = record(&settings, "", &set).unwrap();
        assert_eq!(record.matches('z').count(), expected, "{length}");
    }
}
