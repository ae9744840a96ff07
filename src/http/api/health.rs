//! The probes of orchestrators and of `docker-auto healthcheck`.

use http::StatusCode;
use serde_json::json;

use crate::http::context::RequestContext;
use crate::http::error::ApiError;
use crate::http::reply::{Response, probe};

/// Answers 200 while the program runs.
pub async fn live(_context: &RequestContext) -> Result<Response, ApiError> {
    Ok(probe(StatusCode::OK, &json!({"status": "healthy"})))
}

/// Answers 200 when the engine answers, else 503 with what is wrong.
pub async fn ready(context: &RequestContext) -> Result<Response, ApiError> {
    Ok(match context.state.engine.look().await {
        None => probe(StatusCode::OK, &json!({"status": "ready"})),
        Some(trouble) => probe(
            StatusCode::SERVICE_UNAVAILABLE,
            &json!({"status": "not ready", "message": trouble}),
        ),
    })
}
