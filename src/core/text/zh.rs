//! Reasons in Chinese.

use crate::core::candidate::Candidate;
use crate::core::comparison::{LocalEvidence, Match};
use crate::core::compose::Foreign;
use crate::core::decision::{
    Asked, Cause, Decision, HoldReason, Lifts, Question, Role, SkipReason, UnknownReason,
};
use crate::core::duration;
use crate::core::ourselves::Obstacle;
use crate::core::policy::{LabelSelector, Origin, Unselected};
use crate::core::reference::ImageRef;
use crate::core::remote::{FailureCode, RemoteFailure};
use crate::core::verdict::{COMMAND_LINE, Paused, Said, Word};

use super::{Telling, is_consent, moment, named, short};

const BY_NAME: &str = "用 docker-auto update 按名称更新它";
const FORCE: &str = "标签 docker-auto.force=true";

pub(super) fn decision(decision: &Decision) -> Telling {
    match decision {
        Decision::UpToDate { reference, how } => Telling::plain(up_to_date(reference, how)),
        Decision::Update { candidate: newer } => Telling::plain(candidate(newer)),
        Decision::Hold { candidate: newer, reason, until } => {
            let note = until.map(|until| format!("到期时间 {}", moment(until)));
            let note = note.unwrap_or_default();
            Telling { note, ..hold(reason).of_candidate(&candidate(newer)) }
        }
        Decision::Skip { reason } => skip(reason),
        Decision::Unknown { reason } => unknown(reason),
    }
}

fn candidate(candidate: &Candidate) -> String {
    let (name, short, remote) = named(candidate);
    let Some((version, mirror)) = remote else {
        return format!("{name} 现在在本机指向另一个镜像（{short}）");
    };
    let version = if version.is_empty() { String::new() } else { format!("，版本 {version}") };
    let mirror = mirror.map(|mirror| format!("，由其镜像站 {mirror} 告知")).unwrap_or_default();
    format!("{name} 在其仓库中已移至 {short}{version}{mirror}")
}

fn origin(origin: &Origin) -> String {
    match origin {
        Origin::Default => "默认设置".to_owned(),
        Origin::Variable(name) => format!("环境变量 {name}"),
        Origin::Rule { name } => format!("规则 {name}"),
        Origin::Label { name, value } => format!("标签 {name}={value}"),
        Origin::Command => "本次命令".to_owned(),
    }
}

pub(super) fn hold(reason: &HoldReason) -> Telling {
    match reason {
        HoldReason::UpdatesNotEnabled(from) => Telling::new(
            format!("未启用更新（{}）", origin(from)),
            format!(
                "设置 DOCKER_AUTO_UPDATE_ENABLED=true，给容器加标签 docker-auto.mode=auto，或{BY_NAME}"
            ),
        ),
        HoldReason::WatchMode(from) => {
            Telling::new(format!("{} 规定只观察不更新", origin(from)), BY_NAME)
        }
        HoldReason::AwaitingApproval(from) => Telling::new(
            format!("{} 要求由人批准", origin(from)),
            format!("用 docker-auto approve 批准，或{BY_NAME}"),
        ),
        HoldReason::ComposeHeldBack { compose, origin: from } => Telling::new(
            format!("它属于 compose 服务 {compose}，而 {} 不允许更新这类容器", origin(from)),
            format!(
                "设置 DOCKER_AUTO_UPDATE_ALLOW_COMPOSE=true，给容器加标签 docker-auto.mode=auto，\
                 或{BY_NAME}"
            ),
        ),
        HoldReason::RejectedBefore { at, why } => Telling::new(
            format!("该镜像曾于 {} 在此失败（{why}），不再尝试", moment(*at)),
            "等待另一个镜像，或用 docker-auto update --force 再试",
        ),
        HoldReason::LabelUnclear(from) => Telling::new(
            format!("{} 无法理解，可能本意是禁止更新", origin(from)),
            format!("改正它，或{BY_NAME}"),
        ),
        HoldReason::WaitingForSchedule { .. }
        | HoldReason::ScheduleNeverAllowed { .. }
        | HoldReason::OutsideWindow { .. }
        | HoldReason::Blackout { .. }
        | HoldReason::CoolingDown { .. } => hold_by_time(reason),
        HoldReason::Irreplaceable(obstacle) => irreplaceable(*obstacle),
        HoldReason::Skipped(_)
        | HoldReason::RejectedByPerson(_)
        | HoldReason::Snoozed { .. }
        | HoldReason::Paused { .. } => hold_by_person(reason),
    }
}

