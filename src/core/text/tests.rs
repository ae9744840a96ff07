//! Every reason code is explained: a sentence, its cause, when it lifts and what to do, in each language.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::core::candidate::{Candidate, CandidateImage};
use crate::core::comparison::{LocalEvidence, Match};
use crate::core::compose::{Compose, ComposeKind, Foreign};
use crate::core::decision::{
    Decision, HoldReason, Lifts, Question, Role, SkipReason, UnknownReason,
};
use crate::core::digest::Digest;
use crate::core::id::{ContainerName, ImageId, Timestamp};
use crate::core::ourselves::Obstacle;
use crate::core::policy::{About, LabelSelector, NamePattern, Origin, Scope, Unclear, Unselected};
use crate::core::reference::ImageRef;
use crate::core::remote::{FailureCode, RemoteFailure};
use crate::core::verdict::{COMMAND_LINE, Paused, Said};
use crate::core::version::{Passed, PassedOver, Versions};

use super::{Language, of, of_asked, of_cause, of_cure, of_lifts};

fn reference() -> ImageRef {
    ImageRef::parse("nginx:1.27").unwrap()
}

fn label() -> Origin {
    Origin::Label { name: "docker-auto.mode".into(), value: "watch".into() }
}

fn variable() -> Origin {
    Origin::Variable("DOCKER_AUTO_X".into())
}

fn said() -> Said {
    Said { by: COMMAND_LINE.into(), at: Timestamp::default() }
}

fn compose() -> Compose {
    let (project, service) = ("shop".to_owned(), "web".to_owned());
    Compose { project, service, number: 1, kind: ComposeKind::Service }
}

fn holds() -> Vec<HoldReason> {
    let at = Timestamp::default();
    vec![
        HoldReason::UpdatesNotEnabled(Origin::Default),
        HoldReason::WatchMode(label()),
        HoldReason::AwaitingApproval(Origin::Rule { name: "calm".into() }),
        HoldReason::ComposeHeldBack { compose: compose(), origin: variable() },
        HoldReason::RejectedBefore { at, why: "exit code 1".into() },
        HoldReason::FailedBeside {
            sibling: ContainerName::new("web-1"),
            at,
            why: "exit code 1".into(),
        },
        HoldReason::WaitingForSchedule { schedule: "0 3 * * *".into(), origin: variable() },
        HoldReason::ScheduleNeverAllowed { schedule: "0 3 * * *".into(), origin: variable() },
        HoldReason::OutsideWindow { windows: "22:00-06:00".into(), origin: label() },
        HoldReason::Blackout { dates: "12-24".into(), origin: label() },
        HoldReason::CoolingDown { since: at, cooldown: Duration::from_mins(1), origin: variable() },
        HoldReason::LabelUnclear(Unclear { origin: label(), about: About::Whether }),
        HoldReason::LabelUnclear(Unclear { origin: label(), about: About::How }),
        HoldReason::Irreplaceable(Obstacle::AutoRemove),
        HoldReason::Skipped(said()),
        HoldReason::RejectedByPerson(said()),
        HoldReason::Snoozed { until: at, said: said() },
        HoldReason::Paused { paused: Paused::Everything, said: said() },
        HoldReason::Paused { paused: Paused::Group("media".into()), said: said() },
        HoldReason::Paused { paused: Paused::Container(ContainerName::new("web")), said: said() },
    ]
}

