//! What an engine's error means for an operation, by call, status and words.

use crate::core::journal::Class;
use crate::core::plan::StepError;

use super::super::error::DockerError;

/// What was asked of the engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    /// Looking, or a change of an existing container: it must be there.
    Container,
    /// Making something out of other things, which must be there.
    Make,
    /// Starting.
    Start,
}

/// Why a start fails for reasons that are not the image's: the network, the disk, a neighbour, an
/// engine on its way down. None of these may put the image on the list of rejected ones.
const NOT_THE_IMAGES_FAULT: &[&str] = &[
    "port is already allocated",
    "address already in use",
    "driver failed programming external connectivity",
    "failed to bind host port",
    "ports are not available",
    "failed to set up container networking",
    "torn down",
    "endpoint with name",
    "no such network",
    "could not find network",
    "no such container",
    "joining network namespace",
    "bind source path does not exist",
    "error while mounting volume",
    "no space left on device",
    "cannot allocate memory",
    "resource temporarily unavailable",
    "too many open files",
    "device or resource busy",
    "marked for removal",
    "context canceled",
    "context deadline exceeded",
    "connection is closing",
    "transport is closing",
    "ttrpc: closed",
    "containerd.sock",
    "connection refused",
    "i/o timeout",
];

/// What no retry cures where something is to be made, although the status says that the engine failed.
const LASTING: &[&str] = &["no space left on device", "disk quota exceeded"];

/// What lets a container start whose network was removed.
const NETWORK_CURE: &str =
    "; make its network again, and `docker network connect` the container to it";

/// Returns an error as a step's.
pub(super) fn step_error(action: Action, error: &DockerError) -> StepError {
    let mut message = error.chain();
    if action == Action::Start && is_network_gone(&message.to_lowercase()) {
        message.push_str(NETWORK_CURE);
    }
    StepError::new(class(action, error), message)
}

/// Returns a function that turns errors into a step's, for `map_err`.
pub(super) fn failed(action: Action) -> impl Fn(DockerError) -> StepError {
    move |error| step_error(action, &error)
}

fn class(action: Action, error: &DockerError) -> Class {
    match error {
        DockerError::Api { status, message, .. } => of_answer(action, *status, message),
        DockerError::BadAnswer { .. } => Class::Transient,
        DockerError::Refused { .. } | DockerError::Endpoint(_) => Class::Lasting,
        _ => Class::Unreachable,
    }
}

fn of_answer(action: Action, status: u16, message: &str) -> Class {
    let message = message.to_lowercase();
    let says = |words: &[&str]| words.iter().any(|words| message.contains(words));
    match (action, status) {
        (Action::Start, _) if says(NOT_THE_IMAGES_FAULT) || is_network_gone(&message) => {
            Class::Transient
        }
        (Action::Start, _) => Class::Lasting,
        (Action::Container, 404) => Class::Superseded,
        // What is there is to be brought back: somebody may make room meanwhile.
        (Action::Container, 500..) => Class::Transient,
        (_, 409) if message.contains("removal") => Class::Transient,
        (_, 429 | 500..) if !says(LASTING) => Class::Transient,
        _ => Class::Lasting,
    }
}

/// A container knows its networks by their IDs: one with the same name is another one.
fn is_network_gone(message: &str) -> bool {
    message.contains("network") && message.contains("not found")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_sorted() {
        use Action::{Container, Make, Start};
        for (action, status, message, expected) in [
            (Container, 404, "No such container: 12", Class::Superseded),
            (Container, 409, "removal of container 12 is already in progress", Class::Transient),
            (Container, 409, "can not update: AutoRemove is enabled", Class::Lasting),
            (Container, 400, "bad parameter", Class::Lasting),
            (Container, 500, "unable to remove filesystem: busy", Class::Transient),
            (Container, 500, "write config.v2.json: no space left on device", Class::Transient),
            (Container, 429, "slow down", Class::Transient),
            (Make, 404, "No such image: a:1", Class::Lasting),
            (Make, 400, "invalid mount config for type \"bind\"", Class::Lasting),
            (Make, 403, "operation not supported on predefined networks", Class::Lasting),
            (Make, 500, "something unheard of", Class::Transient),
            (Make, 500, "mkdir /var/lib/docker/x: no space left on device", Class::Lasting),
            (
                Start,
                500,
                "driver failed programming external connectivity on endpoint: Bind for \
                0.0.0.0:80 failed: port is already allocated",
                Class::Transient,
            ),
            (Start, 403, "Address already in use", Class::Transient),
            (Start, 404, "network abc not found", Class::Transient),
            (Start, 404, "No such container: parent", Class::Transient),
            (Start, 500, "mkdir /run/x: no space left on device", Class::Transient),
            (Start, 500, "context canceled", Class::Transient),
            (Start, 400, "OCI runtime create failed: exec: \"/x\": no such file", Class::Lasting),
            (Start, 404, "exec: \"x\": executable file not found in $PATH", Class::Lasting),
            (Start, 500, "OCI runtime create failed: permission denied", Class::Lasting),
        ] {
            assert_eq!(of_answer(action, status, message), expected, "{action:?} {message}");
        }
    }

    #[test]
    fn an_engine_that_cannot_be_asked_is_waited_for() {
        let after = std::time::Duration::from_secs(1);
        let error = DockerError::Timeout { doing: "x".into(), endpoint: "y".into(), after };
        assert_eq!(step_error(Action::Start, &error).class, Class::Unreachable);
        let refused = DockerError::Refused {
            doing: "x".into(),
            endpoint: "y".into(),
            call: "POST /a".into(),
            cure: "z".into(),
        };
        assert_eq!(step_error(Action::Make, &refused).class, Class::Lasting);
    }
}