fn hold_by_time(reason: &HoldReason) -> Telling {
    let sooner = format!("等待，或{BY_NAME}");
    match reason {
        HoldReason::WaitingForSchedule { schedule, origin: from } => {
            Telling::new(format!("{} 让更新等到 {schedule:?}", origin(from)), sooner)
        }
        HoldReason::ScheduleNeverAllowed { schedule, origin: from } => Telling::new(
            format!(
                "{} 让更新等到 {schedule:?}，而接下来的时间没有一个在其窗口之内且不在禁更日期",
                origin(from)
            ),
            format!("更改其中一项设置，或{BY_NAME}"),
        ),
        HoldReason::OutsideWindow { windows, origin: from } => {
            Telling::new(format!("{} 只允许更新在 {windows:?} 开始", origin(from)), sooner)
        }
        HoldReason::Blackout { dates, origin: from } => {
            Telling::new(format!("{} 不允许更新在 {dates:?} 开始", origin(from)), sooner)
        }
        HoldReason::CoolingDown { since, cooldown, origin: from } => Telling::new(
            format!(
                "{} 要求镜像已有 {}，而该镜像自 {} 起才存在",
                origin(from),
                duration::print(*cooldown),
                moment(*since)
            ),
            "等待，或用 docker-auto update --force 采用它",
        ),
        _ => Telling::default(),
    }
}

fn hold_by_person(reason: &HoldReason) -> Telling {
    let other = "等待另一个镜像，或用 docker-auto approve 放行";
    match reason {
        HoldReason::Skipped(said) => Telling::new(format!("该镜像已被{}跳过", person(said)), other),
        HoldReason::RejectedByPerson(said) => {
            Telling::new(format!("该镜像已被{}拒绝", person(said)), other)
        }
        HoldReason::Snoozed { said, .. } => Telling::new(
            format!("该镜像已被{}推迟", person(said)),
            format!("用 docker-auto approve 放行，或{BY_NAME}"),
        ),
        HoldReason::Paused { paused: what, said } => {
            let resume = match what {
                Paused::Everything => "--all".to_owned(),
                Paused::Group(name) => format!("--group {name}"),
                Paused::Container(name) => name.to_string(),
            };
            Telling::new(
                format!("{}已被{}暂停", paused(what), person(said)),
                format!("docker-auto resume {resume}，或加 --force 更新一次"),
            )
        }
        _ => Telling::default(),
    }
}

fn irreplaceable(obstacle: Obstacle) -> Telling {
    let (what, cure) = match obstacle {
        Obstacle::NoServer => (
            "docker-auto 就运行在其中，且只有作为服务器时才能替换自己",
            "请正在服务的那个来更新，或手动拉取新镜像并重建它",
        ),
        Obstacle::AutoRemove => {
            ("docker-auto 就运行在其中，一停止就会消失（--rm）", "不要用 --rm 运行它")
        }
        Obstacle::Data => (
            "docker-auto 就运行在其中，数据存放在容器自身里，替换它的助手看不到",
            "把 DOCKER_AUTO_DATA 放到卷上",
        ),
        Obstacle::Access => (
            "docker-auto 就运行在其中，访问 Docker 所用的文件不在任何卷或绑定里，替换它的助手无法访问",
            "挂载套接字，或挂载证书所在的文件夹",
        ),
        Obstacle::Loopback => (
            "docker-auto 就运行在其中，经由自身容器的端口访问 Docker，助手在那里找不到引擎",
            "让 DOCKER_HOST 指向另一个容器，或挂载套接字",
        ),
        Obstacle::Unclear => (
            "docker-auto 可能运行在其中，也可能在共享其网络的另一个容器中，无法分辨",
            "给 docker-auto 自己的网络，或手动拉取新镜像并重建它",
        ),
    };
    Telling::new(what, cure)
}

