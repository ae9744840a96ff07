//! Which containers are looked at, and when a new one is good enough.

use std::time::Duration;

use crate::config::variable::{Given, Kind, Secrecy, Variable, rule, set};
use crate::core::policy::{LabelSelector, NamePattern, Scope, Sourced};
use crate::core::value;
use crate::core::version::Track;

const LABELS: Kind = Kind::List("labels, `KEY` or `KEY=VALUE`");

pub(super) const VARIABLES: [Variable; 12] = [
    Variable {
        key: "policy.skip_labels",
        name: "DOCKER_AUTO_POLICY_SKIP_LABELS",
        aliases: &["WATCH_POLICY_SKIP_LABELS"],
        kind: LABELS,
        default: "watchdocker.skip=true",
        doc: "Leaves containers alone that have one of these.",
        secrecy: Secrecy::Open,
        set: |config, given| {
            rule(config, |rules| &mut rules.skip_labels, selectors(&given), given.origin)
        },
    },
    Variable {
        key: "policy.only_labels",
        name: "DOCKER_AUTO_POLICY_ONLY_LABELS",
        aliases: &["WATCH_POLICY_ONLY_LABELS"],
        kind: LABELS,
        default: "",
        doc: "Updates only containers that have one of these; others are not looked at, but go along with \
              those they need.",
        secrecy: Secrecy::Open,
        set: |config, given| {
            rule(config, |rules| &mut rules.only_labels, selectors(&given), given.origin)
        },
    },
    Variable {
        key: "policy.exclude_labels",
        name: "DOCKER_AUTO_POLICY_EXCLUDE_LABELS",
        aliases: &["WATCH_POLICY_EXCLUDE_LABELS"],
        kind: LABELS,
        default: "",
        doc: "Leaves containers alone that have one of these, and replaces no default.",
        secrecy: Secrecy::Open,
        set: |config, given| {
            rule(config, |rules| &mut rules.exclude_labels, selectors(&given), given.origin)
        },
    },
    Variable {
        key: "policy.exclude_names",
        name: "DOCKER_AUTO_POLICY_EXCLUDE_NAMES",
        aliases: &[],
        kind: Kind::List("names or regular expressions"),
        default: "",
        doc: "Leaves the containers alone that are called so.",
        secrecy: Secrecy::Open,
        set: |config, given| {
            let names = given.words().iter().map(|name| NamePattern::new(name)).collect();
            rule(config, |rules| &mut rules.exclude_names, Ok(names), given.origin)
        },
    },
    Variable {
        key: "policy.skip_local_build",
        name: "DOCKER_AUTO_POLICY_SKIP_LOCAL_BUILD",
        aliases: &["WATCH_POLICY_SKIP_LOCAL_BUILD"],
        kind: Kind::Switch,
        default: "true",
        doc: "Leaves images alone that were built here; `false` follows them when their name moves. On the \
              containerd image store a build is told from a pull only while the registry has no such tag.",
        secrecy: Secrecy::Open,
        set: |config, given| {
            rule(config, |rules| &mut rules.skip_local_build, given.switch(), given.origin)
        },
    },
    Variable {
        key: "policy.skip_pinned_digest",
        name: "DOCKER_AUTO_POLICY_SKIP_PINNED_DIGEST",
        aliases: &["WATCH_POLICY_SKIP_PINNED_DIGEST"],
        kind: Kind::Switch,
        default: "true",
        doc: "Leaves references with a digest alone; `false` moves `tag@sha256:…` with its tag.",
        secrecy: Secrecy::Open,
        set: |config, given| {
            rule(config, |rules| &mut rules.skip_pinned_digest, given.switch(), given.origin)
        },
    },
    Variable {
        key: "policy.skip_semver_pinned",
        name: "DOCKER_AUTO_POLICY_SKIP_SEMVER_PINNED",
        aliases: &["WATCH_POLICY_SKIP_SEMVER_PINNED"],
        kind: Kind::Switch,
        default: "true",
        doc: "Leaves tags such as `1.2.3` and `v1.2.3` alone.",
        secrecy: Secrecy::Open,
        set: |config, given| {
            rule(config, |rules| &mut rules.skip_semver_pinned, given.switch(), given.origin)
        },
    },
    Variable {
        key: "policy.floating_tags",
        name: "DOCKER_AUTO_POLICY_FLOATING_TAGS",
        aliases: &["WATCH_POLICY_FLOATING_TAGS"],
        kind: Kind::List("tags"),
        default: "",
        doc: "Looks only at these tags, such as `latest,stable,main`.",
        secrecy: Secrecy::Open,
        set: |config, given| {
            rule(config, |rules| &mut rules.floating_tags, Ok(given.words()), given.origin)
        },
    },
    Variable {
        key: "policy.track",
        name: "DOCKER_AUTO_POLICY_TRACK",
        aliases: &[],
        kind: Kind::Words("`tag`, `patch`, `minor`, `major`"),
        default: "tag",
        doc: "How far versions move where no `docker-auto.track` says it: `tag` follows what each \
              container's own tag names, the others also newer tags within the minor version, \
              within the major version, and beyond.",
        secrecy: Secrecy::Open,
        set: |config, given| {
            let value = value::choice(given.text, &Track::WORDS)?;
            set(&mut config.policy.versions.track, Ok(Sourced { value, origin: given.origin }))
        },
    },
    Variable {
        key: "policy.scope",
        name: "DOCKER_AUTO_POLICY_SCOPE",
        aliases: &[],
        kind: Kind::Text("a name, `none`"),
        default: "",
        doc: "Looks only at containers with this `docker-auto.scope`, `none` only at those without one, \
              so that several instances share a host. Without it all are looked at.",
        secrecy: Secrecy::Open,
        set: |config, given| {
            rule(config, |rules| &mut rules.scope, Ok(Scope::parse(given.text)), given.origin)
        },
    },
    Variable {
        key: "health.timeout",
        name: "DOCKER_AUTO_HEALTH_TIMEOUT",
        aliases: &[],
        kind: Kind::Duration,
        default: "",
        doc: "How long a new container may take to become healthy before it is rolled back; if not \
              set it follows from its healthcheck.",
        secrecy: Secrecy::Open,
        set: |config, given| {
            let value = given.duration(Duration::from_secs(1))?;
            config.policy.health_timeout = Some(Sourced { value, origin: given.origin });
            Ok(())
        },
    },
    Variable {
        key: "health.stable",
        name: "DOCKER_AUTO_HEALTH_STABLE",
        aliases: &[],
        kind: Kind::Duration,
        default: "10s",
        doc: "How long a new container without a healthcheck must stay up.",
        secrecy: Secrecy::Open,
        set: |config, given| {
            let value = given.duration(Duration::ZERO)?;
            set(&mut config.policy.health_stable, Ok(Sourced { value, origin: given.origin }))
        },
    },
];

fn selectors(given: &Given<'_>) -> Result<Vec<LabelSelector>, String> {
    let error = "write labels as KEY or KEY=VALUE, separated by commas";
    let selectors = value::list(given.text).map(LabelSelector::parse);
    selectors.collect::<Option<_>>().ok_or_else(|| error.to_owned())
}