fn skips() -> Vec<SkipReason> {
    let wanted = vec![LabelSelector::parse("a=b").unwrap()];
    let (tag, origin) = ("1.2.3".to_owned(), variable());
    let pinned = SkipReason::PinnedSemver { tag: tag.clone(), origin: origin.clone() };
    let local = |evidence| SkipReason::BuiltLocally {
        reference: reference(),
        evidence,
        origin: Origin::Default,
    };
    vec![
        SkipReason::NameReserved,
        SkipReason::Foreign(Foreign::SwarmTask),
        SkipReason::OneOff(compose()),
        SkipReason::Infrastructure(Role::DockerAccess),
        SkipReason::Infrastructure(Role::NetworkParent),
        SkipReason::NotSelected(Unselected::Label(label())),
        SkipReason::NotSelected(Unselected::Label(Origin::Rule { name: "none".into() })),
        SkipReason::NotSelected(Unselected::Named {
            pattern: NamePattern::new("web.*"),
            origin: origin.clone(),
        }),
        SkipReason::NotSelected(Unselected::HasNone { wanted, origin: origin.clone() }),
        SkipReason::OtherScope { own: None, scope: Scope::None, origin: variable() },
        SkipReason::OtherScope {
            own: Some(label()),
            scope: Scope::Named("a".into()),
            origin: variable(),
        },
        SkipReason::ModeOff(label()),
        SkipReason::Stopped(Origin::Default),
        SkipReason::Paused,
        SkipReason::BeingRemoved,
        SkipReason::PinnedDigest { reference: reference(), origin: origin.clone() },
        SkipReason::DigestWithoutTag(reference()),
        pinned,
        SkipReason::PinnedImageId(None),
        SkipReason::PinnedImageId(Some(reference())),
        SkipReason::TagNotFloating { tag, origin },
        local(LocalEvidence::NoDigest),
        local(LocalEvidence::Built),
        local(LocalEvidence::UnknownToHub("401".into())),
    ]
}

fn unknowns() -> Vec<UnknownReason> {
    let failures = FailureCode::ALL.into_iter().map(|code| {
        UnknownReason::Registry(RemoteFailure { code, message: "no answer".into(), until: None })
    });
    let others = [
        UnknownReason::Engine("no answer".into()),
        UnknownReason::BadReference("\"::\" is no reference".into()),
        UnknownReason::NotAsked(reference()),
        UnknownReason::Unresolved { reference: reference(), digest: Digest::of(b"D2") },
        UnknownReason::NotAllLookedAt { reference: reference(), looked_at: 20, unseen: 7 },
    ];
    failures.chain(others).collect()
}

/// One decision for each reason at least.
fn decisions() -> Vec<Decision> {
    let (id, digests) = (ImageId::new("sha256:0123456789abcdef"), BTreeSet::new());
    let image = CandidateImage::Local { id, digests };
    let candidate = Candidate { reference: reference(), image, versions: Versions::default() };
    let held = |reason| Decision::Hold { candidate: candidate.clone(), reason, until: None };
    let same =
        |how| Decision::UpToDate { reference: reference(), how, versions: Versions::default() };
    let mut decisions: Vec<_> = holds().into_iter().map(held).collect();
    decisions.extend(skips().into_iter().map(|reason| Decision::Skip { reason }));
    decisions.extend(unknowns().into_iter().map(|reason| Decision::Unknown { reason }));
    decisions.extend([
        same(Match::Digest(Digest::of(b"D1"))),
        same(Match::Content(Digest::of(b"D1"))),
        same(Match::LocalName),
        Decision::Update { candidate: candidate.clone() },
    ]);
    decisions
}

/// The codes as the sources write them, so that a new one cannot be forgotten here.
fn codes() -> BTreeSet<&'static str> {
    let sources = [
        include_str!("../decision/hold.rs"),
        include_str!("../decision/skip.rs"),
        include_str!("../decision/unknown.rs"),
    ];
    let arms = sources.into_iter().flat_map(str::lines).filter(|line| line.contains("=> \""));
    let own = arms.filter_map(|line| line.split('"').nth(1));
    let others = ["up_to_date", "same_content", "up_to_date_locally", "update"];
    own.chain(FailureCode::ALL.map(FailureCode::as_str)).chain(others).collect()
}

fn is_chinese(text: &str) -> bool {
    text.chars().any(|character| ('\u{4e00}'..='\u{9fff}').contains(&character))
}

