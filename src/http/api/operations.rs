//! Checks, plans, updates and rollbacks.

use futures_util::StreamExt;
use serde::Deserialize;

use crate::core::id::ContainerName;
use crate::core::plan::Trigger;
use crate::core::text::Language;
use crate::engine::EngineError;
use crate::engine::command::{
    Backup, CheckRequest, Extent, Freshness, Intent, Progress, Selection, UpdateRequest,
};
use crate::http::context::RequestContext;
use crate::http::error::ApiError;
use crate::http::reply::{self, Response};
use crate::http::view::container::ContainerView;
use crate::http::view::operation::{Line, PlanView};

/// The body of `POST /api/v1/check`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CheckBody {
    /// Containers by name; all if none is named.
    #[serde(default)]
    names: Vec<String>,
    /// Whether to ask the registries even where an answer is cached.
    #[serde(default)]
    force: bool,
}

/// The body of `POST /api/v1/updates`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "they are the request's switches")]
struct UpdateBody {
    /// Containers by name.
    #[serde(default)]
    names: Vec<String>,
    /// Whether every container that may be updated is meant.
    #[serde(default)]
    all: bool,
    /// Whether to say only what would be done.
    #[serde(default)]
    dry_run: bool,
    /// Whether pins and rejections of what is named are lifted.
    #[serde(default)]
    force: bool,
    /// Whether the containers' data is saved before.
    #[serde(default)]
    backup: bool,
}

/// The body of `POST /api/v1/containers/{name}/plan`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PlanBody {
    /// Whether the container's data would be saved before.
    #[serde(default)]
    backup: bool,
}

/// The body of `POST /api/v1/containers/{name}/rollback`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RollbackBody {
    /// Whether the data that was saved before the update comes back as well.
    #[serde(default)]
    restore: bool,
}

/// Checks containers and returns their status and reasons.
pub async fn check(context: &RequestContext) -> Result<Response, ApiError> {
    let language = context.language()?;
    let body: CheckBody = context.json()?;
    let freshness = if body.force { Freshness::Forced } else { Freshness::Cached };
    let request = CheckRequest { names: names(&body.names), freshness };
    let assessments = context.state.engine.check(&request).await?;
    let views: Vec<_> = assessments.iter().map(|one| ContainerView::told(one, language)).collect();
    Ok(reply::success(&views, context.state.clock.now()))
}

/// Returns the steps of an update; touches nothing.
pub async fn plan(context: &RequestContext) -> Result<Response, ApiError> {
    let name = ContainerName::from_engine(&context.parameter("name"));
    let body: PlanBody = context.json()?;
    let plan = context.state.engine.plan(&name, wanted(body.backup)).await?;
    Ok(reply::success(&PlanView::from(plan), context.state.clock.now()))
}

/// Updates containers; follows with JSON lines.
pub async fn update(context: &RequestContext) -> Result<Response, ApiError> {
    let language = context.language()?;
    let body: UpdateBody = context.json()?;
    let selection = match (body.names.is_empty(), body.all, body.force) {
        (false, false, false) => Selection::Named(names(&body.names)),
        (false, false, true) => Selection::Forced(names(&body.names)),
        (true, true, false) => Selection::All,
        (true, true, true) => return Err(ApiError::bad_request("\"force\" goes with names")),
        _ => return Err(ApiError::bad_request("name containers, or say \"all\": true; not both")),
    };
    let intent = if body.dry_run { Intent::Tell } else { Intent::Act };
    let backup = wanted(body.backup);
    // Who has just pushed an image and asks for it means that one.
    let freshness = Freshness::Forced;
    let request = UpdateRequest { selection, intent, trigger: Trigger::Manual, backup, freshness };
    Ok(follow(context.state.engine.update(request), language))
}

/// Moves a container back; follows with JSON lines.
pub async fn rollback(context: &RequestContext) -> Result<Response, ApiError> {
    let name = ContainerName::from_engine(&context.parameter("name"));
    let language = context.language()?;
    let body: RollbackBody = context.json()?;
    let extent = if body.restore { Extent::ImageAndData } else { Extent::Image };
    Ok(follow(context.state.engine.roll_back(name, extent), language))
}

fn wanted(backup: bool) -> Backup {
    if backup { Backup::Wanted } else { Backup::AsLabelled }
}

fn follow(
    progress: tokio::sync::mpsc::UnboundedReceiver<Progress>,
    language: Language,
) -> Response {
    let stream = futures_util::stream::unfold(progress, move |mut progress| async move {
        let line = Line::told(progress.recv().await?, language);
        Some((serde_json::to_value(line).unwrap_or_default(), progress))
    });
    reply::lines(stream.fuse())
}

fn names(names: &[String]) -> Vec<ContainerName> {
    names.iter().map(|name| ContainerName::from_engine(name)).collect()
}

impl From<EngineError> for ApiError {
    fn from(error: EngineError) -> Self {
        let message = crate::logging::Chain(&error).to_string();
        match error {
            EngineError::Unknown(_)
            | EngineError::Gone(_)
            | EngineError::NoRule(_)
            | EngineError::NoGroup { .. }
            | EngineError::NothingSaid(_)
            | EngineError::NotPaused(_) => Self::no_such(message),
            EngineError::BadRule { .. } | EngineError::Past(_) => Self::bad_request(message),
            EngineError::Docker(_) | EngineError::Registry(_) => Self::unavailable(message),
            EngineError::Store(_) => Self::internal(message),
            _ => Self::conflict(message),
        }
    }
}
