//! What people decide: words on images, pauses, and why a container is judged as it is.

use serde::Deserialize;

use crate::core::duration;
use crate::core::id::{ContainerName, Timestamp};
use crate::core::verdict::{COMMAND_LINE, Paused, Word};
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

/// Reads when a snooze ends: a duration from now, a date (its first moment in UTC), or a moment.
pub fn moment(text: &str, now: Timestamp) -> Result<Timestamp, String> {
    let text = text.trim();
    if let Ok(span) = duration::parse(text) {
        return Ok(now + span);
    }
    let midnight = format!("{text}T00:00:00Z");
    let moment = text.parse().or_else(|_| midnight.parse::<Timestamp>());
    moment.map_err(|_| {
        format!(
            "{text:?} is no time: write a duration such as 12h or 7d, a date such as 2026-12-31, or \
             a moment such as 2026-12-31T18:00:00Z"
        )
    })
}

/// Lets the newest image of a container run at docker-auto's own time.
pub async fn approve(context: &RequestContext) -> Result<Response, ApiError> {
    let NoBody {} = context.json()?;
    say(context, Word::Approved).await
}

/// Has the newest image of a container count as if it had failed there.
pub async fn reject(context: &RequestContext) -> Result<Response, ApiError> {
    let NoBody {} = context.json()?;
    say(context, Word::Rejected).await
}

/// Leaves the newest image of a container out.
pub async fn skip(context: &RequestContext) -> Result<Response, ApiError> {
    let NoBody {} = context.json()?;
    say(context, Word::Skipped).await
}

/// Puts the newest image of a container off.
pub async fn snooze(context: &RequestContext) -> Result<Response, ApiError> {
    let body: SnoozeBody = context.json()?;
    let until = moment(&body.until, context.state.clock.now());
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_read() {
        let now: Timestamp = "2026-05-04T12:00:00Z".parse().unwrap();
        for (text, expected) in [
            ("7d", "2026-05-11 12:00:00 UTC"),
            ("2026-12-31", "2026-12-31 00:00:00 UTC"),
            ("2026-12-31T18:00:00+02:00", "2026-12-31 16:00:00 UTC"),
            ("2026-13-31", "\"2026-13-31\" is no time: write a duration such as 12h"),
            ("tomorrow", "\"tomorrow\" is no time"),
            ("7", "\"7\" is no time"),
        ] {
            let read = moment(text, now).map_or_else(|error| error, |moment| moment.to_string());
            assert!(read.starts_with(expected), "{text}: {read}");
        }
    }
}
