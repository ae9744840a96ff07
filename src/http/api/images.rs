//! Watched images.

use crate::http::context::RequestContext;
use crate::http::error::ApiError;
use crate::http::reply::{self, Response};
use crate::http::view::image::ImageView;

/// Checks the watched images and returns how they stand.
pub async fn check(context: &RequestContext) -> Result<Response, ApiError> {
    let language = context.language()?;
    let checked = context.state.engine.check_images().await?;
    let views: Vec<_> = checked.iter().map(|one| ImageView::told(one, language)).collect();
    Ok(reply::success(&views, context.state.clock.now()))
}
