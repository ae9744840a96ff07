//! The rules that people store.

use serde_json::json;

use crate::core::rule::Rule;
use crate::http::context::RequestContext;
use crate::http::error::ApiError;
use crate::http::reply::{self, Response};

/// Returns all rules, in the order in which they are laid over one another.
pub async fn list(context: &RequestContext) -> Result<Response, ApiError> {
    let rules = context.state.engine.rules().await?;
    Ok(reply::success(&rules, context.state.clock.now()))
}

/// Returns one rule.
pub async fn show(context: &RequestContext) -> Result<Response, ApiError> {
    let name = context.parameter("name");
    let rules = context.state.engine.rules().await?;
    let rule = rules.into_iter().find(|rule| rule.name == name);
    let rule = rule.ok_or_else(|| ApiError::not_found("rule", &name))?;
    Ok(reply::success(&rule, context.state.clock.now()))
}

/// Stores a rule in place of the one of its name.
pub async fn put(context: &RequestContext) -> Result<Response, ApiError> {
    let name = context.parameter("name");
    let rule: Rule = context.json()?;
    if !rule.name.is_empty() && rule.name != name {
        return Err(ApiError::bad_request(format!(
            "\"name\" is {:?} in the body and {name:?} in the path: leave it out of the body",
            rule.name
        )));
    }
    let stored = context.state.engine.put_rule(Rule { name, ..rule }).await?;
    Ok(reply::success(&stored, context.state.clock.now()))
}

/// Removes a rule.
pub async fn remove(context: &RequestContext) -> Result<Response, ApiError> {
    context.state.engine.remove_rule(&context.parameter("name")).await?;
    Ok(reply::success(&json!({}), context.state.clock.now()))
}