pub(super) fn skip(reason: &SkipReason) -> Telling {
    match reason {
        SkipReason::NameReserved => Telling::new(
            "它的名称是 docker-auto 给自身操作所用容器的名称",
            "若是您自己的容器，请换一个名称",
        ),
        SkipReason::Foreign(foreign) => Telling::plain(match foreign {
            Foreign::SwarmTask => "它是 swarm 服务的任务，由 swarm 自行替换",
            Foreign::Kubernetes => "它是 Kubernetes pod 的容器，由 Kubernetes 管理",
            Foreign::BuildxBuilder => "它是 docker buildx 的构建器，由 buildx 管理",
            Foreign::Testcontainers => "它是测试运行的容器，由测试移除",
        }),
        SkipReason::OneOff(compose) => {
            Telling::plain(format!("它由 docker compose run 为 {compose} 的一条命令而创建"))
        }
        SkipReason::Infrastructure(role) => infrastructure(*role),
        SkipReason::NotSelected(why) => not_selected(why),
        SkipReason::OtherScope { own, scope, origin: from } => {
            let own = match own {
                Some(own) => format!("{} 让它归另一个实例管", origin(own)),
                None => "它没有标签 docker-auto.scope".to_owned(),
            };
            let what = format!("{own}，而 {} 让本实例只查看 {scope}", origin(from));
            Telling::new(what, "更改其中之一")
        }
        SkipReason::ModeOff(from) => Telling::new(format!("{} 将其关闭", origin(from)), BY_NAME),
        SkipReason::Stopped(from) => Telling::new(
            format!("它未在运行，而 {} 不包括这类容器", origin(from)),
            "启动它，或设置 DOCKER_AUTO_DOCKER_INCLUDE_STOPPED=true",
        ),
        SkipReason::Paused => Telling::new("它处于冻结状态", "docker unpause 之后即可更新"),
        SkipReason::BeingRemoved => Telling::plain("它正在被移除，或其移除中断了"),
        SkipReason::PinnedDigest(_)
        | SkipReason::DigestWithoutTag(_)
        | SkipReason::PinnedSemver { .. }
        | SkipReason::PinnedImageId(_)
        | SkipReason::TagNotFloating { .. }
        | SkipReason::BuiltLocally { .. } => skip_for_image(reason),
    }
}

fn skip_for_image(reason: &SkipReason) -> Telling {
    match reason {
        SkipReason::PinnedDigest(reference) => Telling::new(
            format!("它的引用 {} 固定在一个摘要上", short(reference)),
            format!("{FORCE} 会把它移到其标签的最新摘要"),
        ),
        SkipReason::DigestWithoutTag(reference) => Telling::new(
            format!("它的引用 {} 只有摘要没有标签，无从得知更新的镜像", short(reference)),
            "用带标签的引用重建它",
        ),
        SkipReason::PinnedSemver { tag, origin: from } => Telling::new(
            format!("它的标签 {tag} 代表单一版本，而 {} 不更新这类容器", origin(from)),
            format!("使用会移动的标签，或{FORCE}"),
        ),
        SkipReason::PinnedImageId(Some(name)) => Telling::new(
            "它由镜像 ID 创建，因而被固定",
            format!("用 {} 重建它，或使用{FORCE}", name.familiar()),
        ),
        SkipReason::PinnedImageId(None) => {
            Telling::new("它由镜像 ID 创建，从中得不出引用", "用引用重建它")
        }
        SkipReason::TagNotFloating { tag, origin: from } => Telling::new(
            format!("{} 没有列出它的标签 {tag}", origin(from)),
            format!("把它加进去，或使用{FORCE}"),
        ),
        SkipReason::BuiltLocally { reference, evidence, origin: from } => Telling::new(
            format!("{}；{} 不更新这类镜像", built_locally(reference, evidence), origin(from)),
            "DOCKER_AUTO_POLICY_SKIP_LOCAL_BUILD=false 会跟随重新构建，对单个容器则用标签 \
             docker-auto.skip-local-build=false",
        ),
        _ => Telling::default(),
    }
}

