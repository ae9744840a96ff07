//! Settings that a part is told; its own tests show what it does then.

use docker_auto::app::assemble;
use docker_auto::clock::Clock;
use docker_auto::config::Config;
use docker_auto::core::id::Timestamp;
use docker_auto::docker::{Endpoint, Tls};
use docker_auto::engine::ourselves::Attendance;

use super::Effect::Tells;
use super::Row;

pub(super) const TOLD: &[Row] = &[
    (
        "DOCKER_AUTO_HISTORY_RETENTION",
        "30d",
        Tells(
            timetables,
            "keep: KeepDays(30)",
            ("store/history.rs", "old_records_are_removed_and_others_kept"),
        ),
    ),
    (
        "DOCKER_AUTO_SCAN_INTERVAL",
        "42m",
        Tells(
            timetables,
            "check: Every(2520s)",
            ("serve/timing.rs", "checks_follow_the_interval_and_missed_ones_are_made_up_for_once"),
        ),
    ),
    (
        "DOCKER_AUTO_SCAN_CRON",
        "30 4 * * *",
        Tells(
            timetables,
            "check: Cron(",
            ("serve/timing.rs", "checks_follow_the_clock_on_the_wall"),
        ),
    ),
    (
        "DOCKER_AUTO_SCAN_JITTER",
        "30s",
        Tells(
            timetables,
            "jitter: 30s",
            ("window/clock.rs", "a_delay_makes_runs_late_and_loses_none"),
        ),
    ),
    (
        "DOCKER_AUTO_SCAN_ON_START",
        "false",
        Tells(
            timetables,
            "check_on_start: false",
            ("serve/times.rs", "containers_are_updated_at_their_own_times"),
        ),
    ),
    (
        "DOCKER_AUTO_WATCH_EVENTS",
        "false",
        Tells(
            timetables,
            "settle: None",
            ("serve/notices.rs", "events_are_followed_only_where_that_is_wanted"),
        ),
    ),
    (
        "DOCKER_AUTO_WATCH_SETTLE",
        "9s",
        Tells(
            timetables,
            "settle: Some(9s)",
            ("serve/notices.rs", "what_ends_is_renamed_or_removed_is_known_without_a_check"),
        ),
    ),
    (
        "DOCKER_AUTO_SCAN_CONCURRENCY",
        "3",
        Tells(
            registry,
            " concurrency: 3,",
            ("registry/counts.rs", "the_limit_over_all_registries_holds"),
        ),
    ),
    (
        "DOCKER_AUTO_REGISTRY_CONCURRENCY",
        "4",
        Tells(
            registry,
            "per_registry: 4,",
            ("registry/counts.rs", "a_registry_that_complains_gets_half_as_many_at_a_time"),
        ),
    ),
    (
        "DOCKER_AUTO_SCAN_CACHE_TTL",
        "7s",
        Tells(
            registry,
            "cache_ttl: 7s",
            ("registry/counts.rs", "answers_are_kept_for_their_time_and_errors_for_half_a_minute"),
        ),
    ),
    (
        "DOCKER_AUTO_REGISTRY_AUTH_<n>_HOST",
        "r.test\nDOCKER_AUTO_REGISTRY_AUTH_7_TOKEN=t",
        Tells(
            registry,
            "host: \"r.test\"",
            ("registry/tokens.rs", "every_login_gets_its_token_by_get_or_by_post"),
        ),
    ),
    (
        "DOCKER_AUTO_REGISTRY_AUTH_<n>_USERNAME",
        "me\nDOCKER_AUTO_REGISTRY_AUTH_7_HOST=r.test\nDOCKER_AUTO_REGISTRY_AUTH_7_TOKEN=t",
        Tells(
            registry,
            "username: \"me\"",
            ("registry/tokens.rs", "every_login_gets_its_token_by_get_or_by_post"),
        ),
    ),
    (
        "DOCKER_AUTO_REGISTRY_AUTH_<n>_PASSWORD",
        "p\nDOCKER_AUTO_REGISTRY_AUTH_7_HOST=r.test\nDOCKER_AUTO_REGISTRY_AUTH_7_USERNAME=me",
        Tells(
            registry,
            "Password {",
            ("registry/real.rs", "real_registries_let_in_whom_they_know"),
        ),
    ),
    (
        "DOCKER_AUTO_REGISTRY_AUTH_<n>_TOKEN",
        "t\nDOCKER_AUTO_REGISTRY_AUTH_7_HOST=r.test",
        Tells(
            registry,
            "RegistryToken(***)",
            ("registry/tokens.rs", "every_login_gets_its_token_by_get_or_by_post"),
        ),
    ),
    (
        "DOCKER_AUTO_REGISTRY_CA",
        "/ca.pem",
        Tells(
            registry,
            "certificate_authorities: Some(\"/ca.pem\")",
            ("registry/routes.rs", "certificates_are_checked_and_errors_name_the_cure"),
        ),
    ),
    (
        "DOCKER_AUTO_REGISTRY_INSECURE",
        "r.test:5000",
        Tells(
            registry,
            "r.test",
            ("registry/routes.rs", "plain_http_is_for_insecure_registries_only"),
        ),
    ),
    (
        "DOCKER_AUTO_REGISTRY_ECR_ENDPOINT",
        "https://vpce.test",
        Tells(
            registry,
            "vpce.test",
            ("registry/credentials.rs", "keys_of_an_aws_account_are_changed_for_a_password"),
        ),
    ),
    (
        "DOCKER_AUTO_REGISTRY_QUOTA_FLOOR",
        "3",
        Tells(
            registry,
            "quota_floor: 3",
            ("detection/trouble.rs", "the_last_pulls_are_left_to_people"),
        ),
    ),
    (
        "DOCKER_CONFIG",
        "/config",
        Tells(
            registry,
            "docker_config: Some(\"/config/config.json\")",
            (
                "registry/credentials.rs",
                "a_registry_with_passwords_is_let_in_to_by_whatever_knows_one",
            ),
        ),
    ),
    (
        "HTTP_PROXY",
        "http://p.test:3128",
        Tells(
            registry,
            "http: Some(Proxy",
            ("registry/routes.rs", "proxies_carry_tls_in_tunnels_and_plain_requests_whole"),
        ),
    ),
    (
        "HTTPS_PROXY",
        "http://p.test:3128",
        Tells(
            registry,
            "https: Some(Proxy",
            ("registry/routes.rs", "proxies_carry_tls_in_tunnels_and_plain_requests_whole"),
        ),
    ),
    (
        "NO_PROXY",
        ".example.test",
        Tells(
            registry,
            "example.test",
            ("../../src/connect/proxy.rs", "routes_follow_the_variables"),
        ),
    ),
    (
        "DOCKER_AUTO_REGISTRY_HUB_API",
        "http://hub.example.test",
        Tells(
            registry,
            "hub.example.test",
            ("registry/hub.rs", "the_date_of_an_image_is_told_without_credentials"),
        ),
    ),
    (
        "DOCKER_AUTO_COMPOSE_DIRECTORIES",
        "/srv/shop",
        Tells(
            engine,
            "/srv/shop",
            ("compose/written.rs", "a_moved_version_is_written_down_and_back"),
        ),
    ),
    (
        "DOCKER_AUTO_COMPOSE_WRITE",
        "true",
        Tells(
            engine,
            "compose_write: Sourced { value: true",
            ("compose/written.rs", "a_moved_version_is_written_down_and_back"),
        ),
    ),
    (
        "DOCKER_AUTO_DOCKER_HOST",
        "tcp://h.test:2375",
        Tells(
            endpoint,
            "h.test",
            ("docker_trouble.rs", "what_is_not_there_is_named_with_its_cure"),
        ),
    ),
    (
        "DOCKER_TLS_VERIFY",
        "1\nDOCKER_HOST=tcp://h.test:2376",
        Tells(endpoint, "Tls {", ("docker_trouble.rs", "tls_is_spoken_with_client_certificates")),
    ),
    (
        "DOCKER_CERT_PATH",
        "/nowhere\nDOCKER_TLS_VERIFY=1\nDOCKER_HOST=tcp://h.test:2376",
        Tells(
            endpoint,
            "/nowhere",
            ("docker_trouble.rs", "tls_is_spoken_with_client_certificates"),
        ),
    ),
    (
        "DOCKER_AUTO_WATCH_IMAGES",
        "ghcr.io/acme/tool:1",
        Tells(
            engine,
            "acme/tool",
            ("detection/watched.rs", "watched_images_are_compared_with_what_is_here"),
        ),
    ),
    (
        "DOCKER_AUTO_UPDATE_REMOVE_OLD",
        "false",
        Tells(
            engine,
            "retention: Keep,",
            ("crash.rs", "containers_of_other_kinds_are_not_lost_either"),
        ),
    ),
    (
        "DOCKER_AUTO_UPDATE_KEEP_IMAGES",
        "7",
        Tells(
            engine,
            "keep_images: 7,",
            ("update/images.rs", "none_is_kept_if_so_wished_and_there_is_no_way_back"),
        ),
    ),
    (
        "DOCKER_AUTO_UPDATE_CONCURRENCY",
        "5",
        Tells(
            engine,
            " concurrency: 5,",
            ("update/order.rs", "as_many_are_updated_at_once_as_asked"),
        ),
    ),
    (
        "DOCKER_AUTO_BACKUP_DIR",
        "/srv/saved",
        Tells(
            engine,
            "/srv/saved",
            ("backup/room.rs", "too_little_space_refuses_the_update_before_anything_stops"),
        ),
    ),
    (
        "DOCKER_AUTO_BACKUP_KEEP",
        "8",
        Tells(engine, "keep_backups: 8,", ("backup/ways.rs", "only_the_newest_backups_stay")),
    ),
];

fn clock() -> Clock {
    Clock::settable(Timestamp::default())
}

fn timetables(config: &Config) -> String {
    format!("{:?}", assemble::timetables(config))
}

fn registry(config: &Config) -> String {
    format!("{:?}", assemble::registry_settings(config, &clock()).unwrap())
}

fn endpoint(config: &Config) -> String {
    match assemble::endpoint(config) {
        Ok(endpoint) => format!("{:?}", endpoint.address()),
        Err(error) => format!("{error:?}"),
    }
}

fn engine(config: &Config) -> String {
    let endpoint = Endpoint::parse("unix:///var/run/docker.sock", &Tls::Off).unwrap();
    format!("{:?}", assemble::settings(config, &endpoint, Attendance::Command))
}
