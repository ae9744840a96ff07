//! Settings of versions that change nothing where they stand.

use crate::core::policy::Origin;
use crate::core::version::{Track, VersionRules, has_versions};

/// Says which labels and rules ask for versions in vain, for a container's tag. What holds for all
/// containers is not meant for this one, and what another tool was told is no wish for versions here.
pub fn idle(tag: Option<&str>, rules: &VersionRules) -> Vec<String> {
    match rules.track.value {
        Track::Tag => without_track(rules),
        _ => untracked(tag, rules).into_iter().collect(),
    }
}

fn without_track(rules: &VersionRules) -> Vec<String> {
    let settings = [
        ("include", rules.include.as_ref().map(|it| &it.origin)),
        ("exclude", rules.exclude.as_ref().map(|it| &it.origin)),
        ("prerelease", Some(&rules.prerelease.origin)),
        ("transform", rules.transform.as_ref().map(|it| &it.origin)),
    ];
    let given = settings.into_iter().filter_map(|(name, origin)| Some((name, origin?)));
    let own = given.filter(|(_, origin)| is_own(origin) && !origin.is_foreign());
    own.map(|(name, origin)| {
        format!(
            "{origin}: tag.{name} has no effect without docker-auto.track=patch, minor or major: \
             only what its tag names is followed"
        )
    })
    .collect()
}

fn untracked(tag: Option<&str>, rules: &VersionRules) -> Option<String> {
    let (tag, origin) = (tag?, &rules.track.origin);
    (is_own(origin) && !has_versions(tag, rules)).then(|| {
        format!(
            "{origin}: its tag {tag} is no version, so that only what it names is followed; use \
             one such as 1.2.3"
        )
    })
}

/// Says whether a setting is one of the container, or of the containers that a rule matches.
fn is_own(origin: &Origin) -> bool {
    matches!(origin, Origin::Label { .. } | Origin::Rule { .. })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::policy::Sourced;
    use crate::core::version::{Pattern, Transform};

    fn label(name: &str, value: &str) -> Origin {
        Origin::Label { name: name.to_owned(), value: value.to_owned() }
    }

    #[test]
    fn settings_without_effect_are_told() {
        let by = |track, origin| Sourced { value: track, origin };
        let pattern = |origin| Some(Sourced { value: Pattern::parse("^1").unwrap(), origin });
        let rule = || Origin::Rule { name: "web".to_owned() };
        let variable = || Origin::Variable("DOCKER_AUTO_POLICY_TRACK".to_owned());
        let transform = Transform::parse("^r => v").unwrap();
        let plain = VersionRules::default;
        let all = VersionRules {
            include: pattern(label("docker-auto.tag.include", "^1")),
            exclude: pattern(rule()),
            prerelease: Sourced {
                value: true,
                origin: label("docker-auto.tag.prerelease", "true"),
            },
            transform: Some(Sourced { value: transform, origin: rule() }),
            ..plain()
        };
        let tracked = VersionRules { track: by(Track::Minor, variable()), ..all.clone() };
        let said = VersionRules {
            track: by(Track::Tag, label("docker-auto.track", "tag")),
            ..all.clone()
        };
        let four = &[
            "tag.include has no effect without docker-auto.track",
            "web: tag.exclude has",
            "=true: tag.prerelease has",
            "web: tag.transform has",
        ][..];
        let minor = |origin| VersionRules { track: by(Track::Minor, origin), ..plain() };
        let theirs = VersionRules { include: pattern(label("wud.tag.include", "^1")), ..plain() };
        let default = VersionRules { include: pattern(Origin::Default), ..plain() };
        let no_version: &[&str] = &["docker-auto.track=minor: its tag latest is no version"];
        for (tag, rules, expected) in [
            (Some("1.27"), &all, four),
            (None, &all, four),
            (Some("1.27"), &said, four),
            (Some("1.27"), &tracked, &[]),
            (Some("1.27"), &plain(), &[]),
            (Some("1.27"), &theirs, &[]),
            (Some("1.27"), &default, &[]),
            (Some("latest"), &minor(label("docker-auto.track", "minor")), no_version),
            (Some("1.27"), &minor(label("docker-auto.track", "minor")), &[]),
            (None, &minor(rule()), &[]),
            (Some("latest"), &minor(variable()), &[]),
        ] {
            let told = idle(tag, rules);
            assert_eq!(told.len(), expected.len(), "{tag:?} {rules:?}: {told:?}");
            let pairs = told.iter().zip(expected);
            pairs.for_each(|(told, part)| assert!(told.contains(part), "{told} lacks {part}"));
        }
    }
}