fn infrastructure(role: Role) -> Telling {
    match role {
        Role::DockerAccess => {
            Telling::new("docker-auto 经由它访问 Docker", "手动更新它，或把套接字交给 docker-auto")
        }
        Role::NetworkParent | Role::Ourselves(_) | Role::Ordinary => {
            Telling::new("docker-auto 处在它的网络中", "手动更新它，然后重建 docker-auto")
        }
    }
}

fn not_selected(why: &Unselected) -> Telling {
    const CURE: &str = "标签 docker-auto.enable=true 会把它纳入";
    match why {
        Unselected::Label(from @ Origin::Rule { .. }) => {
            Telling::new(format!("{} 将其排除", origin(from)), format!("修改该规则，或{CURE}"))
        }
        Unselected::Label(from) => {
            Telling::new(format!("{} 将其排除", origin(from)), "去掉该标签后重建它")
        }
        Unselected::Has { selector, origin: from } => {
            Telling::new(format!("{} 排除带有标签 {selector} 的容器", origin(from)), CURE)
        }
        Unselected::Named { pattern, origin: from } => {
            Telling::new(format!("{} 排除名称 {pattern}", origin(from)), CURE)
        }
        Unselected::HasNone { wanted, origin: from } => {
            let wanted: Vec<String> = wanted.iter().map(LabelSelector::to_string).collect();
            let what = format!("{} 要求具有标签之一：{}", origin(from), wanted.join("、"));
            Telling::new(what, CURE)
        }
    }
}

fn built_locally(reference: &ImageRef, evidence: &LocalEvidence) -> String {
    let name = reference.familiar();
    match evidence {
        LocalEvidence::NoDigest => {
            format!("它的镜像在本机构建、载入或改过标签，没有 {} 的摘要", reference.name())
        }
        LocalEvidence::Built => format!("引擎说它的镜像 {name} 是在本机构建的"),
        LocalEvidence::UnknownToHub(message) => {
            format!("{name} 不是 Docker Hub 的镜像（{message}），因此是本机构建的或在那里是私有的")
        }
    }
}

fn unknown(reason: &UnknownReason) -> Telling {
    match reason {
        UnknownReason::Registry(RemoteFailure { code, message, until }) => {
            let note = until.map(|until| format!("不早于 {}", moment(until)));
            Telling { note: note.unwrap_or_default(), ..Telling::new(message, cure(*code)) }
        }
        UnknownReason::Engine(error) => Telling::new(error, "查看引擎的日志；下次检查时会再次询问"),
        UnknownReason::BadReference(error) => Telling::new(error, "用引用重建它"),
        UnknownReason::NotAsked(reference) => {
            Telling::new(format!("尚未向仓库询问 {}", reference.familiar()), "检查它")
        }
        UnknownReason::Unresolved { reference, digest } => Telling::new(
            format!(
                "{} 在其仓库中有另一个摘要（{}），但未读取其清单",
                reference.familiar(),
                digest.short()
            ),
            "检查它",
        ),
    }
}

