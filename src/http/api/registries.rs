//! The registries.

use crate::http::context::RequestContext;
use crate::http::error::ApiError;
use crate::http::reply::{self, Response};
use crate::http::view::registry::RegistryView;

/// Returns what registries have said of how much they still allow.
pub async fn list(context: &RequestContext) -> Result<Response, ApiError> {
    let limits = context.state.engine.rate_limits();
    let views: Vec<_> = limits.iter().map(RegistryView::from).collect();
    Ok(reply::success(&views, context.state.clock.now()))
}
