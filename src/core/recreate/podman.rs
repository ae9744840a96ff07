//! What Podman shows that nobody asked for.

use serde_json::Value;

use crate::core::recreate::scene::Scene;
use crate::core::recreate::value::{is_empty, text};

/// Says whether a variable is one that Podman puts into every container.
pub(super) fn adds_variable(entry: &Value, scene: &Scene<'_>) -> bool {
    if !scene.engine().podman {
        return false;
    }
    let config = scene.shown.config;
    match text(entry).split_once('=') {
        Some(("container", "podman") | ("TERM", "xterm")) => true,
        Some(("HOME", "/root")) => is_empty(&config["User"]),
        Some(("HOSTNAME", name)) => name == text(&config["Hostname"]),
        _ => false,
    }
}

/// Says that an address in a network may get lost, as Podman shows those that were asked for like
/// those that were given.
pub(super) fn address_unknown(network: &str, shown: &Value, scene: &Scene<'_>) -> Option<String> {
    let address = text(&shown["IPAddress"]);
    let may_be_asked_for = network != DEFAULT_NETWORK && !address.is_empty();
    (scene.engine().podman && may_be_asked_for).then(|| {
        format!(
            "whether its address {address} in network {network} was asked for cannot be known; it \
             may get another one"
        )
    })
}

/// Podman's own network, in which addresses cannot be asked for.
const DEFAULT_NETWORK: &str = "podman";

/// Says whether two stop signals are the same: Podman shows the number of the one that was named,
/// and that of SIGTERM where none was.
pub(super) fn same_signal(own: &str, image: &str) -> bool {
    let image = if image.is_empty() { "SIGTERM" } else { image };
    number(own).is_some() && number(own) == number(image)
}

/// Signals by which containers are stopped, as Linux numbers them.
const SIGNALS: &[(&str, u8)] = &[
    ("HUP", 1),
    ("INT", 2),
    ("QUIT", 3),
    ("ABRT", 6),
    ("KILL", 9),
    ("USR1", 10),
    ("USR2", 12),
    ("TERM", 15),
    ("CONT", 18),
    ("STOP", 19),
    ("WINCH", 28),
    ("PWR", 30),
    ("RTMIN", 34),
];

fn number(signal: &str) -> Option<u8> {
    let upper = signal.to_ascii_uppercase();
    let name = upper.strip_prefix("SIG").unwrap_or(&upper);
    if let Some(above) = name.strip_prefix("RTMIN+") {
        return above.parse::<u8>().ok()?.checked_add(34);
    }
    let known = SIGNALS.iter().find(|(known, _)| *known == name);
    known.map(|(_, number)| *number).or_else(|| name.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signals_are_the_same_by_number() {
        for (own, image, same) in [
            ("10", "SIGUSR1", true),
            ("15", "", true),
            ("15", "TERM", true),
            ("37", "SIGRTMIN+3", true),
            ("3", "", false),
            ("", "", false),
            ("SIGODD", "SIGODD", false),
            ("999", "SIGRTMIN+300", false),
        ] {
            assert_eq!(same_signal(own, image), same, "{own} and {image}");
        }
    }
}
