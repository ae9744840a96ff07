//! The program runs in a clean environment, and is waited for, signalled and killed.

use super::SECOND;
use crate::support::program::Program;
use crate::support::wait::wait_until;

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
