//! Foreign labels and variables → what of ours they are.

mod shared;

use std::collections::BTreeMap;

use crate::core::labels as our_labels;

use super::report::{Report, Seen, Verdict, report};
use super::{Idiom, Meaning, Setting, labels, variables};

/// Reads `name=value` from each line; a name that begins with a dot is Watchtower's.
fn lines(text: &str) -> BTreeMap<String, String> {
    let pairs = text.lines().map(str::trim).filter_map(|line| line.split_once('='));
    let whole = |name: &str| match name.strip_prefix('.') {
        Some(rest) => format!("com.centurylinklabs.watchtower.{rest}"),
        None => name.to_owned(),
    };
    pairs.map(|(name, value)| (whole(name), value.to_owned())).collect()
}

fn told(meaning: &Result<Meaning, String>) -> String {
    match meaning {
        Ok(Meaning::Ours(settings)) => {
            settings.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
        }
        Ok(Meaning::Already(_)) => "already".to_owned(),
        Ok(Meaning::Nothing(_)) => "nothing".to_owned(),
        Err(_) => "unreadable".to_owned(),
    }
}

/// Checks what the first label or variable of a text means beside the others.
fn check(text: &str, expected: &str) {
    let first = text.trim_start().split('=').next().unwrap_or_default();
    let all = lines(text);
    let name = lines(&format!("{first}=")).into_keys().next().unwrap_or_default();
    let found = if name.contains('.') {
        let idiom = Idiom::of(&all);
        let found = labels::read(&all, &idiom);
        found.iter().find(|found| found.name == name).map(|found| told(&found.meaning))
    } else {
        let found = variables::read(&all);
        let written = |found: &&variables::FoundVariable| {
            found.name == name && found.source == variables::Source::Written
        };
        found.iter().find(written).map(|found| told(&found.meaning))
    };
    assert_eq!(found.as_deref().unwrap_or("unseen"), expected, "{text}");
}

/// Each line is a label or variable, what stands beside it, and what it means.
#[test]
fn labels_and_variables_are_understood() {
    let tables = [include_str!("tests/labels.txt"), include_str!("tests/variables.txt")];
    for line in tables.iter().flat_map(|table| table.lines()) {
        let (written, expected) = line.rsplit_once(" -> ").unwrap();
        check(&written.replace(" && ", "\n"), expected);
    }
}

#[test]
fn ours_stand_above_theirs_and_the_stricter_of_theirs_counts() {
    for (text, ours, expected) in [
        (".enable=false\ndocker-auto.mode=auto", "docker-auto.mode", Some("auto")),
        (".enable=true\n.monitor-only=true", "docker-auto.mode", Some("watch")),
        (".enable=false\nwud.watch=true", "docker-auto.mode", Some("off")),
        ("diun.enable=true\n.enable=true", "docker-auto.mode", Some("watch")),
        (
            ".lifecycle.pre-update-timeout=2\n.lifecycle.post-update-timeout=1",
            "docker-auto.hook.timeout",
            Some("2m"),
        ),
        (".enable=x", "docker-auto.mode", None),
        (
            ".lifecycle.pre-update=x\nWATCHTOWER_LIFECYCLE_HOOKS=1\nWATCHTOWER_LIFECYCLE_UID=5",
            "docker-auto.hook.user",
            Some("5"),
        ),
        (
            "dd.tag.exclude=beta\ndd.updatePolicy.skipTags=1.2",
            "docker-auto.tag.exclude",
            Some("(?:beta)|(?:^(?:1\\.2)$)"),
        ),
        (".cooldown-delay=0\n.image-cooldown=7d", "docker-auto.cooldown", Some("7d")),
        (".cooldown-delay=7d\n.image-cooldown=0", "docker-auto.cooldown", Some("7d")),
        (
            ".depends-on=a\ncom.ouroboros.depends_on=b",
            "docker-auto.depends-on",
            Some("a:restart,b:restart"),
        ),
        ("wud.tag.include=a\ndiun.watch_repo=1", "docker-auto.track", None),
        ("wud.tag.include=a\ndiun.enable=1", "docker-auto.track", Some("major")),
        ("wud.tag.exclude=a\ndd.tag.exclude=a", "docker-auto.tag.exclude", Some("a")),
    ] {
        let written = lines(text);
        let understood = labels::understood(&written, &Idiom::of(&written));
        assert_eq!(understood.get(ours).map(String::as_str), expected, "{text}");
        assert_eq!(labels::as_written(&understood), written, "{text}");
        assert_eq!(labels::understood(&understood, &Idiom::of(&written)), understood, "{text}");
    }
}

