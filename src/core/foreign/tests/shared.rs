//! What a tool was told by what is no variable of its own: those of every program, and mounts.

use crate::core::foreign::Setting;
use crate::core::foreign::report::{Mounted, Report, Seen, report};

use super::{lines, seen};

const SHARED: &str = "TZ=Europe/Berlin\nDOCKER_HOST=tcp://proxy:2375\nDOCKER_TLS_VERIFY=1\n\
                      DOCKER_CERT_PATH=/certs\nDOCKER_CONFIG=/logins\nHTTP_PROXY=http://u:hidden@p\n\
                      https_proxy=http://u:hidden@p\nNO_PROXY=.lan\nNO_COLOR=1";
/// Names of ours that are nobody else's: they told this tool nothing.
const NONE_OF_ITS: &str = "UPDATE_ENABLED=true\nDOCKER_AUTO_UPDATE_ENABLED=true\n\
                           WATCH_UPDATE_ENABLED=true\nLOG_LEVEL=debug\nHOME=/root\nTZ_FILE=/tz";

/// Knows ours as the configuration does: some by other names, some as secrets.
fn ours(name: &str, value: &str) -> Option<Setting> {
    let upper = name.to_ascii_uppercase();
    match upper.as_str() {
        "HTTP_PROXY" | "HTTPS_PROXY" => Some(Setting::secret(upper, value)),
        "DOCKER_HOST" => Some(Setting::open("DOCKER_AUTO_DOCKER_HOST", value)),
        "HOME" => None,
        _ => Some(Setting::open(upper, value)),
    }
}

fn of(image: &str, variables: &str, mounts: &[(&str, &str)]) -> Report {
    let mounts = mounts.iter().map(|(from, at)| Mounted { from: (*from).into(), at: (*at).into() });
    let tool =
        Seen { variables: lines(variables), mounts: mounts.collect(), ..seen("tool", image, "") };
    report(&[tool], &lines(""), &ours)
}

#[test]
fn what_every_program_is_told_goes_along() {
    for image in
        ["containrrr/watchtower", "getwud/wud", "codeswhat/drydock", "crazymax/diun", "sergi0g/cup"]
    {
        let found = of(image, &format!("{SHARED}\n{NONE_OF_ITS}"), &[]);
        for part in [
            "TZ: \"Europe/Berlin\"",
            "DOCKER_AUTO_DOCKER_HOST: \"tcp://proxy:2375\"",
            "DOCKER_TLS_VERIFY: \"1\"",
            "DOCKER_CERT_PATH: \"/certs\"",
            "DOCKER_CONFIG: \"/logins\"",
            "HTTP_PROXY_FILE: ",
            "HTTPS_PROXY_FILE: ",
            "NO_PROXY: \".lan\"",
            "NO_COLOR: \"1\"",
        ] {
            assert!(found.compose.contains(part), "{image}: {} lacks {part}", found.compose);
        }
        let settings = &found.tools[0].settings;
        for name in lines(NONE_OF_ITS).keys() {
            assert!(!settings.iter().any(|line| line.name == *name), "{image}: {name}");
        }
        let json = serde_json::to_string(&found).unwrap();
        assert!(!json.contains("hidden") && !found.text().contains("hidden"), "{json}");
    }
}

#[test]
fn a_schedule_is_pasted_with_its_time_zone() {
    let found =
        of("containrrr/watchtower", "WATCHTOWER_SCHEDULE=0 0 4 * * *\nTZ=Europe/Berlin", &[]);
    let zone = found.tools[0].settings.iter().find(|line| line.name == "TZ").unwrap();
    assert_eq!(
        (zone.tool.to_string().as_str(), zone.value.as_str()),
        ("Watchtower", "Europe/Berlin")
    );
    let both = ["DOCKER_AUTO_UPDATE_CRON: \"0 0 4 * * *\"", "TZ: \"Europe/Berlin\""];
    assert!(both.iter().all(|part| found.compose.contains(part)), "{}", found.compose);
    // A flag stands above the variable.
    let found = of("watchtower", "WATCHTOWER_HOST=tcp://flag:1\nDOCKER_HOST=tcp://variable:1", &[]);
    assert!(found.compose.contains("tcp://flag:1") && !found.compose.contains("tcp://variable:1"));
}

#[test]
fn what_ouroboros_was_told_is_said_to_be_unread() {
    let variables = "CRON=0 4 * * *\nLABEL_ENABLE=true\nIGNORE=db\nMONITOR=web\nTZ=Asia/Tokyo";
    let ouroboros = Seen { variables: lines(variables), ..seen("o", "pyouroboros/ouroboros", "") };
    let watchtower =
        Seen { variables: lines("WATCHTOWER_CLEANUP=1"), ..seen("w", "watchtower", "") };
    let alone = report(std::slice::from_ref(&ouroboros), &lines(""), &ours);
    for part in
        ["cannot be read: ", "IGNORE", "DOCKER_AUTO_POLICY_EXCLUDE_NAMES", "CRON for CRON", "Tokyo"]
    {
        assert!(alone.text().contains(part), "{part}: {}", alone.text());
    }
    assert!(!alone.text().contains("no settings of its own"), "{}", alone.text());
    let both = report(&[ouroboros, watchtower], &lines(""), &ours).compose;
    assert!(!both.contains("UPDATE_ENABLED: \"true\""), "it may have held back: {both}");
}

#[test]
fn hooks_are_said_to_lack_their_variable() {
    for (labels, expected) in [
        (".lifecycle.pre-update=/backup.sh\n.lifecycle.post-check=/b.sh", 1),
        (".lifecycle.pre-update-timeout=2", 0),
        (".enable=true\ndocker-auto.hook.pre-update=/backup.sh", 0),
    ] {
        let text = report(&[seen("web", "nginx", labels)], &lines(""), &ours).text();
        let told = text.matches("hooks=WT_CONTAINER\n    no equivalent: hooks are not given it");
        assert_eq!(told.count(), expected, "{labels}: {text}");
    }
}

#[test]
fn mounts_that_say_something_are_told() {
    let login = [("/srv/login/config.json", "/config.json")];
    let clock = [("/etc/localtime", "/etc/localtime")];
    for (image, variables, mounts, expected) in [
        ("watchtower", "", &login, "/config.json from /srv/login/config.json\n    nothing"),
        ("watchtower", "DOCKER_CONFIG=/l", &[("/x/y", "/l/config.json")], "/l/config.json from"),
        ("watchtower", "", &clock, "its clock=/etc/localtime from /etc/localtime\n    no equi"),
        ("crazymax/diun", "", &clock, "its clock="),
        ("watchtower", "TZ=UTC", &clock, ""),
        ("watchtower", "", &[("/srv", "/srv/config.json.d")], ""),
        ("crazymax/diun", "", &login, ""),
    ] {
        let text = of(image, variables, mounts).text();
        let told = text.contains("its logins=") || text.contains("its clock=");
        assert!(told != expected.is_empty() && text.contains(expected), "{mounts:?}: {text}");
    }
}
