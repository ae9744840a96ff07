//! Help, flags, variables and exit codes.

use std::fs;

use crate::support::program::Program;
use crate::support::scene::PATIENCE;

const COMMANDS: [&str; 20] = [
    "serve",
    "check",
    "images",
    "plan",
    "update",
    "rollback",
    "approve",
    "reject",
    "skip",
    "snooze",
    "forget",
    "pause",
    "resume",
    "why",
    "policy",
    "history",
    "migrate",
    "healthcheck",
    "probe",
    "version",
];

/// Variables that cannot be used, and words of the cure.
const BAD_VALUES: [(&str, &str, &str); 22] = [
    ("DOCKER_AUTO_DATA", "data", "absolute"),
    ("DOCKER_AUTO_SCAN_INTERVAL", "ten", "such as 90s, 10m or 1h30m"),
    ("DOCKER_AUTO_SCAN_INTERVAL", "30s", "1m"),
    ("SCAN_INTERVAL", "5", "units"),
    ("DOCKER_AUTO_SCAN_CRON", "61 * * * *", "minute"),
    ("DOCKER_AUTO_SCAN_CRON", "* * *", "five"),
    ("DOCKER_AUTO_SCAN_CRON", "* * * * * *", "a minute apart"),
    ("DOCKER_AUTO_UPDATE_CRON", "*/30 * * * * *", "a minute apart"),
    ("DOCKER_AUTO_UPDATE_CRON", "0 0 31 2 *", "never"),
    ("DOCKER_AUTO_UPDATE_CRON", "0 9-5 * * *", "hour"),
    ("DOCKER_AUTO_UPDATE_ENABLED", "maybe", "true"),
    ("DOCKER_AUTO_UPDATE_CONCURRENCY", "0", "1"),
    ("DOCKER_HOST", "ssh://somewhere", "unix:///"),
    ("DOCKER_HOST", "docker.sock", "unix:///"),
    ("DOCKER_AUTO_SERVER_ADDR", "8080", ":8080"),
    ("DOCKER_AUTO_SERVER_ADDR", "[::1:8080", "HOST:PORT"),
    ("DOCKER_AUTO_HISTORY_RETENTION", "5d", "30d"),
    ("DOCKER_AUTO_HEALTH_STABLE", "-1s", "such as"),
    ("DOCKER_AUTO_POLICY_ONLY_LABELS", "=x", "KEY"),
    ("DOCKER_AUTO_REGISTRY_CONCURRENCY", "many", "number"),
    ("DOCKER_AUTO_LOG_LEVEL", "loud", "error"),
    ("DOCKER_AUTO_LOG_FORMAT", "yaml", "json"),
];

#[test]
fn every_command_has_help() {
    let program = Program::without_engine();
    let whole = program.run(&["--help"]).expect(0);
    for command in COMMANDS {
        assert!(whole.stdout.contains(&format!("\n  {command} ")), "{command}");
        for help in ["--help", "-h", "help"] {
            let help = program.run(&[command, help]).expect(0);
            let usage = format!("Usage: docker-auto {command}");
            assert!(help.stdout.starts_with(&usage) && help.stderr.is_empty(), "{}", help.stdout);
        }
    }
    for code in [
        "0 fine",
        "1 an error",
        "2 usage",
        "3 an update was rolled back",
        "4 a container needs help",
        "130 ended by a signal",
    ] {
        assert!(whole.stdout.contains(code), "{code}: {}", whole.stdout);
    }
    for version in [&["version"][..], &["--version"], &["-V"]] {
        let text = format!("docker-auto {}\n", env!("CARGO_PKG_VERSION"));
        assert_eq!(program.run(version).expect(0).stdout, text);
    }
}