#[test]
fn what_cannot_be_had_with_another_label_holds_back() {
    for (text, expected) in [
        ("wud.tag.include=^1\ndd.tag.include=^2", Some("wud.tag.include")),
        ("wud.tag.include=^1\ndd.tag.include=^1", None),
        ("wud.tag.include=^1\ndd.tag.include=^2\ndocker-auto.tag.include=^3", None),
        ("wud.tag.transform=a=>b\ndd.tag.transform=b=>c", Some("wud.tag.transform")),
        ("dd.tag.exclude=(?!x)", Some("dd.tag.exclude")),
        ("wud.tag.transform=a", Some("wud.tag.transform")),
        ("diun.include_tags=(?!x)", Some("diun.include_tags")),
        (".cooldown-delay=soon", Some(".cooldown-delay")),
        ("dd.group=x", None),
    ] {
        let written = lines(text);
        let understood = labels::understood(&written, &Idiom::default());
        let held = labels::unreadable(&understood).filter(|found| found.holds_back);
        let held: Vec<&str> = held.map(|found| found.name).collect();
        let expected = expected.map(|name| lines(&format!("{name}=")).into_keys().next().unwrap());
        assert_eq!(held, expected.iter().collect::<Vec<_>>(), "{text}");
        assert_eq!(labels::as_written(&understood), written, "{text}");
    }
    let shown = report(
        &[seen("web", "nginx", "wud.tag.include=^1\ndd.tag.include=^2")],
        &lines(""),
        &|_, _| None,
    );
    let verdicts = shown.containers.iter().flat_map(|found| &found.settings);
    let refused = verdicts.filter(|line| line.verdict == Verdict::Unreadable);
    assert_eq!(refused.map(|line| line.name.as_str()).collect::<Vec<_>>(), ["wud.tag.include"]);
}

#[test]
fn each_meaning_of_a_label_is_told() {
    for (text, expected) in [
        (
            "wud.tag.include=^1\nwud.watch=1",
            "the label wud.tag.include is read as docker-auto.tag.include; the label \
             wud.tag.include is read as docker-auto.track; the label wud.watch is read as \
             docker-auto.mode",
        ),
        (
            "wud.tag.include=^1\ndocker-auto.track=minor",
            "the label wud.tag.include is read as docker-auto.tag.include",
        ),
        (
            "dd.tag.exclude=a\ndd.updatePolicy.skipTags=b",
            "the label dd.tag.exclude is read as docker-auto.tag.exclude; the label \
             dd.updatePolicy.skipTags is read as docker-auto.tag.exclude",
        ),
        (
            "dd.port.label=x",
            "the label dd.port.label has no equivalent: it only changes how the container is shown",
        ),
        ("wud.watch.digest=true\nwud.tag.exclude=(?!x)", ""),
        (
            "wud.tag.include=^1\ndd.tag.include=^2",
            "the label dd.tag.include is read as docker-auto.tag.include",
        ),
        (
            "wud.tag.include=^1\ndd.tag.include=^2\ndocker-auto.mode=watch",
            "the label dd.tag.include is read as docker-auto.tag.include; the label \
             dd.tag.include is read as docker-auto.track",
        ),
        ("diun.enable=true\nwud.watch=false", "the label wud.watch is read as docker-auto.mode"),
    ] {
        let idiom = Idiom::default();
        let understood = labels::understood(&lines(text), &idiom);
        assert_eq!(labels::told(&understood, &idiom).join("; "), expected, "{text}");
    }
}

