//! `docker-auto why` explains each reason: its sentence, a cause of the right kind, when it lifts, and
//! what to do about it.

use std::collections::BTreeSet;
use std::fs;

use docker_auto::cli::show::why as show;
use docker_auto::core::decision::{Asked, Decision, Question, UnknownReason};
use docker_auto::core::remote::FailureCode;
use docker_auto::core::text::Language;
use docker_auto::engine::command::Assessment;
use docker_auto::http::view::why::WhyView;

use super::story::Story;
use super::{STORIES, stories};

/// What may cause a reason, and when it may lift.
type Kinds = (&'static [&'static str], &'static [&'static str]);

/// Where a setting comes from.
const SETTING: &[&str] = &["default", "variable", "rule", "label"];
const PERSON: &[&str] = &["person"];
const CONTAINER: &[&str] = &["container"];
const OURSELVES: &[&str] = &["ourselves"];
const REGISTRY: &[&str] = &["registry"];
const CHANGED: &[&str] = &["when_changed"];
const TIME: &[&str] = &["at", "next_check"];
const CHECK: &[&str] = &["next_check"];
const NOTHING: &[&str] = &["nothing"];
const IMAGE: &[&str] = &["other_image"];

/// Returns the kinds that a code may have, and words of what to do about it. A new code has none and
/// fails the test.
fn expected(code: &str) -> (Kinds, &'static str) {
    match code {
        "up_to_date" | "same_content" => ((REGISTRY, NOTHING), "nothing needs to be done"),
        "up_to_date_locally" => ((&["engine"], NOTHING), "nothing needs to be done"),
        "update" => ((&["registry", "engine"], NOTHING), "nothing needs to be done"),
        "updates_not_enabled" | "compose_held_back" => {
            ((SETTING, CHANGED), "docker-auto.mode=auto")
        }
        "watch_mode" | "mode_off" => ((SETTING, CHANGED), "docker-auto update"),
        "awaiting_approval" => ((SETTING, &["by_person"]), "docker-auto approve"),
        "rejected_before" | "failed_beside" => ((&["failure"], IMAGE), "--force"),
        "waiting_for_schedule" | "outside_window" | "blackout" => {
            ((SETTING, TIME), "docker-auto update")
        }
        "schedule_never_allowed" => ((SETTING, CHANGED), "change one of these settings"),
        "cooling_down" => ((SETTING, TIME), "--force"),
        "label_unclear" => ((&["label", "rule"], CHANGED), "correct it"),
        "irreplaceable" => ((OURSELVES, CHANGED), ""),
        "infrastructure" => ((OURSELVES, CHANGED), "update it by hand"),
        "skipped" | "rejected_by_person" => ((PERSON, IMAGE), "docker-auto approve"),
        "snoozed" => ((PERSON, &["at"]), "docker-auto approve"),
        "paused_by_person" => ((PERSON, &["by_person"]), "docker-auto resume"),
        "name_reserved" => ((CONTAINER, CHANGED), "give it another name"),
        "foreign" | "one_off" => ((CONTAINER, CHANGED), "nothing needs to be done"),
        "paused" => ((CONTAINER, CHECK), "docker unpause"),
        "being_removed" => ((CONTAINER, CHECK), "nothing needs to be done"),
        "not_selected" => ((SETTING, CHANGED), ""),
        "other_scope" => ((SETTING, CHANGED), "change one of them"),
        "stopped" => ((SETTING, CHANGED), "start it"),
        "pinned_digest" => ((SETTING, CHANGED), "docker-auto.skip-pinned-digest=false"),
        "digest_without_tag" | "pinned_image_id" => ((CONTAINER, CHANGED), "recreate it with"),
        "pinned_semver" | "tag_not_floating" => ((SETTING, CHANGED), "docker-auto.force=true"),
        "built_locally" => ((SETTING, CHANGED), "docker-auto.skip-local-build=false"),
        "engine_error" => ((&["engine"], CHECK), "engine's log"),
        "bad_reference" => ((CONTAINER, CHANGED), "recreate it with a reference"),
        "not_checked" | "not_resolved" => ((REGISTRY, CHECK), "check it"),
        "not_all_looked_at" => ((REGISTRY, CHANGED), "docker-auto.tag.include"),
        "unauthorized" | "credentials" => ((REGISTRY, CHECK), "DOCKER_AUTO_REGISTRY_AUTH_<n>_"),
        "forbidden" => ((REGISTRY, CHECK), "account"),
        "not_found" => ((REGISTRY, CHECK), "check the name and the tag"),
        "rate_limited" | "quota_kept" | "unavailable" | "timeout" => {
            ((REGISTRY, TIME), "it is asked again")
        }
        "unreachable" => ((REGISTRY, TIME), "check the network"),
        "bad_answer" => ((REGISTRY, CHECK), "check that this host is a registry"),
        "no_platform" => ((REGISTRY, CHECK), "stays on the image"),
        "not_an_image" => ((REGISTRY, CHECK), "a tag of an image"),
        "mirror_stale" => ((REGISTRY, CHECK), "wait for the mirror"),
        other => panic!("{other} has no case here"),
    }
}

