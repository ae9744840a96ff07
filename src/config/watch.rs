//! What is looked at beside the checks: what happens on the host.

use std::time::Duration;

use crate::config::variable::{Kind, Secrecy, Variable, set};

/// What is looked at beside the checks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WatchConfig {
    /// Whether the engine's events are followed.
    pub events: bool,
    /// How long the host is left to settle before it is looked at again.
    pub settle: Duration,
}

pub(super) const VARIABLES: [Variable; 2] = [
    Variable {
        key: "watch.events",
        name: "DOCKER_AUTO_WATCH_EVENTS",
        aliases: &[],
        kind: Kind::Switch,
        default: "true",
        doc: "Follows the engine's events: containers that begin, end or are renamed are looked at \
              without waiting for the next check, and so are those whose tag was moved to another \
              image by a pull or a build on the host.",
        secrecy: Secrecy::Open,
        set: |config, given| set(&mut config.watch.events, given.switch()),
    },
    Variable {
        key: "watch.settle",
        name: "DOCKER_AUTO_WATCH_SETTLE",
        aliases: &[],
        kind: Kind::Duration,
        default: "30s",
        doc: "How long the host is left alone after such an event: who pulls an image often makes the \
              container anew himself.",
        secrecy: Secrecy::Open,
        set: |config, given| set(&mut config.watch.settle, given.duration(Duration::from_secs(1))),
    },
];
