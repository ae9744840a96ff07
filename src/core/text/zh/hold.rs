//! Why something newer does not run now, in Chinese.

use crate::core::decision::HoldReason;
use crate::core::duration;
use crate::core::ourselves::Obstacle;
use crate::core::policy::{About, Unclear};
use crate::core::text::{Telling, moment};

use super::chain::{paused, person};
use super::{BY_NAME, origin};

const SOONER: &str = "等待，或用 docker-auto update 按名称更新它";

pub(in crate::core::text) fn hold(reason: &HoldReason) -> Telling {
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
        HoldReason::FailedBeside { sibling, at, why } => Telling::new(
            format!("该镜像曾于 {} 在 {sibling} 上失败（{why}），此处不再尝试", moment(*at)),
            "等待另一个镜像、批准它，或用 docker-auto update --force 再试",
        ),
        HoldReason::WaitingForSchedule { .. }
        | HoldReason::ScheduleNeverAllowed { .. }
        | HoldReason::OutsideWindow { .. }
        | HoldReason::Blackout { .. }
        | HoldReason::CoolingDown { .. } => hold_in_time(reason),
        HoldReason::LabelUnclear(Unclear { origin: from, about: About::Whether }) => Telling::new(
            format!("{} 无法理解，可能本意是禁止更新", origin(from)),
            format!("改正它，或{BY_NAME}"),
        ),
        HoldReason::LabelUnclear(Unclear { origin: from, about: About::How }) => Telling::new(
            format!("{} 无法理解，而它说明更新到哪个版本或如何更新", origin(from)),
            "改正它：人的决定不能代替它",
        ),
        HoldReason::Irreplaceable(obstacle) => irreplaceable(*obstacle),
        HoldReason::Skipped(_)
        | HoldReason::RejectedByPerson(_)
        | HoldReason::Snoozed { .. }
        | HoldReason::Paused { .. } => hold_by_person(reason),
    }
}

fn hold_in_time(reason: &HoldReason) -> Telling {
    match reason {
        HoldReason::WaitingForSchedule { schedule, origin: from } => {
            Telling::new(format!("{} 让更新等到 {schedule:?}", origin(from)), SOONER)
        }
        HoldReason::ScheduleNeverAllowed { schedule, origin: from } => Telling::new(
            format!(
                "{} 让更新等到 {schedule:?}，而接下来的时间都不在其时间窗口内，或都在禁更日期",
                origin(from)
            ),
            format!("更改其中一项设置，或{BY_NAME}"),
        ),
        HoldReason::OutsideWindow { windows, origin: from } => {
            Telling::new(format!("{} 只允许更新在 {windows:?} 开始", origin(from)), SOONER)
        }
        HoldReason::Blackout { dates, origin: from } => {
            Telling::new(format!("{} 不允许更新在 {dates:?} 开始", origin(from)), SOONER)
        }
        HoldReason::CoolingDown { since, cooldown, origin: from } => Telling::new(
            format!(
                "{} 要求镜像至少已有 {}，而该镜像自 {} 才有",
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
            let resume = what.argument();
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
