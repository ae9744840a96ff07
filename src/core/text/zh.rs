//! Reasons in Chinese.

use crate::core::candidate::Candidate;
use crate::core::comparison::{LocalEvidence, Match};
use crate::core::compose::Foreign;
use crate::core::decision::{Decision, Role, SkipReason, UnknownReason};
use crate::core::policy::{LabelSelector, Origin, Scope, Unselected};
use crate::core::reference::ImageRef;
use crate::core::remote::{FailureCode, RemoteFailure};
use crate::core::version::Versions;

use super::{SHOWN, Telling, moment, moved, named, short, told};

mod chain;
mod hold;

pub(super) use chain::{answer, cause, lifts, passed_over, paused, question, word};
pub(super) use hold::hold;

const BY_NAME: &str = "用 docker-auto update 按名称更新它";
const FORCE: &str = "标签 docker-auto.force=true";

pub(super) fn decision(decision: &Decision) -> Telling {
    match decision {
        Decision::UpToDate { reference, how, versions } => {
            Telling::plain(up_to_date(reference, how, versions) + &around(versions))
        }
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
    let around = around(&candidate.versions);
    let Some((version, mirror)) = remote else {
        return format!("{name} 现在在本机指向另一个镜像（{short}）{around}");
    };
    let what = match (moved(candidate), told(candidate)) {
        (Some((name, old, new)), _) => format!("{name}{old} → {new}（{short}）"),
        (None, Some((old, new, tag))) => {
            format!("{name}（{old}）→ {tag}（{new}）：在其仓库中已移至 {short}")
        }
        (None, None) if version.is_empty() => format!("{name} 在其仓库中已移至 {short}"),
        (None, None) => format!("{name} 在其仓库中已移至 {short}，版本 {version}"),
    };
    let mirror = mirror.map(|mirror| format!("，由其镜像站 {mirror} 告知")).unwrap_or_default();
    format!("{what}{mirror}{around}")
}

fn around(versions: &Versions) -> String {
    let mut parts: Vec<String> = versions.passed.iter().take(SHOWN).map(passed_over).collect();
    if versions.passed.len() > SHOWN {
        parts.push(format!("另有 {} 个较新版本也是如此", versions.passed.len() - SHOWN));
    }
    if versions.unseen > 0 {
        parts.push(format!("还有 {} 个较旧的版本未查看", versions.unseen));
    }
    parts.extend(versions.beyond.as_ref().map(|beyond| format!("另有 {beyond}")));
    parts.iter().flat_map(|part| ["；", part]).collect()
}

fn origin(origin: &Origin) -> String {
    match origin {
        Origin::Default => "默认设置".to_owned(),
        Origin::Variable(name) => format!("环境变量 {name}"),
        Origin::File { key, file } => format!("{file} 中的配置项 {key}"),
        Origin::Rule { name } => format!("规则 {name}"),
        Origin::Label { name, value } => format!("标签 {name}={value}"),
        Origin::Command => "本次命令".to_owned(),
    }
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
            let own = own.as_ref().map_or_else(
                || "它没有标签 docker-auto.scope".to_owned(),
                |own| format!("{} 使它归另一个实例管理", origin(own)),
            );
            let scope = match scope {
                Scope::All => "全部容器".to_owned(),
                Scope::None => "没有范围的容器".to_owned(),
                Scope::Named(name) => format!("范围 {name} 的容器"),
            };
            let what = format!("{own}，而 {} 让本实例只查看{scope}", origin(from));
            Telling::new(what, "更改其中之一")
        }
        SkipReason::ModeOff(from) => Telling::new(format!("{} 将其关闭", origin(from)), BY_NAME),
        SkipReason::Stopped(from) => Telling::new(
            format!("它未在运行，而 {} 不包括这类容器", origin(from)),
            "启动它，或设置 DOCKER_AUTO_DOCKER_INCLUDE_STOPPED=true",
        ),
        SkipReason::Paused => Telling::new("它处于冻结状态", "docker unpause 之后即可更新"),
        SkipReason::BeingRemoved => Telling::plain("它正在被移除，或其移除中断了"),
        SkipReason::PinnedDigest { .. }
        | SkipReason::DigestWithoutTag(_)
        | SkipReason::PinnedSemver { .. }
        | SkipReason::PinnedImageId(_)
        | SkipReason::TagNotFloating { .. }
        | SkipReason::BuiltLocally { .. } => skip_for_image(reason),
    }
}

