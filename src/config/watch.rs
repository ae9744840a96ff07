//! What is looked at beside the checks: what happens on the host.

use std::time::Duration;

use crate::config::variable::{Given, Kind, Secrecy, Variable, set};
use crate::core::reference::ImageRef;
use crate::core::value;

/// What is looked at beside the checks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WatchConfig {
    /// Whether the engine's events are followed.
    pub events: bool,
    /// How long the host is left to settle before it is looked at again.
    pub settle: Duration,
    /// The images that are watched although no container has to run them.
    pub images: Vec<ImageRef>,
}

pub(super) const VARIABLES: [Variable; 3] = [
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
    Variable {
        key: "watch.images",
        name: "DOCKER_AUTO_WATCH_IMAGES",
        aliases: &[],
        kind: Kind::List("image references with a tag"),
        default: "",
        doc: "Images to watch although no container has to run them; `docker-auto images` shows them.",
        secrecy: Secrecy::Open,
        set: |config, given| set(&mut config.watch.images, images(&given)),
    },
];

fn images(given: &Given<'_>) -> Result<Vec<ImageRef>, String> {
    let read = |text: &str| {
        let reference = ImageRef::parse(text).map_err(|error| error.to_string())?;
        match reference.digest() {
            Some(_) => Err(format!("{text} names a digest, which never moves; name a tag alone")),
            None => Ok(reference),
        }
    };
    value::list(given.text).map(read).collect()
}