#[test]
fn what_is_written_wrong_is_a_usage_error() {
    let program = Program::without_engine();
    for (arguments, words) in [
        (&["nonsense"][..], "nonsense"),
        (&["check", "--jsn"], "--jsn"),
        (&["plan"], "name"),
        (&["plan", "a", "b"], "b"),
        (&["rollback"], "name"),
        (&["update"], "name containers, or say --all"),
        (&["update", "web", "--all"], "not both"),
        (&["update", "--all", "--force"], "--force goes with names"),
        (&["check", "--jsn"], "see docker-auto check --help"),
        (&["history", "--limit", "0"], "from 1 to 1000"),
        (&["history", "--limit"], "--limit"),
        (&["serve", "--detach"], "--detach"),
    ] {
        let output = program.run(arguments).expect(2);
        assert!(output.stderr.starts_with("docker-auto: "), "{}", output.stderr);
        assert!(output.stderr.contains(words), "{arguments:?}: {}", output.stderr);
        assert_eq!(output.stdout, "", "{arguments:?}");
    }
}

#[test]
fn a_bad_value_is_named_with_its_variable_and_the_cure() {
    for (variable, value, cure) in BAD_VALUES {
        let program = Program::without_engine().env(variable, value);
        for command in ["check", "serve"] {
            let output = program.run(&[command]).expect(2);
            let quoted = format!("{value:?}");
            for words in ["the configuration cannot be used", variable, &quoted, cure] {
                assert!(
                    output.stderr.contains(words),
                    "{variable}={value}: {words}: {}",
                    output.stderr
                );
            }
            assert_eq!(output.stdout, "");
        }
    }
    // All of them at once are all told at once.
    let program = Program::without_engine().env("SCAN_INTERVAL", "x").env("SCAN_CRON", "y");
    let output = program.run(&["check"]).expect(2);
    assert!(
        output.stderr.contains("SCAN_INTERVAL") && output.stderr.contains("SCAN_CRON"),
        "{}",
        output.stderr
    );
}

#[test]
fn a_file_says_what_the_environment_does_not() {
    let socket = "docker: {host: 'unix:///no/such/socket'}";
    let run = |text: &str, place: &str, arguments: &[&str], variables: &[(&str, &str)]| {
        let mut program = Program::without_engine();
        let file = program.data_dir().join(place);
        fs::write(&file, text).unwrap();
        let file = file.to_str().unwrap();
        for (name, value) in variables {
            program.set(name, &value.replace("FILE", file));
        }
        let arguments: Vec<_> = arguments.iter().map(|it| it.replace("FILE", file)).collect();
        let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
        (program.run(&[&words[..], &["check"]].concat()), file.to_owned())
    };
    for (place, arguments, variables, words) in [
        ("config.yaml", &[][..], &[][..], "/no/such/socket"),
        ("my.yaml", &["--config", "FILE"], &[], "/no/such/socket"),
        ("my.yaml", &["--config=FILE"], &[("DOCKER_AUTO_CONFIG", "/none")], "/no/such/socket"),
        ("my.yaml", &[], &[("DOCKER_AUTO_CONFIG", "FILE")], "/no/such/socket"),
        ("config.yaml", &[], &[("DOCKER_HOST", "unix:///other/socket")], "/other/socket"),
    ] {
        let output = run(socket, place, arguments, variables).0.expect(1);
        assert!(output.stderr.contains(words), "{place} {variables:?}: {}", output.stderr);
    }
    let (output, file) = run("log: {level: loud}", "my.yaml", &["--config", "FILE"], &[]);
    let named = format!("the key log.level in {file} has the value \"loud\": write");
    assert!(output.expect(2).stderr.contains(&named));
    let (output, _) = run("", "my.yaml", &["--config", "/none.yaml"], &[]);
    let named = "the configuration file /none.yaml cannot be used";
    assert!(output.expect(2).stderr.contains(named));
}

