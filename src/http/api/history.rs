//! Past operations.

use crate::core::history::{HistoryRecord, Status};
use crate::core::id::{ContainerName, HostId, TargetId};
use crate::http::context::RequestContext;
use crate::http::error::ApiError;
use crate::http::reply::{self, Response};
use crate::store::HistoryFilter;

const DEFAULT_LIMIT: usize = 20;
const MOST: usize = 1000;

/// Returns past operations, newest first: `?name=`, `?status=success|failed|rollback`, `?limit=`.
pub async fn list(context: &RequestContext) -> Result<Response, ApiError> {
    let target = context
        .query_value("name")
        .map(|name| TargetId { host: HostId::default(), name: ContainerName::from_engine(&name) });
    let status = context.query_value("status").map(|word| status(&word)).transpose()?;
    let limit = context.query_value("limit").map(|text| limit(&text)).transpose()?;
    let filter = HistoryFilter {
        target,
        status,
        limit: limit.unwrap_or(DEFAULT_LIMIT),
        ..HistoryFilter::default()
    };
    let records: Vec<HistoryRecord> = context
        .state
        .store
        .history()
        .list(filter)
        .await
        .map_err(crate::engine::EngineError::from)?;
    Ok(reply::success(&records, context.state.clock.now()))
}

fn status(word: &str) -> Result<Status, ApiError> {
    Status::parse(word).ok_or_else(|| {
        ApiError::bad_request(format!("status={word} is none of success, failed, rollback"))
    })
}

fn limit(text: &str) -> Result<usize, ApiError> {
    match text.parse() {
        Ok(limit @ 1..=MOST) => Ok(limit),
        _ => Err(ApiError::bad_request(format!("limit={text} is not a number from 1 to {MOST}"))),
    }
}
