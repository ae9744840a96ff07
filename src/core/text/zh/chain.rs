//! What people decided, causes and questions, in Chinese.

use crate::core::decision::{Asked, Cause, Lifts, Question};
use crate::core::verdict::{COMMAND_LINE, Paused, Said, Word};
use crate::core::version::{Passed, PassedOver};

use super::origin;
use crate::core::text::{is_consent, moment};

pub(super) fn person(said: &Said) -> String {
    let by = if said.by == COMMAND_LINE { "命令行" } else { said.by.as_str() };
    format!("{by}于 {} ", moment(said.at))
}

pub(in crate::core::text) fn paused(paused: &Paused) -> String {
    match paused {
        Paused::Everything => "全部更新".to_owned(),
        Paused::Group(name) => format!("组 {name} "),
        Paused::Container(name) => format!("容器 {name} "),
    }
}

pub(in crate::core::text) fn word(word: &Word) -> String {
    match word {
        Word::Approved => "已批准；将在下次检查或更新计划时运行".to_owned(),
        Word::Skipped => "已跳过；另一个镜像另行决定".to_owned(),
        Word::Rejected => "已拒绝，如同更新失败；另一个镜像另行决定".to_owned(),
        Word::Snoozed { until } => format!("已推迟到 {}", moment(*until)),
    }
}

pub(in crate::core::text) fn cause(cause: &Cause<'_>) -> String {
    match cause {
        Cause::Setting(from) => origin(from),
        Cause::Registry => "仓库的答复".to_owned(),
        Cause::Engine => "引擎的答复".to_owned(),
        Cause::Person(said) => format!("人的决定（{}）", person(said).trim_end()),
        Cause::Failure(at) => format!("{} 失败的更新", moment(*at)),
        Cause::Container => "容器本身".to_owned(),
        Cause::Ourselves => "docker-auto 自身需要它".to_owned(),
    }
}

pub(in crate::core::text) fn lifts(lifts: Lifts) -> String {
    match lifts {
        Lifts::At(at) => format!("于 {}", moment(at)),
        Lifts::NextCheck => "下次检查时，若情况好转".to_owned(),
        Lifts::OtherImage => "有另一个镜像时".to_owned(),
        Lifts::ByPerson => "由人决定时".to_owned(),
        Lifts::WhenChanged => "更改容器或该设置时".to_owned(),
        Lifts::Nothing => "没有什么阻止它".to_owned(),
    }
}

pub(in crate::core::text) fn question(question: Question) -> &'static str {
    match question {
        Question::Name => "名称是否属于它自己？",
        Question::Manager => "是否没有其他管理者？",
        Question::Role => "docker-auto 能否暂时离开它？",
        Question::Scope => "是否归本实例管理？",
        Question::Selection => "标签和列表是否选中它？",
        Question::Looking => "是否查看它？",
        Question::State => "状态是否允许更新？",
        Question::Reference => "它跟随哪个引用？",
        Question::Tag => "它的标签是否会移动？",
        Question::Engine => "引擎能否说明运行的是什么？",
        Question::Versions => "有哪个较新的版本？",
        Question::Image => "是否有另一个镜像？",
        Question::Failure => "该镜像是否未曾在此失败？",
        Question::Refusal => "该镜像是否未被拒绝？",
        Question::Ourselves => "docker-auto 能否替换自己？",
        Question::Pause => "是否没有暂停？",
        Question::Person => "是否有人点名更新？",
        Question::Snooze => "该镜像是否未被推迟？",
        Question::Approval => "是否有人批准该镜像？",
        Question::Labels => "标签能否理解？",
        Question::Mode => "模式是否允许更新？",
        Question::Compose => "是否允许更新 compose 的容器？",
        Question::Updates => "是否启用更新？",
        Question::Schedule => "是否到了计划时间？",
        Question::Cooldown => "该镜像是否足够久？",
        Question::Blackout => "是否不在禁更日期？",
        Question::Window => "是否在时间窗口内？",
    }
}

pub(in crate::core::text) fn passed_over(passed: &Passed) -> String {
    let tag = &passed.tag;
    match passed.why {
        PassedOver::NoPlatform => format!("{tag} 没有适合其平台的镜像"),
        PassedOver::NotAnImage => format!("{tag} 不是容器镜像"),
        PassedOver::CoolingDown { until } => format!("{tag} 冷却至 {}", moment(until)),
        PassedOver::Snoozed { until } => format!("{tag} 已推迟到 {}", moment(until)),
        PassedOver::Failed => format!("{tag} 曾在此失败"),
        PassedOver::Refused => format!("{tag} 已被拒绝"),
    }
}

fn version(asked: &Asked) -> String {
    let mut parts: Vec<_> = asked.passed.iter().map(passed_over).collect();
    match &asked.found {
        Some(found) if parts.is_empty() => parts.push(found.clone()),
        Some(found) => parts.push(format!("采用 {found}")),
        None => parts.push("无".to_owned()),
    }
    parts.join("；")
}

pub(in crate::core::text) fn answer(asked: &Asked) -> String {
    let word = match (asked.ended, &asked.found) {
        (None, _) if asked.question == Question::Versions => version(asked),
        (Some(code), _) => format!("否：{code}"),
        (None, Some(found)) if is_consent(asked.question) => format!("是：{found}"),
        (None, Some(found)) => found.clone(),
        (None, None) => "是".to_owned(),
    };
    match &asked.origin {
        Some(from) => format!("{word}（{}）", origin(from)),
        None => word,
    }
}