#[test]
fn an_unknown_variable_is_told_with_a_suggestion_and_stops_nothing() {
    let program = Program::without_engine()
        .env("DOCKER_AUTO_SCAN_INTERVALL", "10m")
        .env("DOCKER_AUTO_QUITE_ELSE", "1")
        .env("SOMETHING_OF_SOMEBODY", "1");
    let output = program.run(&["history"]).expect(0);
    assert_eq!(output.stdout, "no operations yet\n");
    for words in [
        "DOCKER_AUTO_SCAN_INTERVALL is not known; did you mean DOCKER_AUTO_SCAN_INTERVAL?",
        "DOCKER_AUTO_QUITE_ELSE is not known",
    ] {
        assert!(output.stderr.contains(words), "{}", output.stderr);
    }
    assert!(!output.stderr.contains("SOMETHING_OF_SOMEBODY"), "{}", output.stderr);
    let json = program.run(&["history", "--json"]).expect(0);
    assert_eq!(json.json(), serde_json::json!([]));
}

#[test]
fn files_that_are_named_and_missing_are_told() {
    let nowhere = "/no/such/place";
    for (variable, words) in [
        ("DOCKER_AUTO_REGISTRY_CA", "DOCKER_AUTO_REGISTRY_CA"),
        ("DOCKER_AUTO_REGISTRY_AUTH_1_PASSWORD_FILE", "DOCKER_AUTO_REGISTRY_AUTH_1_PASSWORD"),
    ] {
        let program = Program::without_engine()
            .env("DOCKER_AUTO_REGISTRY_AUTH_1_HOST", "r.example.com")
            .env("DOCKER_AUTO_REGISTRY_AUTH_1_USERNAME", "alice")
            .env("DOCKER_AUTO_REGISTRY_AUTH_1_TOKEN", "t")
            .env(variable, nowhere);
        let output = program.run(&["check"]).expect(2);
        assert!(
            output.stderr.contains(words) && output.stderr.contains(nowhere),
            "{}",
            output.stderr
        );
    }
    let program = Program::without_engine()
        .env("DOCKER_HOST", "tcp://127.0.0.1:1")
        .env("DOCKER_TLS_VERIFY", "1")
        .env("DOCKER_CERT_PATH", nowhere);
    let output = program.run(&["check"]);
    assert!([1, 2].contains(&output.code), "{}", output.stderr);
    assert!(output.stderr.contains(nowhere), "{}", output.stderr);
}

#[test]
fn without_an_engine_commands_say_how_to_get_one() {
    let program = Program::without_engine().env("DOCKER_HOST", "unix:///no/such/docker.sock");
    for command in [&["check"][..], &["plan", "web"], &["update", "web"], &["rollback", "web"]] {
        let output = program.run(command).expect(1);
        assert!(output.stderr.contains("start the engine"), "{command:?}: {}", output.stderr);
        assert_eq!(output.stdout, "", "{command:?}");
    }
}

#[test]
fn a_signal_ends_a_command_that_waits() {
    // An engine that accepts and never says anything.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let host = format!("tcp://{}", silent.local_addr().unwrap());
    let program = Program::without_engine().env("DOCKER_HOST", &host);
    for (arguments, signal) in [
        (&["check"][..], "INT"),
        (&["plan", "web"], "TERM"),
        (&["update", "web", "--dry-run"], "INT"),
        (&["update", "web"], "INT"),
        (&["rollback", "web"], "TERM"),
    ] {
        let waiting = program.spawn(arguments);
        let (_connection, _) = silent.accept().unwrap();
        waiting.signal(signal);
        let ended = waiting.wait_exit(PATIENCE);
        assert_eq!(ended.code, 130, "{arguments:?}: {}", ended.stderr);
    }
}

#[test]
fn a_damaged_history_is_no_empty_one() {
    let program = Program::without_engine();
    let file = program.data_dir().join("state.redb");
    std::fs::write(&file, "this is no database").unwrap();
    let output = program.run(&["history"]).expect(1);
    assert!(output.stderr.contains("is damaged"), "{}", output.stderr);
    // It was told and moved aside; the new one is really empty.
    program.run(&["history"]).expect(0);
}
