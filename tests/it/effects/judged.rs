//! Settings with which containers are judged otherwise.

use super::Effect::Judges;
use super::Row;

const NEWER: &str = "registry image D2 manifest M2 built 2026-05-03T00:00:00Z";
const ENABLED: &str =
    "env DOCKER_AUTO_UPDATE_ENABLED=true\nregistry image D2 manifest M2 built 2026-05-03T00:00:00Z";
const SAME: &str = "registry digest D1";

pub(super) const JUDGED: &[Row] = &[
    ("DOCKER_AUTO_UPDATE_ENABLED", "true", Judges(NEWER, "updates_not_enabled", "update")),
    (
        "DOCKER_AUTO_UPDATE_CRON",
        "0 3 * * *",
        Judges(NEWER, "updates_not_enabled", "waiting_for_schedule"),
    ),
    ("DOCKER_AUTO_UPDATE_WINDOW", "22:00-06:00", Judges(ENABLED, "update", "outside_window")),
    ("DOCKER_AUTO_UPDATE_BLACKOUT", "05-04", Judges(ENABLED, "update", "blackout")),
    ("DOCKER_AUTO_UPDATE_COOLDOWN", "7d", Judges(ENABLED, "update", "cooling_down")),
    (
        "DOCKER_AUTO_UPDATE_ALLOW_COMPOSE",
        "true",
        Judges(
            "env DOCKER_AUTO_UPDATE_ENABLED=true\nlabel com.docker.compose.project=shop\n\
             label com.docker.compose.service=web\nregistry image D2 manifest M2",
            "compose_held_back",
            "update",
        ),
    ),
    (
        "DOCKER_AUTO_POLICY_SKIP_LABELS",
        "env=prod",
        Judges("label env=prod\nregistry digest D1", "up_to_date", "not_selected"),
    ),
    ("DOCKER_AUTO_POLICY_ONLY_LABELS", "tier=web", Judges(SAME, "up_to_date", "not_selected")),
    (
        "DOCKER_AUTO_POLICY_EXCLUDE_LABELS",
        "env=prod",
        Judges("label env=prod\nregistry digest D1", "up_to_date", "not_selected"),
    ),
    ("DOCKER_AUTO_POLICY_EXCLUDE_NAMES", "db,we.*", Judges(SAME, "up_to_date", "not_selected")),
    (
        "DOCKER_AUTO_POLICY_SKIP_LOCAL_BUILD",
        "false",
        Judges("local A tags nginx:1.27", "built_locally", "up_to_date_locally"),
    ),
    (
        "DOCKER_AUTO_POLICY_SKIP_PINNED_DIGEST",
        "false",
        Judges("image nginx:1.27@D1\nregistry digest D1", "pinned_digest", "up_to_date"),
    ),
    (
        "DOCKER_AUTO_POLICY_SKIP_SEMVER_PINNED",
        "false",
        Judges("image nginx:1.27.3\nregistry digest D1", "pinned_semver", "up_to_date"),
    ),
    ("DOCKER_AUTO_POLICY_FLOATING_TAGS", "latest", Judges(SAME, "up_to_date", "tag_not_floating")),
    (
        "DOCKER_AUTO_POLICY_TRACK",
        "minor",
        Judges(
            "image nginx:1.27.3\nlocal A tags nginx:1.27.3 digests nginx@D1\n\
             tags 1.28.0 D2 manifest M2\nregistry digest D1",
            "pinned_semver",
            "updates_not_enabled",
        ),
    ),
    ("DOCKER_AUTO_POLICY_SCOPE", "home", Judges(SAME, "up_to_date", "other_scope")),
    (
        "DOCKER_AUTO_DOCKER_INCLUDE_STOPPED",
        "true",
        Judges("state exited\nregistry digest D1", "stopped", "up_to_date"),
    ),
    (
        "TZ",
        "Asia/Tokyo",
        Judges(
            "env DOCKER_AUTO_UPDATE_ENABLED=true\nlabel docker-auto.schedule=30 20 * * *\n\
             asked schedule\nturn 2026-05-04T11:15:00Z 30 20 * * * (Asia/Tokyo)\n\
             registry image D2 manifest M2",
            "waiting_for_schedule",
            "update",
        ),
    ),
    ("docker-auto.enable", "false", Judges(SAME, "up_to_date", "not_selected")),
    ("docker-auto.mode", "watch", Judges(ENABLED, "update", "watch_mode")),
    (
        "docker-auto.force",
        "true",
        Judges("image nginx:1.27.3\nregistry digest D1", "pinned_semver", "up_to_date"),
    ),
    ("docker-auto.schedule", "0 3 * * *", Judges(ENABLED, "update", "waiting_for_schedule")),
    ("docker-auto.window", "22:00-06:00", Judges(ENABLED, "update", "outside_window")),
    ("docker-auto.blackout", "05-04", Judges(ENABLED, "update", "blackout")),
    ("docker-auto.cooldown", "7d", Judges(ENABLED, "update", "cooling_down")),
    (
        "docker-auto.scope",
        "home",
        Judges(
            "env DOCKER_AUTO_POLICY_SCOPE=home\nregistry digest D1",
            "other_scope",
            "up_to_date",
        ),
    ),
    (
        "docker-auto.track",
        "minor",
        Judges(
            "image nginx:1.27.3\nlocal A tags nginx:1.27.3 digests nginx@D1\n\
             tags 1.28.0 D2 manifest M2\nregistry digest D1",
            "pinned_semver",
            "updates_not_enabled",
        ),
    ),
    (
        "docker-auto.skip-local-build",
        "false",
        Judges("local A tags nginx:1.27", "built_locally", "up_to_date_locally"),
    ),
    (
        "docker-auto.skip-pinned-digest",
        "false",
        Judges("image nginx:1.27@D1\nregistry digest D1", "pinned_digest", "up_to_date"),
    ),
    (
        "docker-auto.skip-semver-pinned",
        "false",
        Judges("image nginx:1.27.3\nregistry digest D1", "pinned_semver", "up_to_date"),
    ),
    ("docker-auto.floating-tags", "latest", Judges(SAME, "up_to_date", "tag_not_floating")),
];
