//! Who answers a command: the server that runs on the data directory, or this process itself.

pub mod decide;

use http::Method;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::app::AppError;
use crate::app::assemble::Assembly;
use crate::cli::arguments::{Plan, Rollback, Update};
use crate::cli::control::{Control, ControlError};
use crate::cli::run::{CommandError, warn};
use crate::config::Config;
use crate::core::event::Event;
use crate::core::history::HistoryRecord;
use crate::core::id::{ContainerName, HostId, TargetId};
use crate::core::plan::Trigger;
use crate::core::text::Language;
use crate::engine::command::{
    Backup, CheckRequest, Extent, Freshness, Intent, Progress, Selection, UpdateRequest,
};
use crate::http::view::container::ContainerView;
use crate::http::view::image::ImageView;
use crate::http::view::operation::{Line, OperationView, PlanView};
use crate::http::view::registry::RegistryView;
use crate::shutdown::Tasks;
use crate::store::HistoryFilter;

use self::decide::in_language;

/// Who answers.
pub enum Backend {
    /// A running server, and what is cancelled when a signal ends the command.
    Server(Box<Control>, CancellationToken),
    /// This process.
    Own(Box<Assembly>),
}

/// Who hears of what happens on the way.
pub type OnEvent<'a> = &'a mut (dyn FnMut(&Event) + Send);

impl Backend {
    /// Finds the running server, else opens the data directory.
    pub async fn open(config: &Config, tasks: &Tasks) -> Result<Self, CommandError> {
        if let Some(control) = Control::connect(&config.data).await {
            for wrong in &config.wrong {
                warn(&format!("{wrong}; the server has read it before"));
            }
            return Ok(Self::Server(Box::new(control), tasks.token().clone()));
        }
        AppError::unless_usable(config).map_err(Box::new)?;
        let assembly = Assembly::alone(config, tasks.clone()).await.map_err(Box::new)?;
        Ok(Self::Own(Box::new(assembly)))
    }

    /// Checks containers; all if none is named.
    pub async fn check(
        &mut self,
        names: &[String],
        freshness: Freshness,
        language: Language,
    ) -> Result<Vec<ContainerView>, CommandError> {
        match self {
            Self::Server(control, _) => {
                let body = json!({"names": names, "force": freshness == Freshness::Forced});
                Ok(control
                    .ask(Method::POST, &in_language("/api/v1/check", language), &body)
                    .await?)
            }
            Self::Own(own) => {
                let request = CheckRequest { names: container_names(names), freshness };
                let found = own.engine.check(&request).await?;
                Ok(found.iter().map(|one| ContainerView::told(one, language)).collect())
            }
        }
    }

    /// Returns what registries have said of how much they still allow.
    pub async fn registries(&mut self) -> Result<Vec<RegistryView>, CommandError> {
        match self {
            Self::Server(control, _) => {
                Ok(control.ask(Method::GET, "/api/v1/registries", &json!({})).await?)
            }
            Self::Own(own) => Ok(own.engine.rate_limits().iter().map(RegistryView::from).collect()),
        }
    }

    /// Checks the watched images.
    pub async fn images(&mut self, language: Language) -> Result<Vec<ImageView>, CommandError> {
        match self {
            Self::Server(control, _) => {
                let path = in_language("/api/v1/images/check", language);
                Ok(control.ask(Method::POST, &path, &json!({})).await?)
            }
            Self::Own(own) => {
                let checked = own.engine.check_images().await?;
                Ok(checked.iter().map(|one| ImageView::told(one, language)).collect())
            }
        }
    }

    /// Plans one container's update.
    pub async fn plan(&mut self, asked: &Plan) -> Result<PlanView, CommandError> {
        let Plan { name, backup, .. } = asked;
        match self {
            Self::Server(control, _) => {
                let path = format!("/api/v1/containers/{}/plan", in_path(name));
                Ok(control.ask(Method::POST, &path, &json!({"backup": backup})).await?)
            }
            Self::Own(own) => {
                let name = ContainerName::from_engine(name);
                Ok(PlanView::from(Box::pin(own.engine.plan(&name, wanted(*backup))).await?))
            }
        }
    }

    /// Updates containers; all that may be if none is named.
    pub async fn update(
        &mut self,
        asked: &Update,
        language: Language,
        on_event: OnEvent<'_>,
    ) -> Result<Vec<OperationView>, CommandError> {
        let Update { names, all, dry_run, force, backup, .. } = asked;
        match self {
            Self::Server(control, stop) => {
                let body = json!({
                    "names": names, "all": all, "dry_run": dry_run, "force": force,
                    "backup": backup,
                });
                let path = in_language("/api/v1/updates", language);
                follow((control, stop), &path, &body, on_event).await
            }
            Self::Own(own) => {
                if !dry_run {
                    recover(own, on_event).await?;
                }
                drain(own.engine.update(request(asked)), language, on_event).await
            }
        }
    }

