//! Who answers a command: the server that runs on the data directory, or this process itself.

use http::Method;
use serde_json::json;

use crate::app::assemble::Assembly;
use crate::cli::control::{Control, ControlError};
use crate::cli::run::CommandError;
use crate::config::Config;
use crate::core::event::Event;
use crate::core::history::HistoryRecord;
use crate::core::id::{ContainerName, HostId, TargetId};
use crate::core::plan::Trigger;
use crate::engine::command::{CheckRequest, Freshness, Intent, Progress, Selection, UpdateRequest};
use crate::http::view::container::ContainerView;
use crate::http::view::operation::{Line, OperationView, PlanView};
use crate::store::HistoryFilter;

/// Who answers.
pub enum Backend {
    /// A running server.
    Server(Box<Control>),
    /// This process.
    Own(Box<Assembly>),
}

/// Who hears of what happens on the way.
pub type OnEvent<'a> = &'a mut (dyn FnMut(&Event) + Send);

impl Backend {
    /// Finds the running server, else opens the data directory.
    pub async fn open(config: &Config) -> Result<Self, CommandError> {
        if let Some(control) = Control::connect(&config.data).await {
            return Ok(Self::Server(Box::new(control)));
        }
        let assembly = Assembly::alone(config).await.map_err(Box::new)?;
        Ok(Self::Own(Box::new(assembly)))
    }

    /// Checks containers; all if none is named.
    pub async fn check(
        &mut self,
        names: &[String],
        freshness: Freshness,
    ) -> Result<Vec<ContainerView>, CommandError> {
        match self {
            Self::Server(control) => {
                let body = json!({"names": names, "force": freshness == Freshness::Forced});
                Ok(control.ask(Method::POST, "/api/v1/check", &body).await?)
            }
            Self::Own(own) => {
                let request = CheckRequest { names: container_names(names), freshness };
                let found = own.engine.check(&request).await?;
                Ok(found.iter().map(ContainerView::from).collect())
            }
        }
    }

    /// Plans one container's update.
    pub async fn plan(&mut self, name: &str) -> Result<PlanView, CommandError> {
        match self {
            Self::Server(control) => {
                let path = format!("/api/v1/containers/{}/plan", in_path(name));
                Ok(control.ask(Method::POST, &path, &json!({})).await?)
            }
            Self::Own(own) => {
                Ok(PlanView::from(own.engine.plan(&ContainerName::from_engine(name)).await?))
            }
        }
    }

    /// Updates containers; all that may be if none is named.
    pub async fn update(
        &mut self,
        names: &[String],
        intent: Intent,
        on_event: OnEvent<'_>,
    ) -> Result<Vec<OperationView>, CommandError> {
        match self {
            Self::Server(control) => {
                let dry_run = intent == Intent::Tell;
                let body = json!({"names": names, "all": names.is_empty(), "dry_run": dry_run});
                follow(control, "/api/v1/updates", &body, on_event).await
            }
            Self::Own(own) => {
                if intent == Intent::Act {
                    recover(own, on_event).await?;
                }
                let selection = match names {
                    [] => Selection::All,
                    names => Selection::Named(container_names(names)),
                };
                let request = UpdateRequest { selection, intent, trigger: Trigger::Manual };
                drain(own.engine.update(request), on_event).await
            }
        }
    }

    /// Moves one container back.
    pub async fn roll_back(
        &mut self,
        name: &str,
        on_event: OnEvent<'_>,
    ) -> Result<Vec<OperationView>, CommandError> {
        match self {
            Self::Server(control) => {
                let path = format!("/api/v1/containers/{}/rollback", in_path(name));
                follow(control, &path, &json!({}), on_event).await
            }
            Self::Own(own) => {
                recover(own, on_event).await?;
                let name = ContainerName::from_engine(name);
                drain(own.engine.roll_back(name), on_event).await
            }
        }
    }

    /// Lists past operations, newest first.
    pub async fn history(
        &mut self,
        name: Option<&str>,
        limit: usize,
    ) -> Result<Vec<HistoryRecord>, CommandError> {
        match self {
            Self::Server(control) => {
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
    control: &mut Control,
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
    control.follow(path, body, take).await?;
    ended.unwrap_or(Err(CommandError::Control(ControlError::Ended)))
}

async fn drain(
    mut progress: tokio::sync::mpsc::UnboundedReceiver<Progress>,
    on_event: OnEvent<'_>,
) -> Result<Vec<OperationView>, CommandError> {
    while let Some(progress) = progress.recv().await {
        match progress {
            Progress::Happened(event) => on_event(&event),
            Progress::Over(result) => return Ok(result?.into_iter().map(Into::into).collect()),
        }
    }
    Err(CommandError::Control(ControlError::Ended))
}

fn container_names(names: &[String]) -> Vec<ContainerName> {
    names.iter().map(|name| ContainerName::from_engine(name)).collect()
}

fn in_path(name: &str) -> String {
    url::form_urlencoded::byte_serialize(name.as_bytes()).collect::<String>().replace('+', "%20")
}