fn cure(code: FailureCode) -> &'static str {
    match code {
        FailureCode::Unauthorized => {
            "在 DOCKER_AUTO_REGISTRY_AUTH_<n>_… 中给出凭据，或用 docker login 登录"
        }
        FailureCode::Forbidden => "允许该账号读取此仓库，或换一个账号",
        FailureCode::NotFound => "检查名称和标签；私有镜像需要凭据",
        FailureCode::RateLimited => "稍后会再次询问；有凭据时限额更高",
        FailureCode::QuotaKept => {
            "有更多额度时会再次询问；DOCKER_AUTO_REGISTRY_QUOTA_FLOOR=0 会用掉最后的额度，有凭据时额度更多"
        }
        FailureCode::Unavailable => "下次检查时会再次询问",
        FailureCode::Unreachable => "检查 docker-auto 的网络、DNS 和代理设置",
        FailureCode::Timeout => "检查到它的连接；下次检查时会再次询问",
        FailureCode::BadAnswer => "检查该主机是否为镜像仓库，且没有代理代为应答",
        FailureCode::NoPlatform => "容器保持在正在运行的镜像上",
        FailureCode::Credentials => {
            "在 DOCKER_AUTO_REGISTRY_AUTH_<n>_… 中给出凭据，或修复 config.json"
        }
        FailureCode::MirrorStale => "等待镜像站更新，或更正引擎的 registry-mirrors",
    }
}

fn up_to_date(reference: &ImageRef, how: &Match) -> String {
    let name = reference.familiar();
    match how {
        Match::Digest(digest) => format!("{name} 在其仓库中是 {}，正在运行", digest.short()),
        Match::Content(digest) => {
            format!("{name} 在其仓库中是 {}，内容与正在运行的相同", digest.short())
        }
        Match::LocalName => format!("{name} 仍指向正在运行的本机镜像"),
    }
}

fn person(said: &Said) -> String {
    let by = if said.by == COMMAND_LINE { "命令行" } else { said.by.as_str() };
    format!("{by}于 {} ", moment(said.at))
}

pub(super) fn paused(paused: &Paused) -> String {
    match paused {
        Paused::Everything => "全部更新".to_owned(),
        Paused::Group(name) => format!("组 {name} "),
        Paused::Container(name) => format!("容器 {name} "),
    }
}

pub(super) fn word(word: &Word) -> String {
    match word {
        Word::Approved => "已批准；将在下次检查或更新计划时运行".to_owned(),
        Word::Skipped => "已跳过；另一个镜像另行决定".to_owned(),
        Word::Rejected => "已拒绝，如同更新失败；另一个镜像另行决定".to_owned(),
        Word::Snoozed { until } => format!("已推迟到 {}", moment(*until)),
    }
}

pub(super) fn cause(cause: &Cause<'_>) -> String {
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

pub(super) fn lifts(lifts: Lifts) -> String {
    match lifts {
        Lifts::At(at) => format!("于 {}", moment(at)),
        Lifts::NextCheck => "下次检查时，若情况好转".to_owned(),
        Lifts::OtherImage => "有另一个镜像时".to_owned(),
        Lifts::ByPerson => "由人决定时".to_owned(),
        Lifts::WhenChanged => "更改容器或该设置时".to_owned(),
        Lifts::Nothing => "没有什么阻止它".to_owned(),
    }
}

pub(super) fn question(question: Question) -> &'static str {
    match question {
        Question::Name => "名称是否属于它自己？",
        Question::Manager => "是否没有其他管理者？",
        Question::Role => "docker-auto 能否暂时离开它？",
        Question::Selection => "标签和列表是否选中它？",
        Question::Looking => "是否查看它？",
        Question::State => "状态是否允许更新？",
        Question::Reference => "它跟随哪个引用？",
        Question::Tag => "它的标签是否会移动？",
        Question::Engine => "引擎能否说明运行的是什么？",
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
        Question::Schedule => "是否到了计划的时间？",
        Question::Age => "该镜像是否足够旧？",
        Question::Calendar => "窗口是否打开，且不在禁更日期？",
        Question::Scope => "是否归本实例管？",
    }
}

pub(super) fn answer(asked: &Asked) -> String {
    let word = match (asked.ended, &asked.found) {
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