    /// Moves one container back.
    pub async fn roll_back(
        &mut self,
        asked: &Rollback,
        language: Language,
        on_event: OnEvent<'_>,
    ) -> Result<Vec<OperationView>, CommandError> {
        let Rollback { name, restore, .. } = asked;
        match self {
            Self::Server(control, stop) => {
                let path = format!("/api/v1/containers/{}/rollback", in_path(name));
                let path = in_language(&path, language);
                follow((control, stop), &path, &json!({"restore": restore}), on_event).await
            }
            Self::Own(own) => {
                recover(own, on_event).await?;
                let name = ContainerName::from_engine(name);
                let extent = if *restore { Extent::ImageAndData } else { Extent::Image };
                drain(own.engine.roll_back(name, extent), language, on_event).await
            }
        }
    }

    /// Says whether the history was found damaged just now; a server has told its log.
    pub fn has_lost_its_history(&self) -> bool {
        matches!(self, Self::Own(own) if own.store.moved_aside().is_some())
    }

    /// Lists past operations, newest first.
    pub async fn history(
        &mut self,
        name: Option<&str>,
        limit: usize,
    ) -> Result<Vec<HistoryRecord>, CommandError> {
        match self {
            Self::Server(control, _) => {
                let name = name.map(|name| format!("&name={}", in_path(name)));
                let name = name.unwrap_or_default();
                let path = format!("/api/v1/updates/history?limit={limit}{name}");
                Ok(control.ask(Method::GET, &path, &json!({})).await?)
            }
            Self::Own(own) => {
                let target = name.map(|name| TargetId {
                    host: HostId::default(),
                    name: ContainerName::from_engine(name),
                });
                let filter = HistoryFilter { target, limit, ..HistoryFilter::default() };
                let listed = own.store.history().list(filter).await;
                Ok(listed.map_err(crate::engine::EngineError::from)?)
            }
        }
    }
}

/// Deals with what an earlier run left open, before anything else.
async fn recover(own: &Assembly, on_event: OnEvent<'_>) -> Result<(), CommandError> {
    let mut events = own.engine.events();
    let recovery = own.engine.recover();
    tokio::pin!(recovery);
    loop {
        tokio::select! {
            biased;
            Ok(event) = events.recv() => on_event(&event),
            ended = &mut recovery => return Ok(ended?),
        }
    }
}

async fn follow(
    (control, stop): (&mut Control, &CancellationToken),
    path: &str,
    body: &serde_json::Value,
    on_event: OnEvent<'_>,
) -> Result<Vec<OperationView>, CommandError> {
    let mut ended = None;
    let take = |line: Line| match line {
        Line::Event(event) => on_event(&event),
        Line::Result(views) => ended = Some(Ok(views)),
        Line::Error(message) => ended = Some(Err(CommandError::Server(message))),
    };
    tokio::select! {
        followed = control.follow(path, body, take) => followed?,
        () = stop.cancelled() => return Err(CommandError::Left),
    }
    ended.unwrap_or(Err(CommandError::Control(ControlError::Ended)))
}

async fn drain(
    mut progress: tokio::sync::mpsc::UnboundedReceiver<Progress>,
    language: Language,
    on_event: OnEvent<'_>,
) -> Result<Vec<OperationView>, CommandError> {
    while let Some(progress) = progress.recv().await {
        match progress {
            Progress::Happened(event) => on_event(&event),
            Progress::Over(result) => {
                let told = |operated| OperationView::told(operated, language);
                return Ok(result?.into_iter().map(told).collect());
            }
        }
    }
    Err(CommandError::Control(ControlError::Ended))
}

fn request(asked: &Update) -> UpdateRequest {
    UpdateRequest {
        selection: match (asked.names.as_slice(), asked.force) {
            ([], _) => Selection::All,
            (names, false) => Selection::Named(container_names(names)),
            (names, true) => Selection::Forced(container_names(names)),
        },
        intent: if asked.dry_run { Intent::Tell } else { Intent::Act },
        trigger: Trigger::Manual,
        backup: wanted(asked.backup),
        // Who has just pushed an image and asks for it means that one.
        freshness: Freshness::Forced,
    }
}

fn wanted(backup: bool) -> Backup {
    if backup { Backup::Wanted } else { Backup::AsLabelled }
}

fn container_names(names: &[String]) -> Vec<ContainerName> {
    names.iter().map(|name| ContainerName::from_engine(name)).collect()
}

fn in_path(name: &str) -> String {
    url::form_urlencoded::byte_serialize(name.as_bytes()).collect::<String>().replace('+', "%20")
}
