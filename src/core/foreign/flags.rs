//! Watchtower's flags: its other way to be configured.

use crate::core::foreign::variables::Variables;

/// Flags that are not called like their variables, with what follows `WATCHTOWER_` there.
const OTHER_NAMES: [(&str, &str); 3] = [
    ("interval", "POLL_INTERVAL"),
    ("stop-timeout", "TIMEOUT"),
    ("enable-lifecycle-hooks", "LIFECYCLE_HOOKS"),
];

/// Flags of one letter.
const LETTERS: [(char, &str); 16] = [
    ('H', "host"),
    ('a', "api-version"),
    ('i', "interval"),
    ('s', "schedule"),
    ('t', "stop-timeout"),
    ('x', "disable-containers"),
    ('l', "log-format"),
    ('n', "notifications"),
    ('P', "porcelain"),
    ('R', "run-once"),
    ('c', "cleanup"),
    ('e', "label-enable"),
    ('m', "monitor-only"),
    ('S', "include-stopped"),
    ('d', "debug"),
    ('v', "tlsverify"),
];

/// Flags that take a value, by their beginnings.
const WITH_VALUE: [&str; 38] = [
    "host",
    "api-version",
    "cert-path",
    "interval",
    "schedule",
    "stop-timeout",
    "disable-containers",
    "enable-containers-by-label",
    "monitor-image-names",
    "skip-image-names",
    "scope",
    "update-strategy",
    "blue-green-drain",
    "health-check-timeout",
    "image-cooldown",
    "cooldown-",
    "lifecycle-uid",
    "lifecycle-gid",
    "cpu-copy-mode",
    "registry-tls-min-version",
    "insecure-registry",
    "registry-ca-bundle",
    "warn-on-head-failure",
    "http-api-endpoints",
    "http-api-token",
    "http-api-events-token",
    "http-api-host",
    "http-api-port",
    "http-api-rate-limit",
    "http-api-check-timeout",
    "http-api-update-timeout",
    "http-api-tls",
    "http-api-trusted-proxies",
    "http-api-proxy-header",
    "http-api-cors-origins",
    "log-",
    "porcelain",
    "notification",
];

/// What a command line says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CommandLine {
    /// The variables that say the same as its flags.
    pub variables: Variables,
    /// The names of containers, which are the only ones that are looked at.
    pub names: Vec<String>,
}

/// Reads Watchtower's command line.
pub fn read(arguments: &[String]) -> CommandLine {
    let mut read = CommandLine::default();
    let mut words = arguments.iter().map(String::as_str).peekable();
    while let Some(word) = words.next() {
        let Some(dashed) = word.strip_prefix('-') else {
            // The program itself may stand first.
            if !word.ends_with("/watchtower") {
                read.names.push(word.to_owned());
            }
            continue;
        };
        let (flag, given) = match dashed.strip_prefix('-') {
            Some(long) => match long.split_once('=') {
                Some((flag, value)) => (flag, Some(value.to_owned())),
                None => (long, None),
            },
            None => short(dashed, &mut read.variables),
        };
        if flag.is_empty() {
            continue;
        }
        let value = given.or_else(|| {
            if !takes_value(flag) {
                return Some("true".to_owned());
            }
            words.next_if(|next| !next.starts_with("--")).map(ToOwned::to_owned)
        });
        read.variables.insert(variable(flag), value.unwrap_or_default());
    }
    read
}

/// Reads letters: all but the last are switches, and a value may follow the last at once.
fn short<'a>(letters: &'a str, variables: &mut Variables) -> (&'a str, Option<String>) {
    for (at, letter) in letters.char_indices() {
        let Some((_, flag)) = LETTERS.iter().find(|(known, _)| *known == letter) else {
            return ("", None);
        };
        let rest = letters.get(at + letter.len_utf8()..).unwrap_or_default();
        match (takes_value(flag), rest) {
            (_, "") => return (flag, None),
            (true, value) => return (flag, Some(value.trim_start_matches('=').to_owned())),
            (false, _) => drop(variables.insert(variable(flag), "true".to_owned())),
        }
    }
    ("", None)
}

fn takes_value(flag: &str) -> bool {
    let switches = ["notification-report", "notification-skip-title", "notification-log-stdout"];
    let named = WITH_VALUE.iter().any(|known| match known.strip_suffix('-') {
        Some(beginning) => flag.starts_with(beginning),
        None => flag == *known || *known == "notification" && flag.starts_with("notification"),
    });
    let tls = flag == "http-api-tls-cert" || flag == "http-api-tls-key";
    let off =
        switches.contains(&flag) || flag.ends_with("skip-verify") || flag.ends_with("by-container");
    (named || tls || flag == "disable-containers-by-label") && !off
}

fn variable(flag: &str) -> String {
    let other = OTHER_NAMES.iter().find(|(name, _)| *name == flag).map(|(_, variable)| *variable);
    let same = || flag.to_ascii_uppercase().replace('-', "_");
    format!("WATCHTOWER_{}", other.map_or_else(same, ToOwned::to_owned))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_are_read_as_variables() {
        for (line, expected, names) in [
            ("--interval 30 --cleanup", "WATCHTOWER_CLEANUP=true WATCHTOWER_POLL_INTERVAL=30", ""),
            ("-i 30 -c web db", "WATCHTOWER_CLEANUP=true WATCHTOWER_POLL_INTERVAL=30", "web db"),
            ("--interval=30", "WATCHTOWER_POLL_INTERVAL=30", ""),
            (
                "-cei30",
                "WATCHTOWER_CLEANUP=true WATCHTOWER_LABEL_ENABLE=true WATCHTOWER_POLL_INTERVAL=30",
                "",
            ),
            ("--enable-lifecycle-hooks", "WATCHTOWER_LIFECYCLE_HOOKS=true", ""),
            ("--stop-timeout 30s web", "WATCHTOWER_TIMEOUT=30s", "web"),
            ("/watchtower /web -c", "WATCHTOWER_CLEANUP=true", "/web"),
            ("/watchtower --notification-report", "WATCHTOWER_NOTIFICATION_REPORT=true", ""),
            ("--notification-url x://y", "WATCHTOWER_NOTIFICATION_URL=x://y", ""),
            ("--log-level debug", "WATCHTOWER_LOG_LEVEL=debug", ""),
            ("-Z", "", ""),
            ("", "", ""),
        ] {
            let words: Vec<String> = line.split_whitespace().map(Into::into).collect();
            let read = read(&words);
            let shown: Vec<String> =
                read.variables.iter().map(|(name, value)| format!("{name}={value}")).collect();
            assert_eq!(
                (shown.join(" ").as_str(), read.names.join(" ").as_str()),
                (expected, names)
            );
        }
    }
}
