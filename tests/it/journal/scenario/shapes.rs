//! The shapes that the matrix goes through.

use docker_auto::core::inventory::RunState;
use docker_auto::core::plan::blueprint::Retention;

use super::{Care, Origin, Shape};
use crate::support::fake_host::container::Policy;

const PLAIN: Shape = Shape {
    label: "always",
    state: RunState::Running,
    policy: Policy::Always,
    auto_remove: false,
    port: false,
    removal_calls: 0,
    binds: false,
    retention: Retention::Remove,
    cares: false,
    origin: Origin::Registry,
    moves: false,
    file: false,
    family: false,
    ill: false,
    rerun: None,
    hooks: false,
    care: Care::Stays,
    ourselves: false,
};

/// All shapes that the matrix goes through.
pub(crate) const SHAPES: [Shape; 29] = [
    PLAIN,
    Shape { label: "no", policy: Policy::No, binds: true, ..PLAIN },
    Shape { label: "on-failure", policy: Policy::OnFailure, ..PLAIN },
    Shape { label: "unless-stopped", policy: Policy::UnlessStopped, ..PLAIN },
    Shape { label: "port", port: true, ..PLAIN },
    Shape { label: "stopped", state: RunState::Exited, ..PLAIN },
    Shape {
        label: "auto-remove",
        auto_remove: true,
        policy: Policy::No,
        removal_calls: 4,
        ..PLAIN
    },
    Shape {
        label: "auto-remove, port",
        auto_remove: true,
        policy: Policy::No,
        port: true,
        ..PLAIN
    },
    Shape { label: "images", cares: true, ..PLAIN },
    Shape {
        label: "images, auto-remove",
        cares: true,
        auto_remove: true,
        policy: Policy::No,
        ..PLAIN
    },
    Shape { label: "images, other tag", cares: true, moves: true, ..PLAIN },
    Shape { label: "keep", retention: Retention::Keep, ..PLAIN },
    Shape { label: "rollback", origin: Origin::Previous, ..PLAIN },
    Shape { label: "local", origin: Origin::Local, policy: Policy::No, ..PLAIN },
    Shape { label: "same image", origin: Origin::Same, ..PLAIN },
    Shape {
        label: "other tag, auto-remove",
        moves: true,
        auto_remove: true,
        policy: Policy::No,
        removal_calls: 4,
        ..PLAIN
    },
    Shape { label: "compose", moves: true, file: true, ..PLAIN },
    Shape { label: "rollback, other tag", moves: true, origin: Origin::Previous, ..PLAIN },
    Shape {
        label: "rollback, other tag that is there",
        moves: true,
        cares: true,
        origin: Origin::Previous,
        ..PLAIN
    },
    Shape { label: "rerun", rerun: Some(0), ..PLAIN },
    Shape { label: "rerun that fails", rerun: Some(1), ..PLAIN },
    Shape { label: "family", family: true, ..PLAIN },
    Shape { label: "family, ill", family: true, ill: true, ..PLAIN },
    Shape { label: "family, no", family: true, policy: Policy::No, ..PLAIN },
    Shape { label: "hooks", hooks: true, ..PLAIN },
    Shape { label: "backup", care: Care::Saved, ..PLAIN },
    Shape {
        label: "backup, auto-remove",
        care: Care::Saved,
        auto_remove: true,
        policy: Policy::No,
        removal_calls: 4,
        ..PLAIN
    },
    Shape { label: "restore", care: Care::Restored, origin: Origin::Previous, ..PLAIN },
    Shape { label: "ourselves", ourselves: true, port: true, ..PLAIN },
];