#[test]
fn every_reason_is_explained_in_every_language() {
    let mut explained = BTreeSet::new();
    for decision in decisions() {
        let code = decision.code();
        explained.insert(code);
        for language in [Language::English, Language::Chinese] {
            let told = of(&decision, language);
            let cause = of_cause(&decision.cause(), language);
            let (cure, lifts) =
                (of_cure(&decision, language), of_lifts(decision.lifts(), language));
            for text in [told.to_string(), cause, cure, lifts] {
                assert!(!text.trim().is_empty(), "{code}");
            }
            // The sentence itself: a Chinese cure would hide an English one.
            let chinese = language == Language::Chinese;
            assert_eq!(is_chinese(&told.what), chinese, "{code}: {}", told.what);
            for text in [&told.cure, &told.note] {
                assert!(chinese || !is_chinese(text), "{code}: {text}");
            }
        }
        let held = !matches!(decision, Decision::UpToDate { .. } | Decision::Update { .. });
        assert_eq!(decision.lifts() != Lifts::Nothing, held, "{code}");
    }
    assert_eq!(explained, codes());
}

#[test]
fn every_question_is_told_in_every_language() {
    let mut codes = BTreeSet::new();
    for question in Question::ALL {
        assert!(codes.insert(question.code()), "{question:?}");
        for language in [Language::English, Language::Chinese] {
            let asked = super::Asked {
                origin: Some(label()),
                ended: Some("watch_mode"),
                ..super::Asked::of(question)
            };
            let (text, answer) = of_asked(&asked, language);
            assert_eq!(is_chinese(&text), language == Language::Chinese, "{text}");
            assert!(answer.contains("watch_mode") && answer.contains("docker-auto.mode=watch"));
        }
    }
}

#[test]
fn versions_that_are_passed_over_are_told_in_both_languages() {
    let until = Timestamp::default();
    let whys = [
        PassedOver::NoPlatform,
        PassedOver::NotAnImage,
        PassedOver::CoolingDown { until },
        PassedOver::Snoozed { until },
        PassedOver::Failed,
        PassedOver::Refused,
    ];
    let passed =
        |(number, why)| Passed { tag: format!("1.27.{number}"), mark: None, created_at: None, why };
    let passed: Vec<_> = (6..).zip(whys).map(passed).collect();
    let asked = |found: Option<&str>| super::Asked {
        found: found.map(ToOwned::to_owned),
        passed: passed.clone(),
        ..super::Asked::of(Question::Versions)
    };
    let versions = Versions { passed: passed.clone(), unseen: 4, ..Versions::default() };
    let how = Match::LocalName;
    let decision = Decision::UpToDate { reference: reference(), how, versions };
    for (language, taken, none, sentence) in [
        (
            Language::English,
            "1.27.6 has no image for its platform; 1.27.7 is no container image; 1.27.8 is cooling \
             down until 1970-01-01 00:00:00 UTC; 1.27.9 is put off until 1970-01-01 00:00:00 UTC; \
             1.27.10 failed here; 1.27.11 was refused; taking 1.27.5",
            "refused; none",
            "; 3 more are not taken; 4 older ones were not looked at",
        ),
        (
            Language::Chinese,
            "1.27.6 没有适合其平台的镜像；1.27.7 不是容器镜像；1.27.8 冷却至 1970-01-01 00:00:00 \
             UTC；1.27.9 已推迟到 1970-01-01 00:00:00 UTC；1.27.10 曾在此失败；1.27.11 已被拒绝；采用 \
             1.27.5",
            "拒绝；无",
            "；另有 3 个较新版本也是如此；还有 4 个较旧的版本未查看",
        ),
    ] {
        assert_eq!(of_asked(&asked(Some("1.27.5")), language).1, taken);
        assert!(of_asked(&asked(None), language).1.ends_with(none));
        let told = of(&decision, language).to_string();
        assert!(told.ends_with(sentence), "{told}");
    }
}

#[test]
fn obstacles_are_told_in_both_languages() {
    for obstacle in [
        Obstacle::NoServer,
        Obstacle::AutoRemove,
        Obstacle::Data,
        Obstacle::Access,
        Obstacle::Loopback,
        Obstacle::Unclear,
    ] {
        for language in [Language::English, Language::Chinese] {
            let told = super::of_hold(&HoldReason::Irreplaceable(obstacle), language);
            assert!(!told.what.is_empty() && !told.cure.is_empty(), "{obstacle:?}");
        }
    }
}