/// The codes as the sources write them, so that none is without a story.
fn codes() -> BTreeSet<&'static str> {
    let sources = [
        include_str!("../../../src/core/decision/hold.rs"),
        include_str!("../../../src/core/decision/skip.rs"),
        include_str!("../../../src/core/decision/unknown.rs"),
    ];
    let arms = sources.into_iter().flat_map(str::lines).filter(|line| line.contains("=> \""));
    let own = arms.filter_map(|line| line.split('"').nth(1));
    let others = ["up_to_date", "same_content", "up_to_date_locally", "update"];
    own.chain(FailureCode::ALL.map(FailureCode::as_str)).chain(others).collect()
}

/// A judgement that no registry is asked for: the engine itself could not say what runs.
fn unclear(assessment: Assessment) -> Assessment {
    let reason = UnknownReason::Engine("looking at the container: no answer".into());
    let decision = Decision::Unknown { reason };
    let ended = Some(decision.code());
    let chain = vec![Asked {
        question: Question::Engine,
        found: None,
        origin: None,
        passed: Vec::new(),
        ended,
    }];
    Assessment { decision, chain, ..assessment }
}

/// Checks what `why` prints of a judgement.
fn check(assessment: &Assessment, language: Language) {
    let view = WhyView::told(assessment, Vec::new(), language);
    let (code, shown) = (view.reason.code.as_str(), show::why(&view, language));
    let ((causes, ends), cure) = expected(code);
    assert!(causes.contains(&view.cause.kind.as_str()), "{code}: {:?}", view.cause);
    assert!(ends.contains(&view.lifts.when.as_str()), "{code}: {:?}", view.lifts);
    assert_eq!(view.lifts.at.is_some(), view.lifts.when == "at", "{code}");
    let setting = ["variable", "rule", "label"].contains(&view.cause.kind.as_str());
    let person = view.cause.kind == "person";
    assert_eq!(view.cause.name.is_some(), setting || person, "{code}: {:?}", view.cause);
    if let Some(name) = &view.cause.name {
        assert!(view.cause.text.contains(name.as_str()), "{code}: {:?}", view.cause);
    }
    let lines: Vec<&str> = shown.lines().collect();
    let (last, before) = view.chain.split_last().expect("something is asked");
    let about = view.candidate.as_ref().and_then(|candidate| candidate.about(language));
    assert_eq!(lines.len(), view.chain.len() + 7 + usize::from(about.is_some()), "{shown}");
    assert!(about.is_none_or(|about| lines[1].contains(&about)), "{shown}");
    assert!(lines[0].contains(&view.reason.message) && !view.reason.message.is_empty(), "{shown}");
    let ends = (code != "update").then(|| code.to_owned());
    assert_eq!(last.ended, ends, "{shown}");
    assert!(before.iter().all(|asked| asked.ended.is_none()), "{shown}");
    let [.., because, lifts, todo] = lines[..] else { panic!("{shown}") };
    assert!(
        because.contains(&view.cause.text) && because.ends_with(&format!("[{code}]")),
        "{shown}"
    );
    assert!(lifts.contains(&view.lifts.text) && !view.lifts.text.is_empty(), "{shown}");
    assert!(todo.contains(&view.cure) && !view.cure.is_empty(), "{shown}");
    assert!(language == Language::Chinese || todo.contains(cure), "{code} lacks {cure:?}: {todo}");
}

#[test]
fn why_tells_what_is_wrong_with_labels() {
    let text = fs::read_to_string(stories().first().expect("a story")).unwrap();
    let mut blocks = text.trim_end().split("\n\n").map(|block| {
        block.lines().filter(|line| !line.starts_with(['=', '#'])).collect::<Vec<_>>()
    });
    let block = blocks.find(|lines| !lines.is_empty()).expect("a story");
    let assessment = Story::read(block[0], &block[1..]).assessed();
    let problems = vec!["docker-auto.mode=x: write auto\nor watch".to_owned()];
    for (language, heading) in
        [(Language::English, "problems with its settings:"), (Language::Chinese, "设置中的问题:")]
    {
        let quiet = WhyView::told(&assessment, Vec::new(), language);
        assert!(!show::why(&quiet, language).contains(heading));
        assert_eq!(serde_json::to_value(&quiet).unwrap().get("problems"), None);
        let told = Assessment { problems: problems.clone(), ..assessment.clone() };
        let view = WhyView::told(&told, Vec::new(), language);
        let shown = show::why(&view, language);
        let [.., empty, above, problem] = shown.lines().collect::<Vec<_>>()[..] else {
            panic!("{shown}")
        };
        assert_eq!((empty, above), ("", heading), "{shown}");
        assert!(problem.starts_with("  docker-auto.mode=x: write auto"), "{shown}");
        assert!(problem.ends_with("or watch"), "{shown}");
        assert_eq!(serde_json::to_value(&view).unwrap()["problems"], serde_json::json!(problems));
    }
}

#[test]
fn why_explains_every_reason() {
    let mut told = BTreeSet::new();
    for path in stories() {
        let text = fs::read_to_string(&path).unwrap();
        for block in text.trim_end().split("\n\n") {
            let given = block.lines().filter(|line| !line.starts_with(['=', '#']));
            let lines: Vec<&str> = given.collect();
            let Some((title, lines)) = lines.split_first() else { continue };
            let assessment = Story::read(title, lines).assessed();
            let unclear = unclear(assessment.clone());
            for assessment in [&assessment, &unclear] {
                told.insert(assessment.decision.code());
                for language in [Language::English, Language::Chinese] {
                    check(assessment, language);
                }
            }
        }
    }
    assert_eq!(told, codes(), "the stories in {STORIES} tell each reason");
}
