//! The lines around what people decided and what is watched, in the languages of people.

use crate::core::backup;
use crate::core::decision::{Decision, UnknownReason};
use crate::core::id::Timestamp;
use crate::core::remote::{FailureCode, RemoteFailure};
use crate::core::text::{Language, Telling};
use crate::core::verdict::{COMMAND_LINE, Paused};

/// Tells that something is paused: what it is in words, by whom and since when.
pub fn of_pause(paused: &str, (by, at): (&str, &str), language: Language) -> String {
    match language {
        Language::English => format!("paused: {paused}, by {by} at {at}"),
        Language::Chinese => {
            let by = if by == COMMAND_LINE { "命令行" } else { by };
            format!("已暂停：{paused}，由 {by} 于 {at}")
        }
    }
}

/// Tells that nothing is paused.
pub fn of_no_pause(language: Language) -> &'static str {
    match language {
        Language::English => "nothing is paused",
        Language::Chinese => "没有暂停任何更新",
    }
}

/// Tells that a pause has ended.
pub fn of_resumed(paused: &Paused, language: Language) -> String {
    match language {
        Language::English => {
            let (of, name) = paused.parts();
            format!("resumed: {of} {name}").trim_end().to_owned()
        }
        Language::Chinese => format!("已恢复：{}", super::of_paused(paused, language).trim()),
    }
}

/// Tells what was said of a container's images and holds no longer, by the codes of those words.
pub fn of_forgotten(name: &str, words: &[String], language: Language) -> String {
    match language {
        Language::English => format!("{name}: taken back: {}", words.join(", ")),
        Language::Chinese => {
            let words: Vec<&str> = words.iter().map(|word| chinese(word)).collect();
            format!("{name}：已收回：{}", words.join("、"))
        }
    }
}

/// Returns a person's word by its code.
fn chinese(code: &str) -> &str {
    match code {
        "approved" => "批准",
        "skipped" => "跳过",
        "rejected" => "拒绝",
        "snoozed" => "推迟",
        other => other,
    }
}

/// Tells why a watched image, which no container needs to run, has no answer.
pub fn of_watched(failure: &RemoteFailure, language: Language) -> Telling {
    let reason = UnknownReason::Registry(failure.clone());
    let told = super::of(&Decision::Unknown { reason }, language);
    let cure = match (failure.code, language) {
        (FailureCode::NoPlatform, Language::English) => {
            "watch a tag with an image for this platform"
        }
        (FailureCode::NoPlatform, Language::Chinese) => "改为关注有适合本平台镜像的标签",
        (FailureCode::NotAnImage, Language::English) => "watch a tag that names an image",
        (FailureCode::NotAnImage, Language::Chinese) => "改为关注指向镜像的标签",
        _ => return told,
    };
    Telling { cure: cure.to_owned(), ..told }
}

/// Tells since when a tag names its image.
pub fn of_since(at: &str, language: Language) -> String {
    match language {
        Language::English => format!("since {at}"),
        Language::Chinese => format!("自 {at}"),
    }
}

/// Tells when a new image was published, how large it is and what it is for, as far as that is known.
pub fn of_image(
    (published, size, platform): (Option<Timestamp>, Option<u64>, Option<&str>),
    language: Language,
) -> Option<String> {
    let day = published.map(|at| at.format("%Y-%m-%d").to_string());
    let (head, day, comma) = match language {
        Language::English => ("new image: ", day.map(|day| format!("published {day}")), ", "),
        Language::Chinese => ("新镜像：", day.map(|day| format!("发布于 {day}")), "，"),
    };
    let parts = [day, size.map(backup::shown), platform.map(ToOwned::to_owned)];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    (!parts.is_empty()).then(|| format!("{head}{}", parts.join(comma)))
}

/// Tells that no images are watched.
pub fn of_nothing_watched(language: Language) -> &'static str {
    match language {
        Language::English => "no images are watched; list them in DOCKER_AUTO_WATCH_IMAGES",
        Language::Chinese => "没有关注任何镜像；请在 DOCKER_AUTO_WATCH_IMAGES 中列出",
    }
}

#[cfg(test)]
mod tests {
    use crate::core::id::ContainerName;
    use crate::core::verdict::Word;

    use super::*;

    #[test]
    fn what_people_decided_is_told_in_both_languages() {
        let container = Paused::Container(ContainerName::new("web"));
        let told = |language| {
            [
                of_pause("x", (COMMAND_LINE, "now"), language),
                of_no_pause(language).to_owned(),
                of_resumed(&Paused::Everything, language),
                of_resumed(&Paused::Group("media".into()), language),
                of_resumed(&container, language),
                of_forgotten("web", &["approved".into(), "snoozed".into()], language),
                of_since("now", language),
                of_nothing_watched(language).to_owned(),
            ]
        };
        let english = [
            "paused: x, by the command line at now",
            "nothing is paused",
            "resumed: everything",
            "resumed: group media",
            "resumed: container web",
            "web: taken back: approved, snoozed",
            "since now",
            "no images are watched; list them in DOCKER_AUTO_WATCH_IMAGES",
        ];
        let chinese = [
            "已暂停：x，由 命令行 于 now",
            "没有暂停任何更新",
            "已恢复：全部更新",
            "已恢复：组 media",
            "已恢复：容器 web",
            "web：已收回：批准、推迟",
            "自 now",
            "没有关注任何镜像；请在 DOCKER_AUTO_WATCH_IMAGES 中列出",
        ];
        assert_eq!(told(Language::English), english);
        assert_eq!(told(Language::Chinese), chinese);
        let until = Timestamp::default();
        for word in [Word::Approved, Word::Skipped, Word::Rejected, Word::Snoozed { until }] {
            assert_ne!(super::chinese(word.code()), word.code(), "it has a word of its own");
        }
    }

    #[test]
    fn what_is_known_of_a_new_image_is_told() {
        let day = "2026-01-01T23:59:59Z".parse().ok();
        let platform = Some("linux/amd64");
        for (known, english, chinese) in [
            (
                (day, Some(54_000_000), platform),
                "new image: published 2026-01-01, 54.0 MB, linux/amd64",
                "新镜像：发布于 2026-01-01，54.0 MB，linux/amd64",
            ),
            ((None, None, platform), "new image: linux/amd64", "新镜像：linux/amd64"),
            ((day, None, None), "new image: published 2026-01-01", "新镜像：发布于 2026-01-01"),
        ] {
            assert_eq!(of_image(known, Language::English).as_deref(), Some(english));
            assert_eq!(of_image(known, Language::Chinese).as_deref(), Some(chinese));
        }
        assert_eq!(of_image((None, None, None), Language::English), None);
    }
}
