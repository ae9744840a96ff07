//! What people decide: words on images, pauses, and why a container is judged as it is.

use serde::Deserialize;

use crate::core::id::ContainerName;
use crate::core::verdict::{COMMAND_LINE, Paused, Word};
use crate::core::window;
use crate::engine::command::Ruling;
use crate::http::context::RequestContext;
use crate::http::error::ApiError;
use crate::http::reply::{self, Response};
use crate::http::view::verdict::{ForgottenView, PauseView, VerdictView};
use crate::http::view::why::WhyView;

/// The body of `POST /api/v1/containers/{name}/snooze`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SnoozeBody {
    /// A duration such as `7d`, or a date.
    until: String,
}

/// The body of requests that need none.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct NoBody {}

/// The body of `POST` and `DELETE /api/v1/pauses`: one of them.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PauseBody {
    /// A container.
    name: Option<String>,
    /// A group.
    group: Option<String>,
    /// Everything.
    #[serde(default)]
    all: bool,
}

impl PauseBody {
    fn paused(self) -> Result<Paused, ApiError> {
        match (self.name, self.group, self.all) {
            (Some(name), None, false) if !name.is_empty() => {
                Ok(Paused::Container(ContainerName::from_engine(&name)))
            }
            (None, Some(group), false) if !group.is_empty() => Ok(Paused::Group(group)),
            (None, None, true) => Ok(Paused::Everything),
            _ => Err(ApiError::bad_request(
                "say one of \"name\": a container, \"group\": a group, \"all\": true",
            )),
        }
    }
}

/// Lets the image that a container could run now do so at docker-auto's own time.
pub async fn approve(context: &RequestContext) -> Result<Response, ApiError> {
    let NoBody {} = context.json()?;
    say(context, Word::Approved).await
}

/// Has the image that a container could run now count as if it had failed there.
pub async fn reject(context: &RequestContext) -> Result<Response, ApiError> {
    let NoBody {} = context.json()?;
    say(context, Word::Rejected).await
}

/// Leaves the image that a container could run now out.
pub async fn skip(context: &RequestContext) -> Result<Response, ApiError> {
    let NoBody {} = context.json()?;
    say(context, Word::Skipped).await
}

/// Puts the image that a container could run now off.
pub async fn snooze(context: &RequestContext) -> Result<Response, ApiError> {
    let body: SnoozeBody = context.json()?;
    let zone = context.state.engine.time_zone();
    let until = window::moment(&body.until, context.state.clock.now(), zone);
    let until = until.map_err(|error| ApiError::bad_request(format!("\"until\": {error}")))?;
    say(context, Word::Snoozed { until }).await
}

async fn say(context: &RequestContext, word: Word) -> Result<Response, ApiError> {
    let language = context.language()?;
    let name = ContainerName::from_engine(&context.parameter("name"));
    let ruling = Ruling { name, word, by: COMMAND_LINE.to_owned() };
    let ruled = context.state.engine.rule(&ruling).await?;
    Ok(reply::success(&VerdictView::told(&ruled, language), context.state.clock.now()))
}

/// Takes back what was said of images in a container's place.
pub async fn forget(context: &RequestContext) -> Result<Response, ApiError> {
    let NoBody {} = context.json()?;
    let name = ContainerName::from_engine(&context.parameter("name"));
    let forgotten = context.state.engine.forget(&name, COMMAND_LINE).await?;
    Ok(reply::success(&ForgottenView::from(forgotten), context.state.clock.now()))
}

/// Returns how a container is judged, and every question on the way.
pub async fn why(context: &RequestContext) -> Result<Response, ApiError> {
    let language = context.language()?;
    let name = ContainerName::from_engine(&context.parameter("name"));
    let explained = context.state.engine.explain(&name).await?;
    let hooks = context.state.engine.check_hooks(&explained.container.name).await?;
    Ok(reply::success(&WhyView::told(&explained, hooks, language), context.state.clock.now()))
}

/// Returns what is paused.
pub async fn pauses(context: &RequestContext) -> Result<Response, ApiError> {
    let language = context.language()?;
    let pauses = context.state.engine.pauses().await?;
    let views: Vec<_> = pauses.iter().map(|pause| PauseView::told(pause, language)).collect();
    Ok(reply::success(&views, context.state.clock.now()))
}

/// Pauses a container, a group or everything.
pub async fn pause(context: &RequestContext) -> Result<Response, ApiError> {
    let language = context.language()?;
    let paused = context.json::<PauseBody>()?.paused()?;
    let pause = context.state.engine.pause(paused, COMMAND_LINE.to_owned()).await?;
    Ok(reply::success(&PauseView::told(&pause, language), context.state.clock.now()))
}

/// Ends a pause.
pub async fn resume(context: &RequestContext) -> Result<Response, ApiError> {
    let paused = context.json::<PauseBody>()?.paused()?;
    context.state.engine.resume(paused, COMMAND_LINE).await?;
    Ok(reply::success(&serde_json::json!({}), context.state.clock.now()))
}