fn skip_for_image(reason: &SkipReason) -> Telling {
    match reason {
        SkipReason::PinnedDigest { reference, origin: from } => Telling::new(
            format!(
                "它的引用 {} 固定在一个摘要上，而 {} 不更新这类容器",
                short(reference),
                origin(from)
            ),
            "标签 docker-auto.skip-pinned-digest=false 会把它移到其标签的最新摘要",
        ),
        SkipReason::DigestWithoutTag(reference) => Telling::new(
            format!("它的引用 {} 只有摘要没有标签，无从得知更新的镜像", short(reference)),
            "用带标签的引用重建它",
        ),
        SkipReason::PinnedSemver { tag, origin: from } => Telling::new(
            format!("它的标签 {tag} 代表单一版本，而 {} 不更新这类容器", origin(from)),
            format!("使用会移动的标签、标签 docker-auto.track，或{FORCE}"),
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
            let what = format!("{}（{message}）", failure(*code));
            Telling { note: note.unwrap_or_default(), ..Telling::new(what, cure(*code)) }
        }
        UnknownReason::Engine(error) => Telling::new(
            format!("引擎没有给出所需的信息（{error}）"),
            "查看引擎的日志；下次检查时会再次询问",
        ),
        UnknownReason::BadReference(error) => {
            Telling::new(format!("它的镜像引用无法读取（{error}）"), "用引用重建它")
        }
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
        UnknownReason::NotAllLookedAt { reference, looked_at, unseen } => Telling::new(
            format!(
                "{} 最新的 {looked_at} 个版本都不能采用，另有 {unseen} 个未查看",
                reference.familiar()
            ),
            "用标签 docker-auto.tag.include 或 docker-auto.tag.exclude 排除不相关的版本",
        ),
    }
}

/// The registry's own words stand behind it, in whatever language they are.
fn failure(code: FailureCode) -> &'static str {
    match code {
        FailureCode::Unauthorized => "仓库要求登录，或不接受所给的凭据",
        FailureCode::Forbidden => "该账号无权读取此仓库",
        FailureCode::NotFound => "仓库中没有该镜像或标签",
        FailureCode::RateLimited => "请求过多，仓库暂时拒绝回答",
        FailureCode::QuotaKept => "仓库剩余的拉取额度留给人使用",
        FailureCode::Unavailable => "仓库暂时不可用",
        FailureCode::Unreachable => "无法连接到仓库",
        FailureCode::Timeout => "仓库没有及时回答",
        FailureCode::BadAnswer => "仓库的回答无法理解",
        FailureCode::NoPlatform => "没有适合其平台的镜像",
        FailureCode::NotAnImage => "该标签指向的不是可运行的镜像",
        FailureCode::Credentials => "无法取得此仓库的凭据",
        FailureCode::MirrorStale => "镜像站的内容已过时",
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
        FailureCode::Unavailable => "下次检查时会再次询问",
        FailureCode::Unreachable => "检查 docker-auto 的网络、DNS 和代理设置",
        FailureCode::Timeout => "检查到它的连接；下次检查时会再次询问",
        FailureCode::BadAnswer => "检查该主机是否为镜像仓库，且没有代理代为应答",
        FailureCode::NoPlatform => "容器保持在正在运行的镜像上",
        FailureCode::NotAnImage => "为容器换一个指向镜像的标签；容器保持在正在运行的镜像上",
        FailureCode::Credentials => {
            "在 DOCKER_AUTO_REGISTRY_AUTH_<n>_… 中给出凭据，或修复 config.json"
        }
        FailureCode::QuotaKept => {
            "有更多额度时会再次询问；DOCKER_AUTO_REGISTRY_QUOTA_FLOOR=0 会用完最后的额度，有凭据时额度更多"
        }
        FailureCode::MirrorStale => "等待镜像站更新，或更正引擎的 registry-mirrors",
    }
}

fn up_to_date(reference: &ImageRef, how: &Match, versions: &Versions) -> String {
    let version = versions.running.as_ref().filter(|version| reference.tag() != Some(version));
    let version = version.map(|version| format!("（{version}）")).unwrap_or_default();
    let name = format!("{}{version}", reference.familiar());
    match how {
        Match::Digest(digest) => format!("{name} 在其仓库中是 {}，正在运行", digest.short()),
        Match::Content(digest) => {
            format!("{name} 在其仓库中是 {}，内容与正在运行的相同", digest.short())
        }
        Match::LocalName => format!("{name} 仍指向正在运行的本机镜像"),
    }
}
