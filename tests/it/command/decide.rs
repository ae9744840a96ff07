//! Rules, pauses and words by command: what needs no engine, and what is wrong with what is written.

use serde_json::{Value, json};

use crate::support::program::Program;

const RULE: &str = r#"{"match": {"name": "web-*"}, "set": {"mode": "approve"}, "priority": 2}"#;

#[test]
fn rules_are_stored_listed_and_removed() {
    let program = Program::without_engine();
    assert_eq!(program.run(&["policy", "list"]).expect(0).stdout, "no rules\n");
    let stored = program.run(&["policy", "set", "calm", RULE, "--json"]).expect(0).json();
    assert_eq!(stored["name"], "calm");
    program.run(&["policy", "set", "first", r#"{"set": {"backup": "volumes"}}"#]).expect(0);
    let listed = program.run(&["policy", "list"]).expect(0).stdout;
    let expected = "first (0) {}: backup=volumes\n\
                    calm (2) {\"name\":\"web-*\"}: mode=approve\n";
    assert_eq!(listed, expected);
    let listed = program.run(&["policy", "list", "--json"]).expect(0).json();
    let names: Vec<&Value> = listed.as_array().unwrap().iter().map(|rule| &rule["name"]).collect();
    assert_eq!(names, ["first", "calm"]);
    assert_eq!(listed[1]["match"], json!({"name": "web-*"}));
    program.run(&["policy", "remove", "first"]).expect(0);
    let missing = program.run(&["policy", "remove", "first"]).expect(1).stderr;
    assert!(missing.contains("there is no rule \"first\"; `docker-auto policy list`"), "{missing}");
}

#[test]
fn a_bad_rule_is_named_with_its_field_and_the_cure() {
    let program = Program::without_engine();
    for (name, rule, words) in [
        ("calm", "{", "the rule \"calm\" cannot be used: EOF"),
        ("calm", r#"{"mode": "watch"}"#, "unknown field `mode`, expected one of"),
        ("calm", r#"{"match": {"nmae": "x"}, "set": {"mode": "watch"}}"#, "unknown field `nmae`"),
        ("calm", r#"{"set": {}}"#, "set: write at least one setting"),
        (
            "calm",
            r#"{"set": {"mode": "wach"}}"#,
            "set.mode: write one of auto, approve, watch, off",
        ),
        (
            "calm",
            r#"{"set": {"modee": "watch"}}"#,
            "set.modee: there is no such setting; did you mean",
        ),
        ("calm", r#"{"set": {"hook.user": "1"}}"#, "set.hook.user: only a label can say this"),
        ("a/b", r#"{"set": {"mode": "watch"}}"#, "name: write a name of letters"),
    ] {
        let output = program.run(&["policy", "set", name, rule]).expect(2);
        assert!(output.stderr.contains(words), "{rule}: {}", output.stderr);
        assert_eq!(output.stdout, "");
    }
    assert_eq!(program.run(&["policy", "list", "--json"]).expect(0).json(), json!([]));
}

#[test]
fn groups_and_everything_are_paused_without_asking_anyone() {
    let program = Program::without_engine();
    assert_eq!(program.run(&["pause"]).expect(0).stdout, "nothing is paused\n");
    let paused = program.run(&["pause", "--group", "media"]).expect(0).stdout;
    assert!(paused.starts_with("paused: the group media, by the command line at "), "{paused}");
    let paused = program.run(&["pause", "--all", "--json"]).expect(0).json();
    assert_eq!((&paused["of"], &paused["by"]), (&json!("everything"), &json!("the command line")));
    let listed = program.run(&["pause", "--json"]).expect(0).json();
    let of = |pause: &Value| (pause["of"].clone(), pause["name"].clone());
    let listed: Vec<_> = listed.as_array().unwrap().iter().map(of).collect();
    let expected = [(json!("everything"), Value::Null), (json!("group"), json!("media"))];
    assert_eq!(listed, expected);
    let program = program.env("DOCKER_AUTO_LANGUAGE", "zh");
    let chinese = program.run(&["pause"]).expect(0).stdout;
    assert!(chinese.starts_with("已暂停：全部更新，由 命令行 于 "), "{chinese}");
    let resumed = program.run(&["resume", "--all"]).expect(0).stdout;
    assert_eq!(resumed, "已恢复：全部更新\n");
    let again = program.run(&["resume", "--all"]).expect(1).stderr;
    assert!(again.contains("everything is not paused; `docker-auto pause` lists"), "{again}");
    let resumed = program.run(&["resume", "--group=media", "--json"]).expect(0).json();
    assert_eq!(resumed, json!({"of": "group", "name": "media"}));
    assert_eq!(program.run(&["pause"]).expect(0).stdout, "没有暂停任何更新\n");
}

#[test]
fn what_a_person_means_must_be_clear() {
    let program = Program::without_engine();
    for (arguments, words) in [
        (&["pause", "web", "--all"][..], "name a container, or say --group or --all"),
        (&["resume"], "name a container, or say --group or --all"),
        (&["resume", "--group", "a", "--all"], "one of them"),
        (&["approve"], "name"),
        (&["snooze", "web"], "until"),
        (&["why", "web", "--language", "fr"], "write one of en, zh"),
        (&["policy"], "subcommands"),
    ] {
        let output = program.run(arguments).expect(2);
        assert!(output.stderr.contains(words), "{arguments:?}: {}", output.stderr);
    }
    let bad = Program::without_engine().env("DOCKER_AUTO_LANGUAGE", "fr").run(&["check"]).expect(2);
    assert!(bad.stderr.contains("DOCKER_AUTO_LANGUAGE") && bad.stderr.contains("en, zh"));
}
