//! The probes of orchestrators and of `docker-auto healthcheck`.

use http::StatusCode;
use serde_json::json;

use crate::http::context::RequestContext;
use crate::http::error::ApiError;
use crate::http::reply::{Response, probe};
use crate::http::router::Surface;

/// Answers 200 while the program runs.
pub async fn live(_context: &RequestContext) -> Result<Response, ApiError> {
    Ok(probe(StatusCode::OK, &json!({"status": "healthy"})))
}

/// Answers 200 when the engine answers, else 503; what is wrong stands in the log and on the control
/// socket, since it names addresses that are not everyone's matter.
pub async fn ready(context: &RequestContext) -> Result<Response, ApiError> {
    Ok(match (context.state.engine.look().await, context.surface) {
        (None, _) => probe(StatusCode::OK, &json!({"status": "ready"})),
        (Some(trouble), Surface::Control) => probe(
            StatusCode::SERVICE_UNAVAILABLE,
            &json!({"status": "not ready", "message": trouble}),
        ),
        (Some(trouble), Surface::Public) => {
            log::debug!("not ready: {trouble}");
            probe(StatusCode::SERVICE_UNAVAILABLE, &json!({"status": "not ready"}))
        }
    })
}