#[test]
fn newer_versions_are_not_looked_for_without_being_asked() {
    for (image, labels, expected) in [
        ("nginx:1.27.3", "wud.watch=true", true),
        ("nginx:latest", "wud.watch=true", false),
        ("nginx:1.27.3", "wud.watch=false", false),
        ("nginx:1.27.3", "diun.enable=true", false),
        ("nginx:1.27.3", "wud.watch=true\nwud.tag.include=^1", false),
        ("nginx:1.27.3", "wud.watch=true\ndocker-auto.track=minor", false),
        ("getwud/wud:8", "", true),
        ("crazymax/diun:4", "", false),
        ("nginx:1.27", "wud.tag.include=^1", true),
        ("nginx:1.27", "diun.watch_repo=true", true),
        ("nginx:1.27", "diun.watch_repo=true\ndiun.enable=true", false),
    ] {
        let text = report(&[seen("web", image, labels)], &lines(""), &|_, _| None).text();
        assert_eq!(
            text.contains("set docker-auto.track=major"),
            expected,
            "{image} {labels}: {text}"
        );
    }
    for (image, labels) in [("nginx:1.27.3-alpine", "dd.watch=true"), ("codeswhat/drydock", "")] {
        let text = report(&[seen("web", image, labels)], &lines(""), &|_, _| None).text();
        let digests = "set docker-auto.skip-semver-pinned=false";
        assert!(text.contains(digests) && !text.contains("set docker-auto.track"), "{text}");
    }
}

/// Values of which each row takes at least one.
const VALUES: [&str; 8] = ["true", "false", "1", "30s", "a", "x=>y", "mature", "recreate"];

/// Returns what must stand beside a label, so that it means something.
fn needed(name: &str) -> &'static str {
    match name {
        "diun.watch_repo" => "diun",
        name if name.contains(".gid") => "uid",
        _ => "none",
    }
}

#[test]
fn every_label_that_means_something_here_means_a_label_that_is_read() {
    for row in labels::rows() {
        let beside = lines("com.centurylinklabs.watchtower.lifecycle.uid=1\ndiun.enable=true");
        let mut meant = Vec::new();
        let mut told = false;
        for value in VALUES {
            let name = row.name.replace('*', "x");
            let mut written = lines(&format!("{name}={value}"));
            written.extend(beside.clone().into_iter().filter(|(it, _)| it.contains(needed(&name))));
            let found = labels::read(&written, &Idiom::default());
            let found = found.into_iter().filter(|found| found.name == name);
            for meaning in found.filter_map(|found| found.meaning.ok()) {
                told |= !matches!(meaning, Meaning::Ours(_));
                let Meaning::Ours(settings) = meaning else { continue };
                meant.extend(settings.into_iter().map(|setting| setting.name));
            }
        }
        let refused = ["nothing", "the "].iter().any(|word| row.means.starts_with(word));
        let promised = row.means.contains("`docker-auto.") && !refused;
        assert_eq!(promised, !meant.is_empty(), "{}", row.name);
        assert!(told || !meant.is_empty(), "{}", row.name);
        assert!(meant.iter().all(|ours| our_labels::is_known(ours)), "{}: {meant:?}", row.name);
    }
}

#[test]
fn the_report_says_what_was_found() {
    let watchtower = Seen {
        name: "watchtower".to_owned(),
        image: "containrrr/watchtower".to_owned(),
        variables: lines(
            "WATCHTOWER_NOTIFICATION_URL=smtp://secret\nREPO_USER=me\nREPO_PASS=hidden",
        ),
        arguments: ["--cleanup", "--schedule", "0 0 4 * * *"].map(str::to_owned).to_vec(),
        ..Seen::default()
    };
    let web = Seen {
        name: "shop-web-1".to_owned(),
        image: "nginx".to_owned(),
        labels: lines(
            ".enable=false\n.stop-signal=INT\ncom.docker.compose.project=shop\n\
             com.docker.compose.service=web",
        ),
        ..Seen::default()
    };
    let plain = Seen { name: "db".to_owned(), image: "postgres".to_owned(), ..Seen::default() };
    let environment = lines("DIUN_WATCH_WORKERS=20\nDOCKER_AUTO_REGISTRY_AUTH_1_HOST=ghcr.io");
    let found = report(&[watchtower, web, plain], &environment, &|_, _| None);
    let expected = include_str!("tests/report.txt");
    assert_eq!(found.text(), expected);
    let json = serde_json::to_string(&found).unwrap();
    for text in [found.text(), json] {
        assert!(!text.contains("hidden") && !text.contains("smtp://secret"), "{text}");
    }
    let nothing = report(&[], &lines("DOCKER_AUTO_DATA=/x"), &|_, _| None);
    assert!(nothing.is_empty() && nothing.text().starts_with("no other tool was found"));
    let other = Seen {
        variables: lines("WATCH_SCAN_INTERVAL=5m\nHTTP_PROXY=http://u:hidden@p\nHOME=/root"),
        ..seen("w", "jianxcao/watch-docker", "")
    };
    let found = report(&[other], &lines(""), &|name, value| match name {
        "HTTP_PROXY" => Some(Setting::secret(name, value)),
        "HOME" => None,
        _ => Some(Setting::open(name.replacen("WATCH_", "DOCKER_AUTO_", 1), value)),
    });
    let text = found.text();
    assert!(text.contains("DOCKER_AUTO_SCAN_INTERVAL: \"5m\""), "{text}");
    assert!(text.contains("its file=config.yaml\n    nothing to set: its keys are read"), "{text}");
    assert!(text.contains("HTTP_PROXY_FILE: ") && !text.contains("HOME"), "{text}");
    assert!(!serde_json::to_string(&found).unwrap().contains("hidden"), "{text}");
}

