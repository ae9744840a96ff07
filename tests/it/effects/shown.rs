//! Settings whose effect a test shows on whole programs.

use super::Effect::Shows;
use super::{Row, Test};

const PLAN: Test = ("update/planned.rs", "settings_are_in_the_plan");
const PROBES: Test = ("update/probes.rs", "what_does_not_answer_well_is_taken_back");
const HOOKS: Test = ("update/hooks.rs", "hooks_run_in_the_old_and_in_the_new_container");
const CHECK_HOOKS: Test = ("serve/hooks.rs", "checks_have_hooks_before_and_after_them");
const TAGS: Test = ("update/versions.rs", "labels_say_which_tags_count");

pub(super) const SHOWN: &[Row] = &[
    ("DOCKER_AUTO_UPDATE_STOP_TIMEOUT", "", Shows(PLAN, "DOCKER_AUTO_UPDATE_STOP_TIMEOUT")),
    ("DOCKER_AUTO_HEALTH_TIMEOUT", "", Shows(PLAN, "DOCKER_AUTO_HEALTH_TIMEOUT")),
    ("DOCKER_AUTO_HEALTH_STABLE", "", Shows(PLAN, "DOCKER_AUTO_HEALTH_STABLE")),
    (
        "DOCKER_AUTO_DATA",
        "",
        Shows(("trouble/data.rs", "what_is_no_data_directory_is_named"), "DOCKER_AUTO_DATA"),
    ),
    (
        "DOCKER_AUTO_CONFIG",
        "",
        Shows(
            ("command/usage.rs", "a_file_says_what_the_environment_does_not"),
            "DOCKER_AUTO_CONFIG",
        ),
    ),
    (
        "DOCKER_AUTO_LANGUAGE",
        "",
        Shows(
            ("command/decide.rs", "groups_and_everything_are_paused_without_asking_anyone"),
            "DOCKER_AUTO_LANGUAGE",
        ),
    ),
    (
        "DOCKER_AUTO_SERVER_ADDR",
        "",
        Shows(
            ("serve/instance.rs", "an_address_that_is_taken_is_named_with_the_cure"),
            "DOCKER_AUTO_SERVER_ADDR",
        ),
    ),
    (
        "DOCKER_AUTO_LOG_LEVEL",
        "",
        Shows(
            ("serve/notices.rs", "what_somebody_pulls_or_starts_is_looked_at"),
            "DOCKER_AUTO_LOG_LEVEL",
        ),
    ),
    (
        "DOCKER_AUTO_LOG_FORMAT",
        "",
        Shows(
            ("command/output.rs", "a_server_logs_lines_or_objects_with_the_agreed_fields"),
            "DOCKER_AUTO_LOG_FORMAT",
        ),
    ),
    (
        "NO_COLOR",
        "",
        Shows(("command/output.rs", "a_terminal_has_colours_unless_it_refuses_them"), "NO_COLOR"),
    ),
    ("docker-auto.tag.include", "", Shows(TAGS, "include")),
    ("docker-auto.tag.exclude", "", Shows(TAGS, "exclude")),
    ("docker-auto.tag.prerelease", "", Shows(TAGS, "prerelease")),
    ("docker-auto.tag.transform", "", Shows(TAGS, "transform")),
    (
        "docker-auto.stop-timeout",
        "",
        Shows(
            ("update/order.rs", "a_container_is_stopped_as_gently_as_it_asks"),
            "docker-auto.stop-timeout",
        ),
    ),
    (
        "docker-auto.group",
        "",
        Shows(
            ("serve/people.rs", "what_people_decide_holds_until_they_take_it_back"),
            "docker-auto.group",
        ),
    ),
    (
        "docker-auto.backup",
        "",
        Shows(
            ("backup/data.rs", "files_come_back_by_hand_and_sockets_never"),
            "docker-auto.backup",
        ),
    ),
    (
        "docker-auto.carry",
        "",
        Shows(
            ("fidelity/files.rs", "who_wants_nothing_carried_is_not_updated_over_secrets"),
            "docker-auto.carry",
        ),
    ),
    (
        "docker-auto.depends-on",
        "",
        Shows(
            (
                "dependency/order.rs",
                "who_lives_with_a_container_stops_before_it_and_starts_after_it",
            ),
            "docker-auto.depends-on",
        ),
    ),
    (
        "docker-auto.compose.write",
        "",
        Shows(("compose/written.rs", "a_moved_version_is_written_down_and_back"), "compose.write"),
    ),
    (
        "docker-auto.rerun",
        "",
        Shows(
            (
                "dependency/reruns.rs",
                "a_migration_is_run_again_before_the_service_that_needs_it_done",
            ),
            "rerun",
        ),
    ),
    (
        "docker-auto.mac.<network>",
        "",
        Shows(
            (
                "fidelity/networks.rs",
                "hardware_addresses_stay_if_they_were_asked_for_and_only_then",
            ),
            "docker-auto.mac.",
        ),
    ),
    ("docker-auto.health.stable", "", Shows(PLAN, "docker-auto.health.stable")),
    ("docker-auto.health.timeout", "", Shows(PLAN, "docker-auto.health.timeout")),
    ("docker-auto.health.exec", "", Shows(PROBES, "exec")),
    ("docker-auto.health.log", "", Shows(PROBES, "log")),
    (
        "docker-auto.health.soak",
        "",
        Shows(("update/probes.rs", "what_is_good_must_stay_good_for_a_while"), "soak"),
    ),
    (
        "docker-auto.health.http",
        "",
        Shows(("update/ports.rs", "ports_are_asked_from_wherever_they_can_be"), "http"),
    ),
    (
        "docker-auto.health.tcp",
        "",
        Shows(("update/ports.rs", "ports_are_asked_from_wherever_they_can_be"), "tcp"),
    ),
    ("docker-auto.hook.pre-update", "", Shows(HOOKS, "pre-update")),
    ("docker-auto.hook.post-update", "", Shows(HOOKS, "post-update")),
    (
        "docker-auto.hook.timeout",
        "",
        Shows(("update/hooks.rs", "a_hook_that_hangs_is_killed"), "timeout"),
    ),
    ("docker-auto.hook.user", "", Shows(HOOKS, "user")),
    ("docker-auto.hook.pre-check", "", Shows(CHECK_HOOKS, "docker-auto.hook.pre-check")),
    ("docker-auto.hook.post-check", "", Shows(CHECK_HOOKS, "docker-auto.hook.post-check")),
];