fn seen(name: &str, image: &str, labels: &str) -> Seen {
    let (name, image) = (name.to_owned(), image.to_owned());
    Seen { name, image, labels: lines(labels), ..Seen::default() }
}

/// Returns what is said of a Watchtower with these arguments and variables, beside some containers.
fn of_watchtower(arguments: &str, variables: &str, containers: &[Seen]) -> Report {
    let watchtower = Seen {
        arguments: arguments.split_whitespace().map(str::to_owned).collect(),
        variables: lines(variables),
        ..seen("watchtower", "containrrr/watchtower", "")
    };
    let all: Vec<Seen> = containers.iter().cloned().chain([watchtower]).collect();
    report(&all, &lines(""), &|_, _| None)
}

#[test]
fn only_containers_that_were_named_are_asked_for() {
    let containers = [
        seen("web", "nginx", ""),
        seen("db", "postgres", ".enable=false"),
        seen("own", "redis", "docker-auto.mode=watch"),
        seen("odd", "redis", ".enable=maybe"),
        seen("other", "redis", ""),
    ];
    for (arguments, variables, expected, refused) in [
        (
            "web /db own odd",
            "WATCHTOWER_SCHEDULE=0 0 4 * * *",
            &[
                "  web:  # the container web\n",
                "mode: \"auto\"",
                "AUTO_SCAN_CRON",
                "\"off\"",
                "  odd:  # the container odd\n    labels:\n      docker-auto.mode: \"watch\"\n",
            ][..],
            &["UPDATE_ENABLED", "UPDATE_CRON", "UPDATE_ALLOW", "  own:", "  other:"][..],
        ),
        ("web", "", &["mode: \"auto\""], &["UPDATE_", "  other:"]),
        (
            "web",
            "WATCHTOWER_CLEANUP=1",
            &["mode: \"auto\"", "SCAN_INTERVAL: \"1d\"", "KEEP_IMAGES"],
            &["UPDATE_ENABLED", "ALLOW_COMPOSE", "  other:"],
        ),
        ("web", "WATCHTOWER_MONITOR_ONLY=1", &["UPDATE_ENABLED: \"false\""], &["\"auto\""]),
        ("", "WATCHTOWER_CLEANUP=1", &["UPDATE_ENABLED: \"true\""], &["\"auto\""]),
        ("", "WATCHTOWER_LABEL_ENABLE=perhaps", &["SCAN_INTERVAL"], &["UPDATE_ENABLED", "ALLOW_"]),
    ] {
        let compose = of_watchtower(arguments, variables, &containers).compose;
        for part in expected {
            assert!(compose.contains(part), "{arguments} {variables}: {compose} lacks {part}");
        }
        for part in refused {
            assert!(!compose.contains(part), "{arguments} {variables}: {compose} has {part}");
        }
    }
}

#[test]
fn what_holds_a_container_back_is_pasted_as_well() {
    for (labels, expected) in [
        (".cooldown-delay=soon", Some("watch")),
        (".cooldown-delay=soon\n.enable=true", Some("watch")),
        (".cooldown-delay=soon\n.enable=false", Some("off")),
        ("wud.tag.include=^1\ndd.tag.include=^2", Some("watch")),
        (".cooldown-delay=soon\ndocker-auto.enable=true", Some("watch")),
        (".cooldown-delay=soon\ndocker-auto.mode=auto", None),
        ("wud.watch.digest=perhaps", None),
    ] {
        let compose = report(&[seen("web", "nginx", labels)], &lines(""), &|_, _| None).compose;
        let line = compose.lines().find(|line| line.contains("docker-auto.mode: "));
        let mode = line.map(|line| line.trim_start().trim_start_matches("docker-auto.mode: "));
        assert_eq!(mode, expected.map(|it| format!("\"{it}\"")).as_deref(), "{labels}: {compose}");
    }
}

#[test]
fn of_two_cooldowns_the_longer_one_is_pasted() {
    let of = |name: &str, image: &str, variables: &str| Seen {
        variables: lines(variables),
        ..seen(name, image, "")
    };
    let short = "WATCHTOWER_COOLDOWN_DELAY=1d\nWATCHTOWER_IMAGE_COOLDOWN=12h";
    let long = "DD_WATCHER_A_MATURITY_MIN_AGE_DAYS=9";
    for pair in [[short, long], [long, short]] {
        let image = |text: &str| if text == long { "codeswhat/drydock" } else { "watchtower" };
        let both = pair.map(|text| of("a", image(text), text));
        let compose = report(&both, &lines(""), &|_, _| None).compose;
        assert!(compose.contains("UPDATE_COOLDOWN: \"9d\""), "{compose}");
    }
}

#[test]
fn a_service_is_pasted_once_into_its_project() {
    let of = |name: &str, project: &str| {
        let labels = format!(
            ".enable=false\ncom.docker.compose.project={project}\ncom.docker.compose.service=web"
        );
        seen(name, "nginx", &labels)
    };
    let containers = [
        of("a-web-1", "a"),
        of("a-web-2", "a"),
        of("b-web-1", "b"),
        seen("docker-auto", "docker-auto", ".enable=false"),
    ];
    let compose = of_watchtower("", "WATCHTOWER_CLEANUP=1", &containers).compose;
    let documents: Vec<&str> = compose.split("---\n").collect();
    let [ours, first, second] = documents[..] else { panic!("{compose}") };
    assert_eq!(ours.matches("  docker-auto:\n").count(), 2, "the service and the volume: {ours}");
    assert_eq!(ours.matches("labels:").count(), 1, "{ours}");
    assert!(!ours.contains("  web:"), "{ours}");
    assert_eq!(
        first,
        "# for the compose project a\nservices:\n  web:  # the containers a-web-1, a-web-2\n    \
         labels:\n      docker-auto.mode: \"off\"\n"
    );
    assert!(second.contains("project b\n") && second.matches("  web:").count() == 1, "{second}");
}

#[test]
fn accounts_in_addresses_are_not_told() {
    for (name, value) in [
        ("DIUN_WATCH_HEALTHCHECKS_UUID", "hidden"),
        ("WUD_REGISTRY_CUSTOM_A_URL", "https://u:hidden@h:5000"),
        (
            "WUD_REGISTRY_CUSTOM_A_URL",
            "https://u:hidden@h:5000\nWUD_REGISTRY_CUSTOM_A_LOGIN=u\n\
             WUD_REGISTRY_CUSTOM_A_PASSWORD=p",
        ),
    ] {
        let found = variables::read(&lines(&format!("{name}={value}")));
        let shown: Vec<String> = found
            .iter()
            .map(|found| format!("{} {:?} {}", found.value, found.value, told(&found.meaning)))
            .collect();
        assert!(!shown.is_empty() && !shown.concat().contains("hidden"), "{shown:?}");
    }
}

#[test]
fn an_image_cannot_take_its_users_labels_away() {
    let claimed = lines(
        "docker-auto.mode=off\ndocker-auto.internal.made-from.docker-auto.mode=.enable\n\
         docker-auto.internal.unclear.x=y\ndocker-auto.internal.ignored.x=y\na=b",
    );
    let told = labels::unmarked(claimed);
    assert_eq!(told, lines("docker-auto.mode=off\na=b"));
    let understood = labels::understood(&told, &Idiom::default());
    assert_eq!(understood.get("docker-auto.mode").map(String::as_str), Some("off"));
}
